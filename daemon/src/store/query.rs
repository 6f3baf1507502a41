//! Listing messages: newest first, by index, looking into records only when a filter asks for it.
//! Whatever the size of a mailbox, all of it is searched, in steps.

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

/// A filter made ready: texts in lower case.
struct Wanted {
    filter: MessageFilter,
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

impl Wanted {
    fn new(filter: MessageFilter) -> Self {
        let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
        Self {
            from: lower(&filter.from),
            to: lower(&filter.to),
            subject: lower(&filter.subject),
            text: lower(&filter.text),
            filter,
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
                    || summary.part_names.iter().any(|name| has(name, needle))
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

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The page asked for, newest first.
    pub ids: Vec<MessageId>,
    /// How many match in all; `None` when the search did not look at everything.
    pub total: Option<u64>,
    /// How many messages were looked at.
    pub searched: u64,
    /// How many the account or mailbox has, those outside of the times asked for too.
    pub of: u64,
    /// The message behind which the search goes on when it is left here.
    pub until: Option<MessageId>,
}

/// A search under way: it goes on in steps, so that a long one holds nobody up, and sees one state
/// of the store from its first step to its last.
pub struct Search {
    view: Snapshot,
    wanted: Wanted,
    /// What is left of the listing: from the first key up to the second.
    rest: Option<(Vec<u8>, Vec<u8>)>,
    /// Whether records have to be read.
    inside: bool,
    /// The total, where counts tell it.
    known: Option<u64>,
    position: u64,
    limit: usize,
    matched: u64,
    found: Found,
}

impl Search {
    /// Looks at up to `rows` more messages; true when there is nothing left to look at.
    pub fn step(&mut self, rows: usize) -> Result<bool, StoreError> {
        let Some((from, to)) = self.rest.take() else { return Ok(true) };
        let Self { view, wanted, inside, known, position, limit, matched, found, .. } = self;
        let (mut looked, mut last) = (0, None);
        view.guarded(|it| {
            it.scan(Table::Listing, (&from, &to), Order::Up, &mut |key, _| {
                let is_full = found.ids.len() >= *limit && *matched >= *position;
                if looked == rows || is_full && known.is_some() {
                    return STOP;
                }
                looked += 1;
                last = Some(key.to_vec());
                let mut parts = Parts(key);
                let id = parts.skip(17).and_then(|()| parts.u64());
                let Some(id) = id.map(|down| MessageId(!down)) else { return NEXT };
                if found.ids.len() < *limit {
                    found.until = Some(id);
                }
                if *inside && !message(it, id)?.is_some_and(|message| wanted.matches(&message)) {
                    return NEXT;
                }
                if *matched >= *position && found.ids.len() < *limit {
                    found.ids.push(id);
                }
                *matched += 1;
                NEXT
            })
        })?;
        found.searched += looked as u64;
        let is_full = found.ids.len() >= *limit && *matched >= *position;
        if looked < rows || is_full && known.is_some() {
            // the listing was read to its end unless the page is full
            let agrees = |known| if is_full { known >= *matched } else { known == *matched };
            if !(*known).is_none_or(agrees) {
                let why = "it contradicts its count";
                return view.guarded(|it| Err(it.damaged(Table::Listing, &from, why)));
            }
            found.total = Some(known.unwrap_or(*matched));
            return Ok(true);
        }
        // the first key after the last one looked at
        self.rest = last.map(|mut key| {
            key.push(0);
            (key, to)
        });
        Ok(false)
    }

    /// What was found so far.
    #[must_use]
    pub fn found(self) -> Found {
        self.found
    }
}

impl Snapshot {
    /// Begins to look for messages that match, newest first; `position` of them are passed over and
    /// `limit` given.
    pub fn search(
        self,
        filter: MessageFilter,
        position: u64,
        limit: usize,
    ) -> Result<Search, StoreError> {
        let mut search = Search {
            wanted: Wanted::new(filter),
            view: self,
            rest: None,
            inside: false,
            known: None,
            position,
            limit,
            matched: 0,
            found: Found::default(),
        };
        if let Some(message_id) = search.wanted.filter.message_id.clone() {
            search.found = search
                .view
                .guarded(|it| it.search_by_id(&search.wanted, &message_id, position, limit))?;
            return Ok(search);
        }
        let filter = &search.wanted.filter;
        let is_of_other = |account, mailbox| -> Result<bool, StoreError> {
            Ok(search.view.mailbox(mailbox)?.is_none_or(|mailbox| mailbox.account != account))
        };
        let is_nowhere = match (filter.account, filter.mailbox) {
            (Some(account), Some(mailbox)) => is_of_other(account, mailbox)?,
            _ => false,
        };
        let Some((scope, from, to)) = span(filter).filter(|_| !is_nowhere) else {
            search.found.total = Some(0);
            return Ok(search);
        };
        search.inside = search.wanted.looks_inside();
        search.found.of = search.view.guarded(|it| counts(it, scope))?.listed;
        let is_whole =
            filter.after.is_none() && filter.before.is_none() && filter.older_than.is_none();
        if !search.inside && is_whole {
            search.known = Some(search.found.of);
        }
        search.rest = Some((from.bytes().to_vec(), to));
        Ok(search)
    }

    fn search_by_id(
        &self,
        wanted: &Wanted,
        message_id: &str,
        position: u64,
        limit: usize,
    ) -> Result<Found, StoreError> {
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
        let skip = usize::try_from(position).unwrap_or(usize::MAX);
        Ok(Found {
            total: Some(found.len() as u64),
            ids: found.iter().map(|message| message.id).skip(skip).take(limit).collect(),
            ..Found::default()
        })
    }
}
