//! The IMAP server (RFC 3501 with the extensions of [`CAPABILITIES`]). Commands are parsed by
//! imap-codec; what it does not know (LIST-EXTENDED, NAMESPACE) by a small reader beside it.

mod authenticate;
mod extended;
mod fetch;
mod idle;
pub mod lie;
mod mailbox;
mod search;
mod select;
mod set;
mod store;
mod view;

use super::ca::CertificateKind;
use super::faults::{Fault, Harm, Kick, Service};
use super::ledger::SessionGuard;
use super::provider::{Provider, Security};
use super::wire::{End, LITERAL_BYTES, Wire};
use chapar_daemon::world::net::BoxStream;
use imap_codec::CommandCodec;
use imap_codec::decode::Decoder;
use imap_codec::imap_types::command::CommandBody;
pub(super) use search::header_fields;
use view::View;

/// What a full server offers after login; all of it works.
pub const CAPABILITIES: &str = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE UIDPLUS \
     LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE MOVE UNSELECT";

/// What Microsoft offers after login, as far as it works here.
pub const MICROSOFT_CAPABILITIES: &str =
    "IMAP4 IMAP4rev1 SASL-IR UIDPLUS MOVE ID UNSELECT IDLE NAMESPACE LITERAL+";

/// Answers are sent once this much is gathered, so that a large FETCH streams.
const FLUSH_BYTES: usize = 64 << 10;

/// Serves one connection to its end; `under` is the certificate when TLS already stands.
pub async fn serve(
    provider: &Provider,
    stream: BoxStream,
    under: Option<CertificateKind>,
    security: Security,
) {
    let wire = Wire::new(stream, Service::Imap, &provider.faults);
    let mut session = Session {
        provider: provider.clone(),
        wire,
        out: Vec::new(),
        under,
        security,
        user: None,
        unconnected: false,
        guard: None,
        view: None,
        condstore: false,
        gathers: false,
        hollow: None,
    };
    let end = session.run().await;
    if let Err(End::Kicked(Kick::Bye(text))) = &end {
        let _ = session.wire.send(format!("* BYE {text}\r\n").as_bytes()).await;
    }
    if !matches!(end, Err(End::Kicked(Kick::Drop))) {
        session.wire.close().await;
    }
}

struct Session {
    provider: Provider,
    wire: Wire,
    out: Vec<u8>,
    under: Option<CertificateKind>,
    security: Security,
    user: Option<String>,
    /// Logged in, but nothing works (Microsoft, with somebody else's name).
    unconnected: bool,
    guard: Option<SessionGuard>,
    view: Option<View>,
    condstore: bool,
    /// The whole answer is held back until it is complete.
    gathers: bool,
    /// The size that a message without bytes is said to have.
    hollow: Option<usize>,
}

/// How a command ended: the tagged status with its text.
type Answer = Result<String, Refusal>;

/// A tagged NO or BAD, or the end of the session.
enum Refusal {
    No(String),
    Bad(String),
    Over(End),
}

impl From<End> for Refusal {
    fn from(end: End) -> Self {
        Self::Over(end)
    }
}

fn no<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::No(text.into()))
}

impl Session {
    async fn run(&mut self) -> Result<(), End> {
        let greeting = self.provider.faults.take(Service::Imap, |fault| match fault {
            Fault::Greeting(line) => Some(line.clone()),
            _ => None,
        });
        if let Some(line) = greeting {
            self.wire.send(format!("{line}\r\n").as_bytes()).await?;
            if !line.starts_with("* OK") && !line.starts_with("* PREAUTH") {
                return Err(End::Closed);
            }
        } else {
            let hello = format!("* OK [CAPABILITY {}] sandbox ready\r\n", self.capabilities());
            self.wire.send(hello.as_bytes()).await?;
        }
        loop {
            let raw = self.command().await?;
            self.obey(&raw).await?;
        }
    }

    /// Reads one command with all its literals.
    async fn command(&mut self) -> Result<Vec<u8>, End> {
        let mut line = self.wire.line().await?;
        let mut raw = line.clone();
        while let Some((count, waits)) = literal(&line) {
            if count > LITERAL_BYTES {
                return Err(End::Kicked(Kick::Bye("literal too large".into())));
            }
            if waits {
                self.wire.send(b"+ go on\r\n").await?;
            }
            raw.extend_from_slice(b"\r\n");
            raw.extend(self.wire.bytes(count).await?);
            line = self.wire.line().await?;
            raw.extend_from_slice(&line);
        }
        raw.extend_from_slice(b"\r\n");
        Ok(raw)
    }

    async fn obey(&mut self, raw: &[u8]) -> Result<(), End> {
        let (tag, name) = tag_and_name(raw);
        let faults = self.provider.faults.clone();
        self.provider.ledger.command(Service::Imap, &name);
        let hangup = faults.hangup(Service::Imap, &name);
        if hangup == Some(false) {
            return Err(End::Kicked(Kick::Drop));
        }
        if let Some(by) = faults.delay(Service::Imap, &name) {
            tokio::time::sleep(by).await;
        }
        if let Some(text) = faults.reply(Service::Imap, &name) {
            return self.wire.send(format!("{tag} {text}\r\n").as_bytes()).await;
        }
        let lie = if lie::is_answered_whole(&name) { faults.due_lie() } else { None };
        self.gathers = lie.is_some();
        let (answer, over) = match self.perform(raw, &tag).await {
            Ok(text) => (format!("{tag} OK {text}\r\n"), false),
            Err(Refusal::No(text)) => (format!("{tag} NO {text}\r\n"), false),
            Err(Refusal::Bad(text)) => (format!("{tag} BAD {text}\r\n"), false),
            Err(Refusal::Over(End::Closed)) => (format!("{tag} OK Bye\r\n"), true),
            Err(Refusal::Over(end)) => return Err(end),
        };
        if hangup == Some(true) {
            return Err(End::Kicked(Kick::Drop));
        }
        if !over && !matches!(name.as_str(), "FETCH" | "STORE" | "SEARCH" | "STARTTLS" | "IDLE") {
            self.tell_news()?;
        }
        if name != "STARTTLS" {
            self.out.extend_from_slice(answer.as_bytes());
        }
        self.gathers = false;
        if let Some(told) = lie.and_then(|lie| lie.tell(&self.out)) {
            faults.lied();
            self.out.clear();
            return self.pretend(told).await;
        }
        self.flush().await?;
        if over { Err(End::Closed) } else { Ok(()) }
    }

    async fn perform(&mut self, raw: &[u8], tag: &str) -> Answer {
        if let Some(list) = extended::list(raw) {
            self.demand_user()?;
            return self.list_extended(&list);
        }
        if extended::is_namespace(raw) {
            self.demand_user()?;
            self.untagged("NAMESPACE ((\"\" \"/\")) NIL NIL");
            return Ok("Namespace completed.".into());
        }
        let command = match CommandCodec::default().decode(raw) {
            Ok((_, command)) => command,
            Err(error) => return Err(Refusal::Bad(format!("not understood: {}", reason(&error)))),
        };
        match command.body {
            CommandBody::Capability => {
                self.untagged(&format!("CAPABILITY {}", self.capabilities()));
                Ok("Capability completed.".into())
            }
            CommandBody::Noop | CommandBody::Check => Ok("Done.".into()),
            CommandBody::Id { .. } => {
                self.untagged("ID (\"name\" \"chapar sandbox\" \"version\" \"1\")");
                Ok("ID completed.".into())
            }
            CommandBody::Logout => {
                self.untagged("BYE Logging out");
                Err(Refusal::Over(End::Closed))
            }
            CommandBody::StartTLS => self.start_tls(tag).await,
            CommandBody::Login { username, password } => {
                let user = text(username.as_ref());
                let password = text(password.declassify().as_ref());
                self.log_in(&user, &password)
            }
            CommandBody::Authenticate { mechanism, initial_response } => {
                let first = initial_response.map(|secret| secret.declassify().to_vec());
                self.authenticate(mechanism.as_ref(), first).await
            }
            body => {
                self.demand_user()?;
                self.with_user(body).await
            }
        }
    }

    async fn with_user(&mut self, body: CommandBody<'_>) -> Answer {
        match body {
            CommandBody::Enable { capabilities } => self.enable(capabilities.as_ref()),
            CommandBody::List { reference, mailbox_wildcard } => {
                self.list(&reference, &mailbox_wildcard, false)
            }
            CommandBody::Lsub { reference, mailbox_wildcard } => {
                self.list(&reference, &mailbox_wildcard, true)
            }
            CommandBody::Status { mailbox, item_names } => self.status(&mailbox, &item_names),
            CommandBody::Create { mailbox } => self.create(&mailbox),
            CommandBody::Delete { mailbox } => self.delete(&mailbox),
            CommandBody::Rename { from, to } => self.rename(&from, &to),
            CommandBody::Subscribe { mailbox } => self.subscribe(&mailbox, true),
            CommandBody::Unsubscribe { mailbox } => self.subscribe(&mailbox, false),
            CommandBody::Select { mailbox, parameters } => {
                self.select(&mailbox, &parameters, false).await
            }
            CommandBody::Examine { mailbox, parameters } => {
                self.select(&mailbox, &parameters, true).await
            }
            CommandBody::Append { mailbox, flags, date, message } => {
                self.append(&mailbox, &flags, date.as_ref(), &message)
            }
            CommandBody::Idle => self.idle().await,
            body => {
                if self.view.is_none() {
                    return Err(Refusal::Bad("No mailbox selected.".into()));
                }
                self.with_view(body).await
            }
        }
    }

    async fn with_view(&mut self, body: CommandBody<'_>) -> Answer {
        match body {
            CommandBody::Unselect => {
                self.view = None;
                Ok("Unselect completed.".into())
            }
            CommandBody::Close => {
                self.expunge(None, true)?;
                self.view = None;
                Ok("Close completed.".into())
            }
            CommandBody::Expunge => self.expunge(None, false),
            CommandBody::ExpungeUid { sequence_set } => self.expunge(Some(&sequence_set), false),
            CommandBody::Search { criteria, uid, .. } => self.search(criteria.as_ref(), uid),
            CommandBody::Fetch { sequence_set, macro_or_item_names, uid, modifiers } => {
                self.fetch(&sequence_set, macro_or_item_names, uid, &modifiers).await
            }
            CommandBody::Store { sequence_set, kind, response, flags, uid, modifiers } => {
                self.store(&sequence_set, kind, response, &flags, uid, &modifiers)
            }
            CommandBody::Copy { sequence_set, mailbox, uid } => {
                self.copy(&sequence_set, &mailbox, uid, false)
            }
            CommandBody::Move { sequence_set, mailbox, uid } => {
                self.copy(&sequence_set, &mailbox, uid, true)
            }
            other => Err(Refusal::Bad(format!("{} is not offered.", other.name()))),
        }
    }

    fn capabilities(&self) -> String {
        let personality = &self.provider.personality;
        if self.user.is_some() {
            return match personality {
                poor if !poor.full => "IMAP4rev1",
                other if other.modern() => CAPABILITIES,
                _ => MICROSOFT_CAPABILITIES,
            }
            .into();
        }
        let mut offered = String::from(match personality {
            poor if !poor.full => "IMAP4rev1",
            other if other.modern() => "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE",
            _ => MICROSOFT_CAPABILITIES,
        });
        match self.under {
            Some(_) if personality.full => {
                for mechanism in self.provider.mechanisms() {
                    offered.push_str(" AUTH=");
                    offered.push_str(mechanism);
                }
            }
            Some(_) => {}
            None => offered.push_str(" STARTTLS LOGINDISABLED"),
        }
        offered
    }

    fn demand_user(&self) -> Result<(), Refusal> {
        if self.unconnected {
            return Err(Refusal::Bad("User is authenticated but not connected.".into()));
        }
        if self.user.is_some() { Ok(()) } else { Err(Refusal::Bad("Log in first.".into())) }
    }

    fn user(&self) -> &str {
        self.user.as_deref().unwrap_or_default()
    }

    fn untagged(&mut self, text: &str) {
        self.out.extend_from_slice(format!("* {text}\r\n").as_bytes());
    }

    /// Denies what was asked for.
    async fn harm(&mut self, harm: Harm) -> Refusal {
        match harm {
            Harm::Says(text) => match text.split_once(' ') {
                Some(("BAD", rest)) => Refusal::Bad(rest.to_owned()),
                Some((_, rest)) => Refusal::No(rest.to_owned()),
                None => Refusal::No(text),
            },
            Harm::Bye => Refusal::Over(End::Kicked(Kick::Bye("Not this one.".into()))),
            Harm::Closes => Refusal::Over(End::Kicked(Kick::Drop)),
            Harm::Silent | Harm::Blank | Harm::Empty => Refusal::Over(self.wire.silence().await),
        }
    }

    /// Gives an answer that is not the true one.
    async fn pretend(&mut self, told: lie::Told) -> Result<(), End> {
        if let Some(by) = told.after {
            tokio::time::sleep(by).await;
        }
        self.wire.send(&told.bytes).await?;
        match told.then {
            lie::Then::GoesOn => Ok(()),
            lie::Then::HangsUp => Err(End::Kicked(Kick::Drop)),
            lie::Then::IsSilent => Err(self.wire.silence().await),
        }
    }

    async fn flush(&mut self) -> Result<(), End> {
        let bytes = std::mem::take(&mut self.out);
        if bytes.is_empty() { Ok(()) } else { self.wire.send(&bytes).await }
    }
}

/// The literal that `line` announces at its end: how long, and whether the client waits for us.
fn literal(line: &[u8]) -> Option<(usize, bool)> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|byte| *byte == b'{')?;
    let digits = std::str::from_utf8(&inner[open + 1..]).ok()?;
    match digits.strip_suffix('+') {
        Some(digits) => Some((digits.parse().ok()?, false)),
        None => Some((digits.parse().ok()?, true)),
    }
}

/// The tag and the command's name without `UID`, in upper case.
fn tag_and_name(raw: &[u8]) -> (String, String) {
    let mut words = raw.split(u8::is_ascii_whitespace).map(text);
    let tag = words.next().filter(|tag| !tag.is_empty()).unwrap_or_else(|| "*".into());
    let mut name = words.next().unwrap_or_default().to_ascii_uppercase();
    if name == "UID" {
        name = words.next().unwrap_or_default().to_ascii_uppercase();
    }
    (tag, name)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn reason(error: &imap_codec::decode::CommandDecodeError<'_>) -> &'static str {
    use imap_codec::decode::CommandDecodeError as Error;
    match error {
        Error::Incomplete => "incomplete",
        Error::LiteralFound { .. } => "unexpected literal",
        Error::Failed => "syntax",
    }
}
