//! From nothing to an authenticated session: dial, TLS, greeting, credential, capabilities.
//!
//! Owns the order in which trust is built. Nothing said before TLS is believed or shown, and no
//! byte of the credential is written before TLS is verified.

use super::code::Code;
use super::failure::Doing;
use super::session::{Capabilities, Session};
use super::value::Reader;
use super::wire::{Answer, Ended, Wire, Word};
use super::{Login, failure, limits, text};
use crate::world::World;
use chapar_engine::account::Security;
use chapar_engine::credential::Credential;
use chapar_engine::sasl::{self, Bearer};
use chapar_engine::secret::Secret;
use chapar_engine::verdict::{Failure, ImapStep};
use zeroize::Zeroizing;

const SIGNING_IN: Doing = Doing(ImapStep::Login, "signing in");

pub(super) async fn login(world: &World, login: &Login) -> Result<Session, Failure> {
    let endpoint = &login.endpoint;
    let mut wire = Wire::new(world.clock.clone(), &endpoint.host).await?;
    let stream = world.net.connect(&endpoint.host, endpoint.port).await?;
    let known = match endpoint.security {
        Security::Tls => {
            let stream = secure(world, login, stream).await?;
            wire.attach(stream);
            greeting(&mut wire).await?
        }
        Security::StartTls => {
            wire.attach(stream);
            let plain = start_tls(&mut wire).await.map_err(unproved)?;
            let stream = secure(world, login, plain).await?;
            wire.attach(stream);
            // what was said before TLS is forgotten
            None
        }
    };
    let before = match known {
        Some(known) => known,
        None => capabilities(&mut wire).await?,
    };
    let after = authenticate(&mut wire, login, &before).await?;
    let known = match after {
        Some(known) => known,
        None => capabilities(&mut wire).await?,
    };
    let mut session = Session::new(wire, known);
    session.introduce().await?;
    Ok(session)
}

async fn secure(
    world: &World,
    login: &Login,
    stream: crate::world::net::BoxStream,
) -> Result<crate::world::net::BoxStream, Failure> {
    let host = &login.endpoint.host;
    world.net.secure(stream, host, login.ca_pem.as_deref()).await
}

/// Reads the greeting; the capabilities it names, if it does.
pub(super) async fn greeting(wire: &mut Wire) -> Result<Option<Capabilities>, Failure> {
    let doing = Doing(ImapStep::Greeting, "waiting for its greeting");
    let patience = wire.patience(limits::GREETING, limits::GREETING);
    match wire.next(doing, patience).await? {
        Answer::Status { word: Word::Ok, code } => Ok(code.and_then(|code| named(&code))),
        Answer::Preauth => {
            let message = format!(
                "{} lets anybody in without a login, so it cannot be proved whose mail it holds",
                wire.host
            );
            Err(Failure::of("imap.preauth", message, None))
        }
        Answer::Data(frame) => {
            let message = format!("what answers at {} is not an IMAP server", wire.host);
            let said = super::code::clean(&frame.line);
            Err(Failure::of("imap.not_imap", message, Some(&said)))
        }
        _ => Err(wire.broken(doing, "a greeting that is none")),
    }
}

/// Greeting and STARTTLS on the plain stream; gives the stream back for TLS.
pub(super) async fn start_tls(wire: &mut Wire) -> Result<crate::world::net::BoxStream, Failure> {
    greeting(wire).await?;
    let doing = Doing(ImapStep::StartTls, "asking for TLS");
    let tag = wire.send("STARTTLS", doing).await?;
    let patience = wire.patience(limits::GREETING, limits::LOGIN);
    // untagged data are counted and not believed: `attach` forgets them
    let answer = wire.finish(&tag, doing, patience, &mut |answer| Ok(Some(answer))).await;
    if let Err(failure) = answer {
        let message = format!("{} refuses to start TLS on this port", wire.host);
        let refused = Failure::of("tls.not_offered", message, None);
        return Err(if wire.is_ended() { failure } else { refused });
    }
    wire.detach().ok_or_else(|| {
        let message = format!(
            "somebody put data between {} and the start of TLS; the connection is not safe",
            wire.host
        );
        Failure::of("tls.injected", message, None)
    })
}

/// A failure on the plain stream: the words in it may be anybody's, so they are neither shown nor
/// judged, and they cannot cost the account its credential.
pub(super) fn unproved(failure: Failure) -> Failure {
    let code = match failure.code {
        own @ ("tls.injected" | "tls.not_offered" | "imap.preauth" | "imap.not_imap"
        | "imap.protocol" | "imap.greeting" | "net.timeout" | "net.lost") => own,
        _ => "imap.unavailable",
    };
    Failure::of(code, failure.message, None)
}

/// The capabilities in a response code.
fn named(code: &Code) -> Option<Capabilities> {
    (code.name == "CAPABILITY").then(|| Capabilities::read(code.args.as_bytes()))
}

/// Asks for the capabilities.
pub(super) async fn capabilities(wire: &mut Wire) -> Result<Capabilities, Failure> {
    let doing = Doing(ImapStep::Capability, "asking what it can do");
    let tag = wire.send("CAPABILITY", doing).await?;
    let patience = wire.patience(limits::GREETING, limits::LOGIN);
    let mut found = None;
    wire.finish(&tag, doing, patience, &mut |answer| Ok(take_capabilities(answer, &mut found)))
        .await?;
    found.ok_or_else(|| wire.broken(doing, "no capabilities"))
}

/// Keeps the capabilities `answer` names, and gives back every other answer.
fn take_capabilities(answer: Answer, found: &mut Option<Capabilities>) -> Option<Answer> {
    match answer {
        Answer::Data(frame) if frame.kind().eq_ignore_ascii_case(b"CAPABILITY") => {
            *found = Some(Capabilities::read(frame.data()));
            None
        }
        Answer::Status { word: Word::Ok, code: Some(code) } if code.name == "CAPABILITY" => {
            *found = named(&code);
            None
        }
        answer => Some(answer),
    }
}

/// Signs in by the best way the server offers; gives the capabilities it then named.
async fn authenticate(
    wire: &mut Wire,
    login: &Login,
    offered: &Capabilities,
) -> Result<Option<Capabilities>, Failure> {
    let mut found = None;
    let result = match &login.credential {
        Credential::Token(token) => by_token(wire, login, token, offered, &mut found).await,
        Credential::Password(password) if offered.has("AUTH=PLAIN") => {
            plain(wire, login, password, offered, &mut found).await
        }
        Credential::Password(_) if offered.has("LOGINDISABLED") => {
            return Err(no_login(wire, offered, "password"));
        }
        Credential::Password(password) => by_login(wire, &login.user, password, &mut found).await,
    };
    let ended = result?;
    Ok(ended.code.as_ref().and_then(named).or(found))
}

/// None of the mechanisms is ours; names them.
fn no_login(wire: &Wire, offered: &Capabilities, what: &str) -> Failure {
    let message = format!("{} takes no sign-in by {what}", wire.host);
    let mechanisms = offered.mechanisms().collect::<Vec<_>>().join(" ");
    let detail = format!("offered: {mechanisms}");
    Failure::of("imap.no_login", message, (!mechanisms.is_empty()).then_some(detail.as_str()))
}

/// OAUTHBEARER (RFC 7628) or XOAUTH2.
async fn by_token(
    wire: &mut Wire,
    login: &Login,
    token: &Secret,
    offered: &Capabilities,
    found: &mut Option<Capabilities>,
) -> Result<Ended, Failure> {
    let Some(bearer) = Bearer::of(|name| offered.has(&format!("AUTH={name}"))) else {
        return Err(no_login(wire, offered, "token"));
    };
    let endpoint = &login.endpoint;
    let response = bearer
        .response(&login.user, token, &endpoint.host, endpoint.port)
        .ok_or_else(|| failure::unsayable("the user name or token"))?;
    let tag = sign_in_by(wire, bearer.name(), &response, offered).await?;
    let mut report = None;
    let mut refuse = |challenge: &str| {
        report = sasl::report(challenge);
        bearer.acknowledgement()
    };
    let ended = await_verdict(wire, &tag, &mut refuse, found).await;
    ended.map_err(|failure| with_report(failure, report))
}

/// What the server said of the token stands in front of what it said of the command.
fn with_report(failure: Failure, report: Option<String>) -> Failure {
    let Some(report) = report else { return failure };
    let said = failure.detail.as_deref().unwrap_or_default();
    let detail = super::code::clean(format!("{report} {said}").as_bytes());
    Failure { detail: Some(detail), ..failure }
}

/// AUTHENTICATE PLAIN (RFC 4616).
async fn plain(
    wire: &mut Wire,
    login: &Login,
    password: &Secret,
    offered: &Capabilities,
    found: &mut Option<Capabilities>,
) -> Result<Ended, Failure> {
    let (user, password) = (&login.user, password.expose());
    if user.contains('\0') || password.contains('\0') {
        return Err(failure::unsayable("the user name or password"));
    }
    let message = Zeroizing::new(format!("\0{user}\0{password}"));
    let response = chapar_engine::secret::base64(message.as_bytes());
    let tag = sign_in_by(wire, "PLAIN", &response, offered).await?;
    await_verdict(wire, &tag, &mut |_| "", found).await
}

/// AUTHENTICATE with its response, in one flight where SASL-IR (RFC 4959) allows it and the line
/// stays one that every server reads.
async fn sign_in_by(
    wire: &mut Wire,
    mechanism: &str,
    response: &str,
    offered: &Capabilities,
) -> Result<String, Failure> {
    let command = Zeroizing::new(format!("AUTHENTICATE {mechanism} {response}"));
    let initial = offered.has("SASL-IR") && sasl::initial_response_works(&wire.host);
    if initial && command.len() <= limits::COMMAND_BYTES {
        return wire.send_secret(&command, SIGNING_IN).await;
    }
    let patience = wire.patience(limits::LOGIN, limits::LOGIN);
    let tag = wire.send(&format!("AUTHENTICATE {mechanism}"), SIGNING_IN).await?;
    loop {
        match wire.next(SIGNING_IN, patience).await? {
            Answer::Continue(_) => break,
            Answer::Done(ended) => {
                // refused before it was shown anything: an OK now would prove nothing
                wire.close(&tag, SIGNING_IN, ended)?;
                return Err(wire.broken(SIGNING_IN, "a login that nobody gave"));
            }
            answer => wire.pass(&answer, SIGNING_IN)?,
        }
    }
    let line = Zeroizing::new(format!("{response}\r\n"));
    wire.write(line.as_bytes(), SIGNING_IN).await?;
    Ok(tag)
}

/// LOGIN (RFC 9051 §6.2.3) with quoted strings, which carry ASCII only.
async fn by_login(
    wire: &mut Wire,
    user: &str,
    password: &Secret,
    found: &mut Option<Capabilities>,
) -> Result<Ended, Failure> {
    let unsayable = || failure::unsayable("the user name or password");
    let user = text::quoted_ascii(user).ok_or_else(unsayable)?;
    let password = text::quoted_ascii(password.expose()).map(Zeroizing::new);
    let password = password.ok_or_else(unsayable)?;
    let command = Zeroizing::new(format!("LOGIN {user} {}", *password));
    let tag = wire.send_secret(&command, SIGNING_IN).await?;
    await_verdict(wire, &tag, &mut |_| "", found).await
}

/// Waits for the tagged end. A challenge in between is the report of a mechanism about why it is
/// about to refuse; what `refuse` answers makes the server say so.
async fn await_verdict(
    wire: &mut Wire,
    tag: &str,
    refuse: &mut (dyn FnMut(&str) -> &'static str + Send),
    found: &mut Option<Capabilities>,
) -> Result<Ended, Failure> {
    let until = wire.patience(limits::LOGIN, limits::LOGIN);
    loop {
        match wire.next(SIGNING_IN, until).await? {
            Answer::Done(ended) => return wire.close(tag, SIGNING_IN, ended),
            Answer::Continue(challenge) => {
                let answer = refuse(&challenge);
                wire.pass(&Answer::Continue(challenge), SIGNING_IN)?;
                wire.write(format!("{answer}\r\n").as_bytes(), SIGNING_IN).await?;
            }
            answer => {
                if let Some(other) = take_capabilities(answer, found) {
                    wire.pass(&other, SIGNING_IN)?;
                }
            }
        }
    }
}

impl Session {
    /// ID and ENABLE in one flight, where offered. That a server refuses them is no failure.
    async fn introduce(&mut self) -> Result<(), Failure> {
        const ID: &str =
            concat!("ID (\"name\" \"chapar\" \"version\" \"", env!("CARGO_PKG_VERSION"), "\")");
        let doing = Doing(ImapStep::Capability, "introducing ourselves");
        if self.offers("ID") {
            let tag = self.wire.send(ID, doing).await?;
            let patience = self.wire.patience(limits::LOGIN, limits::LOGIN);
            let server = &mut self.server;
            let mut each = |answer| match answer {
                Answer::Data(mut frame) if frame.kind().eq_ignore_ascii_case(b"ID") => {
                    let line = std::mem::take(&mut frame.line);
                    let data = line.get(b"* ID".len()..).unwrap_or_default();
                    *server = server_name(&mut Reader::new(data, &mut frame.literals));
                    Ok(None)
                }
                answer => Ok(Some(answer)),
            };
            let answered = self.wire.finish(&tag, doing, patience, &mut each).await;
            self.forgive(answered)?;
        }
        if self.offers("ENABLE") && self.offers("CONDSTORE") {
            let answered = self.wire.command("ENABLE CONDSTORE", doing).await;
            self.forgive(answered)?;
        }
        Ok(())
    }

    /// A refusal is an answer; a lost link is not.
    fn forgive(&self, answered: Result<Ended, Failure>) -> Result<(), Failure> {
        match answered {
            Err(failure) if self.wire.is_ended() => Err(failure),
            _ => Ok(()),
        }
    }
}

/// `name version` out of an ID answer.
fn server_name(reader: &mut Reader<'_>) -> Option<String> {
    let pairs = reader.value()?;
    let field = |wanted: &str| {
        pairs.list()?.chunks_exact(2).find_map(|pair| match pair {
            [name, value] if name.str()?.eq_ignore_ascii_case(wanted) => {
                value.bytes().map(super::code::clean)
            }
            _ => None,
        })
    };
    let name = field("name")?;
    Some(field("version").map_or(name.clone(), |version| format!("{name} {version}")))
}
