//! Messages on their way to one client.

use crate::ipc::limits;
use crate::ipc::purse::Room;
use chapar_ipc_protocol::frame::{Framing, encode};

/// Bytes waiting to be written.
#[derive(Default)]
pub(super) struct Out {
    bytes: Vec<u8>,
    written: usize,
    /// What the answers among them take of the client's purse.
    rooms: Vec<Room>,
}

impl Out {
    /// Adds a message.
    pub(super) fn say(&mut self, framing: Framing, message: &[u8]) {
        encode(framing, message, &mut self.bytes);
    }

    /// Keeps the room of an answer until everything is written.
    pub(super) fn keep(&mut self, room: Option<Room>) {
        self.rooms.extend(room);
    }

    /// Whether others may wait for what is not written.
    pub(super) fn holds_room(&self) -> bool {
        !self.rooms.is_empty()
    }

    /// Adds messages that are framed already.
    pub(super) fn add(&mut self, framed: &[u8]) {
        self.bytes.extend_from_slice(framed);
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
            self.rooms.clear();
        }
    }
}
