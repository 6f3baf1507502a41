//! Mail in pages: several lists, each newest first, read as one.

use std::collections::VecDeque;

use chapar_ipc_protocol::email::{Email, EmailFilter, EmailQuery};
use chapar_ipc_protocol::id::{AccountId, EmailId};
use chapar_ipc_protocol::standard::MAX_OBJECTS;
use jiff::Timestamp;

use super::super::get;
use crate::daemon::Daemon;
use crate::error::Fault;

/// One list of the daemon: an account's or a mailbox's.
#[derive(Debug, Default)]
pub(super) struct Source {
    account: Option<AccountId>,
    filter: EmailFilter,
    ahead: VecDeque<Email>,
    last: Option<EmailId>,
    taken: u64,
    total: Option<u64>,
    ended: bool,
}

/// The lists that are read as one.
#[derive(Debug)]
pub(super) struct Pages<'p> {
    sources: Vec<Source>,
    properties: Option<&'p [&'p str]>,
    /// How many mails match in all; `None` while that is not known.
    pub(super) total: Option<u64>,
}

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
            max_ms: None,
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
        let until = reply.searched.and_then(|searched| searched.until);
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
        Self { sources, properties, total: None }
    }

    /// The next mails, newest first, at most `limit`.
    pub(super) fn take(&mut self, daemon: &mut Daemon, limit: u32) -> Result<Vec<Email>, Fault> {
        let limit = limit as usize;
        let mut emails = Vec::new();
        while emails.len() < limit {
            let left = (limit - emails.len()) as u64;
            for source in &mut self.sources {
                // mail that vanished between two questions leaves nothing of what was read
                while source.ahead.is_empty() && !source.ended {
                    source.read(daemon, self.properties, left)?;
                }
            }
            // of two at the same time the list that was named first goes first
            let newest = self.sources.iter_mut().rev().max_by_key(|source| source.next_at());
            match newest.and_then(|source| source.ahead.pop_front()) {
                Some(email) => emails.push(email),
                None => break,
            }
        }
        self.total = self.sources.iter().map(|source| source.total).sum();
        Ok(emails)
    }
}
