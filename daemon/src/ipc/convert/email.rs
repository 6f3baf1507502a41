//! Addresses, identities and messages.

use super::{account_id, blob_id, date, email_id, identity_id, mailbox_id, thread_id};
use crate::store::Identity;
use chapar_engine::address::Address;
use chapar_engine::lookalike::{ascii_beside_address, other_address};
use chapar_engine::message::{Message, Stage, Summary};
use chapar_ipc_protocol as wire;
use std::collections::BTreeMap;

pub(in crate::ipc) fn address(address: &Address) -> wire::email::EmailAddress {
    wire::email::EmailAddress { name: address.name.clone(), email: address.email.clone() }
}

/// Null for none, as RFC 8621 §6 has it.
fn some_addresses(list: &[Address]) -> Option<Vec<wire::email::EmailAddress>> {
    (!list.is_empty()).then(|| list.iter().map(address).collect())
}

pub(in crate::ipc) fn to_address(address: wire::email::EmailAddress) -> Address {
    Address { name: address.name.filter(|name| !name.is_empty()), email: address.email }
}

pub(in crate::ipc) fn identity(identity: &Identity) -> wire::identity::Identity {
    wire::identity::Identity {
        id: identity_id(identity.id),
        account_id: account_id(identity.account),
        name: identity.name.clone().unwrap_or_default(),
        email: identity.email.clone(),
        reply_to: some_addresses(&identity.reply_to),
        bcc: some_addresses(&identity.bcc),
        text_signature: identity.text_signature.clone(),
        html_signature: identity.html_signature.clone(),
        may_delete: false,
    }
}

/// The addresses of a mail that may be taken for others.
fn warnings(summary: &Summary) -> Option<Vec<wire::email::AddressWarning>> {
    /// More of them help nobody.
    const WARNINGS: usize = 20;
    /// Addresses of one list that are looked at.
    const LOOKED_AT: usize = 200;
    let lists = [
        ("from", &summary.from),
        ("replyTo", &summary.reply_to),
        ("to", &summary.to),
        ("cc", &summary.cc),
    ];
    let each = lists.into_iter().flat_map(|(property, list)| {
        list.iter().take(LOOKED_AT).flat_map(move |address| {
            let warning = |r#type, shown| wire::email::AddressWarning {
                r#type,
                property: property.to_owned(),
                email: address.email.clone(),
                shown,
            };
            let lookalike = ascii_beside_address(&address.email)
                .map(|ascii| warning(wire::email::AddressDeceit::Lookalike, ascii));
            let name = address.name.as_deref().unwrap_or_default();
            let named = other_address(name, &address.email)
                .map(|other| warning(wire::email::AddressDeceit::NameIsAddress, other.to_owned()));
            lookalike.into_iter().chain(named)
        })
    });
    let found: Vec<_> = each.take(WARNINGS).collect();
    (!found.is_empty()).then_some(found)
}

/// An email without its body.
pub(in crate::ipc) fn email(message: &Message) -> wire::email::Email {
    let summary = &message.summary;
    let ids = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let known = message.stage != Stage::Planned;
    wire::email::Email {
        id: email_id(message.id),
        account_id: account_id(message.account),
        blob_id: message.blob.map(blob_id),
        thread_id: message.thread.map(thread_id),
        mailbox_ids: BTreeMap::from([(mailbox_id(message.mailbox), true)]),
        keywords: message.flags.keywords().into_iter().map(|word| (word, true)).collect(),
        size: u64::from(message.size),
        received_at: date(message.received_at),
        message_id: summary.message_id.clone().map(|id| vec![id]),
        in_reply_to: ids(&summary.in_reply_to),
        references: ids(&summary.references),
        from: some_addresses(&summary.from),
        reply_to: some_addresses(&summary.reply_to),
        to: some_addresses(&summary.to),
        cc: some_addresses(&summary.cc),
        bcc: some_addresses(&summary.bcc),
        subject: known.then(|| summary.subject.clone()),
        sent_at: summary.sent_at.map(date),
        has_attachment: summary.has_attachment,
        preview: summary.preview.clone(),
        warnings: warnings(summary),
        ..wire::email::Email::default()
    }
}
