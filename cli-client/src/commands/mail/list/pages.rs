//! Mail in pages: several lists, each newest first, read as one.

use std::collections::VecDeque;
use std::time::Duration;

use chapar_ipc_protocol::email::{Email, EmailFilter, EmailQuery};
use chapar_ipc_protocol::id::{AccountId, EmailId};
use chapar_ipc_protocol::standard::MAX_OBJECTS;
use jiff::Timestamp;

use super::super::get;
use crate::daemon::Daemon;
use crate::error::Fault;
use crate::interrupt::Interrupt;
use crate::render::progress::{PATIENCE, Progress, Step};
use crate::screen::Screen;

/// One list of the daemon: an account's or a mailbox's.
#[derive(Debug, Default)]
pub(super) struct Source {
    account: Option<AccountId>,
    filter: EmailFilter,
    ahead: VecDeque<Email>,
    last: Option<EmailId>,
    taken: u64,
    total: Option<u64>,
    /// How many were looked at, and of how many, while the total is not known.
    searched: (u64, u64),
    ended: bool,
}

/// The lists that are read as one.
#[derive(Debug)]
pub(super) struct Pages<'p> {
    sources: Vec<Source>,
    properties: Option<&'p [&'p str]>,
    /// How many mails match in all; `None` while that is not known.
    pub(super) total: Option<u64>,
    /// How many were looked at, and of how many; both 0 when the total is known.
    pub(super) searched: (u64, u64),
    /// Something may follow what was taken.
    more: bool,
}

/// Longest search of one call: a person sees how far it is, and may end it.
const TURN_MS: u64 = 1_000;

impl Source {
    pub(super) fn new(account: Option<AccountId>, filter: EmailFilter) -> Self {
        Self { account, filter, ..Self::default() }
    }

    /// Reads the next mails, at most `wanted`. A search that its time ended goes on at the next call.
    fn read(
        &mut self,
        daemon: &mut Daemon,
        properties: Option<&[&str]>,
        wanted: u64,
    ) -> Result<(), Fault> {
        let first = self.last.is_none();
        let mut query = EmailQuery {
            account_id: self.account.clone(),
            filter: Some(self.filter.clone()),
            sort: None,
            position: None,
            limit: Some(wanted.min(MAX_OBJECTS as u64)),
            // a program waits for the whole answer
            max_ms: properties.map(|_| TURN_MS),
        };
        let behind = self.last.clone().or_else(|| self.filter.older_than.clone());
        query.filter.get_or_insert_default().older_than = behind;
        let reply = match daemon.call(&query) {
            // the mail to go on behind was deleted in between: its place is known by counting
            Err(fault) if !first && fault.code == "mail.unknown" => {
                query.filter = Some(self.filter.clone());
                query.position = Some(self.taken);
                daemon.call(&query)?
            }
            other => other?,
        };
        let ids: Vec<EmailId> = reply.ids.iter().map(|id| EmailId::from(id.as_str())).collect();
        if self.total.is_none() {
            self.total = reply.total.map(|total| self.taken + total);
        }
        self.taken += ids.len() as u64;
        let until = reply.searched.and_then(|searched| {
            self.searched = (self.searched.0 + searched.done, searched.of);
            searched.until
        });
        self.ended = ids.is_empty() && until.is_none();
        if let Some(last) = until.or_else(|| ids.last().cloned()) {
            self.last = Some(last);
        }
        if !ids.is_empty() {
            self.ahead.extend(get(daemon, &ids, properties)?);
        }
        Ok(())
    }

    fn next_at(&self) -> Option<Timestamp> {
        let email = self.ahead.front()?;
        Some(email.received_at.parse().unwrap_or(Timestamp::MIN))
    }
}

impl<'p> Pages<'p> {
    /// These lists as one, with these properties of each mail; `None`: with all.
    pub(super) fn new(sources: Vec<Source>, properties: Option<&'p [&'p str]>) -> Self {
        Self { sources, properties, total: None, searched: (0, 0), more: false }
    }

    /// The mail behind which the next page begins. A search that was ended goes on behind the last
    /// mail that was looked at, whether that was found or not.
    pub(super) fn next<'e>(&'e self, emails: &'e [Email]) -> Option<&'e EmailId> {
        let found = emails.last().map(|email| &email.id);
        match self.total {
            Some(total) => found.filter(|_| total > emails.len() as u64),
            None if !self.more => None,
            None if self.sources.iter().any(|source| !source.ahead.is_empty()) => found,
            None => match self.sources.as_slice() {
                [only] => only.last.as_ref(),
                _ => found,
            },
        }
    }

    /// The next mails, newest first, at most `limit`; fewer when `patience` ends or Ctrl-C is
    /// pressed before so many are found.
    pub(super) fn take(
        &mut self,
        screen: &Screen,
        daemon: &mut Daemon,
        limit: u32,
        patience: Option<Duration>,
    ) -> Result<Vec<Email>, Fault> {
        let limit = limit as usize;
        let interrupt = Interrupt::listen();
        let mut progress = Progress::new(screen);
        let mut emails = Vec::new();
        'page: while emails.len() < limit {
            let left = (limit - emails.len()) as u64;
            for at in 0..self.sources.len() {
                let Some(source) = self.sources.get_mut(at) else { break };
                // mail that vanished between two questions leaves nothing of what was read
                while source.ahead.is_empty() && !source.ended {
                    source.read(daemon, self.properties, left)?;
                    let over = patience.is_some_and(|patience| progress.took() >= patience);
                    if source.ahead.is_empty() && !source.ended && (over || interrupt.came()) {
                        break 'page;
                    }
                    if progress.took() >= PATIENCE && source.searched.1 > 0 {
                        let (done, total) = source.searched;
                        let place = Some("searched".to_owned());
                        progress.show(Step { done, total, place, ..Step::default() });
                    }
                }
            }
            // of two at the same time the list that was named first goes first
            let newest = self.sources.iter_mut().rev().max_by_key(|source| source.next_at());
            match newest.and_then(|source| source.ahead.pop_front()) {
                Some(email) => emails.push(email),
                None => break,
            }
        }
        progress.clear();
        self.more = self.sources.iter().any(|source| !source.ahead.is_empty() || !source.ended);
        self.total = self.sources.iter().map(|source| source.total).sum();
        if self.total.is_none() {
            let each = self.sources.iter().map(|source| source.searched);
            self.searched = each.fold((0, 0), |sum, (done, of)| (sum.0 + done, sum.1 + of));
        }
        Ok(emails)
    }
}
