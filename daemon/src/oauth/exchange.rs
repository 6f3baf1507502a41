//! The two ends of the code flow: the address the person opens, and the exchange of the code that
//! comes back for tokens (RFC 6749 §4.1, RFC 7636 with S256 always).

use super::answer::{ErrorAnswer, TokenAnswer};
use super::callback::{Expected, refused};
use super::line::Line;
use super::party::Party;
use crate::world::World;
use chapar_engine::oauth::Refusal;
use chapar_engine::secret::{Secret, base64url};
use chapar_engine::verdict::Failure;
use oauth2::basic::{BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    StandardRevocableToken, TokenUrl,
};
use std::time::Duration;

/// Random bytes of a state and of a verifier: 256 bits, 43 characters (RFC 7636 §4.1).
const RANDOM_BYTES: usize = 32;
/// Pauses before the exchange is tried again when the network lost it. A code is good for one
/// exchange: had the first one arrived, the second fails as surely as none at all.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

type Asking = oauth2::Client<
    ErrorAnswer,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What binds an answer, and the exchange of its code, to this attempt alone.
pub(super) struct Bond {
    /// In the address, and in every answer to it.
    pub(super) state: Secret,
    /// Its hash is in the address, itself only in the exchange.
    verifier: Secret,
}

impl Bond {
    pub(super) fn new(world: &World) -> Self {
        let random = || {
            let mut bytes = zeroize::Zeroizing::new([0; RANDOM_BYTES]);
            world.entropy.fill(bytes.as_mut_slice());
            Secret::new((*base64url(bytes.as_slice())).clone())
        };
        Self { state: random(), verifier: random() }
    }

    fn pkce(&self) -> PkceCodeVerifier {
        PkceCodeVerifier::new(self.verifier.expose().to_owned())
    }
}

/// The address to open in a browser.
pub(super) fn authorize_url(
    party: &Party,
    redirect_uri: &str,
    bond: &Bond,
    email: &str,
) -> Result<String, Failure> {
    let client = asking(party, redirect_uri)?;
    let state = CsrfToken::new(bond.state.expose().to_owned());
    let scopes = party.scopes.iter().cloned().map(Scope::new);
    let mut request = client
        .authorize_url(|| state)
        .add_scopes(scopes)
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&bond.pkce()));
    if !email.is_empty() {
        request = request.add_extra_param("login_hint", email);
    }
    for (name, value) in &party.extra {
        request = request.add_extra_param(name.as_str(), value.as_str());
    }
    Ok(request.url().0.into())
}

/// Exchanges the code. A network that fails is tried again a little.
pub(super) async fn exchange(
    line: &Line<'_>,
    party: &Party,
    redirect_uri: &str,
    bond: &Bond,
    code: &Secret,
    expected: &Expected<'_>,
) -> Result<TokenAnswer, Failure> {
    let client = asking(party, redirect_uri)?;
    let mut pauses = AGAIN.iter();
    loop {
        let outcome = client
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
            .set_pkce_verifier(bond.pkce())
            .request_async(line)
            .await
            .map_err(|error| failure(error, expected));
        match (outcome, pauses.next()) {
            // one that asks to slow down is not asked again at once
            (Err(failure), Some(pause))
                if is_network(&failure) && failure.code != "oauth.throttled" =>
            {
                tracing::warn!(code = failure.code, "the exchange of the code is tried again");
                line.world.clock.sleep_until(line.world.clock.boot().after(*pause)).await;
            }
            (Ok(answer), _) => return sound(answer, expected),
            (Err(failure), _) => return Err(failure),
        }
    }
}

/// The answer, if it can be used.
pub(super) fn sound(answer: TokenAnswer, expected: &Expected<'_>) -> Result<TokenAnswer, Failure> {
    match answer.fault() {
        None => Ok(answer),
        Some(fault) => Err(unfit(expected, fault)),
    }
}

pub(super) fn unfit(expected: &Expected<'_>, fault: &str) -> Failure {
    Failure::of(
        "oauth.answer",
        format!("the token answer of {} cannot be used: {fault}", expected.name),
        None,
    )
}

/// Whether it may be gone by itself.
pub(super) fn is_network(failure: &Failure) -> bool {
    failure.code.starts_with("net.")
        || ["http.broken", "oauth.unavailable", "oauth.throttled"].contains(&failure.code)
}

fn asking(party: &Party, redirect_uri: &str) -> Result<Asking, Failure> {
    let unfit = |_| {
        let message = format!("{} names endpoints that are no addresses", party.name);
        Failure::of("oauth.metadata", message, None)
    };
    let client = oauth2::Client::new(ClientId::new(party.client.id.clone()))
        // Google and the clients that need no secret are told so in the body (RFC 6749 §2.3.1)
        .set_auth_type(AuthType::RequestBody)
        .set_auth_uri(AuthUrl::new(party.issuer.authorize_url.clone()).map_err(unfit)?)
        .set_token_uri(TokenUrl::new(party.issuer.token_url.clone()).map_err(unfit)?)
        .set_redirect_uri(RedirectUrl::new(redirect_uri.to_owned()).map_err(unfit)?);
    Ok(match &party.client.secret {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
        None => client,
    })
}

fn failure(error: RequestTokenError<Failure, ErrorAnswer>, expected: &Expected<'_>) -> Failure {
    match error {
        RequestTokenError::ServerResponse(said) => refused(&said.refusal(), expected),
        RequestTokenError::Request(failure) => failure,
        // the parser's own words may quote a token; the path to the member does not
        RequestTokenError::Parse(error, _) => {
            unfit(expected, &format!("{} is not of its type", error.path()))
        }
        RequestTokenError::Other(reason) => unfit(expected, &reason),
    }
}

impl ErrorAnswer {
    pub(super) fn refusal(&self) -> Refusal<'_> {
        Refusal {
            error: &self.error,
            description: self.error_description.as_deref(),
            suberror: self.suberror.as_deref(),
        }
    }
}
