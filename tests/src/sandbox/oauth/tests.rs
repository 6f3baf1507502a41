//! The issuer holds its rules, over its own wire: what it must refuse, what it must give.

mod codes;
mod mail;
mod shapes;

use super::client::NATIVE_CLIENT;
use super::form::Form;
use super::grant::s256;
use super::person::{Client, Person};
use crate::sandbox::provider::{Personality, Provider};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const USER: &str = "ada@example.test";
const PASSWORD: &str = "correct horse";
const REDIRECT: &str = "http://127.0.0.1:5000/back";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A provider in memory with a clock that is moved by hand, and one client of its issuer.
struct World {
    provider: Provider,
    time: Arc<AtomicI64>,
    client: &'static str,
    redirect: &'static str,
    scope: &'static str,
}

impl World {
    fn new(personality: Personality) -> Self {
        let time = Arc::new(AtomicI64::new(1_000_000));
        let now = Arc::clone(&time);
        let now = Arc::new(move || now.load(Ordering::Relaxed));
        let provider = Provider::with_clock(personality, &["login.example.test"], now);
        provider.store.add_account(USER, PASSWORD);
        provider.store.add_account("bob@example.test", "battery staple");
        let scope = "openid email offline_access";
        Self { provider, time, client: NATIVE_CLIENT, redirect: REDIRECT, scope }
    }

    fn later(&self, seconds: i64) {
        self.time.fetch_add(seconds, Ordering::Relaxed);
    }

    fn person(&self) -> Person {
        Person::inside(USER, PASSWORD, &self.provider)
    }

    fn count(&self, what: &str) -> u64 {
        use crate::sandbox::faults::Service;
        self.provider.ledger.commands(Service::Issuer).get(what).copied().unwrap_or(0)
    }

    /// The authorization address with `changes` on top; an empty value takes a parameter out.
    fn question(&self, changes: &[(&str, &str)]) -> String {
        let challenge = s256(VERIFIER);
        let usual = [
            ("response_type", "code"),
            ("client_id", self.client),
            ("redirect_uri", self.redirect),
            ("scope", self.scope),
            ("state", "s t&a=te"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", USER),
        ];
        format!("{}?{}", self.provider.issuer.authorize_url(), with(&usual, changes).encode())
    }

    /// The fields of the address at which `person` ends.
    async fn answer(&self, person: &Person, changes: &[(&str, &str)]) -> Form {
        let end = person.final_address(&self.question(changes)).await.unwrap();
        let (place, query) = end.split_once('?').unwrap();
        assert_eq!(place, self.redirect);
        Form::parse(query)
    }

    /// A code that the usual person got by the usual question.
    async fn code(&self) -> String {
        self.answer(&self.person(), &[]).await.get("code").unwrap().to_owned()
    }

    async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
        let usual = [
            ("grant_type", "authorization_code"),
            ("client_id", self.client),
            ("redirect_uri", self.redirect),
            ("code_verifier", VERIFIER),
            ("code", code),
        ];
        self.post(&self.provider.issuer.token_url(), &with(&usual, changes)).await
    }

    async fn refresh(&self, token: &str, changes: &[(&str, &str)]) -> (u16, Value) {
        let usual =
            [("grant_type", "refresh_token"), ("client_id", self.client), ("refresh_token", token)];
        self.post(&self.provider.issuer.token_url(), &with(&usual, changes)).await
    }

    async fn post(&self, address: &str, form: &Form) -> (u16, Value) {
        let (status, body) = Client::inside(&self.provider).post(address, form).await.unwrap();
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    async fn get(&self, address: &str) -> (u16, Value) {
        let (status, body) = Client::inside(&self.provider).get(address).await.unwrap();
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// A whole sign-in: the answer of the token endpoint.
    async fn tokens(&self) -> Value {
        let (status, body) = self.exchange(&self.code().await, &[]).await;
        assert_eq!(status, 200, "{body}");
        body
    }
}

fn with(usual: &[(&str, &str)], changes: &[(&str, &str)]) -> Form {
    let mut form = Form::default();
    for (name, value) in usual {
        if !changes.iter().any(|(changed, _)| changed == name) {
            form.add(name, value);
        }
    }
    for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
        form.add(name, value);
    }
    form
}

/// What an ID token says, read without a look at its signature.
fn claims(id_token: &Value) -> Value {
    let body = id_token.as_str().unwrap().split('.').nth(1).unwrap();
    let bytes = crate::sandbox::base64::decode(&body.replace('-', "+").replace('_', "/")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
