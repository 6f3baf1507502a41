//! Messages on their way to one client.

use crate::ipc::limits;
use chapar_ipc_protocol::frame::{Framing, encode};

/// Bytes waiting to be written.
#[derive(Default)]
pub(super) struct Out {
    bytes: Vec<u8>,
    written: usize,
}

impl Out {
    /// Adds a message.
    pub(super) fn say(&mut self, framing: Framing, message: &[u8]) {
        encode(framing, message, &mut self.bytes);
    }

    /// What is not written yet.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// The first `count` bytes of the rest are written.
    pub(super) fn written(&mut self, count: usize) {
        self.written += count;
        if self.is_empty() {
            self.bytes.clear();
            self.bytes.shrink_to(limits::KEPT_BYTES);
            self.written = 0;
        }
    }
}
