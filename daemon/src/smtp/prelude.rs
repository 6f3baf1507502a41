//! What is said before a login: greeting, EHLO, and on a plain connection STARTTLS (RFC 3207) and
//! nothing else. Whatever is heard before TLS is forgotten; whatever is heard out of turn ends it.

use super::extensions::Extensions;
use super::fault;
use super::names::Names;
use super::reply::{Heard, Line, Listener};
use super::{COMMAND, GREETING};
use crate::world::World;
use crate::world::clock::within;
use crate::world::net::{BoxStream, ended};
use chapar_engine::verdict::Failure;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Brings `stream` to the point where the TLS handshake begins.
pub(super) async fn prelude(
    world: &World,
    stream: &mut BoxStream,
    host: &str,
    names: &mut Names,
) -> Result<(), Failure> {
    let mut plain = Plain { world, stream, host, is_secret: false };
    plain.greeting().await?;
    let ehlo = plain.introduce(names).await?;
    if !Extensions::read(&ehlo).starttls {
        return Err(fault::tls_not_offered(host));
    }
    let starttls = plain.ask("STARTTLS\r\n", "STARTTLS").await?;
    if plain.agrees(&starttls, 220) {
        return Ok(());
    }
    Err(fault::tls_refused(host, &starttls.reply()))
}

/// A connection on which one whole reply answers each command.
pub(super) struct Plain<'p> {
    pub(super) world: &'p World,
    pub(super) stream: &'p mut BoxStream,
    pub(super) host: &'p str,
    /// It is inside TLS.
    pub(super) is_secret: bool,
}

impl Plain<'_> {
    /// What the server says first.
    pub(super) async fn greeting(&mut self) -> Result<(), Failure> {
        let greeting =
            self.hear(GREETING, "the greeting").await.map_err(|failure| {
                match failure.detail.as_deref().filter(|_| failure.code == "smtp.bad_reply") {
                    Some(why) => fault::not_smtp(self.host, why),
                    None => failure,
                }
            })?;
        if self.agrees(&greeting, 220) {
            return Ok(());
        }
        Err(fault::greeting(self.host, &greeting.reply()))
    }

    /// EHLO under the first name that the server takes.
    pub(super) async fn introduce(&mut self, names: &mut Names) -> Result<Heard, Failure> {
        loop {
            let command = format!("EHLO {}\r\n", names.current());
            let ehlo = match self.ask(&command, "EHLO").await {
                // it hung up on the name before: what it said then says why
                Err(failure) if failure.code == "smtp.lost" => {
                    return Err(names.refusal(self.host).unwrap_or(failure));
                }
                answer => answer?,
            };
            if self.agrees(&ehlo, 250) {
                return Ok(ehlo);
            }
            names.refused(self.world, self.host, &ehlo.reply()).await?;
        }
    }

    /// Whether a reply is the one hoped for. Inside TLS its first digit alone decides (RFC 5321
    /// §4.3.2), but for 221, by which a server takes its leave; before TLS nobody is generous.
    fn agrees(&self, heard: &Heard, hoped: u16) -> bool {
        heard.code == hoped || (self.is_secret && heard.code / 100 == 2 && heard.code != 221)
    }

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
            Some(Err(error)) => return Err(fault::lost(self.host, what, ended(&error))),
            Some(Ok(())) => {}
        }
        self.hear(COMMAND, what).await
    }

    /// One whole reply, after which nothing more may have come.
    async fn hear(&mut self, limit: Duration, what: &'static str) -> Result<Heard, Failure> {
        let clock = self.world.clock.clone();
        match within(clock.as_ref(), limit, self.heard(what)).await {
            None => Err(fault::timeout(self.host, what, limit)),
            Some(heard) => heard,
        }
    }

    async fn heard(&mut self, what: &'static str) -> Result<Heard, Failure> {
        let host = self.host;
        let bad = |why: &dyn std::fmt::Display| fault::bad_reply(host, what, &why.to_string());
        let (mut listener, mut line) = (Listener::default(), Line::default());
        let mut bytes = Vec::with_capacity(READ);
        loop {
            bytes.clear();
            let end = match self.stream.read_buf(&mut bytes).await {
                Ok(0) => Some("the server closed the connection"),
                Err(error) => Some(ended(&error)),
                Ok(_) => None,
            };
            if let Some(end) = end {
                let last = listener.line(&line.end()).ok().flatten().or_else(|| listener.cut());
                // a refusal counts as far as it came; of what a server can do, half is no answer
                let refusal = last.filter(|heard| heard.code >= 400);
                return refusal.ok_or_else(|| fault::lost(host, what, end));
            }
            let mut parts = bytes.split_inclusive(|byte| *byte == b'\n');
            while let Some(part) = parts.next() {
                if !line.take(part).map_err(|broken| bad(&broken))? {
                    continue;
                }
                let whole = listener.line(&line.end()).map_err(|broken| bad(&broken))?;
                let Some(heard) = whole else { continue };
                return match parts.next() {
                    None => Ok(heard),
                    // whoever writes the code last has the last word, within one greeting too
                    Some(more) if self.is_secret => self.changed(&heard, more, what),
                    Some(_) => Err(fault::injected(host, what)),
                };
            }
        }
    }

    /// Inside TLS a second reply at once is the server's own: a refusal takes back what it greeted
    /// with, anything else is out of turn.
    fn changed(&self, heard: &Heard, more: &[u8], what: &'static str) -> Result<Heard, Failure> {
        let next = Listener::default().line(more).ok().flatten();
        match next.filter(|next| next.code >= 400 && heard.code < 400) {
            Some(refusal) => Ok(refusal),
            None => Err(fault::bad_reply(self.host, what, "a reply nobody asked for")),
        }
    }
}

/// Bytes taken from the connection at once.
const READ: usize = 4096;
