//! OAuth 2.0 (RFC 6749): how a person lets chapar use a mailbox, and the tokens that come of it.
//!
//! Owns the flow in the person's browser (RFC 8252, 7636, 9207), the device code (RFC 8628), the
//! issuer's metadata (RFC 8414) and registration (RFC 7591), and every token: the refresh token in
//! the vault, the access token in memory. Only this module names the `oauth2` crate. Must never let
//! a token into a log, an event or the store, follow a redirect of a token endpoint, or take
//! anything but an OAuth `invalid_grant` for the end of a grant.

mod answer;
mod callback;
mod choice;
mod client;
mod device;
mod exchange;
mod identity;
mod line;
mod metadata;
mod page;
mod party;
mod redirect;
mod register;
pub mod signin;
pub mod tokens;

pub use choice::client_known;

use chapar_engine::credential::Grant;
use chapar_engine::secret::Secret;
use chapar_engine::time::Boot;

/// An access token and how long it holds.
#[derive(Clone, Debug)]
pub struct Access {
    /// The token.
    pub token: Secret,
    /// When it ends, if the issuer said so; suspend-aware.
    pub expires_at: Option<Boot>,
}

/// What a finished sign-in gives: a grant, its secrets, and who signed in.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The consent.
    pub grant: Grant,
    /// The secret of a client that has one (Google's desktop clients).
    pub client_secret: Option<Secret>,
    /// The refresh token. A sign-in without one has failed.
    pub refresh: Secret,
    /// The first access token.
    pub access: Access,
    /// The address the issuer says signed in (a claim of the ID token or of `userinfo`), if it says.
    pub address: Option<String>,
}
