//! A mail in a few words: who it is from or to, what it is about, how it is marked.

use chapar_ipc_protocol::email::{AddressDeceit, AddressWarning, Email, EmailAddress};

use crate::hygiene::{Lines, clean};

/// A subject as it is shown; an empty one must be seen to be empty.
pub(crate) fn titled(subject: Option<&str>) -> &str {
    let subject = subject.unwrap_or_default();
    if clean(subject, Lines::One).trim().is_empty() { "(no subject)" } else { subject }
}

/// Who a person is: the name, else the address.
fn named(address: &EmailAddress) -> String {
    match &address.name {
        Some(name) if !clean(name, Lines::One).trim().is_empty() => name.clone(),
        _ => address.email.clone(),
    }
}

/// What may deceive about an address in this property of a mail.
fn warnings<'e>(
    email: &'e Email,
    property: &'e str,
    address: &'e EmailAddress,
) -> impl Iterator<Item = &'e AddressWarning> {
    let all = email.warnings.iter().flatten();
    all.filter(move |warning| warning.property == property && warning.email == address.email)
}

/// Who wrote a mail. A name that shows another address gives way to the address, and a domain that
/// can be read as another one to its ASCII form.
pub(crate) fn sender(email: &Email) -> String {
    let Some(from) = email.from.as_deref().and_then(<[_]>::first) else { return String::new() };
    let find = |deceit| warnings(email, "from", from).find(|warning| warning.r#type == deceit);
    let local = from.email.rsplit_once('@').map_or("", |(local, _)| local);
    match (find(AddressDeceit::Lookalike), find(AddressDeceit::NameIsAddress)) {
        (Some(domain), _) => format!("{local}@{}", domain.shown),
        (None, Some(_)) => from.email.clone(),
        (None, None) => named(from),
    }
}

/// Addresses as people write them.
pub(crate) fn people(list: Option<&[EmailAddress]>) -> String {
    let each = list.unwrap_or_default().iter().map(|address| match &address.name {
        Some(name) if !name.is_empty() => format!("{name} <{}>", address.email),
        _ => address.email.clone(),
    });
    each.collect::<Vec<_>>().join(", ")
}

/// What may deceive about the addresses of this property, a sentence each.
pub(crate) fn deceits(email: &Email, property: &str) -> Vec<String> {
    let ours = email.warnings.iter().flatten().filter(|warning| warning.property == property);
    let said = ours.map(|AddressWarning { r#type, email, shown, .. }| match r#type {
        AddressDeceit::Lookalike => format!("the domain of {email} is {shown}"),
        AddressDeceit::NameIsAddress => format!("the name of {email} shows another address"),
        AddressDeceit::Other => format!("{email}: {shown}"),
    });
    said.collect()
}

/// Whom a mail is to: the first recipient and how many more there are; `None` when nobody is named.
pub(crate) fn recipients(email: &Email) -> Option<String> {
    let mut all = [&email.to, &email.cc, &email.bcc].into_iter().flatten().flatten();
    let first = named(all.next()?);
    Some(match all.count() {
        0 => first,
        more => format!("{first} +{more}"),
    })
}

/// Whether a keyword is set (RFC 8621 §4.1.1).
fn has(email: &Email, keyword: &str) -> bool {
    email.keywords.get(keyword).copied().unwrap_or(false)
}

/// Whether nobody has read it yet.
pub(crate) fn is_unread(email: &Email) -> bool {
    !has(email, "$seen")
}

/// What a mail is marked with in lists, and what each mark means.
pub(crate) const MARKS: [(char, &str); 3] =
    [('●', "unread"), ('!', "flagged"), ('@', "attachment")];

/// The marks of one mail: one place for unread, then those of the rest that are set.
pub(crate) fn marks(email: &Email) -> String {
    let [unread, flagged, attachment] = MARKS.map(|(mark, _)| mark);
    let mut marks = String::from(if is_unread(email) { unread } else { ' ' });
    marks.extend(has(email, "$flagged").then_some(flagged));
    marks.extend(email.has_attachment.then_some(attachment));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: Option<&str>, email: &str) -> EmailAddress {
        EmailAddress { name: name.map(str::to_owned), email: email.to_owned() }
    }

    #[test]
    fn a_subject_that_shows_nothing_is_none() {
        for nothing in [None, Some(""), Some(" \t"), Some("\u{200b}\u{202e}")] {
            assert_eq!(titled(nothing), "(no subject)");
        }
        assert_eq!(titled(Some("Re: x")), "Re: x");
    }

    #[test]
    fn people_are_named_and_counted() {
        let email = Email {
            from: Some(vec![person(Some("\u{202e}"), "ana@x.example")]),
            to: Some(vec![person(Some("Bo Berg"), "bo@x.example"), person(None, "cy@x.example")]),
            bcc: Some(vec![person(None, "di@x.example")]),
            ..Email::default()
        };
        assert_eq!(sender(&email), "ana@x.example");
        assert_eq!(recipients(&email).as_deref(), Some("Bo Berg +2"));
        assert_eq!(recipients(&Email::default()), None);
    }

    #[test]
    fn an_address_that_may_deceive_is_marked() {
        let warning = |r#type, property: &str, email: &str, shown: &str| AddressWarning {
            r#type,
            property: property.to_owned(),
            email: email.to_owned(),
            shown: shown.to_owned(),
        };
        let mut email = Email {
            from: Some(vec![person(Some("help@bank.example"), "x@evil.example")]),
            to: Some(vec![
                person(None, "x@evil.example"),
                person(Some("P"), "a@p\u{430}y.example"),
            ]),
            warnings: Some(vec![
                warning(
                    AddressDeceit::NameIsAddress,
                    "from",
                    "x@evil.example",
                    "help@bank.example",
                ),
                warning(
                    AddressDeceit::Lookalike,
                    "to",
                    "a@p\u{430}y.example",
                    "xn--py-7kc.example",
                ),
            ]),
            ..Email::default()
        };
        assert_eq!(sender(&email), "x@evil.example");
        assert_eq!(people(email.from.as_deref()), "help@bank.example <x@evil.example>");
        assert_eq!(deceits(&email, "from"), ["the name of x@evil.example shows another address"]);
        assert_eq!(
            deceits(&email, "to"),
            ["the domain of a@p\u{430}y.example is xn--py-7kc.example"]
        );
        assert!(deceits(&email, "cc").is_empty());
        email.from = email.to.take().map(|to| to.into_iter().rev().collect());
        email.warnings.iter_mut().flatten().for_each(|warning| warning.property = "from".into());
        assert_eq!(sender(&email), "a@xn--py-7kc.example");
    }
}
