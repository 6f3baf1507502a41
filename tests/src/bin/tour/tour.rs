//! The steps of the tour. Each one checks what it claims.

use crate::signin;
use crate::stage::{PASSWORD, Stage, text};
use chapar_tests::sandbox::ca::CertificateKind;
use chapar_tests::sandbox::faults::{Fault, Service};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

/// Nothing on the tour may take longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Plays every step; the first that does not hold ends the tour.
pub(crate) fn play(stage: &Stage) -> Result<(), String> {
    refuse(stage)?;
    connect(stage)?;
    sync(stage)?;
    kill(stage)?;
    // its tokens grow old while the tour goes on, so that nobody waits for the end of one
    signin::connect(stage)?;
    push(stage)?;
    find(stage)?;
    send(stage)?;
    signin::move_in_place(stage)?;
    signin::take_back(stage)?;
    signin::renew(stage)?;
    stage.show(&["status"], "")?;
    println!();
    stage.say("done", "everything above used the real daemon over its socket");
    Ok(())
}

fn servers(stage: &Stage) -> [String; 2] {
    [format!("localhost:{}", stage.ports.imaps), format!("localhost:{}", stage.ports.smtps)]
}

fn connect_args<'a>(address: &'a str, servers: &'a [String; 2], ca: &'a str) -> Vec<&'a str> {
    let [imap, smtp] = servers;
    let mut args = vec!["connect", address, "--imap", imap, "--imap-security", "tls"];
    args.extend(["--smtp", smtp, "--smtp-security", "tls", "--ca-file", ca, "--password-stdin"]);
    args
}

/// A server with a certificate that nobody vouches for is refused before a password is sent.
fn refuse(stage: &Stage) -> Result<(), String> {
    stage.provider.faults.always(Service::Imap, Fault::Certificate(CertificateKind::SelfSigned));
    let (servers, ca) = (servers(stage), stage.path("ca.pem"));
    let args = connect_args("ana@work.demo", &servers, ca.to_str().unwrap_or_default());
    let output = stage.show(&args, PASSWORD)?;
    stage.provider.faults.clear();
    hold(output.code() == Some(77), "a self-signed certificate must be refused with exit 77")?;
    hold(stage.provider.ledger.credentials().is_empty(), "no password may have been sent")?;
    hold(accounts(stage)?.is_empty(), "nothing may have been saved")?;
    stage.say("refuse", "self-signed certificate refused, no password sent, nothing saved ✓");
    Ok(())
}

fn connect(stage: &Stage) -> Result<(), String> {
    let (servers, ca) = (servers(stage), stage.path("ca.pem"));
    let args = connect_args("ana@work.demo", &servers, ca.to_str().unwrap_or_default());
    let output = stage.show(&args, PASSWORD)?;
    hold(output.success(), "connecting must succeed")?;
    hold(stage.provider.ledger.leaks().is_empty(), "no password outside verified TLS")?;
    stage.say("connect", "both protocols proved, password in the vault ✓");
    Ok(())
}

fn sync(stage: &Stage) -> Result<(), String> {
    let output = stage.show(&["sync", "ana", "--wait"], "")?;
    hold(output.success(), "the first sync must end")?;
    wait(stage, "the first sync to end", |account| {
        account["state"] == "live" && account["mails"] == 1_500
    })?;
    stage.show(&["mail", "list", "--limit", "5"], "")?;
    stage.say("sync", "newest 1,500 of 3,000 mails in 12 folders ✓");
    Ok(())
}

fn push(stage: &Stage) -> Result<(), String> {
    let mut watch = stage.begin(&["watch", "--json", "--type", "email.received"])?;
    let mail = b"From: Bo Berg <bo@work.demo>\r\nTo: ana@work.demo\r\nSubject: Lunch?\r\n\
        Message-ID: <lunch-1@work.demo>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\r\nAt noon.\r\n";
    // The watcher prints only what comes after it subscribed.
    std::thread::park_timeout(Duration::from_millis(300));
    let now = jiff::Timestamp::now().as_second();
    stage.provider.store.deliver("ana@work.demo", "INBOX", mail, now);
    let event = next_line(&mut watch)?;
    println!("{event}");
    hold(event.contains("Lunch?"), "the event must be of the mail just delivered")?;
    stage.say("push", "a mail delivered at the server became an event here ✓");
    Ok(())
}

/// A mail is found by a word of its attachment's name, and the attachment comes out as it went in.
fn find(stage: &Stage) -> Result<(), String> {
    let mail = b"From: Bo Berg <bo@work.demo>\r\nTo: ana@work.demo\r\nSubject: Our figures\r\n\
        Message-ID: <figures-1@work.demo>\r\nDate: Sun, 22 Nov 2026 12:05:00 +0000\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nAttached.\r\n\
        --b\r\nContent-Type: text/csv; name=turnover.csv\r\n\
        Content-Disposition: attachment; filename=turnover.csv\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nMjAyNiw0Mgo=\r\n--b--\r\n";
    let now = jiff::Timestamp::now().as_second();
    stage.provider.store.deliver("ana@work.demo", "INBOX", mail, now);
    let search = ["mail", "search", "turnover"];
    let mut found = Value::Null;
    until(stage, "the mail with the attachment", |_| {
        found = stage.ask(&[&search[..], &["--json"]].concat())?;
        Ok(found["emails"][0]["id"].is_string())
    })?;
    stage.show(&search, "")?;
    let id = found["emails"][0]["id"].as_str().unwrap_or_default();
    let home = stage.path("");
    let saved = stage.show(&["mail", "save", id, "-d", home.to_str().unwrap_or_default()], "")?;
    hold(saved.success(), "the attachment must be saved")?;
    let bytes = std::fs::read(stage.path("turnover.csv")).unwrap_or_default();
    hold(bytes == b"2026,42\n", "the file must hold what was attached")?;
    stage.say("search", "found by its attachment's name, the attachment saved unchanged ✓");
    Ok(())
}

fn send(stage: &Stage) -> Result<(), String> {
    let mut watch = stage.begin(&["watch", "--json", "--type", "email.replied"])?;
    std::thread::park_timeout(Duration::from_millis(300));
    let args = [
        "send",
        "--account",
        "ana",
        "--to",
        "answer@work.demo",
        "--subject",
        "Grüße aus Brünn",
        "--text",
        "-",
        "--wait",
    ];
    let output = stage.show(&args, "Does this reach you?\n")?;
    hold(output.success(), "the mail must be accepted")?;
    let sent = stage.provider.ledger.deliveries();
    hold(sent.len() == 1, "the server must have seen it exactly once")?;
    let event = next_line(&mut watch)?;
    println!("{event}");
    stage.say("send", "accepted once, answered, and the answer known as one ✓");
    Ok(())
}

/// kill -9 in the middle of a first sync, then everything is there once.
fn kill(stage: &Stage) -> Result<(), String> {
    let (servers, ca) = (servers(stage), stage.path("ca.pem"));
    let args = connect_args("kim@work.demo", &servers, ca.to_str().unwrap_or_default());
    hold(stage.show(&args, PASSWORD)?.success(), "connecting must succeed")?;
    let status = stage.ask(&["status", "--json"])?;
    let pid = status["daemon"]["pid"].as_u64().unwrap_or_default();
    println!("\n$ kill -9 {pid}");
    hold(kill_process(pid), "the daemon must be there to be killed")?;
    stage.show(&["sync", "kim", "--wait"], "")?;
    wait(stage, "the resumed sync to end", |account| {
        account["name"] != "kim" || account["state"] == "live" && account["mails"] == 1_500
    })?;
    stage.say("kill -9", "the daemon came back and the sync went on where it was ✓");
    Ok(())
}

fn kill_process(pid: u64) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok())
}

/// The accounts as `chapar status` shows them.
pub(crate) fn accounts(stage: &Stage) -> Result<Vec<Value>, String> {
    let status = stage.ask(&["status", "--json"])?;
    Ok(status["accounts"].as_array().cloned().unwrap_or_default())
}

/// Waits until every account `holds`.
pub(crate) fn wait(
    stage: &Stage,
    what: &str,
    holds: impl Fn(&Value) -> bool,
) -> Result<(), String> {
    until(stage, what, |accounts| Ok(accounts.iter().all(&holds)))
}

/// Waits until it is so.
pub(crate) fn until(
    stage: &Stage,
    what: &str,
    mut holds: impl FnMut(&[Value]) -> Result<bool, String>,
) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        let accounts = accounts(stage)?;
        if holds(&accounts)? {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("waited {PATIENCE:?} in vain for {what}: {accounts:?}"));
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// The next line that a watcher prints; the watcher is ended afterwards.
fn next_line(watch: &mut Child) -> Result<String, String> {
    let out = watch.stdout.take().ok_or("the watcher has no output")?;
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(out).read_line(&mut line);
        let _ = tell.send(line);
    });
    let line = told.recv_timeout(PATIENCE);
    let _ = watch.kill();
    let _ = watch.wait();
    match line {
        Ok(line) if !line.is_empty() => Ok(line.trim_end().to_owned()),
        _ => Err(format!("no event within {PATIENCE:?}: {}", errors(watch))),
    }
}

fn errors(watch: &mut Child) -> String {
    let mut said = vec![];
    if let Some(mut err) = watch.stderr.take() {
        let _ = std::io::Read::read_to_end(&mut err, &mut said);
    }
    text(&said)
}

/// Ends the tour when a claim does not hold.
pub(crate) fn hold(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{what}, but that did not hold")) }
}
