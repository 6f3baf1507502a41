//! Ids, states, cursors and dates: one spelling each, and nothing else is read back.

use crate::store::Change;
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{
    AccountId, BlobId, IdentityId, MailboxId, MessageId, Seq, SubmissionId, ThreadId,
};
use chapar_engine::time::Wall;
use chapar_ipc_protocol as wire;

macro_rules! ids {
    ($($out:ident $back:ident $engine:ident $wire:ident $prefix:literal;)*) => {$(
        pub(in crate::ipc) fn $out(id: $engine) -> wire::id::$wire {
            wire::id::$wire(format!(concat!($prefix, "{}"), id.0))
        }

        #[allow(dead_code, clippy::allow_attributes, reason = "not every kind is read back")]
        pub(in crate::ipc) fn $back(text: &str) -> Option<$engine> {
            number(text, $prefix).map($engine)
        }
    )*};
}

ids! {
    account_id to_account_id AccountId AccountId "a";
    identity_id to_identity_id IdentityId IdentityId "i";
    mailbox_id to_mailbox_id MailboxId MailboxId "mb";
    email_id to_email_id MessageId EmailId "M";
    thread_id to_thread_id ThreadId ThreadId "T";
    submission_id to_submission_id SubmissionId SubmissionId "S";
}

/// One spelling an id: `a01` and `a+1` name nothing.
fn number(text: &str, prefix: &str) -> Option<u64> {
    let digits = text.strip_prefix(prefix)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let short = digits == "0" || !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain && short)
}

pub(in crate::ipc) fn blob_id(id: BlobId) -> wire::id::BlobId {
    wire::id::BlobId(format!("B{id}"))
}

pub(in crate::ipc) fn to_blob_id(text: &str) -> Option<BlobId> {
    let hex = text.strip_prefix('B').filter(|hex| hex.len() == 64)?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok().filter(|_| !pair.starts_with('+'))?;
    }
    Some(BlobId(bytes))
}

pub(in crate::ipc) fn state(seq: Seq) -> wire::id::State {
    wire::id::State(seq.0.to_string())
}

pub(in crate::ipc) fn to_state(state: &wire::id::State) -> Option<Seq> {
    number(&state.0, "").map(Seq)
}

pub(in crate::ipc) fn cursor(instance: &str, seq: Seq) -> wire::id::Cursor {
    wire::id::Cursor(format!("{instance}:{}", seq.0))
}

/// Store and place of a cursor.
pub(in crate::ipc) fn to_cursor(cursor: &wire::id::Cursor) -> Option<(&str, Seq)> {
    let (instance, seq) = cursor.0.rsplit_once(':')?;
    Some((instance, Seq(number(seq, "")?)))
}

pub(in crate::ipc) fn date(at: Wall) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| format!("{at:.3}")).unwrap_or_default()
}

pub(in crate::ipc) fn to_date(text: &str) -> Option<Wall> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Wall(at.as_millisecond()))
}

/// The wire id of an object known by kind and number.
fn object_id(kind: ObjectKind, number: u64) -> String {
    match kind {
        ObjectKind::Account => account_id(AccountId(number)).0,
        ObjectKind::Identity => identity_id(IdentityId(number)).0,
        ObjectKind::Mailbox => mailbox_id(MailboxId(number)).0,
        ObjectKind::Email => email_id(MessageId(number)).0,
        ObjectKind::Thread => thread_id(ThreadId(number)).0,
        ObjectKind::EmailSubmission => submission_id(SubmissionId(number)).0,
    }
}

pub(super) fn type_name(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Account => "Account",
        ObjectKind::Identity => "Identity",
        ObjectKind::Mailbox => "Mailbox",
        ObjectKind::Email => "Email",
        ObjectKind::Thread => "Thread",
        ObjectKind::EmailSubmission => "EmailSubmission",
    }
}

/// Sorts folded changes into the three lists of `/changes`.
pub(in crate::ipc) fn changes(
    kind: ObjectKind,
    list: &[(u64, Change)],
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let pick = |wanted: Change| {
        let picked = list.iter().filter(|(_, change)| *change == wanted);
        picked.map(|(number, _)| object_id(kind, *number)).collect()
    };
    (pick(Change::Created), pick(Change::Updated), pick(Change::Destroyed))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{blob_id, cursor, date, to_account_id, to_blob_id, to_cursor, to_date};
    use chapar_engine::id::{AccountId, BlobId, Seq};
    use chapar_engine::time::Wall;

    #[test]
    fn ids_have_one_spelling() {
        assert_eq!(to_account_id("a17"), Some(AccountId(17)));
        for other in ["a017", "a+1", "a", "A1", "mb1", "a1 ", "a99999999999999999999"] {
            assert_eq!(to_account_id(other), None, "{other}");
        }
        let blob = BlobId([0xA5; 32]);
        assert_eq!(to_blob_id(&blob_id(blob).0), Some(blob));
        assert_eq!(to_blob_id("B12"), None);
        assert_eq!(to_blob_id(&format!("B{}", "é".repeat(32))), None);
    }

    #[test]
    fn dates_and_cursors_come_back() {
        assert_eq!(date(Wall(1_795_342_564_120)), "2026-11-22T10:16:04.120Z");
        assert_eq!(to_date("2026-11-22T11:16:04.120+01:00"), Some(Wall(1_795_342_564_120)));
        assert_eq!(to_date("tomorrow"), None);
        let place = cursor("7f3k", Seq(9));
        assert_eq!(to_cursor(&place).unwrap(), ("7f3k", Seq(9)));
    }
}
