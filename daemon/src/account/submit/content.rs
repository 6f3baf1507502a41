//! The bytes of attachments on their way into a message: read from where they lie, twice, a piece at
//! a time. The first time they are looked at, the second time they go compressed into a blob. Owns the
//! promise that a mail of any size is never whole in memory, and that what was looked at is what is
//! sent.

use super::SubmitError;
use crate::store::{Packed, Packing, StoreError};
use chapar_engine::compose::{
    Attachment, Base64, Bytes, Checker, Draft, DraftError, Frozen, Piece, Plan, plan,
};
use std::io::{self, Cursor, Read};
use std::sync::Arc;

/// Bytes read at once.
const PIECE: usize = 64 << 10;

/// Where the bytes of an attachment lie. They must not change.
pub trait Lying: Send + Sync {
    /// How many there are.
    fn size(&self) -> u64;
    /// Reads them from the beginning. A [`StoreError`] may stand inside the [`io::Error`].
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;
}

impl Lying for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Cursor::new(self)))
    }
}

/// The bytes of an attachment, and what is known of them.
pub struct Content {
    lying: Arc<dyn Lying>,
    /// Known once they were looked at.
    seen: Option<Seen>,
}

struct Seen {
    hash: blake3::Hash,
    may_stand: bool,
}

impl Content {
    /// Bytes that nobody looked at yet.
    pub fn new(lying: Arc<dyn Lying>) -> Self {
        Self { lying, seen: None }
    }

    /// Looks at all of them, and gives each piece to `take`.
    pub(super) fn look(&mut self, mut take: impl FnMut(&[u8])) -> Result<(), SubmitError> {
        let mut checker = Checker::default();
        let hash = self.each(|piece| {
            checker.take(piece);
            take(piece);
            Ok(())
        })?;
        let may_stand = checker.is_ascii() && checker.end().is_ok();
        self.seen = Some(Seen { hash, may_stand });
        Ok(())
    }

    /// Reads them once more; fails when they are others than those that were looked at.
    fn again(&self, take: impl FnMut(&[u8]) -> Result<(), SubmitError>) -> Result<(), SubmitError> {
        let hash = self.each(take)?;
        if self.seen.as_ref().is_none_or(|seen| seen.hash == hash) {
            return Ok(());
        }
        Err(SubmitError::Unreadable("its bytes changed while it was read".into()))
    }

    /// Gives every piece to `take`; their hash.
    fn each(
        &self,
        mut take: impl FnMut(&[u8]) -> Result<(), SubmitError>,
    ) -> Result<blake3::Hash, SubmitError> {
        let mut reader = self.lying.open().map_err(unreadable)?;
        let (mut hash, mut piece, mut size) = (blake3::Hasher::new(), vec![0; PIECE], 0);
        loop {
            let count = reader.read(&mut piece).map_err(unreadable)?;
            let bytes = piece.get(..count).unwrap_or_default();
            hash.update(bytes);
            size += bytes.len() as u64;
            take(bytes)?;
            if count == 0 {
                break;
            }
        }
        // the size of the message was told before
        if size != self.lying.size() {
            return Err(SubmitError::Unreadable("it has not as many bytes as it had".into()));
        }
        Ok(hash.finalize())
    }
}

impl Bytes for Content {
    fn size(&self) -> u64 {
        self.lying.size()
    }

    fn may_stand(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.may_stand)
    }
}

fn unreadable(error: io::Error) -> SubmitError {
    match error.downcast::<StoreError>() {
        Ok(error) => error.into(),
        Err(error) => SubmitError::Unreadable(error.to_string()),
    }
}

/// A finished message, ready to be stored.
pub(super) struct Sealed {
    pub(super) from: String,
    pub(super) recipients: Vec<String>,
    pub(super) packed: Packed,
}

/// Builds the message of `draft`, whose attachments were looked at, into `packing`.
pub(super) fn seal(
    draft: &Draft<Content>,
    frozen: &Frozen,
    packing: Packing,
) -> Result<Sealed, SubmitError> {
    let Plan { from, recipients, pieces, .. } = plan(draft, frozen)?;
    let mut sink = Sink { packing, checker: Checker::default() };
    for piece in &pieces {
        match piece {
            Piece::Bytes(bytes) => sink.add(bytes)?,
            Piece::AsIs(index) => content(draft, *index)?.again(|bytes| sink.add(bytes))?,
            Piece::Base64(index) => coded(content(draft, *index)?, &mut sink)?,
        }
    }
    let Sink { packing, checker } = sink;
    checker.end().map_err(|what| DraftError::Unsendable { what })?;
    Ok(Sealed { from, recipients, packed: packing.finish()? })
}

fn content(draft: &Draft<Content>, index: usize) -> Result<&Content, SubmitError> {
    let found = draft.attachments.get(index).map(|Attachment { bytes, .. }| bytes);
    let what = "it has no such attachment";
    found.ok_or_else(|| DraftError::Unsendable { what }.into())
}

fn coded(content: &Content, sink: &mut Sink) -> Result<(), SubmitError> {
    let (mut lines, mut out) = (Base64::default(), Vec::new());
    content.again(|bytes| {
        lines.take(bytes, &mut out);
        let added = sink.add(&out);
        out.clear();
        added
    })?;
    lines.end(&mut out);
    sink.add(&out)
}

/// Where the bytes of the message go.
struct Sink {
    packing: Packing,
    checker: Checker,
}

impl Sink {
    fn add(&mut self, bytes: &[u8]) -> Result<(), SubmitError> {
        self.checker.take(bytes);
        Ok(self.packing.add(bytes)?)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Other bytes the second time.
    struct Fickle(AtomicBool);

    impl Lying for Fickle {
        fn size(&self) -> u64 {
            3
        }

        fn open(&self) -> io::Result<Box<dyn Read + '_>> {
            let first = !self.0.swap(true, Ordering::Relaxed);
            Ok(Box::new(if first { &b"abc"[..] } else { b"abd" }))
        }
    }

    #[test]
    fn bytes_that_change_are_not_sent() {
        let mut content = Content::new(Arc::new(Fickle(AtomicBool::new(false))));
        let mut seen = Vec::new();
        content.look(|piece| seen.extend_from_slice(piece)).unwrap();
        assert_eq!(seen, b"abc");
        assert!(matches!(content.again(|_| Ok(())), Err(SubmitError::Unreadable(_))));
    }

    #[test]
    fn what_may_stand_in_a_message_is_known_after_one_look() {
        for (bytes, may_stand) in
            [(&b"A: b\r\n\r\nx\r\n"[..], true), (b"A: b\n\n", false), (b"A: \xFC\r\n\r\n", false)]
        {
            let mut content = Content::new(Arc::new(bytes.to_vec()));
            assert!(!content.may_stand());
            content.look(|_| ()).unwrap();
            assert_eq!(content.may_stand(), may_stand);
            content.again(|_| Ok(())).unwrap();
        }
    }
}
