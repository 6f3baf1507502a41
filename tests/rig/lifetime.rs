//! Access tokens that end while the mailbox lives: each is renewed once, whoever asks, no mail is
//! missed and nobody has to sign in, while the server ends every session whose token has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chapar_tests::rig::oidc::{Grant, Persona};
use chapar_tests::rig::{Rig, User};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::SYNC_LIMIT;
use crate::signin::Town;
use crate::stream::{PUSH_LIMIT, Stream};

/// Programs that want the token at the same moment.
const AT_ONCE: usize = 100;
/// Mails while it lasts.
const DELIVERIES: u32 = 100;
/// An answer may wait for the issuer, and for ninety-nine others on a loaded machine.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// How often the server looks whose token has ended.
const LOOK: Duration = Duration::from_millis(250);

/// Lifetime of a token and of the test.
fn lifetimes() -> (u64, Duration) {
    match std::env::var_os("CHAPAR_RIG_LONG") {
        Some(_) => (30, Duration::from_mins(10)),
        None => (10, Duration::from_mins(1)),
    }
}

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A server that ends every session when the token it was opened with ends, as Google's and
/// Microsoft's do; and, at the end of every second token, all sessions of that person.
struct Bouncer {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<Bounced>,
}

/// What it met and did.
#[derive(Default)]
struct Bounced {
    /// Session -> the newest token there was when it was first seen.
    seen: BTreeMap<u32, Grant>,
    /// Sessions that outlived their token, and were ended.
    outlived: BTreeSet<u32>,
    /// Sessions that were ended with all others.
    swept: BTreeSet<u32>,
}

impl Bouncer {
    fn start(user: User) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut bounced = Bounced::default();
            let mut over = 0;
            while !stopping.load(Ordering::Relaxed) {
                over = bounced.look(&user, over);
                thread::sleep(LOOK);
            }
            bounced
        });
        Self { stop, thread }
    }

    fn stop(self) -> Bounced {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

impl Bounced {
    /// One look; how many tokens are over.
    fn look(&mut self, user: &User, over_before: usize) -> usize {
        let rig = Rig::shared();
        let standing = rig.dovecot.sessions(user);
        let grants = rig.issuer(Persona::Generic).grants(user);
        let is_over = |grant: &Grant| now_ms() >= grant.at_ms + 1000 * grant.ttl_s;
        for pid in &standing {
            self.seen.entry(*pid).or_insert_with(|| grants.last().unwrap().clone());
        }
        let over = grants.iter().filter(|grant| is_over(grant)).count();
        for pid in standing {
            if is_over(&self.seen[&pid]) {
                end(pid);
                self.outlived.insert(pid);
            } else if over > over_before && over.is_multiple_of(2) {
                end(pid);
                self.swept.insert(pid);
            }
        }
        over
    }
}

/// Dovecot says BYE and closes.
fn end(session: u32) {
    let pid = Pid::from_raw(i32::try_from(session).unwrap()).unwrap();
    let _gone_already = kill_process(pid, Signal::TERM);
}

/// One program that asks for the token over the socket.
fn ask(socket: &Path, account: &str) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(ANSWER_LIMIT)).unwrap();
    let params = json!({"accountId": account, "minValidS": 1});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "Account/token", "params": params});
    stream.write_all((call.to_string() + "\n").as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    let answer: Value = serde_json::from_str(&line).unwrap();
    let token = answer["result"]["accessToken"].as_str();
    token.unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

/// A hundred programs at the same moment: the tokens they got.
fn ask_at_once(socket: &Path, account: &str) -> BTreeSet<String> {
    let (socket, account) = (socket.to_owned(), account.to_owned());
    let asking: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (socket, account) = (socket.clone(), account.clone());
            thread::spawn(move || ask(&socket, &account))
        })
        .collect();
    asking.into_iter().map(|one| one.join().unwrap()).collect()
}

/// Each token was renewed once, before its end and not long before.
fn assert_one_refresh_a_token(grants: &[Grant]) {
    for pair in grants.windows(2) {
        let (old, new) = (&pair[0], &pair[1]);
        assert_eq!(new.kind, "refresh_token", "nobody signed in again: {new:?}");
        let lived = new.at_ms - old.at_ms;
        let life = 1000 * old.ttl_s;
        assert!(lived >= life / 2, "renewed {lived} ms after it was given: {grants:?}");
        assert!(lived < life, "it had ended for {} ms: {grants:?}", lived - life);
        assert_ne!(old.secrets[1], new.secrets[1], "the refresh token rotates");
    }
}

#[test]
fn tokens_end_and_nothing_else_does() {
    let (ttl, whole) = lifetimes();
    let town = Town::new(Persona::Generic);
    let issuer = town.rig.issuer(Persona::Generic);
    issuer.set(&json!({"accessTtl": ttl, "rotate": true}));
    let user = town.rig.user();
    let refused_before = issuer.refusals().len();
    let account = town.connect(&user);
    town.home.wait_live(&account, SYNC_LIMIT);
    let socket = town.home.dir().join("run/chapar/v1.sock");
    let trouble = town.home.watch(&["--type", "account.*", "--type", "health.*"]);
    let mut stream = Stream::new(&town.home, user.clone());
    let server = Bouncer::start(user.clone());

    let started = Instant::now();
    let pause = whole / DELIVERIES;
    let mut rounds = 0_u32;
    for n in 0..DELIVERIES {
        stream.deliver(1);
        // three times in the life of a token
        if started.elapsed() >= Duration::from_secs(ttl) * rounds / 3 {
            let tokens = ask_at_once(&socket, &account);
            assert!(tokens.len() <= 2, "one token, or two around a renewal: {}", tokens.len());
            rounds += 1;
        }
        let due = pause * (n + 1);
        thread::sleep(due.saturating_sub(started.elapsed()));
    }
    stream.settle("tokens that end", PUSH_LIMIT);
    let bounced = server.stop();
    let grants = issuer.grants(&user);
    issuer.set(&json!({"accessTtl": 3600}));

    assert_one_refresh_a_token(&grants);
    assert!(!bounced.swept.is_empty(), "the server ended no session");
    let refreshes = u64::try_from(grants.len()).unwrap() - 1;
    let least = started.elapsed().as_secs() / ttl;
    assert!(refreshes >= least.saturating_sub(1), "{refreshes} renewals, {least} lives");
    let ms = |grant: &Grant| grant.at_ms;
    println!(
        "rig: tokens of {ttl} s for {:.0?}: {refreshes} renewals, one a token; {rounds} times {AT_ONCE} \
         programs at once; {} of {DELIVERIES} mails announced, each once; of {} sessions {} outlived \
         their token, {} were ended by the server all the same; renewed after {:?} ms",
        started.elapsed(),
        stream.seen.len(),
        bounced.seen.len(),
        bounced.outlived.len(),
        bounced.swept.len(),
        grants.windows(2).map(|pair| ms(&pair[1]) - ms(&pair[0])).collect::<Vec<_>>(),
    );
    let asked = trouble.next(Duration::from_millis(200), |event| {
        event.to_string().contains("oauth.expired") || event.to_string().contains("signIn")
    });
    assert!(asked.is_none(), "somebody was asked to sign in: {asked:?}");
    let refused = issuer.refusals().split_off(refused_before);
    assert!(refused.iter().all(|one| !one.contains("invalid_grant")), "{refused:?}");
    town.home.wait_live(&account, SYNC_LIMIT);
}
