//! What an issuer publishes about itself (RFC 8414, OIDC Discovery 1.0): read within
//! limits and believed only where it names itself.

use super::line::{Line, is_https};
use crate::http::{Answer, Reach, place};
use chapar_engine::credential::Issuer;
use chapar_engine::oauth::same_issuer;
use chapar_engine::verdict::Failure;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

/// For both places together: a person waits.
const READ: Duration = Duration::from_secs(10);
/// Characters of one address in it.
const URL_CHARS: usize = 2_048;

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) issuer: Issuer,
    /// Who signed in, if the ID token does not say (OIDC Core §5.3).
    pub(super) userinfo_url: Option<String>,
    /// The scopes there are, if it says.
    pub(super) scopes: Option<Vec<String>>,
}

/// The members that matter; the others are nobody's business.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    registration_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    scopes_supported: Option<Vec<String>>,
    response_types_supported: Option<Vec<String>>,
    grant_types_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Asks both well-known places at once; the one of RFC 8414 counts first.
pub(super) async fn read(line: &Line<'_>, issuer: &str) -> Result<Published, Failure> {
    let id = super::line::url(issuer)?;
    if id.query().is_some() || id.fragment().is_some() {
        return Err(unusable(issuer, "an issuer's address has no query and no fragment"));
    }
    let [first, second] = well_known(&id);
    let (oauth, openid) =
        tokio::join!(published(line, issuer, &first), published(line, issuer, &second));
    match (oauth, openid) {
        (Ok(published), _) | (Err(_), Ok(published)) => Ok(published),
        // a document that was there and wrong says more than one that was not there
        (Err(oauth), Err(openid)) => {
            Err(if openid.code == "oauth.metadata" && !is_absent(&openid) || is_absent(&oauth) {
                openid
            } else {
                oauth
            })
        }
    }
}

/// RFC 8414 §3.1 puts the word before the path of the issuer, OIDC after it.
fn well_known(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().trim_end_matches('/').to_owned();
    let (mut oauth, mut openid) = (issuer.clone(), issuer.clone());
    oauth.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
    openid.set_path(&format!("{path}/.well-known/openid-configuration"));
    [oauth, openid]
}

async fn published(line: &Line<'_>, issuer: &str, at: &Url) -> Result<Published, Failure> {
    let answer = line.get(at, READ).await?;
    let document = document(issuer, &answer)?;
    check(line, issuer, document)
}

fn document(issuer: &str, answer: &Answer) -> Result<Document, Failure> {
    match answer.status {
        200 if answer.media_type == "text/html" => Err(Failure::of(
            "oauth.metadata",
            format!(
                "{} answered with a web page instead of its metadata: does this network ask for a \
                 sign-in of its own, or a proxy?",
                place(&answer.url)
            ),
            None,
        )),
        200 => serde_json::from_slice(&answer.body).map_err(|error| {
            let message =
                format!("what {issuer} publishes at {} is not its metadata", place(&answer.url));
            Failure::of("oauth.metadata", message, Some(&error.to_string()))
        }),
        429 | 500.. => Err(Failure::of(
            "oauth.unavailable",
            format!("{} answered {}", place(&answer.url), answer.status),
            None,
        )),
        status => Err(Failure::of(
            "oauth.metadata",
            format!("{issuer} publishes nothing at {}", place(&answer.url)),
            Some(&format!("{ABSENT} {status}")),
        )),
    }
}

/// How the detail of an absent document begins.
const ABSENT: &str = "HTTP status";

fn is_absent(failure: &Failure) -> bool {
    failure.detail.as_deref().is_some_and(|detail| detail.starts_with(ABSENT))
}

fn check(line: &Line<'_>, issuer: &str, said: Document) -> Result<Published, Failure> {
    let refused = |reason: &str| Err(unusable(issuer, reason));
    // a slash at the end is how people write addresses; all else has to be the same (RFC 8414 §3.3)
    let (ours, theirs) = (issuer.trim_end_matches('/'), said.issuer.trim_end_matches('/'));
    if !same_issuer(ours, theirs) {
        return Err(Failure::of(
            "oauth.issuer",
            format!("what is published at {issuer} calls itself another issuer"),
            Some(&said.issuer),
        ));
    }
    let lists = |list: &Option<Vec<String>>, word: &str| {
        list.as_ref().is_some_and(|list| list.iter().any(|said| said == word))
    };
    let lacks = |list: &Option<Vec<String>>, word: &str| list.is_some() && !lists(list, word);
    // found by discovery, an issuer has to promise what one that a person chose may leave unsaid
    let discovered = line.reach == Reach::PublicOnly;
    let methods = &said.code_challenge_methods_supported;
    if lacks(methods, "S256") || (discovered && methods.is_none()) {
        return refused("it does not offer PKCE with S256");
    }
    if lacks(&said.response_types_supported, "code") {
        return refused("it does not offer the authorization code flow");
    }
    if lacks(&said.grant_types_supported, "authorization_code") {
        return refused("it does not offer the authorization code grant");
    }
    let (Some(authorize_url), Some(token_url)) = (said.authorization_endpoint, said.token_endpoint)
    else {
        return refused("it names no authorization or token endpoint");
    };
    let named = [Some(&authorize_url), Some(&token_url)];
    let others = [
        said.device_authorization_endpoint.as_ref(),
        said.revocation_endpoint.as_ref(),
        said.registration_endpoint.as_ref(),
        said.userinfo_endpoint.as_ref(),
    ];
    if !named.into_iter().chain(others).flatten().all(|url| is_endpoint(url)) {
        return refused("it names an endpoint that is not an https address");
    }
    let id = if ours == theirs { said.issuer } else { issuer.to_owned() };
    Ok(Published {
        issuer: Issuer {
            id,
            authorize_url,
            token_url,
            device_url: said.device_authorization_endpoint,
            revoke_url: said.revocation_endpoint,
            register_url: said.registration_endpoint,
            says_iss: said.authorization_response_iss_parameter_supported,
        },
        userinfo_url: said.userinfo_endpoint,
        scopes: said.scopes_supported,
    })
}

fn is_endpoint(text: &str) -> bool {
    let parsed = Url::parse(text).ok().filter(is_https);
    text.len() <= URL_CHARS && parsed.is_some_and(|url| url.fragment().is_none())
}

fn unusable(issuer: &str, reason: &str) -> Failure {
    Failure::of("oauth.metadata", format!("{issuer} cannot be used: {reason}"), None)
}
