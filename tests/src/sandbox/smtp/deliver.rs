//! From an accepted transaction to mailboxes: local delivery, the provider's own copy in Sent, the
//! automatic answer.

use crate::sandbox::imap::header_fields;
use crate::sandbox::ledger::Delivery;
use crate::sandbox::provider::Provider;

/// Takes responsibility for the message and returns its queue id.
pub(super) fn accept(
    provider: &Provider,
    user: &str,
    from: &str,
    recipients: &[String],
    bytes: &[u8],
) -> String {
    let message_id = field(bytes, "Message-ID").trim_matches(['<', '>']).to_owned();
    let queue_id = format!("{:08X}", provider.ledger.deliveries().len() + 1);
    for recipient in recipients {
        provider.ledger.delivered(Delivery {
            message_id: message_id.clone(),
            from: from.into(),
            recipient: recipient.clone(),
            bytes: bytes.into(),
        });
    }
    let now = (provider.now)();
    // one copy, however many transactions it took
    if provider.personality.files_sent && !is_filed(provider, user, &message_id) {
        provider.store.deliver_with(user, "Sent", bytes, now, &["\\Seen"]);
    }
    for recipient in recipients {
        if provider.store.knows(recipient) {
            let traced = trace(from, recipient, &queue_id, now, bytes);
            provider.store.deliver(recipient, "INBOX", &traced, now);
        }
        if recipient.starts_with("answer") {
            let reply = answer(recipient, from, now, bytes, &message_id);
            provider.store.deliver(from, "INBOX", &reply, now);
        }
    }
    queue_id
}

fn is_filed(provider: &Provider, user: &str, message_id: &str) -> bool {
    let is_it = |bytes: &[u8]| field(bytes, "Message-ID").trim_matches(['<', '>']) == message_id;
    let filed = provider
        .store
        .read(user, "Sent", |sent| sent.messages.iter().any(|stored| is_it(&stored.body)));
    filed == Some(true)
}

fn trace(from: &str, to: &str, queue_id: &str, now: i64, bytes: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "Return-Path: <{from}>\r\nDelivered-To: {to}\r\nReceived: from localhost by sandbox \
         with ESMTPSA id {queue_id}\r\n\tfor <{to}>; {}\r\n",
        rfc5322(now)
    )
    .into_bytes();
    out.extend_from_slice(bytes);
    out
}

/// A person's short answer that threads under the message.
fn answer(from: &str, to: &str, now: i64, bytes: &[u8], message_id: &str) -> Vec<u8> {
    let subject = field(bytes, "Subject");
    let subject = if subject.to_ascii_lowercase().starts_with("re:") {
        subject
    } else {
        format!("Re: {subject}")
    };
    let references = field(bytes, "References");
    format!(
        "Return-Path: <{from}>\r\nDelivered-To: {to}\r\nDate: {}\r\nFrom: {from}\r\nTo: {to}\r\n\
         Subject: {subject}\r\nMessage-ID: <answer.{message_id}>\r\nIn-Reply-To: <{message_id}>\r\n\
         References: {references}{}<{message_id}>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nThank you, that suits me well.\r\n",
        rfc5322(now),
        if references.is_empty() { "" } else { " " },
    )
    .into_bytes()
}

fn field(bytes: &[u8], name: &str) -> String {
    let fields = header_fields(bytes).into_iter();
    fields
        .filter(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, content)| content)
        .next()
        .unwrap_or_default()
}

/// RFC 5322 §3.3, in UTC.
pub(in crate::sandbox) fn rfc5322(seconds: i64) -> String {
    let at = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
