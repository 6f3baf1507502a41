//! STORE, EXPUNGE, COPY and MOVE.

use super::mailbox::name_of;
use super::set::{holds, render};
use super::view::facts;
use super::{Answer, Session, no};
use imap_codec::imap_types::command::StoreModifier;
use imap_codec::imap_types::flag::{Flag, StoreResponse, StoreType};
use imap_codec::imap_types::mailbox::Mailbox;
use imap_codec::imap_types::sequence::SequenceSet;
use std::collections::BTreeSet;

impl Session {
    /// The UIDs that `set` names in the selected mailbox.
    pub(super) fn chosen(&self, set: &SequenceSet, uid: bool) -> Vec<(usize, u32)> {
        let Some(view) = self.view.as_ref() else { return Vec::new() };
        let last = if uid { view.last_uid() } else { u32::try_from(view.uids.len()).unwrap_or(0) };
        let numbered = view.uids.iter().enumerate().map(|(at, of)| (at + 1, *of));
        numbered
            .filter(|(seq, of)| {
                holds(set, if uid { *of } else { u32::try_from(*seq).unwrap_or(0) }, last)
            })
            .collect()
    }

    /// The selected mailbox's name, when it may be written.
    fn writable(&self) -> Option<String> {
        self.view.as_ref().filter(|view| !view.read_only).map(|view| view.mailbox.clone())
    }

    pub(super) fn store(
        &mut self,
        set: &SequenceSet,
        kind: StoreType,
        response: StoreResponse,
        flags: &[Flag<'_>],
        uid: bool,
        modifiers: &[StoreModifier],
    ) -> Answer {
        let Some(mailbox) = self.writable() else {
            return no("[READ-ONLY] The mailbox is read-only.");
        };
        self.tell_news()?;
        let unchanged_since =
            modifiers.iter().map(|StoreModifier::UnchangedSince(since)| *since).next();
        self.condstore |= unchanged_since.is_some();
        let flags: BTreeSet<String> = flags.iter().map(ToString::to_string).collect();
        let chosen = self.chosen(set, uid);
        let condstore = self.condstore;
        let stored = self.provider.store.change(self.user(), &mailbox, |folder, modseq| {
            let (mut lines, mut modified) = (Vec::new(), Vec::new());
            for (seq, of) in chosen {
                let Some(message) = folder.messages.iter_mut().find(|message| message.uid == of)
                else {
                    continue;
                };
                if unchanged_since.is_some_and(|since| message.modseq > since) {
                    modified.push(if uid { of } else { u32::try_from(seq).unwrap_or(0) });
                    continue;
                }
                match kind {
                    StoreType::Replace => message.flags = flags.clone(),
                    StoreType::Add => message.flags.extend(flags.iter().cloned()),
                    StoreType::Remove => message.flags.retain(|flag| !flags.contains(flag)),
                }
                message.modseq = modseq;
                lines.push(format!("{seq} FETCH ({})", facts(message, condstore)));
            }
            (lines, modified, modseq)
        });
        let Some((lines, modified, modseq)) = stored else { return no("[NONEXISTENT] Gone.") };
        if response == StoreResponse::Answer {
            for line in lines {
                self.untagged(&line);
            }
        }
        if let Some(view) = self.view.as_mut() {
            view.modseq = modseq;
        }
        self.provider.store.tell();
        if modified.is_empty() {
            Ok("Store completed.".into())
        } else {
            Ok(format!("[MODIFIED {}] Conditional store failed for some.", render(&modified)))
        }
    }

    /// Removes `\Deleted` messages; the EXPUNGE lines come with the news, unless `silent`.
    pub(super) fn expunge(&mut self, only: Option<&SequenceSet>, silent: bool) -> Answer {
        let Some(mailbox) = self.writable() else {
            return if silent {
                Ok(String::new())
            } else {
                no("[READ-ONLY] The mailbox is read-only.")
            };
        };
        let chosen: Option<Vec<u32>> =
            only.map(|set| self.chosen(set, true).into_iter().map(|(_, uid)| uid).collect());
        let doomed = self.provider.store.read(self.user(), &mailbox, |folder| {
            folder
                .messages
                .iter()
                .filter(|stored| stored.flags.contains("\\Deleted"))
                .map(|stored| stored.uid)
                .filter(|uid| chosen.as_ref().is_none_or(|chosen| chosen.contains(uid)))
                .collect::<Vec<u32>>()
        });
        self.provider.store.expunge(self.user(), &mailbox, &doomed.unwrap_or_default());
        Ok("Expunge completed.".into())
    }

    pub(super) fn copy(
        &mut self,
        set: &SequenceSet,
        to: &Mailbox<'_>,
        uid: bool,
        moves: bool,
    ) -> Answer {
        let to = name_of(to)?;
        let Some(from) = self.view.as_ref().map(|view| view.mailbox.clone()) else {
            return no("No mailbox selected.");
        };
        let store = self.provider.store.clone();
        let Some(validity) = store.read(self.user(), &to, |folder| folder.uidvalidity) else {
            return no("[TRYCREATE] There is no such mailbox.");
        };
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for (_, of) in self.chosen(set, uid) {
            let message = store.read(self.user(), &from, |folder| folder.message(of).cloned());
            let Some(Some(message)) = message else { continue };
            let flags: Vec<&str> = message.flags.iter().map(String::as_str).collect();
            let copied =
                store.deliver_with(self.user(), &to, &message.body, message.internal_date, &flags);
            old.push(of);
            new.extend(copied);
        }
        let code = format!("COPYUID {validity} {} {}", render(&old), render(&new));
        if moves {
            if !old.is_empty() {
                self.untagged(&format!("OK [{code}] Moved."));
            }
            store.expunge(self.user(), &from, &old);
            return Ok("Move completed.".into());
        }
        if old.is_empty() { Ok("Nothing to copy.".into()) } else { Ok(format!("[{code}] Copied.")) }
    }
}
