//! Addresses and servers whose domain can be read as another one, told before anything goes there.
//! Which ones they are, the daemon says.

use std::collections::{BTreeMap, BTreeSet};

use chapar_ipc_protocol::address::AddressCheck;
use chapar_ipc_protocol::standard::MAX_OBJECTS;

use crate::daemon::Daemon;
use crate::error::Fault;
use crate::screen::Screen;

/// Of these addresses and hosts those that can be taken for others, with the `xn--` form of their
/// domain. Nobody is asked about names in ASCII; a daemon that cannot say stops nothing.
pub(crate) fn among<'n>(
    daemon: &mut Daemon,
    names: impl Iterator<Item = &'n str>,
) -> Result<BTreeMap<String, String>, Fault> {
    let foreign: BTreeSet<String> =
        names.filter(|name| !name.is_ascii()).map(str::to_owned).take(MAX_OBJECTS).collect();
    if foreign.is_empty() {
        return Ok(BTreeMap::new());
    }
    match daemon.call(&AddressCheck { names: foreign.into_iter().collect() }) {
        Ok(reply) => Ok(reply.lookalikes),
        Err(fault) if fault.code == "socket.protocol" => Ok(BTreeMap::new()),
        Err(fault) => Err(fault),
    }
}

/// Tells them, a sentence each.
pub(crate) fn tell(screen: &Screen, lookalikes: &BTreeMap<String, String>) {
    for (name, ascii) in lookalikes {
        let of = if name.contains('@') { "the domain of " } else { "" };
        screen.caution(&format!("{of}{name} is {ascii}, which can be read as another name."));
    }
}
