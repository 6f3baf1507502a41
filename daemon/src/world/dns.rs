//! Questions to the DNS that a connection does not ask by itself: SRV, MX, TXT.

use super::BoxFuture;
use chapar_engine::verdict::Failure;

/// One SRV record (RFC 2782). A target of `.` says "not offered" and is given as an empty string.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of RFC 2782")]
pub struct Srv {
    pub target: String,
    pub port: u16,
    pub priority: u16,
    pub weight: u16,
}

/// The door to the DNS. An answer without records is an empty list; `net.unknown_host` is a name
/// that does not exist; every call has its own deadline (`net.timeout`). Names come without the
/// final dot.
pub trait Dns: Send + Sync {
    /// SRV records of `name`, such as `_imaps._tcp.example.org`.
    fn srv<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<Srv>, Failure>>;
    /// Mail exchangers of `domain`, best first.
    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>>;
    /// TXT records of `name`, each with its strings joined.
    fn txt<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>>;
}

/// The system's name servers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDns;

impl Dns for SystemDns {
    fn srv<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, Result<Vec<Srv>, Failure>> {
        todo!()
    }

    fn mx<'a>(&'a self, _domain: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        todo!()
    }

    fn txt<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        todo!()
    }
}
