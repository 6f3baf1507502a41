//! `chapar doctor` on set-ups that are broken in one way each, on real servers, keyring, file system
//! and network: it names the cause at the step where it is and whose job it is; then what it prints
//! is done, the very command or the very act, and the mailbox works again.
//!
//! All in a network and mount namespace of the test's own: here a firewall drops, a disk fills up and
//! a name server falls silent without anybody else noticing.

mod certificates;
mod machine;
mod network;
mod servers;
mod signin;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chapar_conditions::Doctor;
use chapar_tests::rig::alone::{alone, name_server};
use chapar_tests::rig::dovecot::Dovecot;
use chapar_tests::rig::home::{Home, account_id};
use chapar_tests::rig::process::{Server, poll, wait_for};
use chapar_tests::rig::{Rig, User, node};
use serde_json::Value;

/// All set-ups, on a loaded machine.
const WHOLE: Duration = Duration::from_mins(9);
const USUAL: Duration = Duration::from_secs(30);
/// A token has to end, or a session to be refused, before there is something to find.
const SHOWS: Duration = Duration::from_secs(20);
/// Connected again after a remedy: a dial, a sync, and a pause that was under way.
const AGAIN: Duration = Duration::from_mins(2);
/// Set-ups that were broken, found, mended and worked again.
static MENDED: AtomicU32 = AtomicU32::new(0);

#[test]
fn broken_set_ups_are_named_and_what_is_printed_mends_them() {
    // what npm fetches is fetched out here; inside it is there already
    node::installed("oidc");
    let test = "broken_set_ups_are_named_and_what_is_printed_mends_them";
    if let Some(dir) = alone(module_path!(), test, &[], WHOLE) {
        inside(&dir);
    }
}

fn inside(dir: &Path) {
    let hosts = dir.join("hosts");
    fs::write(&hosts, "").unwrap();
    let names = name_server(dir, "127.0.0.1", &format!("addn-hosts={}\n", hosts.display()));
    let rig = Rig::shared();
    let dovecot = rig.another_dovecot("clinic");
    let only = std::env::var("CHAPAR_RIG_ONLY").unwrap_or_default();
    for (name, part) in [
        ("servers", servers::all as fn(&Clinic<'_>)),
        ("certificates", certificates::all),
        ("network", network::all),
        ("signin", signin::all),
        ("machine", machine::all),
    ] {
        if only.is_empty() || only == name {
            let (began, before) = (Instant::now(), MENDED.load(Ordering::SeqCst));
            // a home of its own: one daemon remembers only so many attempts to connect
            let home = Home::new();
            home.start();
            let hosts = hosts.display().to_string();
            let clinic = Clinic { rig, dovecot: &dovecot, home, hosts, names: &names };
            part(&clinic);
            clinic.home.stop();
            let mended = MENDED.load(Ordering::SeqCst) - before;
            println!("rig: doctor, {name}: {mended} set-ups in {:.1?}", began.elapsed());
        }
    }
    let mended = MENDED.load(Ordering::SeqCst);
    assert!(!only.is_empty() || mended >= 40, "{mended} set-ups");
}

/// The servers that are broken, and a home whose accounts suffer.
struct Clinic<'d> {
    rig: &'static Rig,
    /// Beside the rig's own, over the same mailboxes: this one may be broken.
    dovecot: &'d Dovecot,
    home: Home,
    /// The name server's records.
    hosts: String,
    /// The name server.
    names: &'d Server,
}

impl Clinic<'_> {
    /// Somebody whose mail comes from the server that may be broken.
    fn admit(&self) -> Patient<'_> {
        self.admit_at(&self.imaps(), &self.rig.smtps(), &[])
    }

    /// The provider takes this password from now on, at every server.
    fn set_password(&self, user: &User, password: &str) {
        self.rig.dovecot.set_password(user, Some(password));
        for dovecot in [&self.rig.dovecot, self.dovecot] {
            dovecot.wait_password(user, password);
        }
    }

    fn imaps(&self) -> String {
        format!("localhost:{}", self.dovecot.ports.imaps)
    }

    /// Somebody at these servers, live.
    fn admit_at(&self, imap: &str, smtp: &str, more: &[&str]) -> Patient<'_> {
        Patient::admit(self.rig, &self.home, imap, smtp, more)
    }
}

/// One account in a home, healthy when admitted.
struct Patient<'h> {
    home: &'h Home,
    user: User,
    account: String,
}

impl<'h> Patient<'h> {
    fn admit(rig: &Rig, home: &'h Home, imap: &str, smtp: &str, more: &[&str]) -> Self {
        let user = rig.user();
        let more = [&["--notify", "none"], more].concat();
        let answer = home.connect(rig, &user, imap, smtp, &more).ok();
        let account = account_id(&answer);
        home.wait_live(&account, AGAIN);
        Self { home, user, account }
    }

    /// What the doctor finds at one of this account's checks.
    #[track_caller]
    fn finds(&self, what: &str, code: &'static str, who: &str) -> Finding {
        Finding::of(self.home, &[&self.account], what, code, who)
    }

    /// Everything works again: connected, nothing to say for the doctor, and a mail that is sent
    /// comes back by push.
    #[track_caller]
    fn is_cured(&self, of: &Finding) {
        self.home.wait_live(&self.account, AGAIN);
        is_well(self.home, &[&self.account], of.code);
        let subject = format!("after {} {}", of.code, MENDED.load(Ordering::SeqCst));
        let mut words = vec!["send", "-a", &self.account, "--to", &self.user.address];
        words.extend(["--subject", &subject, "--text", "-", "--wait", "--no-input"]);
        self.home.json(&words, b"x\n").ok();
        wait_for(USUAL, &subject, || {
            let listed = self.home.json(&["mail", "list", "-a", &self.account], b"").ok();
            let mails = listed["emails"].as_array().unwrap();
            mails.iter().any(|mail| mail["subject"] == subject.as_str()).then_some(())
        });
        MENDED.fetch_add(1, Ordering::SeqCst);
    }
}

/// What the doctor says about one thing that is wrong.
struct Finding {
    home: std::path::PathBuf,
    code: &'static str,
    check: Value,
}

impl Finding {
    /// Waits until `chapar doctor WORDS` finds this at `what`, and looks at how it says so.
    #[track_caller]
    fn of(home: &Home, words: &[&str], what: &str, code: &'static str, who: &str) -> Self {
        let words = [&["doctor"], words].concat();
        let mut last = Value::Null;
        let found = poll(SHOWS, || {
            let answer = home.json(&words, b"");
            last = answer.json;
            let check = check(&last, what)?;
            (answer.code == 1 && check["code"] == code).then(|| check.clone())
        });
        let check = found.unwrap_or_else(|| panic!("no {code} at {what}: {last:#}"));
        assert_eq!(check["who"], who, "{code}");
        assert!(["error", "warning"].contains(&check["state"].as_str().unwrap()), "{check:#}");
        let place = chapar_conditions::find(code).unwrap().doctor();
        let Some(Doctor::Check(place)) = place else {
            panic!("{code} is not looked for: {place:?}")
        };
        // one code shows on both servers' lines and on every step of the way to them
        let alike = [["keyring", "signIn"], ["daemon", "socket"], ["disk", "daemon"]];
        let way = ["dns", "tcp", "tls", "greeting", "auth", "select", "smtp"];
        let same = place == what
            || alike.iter().any(|pair| pair.contains(&place) && pair.contains(&what))
            || (way.contains(&place) && way.contains(&what));
        assert!(same, "{code} is said to be found at {place}, and is at {what}");
        Self { home: home.dir().to_owned(), code, check }
    }

    /// Demands that the advice, or the page of help, asks for what a test is about to do.
    #[track_caller]
    fn asks(&self, home: &Home, for_what: &str) -> &Self {
        let advice = self.check["remedy"][0]["title"].as_str().unwrap();
        let page = home.chapar(&["help", self.code], b"").text();
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        let asks = format!("{advice} {page}").to_lowercase();
        assert!(
            asks.contains(&for_what.to_lowercase()),
            "{} does not ask for {for_what:?}: {asks}",
            self.code
        );
        self
    }

    /// What stands behind `chapar` in the remedy's command that begins so, its gaps filled.
    #[track_caller]
    fn command(&self, begins: &str, gaps: &[(&str, &str)]) -> Vec<String> {
        let remedy = self.check["remedy"].as_array().unwrap();
        let commands = remedy.iter().filter_map(|one| {
            let words = one["command"].as_array().or_else(|| one["template"].as_array())?;
            Some(words.iter().map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>())
        });
        let mut meant = commands.filter(|words| words.join(" ").starts_with(begins));
        let words = meant.next().unwrap_or_else(|| panic!("no {begins:?} in {remedy:#?}"));
        let mut gaps = gaps.iter();
        let fill = |word: String| {
            if word.chars().any(|c| !c.is_ascii_uppercase()) {
                return word;
            }
            let (name, value) = gaps.next().unwrap_or_else(|| panic!("nothing for {word}"));
            assert_eq!(*name, word, "in {begins}");
            (*value).to_owned()
        };
        let mut words = words.into_iter();
        assert_eq!(words.next().as_deref(), Some("chapar"), "{begins}");
        words.map(fill).collect()
    }

    /// Runs that command; a password comes on standard input.
    #[track_caller]
    fn follow(&self, home: &Home, begins: &str, gaps: &[(&str, &str)], password: Option<&str>) {
        let (code, said) = self.run(home, begins, gaps, password);
        assert_eq!(code, Some(0), "{begins}: {said}");
    }

    #[track_caller]
    fn run(
        &self,
        home: &Home,
        begins: &str,
        gaps: &[(&str, &str)],
        password: Option<&str>,
    ) -> (Option<i32>, String) {
        assert_eq!(home.dir(), self.home, "the home where it was found");
        let words = self.command(begins, gaps);
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.extend(password.map(|_| "--password-stdin"));
        let ran = home.chapar(&words, password.unwrap_or_default().as_bytes());
        (ran.code, format!("{words:?}: {}{}", ran.text(), ran.stderr))
    }

    /// After somebody else acted: the account is asked to go on. A session that the server had ended
    /// may be met first; that is tried again by itself, as it then says.
    #[track_caller]
    fn then_sync(&self, home: &Home) {
        let (code, said) = self.run(home, "chapar sync", &[], None);
        assert!([Some(0), Some(75)].contains(&code), "{said}");
    }
}

/// The check of that name.
fn check<'c>(found: &'c Value, what: &str) -> Option<&'c Value> {
    found["checks"].as_array()?.iter().find(|check| check["what"] == what)
}

/// The doctor has nothing to say.
#[track_caller]
fn is_well(home: &Home, words: &[&str], after: &str) {
    let words = [&["doctor"], words].concat();
    let mut last = Value::Null;
    let well = poll(USUAL, || {
        let answer = home.json(&words, b"");
        last = answer.json;
        (answer.code == 0).then_some(())
    });
    assert!(well.is_some(), "after {after}: {last:#}");
}

/// Runs a tool of the system and demands that it does its work.
#[track_caller]
fn tool(words: &[&str]) -> String {
    chapar_tests::rig::process::run_ok(Command::new(words[0]).args(&words[1..]), USUAL)
}
