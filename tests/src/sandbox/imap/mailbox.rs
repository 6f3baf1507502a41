//! LIST, LSUB, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE.

use super::extended::ExtendedList;
use super::{Answer, Refusal, Session, no, text};
use crate::sandbox::faults::{Fault, Harm, Service};
use crate::sandbox::mailstore::Folder;
use crate::sandbox::mutf7;
use imap_codec::imap_types::mailbox::{ListMailbox, Mailbox};
use imap_codec::imap_types::status::StatusDataItemName;

/// The Unicode name a client means.
pub(super) fn name_of(mailbox: &Mailbox<'_>) -> Result<String, Refusal> {
    match mailbox {
        Mailbox::Inbox => Ok("INBOX".into()),
        Mailbox::Other(other) => match mutf7::decode(&text(other.as_ref())) {
            Some(name) => Ok(name),
            None => no("[CANNOT] The name is not modified UTF-7."),
        },
    }
}

/// A name on the wire, quoted.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", mutf7::encode(name).replace('\\', "\\\\").replace('"', "\\\""))
}

impl Session {
    pub(super) fn list(
        &mut self,
        reference: &Mailbox<'_>,
        pattern: &ListMailbox<'_>,
        lsub: bool,
    ) -> Answer {
        let pattern = match pattern {
            ListMailbox::Token(token) => text(token.as_ref()),
            ListMailbox::String(string) => text(string.as_ref()),
        };
        if pattern.is_empty() && !lsub {
            self.untagged("LIST (\\Noselect) \"/\" \"\"");
            return Ok("List completed.".into());
        }
        let reference = name_of(reference)?;
        self.list_matching(
            &reference,
            &[pattern],
            lsub,
            false,
            &[],
            if lsub { "LSUB" } else { "LIST" },
        )
    }

    pub(super) fn list_extended(&mut self, list: &ExtendedList) -> Answer {
        if !self.provider.personality.full {
            return Err(Refusal::Bad("LIST-EXTENDED is not offered.".into()));
        }
        self.list_matching(
            &list.reference,
            &list.patterns,
            list.subscribed,
            list.special_use_only,
            &list.status,
            "LIST",
        )
    }

    fn list_matching(
        &mut self,
        reference: &str,
        patterns: &[String],
        subscribed: bool,
        special_use_only: bool,
        status: &[String],
        word: &str,
    ) -> Answer {
        let lie = self
            .provider
            .faults
            .take(Service::Imap, |fault| matches!(fault, Fault::Empty).then_some(()));
        if lie.is_some() {
            return Ok("List completed.".into());
        }
        let folders = self.provider.store.snapshot(self.user());
        for (name, folder) in &folders {
            let wire = mutf7::encode(name);
            let wanted = patterns
                .iter()
                .any(|pattern| fits(format!("{reference}{pattern}").as_bytes(), wire.as_bytes()));
            let hidden =
                subscribed && !folder.subscribed || special_use_only && folder.role.is_none();
            if !wanted || hidden {
                continue;
            }
            let below = format!("{name}/");
            let children = folders.keys().any(|other| other.starts_with(&below));
            let attributes = self.attributes(folder, children, subscribed);
            self.untagged(&format!("{word} ({attributes}) \"/\" {}", quote(name)));
            if !status.is_empty() && !folder.noselect {
                let items: Vec<&str> = status.iter().map(String::as_str).collect();
                self.untagged(&format!("STATUS {} ({})", quote(name), numbers(folder, &items)));
            }
        }
        Ok("List completed.".into())
    }

    fn attributes(&self, folder: &Folder, children: bool, subscribed: bool) -> String {
        let mut attributes = vec![if children { "\\HasChildren" } else { "\\HasNoChildren" }];
        if folder.noselect {
            attributes.push("\\Noselect");
        }
        if self.provider.personality.full {
            attributes.extend(folder.role);
            if subscribed {
                attributes.push("\\Subscribed");
            }
        }
        attributes.join(" ")
    }

    pub(super) fn status(&mut self, mailbox: &Mailbox<'_>, items: &[StatusDataItemName]) -> Answer {
        let name = name_of(mailbox)?;
        let mut items: Vec<&str> = items.iter().map(word).collect();
        if matches!(self.provider.faults.mailbox(&name), Some(Harm::Blank | Harm::Empty)) {
            items.retain(|item| *item != "UIDVALIDITY");
        }
        if items.contains(&"HIGHESTMODSEQ") {
            self.condstore = true;
        }
        let answer = self
            .provider
            .store
            .read(self.user(), &name, |folder| (!folder.noselect).then(|| numbers(folder, &items)));
        let Some(Some(numbers)) = answer else {
            return no("[NONEXISTENT] There is no such mailbox.");
        };
        self.untagged(&format!("STATUS {} ({numbers})", quote(&name)));
        Ok("Status completed.".into())
    }

    pub(super) fn create(&mut self, mailbox: &Mailbox<'_>) -> Answer {
        let name = name_of(mailbox)?;
        if self.provider.store.create_mailbox(self.user(), name.trim_end_matches('/'), None) {
            Ok("Create completed.".into())
        } else {
            no("[ALREADYEXISTS] The mailbox exists.")
        }
    }

    pub(super) fn delete(&mut self, mailbox: &Mailbox<'_>) -> Answer {
        let name = name_of(mailbox)?;
        if name == "INBOX" {
            return no("[CANNOT] INBOX stays.");
        }
        if self.provider.store.delete_mailbox(self.user(), &name) {
            Ok("Delete completed.".into())
        } else {
            no("[NONEXISTENT] There is no such mailbox.")
        }
    }

    pub(super) fn rename(&mut self, from: &Mailbox<'_>, to: &Mailbox<'_>) -> Answer {
        let (from, to) = (name_of(from)?, name_of(to)?);
        if self.provider.store.rename(self.user(), &from, &to) {
            Ok("Rename completed.".into())
        } else {
            no("[NONEXISTENT] There is no such mailbox, or the new name is taken.")
        }
    }

    pub(super) fn subscribe(&mut self, mailbox: &Mailbox<'_>, subscribed: bool) -> Answer {
        let name = name_of(mailbox)?;
        let set = self.provider.store.change(self.user(), &name, |folder, _| {
            folder.subscribed = subscribed;
        });
        if set.is_some() {
            Ok("Done.".into())
        } else {
            no("[NONEXISTENT] There is no such mailbox.")
        }
    }
}

fn word(item: &StatusDataItemName) -> &'static str {
    match item {
        StatusDataItemName::Messages => "MESSAGES",
        StatusDataItemName::Recent => "RECENT",
        StatusDataItemName::UidNext => "UIDNEXT",
        StatusDataItemName::UidValidity => "UIDVALIDITY",
        StatusDataItemName::Unseen => "UNSEEN",
        StatusDataItemName::HighestModSeq => "HIGHESTMODSEQ",
        _ => "UNKNOWN",
    }
}

fn numbers(folder: &Folder, items: &[&str]) -> String {
    let mut parts = Vec::new();
    for item in items {
        let number = match *item {
            "MESSAGES" => folder.messages.len() as u64,
            "RECENT" => 0,
            "UIDNEXT" => u64::from(folder.uidnext),
            "UIDVALIDITY" => u64::from(folder.uidvalidity),
            "UNSEEN" => {
                folder.messages.iter().filter(|stored| !stored.flags.contains("\\Seen")).count()
                    as u64
            }
            "HIGHESTMODSEQ" => folder.modseq,
            _ => continue,
        };
        parts.push(format!("{item} {number}"));
    }
    parts.join(" ")
}

/// LIST wildcards: `*` any, `%` any but the separator.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|at| fits(rest, &name[at..])),
        Some((b'%', rest)) => {
            let level = name.iter().position(|byte| *byte == b'/').unwrap_or(name.len());
            (0..=level).any(|at| fits(rest, &name[at..]))
        }
        Some((first, rest)) => {
            name.split_first().is_some_and(|(byte, after)| byte == first && fits(rest, after))
        }
    }
}
