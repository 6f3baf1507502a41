//! A daemon with accounts on the sandbox provider.

use crate::place::Place;
use crate::raw::Raw;
use chapar_tests::rig::process::wait_for;
use chapar_tests::sandbox::corpus;
use chapar_tests::sandbox::oauth::person::Person;
use chapar_tests::sandbox::provider::{Listening, Personality, Provider};
use serde_json::{Value, json};
use std::time::Duration;

/// The password of everybody at the provider.
pub(crate) const PASSWORD: &str = "canary-of-the-socket-tests";
/// The one account that is always there.
pub(crate) const ADA: &str = "ada@example.test";

const LIVE: Duration = Duration::from_mins(1);

/// Provider, place, and an account that is live.
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) provider: Provider,
    pub(crate) ports: Listening,
    pub(crate) account: String,
    /// Takes connections and never says a word.
    pub(crate) silent: std::net::TcpListener,
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// Starts everything and waits for the end of the first sync of `mails` mails.
    pub(crate) fn new(mails: usize) -> Self {
        Self::at(Personality::default(), mails)
    }

    /// The same at a provider of another kind.
    pub(crate) fn at(personality: Personality, mails: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let provider = Provider::new(personality);
        provider.store.add_account(ADA, PASSWORD);
        corpus::fill(&provider.store, ADA, &["INBOX", "Archive"], mails, 3, 1_790_000_000);
        let ports = runtime.block_on(provider.listen([0; 4])).unwrap();
        let mut place = Place::new();
        place.ask_nobody();
        place.start();
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let account = String::new();
        let mut world = Self { place, provider, ports, account, silent, runtime };
        world.account = world.connect(ADA);
        world.live();
        world
    }

    pub(crate) fn raw(&self) -> Raw {
        Raw::lines(&self.place.socket())
    }

    /// The parameters of `Account/connect` for `user`.
    pub(crate) fn connect_params(&self, user: &str) -> Value {
        json!({
            "email": user, "password": PASSWORD, "caPem": self.provider.ca_pem(), "notify": "none",
            "imap": {"host": "localhost", "port": self.ports.imaps, "security": "tls"},
            "smtp": {"host": "localhost", "port": self.ports.smtps, "security": "tls"},
        })
    }

    /// Connects `user`; the account's id.
    pub(crate) fn connect(&self, user: &str) -> String {
        let mut raw = self.raw();
        let begun = raw.call("Account/connect", &self.connect_params(user));
        let mut seen = 0;
        loop {
            let ask = json!({"connectId": begun["connectId"], "seen": seen, "waitMs": 20_000});
            let reply = raw.call("Account/connectStatus", &ask);
            match reply["state"].as_str().unwrap() {
                "proving" => seen = reply["steps"].as_array().unwrap().len(),
                "done" => return reply["accountId"].as_str().unwrap().to_owned(),
                _ => panic!("{reply}"),
            }
        }
    }

    /// Waits until the account is live.
    pub(crate) fn live(&self) {
        let mut raw = self.raw();
        wait_for(LIVE, "the account live", || {
            let status = raw.call("status", &json!({}));
            let accounts = status["accounts"].as_array().unwrap();
            accounts.iter().any(|one| one["state"] == "live").then_some(())
        });
    }

    /// `user` signs in at the issuer; the address the browser ends at, not loaded.
    pub(crate) fn sign_in(&self, user: &str, url: &str) -> String {
        let person = Person::new(user, PASSWORD, &self.provider.ca_pem());
        self.runtime.block_on(person.final_address(url)).unwrap()
    }

    /// The identity of the account.
    pub(crate) fn identity(&self) -> String {
        let got = self.raw().call("Identity/get", &json!({"accountId": self.account}));
        got["list"][0]["id"].as_str().unwrap().to_owned()
    }
}
