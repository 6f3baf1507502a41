//! `Address/check`.

use super::{Answer, answer};
use crate::ipc::fault;
use chapar_engine::lookalike::{ascii_beside, ascii_beside_address};
use chapar_ipc_protocol::address::{AddressCheck, AddressCheckReply};
use chapar_ipc_protocol::standard::MAX_OBJECTS;

/// Characters of one name: a mail address with the longest domain has 320 (RFC 5321 §4.5.3.1).
const NAME_CHARS: usize = 512;

pub(in crate::ipc) fn check(params: AddressCheck) -> Answer {
    if params.names.len() > MAX_OBJECTS {
        return Err(fault::argument(format!("`names`: at most {MAX_OBJECTS} at once.")));
    }
    if params.names.iter().any(|name| name.chars().count() > NAME_CHARS) {
        return Err(fault::argument(format!(
            "`names`: one is longer than {NAME_CHARS} characters."
        )));
    }
    let shown = |name: String| {
        let ascii =
            if name.contains('@') { ascii_beside_address(&name) } else { ascii_beside(&name) };
        ascii.map(|ascii| (name, ascii))
    };
    answer(&AddressCheckReply { lookalikes: params.names.into_iter().filter_map(shown).collect() })
}
