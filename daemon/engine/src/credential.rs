//! What an account signs in with, and what a login shows to a server.

use crate::account::Endpoint;
use crate::secret::Secret;

/// How an account signs in. The secret itself lies in the vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// A password, or an app password.
    #[default]
    Password,
    /// An OAuth grant (RFC 6749).
    Grant(Grant),
}

impl Auth {
    /// The grant, if it is one.
    #[must_use]
    pub fn grant(&self) -> Option<&Grant> {
        match self {
            Self::Password => None,
            Self::Grant(grant) => Some(grant),
        }
    }
}

/// A person's consent that chapar uses a mailbox: everything about it but its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who gave it.
    pub issuer: Issuer,
    /// As which client (RFC 6749 §2.2).
    pub client_id: String,
    /// What was granted, in the issuer's words; empty when it did not say.
    pub scopes: Vec<String>,
}

/// An authorization server, as RFC 8414 describes one. All URLs are `https`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issuer {
    /// Its identifier, an `https` URL; what `iss` must equal (RFC 9207).
    pub id: String,
    /// Where the person agrees.
    pub authorize_url: String,
    /// Where codes and refresh tokens become access tokens.
    pub token_url: String,
    /// Where a device code is had (RFC 8628).
    pub device_url: Option<String>,
    /// Where a token is given back (RFC 7009).
    pub revoke_url: Option<String>,
    /// Where a client introduces itself (RFC 7591).
    pub register_url: Option<String>,
    /// It promises `iss` in every answer (RFC 9207 §3): one without is then refused.
    pub says_iss: bool,
}

/// What a login shows to a server. Only ever written inside verified TLS.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A password: PLAIN, LOGIN.
    Password(Secret),
    /// An access token: OAUTHBEARER, XOAUTH2.
    Token(Secret),
}

/// Where and as whom to log in at a mail server.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "see crate::account::Account")]
pub struct Login {
    pub endpoint: Endpoint,
    pub user: String,
    pub credential: Credential,
    pub ca_pem: Option<String>,
    /// Discovery named the server: it may only be at a public address.
    pub public_only: bool,
}
