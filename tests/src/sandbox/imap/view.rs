//! What one session was told of the selected mailbox, and how it hears the rest.

use super::Session;
use crate::sandbox::faults::Kick;
use crate::sandbox::mailstore::{Folder, Stored};
use crate::sandbox::wire::End;
use std::fmt::Write as _;

/// The selected mailbox as the client knows it: sequence number − 1 is the index in `uids`.
pub(super) struct View {
    pub(super) mailbox: String,
    pub(super) uidvalidity: u32,
    pub(super) read_only: bool,
    pub(super) uids: Vec<u32>,
    pub(super) modseq: u64,
}

impl View {
    /// The greatest UID the client can mean by `*`.
    pub(super) fn last_uid(&self) -> u32 {
        self.uids.last().copied().unwrap_or(0)
    }

    /// Untagged responses that bring the client up to date; `None` when the mailbox is another one
    /// by now.
    fn news(&mut self, folder: &Folder, condstore: bool) -> Option<String> {
        if folder.uidvalidity != self.uidvalidity {
            return None;
        }
        let mut out = String::new();
        for at in (0..self.uids.len()).rev() {
            if folder.message(self.uids[at]).is_none() {
                self.uids.remove(at);
                let _ = write!(out, "* {} EXPUNGE\r\n", at + 1);
            }
        }
        for (at, uid) in self.uids.iter().enumerate() {
            match folder.message(*uid) {
                Some(stored) if stored.modseq > self.modseq => {
                    let _ = write!(out, "* {} FETCH ({})\r\n", at + 1, facts(stored, condstore));
                }
                _ => {}
            }
        }
        let known = self.last_uid();
        let new = folder.messages.iter().map(|stored| stored.uid).filter(|uid| *uid > known);
        let before = self.uids.len();
        self.uids.extend(new);
        if self.uids.len() != before {
            let _ = write!(out, "* {} EXISTS\r\n* 0 RECENT\r\n", self.uids.len());
        }
        self.modseq = folder.modseq;
        Some(out)
    }
}

/// `UID n FLAGS (…) [MODSEQ (n)]`.
pub(super) fn facts(stored: &Stored, condstore: bool) -> String {
    let mut out = format!("UID {} FLAGS ({})", stored.uid, flags(stored));
    if condstore {
        let _ = write!(out, " MODSEQ ({})", stored.modseq);
    }
    out
}

/// Flags separated by spaces.
pub(super) fn flags(stored: &Stored) -> String {
    stored.flags.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

impl Session {
    /// Appends what happened in the selected mailbox to the output.
    pub(super) fn tell_news(&mut self) -> Result<(), End> {
        let Some(view) = self.view.as_mut() else { return Ok(()) };
        let user = self.user.as_deref().unwrap_or_default();
        let condstore = self.condstore;
        let mailbox = view.mailbox.clone();
        let news = self.provider.store.read(user, &mailbox, |folder| view.news(folder, condstore));
        match news.flatten() {
            Some(news) => {
                self.out.extend_from_slice(news.as_bytes());
                Ok(())
            }
            // Dovecot's words when the mailbox was replaced under an open session.
            None => Err(End::Kicked(Kick::Bye(
                "IMAP session state is inconsistent, please relogin.".into(),
            ))),
        }
    }
}
