//! One authenticated submission session (RFC 6409, 5321). The only module that names lettre. Must
//! never decide whether to try again, and never touch the store: the caller makes each phase
//! durable between the steps.

use crate::world::World;
use chapar_engine::account::Endpoint;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;

/// Where and as whom.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "see chapar_engine::account::Account")]
pub struct Login {
    pub endpoint: Endpoint,
    pub user: String,
    pub password: Secret,
    pub ca_pem: Option<String>,
}

/// A server reply: code and text, cleaned of control characters, at most 512 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 5321 §4.2")]
pub struct Reply {
    pub code: u16,
    pub text: String,
}

/// A live session.
pub struct Session {}

/// A transaction whose recipients were accepted and whose DATA got 354; nothing is sent yet.
/// Dropping it without [`Ready::deliver`] ends the session without a message having been sent.
pub struct Ready<'s> {
    marker: std::marker::PhantomData<&'s ()>,
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

impl Session {
    /// Dials, verifies TLS, EHLO, AUTH (PLAIN or LOGIN by capability).
    pub async fn login(world: &World, login: &Login) -> Result<Self, Failure> {
        let _ = (world, login);
        todo!()
    }
    /// SIZE limit the server announced, in bytes (RFC 1870).
    pub fn max_size(&self) -> Option<u64> {
        todo!()
    }
    /// MAIL, RCPT for each, DATA. Returns each recipient's reply in order; `Ready` when at least
    /// one was accepted and DATA got 354, else None (after RSET).
    pub async fn begin(
        &mut self,
        from: &str,
        recipients: &[String],
        size: u64,
        eight_bit: bool,
    ) -> Result<(Vec<Reply>, Option<Ready<'_>>), Failure> {
        let _ = (from, recipients, size, eight_bit);
        todo!()
    }
    /// QUIT under a short deadline; never fails.
    pub async fn quit(self) {
        todo!()
    }
}

impl Ready<'_> {
    /// Writes the dot-stuffed bytes and the final dot, waits for the reply.
    pub async fn deliver(self, bytes: &[u8]) -> Outcome {
        let _ = (bytes, self.marker);
        todo!()
    }
}
