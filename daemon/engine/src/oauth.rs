//! The rules of signing in by OAuth: what an issuer's refusal means, whose word is whose, which
//! scopes are missing, how long a token is believed to hold.
//!
//! Owns the reading of answers that have already been parsed. Must never see a token, a code or a
//! state: none of these decisions needs one.

mod refusal;

pub use refusal::{Reading, Refusal, aadsts_number, read_refusal};

use std::time::Duration;

/// Access tokens are renewed at least this often: an issuer that says ten years has made a mistake
/// or never looks at a token again, and neither is a reason to keep one that long.
pub const LONGEST_LIFE: Duration = Duration::from_hours(24);

/// Scopes that are about the person and the grant, not about mail. What an issuer says of them is
/// not compared: Microsoft never lists `offline_access` among what it granted.
const ABOUT_THE_PERSON: [&str; 6] =
    ["openid", "email", "profile", "offline_access", "address", "phone"];

/// What to ask of an issuer nothing is known of: to open mail, to learn the address, and a grant
/// that outlives the day.
pub const USUAL_SCOPES: [&str; 4] =
    ["urn:ietf:params:oauth:scope:mail", "openid", "email", "offline_access"];

/// Which of the scopes asked for that open mail were not granted. An issuer that does not say what
/// it granted has granted what was asked (RFC 6749 §5.1).
#[must_use]
pub fn missing_scopes<'a>(asked: &'a [String], granted: Option<&str>) -> Vec<&'a str> {
    let Some(granted) = granted else { return vec![] };
    let granted: Vec<String> = granted.split_whitespace().map(short_scope).collect();
    let missing =
        |scope: &&str| !ABOUT_THE_PERSON.contains(scope) && !granted.contains(&short_scope(scope));
    asked.iter().map(String::as_str).filter(missing).collect()
}

/// A scope without the host of its resource: one provider answers with another host, or none, for
/// the scope that was asked (`IMAP.AccessAsUser.All`). A scope that is only a host stays whole.
fn short_scope(scope: &str) -> String {
    let lower = scope.to_ascii_lowercase();
    let path = lower.strip_prefix("https://").and_then(|rest| rest.split_once('/'));
    match path {
        Some((_, path)) if !path.trim_matches('/').is_empty() => path.to_owned(),
        _ => lower,
    }
}

/// Whether `said` names the issuer `ours` (RFC 9207 §2.4: compared as strings). The words that
/// stand for "any tenant" (`common`, `organizations`, `consumers`) are answered with the tenant of
/// the person by the same host.
#[must_use]
pub fn same_issuer(ours: &str, said: &str) -> bool {
    if ours == said {
        return true;
    }
    let (Some(ours), Some(said)) = (tenant(ours), tenant(said)) else { return false };
    let any = ["common", "organizations", "consumers"].contains(&ours.word);
    any && ours.before == said.before && ours.after == said.after && is_tenant(said.word)
}

/// An issuer of the form `https://HOST/TENANT/v2.0`.
struct Tenant<'a> {
    before: &'a str,
    word: &'a str,
    after: &'a str,
}

fn tenant(issuer: &str) -> Option<Tenant<'_>> {
    let (before, after) = issuer.split_once("://").and_then(|(scheme, rest)| {
        let (host, path) = rest.split_once('/')?;
        issuer.split_at_checked(scheme.len() + 3 + host.len()).filter(|_| !path.is_empty())
    })?;
    let (word, after) = after.strip_prefix('/')?.split_once('/')?;
    (after == "v2.0").then_some(Tenant { before, word, after })
}

/// A tenant as Microsoft writes it in what it issues: a UUID, or the placeholder of its metadata.
fn is_tenant(word: &str) -> bool {
    let is_uuid = word.len() == 36
        && word.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        });
    is_uuid || word == "{tenantid}"
}

/// How long a token holds that was given with `expires_in` seconds: nothing is known when the
/// issuer did not say or what it says is no lifetime, and never more than [`LONGEST_LIFE`].
#[must_use]
pub fn lifetime(expires_in: Option<i64>) -> Option<Duration> {
    let seconds = u64::try_from(expires_in?).ok().filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(seconds).min(LONGEST_LIFE))
}

/// Where an administrator agrees to the client for a whole organization, for an authorization
/// endpoint of Microsoft's shape (`https://HOST/TENANT/oauth2/v2.0/authorize`).
#[must_use]
pub fn admin_consent_url(authorize_url: &str, email: &str, client_id: &str) -> Option<String> {
    let (before, _) = authorize_url.split_once("/oauth2/v2.0/authorize")?;
    let (origin, tenant) = before.rsplit_once('/')?;
    let (_, domain) = email.rsplit_once('@')?;
    let plain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
    };
    let any = ["common", "organizations", "consumers"].contains(&tenant);
    let tenant = if any { domain } else { tenant };
    (origin.starts_with("https://") && plain(tenant) && plain(client_id))
        .then(|| format!("{origin}/{tenant}/adminconsent?client_id={client_id}"))
}

#[cfg(test)]
mod tests;
