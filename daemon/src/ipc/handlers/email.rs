//! `Email/get`, `/query`.

use super::{Answer, account_of, answer, bounded, check_count, check_properties, keep};
use crate::ipc::dispatch::in_turn;
use crate::ipc::fit::Page;
use crate::ipc::part::{self, Which};
use crate::ipc::session::Caller;
use crate::ipc::{Services, convert, fault, limits, source};
use crate::readers::breathe;
use crate::store::{MessageFilter, Snapshot};
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{AccountId, BlobId, MessageId, Seq};
use chapar_engine::message::{Body, Message, body};
use chapar_engine::time::Wall;
use chapar_ipc_protocol::email as wire;
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::standard::{Comparator, MAX_OBJECTS, QueryReply, Searched};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// What of the body is asked for.
#[derive(Clone, Copy)]
struct BodyWish {
    needed: bool,
    text: bool,
    html: bool,
    limit: usize,
}

impl BodyWish {
    fn of(params: &wire::EmailGet) -> Self {
        let every = params.fetch_all_body_values == Some(true);
        let text = every || params.fetch_text_body_values == Some(true);
        let html = every || params.fetch_html_body_values == Some(true);
        let named = params.properties.as_deref().unwrap_or_default();
        let in_body = |name: &String| wire::Email::BODY_PROPERTIES.contains(&name.as_str());
        let limit = params.max_body_value_bytes.unwrap_or(wire::BODY_VALUE_BYTES);
        Self {
            needed: text || html || named.iter().any(in_body),
            text,
            html,
            limit: usize::try_from(limit.min(wire::BODY_VALUE_BYTES)).unwrap_or(usize::MAX),
        }
    }
}

/// What was asked for, checked.
#[derive(Clone)]
struct Asked {
    account: Option<AccountId>,
    ids: Vec<String>,
    state: Seq,
}

pub(in crate::ipc) async fn get(
    services: &Arc<Services>,
    caller: &Caller,
    params: wire::EmailGet,
) -> Answer {
    check_properties::<wire::Email>(params.properties.as_deref())?;
    let wish = BodyWish::of(&params);
    let mut room = caller.purse.take(limits::ANSWER_BYTES).await.ok_or_else(fault::ending)?;
    let properties = params.properties.clone();
    let begun = in_turn(services, caller, move |services| async move { asked(&services, params) });
    let Asked { account, ids, state: since } = begun.await??;
    let mut page = Page::new(properties, ids.iter().map(String::as_str))?;
    if wish.text || wish.html {
        // The body was asked for by a flag: it is not to be filtered away again.
        page.and("bodyValues");
    }
    let mut reading = Reading { page, account, wish, ids: ids.into() };
    let page = loop {
        let job = move |services: Arc<Services>| async move { reading.on(&services).await };
        let stop;
        (reading, stop) = in_turn(services, caller, job).await??;
        match stop {
            Stop::End => break reading.page,
            Stop::Absent(message, account) => {
                room.step_aside();
                let fetched = services.accounts.whole(message).await;
                fetched.map_err(|failure| fault::failure(&failure, Some(account)))?;
                caller.purse.come_back(&mut room).await.ok_or_else(fault::ending)?;
            }
            Stop::Large(id) => {
                let _turn = services.large.acquire().await.map_err(|_| fault::ending())?;
                let one = move |services: Arc<Services>| async move {
                    reading.read(&services, &id, true).await?;
                    Ok::<_, Error>(reading)
                };
                reading = in_turn(services, caller, one).await??;
            }
        }
    };
    keep(room, page.answer(account.map(convert::account_id), convert::state(since)))
}

fn asked(services: &Services, params: wire::EmailGet) -> Result<Asked, Error> {
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, params.account_id.as_ref())?;
    let state = super::state_of(&view, account, ObjectKind::Email)?;
    let ids = match params.ids {
        Some(ids) => super::unique(ids.into_iter().map(|id| id.0))?,
        None => every(view, account)?,
    };
    Ok(Asked { account, ids, state })
}

/// All ids, when they are no more than one call may ask for.
fn every(view: Snapshot, account: Option<AccountId>) -> Result<Vec<String>, Error> {
    let filter = MessageFilter { account, ..MessageFilter::default() };
    let mut search = view.search(filter, 0, MAX_OBJECTS).map_err(fault::store)?;
    while !search.step(MAX_OBJECTS).map_err(fault::store)? {}
    let found = search.found();
    check_count(found.total.and_then(|total| usize::try_from(total).ok()).unwrap_or(usize::MAX))?;
    Ok(found.ids.into_iter().map(|id| convert::email_id(id).0).collect())
}

/// An answer of `Email/get` under construction.
struct Reading {
    page: Page,
    account: Option<AccountId>,
    wish: BodyWish,
    ids: VecDeque<String>,
}

/// Why reading stopped.
enum Stop {
    /// Everything was looked at.
    End,
    /// The bytes of this one have to be fetched first.
    Absent(MessageId, AccountId),
    /// This one is read when no other large one is.
    Large(String),
}

impl Reading {
    /// Reads on until something has to be waited for.
    async fn on(mut self, services: &Services) -> Result<(Self, Stop), Error> {
        while let Some(id) = self.ids.pop_front() {
            if self.page.is_full() {
                self.page.leave(id);
                continue;
            }
            breathe().await;
            if let Some(stop) = self.read(services, &id, false).await? {
                if let Stop::Absent(..) = &stop {
                    self.ids.push_front(id);
                }
                return Ok((self, stop));
            }
        }
        Ok((self, Stop::End))
    }

    /// Reads one; `alone`: no other large one is read meanwhile.
    async fn read(
        &mut self,
        services: &Services,
        id: &str,
        alone: bool,
    ) -> Result<Option<Stop>, Error> {
        let view = services.store.read().map_err(fault::store)?;
        let found = convert::to_email_id(id).map(|id| view.message(id)).transpose();
        let ours = |message: &Message| self.account.is_none_or(|id| message.account == id);
        let Some(message) = found.map_err(fault::store)?.flatten().filter(ours) else {
            self.page.miss(id.to_owned());
            return Ok(None);
        };
        drop(view);
        let mut email = convert::email(&message);
        if self.wish.needed {
            let Some(blob) = message.blob else {
                return Ok(Some(Stop::Absent(message.id, message.account)));
            };
            let size = services.store.blob_size(blob).map_err(fault::store)?.unwrap_or(0);
            if size > limits::LARGE_BYTES && !alone {
                return Ok(Some(Stop::Large(id.to_owned())));
            }
            let (bytes, is_cut) = source::readable(services, blob, size).await?;
            breathe().await;
            add_body(&bytes, is_cut, self.wish, &mut email);
        }
        self.page.add(id, email)?;
        Ok(None)
    }
}

/// Adds what a person reads of `bytes`; `is_cut`: of a mail too large to be parsed, they are only the
/// beginning.
fn add_body(bytes: &[u8], is_cut: bool, wish: BodyWish, email: &mut wire::Email) {
    let read = body(bytes);
    let email_id = email.id.clone();
    // of a mail that is too large to be taken apart no part can be given
    let blob_id = |which| (!is_cut).then(|| part::id(&email_id, which));
    let mut values = BTreeMap::new();
    let parts = [
        ("text", "text/plain", &read.text, wish.text, Which::Text),
        ("html", "text/html", &read.html, wish.html, Which::Html),
    ];
    let mut lists = Vec::new();
    for (id, media, text, asked, which) in parts {
        let Some(text) = text else {
            lists.push(Vec::new());
            continue;
        };
        lists.push(vec![wire::BodyPart {
            part_id: Some(id.to_owned()),
            blob_id: blob_id(which),
            safe_blob_id: (which == Which::Html).then(|| blob_id(Which::Safe)).flatten(),
            size: text.len() as u64,
            r#type: media.to_owned(),
            ..wire::BodyPart::default()
        }]);
        if asked {
            let mut value = value(text, wish.limit);
            value.is_truncated |= is_cut;
            values.insert(id.to_owned(), value);
        }
    }
    email.html_body = lists.pop();
    email.text_body = lists.pop();
    email.attachments = Some(attachments(&read, blob_id));
    email.body_values = Some(values);
}

fn attachments(
    read: &Body,
    blob_id: impl Fn(Which) -> Option<chapar_ipc_protocol::id::BlobId>,
) -> Vec<wire::BodyPart> {
    let each = read.attachments.iter().map(|part| wire::BodyPart {
        part_id: Some(part.index.to_string()),
        blob_id: blob_id(Which::Beside(part.index)),
        size: part.size,
        name: part.name.clone(),
        r#type: part.content_type.clone(),
        disposition: Some(if part.inline { "inline" } else { "attachment" }.to_owned()),
        safe_blob_id: None,
    });
    each.collect()
}

fn value(text: &str, limit: usize) -> wire::BodyValue {
    let end = text.floor_char_boundary(limit.min(text.len()));
    wire::BodyValue {
        value: text.get(..end).unwrap_or_default().replace("\r\n", "\n"),
        is_encoding_problem: text.contains('\u{FFFD}'),
        is_truncated: end < text.len(),
    }
}

/// The blob of a message, fetched now when it is not here.
pub(in crate::ipc) async fn blob_of(services: &Services, id: MessageId) -> Result<BlobId, Error> {
    let view = services.store.read().map_err(fault::store)?;
    let message = view.message(id).map_err(fault::store)?;
    drop(view);
    let message = message.ok_or_else(|| source::no_blob(&convert::email_id(id).0))?;
    if let Some(blob) = message.blob {
        return Ok(blob);
    }
    let fetched = services.accounts.whole(message.id).await;
    fetched.map_err(|failure| fault::failure(&failure, Some(message.account)))
}

pub(in crate::ipc) async fn query(services: &Services, params: wire::EmailQuery) -> Answer {
    check_sort(params.sort.as_deref())?;
    let limit = bounded(params.limit, limits::PAGE);
    let position = params.position.unwrap_or(0);
    let most = params.max_ms.unwrap_or(wire::MAX_SEARCH_MS).min(wire::MAX_SEARCH_MS);
    let until = services.world.clock.boot().after(Duration::from_millis(most));
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, params.account_id.as_ref())?;
    let state = super::state_of(&view, account, ObjectKind::Email)?;
    let filter = filter(&view, account, params.filter.unwrap_or_default())?;
    let mut search = view.search(filter, position, limit).map_err(fault::store)?;
    while !search.step(limits::SEARCH_ROWS).map_err(fault::store)? {
        if services.world.clock.boot() >= until {
            break;
        }
        breathe().await;
    }
    let found = search.found();
    let searched = found.total.is_none().then(|| Searched {
        done: found.searched,
        of: found.of,
        until: found.until.map(convert::email_id),
    });
    answer(&QueryReply {
        account_id: params.account_id,
        query_state: convert::state(state),
        can_calculate_changes: false,
        position: position.min(found.total.unwrap_or(u64::MAX)),
        ids: found.ids.into_iter().map(|id| convert::email_id(id).0).collect(),
        total: found.total,
        limit: limit as u64,
        searched,
    })
}

/// Where an email stands in every list that it is in.
fn place(view: &Snapshot, id: &str) -> Result<(Wall, MessageId), Error> {
    let known = convert::to_email_id(id).map(|id| view.message(id)).transpose();
    let message = known.map_err(fault::store)?.flatten();
    let message = message.ok_or_else(|| super::not_found("email", id).fine("mail.unknown"))?;
    Ok((message.received_at, message.id))
}

fn check_sort(sort: Option<&[Comparator]>) -> Result<(), Error> {
    let newest_first = |rule: &Comparator| rule.property == "receivedAt" && !rule.is_ascending;
    if sort.unwrap_or_default().iter().all(newest_first) {
        return Ok(());
    }
    Err(Error::new(
        ErrorType::InvalidArguments,
        "The only order offered is `receivedAt` with `isAscending` false.",
    ))
}

fn filter(
    view: &Snapshot,
    account: Option<AccountId>,
    given: wire::EmailFilter,
) -> Result<MessageFilter, Error> {
    let date = |field: &str, text: Option<String>| -> Result<Option<Wall>, Error> {
        let Some(text) = text else { return Ok(None) };
        let at = convert::to_date(&text);
        at.map(Some).ok_or_else(|| {
            fault::argument(format!("`filter.{field}`: `{text}` is not a UTC date."))
        })
    };
    let flag = |field: &str, word: Option<String>| -> Result<Option<String>, Error> {
        let Some(word) = word else { return Ok(None) };
        let flag = chapar_engine::flags::flag_of(&word);
        flag.map(Some)
            .ok_or_else(|| fault::argument(format!("`filter.{field}`: `{word}` is not a keyword.")))
    };
    // A mailbox that is not there holds nothing: its number is one that no mailbox has.
    let mailbox = given
        .in_mailbox
        .map(|id| convert::to_mailbox_id(&id.0).unwrap_or(chapar_engine::id::MailboxId(u64::MAX)));
    Ok(MessageFilter {
        account,
        mailbox,
        from: given.from,
        to: given.to,
        subject: given.subject,
        text: given.text,
        after: date("after", given.after)?,
        before: date("before", given.before)?,
        older_than: given.older_than.map(|id| place(view, &id.0)).transpose()?,
        has_flag: flag("hasKeyword", given.has_keyword)?,
        not_flag: flag("notKeyword", given.not_keyword)?,
        ..MessageFilter::default()
    })
}
