//! The two parties of a sign-in: the issuer with its endpoints, and chapar as one of its clients.

use super::answer::TokenAnswer;
use super::callback::Expected;
use super::choice::Choice;
use super::client::Client;
use super::line::Line;
use super::tokens::Issued;
use super::{metadata, register};
use crate::http::Reach;
use crate::world::World;
use chapar_engine::credential::{Grant, Issuer};
use chapar_engine::oauth::USUAL_SCOPES;
use chapar_engine::provider::revokes_all;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;

/// Everybody and everything that has to be known before a person is asked.
pub(super) struct Party {
    /// The issuer's name for people.
    pub(super) name: String,
    pub(super) issuer: Issuer,
    pub(super) userinfo_url: Option<String>,
    pub(super) client: Client,
    /// What is asked for.
    pub(super) scopes: Vec<String>,
    /// Further parameters of the authorization request.
    pub(super) extra: Vec<(String, String)>,
    ca_pem: Option<String>,
    reach: Reach,
    gives_back: bool,
}

impl Party {
    /// Asks the issuer for what is not known yet: its metadata, and a client.
    pub(super) async fn settle(
        world: &World,
        choice: Choice,
        redirect_uri: &str,
    ) -> Result<Self, Failure> {
        let line = Line { world, ca_pem: choice.ca_pem.as_deref(), reach: choice.reach };
        let mut extra = choice.extra.clone();
        let mut scopes = choice.scopes.clone();
        let (issuer, userinfo_url) = if let Some(issuer) = choice.issuer.clone() {
            (issuer, None)
        } else {
            let published = metadata::read(&line, &choice.issuer_id).await?;
            if scopes.is_empty() {
                scopes = usual(published.scopes.as_deref());
            }
            (published.issuer, published.userinfo_url)
        };
        if scopes.is_empty() {
            scopes = usual(None);
        }
        // OIDC Core §11: a grant that outlives the session needs the person's word
        let lasting = scopes.iter().any(|scope| scope == "offline_access");
        if choice.issuer.is_none() && lasting && extra.is_empty() {
            extra.push(("prompt".to_owned(), "consent".to_owned()));
        }
        let client = match choice.client.clone() {
            Some(client) => client,
            None => new_client(&line, &choice, &issuer, redirect_uri, &scopes).await?,
        };
        let Choice { name, ca_pem, reach, gives_back, .. } = choice;
        // under whatever name it was asked for: what ends there ends for other machines too
        let gives_back = gives_back && !issuer.revoke_url.as_deref().is_some_and(revokes_all);
        Ok(Self { name, issuer, userinfo_url, client, scopes, extra, ca_pem, reach, gives_back })
    }

    /// The line to the issuer.
    pub(super) fn line<'a>(&'a self, world: &'a World) -> Line<'a> {
        Line { world, ca_pem: self.ca_pem.as_deref(), reach: self.reach }
    }

    /// The consent that an answer gives.
    pub(super) fn grant(&self, answer: &TokenAnswer) -> Grant {
        let scopes = answer.scope().unwrap_or_default().split_whitespace();
        Grant {
            issuer: self.issuer.clone(),
            client_id: self.client.id.clone(),
            scopes: scopes.map(str::to_owned).collect(),
        }
    }

    /// What it takes to give it back; `None` where that would end more than it.
    pub(super) fn issued(&self, answer: &TokenAnswer) -> Option<Issued> {
        let (kind, token) = match answer.refresh() {
            Some(refresh) => ("refresh_token", refresh),
            None => ("access_token", answer.access()),
        };
        self.gives_back.then(|| Issued {
            grant: self.grant(answer),
            client_secret: self.client.secret.clone(),
            token: Secret::new(token.to_owned()),
            kind,
            ca_pem: self.ca_pem.clone(),
            reach: self.reach,
        })
    }

    /// What an answer has to look like.
    pub(super) fn expected<'a>(&'a self, state: &'a Secret, email: &'a str) -> Expected<'a> {
        let (issuer, name) = (&self.issuer, self.name.as_str());
        Expected { state, issuer, client_id: &self.client.id, email, name }
    }
}

/// Of the usual scopes those that the issuer knows; all when it does not say, but for the one only
/// issuers of open mail servers know.
fn usual(supported: Option<&[String]>) -> Vec<String> {
    let knows = |scope: &&&str| match supported {
        Some(supported) => supported.iter().any(|known| known == **scope),
        None => !scope.starts_with("urn:"),
    };
    USUAL_SCOPES.iter().filter(knows).map(|scope| (*scope).to_owned()).collect()
}

async fn new_client(
    line: &Line<'_>,
    choice: &Choice,
    issuer: &Issuer,
    redirect_uri: &str,
    scopes: &[String],
) -> Result<Client, Failure> {
    let Some(at) = issuer.register_url.as_deref() else {
        let message = format!("no client id is known for {}, and it registers none", choice.name);
        return Err(Failure::of("oauth.no_client", message, None));
    };
    let state = Secret::default();
    let expected =
        Expected { state: &state, issuer, client_id: "chapar", email: "", name: &choice.name };
    register::register(line, at, redirect_uri, scopes, &expected).await
}
