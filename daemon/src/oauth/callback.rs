//! The issuer's answer to the browser: read out of an address and judged. The redirect page and
//! the pasted address come through here alike.

use chapar_engine::credential::Issuer;
use chapar_engine::oauth::{Refusal, admin_consent_url, read_refusal, same_issuer};
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use std::borrow::Cow;
use zeroize::Zeroizing;

/// Bytes of an address that are looked at: a pasted one is no larger than a request line.
const ADDRESS_BYTES: usize = 16 << 10;

/// What makes an answer ours.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    /// The attempt's state (RFC 6749 §10.12).
    pub(super) state: &'a Secret,
    /// Who was asked.
    pub(super) issuer: &'a Issuer,
    /// The client, for an administrator's link.
    pub(super) client_id: &'a str,
    /// The person's address, for the same.
    pub(super) email: &'a str,
    /// The issuer's name for people.
    pub(super) name: &'a str,
}

/// Why an address is not the answer of this attempt. It has no effect then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotOurs {
    /// It holds no answer at all.
    NoAnswer,
    /// Its state is another one's.
    OtherState,
}

/// The parameters that matter.
#[derive(Default)]
struct Said<'a> {
    code: Option<Cow<'a, str>>,
    state: Option<Cow<'a, str>>,
    iss: Option<Cow<'a, str>>,
    error: Option<Cow<'a, str>>,
    description: Option<Cow<'a, str>>,
    suberror: Option<Cow<'a, str>>,
}

/// Reads a query. `Ok` is the issuer's answer to this attempt, a code or a refusal, and ends it;
/// `Err` is somebody else's noise.
pub(super) fn read(
    query: &str,
    expected: &Expected<'_>,
) -> Result<Result<Secret, Failure>, NotOurs> {
    let said = parse(query).ok_or(NotOurs::NoAnswer)?;
    if said.code.is_none() && said.error.is_none() {
        return Err(NotOurs::NoAnswer);
    }
    let state = said.state.as_deref().unwrap_or_default();
    if !same_state(state, expected.state.expose()) {
        return Err(NotOurs::OtherState);
    }
    Ok(judge(said, expected))
}

/// Reads what a person pasted: the whole address, its query alone, or a line a terminal broke.
pub(super) fn read_pasted(
    pasted: &Secret,
    expected: &Expected<'_>,
) -> Result<Result<Secret, Failure>, NotOurs> {
    if pasted.expose().len() > ADDRESS_BYTES {
        return Err(NotOurs::NoAnswer);
    }
    let is_part = |c: &char| !c.is_whitespace() && !c.is_control() && !"<>\"'`".contains(*c);
    let line = Zeroizing::new(pasted.expose().chars().filter(is_part).collect::<String>());
    let line = line.split('#').next().unwrap_or_default();
    // a question mark may stand in a query too: what is before the first one is then no address
    let query = line.split_once('?').filter(|(before, _)| !before.contains('='));
    read(query.map_or(line, |(_, query)| query), expected)
}

/// What to tell the person who pasted it.
pub(super) fn explain(why: NotOurs) -> Failure {
    match why {
        NotOurs::NoAnswer => Failure::of(
            "oauth.pasted",
            "this is not the address the browser ended at: it has no code in it",
            None,
        ),
        NotOurs::OtherState => Failure::of(
            "oauth.state",
            "this address belongs to another sign-in, perhaps one begun earlier",
            None,
        ),
    }
}

/// `None` when a parameter that matters is there twice (RFC 6749 §3.1).
fn parse(query: &str) -> Option<Said<'_>> {
    let mut said = Said::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let place = match name.as_ref() {
            "code" => &mut said.code,
            "state" => &mut said.state,
            "iss" => &mut said.iss,
            "error" => &mut said.error,
            "error_description" => &mut said.description,
            "suberror" | "error_subcode" => &mut said.suberror,
            _ => continue,
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    Some(said)
}

/// Compares in time that does not depend on where they differ: hashes of blake3 are compared so.
fn same_state(said: &str, ours: &str) -> bool {
    blake3::hash(said.as_bytes()) == blake3::hash(ours.as_bytes())
}

fn judge(said: Said<'_>, expected: &Expected<'_>) -> Result<Secret, Failure> {
    check_issuer(said.iss.as_deref(), expected)?;
    if let Some(error) = said.error.as_deref() {
        let (description, suberror) = (said.description.as_deref(), said.suberror.as_deref());
        return Err(refused(&Refusal { error, description, suberror }, expected));
    }
    match said.code {
        Some(code) if !code.is_empty() => Ok(Secret::new(code.into_owned())),
        _ => Err(refused(&Refusal::default(), expected)),
    }
}

/// RFC 9207 §2.4.
fn check_issuer(said: Option<&str>, expected: &Expected<'_>) -> Result<(), Failure> {
    let ours = expected.issuer;
    match said {
        Some(said) if same_issuer(&ours.id, said) => Ok(()),
        Some(said) => {
            let message =
                format!("{} was asked, but the answer names another issuer", expected.name);
            Err(Failure::of("oauth.issuer", message, Some(said)))
        }
        None if ours.says_iss => {
            let message =
                format!("{} promises to name itself in its answer and did not", expected.name);
            Err(Failure::of("oauth.issuer", message, None))
        }
        None => Ok(()),
    }
}

/// The failure of a refusal, at whatever endpoint: what it means, and the provider's own words.
pub(super) fn refused(refusal: &Refusal<'_>, expected: &Expected<'_>) -> Failure {
    let read = read_refusal(refusal);
    let link = (read.code == "oauth.admin_consent")
        .then(|| {
            let authorize = &expected.issuer.authorize_url;
            admin_consent_url(authorize, expected.email, expected.client_id)
        })
        .flatten();
    let mut message = match read.code {
        "oauth.client" => {
            format!("{} refuses the client {}: {}", expected.name, expected.client_id, read.reason)
        }
        _ => format!("{} refuses the sign-in: {}", expected.name, read.reason),
    };
    if let Some(link) = link {
        message = format!("{message}; the link for your administrator: {link}");
    }
    let words = match refusal.description {
        Some(description) => format!("{}: {description}", refusal.error),
        None => refusal.error.to_owned(),
    };
    Failure::of(read.code, message, Some(&words))
}

#[cfg(test)]
mod tests;
