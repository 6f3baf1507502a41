//! Engine and store types ↔ wire types, by hand. The only place where both are named.

mod account;
mod email;
mod event;
mod id;
mod mailbox;
mod submission;

pub(super) use account::{account, endpoint, health, to_endpoint, to_notify};
pub(super) use email::{address, email, identity, to_address};
pub(super) use event::event;
pub(super) use id::{
    account_id, blob_id, changes, cursor, date, email_id, identity_id, mailbox_id, state,
    submission_id, thread_id, to_account_id, to_blob_id, to_cursor, to_date, to_email_id,
    to_mailbox_id, to_state, to_submission_id, to_thread_id,
};
pub(super) use mailbox::{mailbox, split_path};
pub(super) use submission::{phase, submission, undo_status};
