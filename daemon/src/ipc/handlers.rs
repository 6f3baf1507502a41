//! One file an object of the protocol; here, what `/get`, `/changes` and `/query` share.

pub(super) mod account;
pub(super) mod address;
pub(super) mod blob;
pub(super) mod connect;
pub(super) mod daemon;
pub(super) mod data;
pub(super) mod discover;
pub(super) mod doctor;
pub(super) mod email;
pub(super) mod event;
pub(super) mod identity;
pub(super) mod mailbox;
pub(super) mod send;
pub(super) mod submission;
pub(super) mod thread;

use super::purse::Room;
use super::{Services, convert, fault, fit, limits};
use crate::store::{Snapshot, StoreError};
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{AccountId, Seq};
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::frame::MAX_MESSAGE;
use chapar_ipc_protocol::id as wire;
use chapar_ipc_protocol::standard::{ChangesReply, MAX_OBJECTS, Object, QueryReply};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeSet;

/// The answer of a call.
pub(super) type Answer = Result<Reply, Error>;

/// A result, serialised, and the room in the client's purse that it takes until it is written.
pub(super) struct Reply {
    pub(super) json: Box<RawValue>,
    pub(super) room: Option<Room>,
}

/// Serialises a result.
pub(super) fn answer<T: Serialize>(result: &T) -> Answer {
    let json = to_raw_value(result).map_err(|error| fit::unwritten(&error))?;
    Ok(Reply { json, room: None })
}

/// The answer, with the room that was set aside for it.
pub(super) fn keep(mut room: Room, answer: Answer) -> Answer {
    let mut reply = answer?;
    room.shrink_to(reply.json.get().len());
    reply.room = Some(room);
    Ok(reply)
}

/// Refuses properties that the type does not have.
fn check_properties<T: Object>(properties: Option<&[String]>) -> Result<(), Error> {
    let unknown: Vec<String> = properties
        .unwrap_or_default()
        .iter()
        .filter(|name| !T::PROPERTIES.contains(&name.as_str()))
        .take(limits::NAMED_UNKNOWN)
        .cloned()
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let mut error =
        fault::argument(format!("{} has no property `{}`.", T::TYPE, unknown.join("`, `")));
    error.data.unknown = unknown;
    Err(error)
}

/// Refuses more objects than one call may carry.
fn check_count(count: usize) -> Result<(), Error> {
    if count <= MAX_OBJECTS {
        return Ok(());
    }
    Err(Error::new(
        ErrorType::RequestTooLarge,
        format!("{count} objects are more than the {MAX_OBJECTS} of one call."),
    )
    .hint("ask in pages"))
}

/// The ids of a `/get`, each once (RFC 8620 §5.1). Refuses too many, and those that cannot be any:
/// each is said again in the answer.
fn unique(ids: impl Iterator<Item = String>) -> Result<Vec<String>, Error> {
    let ids: Vec<String> = ids.collect();
    check_count(ids.len())?;
    if ids.iter().any(|id| id.len() > limits::ID_BYTES) {
        let limit = limits::ID_BYTES;
        return Err(fault::argument(format!("An id has at most {limit} bytes.")));
    }
    let mut seen = BTreeSet::new();
    Ok(ids.into_iter().filter(|id| seen.insert(id.clone())).collect())
}

/// The account named, which must be there; `None` when none is named.
fn account_of(view: &Snapshot, id: Option<&wire::AccountId>) -> Result<Option<AccountId>, Error> {
    let Some(id) = id else { return Ok(None) };
    let account = convert::to_account_id(&id.0).ok_or_else(|| fault::no_account(&id.0))?;
    let found = view.account(account).map_err(fault::store)?;
    found.map(|found| Some(found.id)).ok_or_else(|| fault::no_account(&id.0))
}

/// The account named, which must be there.
fn one_account(view: &Snapshot, id: &wire::AccountId) -> Result<AccountId, Error> {
    account_of(view, Some(id))?.ok_or_else(|| fault::no_account(&id.0))
}

/// The state of a type in one account, or the newest over all.
fn state_of(view: &Snapshot, account: Option<AccountId>, kind: ObjectKind) -> Result<Seq, Error> {
    if let Some(account) = account {
        return view.state(account, kind).map_err(fault::store);
    }
    // Accounts are counted over all accounts: any id gives their one state.
    if kind == ObjectKind::Account {
        return view.state(AccountId(0), kind).map_err(fault::store);
    }
    let accounts = view.accounts().map_err(fault::store)?;
    let mut states = accounts.iter().map(|account| view.state(account.id, kind));
    states.try_fold(Seq(0), |newest, state| Ok(newest.max(state?))).map_err(fault::store)
}

/// `/changes` (RFC 8620 §5.2) of one type.
pub(super) fn changes(
    services: &Services,
    account_id: Option<&wire::AccountId>,
    kind: ObjectKind,
    since: &wire::State,
    max: Option<u64>,
) -> Answer {
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, account_id)?;
    let now = state_of(&view, account, kind)?;
    let gone = || {
        Error::new(
            ErrorType::CannotCalculateChanges,
            format!("The changes since state `{since}` are not kept."),
        )
        .hint("fetch everything again by /get and go on from its state")
    };
    let from = convert::to_state(since).filter(|from| *from <= now).ok_or_else(gone)?;
    if max == Some(0) {
        return Err(fault::argument("maxChanges must be at least 1."));
    }
    let limit = bounded(max, MAX_OBJECTS);
    let of = account.unwrap_or(AccountId(0));
    let (list, to, more) = view.changes(of, kind, from, limit).map_err(|error| match error {
        StoreError::Missing(_) => gone(),
        other => fault::store(other),
    })?;
    let (created, updated, destroyed) = convert::changes(kind, &list);
    let reply = answer(&ChangesReply {
        account_id: account_id.cloned(),
        old_state: since.clone(),
        new_state: convert::state(to),
        has_more_changes: more,
        created,
        updated,
        destroyed,
    })?;
    // the changes of one commit are never split: when they alone are too many, as when a mailbox of
    // a hundred thousand mails goes, fetching everything again is the only way
    if reply.json.get().len() > MAX_MESSAGE - limits::ENVELOPE_BYTES {
        return Err(gone());
    }
    Ok(reply)
}

/// A limit within the one of a call.
fn bounded(limit: Option<u64>, absent: usize) -> usize {
    limit.map_or(absent, |limit| usize::try_from(limit).unwrap_or(usize::MAX)).min(MAX_OBJECTS)
}

/// One page of `ids` that are all there.
fn page(
    account_id: Option<wire::AccountId>,
    state: Seq,
    ids: Vec<String>,
    position: Option<u64>,
    limit: Option<u64>,
) -> Answer {
    let limit = bounded(limit, limits::PAGE);
    let total = ids.len() as u64;
    let skip = usize::try_from(position.unwrap_or(0)).unwrap_or(usize::MAX);
    answer(&QueryReply {
        account_id,
        query_state: convert::state(state),
        can_calculate_changes: false,
        position: position.unwrap_or(0).min(total),
        ids: ids.into_iter().skip(skip).take(limit).collect(),
        total: Some(total),
        limit: limit as u64,
        searched: None,
    })
}

/// Refuses unless `given` is the state.
fn check_state(given: Option<&wire::State>, now: Seq) -> Result<(), Error> {
    match given {
        Some(given) if convert::to_state(given) != Some(now) => Err(Error::new(
            ErrorType::StateMismatch,
            format!("The state is `{}`, not `{given}`.", now.0),
        )
        .hint("fetch the changes, then try again")),
        _ => Ok(()),
    }
}

/// Nothing of that id.
fn not_found(what: &str, id: &str) -> Error {
    Error::new(ErrorType::NotFound, format!("There is no {what} `{id}`."))
}

/// A line that a person gives: not empty, bounded, nothing invisible.
fn line(field: &str, text: &str) -> Result<(), Error> {
    let reason = if text.trim().is_empty() {
        "is empty"
    } else if text.len() > limits::NAME_BYTES {
        "is too long"
    } else if text.chars().any(char::is_control) {
        "contains a control character"
    } else {
        return Ok(());
    };
    Err(fault::argument(format!("`{field}` {reason}.")))
}
