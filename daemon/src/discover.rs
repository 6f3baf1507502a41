//! Discovery: which servers, and which way to sign in, belong to an address.
//!
//! Owns the questions asked of DNS and HTTP and their limits; what the answers mean is decided in
//! the engine. Must never offer a server whose TLS was not verified, and never ask over plain HTTP.

use crate::config::Config;
use crate::world::World;
use chapar_engine::account::Endpoint;
use chapar_engine::verdict::Failure;
use std::time::Duration;

/// One way to reach a mailbox, checked live.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Where it was found: `provider`, `config`, `autoconfig`, `well-known`, `ispdb`, `pacc`, `srv`, `mx`,
    /// `guess`.
    pub source: &'static str,
    /// A phrase for people, such as `autoconfig, HTTPS` or `MX`.
    pub found_by: String,
    /// How far it is believed: 0 (a guess) to 100 (the built-in table).
    pub trust: u8,
    /// Provider key, `other` when unknown.
    pub provider: String,
    /// IMAP server.
    pub imap: Endpoint,
    /// Submission server.
    pub smtp: Endpoint,
    /// Login name.
    pub user: String,
    /// Ways to sign in, best first: `oauth2`, `password`.
    pub auth: Vec<&'static str>,
    /// Issuer identifier, when it is not the provider's own.
    pub issuer: Option<String>,
    /// Scopes named with the issuer.
    pub scopes: Vec<String>,
    /// What the live check of the IMAP server found.
    pub imap_check: Check,
    /// What the live check of the submission server found.
    pub smtp_check: Check,
}

/// A live check: TLS verified, greeting and capabilities read, no credential sent.
#[derive(Clone, Debug)]
pub struct Check {
    /// How long it took.
    pub took: Duration,
    /// What the server offers (capabilities or EHLO keywords), or why it is no good.
    pub outcome: Result<Vec<String>, Failure>,
}

/// One source that was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// See [`Candidate::source`].
    pub source: &'static str,
    /// How long it took.
    pub took: Duration,
    /// How many candidates it gave, or why none.
    pub outcome: Result<usize, Failure>,
}

/// All that was found for an address.
#[derive(Clone, Debug)]
pub struct Found {
    /// Candidates whose servers hold, best first; then those that do not, with the reason.
    pub candidates: Vec<Candidate>,
    /// Every source asked.
    pub asked: Vec<Asked>,
    /// How long it took.
    pub took: Duration,
}

/// Looks for the servers of `email`; at most 3 s, whatever anybody answers.
pub async fn discover(
    _world: &World,
    _config: &Config,
    _email: &str,
    _ca_pem: Option<&str>,
) -> Result<Found, Failure> {
    todo!()
}
