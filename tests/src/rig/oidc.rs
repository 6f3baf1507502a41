//! Certified OAuth 2.0 issuers (npm's oidc-provider), in three personas, that a test turns while they
//! run: lifetimes, a second factor, faults, revocations. Dovecot asks them about every token.
//!
//! Their ports are known when Dovecot starts; Node starts with the first test that asks for one.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};

use super::authority::{Authority, Kind};
use super::process::{Server, wait_for};
use super::scratch::{held_port, random_hex};
use super::{User, node};
use crate::remains;

/// Node reads its modules and makes three RSA keys: 1.5 s on an idle machine.
const START_LIMIT: Duration = Duration::from_mins(1);
/// An order is done at once.
const ORDER_LIMIT: Duration = Duration::from_secs(20);

/// Whom an issuer is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Persona {
    /// As the standards say: rotation of refresh tokens, reuse ends the grant, registration,
    /// device codes, `iss` in the redirect.
    Generic,
    /// Microsoft's paths, scopes, wording, sizes; no revocation, no `iss`.
    Microsoft,
    /// Google's: a secret for a desktop client, boxes in the consent, no rotation, no device code.
    Google,
}

impl Persona {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Generic, Self::Microsoft, Self::Google];

    /// Its name on the wire of `control.mjs`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Microsoft => "microsoft",
            Self::Google => "google",
        }
    }
}

/// One grant an issuer made.
#[derive(Clone)]
pub struct Grant {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// `authorization_code`, `refresh_token` or the device code's long name.
    pub kind: String,
    /// For whom.
    pub person: String,
    /// How long its access token holds, in seconds.
    pub ttl_s: u64,
    /// The tokens of the answer, the access token first.
    pub secrets: Vec<String>,
}

impl fmt::Debug for Grant {
    /// Without its tokens: what a failed test prints is scanned too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} for {} s", self.kind, self.at_ms, self.ttl_s)
    }
}

/// The three issuers of a rig.
pub struct Oidc {
    dir: PathBuf,
    ports: BTreeMap<Persona, u16>,
    /// The secret by which Dovecot may ask about tokens.
    introspector: String,
    people: BTreeMap<String, String>,
    /// Holds the ports until Node takes them.
    held: Mutex<Vec<TcpListener>>,
    running: OnceLock<(Server, u16)>,
}

impl Oidc {
    /// Chooses the ports and writes the identity of the issuers into `dir`; starts nothing.
    pub fn prepare(dir: &Path, authority: &Authority, users: &[User]) -> Self {
        fs::create_dir_all(dir).unwrap();
        let identity = authority.identity(Kind::Good);
        fs::write(dir.join("chain.pem"), identity.chain).unwrap();
        fs::write(dir.join("key.pem"), identity.key).unwrap();
        let held: Vec<TcpListener> = Persona::ALL.iter().map(|_| held_port()).collect();
        let ports = held.iter().map(|listener| listener.local_addr().unwrap().port());
        Self {
            dir: dir.to_owned(),
            ports: Persona::ALL.into_iter().zip(ports).collect(),
            introspector: random_hex(16),
            people: users
                .iter()
                .map(|user| (user.address.clone(), user.password.clone()))
                .collect(),
            held: Mutex::new(held),
            running: OnceLock::new(),
        }
    }

    /// Where Dovecot asks about tokens of this issuer, with its password.
    pub fn introspection_url(&self, persona: Persona) -> String {
        let (secret, port) = (&self.introspector, self.ports[&persona]);
        format!("https://introspector:{secret}@localhost:{port}/token/introspection")
    }

    /// One of them, running.
    pub fn issuer(&self, persona: Persona) -> Issuer<'_> {
        self.running.get_or_init(|| self.start());
        Issuer { oidc: self, persona }
    }

    fn start(&self) -> (Server, u16) {
        let programs = node::programs(&self.dir.join("programs"));
        let [control] = super::scratch::free_ports();
        let issuers: Vec<Value> = self
            .ports
            .iter()
            .map(|(persona, port)| json!({"persona": persona.word(), "port": port}))
            .collect();
        let settings = json!({
            "chain": self.dir.join("chain.pem"), "key": self.dir.join("key.pem"),
            "introspector": self.introspector, "people": self.people, "control": control,
            "issuers": issuers,
        });
        fs::write(self.dir.join("settings.json"), settings.to_string()).unwrap();
        let log = self.dir.join("oidc.log");
        let out = fs::File::create(&log).unwrap();
        let mut command = Command::new("node");
        command.arg("--import").arg(programs.join("older_node.mjs"));
        command.arg(programs.join("server.mjs")).arg(self.dir.join("settings.json"));
        command.stdout(out.try_clone().unwrap()).stderr(out);
        self.held.lock().unwrap().clear();
        let mut server = Server::spawn("oidc-provider", &mut command);
        wait_for(START_LIMIT, "oidc-provider ready", || {
            let said = fs::read_to_string(&log).unwrap();
            assert!(server.is_running(), "oidc-provider ended: {said}");
            said.lines().any(|line| line == "ready").then_some(())
        });
        (server, control)
    }

    fn order(&self, persona: Persona, mut order: Value) -> Value {
        let (_, port) = self.running.get().expect("a running issuer");
        order["issuer"] = persona.word().into();
        let mut stream = TcpStream::connect(("127.0.0.1", *port)).unwrap();
        stream.set_read_timeout(Some(ORDER_LIMIT)).unwrap();
        writeln!(stream, "{order}").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert!(answer.get("error").is_none(), "{order}: {answer}");
        answer
    }
}

/// One running issuer.
#[derive(Clone, Copy)]
pub struct Issuer<'a> {
    oidc: &'a Oidc,
    /// Whom it is like.
    pub persona: Persona,
}

impl Issuer<'_> {
    /// Its identifier.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.oidc.ports[&self.persona])
    }

    /// Changes `accessTtl` (seconds), `mfa` or `rotate` for everybody from now on.
    pub fn set(&self, knobs: &Value) {
        self.oidc.order(self.persona, json!({"order": "set", "knobs": knobs}));
    }

    /// The next `times` requests to paths ending in `path`, after the first `skip`, go wrong:
    /// `status`, `body`, `type`, `headers`, `delayMs`, `lose` (served, and the answer lost), or
    /// `hold` (never answered).
    pub fn fault(&self, fault: &Value) {
        self.oidc.order(self.persona, json!({"order": "fault", "fault": fault}));
    }

    /// All faults are over.
    pub fn heal(&self) {
        self.oidc.order(self.persona, json!({"order": "heal"}));
    }

    /// How many requests it ever held.
    pub fn held(&self) -> u64 {
        let state = self.oidc.order(self.persona, json!({"order": "state"}));
        state["held"].as_u64().unwrap()
    }

    /// Ends every grant of a person; how many there were.
    pub fn revoke(&self, user: &User) -> u64 {
        let answer =
            self.oidc.order(self.persona, json!({"order": "revoke", "person": user.address}));
        answer["ended"].as_u64().unwrap()
    }

    /// Every grant for this person so far, oldest first. Its tokens are canaries from now on.
    pub fn grants(&self, user: &User) -> Vec<Grant> {
        let state = self.oidc.order(self.persona, json!({"order": "state"}));
        let all = state["grants"].as_array().unwrap().iter().map(read);
        let grants: Vec<Grant> = all.filter(|grant| grant.person == user.address).collect();
        for secret in grants.iter().flat_map(|grant| &grant.secrets) {
            remains::secret(secret);
        }
        grants
    }

    /// Everything it refused so far, in its own words.
    pub fn refusals(&self) -> Vec<String> {
        let state = self.oidc.order(self.persona, json!({"order": "state"}));
        let all = state["refusals"].as_array().unwrap().iter();
        all.map(|one| one.as_str().unwrap().to_owned()).collect()
    }
}

fn read(grant: &Value) -> Grant {
    let secrets = grant["secrets"].as_array().unwrap().iter();
    Grant {
        at_ms: grant["at"].as_u64().unwrap(),
        kind: grant["kind"].as_str().unwrap_or_default().to_owned(),
        person: grant["person"].as_str().unwrap_or_default().to_owned(),
        ttl_s: grant["ttl"].as_u64().unwrap(),
        secrets: secrets.map(|secret| secret.as_str().unwrap().to_owned()).collect(),
    }
}
