//! SEARCH (RFC 3501 §6.4.4): the keys that mail clients use.

use super::set::holds;
use super::{Answer, Refusal, Session, no, text};
use crate::sandbox::mailstore::Stored;
use imap_codec::imap_types::search::SearchKey;

impl Session {
    pub(super) fn search(&mut self, criteria: &[SearchKey<'_>], uid: bool) -> Answer {
        let Some(view) = self.view.as_ref() else { return no("No mailbox selected.") };
        let (last_seq, last_uid) = (view.uids.len(), view.last_uid());
        let found = self.provider.store.read(self.user(), &view.mailbox, |folder| {
            let mut found = Vec::new();
            for (at, of) in view.uids.iter().enumerate() {
                let Some(stored) = folder.message(*of) else { continue };
                let place = Place { seq: at + 1, last_seq, last_uid };
                let mut all = true;
                for key in criteria {
                    all &= matches(key, stored, &place)?;
                }
                if all {
                    found.push(if uid { of.to_string() } else { (at + 1).to_string() });
                }
            }
            Ok::<_, Refusal>(found)
        });
        let Some(found) = found else { return no("[NONEXISTENT] The mailbox is gone.") };
        let found = found?;
        let separator = if found.is_empty() { "" } else { " " };
        self.untagged(&format!("SEARCH{separator}{}", found.join(" ")));
        Ok("Search completed.".into())
    }
}

struct Place {
    seq: usize,
    last_seq: usize,
    last_uid: u32,
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn matches(key: &SearchKey<'_>, stored: &Stored, place: &Place) -> Result<bool, Refusal> {
    let flag = |name: &str| stored.flags.iter().any(|flag| flag.eq_ignore_ascii_case(name));
    let header = |name: &str, value: &[u8]| has_header(&stored.body, name, &text(value));
    let day = |date: String| stored.day().cmp(&date);
    Ok(match key {
        SearchKey::All | SearchKey::Old => true,
        SearchKey::New | SearchKey::Recent => false,
        SearchKey::And(keys) => {
            let mut all = true;
            for key in keys.as_ref() {
                all &= matches(key, stored, place)?;
            }
            all
        }
        SearchKey::Or(a, b) => matches(a, stored, place)? || matches(b, stored, place)?,
        SearchKey::Not(key) => !matches(key, stored, place)?,
        SearchKey::SequenceSet(set) => holds(set, number(place.seq), number(place.last_seq)),
        SearchKey::Uid(set) => holds(set, stored.uid, place.last_uid),
        SearchKey::Answered => flag("\\Answered"),
        SearchKey::Unanswered => !flag("\\Answered"),
        SearchKey::Deleted => flag("\\Deleted"),
        SearchKey::Undeleted => !flag("\\Deleted"),
        SearchKey::Draft => flag("\\Draft"),
        SearchKey::Undraft => !flag("\\Draft"),
        SearchKey::Flagged => flag("\\Flagged"),
        SearchKey::Unflagged => !flag("\\Flagged"),
        SearchKey::Seen => flag("\\Seen"),
        SearchKey::Unseen => !flag("\\Seen"),
        SearchKey::Keyword(word) => flag(word.as_ref()),
        SearchKey::Unkeyword(word) => !flag(word.as_ref()),
        SearchKey::Larger(size) => stored.body.len() > *size as usize,
        SearchKey::Smaller(size) => stored.body.len() < *size as usize,
        SearchKey::Since(date) => day(date.as_ref().to_string()).is_ge(),
        SearchKey::Before(date) => day(date.as_ref().to_string()).is_lt(),
        SearchKey::On(date) => day(date.as_ref().to_string()).is_eq(),
        SearchKey::From(value) => header("From", value.as_ref()),
        SearchKey::To(value) => header("To", value.as_ref()),
        SearchKey::Cc(value) => header("Cc", value.as_ref()),
        SearchKey::Subject(value) => header("Subject", value.as_ref()),
        SearchKey::Header(name, value) => header(&text(name.as_ref()), value.as_ref()),
        SearchKey::Text(value) | SearchKey::Body(value) => {
            let whole = text(&stored.body).to_lowercase();
            whole.contains(&text(value.as_ref()).to_lowercase())
        }
        SearchKey::ModSequence { modseq, .. } => stored.modseq >= *modseq,
        other => return no(format!("[CANNOT] {other:?} is not searched here.")),
    })
}

/// Whether a header field `name` contains `value`, without case, after unfolding.
fn has_header(body: &[u8], name: &str, value: &str) -> bool {
    let value = value.to_lowercase();
    header_fields(body).iter().any(|(field, content)| {
        field.eq_ignore_ascii_case(name) && content.to_lowercase().contains(&value)
    })
}

/// The unfolded header fields of a message, in order.
pub(in crate::sandbox) fn header_fields(body: &[u8]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let line = text(line);
        if line.starts_with([' ', '\t']) {
            if let Some((_, content)) = fields.last_mut() {
                content.push_str(&line);
            }
        } else if let Some((name, content)) = line.split_once(':') {
            fields.push((name.trim_end().into(), content.trim_start().into()));
        }
    }
    fields
}
