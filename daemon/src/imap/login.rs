//! From nothing to an authenticated session: dial, TLS, greeting, credential, capabilities.
//!
//! Owns the order in which trust is built. Nothing said before TLS is believed or shown, and no
//! byte of the credential is written before TLS is verified.

mod sign_in;

use super::code::Code;
use super::failure::Doing;
use super::session::{Capabilities, Session};
use super::value::Reader;
use super::wire::{Answer, Ended, Wire, Word};
use super::{Login, limits};
use crate::world::World;
use crate::world::net::{Reach, unless_tls_at_once};
use chapar_engine::account::Security;
use chapar_engine::sasl;
use chapar_engine::verdict::{Failure, ImapStep};

const SIGNING_IN: Doing = Doing(ImapStep::Login, "signing in");

pub(super) async fn login(world: &World, login: &Login) -> Result<Session, Failure> {
    let endpoint = &login.endpoint;
    let mut wire = Wire::new(world.clock.clone(), &endpoint.host).await?;
    let reach = Reach::of(login);
    let stream = reach.connect(world.net.as_ref(), &endpoint.host, endpoint.port).await?;
    let known = match endpoint.security {
        Security::Tls => {
            let stream = secure(world, login, stream).await?;
            wire.attach(stream);
            greeting(&mut wire).await?
        }
        Security::StartTls => {
            wire.attach(stream);
            let (ca_pem, plain) = (login.ca_pem.as_deref(), start_tls(&mut wire));
            let plain = unless_tls_at_once(world, endpoint, ca_pem, reach, plain).await;
            let plain = plain.map_err(unproved)?;
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
    let after = sign_in::authenticate(&mut wire, login, &before).await?;
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
        own @ ("tls.injected" | "tls.not_offered" | "tls.at_once" | "imap.preauth"
        | "imap.not_imap" | "imap.protocol" | "imap.greeting" | "net.timeout"
        | "net.lost") => own,
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

/// None of the mechanisms is ours; names them.
fn no_login(wire: &Wire, offered: &Capabilities, what: &str) -> Failure {
    let message = format!("{} takes no sign-in by {what} that {}", wire.host, sasl::SPOKEN);
    let mechanisms = offered.mechanisms().collect::<Vec<_>>().join(" ");
    let detail = format!("offered: {mechanisms}");
    Failure::of("imap.no_login", message, (!mechanisms.is_empty()).then_some(detail.as_str()))
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
