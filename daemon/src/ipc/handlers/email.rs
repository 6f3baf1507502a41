//! `Email/get`, `/query`.

use super::{Answer, account_of, answer, bounded, check_count, check_properties};
use crate::ipc::{Services, convert, fault, limits};
use crate::store::MessageFilter;
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{AccountId, MessageId};
use chapar_engine::message::{Body, Message, body};
use chapar_engine::time::Wall;
use chapar_ipc_protocol::email as wire;
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::standard::{Comparator, GetReply, MAX_OBJECTS, QueryReply};
use std::collections::BTreeMap;

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

pub(in crate::ipc) async fn get(services: &Services, params: wire::EmailGet) -> Answer {
    let properties = params.properties.as_deref();
    check_properties::<wire::Email>(properties)?;
    let wish = BodyWish::of(&params);
    let (account, found, not_found, state) = {
        let view = services.store.read().map_err(fault::store)?;
        let account = account_of(&view, params.account_id.as_ref())?;
        let ids = wanted(&view, account, params.ids.as_deref())?;
        let mut found = Vec::new();
        let mut not_found = Vec::new();
        for (text, id) in ids {
            let message = id.map(|id| view.message(id)).transpose().map_err(fault::store)?;
            let ours = |message: &Message| account.is_none_or(|id| message.account == id);
            match message.flatten().filter(ours) {
                Some(message) => found.push(message),
                None => not_found.push(text),
            }
        }
        let state = super::state_of(&view, account, ObjectKind::Email)?;
        (account, found, not_found, state)
    };
    let mut list = Vec::with_capacity(found.len());
    for message in &found {
        let mut email = convert::email(message);
        if wish.needed {
            add_body(services, message, wish, &mut email).await?;
        }
        list.push(email);
    }
    let reply = GetReply {
        account_id: account.map(convert::account_id),
        state: convert::state(state),
        list,
        not_found,
    };
    // The body was asked for by a flag: it is not to be filtered away again.
    let mut named = params.properties;
    if let Some(named) = named.as_mut().filter(|_| wish.text || wish.html) {
        named.push("bodyValues".to_owned());
    }
    super::get_answer(reply, named.as_deref())
}

type Wanted = Vec<(String, Option<MessageId>)>;

fn wanted(
    view: &crate::store::Snapshot,
    account: Option<AccountId>,
    ids: Option<&[chapar_ipc_protocol::id::EmailId]>,
) -> Result<Wanted, Error> {
    if let Some(ids) = ids {
        check_count(ids.len())?;
        let each = ids.iter().map(|id| (id.0.clone(), convert::to_email_id(&id.0)));
        return Ok(each.collect());
    }
    let filter = MessageFilter { account, ..MessageFilter::default() };
    let (ids, total) = view.query(&filter, 0, MAX_OBJECTS).map_err(fault::store)?;
    check_count(usize::try_from(total).unwrap_or(usize::MAX))?;
    Ok(ids.into_iter().map(|id| (convert::email_id(id).0, Some(id))).collect())
}

async fn add_body(
    services: &Services,
    message: &Message,
    wish: BodyWish,
    email: &mut wire::Email,
) -> Result<(), Error> {
    let bytes = bytes_of(services, message).await?;
    let read = body(&bytes);
    let mut values = BTreeMap::new();
    let parts = [
        ("text", "text/plain", &read.text, wish.text),
        ("html", "text/html", &read.html, wish.html),
    ];
    let mut lists = Vec::new();
    for (id, media, text, asked) in parts {
        let Some(text) = text else {
            lists.push(Vec::new());
            continue;
        };
        lists.push(vec![wire::BodyPart {
            part_id: Some(id.to_owned()),
            size: text.len() as u64,
            r#type: media.to_owned(),
            ..wire::BodyPart::default()
        }]);
        if asked {
            values.insert(id.to_owned(), value(text, wish.limit));
        }
    }
    email.html_body = lists.pop();
    email.text_body = lists.pop();
    email.attachments = Some(attachments(&read));
    email.body_values = Some(values);
    Ok(())
}

fn attachments(read: &Body) -> Vec<wire::BodyPart> {
    let each = read.attachments.iter().map(|part| wire::BodyPart {
        part_id: Some(part.index.to_string()),
        size: part.size,
        name: part.name.clone(),
        r#type: part.content_type.clone(),
        disposition: Some(if part.inline { "inline" } else { "attachment" }.to_owned()),
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

/// The bytes of a message, fetched now when they are not here.
pub(super) async fn bytes_of(services: &Services, message: &Message) -> Result<Vec<u8>, Error> {
    let blob = if let Some(blob) = message.blob {
        blob
    } else {
        let fetched = services.accounts.whole(message.id).await;
        fetched.map_err(|failure| fault::failure(&failure, Some(message.account)))?
    };
    services.store.blob(blob).await.map_err(fault::store)
}

pub(in crate::ipc) fn query(services: &Services, params: wire::EmailQuery) -> Answer {
    check_sort(params.sort.as_deref())?;
    let limit = bounded(params.limit, limits::PAGE);
    let position = usize::try_from(params.position.unwrap_or(0)).unwrap_or(usize::MAX);
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, params.account_id.as_ref())?;
    let filter = filter(&view, account, params.filter.unwrap_or_default())?;
    let (ids, total) = view.query(&filter, position, limit).map_err(fault::store)?;
    answer(&QueryReply {
        account_id: params.account_id,
        query_state: convert::state(super::state_of(&view, account, ObjectKind::Email)?),
        can_calculate_changes: false,
        position: params.position.unwrap_or(0).min(total),
        ids: ids.into_iter().map(|id| convert::email_id(id).0).collect(),
        total,
        limit: limit as u64,
    })
}

/// Where an email stands in every list that it is in.
fn place(view: &crate::store::Snapshot, id: &str) -> Result<(Wall, MessageId), Error> {
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
    view: &crate::store::Snapshot,
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
