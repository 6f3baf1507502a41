//! Mail made from a seed: the same seed, the same bytes. People, threads, text and HTML,
//! attachments, non-ASCII names, dates that grow.

mod compose;
mod words;

use super::mailstore::Mailstore;
use compose::Writer;

/// Seconds between two messages: a busy working day.
const STEP_SECONDS: i64 = 617;

/// A small, fast generator (xorshift64*), so that no crate's version changes the corpus.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Starts at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end` (which is above zero).
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() >> 11).unwrap_or(0) % end
    }

    /// One of `all`.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// Mailboxes with names that a real person has: nested, with spaces, accents, an ampersand.
pub const MAILBOXES: [&str; 12] = [
    "INBOX",
    "Archive",
    "Sent",
    "Drafts",
    "Junk",
    "Trash",
    "Entwürfe & Ideen",
    "Kunden",
    "Kunden/Müller GmbH",
    "Kunden/日本支社",
    "Projekte/2026/Hausbau",
    "Lists/rust-users",
];

/// Fills `user`'s mailboxes with `count` messages, the newest at `newest` (seconds since 1970).
/// Half lie in INBOX, the rest is spread over `mailboxes`, which are made when missing.
pub fn fill(
    store: &Mailstore,
    user: &str,
    mailboxes: &[&str],
    count: usize,
    seed: u64,
    newest: i64,
) {
    for mailbox in mailboxes {
        store.create_mailbox(user, mailbox, None);
    }
    let mut writer = Writer::new(user, seed);
    for at in 0..count {
        let left = i64::try_from(count - at - 1).unwrap_or(0);
        let date = newest - left * STEP_SECONDS;
        let mailbox = if writer.dice.chance(50) { "INBOX" } else { *writer.dice.pick(mailboxes) };
        let bytes = writer.message(date, mailbox == "Sent");
        let flags: &[&str] = match writer.dice.below(10) {
            0 => &[],
            1 => &["\\Seen", "\\Flagged"],
            2 => &["\\Seen", "\\Answered"],
            3 => &["\\Seen", "$Forwarded"],
            _ => &["\\Seen"],
        };
        store.deliver_with(user, mailbox, &bytes, date, flags);
    }
}

/// One message to `user`, for a delivery by a test or the demo.
#[must_use]
pub fn one(user: &str, seed: u64, date: i64) -> Vec<u8> {
    Writer::new(user, seed).message(date, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_mail_and_the_newest_is_last() {
        let mut shots = Vec::new();
        for seed in [7, 7, 8] {
            let store = Mailstore::default();
            store.add_account("ada@example.test", "korpus-Kanar-2093");
            fill(&store, "ada@example.test", &MAILBOXES, 300, seed, 1_790_000_000);
            shots.push(store.snapshot("ada@example.test"));
        }
        assert_eq!(shots[0], shots[1]);
        assert_ne!(shots[0], shots[2]);
        let all: Vec<_> = shots[0].values().flat_map(|folder| &folder.messages).collect();
        assert_eq!(all.len(), 300);
        assert_eq!(all.iter().map(|stored| stored.internal_date).max(), Some(1_790_000_000));
        let bodies: Vec<_> =
            all.iter().map(|stored| String::from_utf8_lossy(&stored.body)).collect();
        assert!(bodies.iter().any(|body| body.contains("In-Reply-To:")));
        assert!(bodies.iter().any(|body| body.contains("text/html")));
        assert!(bodies.iter().any(|body| body.contains("attachment")));
        assert!(bodies.iter().all(|body| !body.replace("\r\n", "").contains('\n')));
    }
}
