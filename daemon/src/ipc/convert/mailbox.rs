//! Mailboxes.

use super::{account_id, date, mailbox_id};
use chapar_engine::id::MailboxId;
use chapar_engine::mailbox::{Mailbox, Role};
use chapar_engine::sync::Trouble;
use chapar_ipc_protocol as wire;

fn role(role: Role) -> wire::mailbox::Role {
    use wire::mailbox::Role as Wire;
    match role {
        Role::Inbox => Wire::Inbox,
        Role::Drafts => Wire::Drafts,
        Role::Sent => Wire::Sent,
        Role::Junk => Wire::Junk,
        Role::Trash => Wire::Trash,
        Role::Archive => Wire::Archive,
        Role::All => Wire::All,
        Role::Flagged => Wire::Flagged,
        Role::Important => Wire::Important,
    }
}

/// The last component of a mailbox's path and the path around it.
pub(in crate::ipc) fn split_path(mailbox: &Mailbox) -> (&str, Option<&str>) {
    let separated = mailbox.separator.and_then(|at| mailbox.name.rsplit_once(at));
    match separated {
        Some((parent, leaf)) if !leaf.is_empty() => (leaf, Some(parent)),
        _ => (&mailbox.name, None),
    }
}

/// A mailbox; `mirrored` and `unseen` count what is here.
pub(in crate::ipc) fn mailbox(
    mailbox: &Mailbox,
    parent: Option<MailboxId>,
    mirrored: u64,
    unseen: u64,
    trouble: Option<&Trouble>,
) -> wire::mailbox::Mailbox {
    let server = mailbox.server;
    let total = server.map_or(mirrored, |server| u64::from(server.exists));
    let unread = server.and_then(|server| server.unseen).map_or(unseen, u64::from);
    wire::mailbox::Mailbox {
        id: mailbox_id(mailbox.id),
        account_id: account_id(mailbox.account),
        name: split_path(mailbox).0.to_owned(),
        path: mailbox.name.clone(),
        parent_id: parent.map(mailbox_id),
        role: mailbox.role.map(role),
        sort_order: mailbox.role.map_or(100, sort_order),
        total_emails: total,
        unread_emails: unread,
        my_rights: wire::mailbox::MailboxRights {
            may_read_items: mailbox.selectable,
            ..wire::mailbox::MailboxRights::default()
        },
        is_subscribed: mailbox.subscribed,
        mirrored_emails: mirrored,
        aside: trouble.map(aside),
    }
}

fn aside(trouble: &Trouble) -> wire::mailbox::MailboxAside {
    wire::mailbox::MailboxAside {
        code: trouble.code.clone(),
        reason: trouble.reason.clone(),
        since: date(trouble.since),
        next_try: date(trouble.next),
        tries: trouble.tries,
    }
}

fn sort_order(role: Role) -> u32 {
    match role {
        Role::Inbox => 1,
        Role::Important => 2,
        Role::Flagged => 3,
        Role::Drafts => 4,
        Role::Sent => 5,
        Role::Archive => 6,
        Role::All => 7,
        Role::Junk => 8,
        Role::Trash => 9,
    }
}
