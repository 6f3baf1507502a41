//! An account that moves to another login on real servers while mail comes and goes: it stays the same
//! account with the same mails, nothing is fetched again, lost or doubled.
//!
//! The witnesses are none of chapar's: Dovecot's record of what it served and by which mechanism,
//! Postfix's log, Python in the mailboxes, `dbus-send` in the keyring.

mod back;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use chapar_tests::rig::home::binary;
use chapar_tests::rig::keyring::Desktop;
use chapar_tests::rig::oidc::Persona;
use chapar_tests::rig::overheard::Overheard;
use chapar_tests::rig::person::{Person, Says, With};
use chapar_tests::rig::process::{Ran, wait_for};
use chapar_tests::rig::scratch::random_hex;
use chapar_tests::rig::watch::Watch;
use chapar_tests::rig::{User, fresh_password, maildir, mirror, python};
use serde_json::{Value, json};

use crate::SYNC_LIMIT;
use crate::send::{arrival, send};
use crate::signin::Town;
use crate::stream::{PUSH_LIMIT, Stream, deliver};

/// Mails in the mailbox, over ten folders.
const MAILS: u64 = 300;
/// Mails that wait in the outbox when the move begins.
const WAITING: usize = 20;
/// Of these, how many go before the person has signed in.
const BEFORE: usize = 5;
/// And how many come due while the new login is being proved.
const DURING: usize = 10;
/// Between two deliveries.
const PAUSE: Duration = Duration::from_millis(100);
/// A sign-in, two proofs and a new push session.
const MOVE_LIMIT: Duration = Duration::from_mins(1);

/// An account in a home whose secrets lie in a keyring.
struct House {
    // its daemon ends before the keyring does
    town: Town,
    desktop: Desktop,
    user: User,
    account: String,
}

/// What a move must leave alone.
#[derive(Debug, PartialEq)]
struct Kept {
    accounts: Vec<Value>,
    /// Path → id.
    mailboxes: BTreeMap<String, String>,
    /// Message-ID of each planted mail → its id and mailbox.
    emails: BTreeMap<String, (String, String)>,
}

impl House {
    /// The provider takes another password from now on.
    fn change_password(&mut self) {
        let changed = fresh_password();
        let dovecot = &self.town.rig.dovecot;
        dovecot.set_password(&self.user, Some(&changed));
        dovecot.wait_password(&self.user, &changed);
        self.user.password = changed;
    }

    /// The account signs in by password; its mailbox is mirrored and push stands.
    fn with(user: User, town: Town, desktop: Desktop) -> Self {
        let account = town.home.connect_ok(town.rig, &user);
        town.home.wait_live(&account, SYNC_LIMIT);
        Self { town, desktop, user, account }
    }

    fn kept(&self) -> Kept {
        let home = &self.town.home;
        let status = home.status();
        let accounts = status["accounts"].as_array().unwrap();
        let got = home.call("Mailbox/get", &json!({"accountId": self.account}));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mailboxes = got["list"].as_array().unwrap().iter();
        let planted = |id: &str| id.starts_with('m') && id.ends_with("@gen.test");
        let emails = mirror::read(home, &self.account).into_iter();
        Kept {
            accounts: accounts.iter().map(|account| account["id"].clone()).collect(),
            mailboxes: mailboxes.map(|one| (text(&one["path"]), text(&one["id"]))).collect(),
            emails: emails
                .filter(|(id, _)| planted(id))
                .map(|(id, one)| (id, (one.id, one.mailbox)))
                .collect(),
        }
    }

    fn auth(&self) -> String {
        self.town.home.account_status(&self.account)["auth"].as_str().unwrap().to_owned()
    }

    /// The words of a move to the issuer.
    fn words(&self) -> Vec<String> {
        let url = self.town.rig.issuer(Persona::Generic).url();
        let words = ["account", "reconnect", &self.account, "--issuer", &url];
        words.into_iter().chain(["--client-id", "rig-public"]).map(str::to_owned).collect()
    }

    /// `chapar account reconnect …` by somebody at a browser.
    fn reconnect(&self, who: &User, says: Says) -> Ran {
        let person = Person::new(self.town.rig, who, With::PlainHttp, says);
        let words = self.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ran = self.town.home.chapar_with_browser(&person.browser(), &words);
        self.town.rig.issuer(Persona::Generic).grants(who);
        ran
    }

    /// The same by a password.
    fn reconnect_by_password(&self, password: &str) -> Ran {
        let words = ["account", "reconnect", &self.account, "--password-stdin"];
        self.town.home.chapar(&words, password.as_bytes())
    }

    /// Mail is pushed once and sent once.
    fn works(&self, word: &str) {
        let home = &self.town.home;
        home.wait_live(&self.account, SYNC_LIMIT);
        let watch = home.watch(&["--type", "email.received", "--since", &home.first_cursor()]);
        let subject = format!("after {word} {}", random_hex(4));
        let message =
            format!("Subject: {subject}\nMessage-ID: <{}@gen.test>\n\nx\n", random_hex(8));
        self.town.rig.dovecot.deliver(&self.user, &message);
        let pushed = watch.next(PUSH_LIMIT, |event| event["data"]["subject"] == subject.as_str());
        assert!(pushed.is_some(), "{word}: no push; {}", home.account_status(&self.account));
        let to = self.town.rig.user();
        let args = ["--to", &to.address, "--subject", &subject, "--text", "-", "--wait"];
        send(home, &self.account, &args, "x\n");
        arrival(&to, "INBOX", &subject);
    }

    /// Where the only secret in the keyring lies.
    fn only_secret(&self) -> String {
        let labels: Vec<String> = self.desktop.labels().into_iter().collect();
        assert_eq!(labels.len(), 1, "{labels:?}");
        labels[0].clone()
    }

    fn assert_only_secret(&self, ends: &str) {
        let label = self.only_secret();
        assert!(label.ends_with(ends), "{label}, not {ends}");
    }

    /// By which mechanism each mail of this person came in, as Postfix says, in order.
    fn submissions(&self) -> Vec<String> {
        let log = self.town.rig.postfix.log();
        let mine = format!("sasl_username={}", self.user.address);
        let words = log.lines().filter(|line| line.contains(&mine)).filter_map(|line| {
            line.split_once("sasl_method=")?.1.split(',').next().map(str::to_owned)
        });
        words.collect()
    }

    /// Hands in mails that go out at their hours; all wait when this returns.
    fn schedule(&self, to: &User, from_now: impl Fn(usize) -> Duration) {
        let socket = self.town.home.dir().join("run/chapar/v1.sock");
        let mut line = BufReader::new(UnixStream::connect(socket).unwrap());
        let now = SystemTime::now();
        for n in 0..WAITING {
            let at = jiff::Timestamp::try_from(now + from_now(n)).unwrap();
            let letter = json!({
                "accountId": self.account, "to": [{"email": to.address}],
                "subject": format!("scheduled {n}"), "text": "x\n", "sendAt": at.to_string(),
            });
            let call = json!({"jsonrpc": "2.0", "id": n, "method": "Email/send", "params": letter});
            line.get_mut().write_all(format!("{call}\n").as_bytes()).unwrap();
            let mut answer = String::new();
            line.read_line(&mut answer).unwrap();
            assert!(answer.contains("submissionId"), "{answer}");
        }
        assert_eq!(self.town.home.status()["outbox"]["scheduled"], WAITING, "all wait");
    }
}

/// Mail that comes all the time.
struct Deliveries {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<u32>,
}

impl Deliveries {
    fn start(user: &User) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopping, user) = (Arc::clone(&stop), user.clone());
        let thread = thread::spawn(move || {
            let mut count = 0;
            while !stopping.load(Ordering::Relaxed) {
                deliver(&user, count);
                count += 1;
                thread::sleep(PAUSE);
            }
            count
        });
        Self { stop, thread }
    }

    /// How many there were.
    fn stop(self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn ok(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{} {}", ran.text(), ran.stderr);
}

/// The subjects of a mailbox and how often each is there, as Python reads them.
fn subjects(house: &House, user: &User, mailbox: &str) -> BTreeMap<String, u32> {
    let mut subjects = BTreeMap::new();
    for fact in python::mailbox_facts(house.town.rig, user, mailbox) {
        *subjects.entry(fact["subject"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    subjects
}

/// The move itself: begun while everything waits, signed in once the first mails went by the old
/// login. Returns when the account receives on the new one.
fn move_while_mail_goes(house: &House) {
    let mut command = house.town.home.command(&binary("chapar"));
    command.args(house.words()).arg("--json");
    let said = Watch::start(&mut command);
    let asked = said.next(MOVE_LIMIT, |one| one.get("signIn").is_some());
    let asked = asked.expect("the person is asked");
    wait_for(MOVE_LIMIT, "mails sent by the old login", || {
        (house.submissions().len() >= BEFORE).then_some(())
    });
    let person = Person::new(house.town.rig, &house.user, With::PlainHttp, Says::Yes);
    person.opens(asked["signIn"]["authorizeUrl"].as_str().unwrap());
    let done = said.next(MOVE_LIMIT, |one| one.get("account").or(one.get("error")).is_some());
    let done = done.expect("an end");
    house.town.rig.issuer(Persona::Generic).grants(&house.user);
    let steps = done["steps"].as_array().unwrap_or_else(|| panic!("no steps: {done}")).iter();
    let steps: Vec<&Value> = steps.map(|step| &step["what"]).collect();
    let all = ["signedIn", "imap", "smtp", "sameMailbox", "saved", "switched", "forgotten"];
    assert_eq!(steps, all, "{done}");
}

/// From a password to OAuth with mail coming all the time and twenty mails in the outbox.
fn to_oauth(house: &House, other: &User, overheard: &Overheard) {
    let (before, served) = (house.kept(), overheard.served());
    assert_eq!((before.emails.len() as u64, served.len() as u64), (MAILS, 2 * MAILS));
    let mut stream = Stream::new(&house.town.home, house.user.clone());
    house.schedule(other, |n| match n {
        0..BEFORE => Duration::from_secs(5),
        n if n < BEFORE + DURING => Duration::from_millis(5_600 + 200 * (n - BEFORE) as u64),
        _ => Duration::from_secs(20),
    });
    let deliveries = Deliveries::start(&house.user);
    let started = Instant::now();
    move_while_mail_goes(house);
    let took = started.elapsed();
    let dovecot = &house.town.rig.dovecot;
    let (logins, submissions) = (dovecot.logins(&house.user), house.submissions());
    house.assert_only_secret("/grant");
    wait_for(SYNC_LIMIT, "everything sent", || {
        let outbox = &house.town.home.status()["outbox"];
        let open = ["scheduled", "waiting", "sending", "unknown", "failed"];
        open.iter().all(|state| outbox[state] == 0).then_some(())
    });
    stream.delivered = deliveries.stop();
    stream.settle("a move", PUSH_LIMIT);
    let sent = house.submissions();
    assert_eq!(sent.len(), WAITING, "{sent:?}");
    // and after a start it is the new login again
    house.town.home.stop();
    house.town.home.start();
    house.works("the move");

    assert_eq!(house.kept(), before, "the same account, mailboxes and mails");
    assert_eq!(overheard.served(), served, "nothing was served again");
    assert_eq!(logins[0], "PLAIN");
    let after = dovecot.logins(&house.user).split_off(logins.len());
    assert!(!after.is_empty() && after.iter().all(|one| one == "OAUTHBEARER"), "{after:?}");
    let after = house.submissions().split_off(submissions.len());
    // the delivery under way at the swap, never more than one, ends by the login it began with
    let by_new = after.strip_prefix(&["PLAIN".to_owned()]).unwrap_or(&after);
    assert!(!by_new.is_empty() && by_new.iter().all(|one| one == "OAUTHBEARER"), "{after:?}");
    println!(
        "rig: moved in {took:.1?}, {} mails sent by the old login and {} by the new one; {} pushed, each \
         once; of {MAILS} mails none was served again",
        sent.iter().filter(|one| *one == "PLAIN").count(),
        sent.iter().filter(|one| *one == "OAUTHBEARER").count(),
        stream.delivered,
    );
}

#[test]
fn every_move_keeps_what_there_is() {
    let mut desktop = Desktop::new();
    desktop.unlock();
    let town = Town::in_home(Persona::Generic, desktop.home());
    let (user, other) = (town.rig.user(), town.rig.user());
    maildir::plant_tree(&user, MAILS);
    let overheard = Overheard::begin(&user);
    let mut house = House::with(user, town, desktop);
    house.assert_only_secret("/password");
    to_oauth(&house, &other, &overheard);
    let (kept, served) = (house.kept(), overheard.served());
    let same = |house: &House, word: &str, auth: &str, secret: &str| {
        house.works(word);
        assert_eq!(house.auth(), auth, "{word}");
        house.assert_only_secret(secret);
        assert_eq!(house.kept(), kept, "{word}");
        assert_eq!(overheard.served(), served, "{word}: served again");
    };

    ok(&house.reconnect(&house.user, Says::Yes));
    same(&house, "another sign-in", "oauth2", "/grant");
    ok(&house.reconnect_by_password(&house.user.password));
    same(&house, "a password", "password", "/password/3");
    house.change_password();
    ok(&house.reconnect_by_password(&house.user.password));
    house.town.home.stop();
    house.town.home.start();
    same(&house, "a changed password", "password", "/password/4");

    let scheduled = (0..WAITING).map(|n| (format!("scheduled {n}"), 1));
    let scheduled: BTreeMap<String, u32> = scheduled.collect();
    assert_eq!(subjects(&house, &other, "INBOX"), scheduled, "each sent once");
    let mut copies = subjects(&house, &house.user, "Sent");
    copies.retain(|subject, _| subject.starts_with("scheduled"));
    assert_eq!(copies, scheduled, "each filed once");
    let mut pushed = subjects(&house, &house.user, "INBOX");
    pushed.retain(|subject, _| subject.starts_with("push "));
    assert!(!pushed.is_empty());
    assert!(pushed.values().all(|count| *count == 1), "{pushed:?}");
}
