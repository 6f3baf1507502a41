//! Message flags and keywords (RFC 9051 §2.3.2) and their JMAP spelling (RFC 8621 §4.1.1).
//!
//! Owns which flags are kept and how they compare. Must never invent a flag the server did not
//! say or the person did not set.

use crate::limits::{FLAG_BYTES, FLAGS_A_MESSAGE, FLAGS_BYTES};
use std::collections::BTreeSet;

/// System flags and well-known keywords: IMAP spelling and JMAP keyword.
const KNOWN: &[(&str, Option<&str>)] = &[
    ("\\Seen", Some("$seen")),
    ("\\Answered", Some("$answered")),
    ("\\Flagged", Some("$flagged")),
    ("\\Draft", Some("$draft")),
    // RFC 8621 §4.1.1: not exposed as a keyword
    ("\\Deleted", None),
    ("$Forwarded", Some("$forwarded")),
    ("$MDNSent", Some("$mdnsent")),
    ("$Junk", Some("$junk")),
    ("$NotJunk", Some("$notjunk")),
    ("$Phishing", Some("$phishing")),
    ("$Important", Some("$important")),
];

/// The flags of one message in IMAP spelling (`\Seen`, `$Forwarded`); `\Recent` is never kept.
/// System flags compare without case and are kept in their canonical case. A sorted list: one flag
/// in a tree costs more than all other facts of a message.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Flags(Vec<Box<str>>);

impl Flags {
    /// Reads flags as a server lists them. What is no flag (`\Recent`, `\*`, empty, too long, with
    /// forbidden characters) is left out, and so is everything beyond
    /// [`FLAGS_A_MESSAGE`] and [`FLAGS_BYTES`].
    #[must_use]
    pub fn parse<S: AsRef<str>>(list: &[S]) -> Self {
        list.iter().collect()
    }

    /// Every flag in IMAP spelling, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// About how many bytes they hold in memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        /// A string in a list besides its text, with the allocator's share and the list's spare
        /// room.
        const ENTRY: usize = 64;
        self.0.iter().map(|flag| ENTRY + flag.len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `flag` is set; system flags and well-known keywords compare without case.
    #[must_use]
    pub fn contains(&self, flag: &str) -> bool {
        canonical(flag).is_some_and(|flag| self.place(&flag).is_ok())
    }

    /// Sets `flag`; false when it was set, is no flag, or a limit is reached.
    pub fn insert(&mut self, flag: &str) -> bool {
        let held = || self.0.iter().map(|flag| flag.len()).sum::<usize>();
        if self.0.len() >= FLAGS_A_MESSAGE || held() + flag.len() > FLAGS_BYTES {
            return false;
        }
        let Some(flag) = canonical(flag) else { return false };
        let place = self.place(&flag);
        if let Err(at) = place {
            self.0.insert(at, flag.into_boxed_str());
        }
        place.is_err()
    }

    /// Where `flag` stands, or where it belongs.
    fn place(&self, flag: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|own| own.as_ref().cmp(flag))
    }

    /// Removes `flag`; false when it was not set.
    pub fn remove(&mut self, flag: &str) -> bool {
        let at = canonical(flag).and_then(|flag| self.place(&flag).ok());
        at.map(|at| self.0.remove(at)).is_some()
    }

    /// Whether the person has read it.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.place("\\Seen").is_ok()
    }

    /// As in a STORE or APPEND command: `(\Flagged \Seen)`.
    #[must_use]
    pub fn to_imap(&self) -> String {
        let mut out = String::from("(");
        for (n, flag) in self.iter().enumerate() {
            if n > 0 {
                out.push(' ');
            }
            out.push_str(flag);
        }
        out.push(')');
        out
    }

    /// The JMAP keywords, lower case, sorted; `\Deleted` has none.
    #[must_use]
    pub fn keywords(&self) -> Vec<String> {
        let set: BTreeSet<String> = self.iter().filter_map(keyword_of).collect();
        set.into_iter().collect()
    }

    /// Reads JMAP keywords; what is no keyword is left out.
    #[must_use]
    pub fn from_keywords<S: AsRef<str>>(keywords: &[S]) -> Self {
        keywords.iter().filter_map(|keyword| flag_of(keyword.as_ref())).collect()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Flags {
    fn from_iter<I: IntoIterator<Item = S>>(list: I) -> Self {
        let mut flags = Self::default();
        for flag in list {
            flags.insert(flag.as_ref());
        }
        flags
    }
}

/// The IMAP flag of a JMAP keyword (`$seen` → `\Seen`), or `None` when it is no keyword.
#[must_use]
pub fn flag_of(keyword: &str) -> Option<String> {
    let known =
        KNOWN.iter().find(|(_, jmap)| jmap.is_some_and(|jmap| jmap.eq_ignore_ascii_case(keyword)));
    match known {
        Some((flag, _)) => Some((*flag).to_owned()),
        None if keyword.starts_with('\\') => None,
        None => canonical(keyword),
    }
}

/// The JMAP keyword of an IMAP flag, lower case, or `None` when it has none.
#[must_use]
pub fn keyword_of(flag: &str) -> Option<String> {
    match KNOWN.iter().find(|(imap, _)| imap.eq_ignore_ascii_case(flag)) {
        Some((_, jmap)) => jmap.map(str::to_owned),
        // an unknown system flag has no keyword: `\` may not stand in one
        None if flag.starts_with('\\') => None,
        None => Some(flag.to_ascii_lowercase()),
    }
}

/// The spelling that is kept, or `None` for what is not kept.
fn canonical(flag: &str) -> Option<String> {
    if let Some((known, _)) = KNOWN.iter().find(|(imap, _)| imap.eq_ignore_ascii_case(flag)) {
        return Some((*known).to_owned());
    }
    let atom = flag.strip_prefix('\\').unwrap_or(flag);
    let fits = !atom.is_empty() && flag.len() <= FLAG_BYTES && atom.bytes().all(is_atom_char);
    (fits && !flag.eq_ignore_ascii_case("\\Recent")).then(|| flag.to_owned())
}

/// ATOM-CHAR of RFC 9051 §9.
fn is_atom_char(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_flags_compare_without_case_and_are_kept_canonical() {
        let flags = Flags::parse(&["\\SEEN", "\\recent", "\\*", "", "a b", "Label", "$forwarded"]);
        assert_eq!(flags.iter().collect::<Vec<_>>(), ["$Forwarded", "Label", "\\Seen"]);
        assert!(flags.is_seen() && flags.contains("\\seen") && !flags.contains("label"));
        assert_eq!(flags.to_imap(), "($Forwarded Label \\Seen)");
        assert_eq!(Flags::default().to_imap(), "()");
    }

    #[test]
    fn insert_and_remove_say_whether_they_changed_something() {
        let mut flags = Flags::default();
        assert!(flags.insert("\\Flagged") && !flags.insert("\\FLAGGED"));
        assert!(!flags.insert("x)\r\nA1 LOGOUT"));
        assert!(flags.remove("\\flagged") && !flags.remove("\\Flagged") && flags.is_empty());
    }

    #[test]
    fn keywords_go_both_ways() {
        let flags = Flags::parse(&["\\Seen", "\\Answered", "\\Deleted", "$MDNSent", "Work", "\\X"]);
        assert_eq!(flags.keywords(), ["$answered", "$mdnsent", "$seen", "work"]);
        let back = Flags::from_keywords(&["$SEEN", "$draft", "\\Seen", "work", "bad word"]);
        assert_eq!(back.iter().collect::<Vec<_>>(), ["\\Draft", "\\Seen", "work"]);
        assert_eq!(flag_of("$flagged").as_deref(), Some("\\Flagged"));
        assert_eq!(keyword_of("\\Recent"), None);
    }

    #[test]
    fn a_flood_of_flags_is_capped() {
        let flood: Vec<String> = (0..10_000).map(|n| format!("k{n}")).collect();
        assert_eq!(Flags::parse(&flood).len(), FLAGS_A_MESSAGE);
        assert!(Flags::parse(&["x".repeat(FLAG_BYTES + 1)]).is_empty());
    }
}
