//! The submission server (RFC 6409, 5321). Requests are parsed by smtp-proto.
//!
//! What it takes responsibility for is in the ledger, once per recipient, at the moment before the
//! final reply goes out: the same moment at which a real server may have queued the message.

mod authenticate;
mod deliver;
mod rules;

pub(super) use deliver::rfc5322;

use super::ca::CertificateKind;
use super::faults::{Fault, Kick, Service};
use super::ledger::SessionGuard;
use super::provider::{Provider, Security};
use super::wire::{End, Wire};
use super::{base64, wire::LITERAL_BYTES};
use chapar_daemon::world::net::BoxStream;
use smtp_proto::Request;
use smtp_proto::request::receiver::DataReceiver;
use std::borrow::Cow;

/// Recipients in one transaction (RFC 5321 §4.5.3.1.8 asks for at least 100).
const RECIPIENTS: usize = 100;

/// Serves one connection to its end; `under` is the certificate when TLS already stands.
pub async fn serve(
    provider: &Provider,
    stream: BoxStream,
    under: Option<CertificateKind>,
    security: Security,
) {
    let wire = Wire::new(stream, Service::Smtp, &provider.faults);
    let mut session = Session {
        provider: provider.clone(),
        wire,
        replies: String::new(),
        under,
        security,
        user: None,
        presence: None,
        envelope: Envelope::default(),
    };
    let end = session.run().await;
    if let Err(End::Kicked(Kick::Bye(text))) = &end {
        let _ = session.wire.send(format!("421 4.3.2 {text}\r\n").as_bytes()).await;
    }
    if !matches!(end, Err(End::Kicked(Kick::Drop))) {
        session.wire.close().await;
    }
}

struct Session {
    provider: Provider,
    wire: Wire,
    replies: String,
    under: Option<CertificateKind>,
    security: Security,
    user: Option<String>,
    presence: Option<SessionGuard>,
    envelope: Envelope,
}

#[derive(Default)]
struct Envelope {
    from: Option<String>,
    to: Vec<String>,
}

impl Session {
    async fn run(&mut self) -> Result<(), End> {
        let greeting = self.provider.faults.take(Service::Smtp, |fault| match fault {
            Fault::Greeting(line) => Some(line.clone()),
            _ => None,
        });
        let line = greeting.unwrap_or_else(|| "220 sandbox ESMTP ready".into());
        self.wire.send(format!("{line}\r\n").as_bytes()).await?;
        if !line.starts_with("220") {
            return Err(End::Closed);
        }
        loop {
            if !self.wire.has_line() {
                self.flush().await?;
            }
            let mut line = self.wire.line().await?;
            line.extend_from_slice(b"\r\n");
            self.obey(&line).await?;
        }
    }

    async fn obey(&mut self, line: &[u8]) -> Result<(), End> {
        let request = match Request::parse(&mut line.iter()) {
            Ok(request) => request,
            Err(error) => {
                self.reply(&format!("500 5.5.2 Not understood: {error:?}"));
                return Ok(());
            }
        };
        let name = request.name();
        if self.faulted(name).await? {
            return Ok(());
        }
        self.perform(request).await
    }

    /// Applies the faults of this command; true when it is answered.
    async fn faulted(&mut self, name: &str) -> Result<bool, End> {
        let faults = self.provider.faults.clone();
        self.provider.ledger.command(Service::Smtp, name);
        if let Some(by) = faults.delay(Service::Smtp, name) {
            tokio::time::sleep(by).await;
        }
        if faults.hangup(Service::Smtp, name).is_some() {
            return Err(End::Kicked(Kick::Drop));
        }
        if let Some(text) = faults.reply(Service::Smtp, name) {
            self.reply(&text);
            if text.starts_with("421") {
                self.flush().await?;
                return Err(End::Closed);
            }
            return Ok(true);
        }
        Ok(false)
    }

    async fn perform(&mut self, request: Request<Cow<'_, str>>) -> Result<(), End> {
        match request {
            Request::Ehlo { .. } => {
                self.envelope = Envelope::default();
                self.ehlo();
            }
            Request::Helo { .. } => self.reply("250 sandbox"),
            Request::StartTls => self.start_tls().await?,
            Request::Auth { mechanism, initial_response } => {
                self.authenticate(mechanism, &initial_response).await?;
            }
            Request::Mail { from } => self.mail(&from.address, from.size),
            Request::Rcpt { to } => self.rcpt(&to.address),
            Request::Data => self.data().await?,
            Request::Rset => {
                self.envelope = Envelope::default();
                self.reply("250 2.0.0 Ok");
            }
            Request::Noop { .. } => self.reply("250 2.0.0 Ok"),
            Request::Quit => {
                self.reply("221 2.0.0 Bye");
                self.flush().await?;
                return Err(End::Closed);
            }
            other => self.reply(&format!("502 5.5.1 {} is not offered", other.name())),
        }
        Ok(())
    }

    fn ehlo(&mut self) {
        let personality = &self.provider.personality;
        let mut lines = vec!["sandbox".to_owned(), format!("SIZE {}", personality.size)];
        if personality.pipelining {
            lines.push("PIPELINING".into());
        }
        lines.extend(["8BITMIME".into(), "ENHANCEDSTATUSCODES".into()]);
        lines.push(if self.under.is_some() { self.mechanisms() } else { "STARTTLS".into() });
        let last = lines.len() - 1;
        for (at, line) in lines.iter().enumerate() {
            let mark = if at == last { ' ' } else { '-' };
            self.reply(&format!("250{mark}{line}"));
        }
    }

    async fn start_tls(&mut self) -> Result<(), End> {
        let refused = self
            .provider
            .faults
            .take(Service::Smtp, |fault| matches!(fault, Fault::NoStartTls).then_some(()));
        if refused.is_some() || self.under.is_some() {
            self.reply("502 5.5.1 STARTTLS is not offered");
            return Ok(());
        }
        self.reply("220 2.0.0 Begin TLS now");
        self.flush().await?;
        let Some(stream) = self.wire.take_stream() else { return Err(End::Closed) };
        let (stream, kind) = self.provider.secure(stream, Service::Smtp, self.security).await?;
        self.wire.put_stream(stream);
        self.under = Some(kind);
        self.envelope = Envelope::default();
        Ok(())
    }

    async fn ask(&mut self, prompt: &str) -> Result<String, End> {
        self.reply(&format!("334 {}", base64::encode(prompt.as_bytes())));
        self.flush().await?;
        Ok(String::from_utf8_lossy(&self.wire.line().await?).into_owned())
    }

    fn mail(&mut self, from: &str, size: usize) {
        if self.user.is_none() {
            self.reply("530 5.7.0 Authenticate first");
        } else if size > self.provider.personality.size {
            self.reply("552 5.3.4 The message is larger than SIZE");
        } else {
            self.envelope = Envelope { from: Some(from.to_owned()), to: Vec::new() };
            self.reply("250 2.1.0 Ok");
        }
    }

    fn rcpt(&mut self, to: &str) {
        if self.envelope.from.is_none() {
            self.reply("503 5.5.1 MAIL first");
        } else if self.envelope.to.len() >= RECIPIENTS {
            self.reply("452 4.5.3 Too many recipients");
        } else if let Some(refusal) = rules::refuse(&self.provider, to) {
            self.reply(&refusal);
        } else {
            self.envelope.to.push(to.to_owned());
            self.reply("250 2.1.5 Ok");
        }
    }

    async fn data(&mut self) -> Result<(), End> {
        if self.envelope.to.is_empty() {
            self.reply("503 5.5.1 No valid recipients");
            return Ok(());
        }
        self.reply("354 End with a dot");
        self.flush().await?;
        let bytes = self.message().await?;
        let faults = self.provider.faults.clone();
        self.provider.ledger.command(Service::Smtp, "DOT");
        if let Some(by) = faults.delay(Service::Smtp, "DOT") {
            tokio::time::sleep(by).await;
        }
        let hangup = faults.hangup(Service::Smtp, "DOT");
        if hangup == Some(false) {
            return Err(End::Kicked(Kick::Drop));
        }
        let envelope = std::mem::take(&mut self.envelope);
        if let Some(text) = faults.reply(Service::Smtp, "DOT") {
            self.reply(&text);
            return Ok(());
        }
        if bytes.len() > self.provider.personality.size {
            self.reply("552 5.3.4 The message is larger than SIZE");
            return Ok(());
        }
        let from = envelope.from.unwrap_or_default();
        let user = self.user.clone().unwrap_or_default();
        let queued = deliver::accept(&self.provider, &user, &from, &envelope.to, &bytes);
        if hangup == Some(true) {
            return Err(End::Kicked(Kick::Drop));
        }
        self.reply(&format!("250 2.0.0 Ok: queued as {queued}"));
        Ok(())
    }

    /// The message up to the lone dot, unstuffed.
    async fn message(&mut self) -> Result<Vec<u8>, End> {
        let (mut receiver, mut bytes) = (DataReceiver::new(), Vec::new());
        loop {
            let mut line = self.wire.line_with_end().await?;
            let done = receiver.ingest(&mut line.iter(), &mut bytes);
            line.clear();
            if done {
                return Ok(bytes);
            }
            if bytes.len() > LITERAL_BYTES {
                return Err(End::Kicked(Kick::Bye("message too large".into())));
            }
        }
    }

    fn reply(&mut self, line: &str) {
        self.replies.push_str(line);
        self.replies.push_str("\r\n");
    }

    async fn flush(&mut self) -> Result<(), End> {
        let replies = std::mem::take(&mut self.replies);
        if replies.is_empty() { Ok(()) } else { self.wire.send(replies.as_bytes()).await }
    }
}
