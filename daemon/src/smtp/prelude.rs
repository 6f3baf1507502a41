//! The plain beginning of a STARTTLS connection (RFC 3207): greeting, EHLO, STARTTLS, and nothing
//! else. Whatever is heard here is forgotten; whatever is heard out of turn ends it.

use super::extensions::Extensions;
use super::fault;
use super::reply::{Heard, LINE_BYTES, Listener};
use super::{COMMAND, EHLO, GREETING};
use crate::world::World;
use crate::world::clock::within;
use crate::world::net::BoxStream;
use chapar_engine::verdict::Failure;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Bytes read of one plain reply: more than any true server's EHLO.
const REPLY_BYTES: usize = 64 * 1024;

/// Brings `stream` to the point where the TLS handshake begins.
pub(super) async fn prelude(
    world: &World,
    stream: &mut BoxStream,
    host: &str,
) -> Result<(), Failure> {
    let mut plain = Plain { world, stream, host };
    let greeting = plain.hear(GREETING, "greeting").await.map_err(|failure| {
        match failure.detail.as_deref().filter(|_| failure.code == "smtp.bad_reply") {
            Some(why) => fault::not_smtp(host, why),
            None => failure,
        }
    })?;
    if greeting.code != 220 {
        return Err(fault::greeting(host, &greeting.reply()));
    }
    let ehlo = plain.ask(EHLO, "EHLO").await?;
    if ehlo.code != 250 {
        return Err(fault::greeting(host, &ehlo.reply()));
    }
    if !Extensions::read(&ehlo).starttls {
        return Err(fault::tls_not_offered(host));
    }
    let starttls = plain.ask("STARTTLS\r\n", "STARTTLS").await?;
    if starttls.code == 220 { Ok(()) } else { Err(fault::tls_refused(host, &starttls.reply())) }
}

/// A connection on which one whole reply answers each command.
pub(super) struct Plain<'p> {
    pub(super) world: &'p World,
    pub(super) stream: &'p mut BoxStream,
    pub(super) host: &'p str,
}

impl Plain<'_> {
    pub(super) async fn ask(
        &mut self,
        command: &str,
        what: &'static str,
    ) -> Result<Heard, Failure> {
        let sent = async {
            self.stream.write_all(command.as_bytes()).await?;
            self.stream.flush().await
        };
        match within(self.world.clock.as_ref(), COMMAND, sent).await {
            None => return Err(fault::timeout(self.host, what, COMMAND)),
            Some(Err(error)) => return Err(fault::lost(self.host, what, &error.to_string())),
            Some(Ok(())) => {}
        }
        self.hear(COMMAND, what).await
    }

    /// One whole reply, after which nothing more may have come.
    pub(super) async fn hear(
        &mut self,
        limit: Duration,
        what: &'static str,
    ) -> Result<Heard, Failure> {
        let heard = heard(self.stream, self.host, what);
        match within(self.world.clock.as_ref(), limit, heard).await {
            None => Err(fault::timeout(self.host, what, limit)),
            Some(heard) => heard,
        }
    }
}

async fn heard(stream: &mut BoxStream, host: &str, what: &'static str) -> Result<Heard, Failure> {
    let mut listener = Listener::default();
    let mut bytes = Vec::new();
    let mut taken = 0;
    loop {
        while let Some(line) = next_line(bytes.get(taken..).unwrap_or_default()) {
            taken += line.len();
            let accepted = listener
                .line(line)
                .map_err(|broken| fault::bad_reply(host, what, &broken.to_string()))?;
            if let Some(heard) = accepted.whole {
                return if taken == bytes.len() {
                    Ok(heard)
                } else {
                    Err(fault::injected(host, what))
                };
            }
        }
        if bytes.len() > REPLY_BYTES {
            return Err(fault::bad_reply(host, what, "the reply does not end"));
        }
        let read = stream.read_buf(&mut bytes).await;
        match read {
            Ok(0) => return Err(fault::lost(host, what, "the server closed the connection")),
            Err(error) => return Err(fault::lost(host, what, &error.to_string())),
            Ok(_) => {}
        }
    }
}

/// The next line with its end, or what is already too long to be one.
fn next_line(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => bytes.get(..=end),
        None => (bytes.len() > LINE_BYTES).then_some(bytes),
    }
}
