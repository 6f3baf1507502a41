//! The device code (RFC 8628): a code the person types at the issuer, on whatever screen.
//!
//! Owns the pace of asking. The code is only ever shown together with where it belongs.

use super::answer::{ErrorAnswer, TokenAnswer};
use super::callback::{Expected, refused};
use super::exchange::{is_network, sound, unfit};
use super::line::{FORM, Line, is_https, url};
use super::party::Party;
use super::signin::DevicePrompt;
use crate::http::Body;
use chapar_engine::message::one_line;
use chapar_engine::oauth::Refusal;
use chapar_engine::secret::Secret;
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use serde::Deserialize;
use std::time::Duration;
use url::Url;
use url::form_urlencoded::Serializer;

/// Asked this often when the issuer does not say (RFC 8628 §3.2).
const INTERVAL: u64 = 5;
/// Never asked more rarely: a person waits.
const LONGEST_INTERVAL: u64 = 60;
/// What `slow_down` adds (§3.5).
const SLOWER: u64 = 5;
/// Characters of the code to type; real ones have eight or nine.
const CODE_CHARS: usize = 64;
/// A code is asked about no longer than this, whatever the issuer says.
const LONGEST: Duration = Duration::from_mins(30);

/// A code that waits to be typed.
pub(super) struct Device {
    /// What the person sees.
    pub(super) prompt: DevicePrompt,
    code: Secret,
    interval: u64,
    ends: Boot,
}

#[derive(Deserialize)]
struct Offered {
    device_code: String,
    user_code: String,
    #[serde(alias = "verification_url")]
    verification_uri: String,
    #[serde(alias = "verification_url_complete")]
    verification_uri_complete: Option<String>,
    expires_in: u64,
    interval: Option<u64>,
}

/// Asks for a code.
pub(super) async fn ask(
    line: &Line<'_>,
    party: &Party,
    at: &str,
    expected: &Expected<'_>,
) -> Result<Device, Failure> {
    let scope = party.scopes.join(" ");
    let answer = line.post(&url(at)?, &form(party, &[("scope", &scope)])).await?;
    if answer.status >= 400 {
        return Err(refused(&error(&answer.body).refusal(), expected));
    }
    let unfit = || unfit(expected, "it is no device code");
    let offered: Offered = serde_json::from_slice(&answer.body).map_err(|_| unfit())?;
    let is_page = |text: &String| Url::parse(text).is_ok_and(|url| is_https(&url));
    let user_code = one_line(&offered.user_code, CODE_CHARS);
    let sound = is_page(&offered.verification_uri)
        && !user_code.is_empty()
        && user_code == offered.user_code
        && !offered.device_code.is_empty();
    if !sound {
        return Err(unfit());
    }
    let lasting = Duration::from_secs(offered.expires_in).min(LONGEST);
    Ok(Device {
        prompt: DevicePrompt {
            user_code,
            verification_uri: offered.verification_uri,
            verification_uri_complete: offered.verification_uri_complete.filter(is_page),
        },
        code: Secret::new(offered.device_code),
        interval: offered.interval.unwrap_or(INTERVAL).clamp(1, LONGEST_INTERVAL),
        ends: line.world.clock.boot().after(lasting),
    })
}

/// Asks until the person has typed it, said no, or the code has expired (`oauth.timeout`).
pub(super) async fn wait(
    line: &Line<'_>,
    party: &Party,
    device: &Device,
    expected: &Expected<'_>,
) -> Result<TokenAnswer, Failure> {
    let clock = line.world.clock.as_ref();
    let mut interval = device.interval;
    loop {
        let next = clock.boot().after(Duration::from_secs(interval));
        if next > device.ends {
            let expired = Refusal { error: "expired_token", ..Refusal::default() };
            return Err(refused(&expired, expected));
        }
        clock.sleep_until(next).await;
        match poll(line, party, device, expected).await {
            Ok(Said::Tokens(answer)) => return sound(*answer, expected),
            Ok(Said::Pending) => {}
            Ok(Said::SlowDown) => interval = (interval + SLOWER).min(LONGEST_INTERVAL),
            // §3.5: on a lost connection the pace is halved, the code stays good
            Err(failure) if is_network(&failure) => interval = (interval * 2).min(LONGEST_INTERVAL),
            Err(failure) => return Err(failure),
        }
    }
}

enum Said {
    Tokens(Box<TokenAnswer>),
    Pending,
    SlowDown,
}

async fn poll(
    line: &Line<'_>,
    party: &Party,
    device: &Device,
    expected: &Expected<'_>,
) -> Result<Said, Failure> {
    let form = form(
        party,
        &[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", device.code.expose()),
        ],
    );
    let answer = line.post(&url(&party.issuer.token_url)?, &form).await?;
    if answer.status < 400 {
        let unfit = |_| unfit(expected, "a member is not of its type");
        return serde_json::from_slice(&answer.body).map_err(unfit).map(Said::Tokens);
    }
    let said = error(&answer.body);
    match said.error.as_str() {
        "authorization_pending" => Ok(Said::Pending),
        "slow_down" => Ok(Said::SlowDown),
        _ => Err(refused(&said.refusal(), expected)),
    }
}

/// A form of the client's; its secret rides along where it has one.
fn form(party: &Party, members: &[(&str, &str)]) -> Body {
    let mut form = Serializer::new(String::new());
    form.extend_pairs(members).append_pair("client_id", &party.client.id);
    if let Some(secret) = &party.client.secret {
        form.append_pair("client_secret", secret.expose());
    }
    Body { media_type: FORM, content: Secret::new(form.finish()), authorization: None }
}

/// An error without a name is still one.
fn error(body: &[u8]) -> ErrorAnswer {
    serde_json::from_slice(body).unwrap_or(ErrorAnswer {
        error: String::new(),
        error_description: None,
        suberror: None,
    })
}
