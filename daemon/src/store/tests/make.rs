//! Things to put into the store.

use super::disk::Memory;
use super::*;
use chapar_engine::account::{Account, Endpoint, NotifyBy, Security};
use chapar_engine::address::Address;
use chapar_engine::credential::Auth;
use chapar_engine::id::{AccountId, IdentityId, SubmissionId, ThreadId};
use chapar_engine::mailbox::{Mailbox, Role, ServerState};
use chapar_engine::message::{Defect, Message, Summary};
use chapar_engine::submission::{Delivery, Filing, Phase, Recipient, Search, Submission};

pub(super) const NOW: Wall = Wall(1_700_000_000_000);

pub(super) fn account(id: u64) -> Account {
    let endpoint = |port, security| Endpoint { host: "mail.example".into(), port, security };
    Account {
        id: AccountId(id),
        name: format!("work{id}"),
        email: "ada@example.org".into(),
        provider: "other".into(),
        imap: endpoint(993, Security::Tls),
        smtp: endpoint(587, Security::StartTls),
        user: "ada".into(),
        auth: Auth::Password,
        found_by: None,
        slot: 0,
        ca_pem: Some("-----BEGIN CERTIFICATE-----".into()),
        paused: false,
        window: 1500,
        notify: NotifyBy::Mail,
        created_at: NOW,
        first_synced_at: Some(Wall(5)),
    }
}

pub(super) fn mailbox(id: u64, account: u64) -> Mailbox {
    Mailbox {
        id: MailboxId(id),
        account: AccountId(account),
        name: "Entwürfe".into(),
        wire_name: "Entw&APw-rfe".into(),
        separator: Some('/'),
        role: Some(Role::Important),
        selectable: true,
        subscribed: true,
        server: Some(ServerState {
            uidvalidity: 1,
            uidnext: 2,
            modseq: Some(3),
            exists: 4,
            unseen: None,
        }),
        planned: true,
    }
}

pub(super) fn message(id: u64, uid: u32, stage: Stage) -> Message {
    let address = |email: &str| Address { name: Some("Ada".into()), email: email.into() };
    Message {
        id: MessageId(id),
        account: AccountId(1),
        mailbox: MailboxId(1),
        uid,
        thread: (stage != Stage::Planned).then_some(ThreadId(id)),
        stage,
        size: 1000 + uid,
        received_at: Wall(i64::from(uid) * 1000),
        flags: ["\\Seen", "$Work"].into_iter().collect(),
        blob: None,
        summary: Summary {
            message_id: Some(format!("{id}@example.org")),
            in_reply_to: vec!["x@y".into()],
            references: vec!["x@y".into(), "z@y".into()],
            sent_at: Some(Wall(-5)),
            from: vec![address("bob@example.org")],
            reply_to: vec![],
            to: vec![address("ada@example.org")],
            cc: vec![],
            bcc: vec![],
            subject: format!("Über {id}"),
            preview: "Hello".into(),
            has_attachment: true,
            part_names: vec![format!("příloha {id}.pdf")],
            defects: vec![Defect::NoDate, Defect::NoMessageId],
        },
    }
}

pub(super) fn submission(id: u64, blob: BlobId) -> Submission {
    let recipient = |delivery| Recipient { email: "bob@example.org".into(), delivery };
    Submission {
        id: SubmissionId(id),
        account: AccountId(1),
        identity: IdentityId(1),
        message_id: format!("s{id}@example.org"),
        subject: "Plan".into(),
        from: "ada@example.org".into(),
        recipients: vec![
            recipient(Delivery::Waiting { reply: Some("450 later".into()) }),
            recipient(Delivery::InFlight),
            recipient(Delivery::Accepted { reply: "250 ok".into() }),
            recipient(Delivery::Refused { reply: "550 no".into() }),
            recipient(Delivery::Unknown),
        ],
        blob,
        size: 9,
        created_at: NOW,
        send_at: NOW,
        phase: Phase::Queued { next: Wall(1) },
        attempts: 3,
        deferrals: 3,
        tried_since: Some(NOW),
        search: Some(Search { next: Wall(7), looks: 2 }),
        losses: 1,
        last_reply: Some("450 later".into()),
        filing: Filing::Wanted { next: Wall(9), tries: 1 },
        key: Some("k1".into()),
    }
}

pub(super) fn identity(id: u64) -> Identity {
    Identity {
        id: IdentityId(id),
        account: AccountId(1),
        name: Some("Ada".into()),
        email: "ada@example.org".into(),
        reply_to: vec![Address { name: Some("Office".into()), email: "office@example.org".into() }],
        bcc: vec![Address { name: None, email: "archive@example.org".into() }],
        text_signature: "-- \nAda".into(),
        html_signature: "<p>Ada</p>".into(),
    }
}

/// One account with one mailbox.
pub(super) async fn furnish(store: &Store) {
    store
        .write(NOW, |txn| {
            txn.put_account(&account(1))?;
            txn.put_identity(&identity(1))?;
            txn.put_mailbox(&mailbox(1, 1))
        })
        .await
        .unwrap();
}

/// Puts one message.
pub(super) async fn put(store: &Store, message: Message) {
    store.write(NOW, move |txn| txn.put_message(&message)).await.unwrap();
}

/// An empty store in memory.
pub(super) fn memory() -> Store {
    Store::open_on(Arc::new(Memory::default()), true, NOW).unwrap()
}

/// What a search finds and how many match, two rows a step.
pub(super) fn listed(
    store: &Store,
    filter: &MessageFilter,
    position: u64,
    limit: usize,
) -> (Vec<MessageId>, u64) {
    let mut search = store.read().unwrap().search(filter.clone(), position, limit).unwrap();
    while !search.step(2).unwrap() {}
    let found = search.found();
    (found.ids, found.total.unwrap())
}
