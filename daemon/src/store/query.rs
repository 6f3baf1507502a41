//! Listing messages: newest first, by index, looking into records only when a filter asks for it.

use super::limits::SCAN_ROWS;
use super::mailboxes::counts;
use super::messages::{by_message_id, message};
use super::source::{NEXT, Order, STOP, Snapshot, Source};
use super::tables::{Key, Parts, Scope, Table};
use super::{MessageFilter, StoreError};
use chapar_engine::account::Account;
use chapar_engine::address::Address;
use chapar_engine::id::{AccountId, MailboxId, MessageId};
use chapar_engine::message::Message;
use chapar_engine::time::Wall;
use std::ops::ControlFlow;

/// A filter made ready: texts in lower case.
struct Wanted<'f> {
    filter: &'f MessageFilter,
    from: Option<String>,
    to: Option<String>,
    subject: Option<String>,
    text: Option<String>,
}

fn any_has(addresses: &[Address], needle: &str) -> bool {
    addresses.iter().any(|address| {
        has(&address.email, needle) || address.name.as_ref().is_some_and(|name| has(name, needle))
    })
}

fn has(text: &str, needle: &str) -> bool {
    text.to_lowercase().contains(needle)
}

fn has_flag(message: &Message, flag: &str) -> bool {
    message.flags.iter().any(|it| it.eq_ignore_ascii_case(flag))
}

impl<'f> Wanted<'f> {
    fn new(filter: &'f MessageFilter) -> Self {
        let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
        Self {
            filter,
            from: lower(&filter.from),
            to: lower(&filter.to),
            subject: lower(&filter.subject),
            text: lower(&filter.text),
        }
    }

    /// Whether records have to be read.
    fn looks_inside(&self) -> bool {
        let texts = [&self.from, &self.to, &self.subject, &self.text];
        texts.iter().any(|text| text.is_some())
            || self.filter.has_flag.is_some()
            || self.filter.not_flag.is_some()
            || self.filter.message_id.is_some()
    }

    fn matches(&self, message: &Message) -> bool {
        let summary = &message.summary;
        let ok =
            |text: &Option<String>, test: &dyn Fn(&str) -> bool| text.as_deref().is_none_or(test);
        let to = |needle: &str| {
            [&summary.to, &summary.cc, &summary.bcc].iter().any(|list| any_has(list, needle))
        };
        ok(&self.from, &|needle| any_has(&summary.from, needle))
            && ok(&self.to, &to)
            && ok(&self.subject, &|needle| has(&summary.subject, needle))
            && ok(&self.text, &|needle| {
                any_has(&summary.from, needle)
                    || to(needle)
                    || has(&summary.subject, needle)
                    || has(&summary.preview, needle)
            })
            && ok(&self.filter.has_flag, &|flag| has_flag(message, flag))
            && ok(&self.filter.not_flag, &|flag| !has_flag(message, flag))
            && ok(&self.filter.message_id, &|id| summary.message_id.as_deref() == Some(id))
            && self.covers(message)
    }

    /// The parts of the filter that the index answers.
    fn covers(&self, message: &Message) -> bool {
        self.filter.account.is_none_or(|account| message.account == account)
            && self.filter.mailbox.is_none_or(|mailbox| message.mailbox == mailbox)
            && self.filter.after.is_none_or(|after| message.received_at >= after)
            && self.filter.before.is_none_or(|before| message.received_at < before)
            && self.filter.older_than.is_none_or(|place| (message.received_at, message.id) < place)
    }
}

/// The keys of the listing that a filter can match, newest first.
fn span(filter: &MessageFilter) -> Option<(Scope, Key, Vec<u8>)> {
    let scope = match (filter.mailbox, filter.account) {
        (Some(MailboxId(id)), _) => Scope::Mailbox(id),
        (None, Some(AccountId(id))) => Scope::Account(id),
        (None, None) => Scope::All,
    };
    let prefix = Key::scope(scope);
    let before = match filter.before {
        Some(before) => prefix.clone().wall_down(Wall(before.0.checked_sub(1)?)),
        None => prefix.clone(),
    };
    // the key of a message is followed by that of the next older one
    let behind = filter.older_than.map_or_else(
        || prefix.clone(),
        |(at, MessageId(id))| prefix.clone().wall_down(at).u64_down(id).u8(0),
    );
    let from = if behind.bytes() > before.bytes() { behind } else { before };
    let to = match filter.after {
        Some(after) => prefix.wall_down(after).end(),
        None => prefix.end(),
    };
    // an empty span (`before` not later than `after`) is not an error
    (to.is_empty() || from.bytes() < to.as_slice()).then_some((scope, from, to))
}

impl Snapshot {
    /// Ids of messages that match, newest first, and how many match in all.
    ///
    /// Reads no more than [`SCAN_ROWS`] rows beyond the page: a filter on time or content over
    /// more gives as total what was found so far.
    pub fn query(
        &self,
        filter: &MessageFilter,
        position: usize,
        limit: usize,
    ) -> Result<(Vec<MessageId>, u64), StoreError> {
        self.guarded(|it| it.query_inside(filter, position, limit))
    }

    fn query_inside(
        &self,
        filter: &MessageFilter,
        position: usize,
        limit: usize,
    ) -> Result<(Vec<MessageId>, u64), StoreError> {
        let wanted = Wanted::new(filter);
        if let Some(message_id) = &filter.message_id {
            return self.query_by_id(&wanted, message_id, position, limit);
        }
        if let (Some(account), Some(mailbox)) = (filter.account, filter.mailbox)
            && self.mailbox(mailbox)?.is_none_or(|mailbox| mailbox.account != account)
        {
            return Ok((Vec::new(), 0));
        }
        let Some((scope, from, to)) = span(filter) else {
            return Ok((Vec::new(), 0));
        };
        let inside = wanted.looks_inside();
        let whole =
            filter.after.is_none() && filter.before.is_none() && filter.older_than.is_none();
        let known = if !inside && whole { Some(counts(self, scope)?.listed) } else { None };
        let end = position.saturating_add(limit);
        let (mut page, mut total, mut rows) = (Vec::new(), 0_usize, 0_usize);
        self.scan(Table::Listing, (from.bytes(), &to), Order::Up, &mut |key, _| {
            let full = total >= end;
            if full && (known.is_some() || rows >= SCAN_ROWS) || inside && rows >= SCAN_ROWS {
                return STOP;
            }
            rows += 1;
            let mut parts = Parts(key);
            let Some(id) = parts.skip(17).and_then(|()| parts.u64()).map(|down| MessageId(!down))
            else {
                return NEXT;
            };
            if inside && !message(self, id)?.is_some_and(|message| wanted.matches(&message)) {
                return Ok(ControlFlow::Continue(()));
            }
            if total >= position && !full {
                page.push(id);
            }
            total += 1;
            NEXT
        })?;
        Ok((page, known.unwrap_or(total as u64)))
    }

    fn query_by_id(
        &self,
        wanted: &Wanted<'_>,
        message_id: &str,
        position: usize,
        limit: usize,
    ) -> Result<(Vec<MessageId>, u64), StoreError> {
        let accounts = match wanted.filter.account {
            Some(account) => vec![account],
            None => self.accounts()?.iter().map(|account: &Account| account.id).collect(),
        };
        let mut found = Vec::new();
        for account in accounts {
            for id in by_message_id(self, account, message_id)? {
                found.extend(message(self, id)?.filter(|message| wanted.matches(message)));
            }
        }
        found.sort_by_key(|message| std::cmp::Reverse((message.received_at, message.id)));
        let total = found.len() as u64;
        let page = found.iter().map(|message| message.id).skip(position).take(limit).collect();
        Ok((page, total))
    }
}
