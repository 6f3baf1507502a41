//! The names given in EHLO (RFC 5321 §4.1.1.1), one after the other until the server takes one.
//!
//! A person's machine has no name to tell, so an address literal comes first. Must never tell the
//! machine's own name or, unless a server insists, its address.

use super::{Reply, fault};
use crate::world::World;
use chapar_engine::verdict::Failure;

/// What is said first, and to servers that refuse it; some take no literal, some only names with
/// a dot.
const NAMES: [&str; 3] = ["[127.0.0.1]", "localhost", "localhost.localdomain"];

/// Which name is said.
pub(super) struct Names {
    list: Vec<String>,
    at: usize,
    /// The refusal of the first name.
    first: Option<Reply>,
    has_own: bool,
}

impl Names {
    pub(super) fn new() -> Self {
        let list = NAMES.map(str::to_owned).to_vec();
        Self { list, at: 0, first: None, has_own: false }
    }

    /// The name to say now.
    pub(super) fn current(&self) -> &str {
        self.list.get(self.at).map_or(NAMES[0], String::as_str)
    }

    /// The server refuses this name: the next one, unless there is none or it was no matter of the
    /// name (RFC 5321 §3.8: with 421 the server closes).
    pub(super) async fn refused(
        &mut self,
        world: &World,
        host: &str,
        reply: &Reply,
    ) -> Result<(), Failure> {
        self.first.get_or_insert_with(|| reply.clone());
        if reply.code == 421 {
            return Err(fault::greeting(host, reply));
        }
        if self.at + 1 >= self.list.len() && !self.has_own {
            self.has_own = true;
            let own = world.net.own_address(host).await;
            let literal = own.map(|own| match own {
                std::net::IpAddr::V4(four) => format!("[{four}]"),
                std::net::IpAddr::V6(six) => format!("[IPv6:{six}]"),
            });
            self.list.extend(literal.filter(|literal| !self.list.contains(literal)));
        }
        self.at += 1;
        if self.at < self.list.len() {
            return Ok(());
        }
        self.at = 0;
        Err(self.refusal(host).unwrap_or_else(|| fault::greeting(host, reply)))
    }

    /// What the server said to the first name, when it refused one.
    pub(super) fn refusal(&self, host: &str) -> Option<Failure> {
        self.first.as_ref().map(|reply| fault::name(host, reply))
    }

    /// Whether the server refused a name and there is another one to try on a new connection.
    pub(super) fn can_go_on(&self) -> bool {
        self.first.is_some() && self.at > 0
    }
}
