//! `send` and `outbox`: what becomes of a mail, recipient by recipient.

use chapar_tests::rig::process::wait_for;
use chapar_tests::sandbox::faults::{Fault, Service};
use serde_json::Value;
use std::time::Duration;

use super::stage::{ANA, Stage};
use super::transcript::Transcript;

#[test]
fn sending() {
    let stage = Stage::new();
    stage.deliver(0, "From: Bo <bo@example.test>\nSubject: Quote\nMessage-ID: <1@x>\n\nHi.\n");
    stage.connect();
    let html = stage.file("offer.html", "<p>Guten <b>Tag</b></p>");
    let file = stage.file("grün.txt", "data");
    let mut told = Transcript::new(&stage, "send");
    told.squeezed();
    let bo = ["send", "--to", "Bö Berg <bo@example.test>"];
    let ask = |more: &[&'static str]| -> Vec<&str> { [&bo[..], more].concat() };
    let words = ask(&["--subject", "Grüße aus Brünn", "--text", "-", "--wait"]);
    let words = [&words[..], &["--html", &html, "--attach", &file]].concat();
    assert_eq!(told.run(&words, "Schöne Grüße\n"), 0);
    assert_eq!(told.run(&["send", "--reply-to", "M1", "-m", "Thanks", "--wait"], ""), 0);
    assert_eq!(told.run(&ask(&["-s", "Later", "-m", "x", "--at", "+2h"]), ""), 0);
    assert_eq!(told.run(&ask(&["-m", "x", "--dry-run"]), ""), 0);
    let refused = Fault::Reply { command: "RCPT".into(), text: "550 5.1.1 No such user".into() };
    stage.provider.faults.add(Service::Smtp, refused, 1);
    assert_eq!(told.run(&ask(&["-s", "Refused", "-m", "x", "--wait"]), ""), 65);
    for words in [
        &["outbox", "list"][..],
        &["outbox", "list", "--open"],
        &["outbox", "show", "S3"],
        &["outbox", "cancel", "S3", "--dry-run"],
        &["outbox", "cancel", "S3"],
        &["outbox", "cancel", "S3"],
        &["outbox", "retry", "S1"],
        &["outbox", "resolve", "S1", "--sent"],
        &["outbox", "show", "S99"],
        &["outbox", "list"],
    ] {
        told.run(words, "");
    }
    told.check();
    let sent = stage.provider.ledger.deliveries();
    assert_eq!(sent.len(), 2, "two were accepted, each once");
    let text = String::from_utf8_lossy(&sent[0].bytes).into_owned();
    assert!(text.contains("multipart/") && text.contains("gr%C3%BCn.txt"), "{text}");
    assert!(String::from_utf8_lossy(&sent[1].bytes).contains("In-Reply-To: <1@x>"));
}

/// It lies in the INBOX too, and was sent all the same.
#[test]
fn what_is_sent_to_oneself_is_sent() {
    let stage = Stage::new();
    stage.connect();
    let (before, _) = stage.json(&["call", "event/get", "{}"], "");
    let ran = stage.run(&["send", "--to", ANA, "-m", "- a note", "-s", "-x", "--wait"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let sent = wait_for(Duration::from_mins(1), "the copy in Sent told", || {
        stage.run(&["sync", "--wait"], "");
        let asked =
            serde_json::json!({"since": before["result"]["cursor"], "types": ["email.sent"]});
        let (told, _) = stage.json(&["call", "event/get", &asked.to_string()], "");
        told["result"]["events"][0]["data"]["emailId"].as_str().map(str::to_owned)
    });
    let (of, _) = stage.json(&["call", "EmailSubmission/get", "{}"], "");
    assert_eq!(of["result"]["list"][0]["emailId"], sent.as_str(), "{of}");
    let (mail, _) = stage.json(&["call", "Email/get", &format!(r#"{{"ids":["{sent}"]}}"#)], "");
    let (boxes, _) = stage.json(&["call", "Mailbox/get", "{}"], "");
    let role = |id: &str| {
        let boxes = boxes["result"]["list"].as_array().unwrap();
        boxes.iter().find(|it| it["id"] == id).unwrap()["role"].clone()
    };
    let lies = mail["result"]["list"][0]["mailboxIds"].as_object().unwrap();
    assert_eq!(lies.keys().map(|id| role(id)).collect::<Vec<_>>(), ["sent"]);
}

#[test]
fn the_json_of_send_tells_each_recipient() {
    let stage = Stage::new();
    stage.connect();
    let once = |command: &str, text: &str| {
        let fault = Fault::Reply { command: command.into(), text: text.into() };
        stage.provider.faults.add(Service::Smtp, fault, 1);
    };
    once("RCPT", "550 5.1.1 No such user");
    let two = ["send", "--to", "no@example.test", "--to", "bo@example.test", "-m", "x", "--wait"];
    let (sent, code) = stage.json(&two, "");
    assert_eq!((code, sent["schema"].as_str()), (65, Some("chapar/send/1")), "{sent}");
    let of = |address: &str| sent["submission"]["deliveryStatus"][address].clone();
    assert_eq!(of("no@example.test")["delivered"], "no", "{sent}");
    assert!(of("no@example.test")["smtpReply"].as_str().unwrap().starts_with("550"));
    assert_eq!(of("bo@example.test")["delivered"], "yes", "{sent}");
    let hangup = Fault::Hangup { command: "DOT".into(), done: false };
    stage.provider.faults.add(Service::Smtp, hangup, 1);
    let (lost, code) = stage.json(&["send", "--to", "bo@example.test", "-m", "y", "--wait"], "");
    assert_eq!(code, 75, "{lost}");
    assert_eq!(lost["submission"]["phase"], "unknown", "{lost}");
    let status = &lost["submission"]["deliveryStatus"]["bo@example.test"];
    assert_eq!(status["delivered"], "unknown", "{lost}");
    let (list, code) = stage.json(&["outbox", "list"], "");
    assert_eq!((code, list["schema"].as_str()), (0, Some("chapar/outbox.list/1")));
    let submissions: &Vec<Value> = list["submissions"].as_array().unwrap();
    assert_eq!((submissions.len(), &list["total"]), (2, &Value::from(2)));
    assert!(submissions.iter().all(|of| of["deliveryStatus"].is_object() && of["id"].is_string()));
    assert_eq!(stage.json(&["status"], "").0["outbox"]["unknown"], 1);
    assert_eq!(stage.json(&["status", "--check"], "").1, 1, "unknown needs a person");
}

/// Recipients of one mail that fared differently are counted, and what failed has no copy to file.
#[test]
fn mixed_outcomes_are_counted() {
    let stage = Stage::new();
    stage.connect();
    let mut told = Transcript::new(&stage, "send_mixed");
    told.squeezed();
    let once = |command: &str, text: &str| {
        let fault = Fault::Reply { command: command.into(), text: text.into() };
        stage.provider.faults.add(Service::Smtp, fault, 1);
    };
    let hangup = || {
        let hangup = Fault::Hangup { command: "DOT".into(), done: false };
        stage.provider.faults.add(Service::Smtp, hangup, 1);
    };
    // the second is nobody there
    let three = ["bo@example.test", "no@example.test", "ana@example.test"];
    let to: Vec<&str> = three.iter().flat_map(|address| ["--to", address]).collect();
    let send = [&["send"][..], &to, &["-s", "Hello", "-m", "x"]].concat();
    let phase = |id: &str, phase: &str| {
        wait_for(Duration::from_mins(1), phase, || {
            let (shown, _) = stage.json(&["outbox", "show", id], "");
            (shown["submission"]["phase"] == phase).then_some(shown)
        })
    };
    hangup();
    assert_eq!(told.run(&[&send[..], &["--wait"]].concat(), ""), 75);
    let counts = |shown: &Value| {
        let counts = &shown["counts"];
        ["accepted", "refused", "unknown", "waiting"].map(|fate| counts[fate].as_u64().unwrap())
    };
    assert_eq!(counts(&phase("S1", "unknown")), [0, 1, 2, 0]);
    // one is accepted, one refused, and of the third it is not known after the second try
    once("RCPT", "451 4.2.0 Not now");
    assert_eq!(stage.json(&send, "").1, 0);
    let waits = wait_for(Duration::from_mins(1), "the first try", || {
        let (shown, _) = stage.json(&["outbox", "show", "S2"], "");
        (counts(&shown)[0] == 1).then_some(shown)
    });
    assert_eq!(counts(&waits), [1, 1, 0, 1]);
    hangup();
    assert_eq!(stage.json(&["outbox", "retry", "S2"], "").1, 0);
    wait_for(Duration::from_mins(1), "the second try", || {
        let (shown, _) = stage.json(&["outbox", "show", "S2"], "");
        (counts(&shown) == [1, 1, 1, 0]).then_some(())
    });
    told.run(&["outbox", "show", "S2"], "");
    // whoever is refused gets no copy, and neither does Sent
    for _ in 0..3 {
        once("RCPT", "550 5.1.1 No such user");
    }
    assert_eq!(told.run(&[&send[..], &["--wait"]].concat(), ""), 65);
    let (failed, _) = stage.json(&["outbox", "show", "S3"], "");
    assert_eq!(failed["submission"]["filed"], "skipped", "{failed}");
    told.check();
}

/// Recipients and servers whose domain can be read as another one are marked before anything goes
/// there.
#[test]
fn domains_that_deceive_are_marked() {
    let stage = Stage::new();
    stage.connect();
    let mut told = Transcript::new(&stage, "send_lookalike");
    told.squeezed();
    let deceptive =
        ["bo@p\u{430}ypal.example", "cy@m\u{131}crosoft.example", "al@g\u{585}ogle.example"];
    let send = ["send", "-s", "Hello", "-m", "x", "--dry-run", "--to"];
    for address in deceptive {
        assert_eq!(told.run(&[&send[..], &[address]].concat(), ""), 0);
    }
    // honest ones stay alone
    assert_eq!(told.run(&[&send[..], &["bo@b\u{fc}cher.example"]].concat(), ""), 0);
    let connect = ["connect", "ana@p\u{430}ypal.example", "--imap", "im\u{430}p.example.test"];
    let connect = [&connect[..], &["--smtp", "smtp.example.test", "--dry-run"]].concat();
    told.run(&connect, "");
    told.check();
    let names = r#"{"names":["p\u0430ypal.example","example.test","a@b\u00fccher.example"]}"#;
    let raw = stage.run(&["call", "Address/check", names], "").text();
    assert!(raw.contains("xn--pypal-4ve.example") && !raw.contains("cher.example"), "{raw}");
}

/// Mail of an account that is stopped, or whose server is away, waits, and whoever sends it hears so.
#[test]
fn what_keeps_a_mail_waiting_is_said() {
    let stage = Stage::new();
    stage.connect();
    let mut told = Transcript::new(&stage, "send_held");
    told.squeezed();
    let send = ["send", "--to", "bo@example.test", "-s", "Hello", "-m", "x"];
    let waits = [&send[..], &["--wait"]].concat();
    assert_eq!(told.run(&["account", "pause", "ana"], ""), 0);
    assert_eq!(told.run(&send, ""), 0);
    assert_eq!(told.run(&waits, ""), 75);
    let (held, code) = stage.json(&send, "");
    assert_eq!((code, held["waitsFor"]["code"].as_str()), (0, Some("account.not_running")));
    let (held, code) = stage.json(&waits, "");
    assert_eq!((code, held["error"]["exit"].as_i64()), (75, Some(75)), "{held}");
    // four mails wait: the account stays, whatever is confirmed
    let remove = ["account", "remove", "ana", "--yes"];
    assert_eq!(told.run(&[&remove[..3], &["--dry-run"]].concat(), ""), 0);
    assert_eq!(told.run(&remove, ""), 65);
    assert_eq!(stage.json(&remove, "").1, 65);
    let raw = stage.run(&["call", "Account/set", r#"{"destroy":["a1"]}"#], "").text();
    assert!(raw.contains("submission.waiting") && raw.contains("4 mails wait"), "{raw}");
    assert_eq!(stage.json(&["outbox", "list", "--open"], "").0["total"], 4);
    // they go on by themselves
    assert_eq!(told.run(&["sync"], ""), 0);
    assert_eq!(told.run(&["account", "resume", "ana"], ""), 0);
    wait_for(Duration::from_mins(1), "four mails sent", || {
        let deliveries = stage.provider.ledger.deliveries();
        (deliveries.len() == 4).then_some(())
    });
    stage.provider.faults.always(Service::Smtp, Fault::DropAfter(0));
    assert_eq!(told.run(&waits, ""), 75);
    assert_eq!(told.run(&send, ""), 0);
    told.run(&["account", "remove", "ana", "--yes", "--discard-outbox"], "");
    told.check();
    assert_eq!(
        stage.json(&["account", "list"], "").0["accounts"].as_array().map(Vec::len),
        Some(0)
    );
}

/// What `Identity/set` said is on what is sent, and its copy is nobody else's to know.
#[test]
fn an_identity_adds_its_reply_to_and_its_copy() {
    let stage = Stage::new();
    stage.connect();
    let update = r#"{"accountId":"a1","update":{"i1":{
        "replyTo":[{"name":"Office","email":"office@example.test"}],
        "bcc":[{"email":"bo@example.test"}]}}}"#;
    let ran = stage.run(&["call", "Identity/set", update], "");
    assert!(ran.code == Some(0) && ran.text().contains("\"i1\":null"), "{ran:?}");
    let words = ["send", "--to", "ana@example.test", "-s", "Minutes", "-m", "x", "--wait"];
    let (sent, code) = stage.json(&words, "");
    assert_eq!(code, 0, "{sent}");
    let status = sent["submission"]["deliveryStatus"].as_object().unwrap();
    assert!(status.contains_key("bo@example.test"), "the person sees who gets it: {sent}");
    let deliveries = stage.provider.ledger.deliveries();
    let got: Vec<&str> = deliveries.iter().map(|it| it.recipient.as_str()).collect();
    assert_eq!(got, ["ana@example.test", "bo@example.test"]);
    for delivery in &deliveries {
        let text = String::from_utf8_lossy(&delivery.bytes);
        let answers = text.lines().find(|line| line.starts_with("Reply-To:")).unwrap();
        assert!(answers.contains("<office@example.test>") && !text.contains("bo@"), "{text}");
    }
}
