//! The life of a grant's access tokens: when to get a new one, what an issuer's answer means, and
//! when the grant is really over.
//!
//! Owns the one rule that keeps people from signing in for nothing: a grant ends when its issuer
//! says so in OAuth's own words (RFC 6749 §5.2, `invalid_grant`), and by nothing else. Must never
//! ask anybody, and never keep a refresh token: those are the vault's.

mod answer;
mod machine;

pub use answer::{Body, Lifetime, Renewal, Reply, TOKEN_BYTES, judge};
pub use machine::{Due, Grants, State, Token};
