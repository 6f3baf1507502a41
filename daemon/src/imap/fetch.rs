//! FETCH (RFC 9051 §6.4.5, §7.5.2, RFC 7162 §3.1.4).

use super::failure::Doing;
use super::guard::frame::{Allowance, Frame};
use super::session::Session;
use super::value::{Reader, Value};
use super::wire::Answer;
use super::{Fetched, Items, Which, date, failure, limits};
use chapar_engine::flags::Flags;
use chapar_engine::verdict::{Failure, ImapStep};

const FACTS: &str = "UID FLAGS INTERNALDATE RFC822.SIZE";

impl Items {
    fn query(self) -> String {
        match self {
            Self::Facts => format!("({FACTS})"),
            Self::Summary => {
                format!("({FACTS} BODY.PEEK[HEADER] BODY.PEEK[TEXT]<0.{}>)", limits::PREVIEW_BYTES)
            }
            Self::Whole => format!("({FACTS} BODY.PEEK[])"),
            Self::Flags => "(UID FLAGS)".to_owned(),
            Self::MessageId => "(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])".to_owned(),
            Self::FlagsSince(modseq) => format!("(UID FLAGS) (CHANGEDSINCE {modseq})"),
        }
    }

    /// What may come: of a mailbox with `exists` messages, whose bodies have `body_bytes` at most.
    fn allowance(self, exists: u32, body_bytes: u64) -> Allowance {
        let bulk = Allowance { answers: limits::BULK_BYTES, ..Allowance::default() };
        match self {
            Self::Whole => Allowance { literal: body_bytes + limits::LITERAL_SLACK_BYTES, ..bulk },
            // a header may be as long as a message; what is beyond use is not kept
            Self::Summary => Allowance {
                literal: chapar_engine::limits::MESSAGE_BYTES,
                keep: limits::HEADER_BYTES,
                keep_all: limits::SUMMARY_BYTES,
                ..bulk
            },
            Self::Facts | Self::Flags | Self::MessageId | Self::FlagsSince(_) => Allowance {
                answers: limits::ANSWER_BYTES
                    .saturating_add(u64::from(exists) * limits::FACTS_BYTES)
                    .min(limits::BULK_BYTES),
                ..bulk
            },
        }
    }

    /// Whether `fetched` answers this question, and is not news about a message nobody asked for.
    fn is_answered_by(self, fetched: &Fetched) -> bool {
        fetched.uid > 0
            && match self {
                Self::Facts => fetched.size.is_some(),
                Self::Summary => fetched.header.is_some() || fetched.size.is_some(),
                Self::Whole => fetched.body.is_some() || fetched.size.is_some(),
                Self::Flags | Self::FlagsSince(_) => fetched.flags.is_some(),
                Self::MessageId => fetched.message_id.is_some(),
            }
    }
}

impl Session {
    /// Fetches; answers go to `each` in order as they arrive, never gathered. Unsolicited data of
    /// other messages are kept as a hint (`changed`). A UID set too long for one command line is
    /// asked for in parts.
    pub async fn fetch(
        &mut self,
        which: Which,
        items: Items,
        each: &mut (dyn FnMut(Fetched) + Send),
    ) -> Result<(), Failure> {
        let (verb, set) = match &which {
            Which::Uids(set) => ("UID FETCH", set),
            Which::Seqs(set) => ("FETCH", set),
        };
        let is_set = |byte: u8| byte.is_ascii_digit() || b":,*".contains(&byte);
        if set.is_empty() || !set.bytes().all(is_set) {
            return Err(failure::unsayable("the set of messages"));
        }
        self.wire.allow(items.allowance(self.wire.hints.exists, self.body_bytes));
        self.lend(items);
        let query = items.query();
        let mut result = Ok(());
        for part in parts(set) {
            let command = format!("{verb} {part} {query}");
            result = self.fetch_part(&command, items, each).await;
            if result.is_err() {
                break;
            }
        }
        self.wire.allow(Allowance::default());
        result
    }

    async fn fetch_part(
        &mut self,
        command: &str,
        items: Items,
        each: &mut (dyn FnMut(Fetched) + Send),
    ) -> Result<(), Failure> {
        let doing = Doing(ImapStep::Fetch, "fetching messages");
        let tag = self.wire.send(command, doing).await?;
        let patience = self.wire.usual();
        self.wire
            .finish(&tag, doing, patience, &mut |answer| {
                if !answer.is_data("FETCH") {
                    return Ok(Some(answer));
                }
                let Answer::Data(mut frame) = answer else {
                    return Ok(Some(answer));
                };
                let (fetched, whole) = read(&mut frame);
                if items.is_answered_by(&fetched) {
                    // from here on it is held by whoever keeps it
                    drop(frame);
                    each(fetched);
                    return Ok(None);
                }
                // what cannot be read may be what was asked for: silence would be a lie
                if !whole && fetched.uid == 0 {
                    return Err("a FETCH response that cannot be read".to_owned());
                }
                Ok(Some(Answer::Data(frame)))
            })
            .await
            .map(drop)
    }
}

/// Cuts a set at commas into parts that fit a command line.
fn parts(set: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for range in set.split(',') {
        match parts.last_mut() {
            Some(part) if part.len() + range.len() < limits::COMMAND_BYTES - 200 => {
                part.push(',');
                part.push_str(range);
            }
            _ => parts.push(range.to_owned()),
        }
    }
    parts
}

/// Reads one FETCH response; false when something in it made no sense.
pub(super) fn read(frame: &mut Frame) -> (Fetched, bool) {
    let mut fetched = Fetched::default();
    let mut reader = Reader::new(&frame.line, &mut frame.literals);
    // `*`, the number, FETCH
    let opened = (0..3).all(|_| reader.word().is_some()) && reader.eat(b'(');
    let whole = opened && read_items(&mut reader, &mut fetched).is_some();
    (fetched, whole)
}

fn read_items(reader: &mut Reader<'_>, fetched: &mut Fetched) -> Option<()> {
    while !reader.eat(b')') {
        // Domino puts some items into parentheses of their own
        if reader.peek()? == b'(' {
            reader.value()?;
            continue;
        }
        let name = String::from_utf8_lossy(reader.word()?).to_ascii_uppercase();
        let value = reader.value()?;
        take_item(&name, value, fetched);
    }
    Some(())
}

fn take_item(name: &str, value: Value<'_>, fetched: &mut Fetched) {
    match name {
        "UID" => {
            fetched.uid = value.number().and_then(|uid| u32::try_from(uid).ok()).unwrap_or(0);
        }
        "FLAGS" => fetched.flags = value.list().map(flags),
        "INTERNALDATE" => fetched.internal_date = value.str().and_then(date::read),
        "RFC822.SIZE" => {
            fetched.size = value.number().map(|size| u32::try_from(size).unwrap_or(u32::MAX));
        }
        "MODSEQ" => fetched.modseq = value.number(),
        "BODY[HEADER]" | "RFC822.HEADER" => fetched.header = value.into_bytes(),
        "BODY[TEXT]<0>" | "BODY[TEXT]" | "RFC822.TEXT" => fetched.text = value.into_bytes(),
        // some servers quote the field names
        fields if fields.starts_with("BODY[HEADER.FIELDS ") => {
            fetched.message_id = value.into_bytes().map(|header| message_id(&header));
        }
        "BODY[]" | "RFC822" => fetched.body = value.into_bytes(),
        _ => {}
    }
}

/// What stands after the colon of the one header field, folded or not; empty when there is none.
fn message_id(header: &[u8]) -> String {
    let text = String::from_utf8_lossy(header);
    let value = text.split_once(':').map(|(_, value)| value).unwrap_or_default();
    value.split_whitespace().next().unwrap_or_default().to_owned()
}

fn flags(list: &[Value<'_>]) -> Flags {
    let words: Vec<&str> = list.iter().filter_map(Value::str).collect();
    Flags::parse(&words)
}
