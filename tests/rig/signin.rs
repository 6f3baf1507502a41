//! Sign-in at a certified issuer, by every way a person has, and what has to work after it: the mail
//! is there, new mail is pushed, mail is sent. No password is ever said to chapar here.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chapar_tests::rig::dovecot::Dovecot;
use chapar_tests::rig::home::{Home, binary};
use chapar_tests::rig::oidc::Persona;
use chapar_tests::rig::person::{Person, Says, With};
use chapar_tests::rig::process::{run, wait_for};
use chapar_tests::rig::terminal::Talk;
use chapar_tests::rig::watch::Watch;
use chapar_tests::rig::{Rig, User, mirror};
use serde_json::{Value, json};

use crate::SYNC_LIMIT;
use crate::send::{arrival, send};
use crate::stream::PUSH_LIMIT;

/// A sign-in by a device code waits for the next poll (5 s).
const DEVICE_LIMIT: Duration = Duration::from_mins(1);

/// Nobody waits for the server to end a session: the word goes from task to task.
const TOLD_LIMIT: Duration = Duration::from_mins(1);

/// How a person may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Chromium,
    PlainHttp,
    Pasted,
    Device,
}

/// A home with a daemon that knows how to sign in at one issuer.
pub(crate) struct Town {
    pub(crate) home: Home,
    pub(crate) rig: &'static Rig,
    persona: Persona,
}

impl Town {
    pub(crate) fn new(persona: Persona) -> Self {
        Self::in_home(persona, Home::new())
    }

    pub(crate) fn in_home(persona: Persona, home: Home) -> Self {
        let rig = Rig::shared();
        rig.issuer(persona)
            .set(&json!({"accessTtl": 3600, "mfa": false, "rotate": persona != Persona::Google}));
        let town = Self { home, rig, persona };
        if persona != Persona::Generic {
            let config = town.home.dir().join("config/chapar");
            fs::create_dir_all(&config).unwrap();
            fs::write(config.join("config.toml"), town.provider()).unwrap();
        }
        town.home.start();
        town
    }

    /// The provider's table, pointed at the rig: endpoints as Microsoft and Google have them.
    fn provider(&self) -> String {
        let url = self.rig.issuer(self.persona).url();
        let ca = self.rig.ca_file().display();
        let own = match self.persona {
            Persona::Google => format!(
                r#"key = "google"
client_id = "rig-desktop"
client_secret_file = "{}"
authorize_url = "{url}/o/oauth2/v2/auth"
token_url = "{url}/token"
revoke_url = "{url}/revoke"
"#,
                self.client_secret().display()
            ),
            _ => format!(
                r#"key = "microsoft"
client_id = "rig-public"
authorize_url = "{url}/common/oauth2/v2.0/authorize"
token_url = "{url}/common/oauth2/v2.0/token"
device_url = "{url}/common/oauth2/v2.0/devicecode"
"#
            ),
        };
        // what to ask for is as built in
        format!("[[provider]]\nissuer = \"{url}\"\nca_file = \"{ca}\"\n{own}")
    }

    /// A desktop client's secret is none: it is in every copy of the program.
    fn client_secret(&self) -> PathBuf {
        let path = self.home.dir().join("config/chapar/client-secret");
        fs::write(&path, "secret-of-a-desktop-app\n").unwrap();
        path
    }

    /// Microsoft's servers know XOAUTH2 alone, and its submission begins TLS by STARTTLS.
    pub(crate) fn dovecot(&self) -> &'static Dovecot {
        if self.persona == Persona::Microsoft { &self.rig.xoauth2 } else { &self.rig.dovecot }
    }

    /// The words of `chapar connect`.
    pub(crate) fn words(&self, user: &User) -> Vec<String> {
        let imap = format!("localhost:{}", self.dovecot().ports.imaps);
        let smtp = match self.persona {
            Persona::Microsoft => format!("localhost:{}", self.rig.postfix.ports.submission),
            _ => self.rig.smtps(),
        };
        let mut words = vec!["connect", &user.address, "--imap", &imap, "--smtp", &smtp];
        let ca = self.rig.ca_file().display().to_string();
        words.extend(["--ca-file", &ca]);
        let url = self.rig.issuer(self.persona).url();
        match self.persona {
            Persona::Generic => words.extend(["--issuer", &url, "--client-id", "rig-public"]),
            Persona::Google => words.extend(["--provider", "google"]),
            Persona::Microsoft => {
                words.extend(["--provider", "microsoft", "--smtp-security", "starttls"]);
            }
        }
        words.into_iter().map(str::to_owned).collect()
    }

    /// The account of this address.
    pub(crate) fn account(&self, user: &User) -> String {
        let status = self.home.status();
        let mut accounts = status["accounts"].as_array().unwrap().iter();
        let found = accounts.find(|account| account["email"] == user.address.as_str());
        found.unwrap_or_else(|| panic!("{} is not in {status}", user.address))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Signs in with a plain HTTP client; the account.
    pub(crate) fn connect(&self, user: &User) -> String {
        self.sign_in(user, Way::PlainHttp);
        self.account(user)
    }

    /// The same for an account that shows no notification.
    pub(crate) fn connect_quietly(&self, user: &User) -> String {
        let mut words = self.words(user);
        words.extend(["--notify", "none"].map(str::to_owned));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.in_browser(user, With::PlainHttp, &words);
        self.account(user)
    }

    fn sign_in(&self, user: &User, way: Way) -> Value {
        let words = self.words(user);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match way {
            Way::Chromium => self.in_browser(user, With::Chromium, &words),
            Way::PlainHttp => self.in_browser(user, With::PlainHttp, &words),
            Way::Pasted => self.pasted(user, &words),
            Way::Device => self.by_device(user, &words),
        }
    }

    fn in_browser(&self, user: &User, with: With, words: &[&str]) -> Value {
        let person = Person::new(self.rig, user, with, Says::Yes);
        let ran = self.home.chapar_with_browser(&person.browser(), words);
        assert_eq!(ran.code, Some(0), "{} {}\n{}", ran.text(), ran.stderr, self.trouble());
        let met = person.met();
        let landed = met["landed"].as_str().unwrap();
        assert!(landed.starts_with("http://127.0.0.1:") || landed.starts_with("http://localhost:"));
        let said = met["text"].as_str().unwrap();
        assert!(said.contains(&user.address), "the last page names the person: {}", met["pages"]);
        if with == With::Chromium {
            self.look_at(&person, &met);
        }
        met
    }

    /// What a browser makes of the page where the person lands, kept for somebody to look at.
    fn look_at(&self, person: &Person, met: &Value) {
        let pictures = binary("chapard").parent().unwrap().join("rig-pictures");
        fs::create_dir_all(&pictures).unwrap();
        let path = pictures.join(format!("landing-{}.png", self.persona.word()));
        fs::copy(person.picture(), &path).unwrap();
        println!("rig: the page where the person lands: {}", path.display());
        let shown = met["html"].as_str().unwrap();
        for forbidden in ["code=", "state=", "<script"] {
            assert!(!shown.contains(forbidden), "{forbidden} in {shown}");
        }
        // nothing is fetched from anywhere but the issuer and the page itself
        let issuer = self.rig.issuer(self.persona).url();
        for origin in met["requests"].as_array().unwrap() {
            let origin = origin.as_str().unwrap();
            let known = origin == issuer
                || origin.starts_with("http://127.0.0.1:")
                || origin.starts_with("http://localhost:");
            assert!(known, "the page asked {origin}");
        }
    }

    fn pasted(&self, user: &User, words: &[&str]) -> Value {
        let person = Person::new(self.rig, user, With::PlainHttp, Says::Elsewhere);
        let mut command = self.home.command(&binary("chapar"));
        // a shell far away: no browser is started
        command.env("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22").args(words);
        let words = person.ends_at();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let talk = Talk::new().pastes(r"^(https://\S+)\r\n.*address>", &words);
        let ran = run(&mut talk.on_terminal(&command), b"", SYNC_LIMIT + DEVICE_LIMIT);
        assert_eq!(ran.code, Some(0), "{}\n{}", ran.text(), self.trouble());
        person.met()
    }

    fn by_device(&self, user: &User, words: &[&str]) -> Value {
        let mut command = self.home.command(&binary("chapar"));
        command.args(words).args(["--device", "--json"]);
        let said = Watch::start(&mut command);
        let asked = said.next(DEVICE_LIMIT, |one| one.get("signIn").is_some());
        let asked = asked.unwrap_or_else(|| panic!("no sign-in was asked for: {}", self.trouble()));
        let code = asked["signIn"]["userCode"].as_str().expect("a code to type");
        let at = asked["signIn"]["verificationUri"].as_str().expect("where to type it");
        let person = Person::new(self.rig, user, With::PlainHttp, Says::Yes);
        let met = person.opens(&format!("{at}?user_code={code}"));
        let done = said
            .next(DEVICE_LIMIT, |one| one.get("account").is_some() || one.get("error").is_some());
        let done = done.unwrap_or_else(|| panic!("no end: {met} {}", self.trouble()));
        assert!(done.get("error").is_none(), "{done}");
        met
    }

    fn trouble(&self) -> String {
        let refusals = self.rig.issuer(self.persona).refusals();
        format!("the issuer refused: {refusals:?}\n{}", self.dovecot().log_tail())
    }

    /// Mail from before, new mail, sent mail.
    fn assert_works(&self, user: &User, account: &str) {
        self.home.wait_live(account, SYNC_LIMIT);
        let mirrored = mirror::read(&self.home, account);
        assert!(mirrored.contains_key(&format!("before.{}@gen.test", user.name)), "{mirrored:?}");
        let watch = self.home.watch(&["--type", "email.received"]);
        std::thread::sleep(Duration::from_millis(300));
        self.rig.dovecot.deliver(user, "Subject: pushed\nMessage-ID: <p@gen.test>\n\nx\n");
        let pushed = watch.next(PUSH_LIMIT, |event| {
            event["accountId"] == account && event["data"]["subject"] == "pushed"
        });
        assert!(pushed.is_some(), "no push; {}", self.home.account_status(account));
        let to = self.rig.user();
        let subject = format!("sent by {}", user.name);
        let args = ["--to", &to.address, "--subject", &subject, "--text", "-", "--wait"];
        send(&self.home, account, &args, "x\n");
        arrival(&to, "INBOX", &subject);
    }

    /// One whole life: mail before, sign-in, works.
    fn live(&self, way: Way, mfa: bool) -> Vec<String> {
        let issuer = self.rig.issuer(self.persona);
        issuer.set(&json!({"mfa": mfa}));
        let user = self.rig.user();
        let before = format!("Subject: before\nMessage-ID: <before.{}@gen.test>\n\nx\n", user.name);
        self.rig.dovecot.deliver(&user, &before);
        let started = Instant::now();
        let met = self.sign_in(&user, way);
        let took = started.elapsed();
        issuer.grants(&user);
        let pages: Vec<String> = serde_json::from_value(met["pages"].clone()).unwrap();
        assert_eq!(pages.iter().any(|page| page == "Second factor"), mfa, "{pages:?}");
        self.assert_works(&user, &self.account(&user));
        issuer.grants(&user);
        let mechanisms = self.dovecot().mechanisms(&user);
        let wanted = if self.persona == Persona::Microsoft { "XOAUTH2" } else { "OAUTHBEARER" };
        assert_eq!(mechanisms.iter().map(String::as_str).collect::<Vec<_>>(), [wanted]);
        let persona = self.persona.word();
        println!("rig: {persona}, {way:?}, second factor {mfa}: {took:.1?}, {wanted}, {pages:?}");
        pages
    }
}

#[test]
fn at_an_issuer_as_the_standards_say() {
    let town = Town::new(Persona::Generic);
    for way in [Way::Chromium, Way::PlainHttp, Way::Pasted, Way::Device] {
        for mfa in [false, true] {
            let pages = town.live(way, mfa);
            assert!(pages.iter().any(|page| page == "Sign in"), "{pages:?}");
            assert!(pages.iter().any(|page| page == "Consent"), "{pages:?}");
        }
    }
}

#[test]
fn at_an_issuer_like_microsofts() {
    let town = Town::new(Persona::Microsoft);
    for way in [Way::Chromium, Way::Pasted, Way::Device] {
        for mfa in [false, true] {
            town.live(way, mfa);
        }
    }
}

#[test]
fn at_an_issuer_like_googles() {
    let town = Town::new(Persona::Google);
    for way in [Way::Chromium, Way::Pasted] {
        for mfa in [false, true] {
            town.live(way, mfa);
        }
    }
}

/// Signs in as `who` for the mailbox of `user`; must be refused with `code`, and nothing saved.
fn refused(town: &Town, user: &User, who: &User, says: Says, code: &str) {
    let person = Person::new(town.rig, who, With::PlainHttp, says);
    let words = town.words(user);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ran = town.home.chapar_with_browser(&person.browser(), &words);
    town.rig.issuer(town.persona).grants(who);
    assert_ne!(ran.code, Some(0), "{code}: {}", ran.text());
    assert!(ran.stderr.contains(code), "{code}: {} {}", ran.text(), ran.stderr);
    assert_eq!(town.home.status()["accounts"], json!([]), "nothing is saved");
}

#[test]
fn what_a_person_does_not_allow_is_not_taken() {
    for persona in Persona::ALL {
        let town = Town::new(persona);
        let user = town.rig.user();
        refused(&town, &user, &user, Says::No, "oauth.denied");
        if persona == Persona::Google {
            refused(&town, &user, &user, Says::Unticked, "oauth.missing_scope");
        }
        refused(&town, &user, &town.rig.user(), Says::Yes, "oauth.wrong_person");
        // and then all is well
        let account = town.connect(&user);
        town.home.wait_live(&account, SYNC_LIMIT);
        town.rig.issuer(persona).grants(&user);
    }
}

#[test]
fn a_client_registers_itself_where_the_issuer_lets_it() {
    let town = Town::new(Persona::Generic);
    let user = town.rig.user();
    let mut words = town.words(&user);
    let at = words.iter().position(|word| word == "--client-id").unwrap();
    words.drain(at..at + 2);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    town.in_browser(&user, With::PlainHttp, &words);
    town.rig.issuer(town.persona).grants(&user);
    town.home.wait_live(&town.account(&user), SYNC_LIMIT);
}

#[test]
fn a_revoked_grant_asks_the_person_and_a_new_sign_in_mends_it() {
    let town = Town::new(Persona::Generic);
    let issuer = town.rig.issuer(town.persona);
    issuer.set(&json!({"accessTtl": 10}));
    let user = town.rig.user();
    let account = town.connect(&user);
    town.home.wait_live(&account, SYNC_LIMIT);
    issuer.grants(&user);
    let refused_before = issuer.refusals().len();
    assert_eq!(issuer.revoke(&user), 1);
    assert!(!town.rig.dovecot.sessions(&user).is_empty(), "it is connected");
    wait_for(PUSH_LIMIT, "a renewal refused", || {
        let refused = issuer.refusals().split_off(refused_before);
        refused.iter().any(|one| one.contains("invalid_grant")).then_some(())
    });
    let told = town.home.wait_account(&account, TOLD_LIMIT, "the person told", |account| {
        account["state"] == "authExpired"
    });
    assert_eq!(told["health"][0]["code"], "oauth.expired", "{told}");
    // this server lets the session live on, so mail comes
    town.rig.dovecot.deliver(&user, "Subject: still\nMessage-ID: <still@gen.test>\n\nx\n");
    wait_for(PUSH_LIMIT, "mail on the session that stands", || {
        mirror::read(&town.home, &account).contains_key("still@gen.test").then_some(())
    });
    issuer.set(&json!({"accessTtl": 3600}));
    let person = Person::new(town.rig, &user, With::PlainHttp, Says::Yes);
    let ran = town.home.chapar_with_browser(&person.browser(), &["account", "reconnect", &account]);
    issuer.grants(&user);
    assert_eq!(ran.code, Some(0), "{} {}", ran.text(), ran.stderr);
    town.home.wait_live(&account, SYNC_LIMIT);
    town.rig.dovecot.deliver(&user, "Subject: again\nMessage-ID: <again@gen.test>\n\nx\n");
    wait_for(PUSH_LIMIT, "new mail again", || {
        mirror::read(&town.home, &account).contains_key("again@gen.test").then_some(())
    });
}
