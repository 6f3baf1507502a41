//! SELECT, EXAMINE and APPEND.

use super::mailbox::name_of;
use super::view::View;
use super::{Answer, Session, no};
use crate::sandbox::faults::{Fault, Harm, Service};
use imap_codec::imap_types::command::SelectParameter;
use imap_codec::imap_types::datetime::DateTime;
use imap_codec::imap_types::extensions::binary::LiteralOrLiteral8;
use imap_codec::imap_types::flag::Flag;
use imap_codec::imap_types::mailbox::Mailbox;

/// Flags that a mailbox knows before anybody sets one.
const FLAGS: &str = "\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded $MDNSent";

impl Session {
    pub(super) async fn select(
        &mut self,
        mailbox: &Mailbox<'_>,
        parameters: &[SelectParameter],
        read_only: bool,
    ) -> Answer {
        self.view = None;
        let modern = self.provider.personality.modern();
        self.condstore |= modern && parameters.contains(&SelectParameter::CondStore);
        let name = name_of(mailbox)?;
        let mut has_validity = true;
        match self.provider.faults.mailbox(&name) {
            Some(Harm::Blank | Harm::Empty) => has_validity = false,
            Some(harm) => return Err(self.harm(harm).await),
            None => {}
        }
        let copy = self.provider.store.read(self.user(), &name, |folder| {
            let uids: Vec<u32> = folder.messages.iter().map(|stored| stored.uid).collect();
            let unseen = folder.messages.iter().position(|stored| !stored.flags.contains("\\Seen"));
            (folder.noselect, folder.uidvalidity, folder.uidnext, folder.modseq, uids, unseen)
        });
        let Some((false, uidvalidity, uidnext, modseq, mut uids, unseen)) = copy else {
            return no("[NONEXISTENT] There is no such mailbox.");
        };
        let lie = self
            .provider
            .faults
            .take(Service::Imap, |fault| matches!(fault, Fault::Empty).then_some(()));
        if lie.is_some() {
            uids.clear();
        }
        self.untagged(&format!("FLAGS ({FLAGS})"));
        self.untagged(&format!("OK [PERMANENTFLAGS ({FLAGS} \\*)] Flags permitted."));
        self.untagged(&format!("{} EXISTS", uids.len()));
        self.untagged("0 RECENT");
        if let Some(at) = unseen.filter(|_| !uids.is_empty()) {
            self.untagged(&format!("OK [UNSEEN {}] First unseen.", at + 1));
        }
        if has_validity {
            self.untagged(&format!("OK [UIDVALIDITY {uidvalidity}] UIDs valid"));
        }
        self.untagged(&format!("OK [UIDNEXT {uidnext}] Predicted next UID"));
        if modern {
            self.untagged(&format!("OK [HIGHESTMODSEQ {modseq}] Highest"));
        }
        self.view = Some(View { mailbox: name, uidvalidity, read_only, uids, modseq });
        Ok(if read_only {
            "[READ-ONLY] Examine completed."
        } else {
            "[READ-WRITE] Select completed."
        }
        .into())
    }

    pub(super) fn append(
        &mut self,
        mailbox: &Mailbox<'_>,
        flags: &[Flag<'_>],
        date: Option<&DateTime>,
        message: &LiteralOrLiteral8<'_>,
    ) -> Answer {
        let name = name_of(mailbox)?;
        let bytes: &[u8] = match message {
            LiteralOrLiteral8::Literal(literal) => literal.as_ref(),
            LiteralOrLiteral8::Literal8(_) => return no("[UNKNOWN-CTE] BINARY is not offered."),
        };
        let at = date.map_or_else(|| (self.provider.now)(), |date| date.as_ref().timestamp());
        let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let store = &self.provider.store;
        let Some(uid) = store.deliver_with(self.user(), &name, bytes, at, &flags) else {
            return no("[TRYCREATE] There is no such mailbox.");
        };
        let validity = store.read(self.user(), &name, |folder| folder.uidvalidity).unwrap_or(0);
        if self.provider.personality.full {
            Ok(format!("[APPENDUID {validity} {uid}] Append completed."))
        } else {
            Ok("Append completed.".into())
        }
    }
}
