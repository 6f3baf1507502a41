//! Message ids in the fields that hold them (RFC 5322 §3.6.4), and in what MH wrote there.
//!
//! Owns what is an id. Must never take a person's address for one: two answers to one person would
//! become one conversation.

use super::header::Field;
use crate::limits::{ID_BYTES, REFERENCES};
use std::collections::BTreeSet;

/// The id of a Message-ID field.
pub(super) fn own(field: &Field<'_>) -> Option<String> {
    let value = field.unfolded();
    let text = String::from_utf8_lossy(&value);
    let bracketed = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    clean(bracketed.map_or(&text, |(id, _)| id))
}

/// The ids of every field of one name: unique, without `own` (a message is not its own parent),
/// oldest first. Of too many the first and the last are kept: root and nearest parents. `is_person`
/// tells the addresses of people that the message names elsewhere.
pub(super) fn parents(
    fields: &[Field<'_>],
    name: &str,
    own: Option<&str>,
    is_person: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut list: Vec<String> = Vec::new();
    for field in fields.iter().filter(|field| field.is(name)) {
        let value = field.unfolded();
        for id in ids_in(&String::from_utf8_lossy(&value)) {
            let good = Some(id.as_str()) != own && !is_person(&id);
            if good && seen.insert(id.clone()) {
                list.push(id);
            }
        }
    }
    if list.len() > REFERENCES {
        list.drain(1..=list.len() - REFERENCES);
    }
    list
}

/// The ids in a value. `Message from Ana <ana@x> of "Fri, 1 Jul" <id@x>` holds one: what follows
/// `from` and a name is an address.
fn ids_in(text: &str) -> Vec<String> {
    if !text.contains('<') {
        // without brackets a single word is an id, a sentence is none
        let words: Vec<&str> =
            text.split([' ', '\t', ',']).filter(|word| !word.is_empty()).collect();
        let all_ids = words.iter().all(|word| word.contains('@'));
        return words.into_iter().filter(|_| all_ids).filter_map(clean).collect();
    }
    let mut ids = Vec::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('<') {
        let Some((id, after)) = tail.split_once('>') else { break };
        if !names_a_person(before) {
            ids.extend(clean(id));
        }
        rest = after;
    }
    ids
}

/// Whether the words before a bracket say that a person's address follows.
fn names_a_person(before: &str) -> bool {
    let mut words = before.split_whitespace().map(str::to_ascii_lowercase);
    let Some(_) = words.by_ref().position(|word| word == "from") else { return false };
    // `from Ana <…`, but not `from Ana of Friday <…`
    !words.any(|word| matches!(word.as_str(), "of" | "on" | "dated" | "at"))
}

/// An id without brackets, or `None` for what cannot be one. Blanks within were made by folding.
fn clean(id: &str) -> Option<String> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    let id: String = id.chars().filter(|c| !matches!(c, ' ' | '\t')).collect();
    let fits = !id.is_empty()
        && id.len() <= ID_BYTES
        && !id.chars().any(|c| c.is_control() || c.is_whitespace() || c == '<' || c == '>');
    fits.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::super::header::fields;
    use super::*;

    #[test]
    fn ids_and_what_only_looks_like_one() {
        for (value, want) in [
            ("<a@x> <b@x>", "a@x b@x"),
            ("<a@x>,<b@x>", "a@x b@x"),
            ("<a@\r\n x>", "a@x"),
            ("a@x", "a@x"),
            ("Your message of Friday <a@x>", "a@x"),
            ("Message from Ana <ana@x.test> of \"Fri, 1 Jul\" <a@x>", "a@x"),
            ("Message from ana@x.test of Fri <a@x>", "a@x"),
            ("Message from Ana <ana@x.test> of Fri, 1 Jul", ""),
            ("Your message \"Hello\" of Friday", ""),
            ("<bo@x.test>", ""),
            ("<unclosed", ""),
        ] {
            let block = format!("In-Reply-To: {value}\r\n");
            let found =
                parents(&fields(block.as_bytes()), "in-reply-to", None, |id| id == "bo@x.test");
            assert_eq!(found.join(" "), want, "{value}");
        }
    }
}
