//! One exchange with a token endpoint (RFC 6749 §6) and one with a revocation endpoint (RFC 7009):
//! what is asked, and how the answer is read. Never tries twice.

use super::vault::Entry;
use super::{Holder, Issued};
use crate::config::{CONFIG_BYTES, Config};
use crate::http::{self, Answer, Held, Reach, Rules};
use crate::world::World;
use chapar_engine::grant::{Body, Lifetime, Renewal, Reply, judge};
use chapar_engine::provider::is_same_provider;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use serde_json::{Map, Value};
use std::io::Read as _;
use std::time::Duration;
use url::Url;
use url::form_urlencoded::Serializer;

/// Token answers have below 16 KiB, ID tokens with many claims included.
const RULES: Rules = Rules {
    redirects: 0,
    bytes: 256 << 10,
    within: Duration::from_secs(20),
    // the person agreed at this issuer: it may well be in the company's own network
    reach: Reach::Anywhere,
};
/// Removing an account does not wait longer for the provider to take its token back.
const REVOKE: Duration = Duration::from_secs(10);
/// The same for a grant that nobody keeps: a sign-in that begins meanwhile waits for it.
const GIVE_BACK: Duration = Duration::from_secs(5);

/// Sends one refresh token. The connection is the caller's to close, when it has made the answer
/// durable: closing it first would be time in which the answer can be lost.
pub(super) async fn refresh(
    world: &World,
    config: &Config,
    holder: &Holder,
    entry: &Entry,
    token: &Secret,
) -> Result<(Renewal, Held), Failure> {
    let issuer = issuer_name(holder);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
    let ca_pem = authority(config, holder);
    let url = &holder.grant.issuer.token_url;
    let form = form(&entry.client_id, entry.client_secret.as_ref(), &fields);
    let answer = post(world, url, form, ca_pem.as_deref(), &RULES).await;
    let (answer, line) = answer.map_err(|failure| network(&issuer, failure))?;
    Ok((judge(&issuer, reply(answer))?, line))
}

/// Gives a refresh token back; true when the issuer took it.
pub(super) async fn revoke(world: &World, config: &Config, holder: &Holder, entry: &Entry) -> bool {
    let Some(url) = &holder.grant.issuer.revoke_url else { return false };
    let fields = [("token", entry.refresh.expose()), ("token_type_hint", "refresh_token")];
    let ca_pem = authority(config, holder);
    let form = form(&entry.client_id, entry.client_secret.as_ref(), &fields);
    let rules = Rules { within: REVOKE, ..RULES };
    is_taken(&post(world, url, form, ca_pem.as_deref(), &rules).await)
}

/// Gives back what a sign-in brought; true when the issuer took it.
pub(super) async fn give_back(world: &World, issued: &Issued) -> bool {
    let Some(url) = &issued.grant.issuer.revoke_url else { return false };
    let fields = [("token", issued.token.expose()), ("token_type_hint", issued.kind)];
    let form = form(&issued.grant.client_id, issued.client_secret.as_ref(), &fields);
    let rules = Rules { within: GIVE_BACK, reach: issued.reach, ..RULES };
    is_taken(&post(world, url, form, issued.ca_pem.as_deref(), &rules).await)
}

/// RFC 7009 §2.2: 200, whether the token was still good or not.
fn is_taken(answer: &Result<(Answer, Held), Failure>) -> bool {
    answer.as_ref().is_ok_and(|(answer, _)| answer.status == 200)
}

async fn post(
    world: &World,
    url: &str,
    form: Secret,
    ca_pem: Option<&str>,
    rules: &Rules,
) -> Result<(Answer, Held), Failure> {
    let url = Url::parse(url).map_err(|error| {
        Failure::of("http.not_https", format!("{url:?} is no address"), Some(&error.to_string()))
    })?;
    let body = http::Body {
        media_type: "application/x-www-form-urlencoded",
        content: form,
        authorization: None,
    };
    http::post_and_hold(world, &url, &body, ca_pem, rules).await
}

/// The client names itself in the form (RFC 6749 §2.3.1): the way that every issuer with clients of
/// this kind takes.
fn form(client_id: &str, client_secret: Option<&Secret>, fields: &[(&str, &str)]) -> Secret {
    let mut form = Serializer::new(String::new());
    form.extend_pairs(fields).append_pair("client_id", client_id);
    if let Some(secret) = client_secret {
        form.append_pair("client_secret", secret.expose());
    }
    Secret::new(form.finish())
}

/// Whatever kept the issuer from answering is the network's fault, a certificate that is not the
/// issuer's included: that is what captive portals and company proxies show.
fn network(issuer: &str, failure: Failure) -> Failure {
    if failure.code.starts_with("net.") || failure.code == "http.not_https" {
        return failure;
    }
    let message = format!("{issuer} could not be asked for a new token; the sign-in stays good");
    Failure::of("oauth.unavailable", message, Some(&failure.to_string()))
}

/// The issuer as people know it: its host.
fn issuer_name(holder: &Holder) -> String {
    let issuer = &holder.grant.issuer;
    let host = |url: &str| Url::parse(url).ok()?.host_str().map(str::to_owned);
    host(&issuer.id).or_else(|| host(&issuer.token_url)).unwrap_or_else(|| issuer.id.clone())
}

/// The authority trusted beside the system's: the account's, else the configured provider's.
fn authority(config: &Config, holder: &Holder) -> Option<String> {
    if holder.ca_pem.is_some() {
        return holder.ca_pem.clone();
    }
    let entry =
        config.providers.iter().find(|entry| is_same_provider(&entry.key, &holder.provider))?;
    let file = std::fs::File::open(entry.ca_file.as_ref()?).ok()?;
    let mut pem = String::new();
    file.take(CONFIG_BYTES).read_to_string(&mut pem).ok().map(|_| pem)
}

/// Reads an answer as far as it goes. Strings that are secrets are moved, not copied.
fn reply(answer: Answer) -> Reply {
    let Answer { status, retry_after, media_type, body, .. } = answer;
    let body = match serde_json::from_slice(&body) {
        Ok(Value::Object(members)) => members_of(members),
        Ok(_) => Body::Other("JSON that is no object".into()),
        Err(_) if media_type.is_empty() => Body::Other("no JSON".into()),
        Err(_) => Body::Other(format!("{media_type} instead of JSON")),
    };
    Reply { status, retry_after, body }
}

fn members_of(mut members: Map<String, Value>) -> Body {
    if let Some(Value::String(access)) = members.remove("access_token") {
        return Body::Tokens {
            access: Secret::new(access),
            kind: string(&mut members, "token_type"),
            life: life(members.get("expires_in")),
            refresh: string(&mut members, "refresh_token").map(Secret::new),
        };
    }
    match string(&mut members, "error") {
        Some(error) => {
            Body::Error { error, description: string(&mut members, "error_description") }
        }
        None => Body::Other("JSON with neither a token nor an error".into()),
    }
}

fn string(members: &mut Map<String, Value>, name: &str) -> Option<String> {
    match members.remove(name) {
        Some(Value::String(value)) => Some(value),
        _ => None,
    }
}

/// `expires_in`: a number (RFC 6749 §5.1); several issuers say it in a string, one as `3600.0`.
fn life(said: Option<&Value>) -> Lifetime {
    let seconds = match said {
        Some(Value::Number(number)) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    seconds.map_or(Lifetime::Unsaid, Lifetime::Seconds)
}

/// A positive number without its fraction.
fn whole(number: f64) -> Option<u64> {
    // more digits than any life has, and every value below is exact
    const MOST: f64 = 9e15;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in 0..MOST")]
    (0.0..MOST).contains(&number).then_some(number as u64)
}
