//! One number for everything that happened: bytes on the wire, notes, in order.

use std::sync::{Arc, Mutex};

/// FNV-1a, 64 bits (offset basis and prime of its specification).
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;
/// Notes kept for printing; older ones only count in the hash.
const NOTES: usize = 400;
/// Pieces of the wire kept for [`Trace::wire`], and bytes of each.
const PIECES: (usize, usize) = (40, 120);

#[derive(Debug)]
struct Tape {
    hash: u64,
    bytes: u64,
    notes: std::collections::VecDeque<String>,
    wire: std::collections::VecDeque<String>,
}

/// The running hash; cheap to clone.
#[derive(Clone, Debug)]
pub struct Trace(Arc<Mutex<Tape>>);

impl Default for Trace {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Tape {
            hash: BASIS,
            bytes: 0,
            notes: std::collections::VecDeque::new(),
            wire: std::collections::VecDeque::new(),
        })))
    }
}

impl Trace {
    /// Takes `bytes` of channel `name` into the hash.
    pub fn bytes(&self, name: &str, bytes: &[u8]) {
        let mut tape = self.0.lock().unwrap();
        if tape.wire.len() == PIECES.0 {
            tape.wire.pop_front();
        }
        let piece = String::from_utf8_lossy(&bytes[..bytes.len().min(PIECES.1)]);
        tape.wire.push_back(format!("{name} {piece:?}"));
        tape.bytes += bytes.len() as u64;
        for byte in name.bytes().chain(bytes.iter().copied()) {
            tape.hash = (tape.hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
    }

    /// Takes a readable line into the hash and keeps it for [`Self::notes`].
    pub fn note(&self, line: &str) {
        self.bytes("note", line.as_bytes());
        let mut tape = self.0.lock().unwrap();
        if tape.notes.len() == NOTES {
            tape.notes.pop_front();
        }
        tape.notes.push_back(line.into());
    }

    /// The hash so far.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.0.lock().unwrap().hash
    }

    /// How many bytes are in it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.lock().unwrap().bytes
    }

    /// Whether nothing happened yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The last pieces of the wire, oldest first.
    #[must_use]
    pub fn wire(&self) -> Vec<String> {
        self.0.lock().unwrap().wire.iter().cloned().collect()
    }

    /// The last notes, oldest first.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.0.lock().unwrap().notes.iter().cloned().collect()
    }
}
