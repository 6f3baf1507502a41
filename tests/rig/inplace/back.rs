//! A move that fails, is given up or is killed at whichever step: the old login is as it was and goes
//! on, nothing is saved, and no secret is left in the keyring.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use chapar_tests::rig::home::binary;
use chapar_tests::rig::keyring::Desktop;
use chapar_tests::rig::oidc::{Issuer, Persona};
use chapar_tests::rig::person::{Person, Says, With};
use chapar_tests::rig::process::{Ran, Server, wait_for};
use chapar_tests::rig::{Rig, User, maildir};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{House, ok};
use crate::SYNC_LIMIT;
use crate::signin::Town;

/// Mails in each of the two mailboxes that are not to be mixed up.
const MAILS: u64 = 20;
/// A step of an attempt is reached within a second or two.
const STEP_LIMIT: Duration = Duration::from_secs(30);
/// From the grant to the end of a move is a third of a second on an idle machine.
const LATER: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(60),
    Duration::from_millis(120),
    Duration::from_millis(240),
];
/// Where Dovecot asks about a token.
const INTROSPECTION: &str = "/token/introspection";

/// An account with a password, and what it must still be after everything.
struct Old {
    house: House,
    /// Somebody else, with a mailbox of their own.
    stranger: User,
    account: Value,
}

impl Old {
    fn new() -> Self {
        let mut desktop = Desktop::new();
        desktop.unlock();
        let town = Town::in_home(Persona::Generic, desktop.home());
        let (user, stranger) = (town.rig.user(), town.rig.user());
        for person in [&user, &stranger] {
            maildir::plant_folder(person, "INBOX", MAILS);
        }
        let house = House::with(user, town, desktop);
        let account = settings(&house);
        Self { house, stranger, account }
    }

    /// The old login stands, is the only one, and works.
    fn goes_on(&self, word: &str) {
        issuer().heal();
        self.house.works(word);
        self.house.assert_only_secret("/password");
        assert_eq!(settings(&self.house), self.account, "{word}: nothing is saved");
    }

    /// It was refused with this code, in words that name the account's address.
    fn refused(&self, ran: &Ran, code: &str) {
        assert_ne!(ran.code, Some(0), "{code}: {}", ran.text());
        assert!(ran.stderr.contains(code), "{code}: {} {}", ran.text(), ran.stderr);
        self.goes_on(code);
    }

    /// A move that is under way; the person's browser is this program.
    fn begin(&self, browser: &str) -> Server {
        let mut command = self.house.town.home.command(&binary("chapar"));
        command.args(self.house.words()).env("BROWSER", browser);
        let log = fs::File::create(self.house.town.home.dir().join("moving")).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Server::spawn("chapar", &mut command)
    }

    /// A browser that writes down its address and opens nothing; and where it writes.
    fn blind(&self) -> (String, PathBuf) {
        let dir = self.house.town.home.dir();
        let (program, address) = (dir.join("blind"), dir.join("address"));
        let script =
            format!("#!/bin/sh\necho \"$1\" >'{0}.new' && mv '{0}.new' '{0}'\n", address.display());
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let _none_yet = fs::remove_file(&address);
        (program.display().to_string(), address)
    }
}

fn issuer() -> Issuer<'static> {
    Rig::shared().issuer(Persona::Generic)
}

/// How the account is reached: what must not change.
fn settings(house: &House) -> Value {
    let mut account = house.town.home.account_status(&house.account);
    let moving = ["mails", "lastCheck", "lastNew", "push", "progress", "state"];
    account.as_object_mut().unwrap().retain(|name, _| !moving.contains(&name.as_str()));
    account
}

/// The port at which the person's browser would land.
fn landing(address: &str) -> u16 {
    let after = address.split_once("127.0.0.1%3A").expect("a redirect to loopback").1;
    after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

#[test]
fn refused_at_any_step_the_old_login_goes_on() {
    let old = Old::new();
    let (house, issuer) = (&old.house, issuer());

    old.refused(&house.reconnect(&house.user, Says::No), "oauth.denied");
    let ran = house.reconnect(&old.stranger, Says::Yes);
    for address in [&house.user.address, &old.stranger.address] {
        assert!(ran.stderr.contains(address.as_str()), "{}", ran.stderr);
    }
    old.refused(&ran, "oauth.wrong_person");

    let inactive = |skip: u32| json!({"path": INTROSPECTION, "skip": skip, "status": 200, "body": "{\"active\":false}"});
    let down = json!({"path": "/token", "times": 20, "status": 503, "body": "down"});
    for (fault, code) in
        [(down, "oauth.unavailable"), (inactive(0), "imap.auth"), (inactive(1), "smtp.auth")]
    {
        issuer.fault(&fault);
        old.refused(&house.reconnect(&house.user, Says::Yes), code);
    }

    let words = ["account", "reconnect", &house.account, "--password-stdin", "--user"];
    let words: Vec<&str> = words.into_iter().chain([old.stranger.address.as_str()]).collect();
    let ran = house.town.home.chapar(&words, old.stranger.password.as_bytes());
    assert!(ran.stderr.contains(&house.user.address), "refused by name: {}", ran.stderr);
    old.refused(&ran, "account.other_mailbox");
}

#[test]
fn given_up_by_the_person_the_old_login_goes_on() {
    let old = Old::new();
    let home = &old.house.town.home;
    let (browser, address) = old.blind();
    let mut moving = old.begin(&browser);
    let shown = wait_for(STEP_LIMIT, "the address", || fs::read_to_string(&address).ok());
    let lands = landing(&shown);
    TcpStream::connect(("127.0.0.1", lands)).expect("the page waits for the browser");
    moving.signal(Signal::INT);
    assert_ne!(moving.wait(STEP_LIMIT), Some(0));
    wait_for(STEP_LIMIT, "nothing waits for the browser any more", || {
        TcpStream::connect(("127.0.0.1", lands)).is_err().then_some(())
    });
    old.goes_on("Ctrl-C");

    // by another program, with the code at the issuer already
    let url = issuer().url();
    let wish = json!({
        "replaceAccountId": old.house.account,
        "oauth": {"issuer": url, "clientId": "rig-public"},
    });
    let begun = home.call("Account/connect", &wish);
    let held = issuer().held();
    issuer().fault(&json!({"path": "/token", "hold": true}));
    let person = Person::new(old.house.town.rig, &old.house.user, With::PlainHttp, Says::Elsewhere);
    let met = person.opens(begun["signIn"]["authorizeUrl"].as_str().unwrap());
    let id = begun["connectId"].clone();
    home.call("Account/connectAnswer", &json!({"connectId": id, "address": met["final"]}));
    wait_for(STEP_LIMIT, "the code with the issuer", || (issuer().held() > held).then_some(()));
    home.call("Account/connectCancel", &json!({"connectId": id}));
    let end = home.call("Account/connectStatus", &json!({"connectId": id, "waitMs": 10_000}));
    assert_eq!(end["state"], "canceled", "{end}");
    old.goes_on("a cancel");
}

/// Killed while the person is asked, while the issuer, the IMAP server and the submission server are.
#[test]
fn killed_at_any_step_the_old_login_goes_on() {
    let old = Old::new();
    let home = &old.house.town.home;
    let holds = [
        None,
        Some(json!({"path": "/token", "hold": true})),
        Some(json!({"path": INTROSPECTION, "hold": true})),
        Some(json!({"path": INTROSPECTION, "skip": 1, "hold": true})),
    ];
    for (step, hold) in holds.into_iter().enumerate() {
        let held = issuer().held();
        let (blind, address) = old.blind();
        let person = Person::new(old.house.town.rig, &old.house.user, With::PlainHttp, Says::Yes);
        let mut moving = match &hold {
            None => old.begin(&blind),
            Some(fault) => {
                issuer().fault(fault);
                old.begin(&person.browser())
            }
        };
        wait_for(STEP_LIMIT, "the step", || {
            match hold {
                None => address.exists(),
                Some(_) => issuer().held() > held,
            }
            .then_some(())
        });
        home.kill();
        assert_ne!(moving.wait(STEP_LIMIT), Some(0), "step {step}");
        issuer().grants(&old.house.user);
        home.start();
        old.goes_on(&format!("a kill at step {step}"));
    }
    // and then it can be done
    ok(&old.house.reconnect(&old.house.user, Says::Yes));
    home.wait_live(&old.house.account, SYNC_LIMIT);
    old.house.assert_only_secret("/grant");
}

/// Killed a little later each time after the issuer gave the grant: whichever login stands is the only
/// one, and works.
#[test]
fn killed_after_the_sign_in_one_login_stands() {
    let old = Old::new();
    let (house, issuer) = (&old.house, issuer());
    let person = Person::new(house.town.rig, &house.user, With::PlainHttp, Says::Yes);
    let mut stood = Vec::new();
    for later in LATER {
        let grants = issuer.grants(&house.user).len();
        let mut moving = old.begin(&person.browser());
        wait_for(STEP_LIMIT, "the grant", || {
            (issuer.grants(&house.user).len() > grants).then_some(())
        });
        thread::sleep(later);
        house.town.home.kill();
        moving.wait(STEP_LIMIT);
        house.town.home.start();
        house.works(&format!("a kill {later:?} after the grant"));
        let by_grant = house.auth() == "oauth2";
        let secret = house.only_secret();
        assert!(secret.contains(if by_grant { "/grant" } else { "/password" }), "{secret}");
        stood.push(if by_grant { "new" } else { "old" });
        if by_grant {
            ok(&house.reconnect_by_password(&house.user.password));
        }
    }
    println!("rig: killed up to {LATER:?} after the grant, then stood {stood:?}");
}
