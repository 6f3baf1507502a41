//! Mozilla's autoconfig documents (draft-ietf-mailmaint-autoconfig), as providers really write
//! them: elements in any order, unknown types, `oAuth2` inside or outside of `emailProvider`,
//! placeholders without their end.

mod document;
mod elements;

pub use document::proposals;
pub use elements::read;

use crate::account::Security;
use crate::provider::Way;

/// Servers kept of each kind: real documents have up to four.
const SERVERS: usize = 16;

/// What a document says, as far as it concerns us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// IMAP servers in its order.
    pub imap: Vec<Server>,
    /// Submission servers in its order.
    pub smtp: Vec<Server>,
    /// It also has servers of kinds we do not speak, such as POP3.
    pub others: bool,
    /// `oAuth2/issuer`.
    pub issuer: Option<String>,
    /// `oAuth2/scope`.
    pub scopes: Vec<String>,
}

/// One server of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// May contain placeholders.
    pub host: String,
    /// Its port; `None`: not a port.
    pub port: Option<u16>,
    /// How TLS begins; `None`: it does not.
    pub security: Option<Security>,
    /// The usable ways to sign in, in its order.
    pub ways: Vec<Way>,
    /// May contain placeholders.
    pub user: String,
}
