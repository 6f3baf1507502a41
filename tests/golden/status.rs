//! `status` in all its forms, the language of the terminal, and the contract of its JSON.

use serde_json::Value;

use super::stage::{ANA, Stage};
use super::transcript::Transcript;

fn one_mail(stage: &Stage) {
    stage.deliver(0, "From: Bo <bo@example.test>\nSubject: Hello\nMessage-ID: <1@x>\n\nHi.\n");
}

#[test]
fn the_state_of_things() {
    let stage = Stage::new();
    one_mail(&stage);
    let mut told = Transcript::new(&stage, "status");
    told.squeezed();
    told.run(&["status", "--no-start"], "");
    told.run(&["status", "--check", "--json", "--no-start"], "");
    assert_eq!(told.run(&["status"], ""), 0);
    stage.connect();
    assert_eq!(told.run(&["status"], ""), 0);
    assert_eq!(told.run(&[], ""), 0);
    assert_eq!(told.run(&["status", "--check"], ""), 0);
    assert_eq!(told.run(&["status", "nobody"], ""), 67);
    told.run(&["status", "--plain"], "");
    // the password is changed at the provider: at the next login a person is needed
    stage.provider.store.set_password(ANA, "zmeneny-Kanar-6617");
    stage.provider.faults.kick(chapar_tests::sandbox::faults::Kick::Drop);
    chapar_tests::rig::process::wait_for(std::time::Duration::from_secs(20), "a refusal", || {
        let (status, _) = stage.json(&["status"], "");
        (status["accounts"][0]["state"] == "authExpired").then_some(())
    });
    told.run(&["status"], "");
    assert_eq!(told.run(&["status", "--check"], ""), 1);
    told.check();
}

#[test]
fn colours_and_plain_ascii() {
    let stage = Stage::new();
    one_mail(&stage);
    stage.connect();
    let mut told = Transcript::new(&stage, "colours");
    told.squeezed();
    for variables in [
        &[("NO_COLOR", "1")][..],
        &[("CLICOLOR_FORCE", "1")],
        &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
        &[("LC_ALL", "C")],
    ] {
        told.with(variables);
        told.run(&["status", "--check"], "");
        told.run(&["status", "nobody"], "");
        let (bytes, _) = stage.both(&["status"], "", variables);
        let forced = variables == [("CLICOLOR_FORCE", "1")];
        assert_eq!(bytes.contains(&0x1b), forced, "{variables:?}");
        if variables == [("LC_ALL", "C")] {
            assert!(bytes.is_ascii(), "{}", String::from_utf8_lossy(&bytes));
        }
    }
    told.with(&[]);
    told.run(&["--color", "always", "status", "--check"], "");
    told.run(&["--color", "never", "status", "--check"], "");
    told.check();
}

#[test]
fn the_json_of_status_is_the_contract() {
    let stage = Stage::new();
    one_mail(&stage);
    stage.connect();
    let (status, code) = stage.json(&["status"], "");
    assert_eq!((code, &status["schema"]), (0, &Value::from("chapar/status/1")));
    assert!(status["daemon"]["version"].is_string());
    assert!(status["daemon"]["pid"].as_u64().unwrap() > 1);
    assert!(status["daemon"]["rssBytes"].as_u64().unwrap() > 1 << 20);
    let account = &status["accounts"][0];
    for (member, value) in [
        ("id", "a1"),
        ("name", "ana"),
        ("email", ANA),
        ("provider", "other"),
        ("state", "live"),
        ("push", "IDLE, INBOX"),
    ] {
        assert_eq!(account[member], value, "{member} in {status}");
    }
    assert_eq!(account["mails"], 1);
    assert!(account["mailboxes"].as_u64().unwrap() >= 1);
    assert!(account["lastCheck"].as_str().unwrap().ends_with('Z'));
    assert_eq!(account["health"], serde_json::json!([]));
    for member in ["waiting", "scheduled", "unknown", "sending", "failed"] {
        assert_eq!(status["outbox"][member], 0, "{member}");
    }
    let (check, code) = stage.json(&["status", "--check"], "");
    assert_eq!((code, &check["ok"]), (0, &Value::from(true)));
}
