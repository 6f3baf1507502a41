//! Sequence sets (RFC 3501 §9 `sequence-set`).

use imap_codec::imap_types::sequence::{SeqOrUid, Sequence, SequenceSet};

/// Whether `set` holds `value`, where `*` is `last`.
pub(super) fn holds(set: &SequenceSet, value: u32, last: u32) -> bool {
    let number = |end: &SeqOrUid| match end {
        SeqOrUid::Value(value) => value.get(),
        SeqOrUid::Asterisk => last,
    };
    set.0.as_ref().iter().any(|part| match part {
        Sequence::Single(end) => number(end) == value,
        Sequence::Range(a, b) => {
            let (a, b) = (number(a), number(b));
            (a.min(b)..=a.max(b)).contains(&value)
        }
    })
}

/// Ascending numbers as a set: `1:3,7`.
pub(super) fn render(numbers: &[u32]) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut rest = numbers;
    while let Some(first) = rest.first() {
        let run = rest.iter().zip(*first..).take_while(|(number, want)| *number == want).count();
        let last = rest[run - 1];
        out.push(if run == 1 { first.to_string() } else { format!("{first}:{last}") });
        rest = &rest[run..];
    }
    out.join(",")
}
