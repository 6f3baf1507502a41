//! What fits into one message. Objects and events are cut, with a mark, until each fits alone; a list
//! ends where the message is full, and names what is left.
//!
//! Sizes are those of the JSON: a control character takes six bytes of it.

use super::handlers::{Answer, answer};
use super::limits;
use chapar_ipc_protocol::email::Email;
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::event::{Event, EventData};
use chapar_ipc_protocol::frame::MAX_MESSAGE;
use chapar_ipc_protocol::id::{AccountId, State};
use chapar_ipc_protocol::standard::{GetReply, Object, Truncated};
use chapar_ipc_protocol::submission::EmailSubmission;
use chapar_ipc_protocol::thread::Thread;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use std::io;

/// Bytes of JSON around the texts of an email.
const BODY_NAMES: usize = 512;

/// Counts what is written and keeps nothing.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes of `value` as JSON.
pub(super) fn bytes<T: Serialize + ?Sized>(value: &T) -> usize {
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

/// Where `text` has to be cut so that it takes at most `limit` bytes of JSON.
pub(super) fn end_within(text: &str, limit: usize) -> usize {
    let mut used = 2;
    for (at, letter) in text.char_indices() {
        used += match letter {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..'\u{20}' => 6,
            other => other.len_utf8(),
        };
        if used > limit {
            return at;
        }
    }
    text.len()
}

/// What was cut so far.
#[derive(Default)]
pub(super) struct Cuts(Truncated);

impl Cuts {
    /// Cuts a text.
    pub(super) fn text(&mut self, name: &str, text: &mut String, limit: usize) {
        let end = end_within(text, limit);
        if end < text.len() {
            self.note(name, text.len());
            text.truncate(end);
        }
    }

    /// Cuts a list behind its first elements that fit.
    pub(super) fn list<T: Serialize>(&mut self, name: &str, list: &mut Vec<T>, limit: usize) {
        let end = fitting(list.iter(), limit);
        if end < list.len() {
            self.note(name, list.len());
            list.truncate(end);
        }
    }

    /// Cuts a list before its last elements that fit.
    fn front<T: Serialize>(&mut self, name: &str, list: &mut Vec<T>, limit: usize) {
        let kept = fitting(list.iter().rev(), limit);
        if kept < list.len() {
            self.note(name, list.len());
            list.drain(..list.len() - kept);
        }
    }

    fn note(&mut self, name: &str, all: usize) {
        let most = self.0.entry(name.to_owned()).or_default();
        *most = (*most).max(all as u64);
    }

    /// The mark: `None` when nothing was cut.
    pub(super) fn mark(self) -> Option<Truncated> {
        (!self.0.is_empty()).then_some(self.0)
    }
}

/// How many elements fit.
fn fitting<'l, T: Serialize + 'l>(list: impl Iterator<Item = &'l T>, limit: usize) -> usize {
    let mut used = 2;
    let fits = |element: &&T| {
        used += bytes(*element) + 1;
        used <= limit
    };
    list.take_while(fits).count()
}

/// An object that can be cut until it fits.
pub(super) trait Fit: Object + Serialize {
    /// Cuts it.
    fn fit(&mut self) {}
}

impl Fit for chapar_ipc_protocol::account::Account {
    fn fit(&mut self) {
        for health in &mut self.health {
            for text in health.detail.iter_mut().chain([&mut health.title]) {
                text.truncate(end_within(text, limits::TEXT_BYTES));
            }
        }
    }
}

impl Fit for chapar_ipc_protocol::identity::Identity {}

impl Fit for chapar_ipc_protocol::mailbox::Mailbox {}

impl Fit for Thread {
    fn fit(&mut self) {
        let mut cuts = Cuts::default();
        cuts.front("emailIds", &mut self.email_ids, limits::OBJECT_BYTES);
        self.truncated = cuts.mark();
    }
}

impl Fit for Email {
    /// The lists first, each for itself; the texts share what is left.
    fn fit(&mut self) {
        let mut cuts = Cuts::default();
        let people = [
            ("from", &mut self.from),
            ("replyTo", &mut self.reply_to),
            ("to", &mut self.to),
            ("cc", &mut self.cc),
            ("bcc", &mut self.bcc),
        ];
        for (name, list) in people {
            if let Some(list) = list {
                cuts.list(name, list, limits::LIST_BYTES);
            }
        }
        let ids = [("inReplyTo", &mut self.in_reply_to), ("references", &mut self.references)];
        for (name, list) in ids {
            if let Some(list) = list {
                cuts.list(name, list, limits::LIST_BYTES);
            }
        }
        for part in self.attachments.iter_mut().flatten() {
            part.name
                .iter_mut()
                .for_each(|name| name.truncate(end_within(name, limits::TEXT_BYTES)));
            part.r#type.truncate(end_within(&part.r#type, limits::TEXT_BYTES));
        }
        if let Some(list) = &mut self.attachments {
            cuts.list("attachments", list, limits::LIST_BYTES);
        }
        if let Some(list) = &mut self.warnings {
            cuts.list("warnings", list, limits::LIST_BYTES);
        }
        self.truncated = cuts.mark();
        let values = self.body_values.take();
        let mut left = limits::OBJECT_BYTES.saturating_sub(bytes(self) + BODY_NAMES);
        self.body_values = values;
        let mut values: Vec<_> = self.body_values.iter_mut().flatten().map(|it| it.1).collect();
        // the shorter one first: what it leaves is for the other
        values.sort_by_key(|value| value.value.len());
        let mut others = values.len();
        for value in values {
            let end = end_within(&value.value, left / others);
            value.is_truncated |= end < value.value.len();
            value.value.truncate(end);
            left = left.saturating_sub(bytes(&value.value));
            others -= 1;
        }
    }
}

impl Fit for EmailSubmission {
    fn fit(&mut self) {
        let mut cuts = Cuts::default();
        cuts.text("subject", &mut self.subject, limits::TEXT_BYTES);
        self.last_reply.iter_mut().for_each(|it| cuts.text("lastReply", it, limits::TEXT_BYTES));
        let each = limits::REPLIES_BYTES / self.delivery_status.len().max(1);
        for status in self.delivery_status.values_mut() {
            cuts.text("smtpReply", &mut status.smtp_reply, each);
        }
        self.truncated = cuts.mark();
    }
}

/// Cuts what another side wrote, so that the event fits whatever it is.
pub(super) fn event(mut event: Event) -> Event {
    let mut cuts = Cuts::default();
    let text = limits::TEXT_BYTES;
    match &mut event.data {
        EventData::EmailReceived(mail) => {
            cuts.list("from", &mut mail.from, limits::EVENT_LIST_BYTES);
            cuts.text("subject", &mut mail.subject, text);
            cuts.text("preview", &mut mail.preview, text);
        }
        EventData::AccountAdded(named) | EventData::AccountRemoved(named) => {
            cuts.text("name", &mut named.name, text);
            cuts.text("email", &mut named.email, text);
        }
        EventData::AccountAuthExpired(said)
        | EventData::AccountOffline(said)
        | EventData::SyncFailed(said) => cuts.text("detail", &mut said.detail, text),
        EventData::SubmissionAccepted(end) | EventData::SubmissionFailed(end) => {
            cuts.text("reply", &mut end.reply, text);
        }
        EventData::SubmissionDeferred(wait) => cuts.text("reply", &mut wait.reply, text),
        EventData::HealthChanged(health) => cuts.text("title", &mut health.title, text),
        EventData::DaemonStopping(stop) => cuts.text("reason", &mut stop.reason, text),
        _ => {}
    }
    event.truncated = cuts.mark();
    event
}

/// The answer of a `/get` under construction.
pub(super) struct Page {
    properties: Option<Vec<String>>,
    list: Vec<Box<RawValue>>,
    not_found: Vec<String>,
    not_fetched: Vec<String>,
    /// Bytes that are left for objects.
    left: usize,
}

impl Page {
    /// A page for these ids: each of them has room in `notFound` or `notFetched`.
    pub(super) fn new<'i>(
        properties: Option<Vec<String>>,
        ids: impl Iterator<Item = &'i str>,
    ) -> Result<Self, Error> {
        let named: usize = ids.map(|id| bytes(id) + 1).sum();
        let left = limits::LIST_OF_OBJECTS_BYTES.checked_sub(named).ok_or_else(|| {
            let reason = format!("The ids alone have {named} bytes.");
            Error::new(ErrorType::RequestTooLarge, reason).hint("ask by /query, in pages")
        })?;
        let (list, not_found, not_fetched) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { properties, list, not_found, not_fetched, left })
    }

    /// Takes `properties` as asked for, with these too.
    pub(super) fn and(&mut self, name: &str) {
        self.properties.iter_mut().for_each(|names| names.push(name.to_owned()));
    }

    /// Whether nothing more is taken: what follows is left for another call.
    pub(super) fn is_full(&self) -> bool {
        !self.not_fetched.is_empty()
    }

    /// Nothing has this id.
    pub(super) fn miss(&mut self, id: String) {
        self.not_found.push(id);
    }

    /// There is no room for this one.
    pub(super) fn leave(&mut self, id: String) {
        self.not_fetched.push(id);
    }

    /// Takes an object, cut until it fits into a message; one that does not fit into this one is
    /// left, as is everything after it.
    pub(super) fn add<T: Fit>(&mut self, id: &str, mut object: T) -> Result<(), Error> {
        if self.is_full() {
            self.leave(id.to_owned());
            return Ok(());
        }
        object.fit();
        self.push(id, &object)
    }

    /// Takes an object as it is.
    pub(super) fn push<T: Serialize>(&mut self, id: &str, object: &T) -> Result<(), Error> {
        let json = match &self.properties {
            None => to_raw_value(object),
            Some(names) => serde_json::to_value(object).and_then(|value| {
                let kept =
                    |name: &String| name == "id" || name == "truncated" || names.contains(name);
                let map = match value {
                    Value::Object(map) => map.into_iter().filter(|it| kept(&it.0)).collect(),
                    _ => Map::new(),
                };
                to_raw_value(&map)
            }),
        };
        let json = json.map_err(|error| unwritten(&error))?;
        let size = json.get().len() + 1;
        // the first one always goes: a message full of unknown ids leaves it no other chance
        if size > self.left && !(self.list.is_empty() && size + self.names() < MAX_MESSAGE) {
            self.leave(id.to_owned());
            return Ok(());
        }
        self.left = self.left.saturating_sub(size);
        self.list.push(json);
        Ok(())
    }

    /// Bytes of the ids that are named so far, and of what surrounds everything.
    fn names(&self) -> usize {
        bytes(&self.not_found) + limits::ENVELOPE_BYTES
    }

    /// The answer.
    pub(super) fn answer(self, account_id: Option<AccountId>, state: State) -> Answer {
        let Self { list, not_found, not_fetched, .. } = self;
        answer(&GetReply { account_id, state, list, not_found, not_fetched })
    }
}

/// An answer that could not be written.
pub(super) fn unwritten(error: &serde_json::Error) -> Error {
    tracing::error!(%error, "an answer could not be written");
    Error::new(ErrorType::ServerFail, "The answer could not be written.")
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::string_slice,
        reason = "tests report by panicking"
    )]
    use super::{Fit, Page, bytes, end_within, event};
    use crate::ipc::limits;
    use chapar_ipc_protocol::email::{BodyValue, Email, EmailAddress};
    use chapar_ipc_protocol::event::{EmailReceived, Event, EventData};
    use chapar_ipc_protocol::frame::MAX_MESSAGE;
    use chapar_ipc_protocol::id::State;
    use chapar_ipc_protocol::submission::{DeliveryStatus, EmailSubmission};
    use chapar_ipc_protocol::thread::Thread;

    /// A text that JSON makes six times as long.
    fn worst(letters: usize) -> String {
        "\u{1}".repeat(letters)
    }

    fn people(count: usize) -> Vec<EmailAddress> {
        let one = |n| EmailAddress { name: Some(worst(256)), email: format!("{n}{}", worst(250)) };
        (0..count).map(one).collect()
    }

    #[test]
    fn a_text_is_cut_by_its_json() {
        for text in ["", "plain", "a\"b\\c\n", "\u{1}\u{1f}\u{7f}", "zwölf 🦊", &worst(99)] {
            assert_eq!(end_within(text, bytes(text)), text.len(), "{text:?}");
            for limit in 2..bytes(text) {
                let end = end_within(text, limit);
                assert!(
                    end < text.len() && bytes(&text[..end]) <= limit.max(2),
                    "{text:?} {limit}"
                );
            }
        }
    }

    #[test]
    fn an_email_of_the_worst_kind_fits_and_says_what_was_cut() {
        let value = |letters| BodyValue { value: worst(letters), ..BodyValue::default() };
        let mut email = Email {
            from: Some(people(1_000)),
            reply_to: Some(people(1_000)),
            to: Some(people(1_000)),
            cc: Some(people(1_000)),
            bcc: Some(people(1)),
            references: Some(vec![worst(996); 100]),
            subject: Some(worst(256)),
            body_values: Some(
                [("text".into(), value(1_000)), ("html".into(), value(262_144))].into(),
            ),
            ..Email::default()
        };
        email.fit();
        assert!(bytes(&email) <= limits::OBJECT_BYTES, "{}", bytes(&email));
        let cut = email.truncated.unwrap();
        assert_eq!((cut["from"], cut["references"], cut.get("bcc")), (1_000, 100, None));
        let values = email.body_values.unwrap();
        assert_eq!((values["text"].value.len(), values["text"].is_truncated), (1_000, false));
        assert!(values["html"].is_truncated && values["html"].value.len() > 50_000);
    }

    #[test]
    fn every_other_kind_fits_too() {
        let ids = (0..300_000_u64).map(|n| format!("M{n}").into()).collect();
        let mut thread = Thread { email_ids: ids, ..Thread::default() };
        thread.fit();
        assert!(bytes(&thread) < MAX_MESSAGE);
        assert_eq!(thread.email_ids.last().unwrap().0, "M299999", "the newest stay");
        assert_eq!(thread.truncated.unwrap()["emailIds"], 300_000);
        let status = DeliveryStatus { smtp_reply: worst(8_000), ..DeliveryStatus::default() };
        let to = |n| (format!("{n}{}@example.org", "x".repeat(200)), status.clone());
        let mut submission = EmailSubmission {
            subject: worst(900_000),
            delivery_status: (0..500).map(to).collect(),
            ..EmailSubmission::default()
        };
        submission.fit();
        assert!(bytes(&submission) <= limits::OBJECT_BYTES, "{}", bytes(&submission));
        assert_eq!(submission.truncated.unwrap()["subject"], 900_000);
    }

    #[test]
    fn an_event_fits_whatever_a_mail_says() {
        let data = EventData::EmailReceived(EmailReceived {
            from: people(1_000),
            subject: worst(256),
            preview: worst(256),
            ..EmailReceived::default()
        });
        let plain = Event {
            subscription: None,
            cursor: "x:1".into(),
            at: String::new(),
            account_id: None,
            data,
            truncated: None,
        };
        let cut = event(plain);
        assert!(bytes(&cut) < limits::EVENT_BYTES, "{}", bytes(&cut));
        assert_eq!(cut.truncated.unwrap()["from"], 1_000);
    }

    #[test]
    fn a_page_ends_where_the_message_is_full() {
        let ids: Vec<String> = (0..500).map(|n| format!("M{n}")).collect();
        let mut page = Page::new(None, ids.iter().map(String::as_str)).unwrap();
        for id in &ids {
            let email = Email { id: id.clone().into(), to: Some(people(5)), ..Email::default() };
            page.add(id, email).unwrap();
        }
        let reply = page.answer(None, State::default()).unwrap();
        assert!(reply.json.get().len() < MAX_MESSAGE);
        let reply: serde_json::Value = serde_json::from_str(reply.json.get()).unwrap();
        let (list, left) = (reply["list"].as_array().unwrap(), &reply["notFetched"]);
        assert_eq!(list.len() + left.as_array().unwrap().len(), 500);
        assert!(list.len() > 20, "{}", list.len());
    }
}
