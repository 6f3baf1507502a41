//! A mail in a few words: who it is from or to, what it is about, how it is marked.

use chapar_ipc_protocol::email::{Email, EmailAddress};

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

/// Who wrote a mail.
pub(crate) fn sender(email: &Email) -> String {
    email.from.as_deref().and_then(<[_]>::first).map_or_else(String::new, named)
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
}
