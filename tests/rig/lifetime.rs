//! Access tokens that end while the mailbox lives: each is renewed once, whoever asks, no mail is
//! missed and nobody has to sign in, while the server ends every session whose token has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
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
        None => (10, Duration::from_secs(75)),
    }
}

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A server that ends every session when the token it was opened with ends, as Google's and
/// Microsoft's do.
struct Bouncer {
    stop: Arc<AtomicBool>,
    ended: Arc<AtomicU32>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Bouncer {
    fn start(user: User) -> Self {
        let (stop, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (stopping, count) = (Arc::clone(&stop), Arc::clone(&ended));
        let thread = thread::spawn(move || {
            let rig = Rig::shared();
            // session -> the newest token there was when it was first seen
            let mut opened_by = BTreeMap::<u32, Grant>::new();
            while !stopping.load(Ordering::Relaxed) {
                let sessions = rig.dovecot.sessions(&user);
                let newest = rig.issuer(Persona::Generic).grants(&user).pop().unwrap();
                opened_by.retain(|pid, _| sessions.contains(pid));
                for pid in sessions {
                    opened_by.entry(pid).or_insert_with(|| newest.clone());
                }
                for (pid, grant) in &opened_by {
                    if now_ms() >= grant.at_ms + 1000 * grant.ttl_s {
                        // Dovecot says BYE and closes
                        let pid = Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap();
                        if kill_process(pid, Signal::TERM).is_ok() {
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
                thread::sleep(LOOK);
            }
        });
        Self { stop, ended, thread: Some(thread) }
    }

    fn stop(&mut self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        self.ended.load(Ordering::Relaxed)
    }
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
fn ask_at_once(socket: &PathBuf, account: &str) -> BTreeSet<String> {
    let (socket, account) = (socket.clone(), account.to_owned());
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
    let account = town.connect(&user);
    town.home.wait_live(&account, SYNC_LIMIT);
    let socket = town.home.dir().join("run/chapar/v1.sock");
    let trouble = town.home.watch(&["--type", "account.*", "--type", "health.*"]);
    let mut stream = Stream::new(&town.home, user.clone());
    let mut bouncer = Bouncer::start(user.clone());

    let started = Instant::now();
    let pause = whole / DELIVERIES;
    let mut rounds = 0;
    for n in 0..DELIVERIES {
        stream.deliver(1);
        // three times in the life of a token
        if u64::from(n) * pause.as_secs() >= rounds * ttl / 3 {
            let tokens = ask_at_once(&socket, &account);
            assert!(tokens.len() <= 2, "one token, or two around a renewal: {}", tokens.len());
            rounds += 1;
        }
        let due = pause * (n + 1);
        thread::sleep(due.saturating_sub(started.elapsed()));
    }
    stream.settle("tokens that end", PUSH_LIMIT);
    let ended = bouncer.stop();
    let grants = issuer.grants(&user);
    issuer.set(&json!({"accessTtl": 3600}));

    assert_one_refresh_a_token(&grants);
    let refreshes = u64::try_from(grants.len()).unwrap() - 1;
    let least = started.elapsed().as_secs() / ttl;
    assert!(refreshes >= least.saturating_sub(1), "{refreshes} renewals, {least} lives");
    let ms = |grant: &Grant| grant.at_ms;
    println!(
        "rig: tokens of {ttl} s for {:.0?}: {refreshes} renewals, one a token; {rounds} times {AT_ONCE} \
         programs at once; {DELIVERIES} of {} mails announced once; {ended} sessions ended by the \
         server with their token; renewed after {:?} ms",
        started.elapsed(),
        stream.seen.len(),
        grants.windows(2).map(|pair| ms(&pair[1]) - ms(&pair[0])).collect::<Vec<_>>(),
    );
    let asked = trouble.next(Duration::from_millis(200), |event| {
        event.to_string().contains("oauth.expired") || event.to_string().contains("signIn")
    });
    assert!(asked.is_none(), "somebody was asked to sign in: {asked:?}");
    assert!(issuer.refusals().iter().all(|one| !one.contains("invalid_grant")));
    town.home.wait_live(&account, SYNC_LIMIT);
}
