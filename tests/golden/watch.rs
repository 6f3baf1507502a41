//! `watch`: what a person is told, and that nothing is missed.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use chapar_tests::rig::process::wait_for;
use serde_json::Value;

use super::stage::Stage;
use super::transcript::Transcript;

#[test]
fn watching_prints_each_event_at_once() {
    let stage = Stage::new();
    stage.connect();
    let mut watch = stage
        .command(&["watch", "--json", "--type", "email.received", "--count", "2"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let human = stage
        .command(&["watch", "--type", "email.received", "--count", "2"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // both have to be subscribed before the mail comes
    wait_for(Duration::from_secs(20), "two watchers", || {
        let (status, _) = stage.json(&["status"], "");
        (status["daemon"]["clients"].as_u64() >= Some(3)).then_some(())
    });
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    for subject in ["First", "Second"] {
        stage.deliver(1, &format!("From: Bo <bo@example.test>\nSubject: {subject}\n\nHi.\n"));
        // comes through the pipe while the watcher runs on: flushed
        let line = lines.next().unwrap().unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["type"], "email.received");
        assert_eq!(event["data"]["subject"], subject);
        assert!(event["cursor"].is_string() && event["at"].is_string(), "{event}");
        assert_eq!(event["accountId"], "a1");
    }
    assert!(lines.next().is_none());
    assert!(watch.wait().unwrap().success());
    let said = human.wait_with_output().unwrap();
    let mut told = Transcript::new(&stage, "watch");
    told.note(&["watch"], &String::from_utf8(said.stdout).unwrap(), 0);
    told.run(&["watch", "--type", "nope"], "");
    told.check();
}

/// A watch of received mail as NDJSON.
struct Watch(Child, Lines<BufReader<ChildStdout>>);

impl Watch {
    fn begin(stage: &Stage, more: &[&str]) -> Self {
        let words = [&["watch", "--json", "--type", "email.received"], more].concat();
        let mut child = stage.command(&words).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        wait_for(Duration::from_secs(20), "the watcher", || {
            let (status, _) = stage.json(&["status"], "");
            (status["daemon"]["clients"].as_u64() >= Some(2)).then_some(())
        });
        Self(child, lines)
    }

    fn subject(&mut self) -> String {
        let Some(line) = self.1.next() else { panic!("the watch ended: {:?}", self.0.wait()) };
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let subject = event["data"]["subject"].as_str();
        subject.unwrap_or_else(|| panic!("no received mail: {event}")).to_owned()
    }
}

impl Drop for Watch {
    /// A watch ends by itself only when it has seen enough.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_watch_outlives_the_daemon() {
    let stage = Stage::new();
    stage.connect();
    let mut watch = Watch::begin(&stage, &["--count", "4"]);
    let deliver = |subject: &str| {
        stage.deliver(1, &format!("From: Bo <bo@example.test>\nSubject: {subject}\n\nHi.\n"));
    };
    deliver("before");
    assert_eq!(watch.subject(), "before");
    // told to stop: the watch does not start it again by itself
    assert_eq!(stage.run(&["service", "stop"], "").code, Some(0));
    deliver("while it was stopped");
    let (status, code) = stage.json(&["status", "--no-start"], "");
    assert_eq!(code, 69, "{status}");
    stage.wait_live();
    assert_eq!(watch.subject(), "while it was stopped");
    // killed: the watch brings it back
    let pid = stage.pid();
    let killed = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(killed, rustix::process::Signal::KILL).unwrap();
    deliver("after it was killed");
    assert_eq!(watch.subject(), "after it was killed");
    assert_ne!(stage.pid(), pid);
    assert_eq!(stage.run(&["service", "restart"], "").code, Some(0));
    deliver("after a restart");
    assert_eq!(watch.subject(), "after a restart");
    assert!(watch.0.wait().unwrap().success());
}

#[test]
fn a_command_is_given_each_event() {
    let stage = Stage::new();
    stage.connect();
    let out = stage.path("events");
    let script = format!("cat >>{out}; printf '%s\\n' \"$0\" >>{out}");
    for words in [
        &["--count", "1", "--exec", "--", "sh", "-c", &script, "-x"][..],
        &["--exec", "sh", "--count", "1", "--", "-c", &script, "-x"],
    ] {
        let _ = fs::remove_file(&out);
        let words = [&["watch", "--type", "email.received"], words].concat();
        let mut child = stage.command(&words).stderr(Stdio::piped()).spawn().unwrap();
        let told = BufReader::new(child.stderr.take().unwrap()).lines().next().unwrap().unwrap();
        assert!(told.contains("ana: email.received. Each event is handed to: sh -c"), "{told}");
        stage.deliver(1, "From: Bo <bo@example.test>\nSubject: Handed\n\nHi.\n");
        assert!(child.wait().unwrap().success());
        let text = fs::read_to_string(&out).unwrap();
        assert!(text.contains("\"subject\":\"Handed\"") && text.ends_with("-x\n"), "{text}");
    }
    for words in
        [&["watch", "--exec"][..], &["watch", "--", "sh"], &["watch", "--exec", "sh", "-c"]]
    {
        assert_eq!(stage.run(words, "").code, Some(2), "{words:?}");
    }
}

/// A pause and a new name change the account; programs hear of it, people do not.
#[test]
fn what_is_for_programs_is_not_told_to_people() {
    let stage = Stage::new();
    stage.connect();
    let asked = stage.run(&["call", "event/get", "{\"limit\":1}"], "");
    let since = asked.text();
    let since: Value = serde_json::from_str(&since).unwrap();
    let since = since["cursor"].as_str().unwrap();
    for words in [&["account", "rename", "ana", "work"][..], &["account", "pause", "work"]] {
        assert_eq!(stage.run(words, "").code, Some(0));
    }
    assert_eq!(stage.run(&["send", "--to", "bo@example.test", "-m", "x"], "").code, Some(0));
    let watch = ["watch", "--since", since, "--count", "1"];
    let people = stage.run(&watch, "");
    assert!(people.text().contains("queued"), "{}", people.text());
    assert!(people.stderr.starts_with("Watching work: new mail, sending"), "{}", people.stderr);
    let named = stage.run(&[&watch[..], &["--type", "account.updated"]].concat(), "");
    assert!(named.text().contains("account.updated"), "{}", named.text());
    let programs =
        stage.run(&["call", "event/get", &format!("{{\"since\":\"{since}\"}}")], "").text();
    assert!(programs.contains("account.updated"), "{programs}");
}
