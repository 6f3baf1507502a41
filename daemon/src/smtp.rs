//! One authenticated submission session (RFC 6409, 5321). The only module that names lettre. Must
//! never decide whether to try again, and never touch the store: the caller makes each phase
//! durable between the steps.

mod deliver;
mod envelope;
mod extensions;
mod fault;
mod guard;
mod login;
mod names;
mod prelude;
mod probe;
mod reply;
mod transaction;

pub use chapar_engine::credential::Login;
pub use probe::offers;
pub use transaction::Begun;

use crate::world::World;
use crate::world::clock::{Clock, within};
use crate::world::net::{Reach, ended, unless_tls_at_once};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::verdict::Failure;
use extensions::Extensions;
use guard::{Guard, Heards};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use names::Names;
use prelude::Plain;
use reply::Broken;
use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// The greeting: RFC 5321 §4.5.3.2.1 allows 5 minutes for mail exchangers; a submission server
/// that needs more than one has a fault worth telling.
const GREETING: Duration = Duration::from_mins(1);
/// Any command before the message (RFC 5321 §4.5.3.2.2–3).
const COMMAND: Duration = Duration::from_mins(5);
/// Why a session ends when replies and commands do not go together any more.
const OUT_OF_TURN: &str = "a reply nobody asked for";
/// QUIT is courtesy.
const QUIT: Duration = Duration::from_secs(5);
/// Connections of one login: a server that hangs up on a name in EHLO is called again with the next.
const CONNECTIONS: usize = 4;

/// A server reply: code and text, cleaned of control characters, at most 512 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 5321 §4.2")]
pub struct Reply {
    pub code: u16,
    pub text: String,
}

impl Reply {
    /// The command was done: the first digit alone decides (RFC 5321 §4.3.2).
    fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// More is expected: the message, or an answer to a challenge.
    fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// A live session.
pub struct Session {
    /// Taken while a step is under way: a step that is given up leaves a session that is over,
    /// never one whose replies are off by one.
    wire: Option<Wire>,
    host: String,
    max_size: Option<u64>,
}

/// A transaction whose recipients were accepted and whose DATA got 354; nothing is sent yet.
/// Dropping it without [`Ready::deliver`] ends the session without a message having been sent.
pub struct Ready<'s> {
    session: &'s mut Session,
    wire: Wire,
}

/// What became of the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered the final dot.
    Answered(Reply),
    /// The connection was lost at or after the final dot: it may have been accepted.
    Lost(String),
    /// The connection was lost while it is certain that the final dot was not sent.
    NotSent(String),
}

/// The connection, in step: each command has had its reply.
struct Wire {
    lettre: AsyncSmtpConnection,
    heards: Heards,
    extensions: Extensions,
    host: String,
    clock: Arc<dyn Clock>,
}

impl Wire {
    /// Sends one command and waits for its reply, whatever its code.
    async fn ask(&mut self, command: &str, what: &'static str) -> Result<Reply, Failure> {
        if !self.heards.is_empty() {
            return Err(fault::bad_reply(&self.host, what, OUT_OF_TURN));
        }
        let clock = Arc::clone(&self.clock);
        let answer = within(clock.as_ref(), COMMAND, self.lettre.command(command)).await;
        self.answered(answer, what)
    }

    /// The next reply of commands sent together.
    async fn next(&mut self, what: &'static str) -> Result<Reply, Failure> {
        let clock = Arc::clone(&self.clock);
        let answer = within(clock.as_ref(), COMMAND, self.lettre.read_response()).await;
        self.answered(answer, what)
    }

    fn answered(
        &self,
        answer: Option<Result<Response, Error>>,
        what: &'static str,
    ) -> Result<Reply, Failure> {
        match answer {
            None => Err(fault::timeout(&self.host, what, COMMAND)),
            Some(answer) => {
                self.taken(answer).map_err(|why| fault::unheard(&self.host, what, &why))
            }
        }
    }

    /// lettre says whether a reply came; its whole text is with the guard.
    fn taken(&self, answer: Result<Response, Error>) -> Result<Reply, Unheard> {
        match answer {
            Err(error) if error.status().is_none() => Err(Unheard::of(&error)),
            _ => self.heards.take().map(|heard| heard.reply()).ok_or(Unheard::Ended(NO_REPLY)),
        }
    }
}

/// Said where a reply is missing and nothing says why.
const NO_REPLY: &str = "the server closed the connection";

/// Why there is no reply, in our own words.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unheard {
    /// What came is none.
    Broken(Broken),
    /// The connection is over.
    Ended(&'static str),
    /// Replies came that say nothing.
    Endless(u16),
}

impl Unheard {
    fn of(error: &Error) -> Self {
        tracing::debug!(%error, "a submission session ended");
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            if let Some(error) = inner.downcast_ref::<io::Error>() {
                let broken = error.get_ref().and_then(|inner| inner.downcast_ref::<Broken>());
                return broken.map_or(Self::Ended(ended(error)), |broken| Self::Broken(*broken));
            }
            cause = inner.source();
        }
        Self::Ended(NO_REPLY)
    }
}

impl fmt::Display for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(broken) => write!(f, "the server's answer is no SMTP: {broken}"),
            Self::Ended(how) => f.write_str(how),
            Self::Endless(code) => write!(f, "the server says {code} again and again"),
        }
    }
}

impl Session {
    /// Dials, verifies TLS, EHLO, AUTH (by what is offered).
    pub async fn login(world: &World, login: &Login) -> Result<Self, Failure> {
        let mut names = Names::new();
        let mut wire = Self::connect(world, login, &mut names).await;
        for _ in 1..CONNECTIONS {
            if wire.is_ok() || !names.can_go_on() {
                break;
            }
            wire = Self::connect(world, login, &mut names).await;
        }
        let mut wire = wire?;
        login::sign_in(&mut wire, login).await?;
        let host = login.endpoint.host.clone();
        Ok(Self { max_size: wire.extensions.max_size, host, wire: Some(wire) })
    }

    /// Greeting and EHLO inside TLS.
    async fn connect(world: &World, login: &Login, names: &mut Names) -> Result<Wire, Failure> {
        let Endpoint { host, port, security } = &login.endpoint;
        let (reach, ca_pem) = (Reach::of(login), login.ca_pem.as_deref());
        let mut stream = reach.connect(world.net.as_ref(), host, *port).await?;
        if *security == Security::StartTls {
            let prelude = prelude::prelude(world, &mut stream, host, names);
            unless_tls_at_once(world, &login.endpoint, ca_pem, reach, prelude).await?;
        }
        let mut stream = world.net.secure(stream, host, ca_pem).await?;
        let mut plain = Plain { world, stream: &mut stream, host, is_secret: true };
        if *security == Security::Tls {
            plain.greeting().await?;
        }
        let extensions = Extensions::read(&plain.introduce(names).await?);
        let (guard, heards) = Guard::new(stream);
        // lettre asks for a name; what it says of it does not leave this machine
        let name = ClientId::Ipv4(Ipv4Addr::LOCALHOST);
        let lettre = AsyncSmtpConnection::connect_with_transport(Box::new(guard), &name)
            .await
            .map_err(|error| fault::unheard(host, "the greeting", &Unheard::of(&error)))?;
        let clock = Arc::clone(&world.clock);
        Ok(Wire { lettre, heards, extensions, host: host.clone(), clock })
    }

    /// SIZE limit the server announced, in bytes (RFC 1870).
    #[must_use]
    pub fn max_size(&self) -> Option<u64> {
        self.max_size
    }

    /// Whether another transaction can be begun.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.wire.is_some()
    }

    /// QUIT under a short deadline; never fails.
    pub async fn quit(self) {
        if let Some(mut wire) = self.wire {
            let clock = Arc::clone(&wire.clock);
            if within(clock.as_ref(), QUIT, wire.lettre.command("QUIT\r\n")).await.is_none() {
                tracing::debug!("the submission server did not answer QUIT");
            }
        }
    }
}
