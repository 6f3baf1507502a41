//! Table names and key layouts, nothing else.
//!
//! Every table maps bytes to bytes. Keys are fixed-width big-endian numbers, so byte order is the
//! order of the lists; what is listed newest first is stored complemented.

use chapar_engine::time::Wall;
use redb::TableDefinition;

/// The type of every table.
pub(super) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Every table of the database.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Table { $($(#[$doc])* $name,)* }

        impl Table {
            /// All tables, in the order of their numbers.
            pub(super) const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in the file; part of every record's checksum, so never changed.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

tables! {
    /// name → value: `schema`, `instance`, `uuid`.
    Meta = "meta",
    /// name → last drawn number.
    Counters = "counters",
    /// account → record.
    Accounts = "accounts",
    /// identity → record.
    Identities = "identities",
    /// mailbox → record.
    Mailboxes = "mailboxes",
    /// account, mailbox → nothing.
    MailboxesOf = "mailboxes_of",
    /// message → record.
    Messages = "messages",
    /// mailbox, uid → the columns that sync reads.
    Uids = "uids",
    /// mailbox, stage, newest first, highest uid first → size, message.
    Stages = "stages",
    /// scope, newest first, highest message first → nothing.
    Listing = "listing",
    /// scope → counts.
    Counts = "counts",
    /// account, hash of Message-ID, message → nothing.
    MessageIds = "message_ids",
    /// thread, oldest first, message → nothing.
    Threads = "threads",
    /// account, 0 = Message-ID or 1 = subject, hash → thread; account, 2, thread → the thread that it was
    /// joined to.
    ThreadKeys = "thread_keys",
    /// submission → record.
    Submissions = "submissions",
    /// account, submission → nothing.
    OpenSubmissions = "open_submissions",
    /// submission that failed → nothing.
    FailedSubmissions = "failed_submissions",
    /// account, hash of Message-ID → submission.
    SubmissionIds = "submission_ids",
    /// `k`, hash of idempotency key → record; `f`, account, time, the same hash → nothing: the key of a
    /// submission that was forgotten.
    Keys = "keys",
    /// content hash → place and references.
    Blobs = "blobs",
    /// pack → its length and live bytes.
    Packs = "packs",
    /// place → event.
    Journal = "journal",
    /// account, kind, place, object → place of creation, destroyed?
    Changes = "changes",
    /// account, kind, object → place of its last change, place of creation.
    LastChange = "last_change",
    /// place, account, kind, object of a destruction → nothing; for forgetting it in time.
    Destroyed = "destroyed",
    /// account, kind → place of the last change.
    States = "states",
    /// account, mailbox, uid or 0 for the mailbox itself → why it is set aside.
    Troubles = "troubles",
    /// mailbox → how it compares with the server's.
    Proofs = "proofs",
    /// key in the vault → nothing: a secret that no account refers to, to be deleted there.
    Strays = "strays",
}

impl Table {
    /// Its definition.
    pub(super) const fn definition(self) -> Definition {
        TableDefinition::new(self.name())
    }

    /// Its place in [`Table::ALL`].
    pub(super) const fn number(self) -> usize {
        self as usize
    }
}

/// What a list or a count covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// Every account.
    All,
    /// One account.
    Account(u64),
    /// One mailbox.
    Mailbox(u64),
}

/// A key under construction.
#[derive(Clone, Debug, Default)]
pub(super) struct Key(Vec<u8>);

impl Key {
    /// Starts with one number.
    pub(super) fn of(number: u64) -> Self {
        Self::default().u64(number)
    }

    /// A key that was read.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// Starts with the scope of a list.
    pub(super) fn scope(scope: Scope) -> Self {
        let (kind, id) = match scope {
            Scope::All => (0, 0),
            Scope::Account(id) => (1, id),
            Scope::Mailbox(id) => (2, id),
        };
        Self::default().u8(kind).u64(id)
    }

    pub(super) fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(super) fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    /// A number whose highest comes first.
    pub(super) fn u32_down(self, value: u32) -> Self {
        self.u32(!value)
    }

    /// A number whose highest comes first.
    pub(super) fn u64_down(self, value: u64) -> Self {
        self.u64(!value)
    }

    /// A time, oldest first. The sign bit is turned so that byte order is time order.
    pub(super) fn wall(self, at: Wall) -> Self {
        self.u64(at.0.cast_unsigned() ^ (1 << 63))
    }

    /// A time, newest first.
    pub(super) fn wall_down(self, at: Wall) -> Self {
        self.u64_down(at.0.cast_unsigned() ^ (1 << 63))
    }

    /// A fixed name.
    pub(super) fn name(mut self, name: &str) -> Self {
        self.0.extend(name.as_bytes());
        self
    }

    /// Sixteen bytes standing for a text of any length.
    pub(super) fn text(mut self, text: &str) -> Self {
        let hash = blake3::hash(text.as_bytes());
        self.0.extend(hash.as_bytes().iter().take(16));
        self
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first key after all that begin with this one; empty = no bound.
    pub(super) fn end(&self) -> Vec<u8> {
        let mut end = self.0.clone();
        while let Some(last) = end.pop() {
            if last < u8::MAX {
                end.push(last + 1);
                break;
            }
        }
        end
    }
}

/// Numbers read off the front of a key or a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a>(pub(super) &'a [u8]);

impl Parts<'_> {
    pub(super) fn u8(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*first))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*first))
    }

    /// Passes over `n` bytes.
    pub(super) fn skip(&mut self, n: usize) -> Option<()> {
        self.0 = self.0.get(n..)?;
        Some(())
    }
}
