//! One authenticated submission session (RFC 6409, 5321). The only module that names lettre. Must
//! never decide whether to try again, and never touch the store: the caller makes each phase
//! durable between the steps.

mod deliver;
mod envelope;
mod extensions;
mod fault;
mod guard;
mod login;
mod prelude;
mod probe;
mod reply;

pub use chapar_engine::credential::Login;
pub use probe::offers;

use crate::world::World;
use crate::world::clock::{Clock, within};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::verdict::Failure;
use extensions::Extensions;
use guard::{Guard, Heards};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// The greeting: RFC 5321 §4.5.3.2.1 allows 5 minutes for mail exchangers; a submission server
/// that needs more than one has a fault worth telling.
const GREETING: Duration = Duration::from_mins(1);
/// Any command before the message (RFC 5321 §4.5.3.2.2–3).
const COMMAND: Duration = Duration::from_mins(5);
/// QUIT is courtesy.
const QUIT: Duration = Duration::from_secs(5);
/// Recipients in one flight: their commands and replies fit the socket buffers of both sides, so
/// that neither waits for the other to read (RFC 2920 §3.1).
const FLIGHT: usize = 50;
/// The name given: an address literal, because a person's machine has no name to tell.
const EHLO: &str = "EHLO [127.0.0.1]\r\n";

/// A server reply: code and text, cleaned of control characters, at most 512 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 5321 §4.2")]
pub struct Reply {
    pub code: u16,
    pub text: String,
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
            return Err(fault::bad_reply(&self.host, what, "a reply nobody asked for"));
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
                self.taken(answer).map_err(|error| fault::lost(&self.host, what, &error))
            }
        }
    }

    /// lettre says whether a reply came; its whole text is with the guard.
    fn taken(&self, answer: Result<Response, Error>) -> Result<Reply, String> {
        match answer {
            Err(error) if error.status().is_none() => Err(error.to_string()),
            _ => self.heards.take().map(|heard| heard.reply()).ok_or_else(|| "no reply".to_owned()),
        }
    }
}

impl Session {
    /// Dials, verifies TLS, EHLO, AUTH (PLAIN or LOGIN by capability).
    pub async fn login(world: &World, login: &Login) -> Result<Self, Failure> {
        let Endpoint { host, port, security } = &login.endpoint;
        let mut stream = world.net.connect(host, *port).await?;
        if *security == Security::StartTls {
            prelude::prelude(world, &mut stream, host).await?;
        }
        let secured = world.net.secure(stream, host, login.ca_pem.as_deref()).await?;
        let greeted = *security == Security::StartTls;
        let (guard, heards) = Guard::new(secured, greeted);
        let mut wire = Self::greet(world, guard, heards, host).await?;
        login::sign_in(&mut wire, login).await?;
        Ok(Self { max_size: wire.extensions.max_size, host: host.clone(), wire: Some(wire) })
    }

    /// Greeting and EHLO inside TLS.
    async fn greet(
        world: &World,
        guard: Guard,
        heards: Heards,
        host: &str,
    ) -> Result<Wire, Failure> {
        let name = ClientId::Ipv4(Ipv4Addr::LOCALHOST);
        let greeted = AsyncSmtpConnection::connect_with_transport(Box::new(guard), &name);
        let greeted = within(world.clock.as_ref(), GREETING, greeted).await;
        let (first, second) = (heards.take(), heards.take());
        let lettre = match greeted {
            None => return Err(fault::timeout(host, "the greeting", GREETING)),
            Some(Ok(lettre)) => lettre,
            Some(Err(error)) => {
                return Err(match second.or(first) {
                    Some(heard) if error.status().is_some() => {
                        fault::greeting(host, &heard.reply())
                    }
                    None if fault::is_other_language(&error) => {
                        fault::not_smtp(host, &error.to_string())
                    }
                    _ => fault::lost(host, "the greeting", &error.to_string()),
                });
            }
        };
        match (first, second) {
            (Some(first), Some(second)) if first.code == 220 && second.code == 250 => Ok(Wire {
                lettre,
                heards,
                extensions: Extensions::read(&second),
                host: host.to_owned(),
                clock: Arc::clone(&world.clock),
            }),
            (first, second) => Err(match second.or(first) {
                Some(heard) => fault::greeting(host, &heard.reply()),
                None => fault::lost(host, "the greeting", "no reply"),
            }),
        }
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

    /// MAIL, RCPT for each, DATA. Returns each recipient's reply in order; `Ready` when at least
    /// one was accepted and DATA got 354, else None (after RSET). Where recipients were accepted
    /// but DATA was refused, their replies are DATA's: it is about them.
    pub async fn begin(
        &mut self,
        from: &str,
        recipients: &[String],
        size: u64,
        eight_bit: bool,
    ) -> Result<(Vec<Reply>, Option<Ready<'_>>), Failure> {
        let Some(mut wire) = self.wire.take() else {
            return Err(fault::lost(&self.host, "MAIL", "the session is over"));
        };
        if let Some(refusal) = preflight(&wire, from, recipients, size, eight_bit) {
            self.wire = Some(wire);
            return Err(refusal);
        }
        let utf8 = !from.is_ascii() || recipients.iter().any(|to| !to.is_ascii());
        let mail = envelope::mail(from, size, eight_bit, utf8, &wire.extensions);
        let (sender, mut replies, data) = if wire.extensions.pipelining {
            wire.flights(mail, recipients).await?
        } else {
            wire.one_by_one(&mail, recipients).await?
        };
        let accepted = |reply: &Reply| reply.code / 100 == 2;
        let sender_accepted = accepted(&sender);
        let some = sender_accepted && replies.iter().any(accepted);
        match data {
            Some(data) if data.code == 354 && some => {
                let ready = Ready { session: self, wire };
                return Ok((replies, Some(ready)));
            }
            // nobody to send to and yet it waits for a message: an empty one ends that
            // (RFC 2920 §3.1); after a refused sender nothing it says can be relied on
            Some(data) if data.code == 354 => {
                if !sender_accepted {
                    return Err(fault::sender(&self.host, from, &sender));
                }
                wire.ask(".\r\n", "the empty message").await?;
            }
            Some(data) if data.code < 400 => {
                return Err(fault::bad_reply(&self.host, "DATA", &data.to_string()));
            }
            Some(data) if some => {
                for reply in replies.iter_mut().filter(|reply| accepted(reply)) {
                    reply.clone_from(&data);
                }
            }
            _ => {}
        }
        // what is known stays known when the server hangs up now (421)
        if wire.ask("RSET\r\n", "RSET").await.is_ok() {
            self.wire = Some(wire);
        }
        if sender_accepted {
            Ok((replies, None))
        } else {
            Err(fault::sender(&self.host, from, &sender))
        }
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

/// What is wrong with the transaction before a byte of it is sent.
fn preflight(
    wire: &Wire,
    from: &str,
    recipients: &[String],
    size: u64,
    eight_bit: bool,
) -> Option<Failure> {
    if let Some(limit) = wire.extensions.max_size.filter(|limit| size > *limit) {
        return Some(fault::too_large(&wire.host, size, limit));
    }
    envelope::check(from, recipients, &wire.extensions, eight_bit, &wire.host).err()
}

/// Replies to MAIL, to each RCPT, and to DATA when it was asked.
type Replies = (Reply, Vec<Reply>, Option<Reply>);

impl Wire {
    /// All commands in as few flights as fit (RFC 2920).
    async fn flights(&mut self, mail: String, recipients: &[String]) -> Result<Replies, Failure> {
        let mut flight = mail;
        let mut sender = None;
        let mut replies = Vec::with_capacity(recipients.len());
        let mut asked = 0;
        let mut chunks = recipients.chunks(FLIGHT).peekable();
        while let Some(chunk) = chunks.next() {
            for to in chunk {
                flight.push_str(&envelope::rcpt(to));
            }
            if chunks.peek().is_none() {
                flight.push_str("DATA\r\n");
            }
            let first = self.ask(&flight, "MAIL").await?;
            if sender.is_none() {
                sender = Some(first);
            } else {
                replies.push(first);
            }
            flight.clear();
            asked += chunk.len();
            while replies.len() < asked {
                replies.push(self.next("RCPT").await?);
            }
        }
        let data = self.next("DATA").await?;
        let sender = sender.ok_or_else(|| fault::lost(&self.host, "MAIL", "no reply"))?;
        Ok((sender, replies, Some(data)))
    }

    /// One command, one reply; stops asking when the answer is known.
    async fn one_by_one(&mut self, mail: &str, recipients: &[String]) -> Result<Replies, Failure> {
        let sender = self.ask(mail, "MAIL").await?;
        let mut replies = Vec::with_capacity(recipients.len());
        if sender.code / 100 != 2 {
            return Ok((sender, replies, None));
        }
        for to in recipients {
            replies.push(self.ask(&envelope::rcpt(to), "RCPT").await?);
        }
        if replies.iter().all(|reply| reply.code / 100 != 2) {
            return Ok((sender, replies, None));
        }
        let data = self.ask("DATA\r\n", "DATA").await?;
        Ok((sender, replies, Some(data)))
    }
}
