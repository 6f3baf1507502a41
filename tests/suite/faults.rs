//! Faults of the disk that pass: the daemon is well again by itself, whoever asks for what, and no
//! accepted mail is given up for them.

use crate::place::Place;
use chapar_tests::sandbox::provider::{Personality, Provider};
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};

/// The last resort of a wait for progress.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until `look` gives something.
fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The status over the socket, which writes nothing.
fn status(place: &Place) -> Value {
    place.call("status", &json!({})).unwrap()
}

fn codes(status: &Value) -> Vec<String> {
    let health = status["health"].as_array().unwrap();
    health.iter().map(|health| health["code"].as_str().unwrap().to_owned()).collect()
}

fn is_live(status: &Value) -> bool {
    let account = &status["accounts"][0];
    account["state"] == "live" && account["health"].as_array().unwrap().is_empty()
}

fn send(place: &Place, account: &str, subject: &str) -> Result<String, String> {
    let params = json!({
        "accountId": account, "subject": subject, "text": "A line.",
        "to": [{ "email": "bo@far.test" }],
    });
    let reply = place.call("Email/send", &params)?;
    Ok(reply["submission"]["id"].as_str().unwrap().to_owned())
}

fn phase(place: &Place, id: &str) -> (String, String) {
    let reply = place.call("EmailSubmission/get", &json!({ "ids": [id] })).unwrap();
    let word = |name: &str| reply["list"][0][name].as_str().unwrap_or_default().to_owned();
    (word("phase"), word("lastReply"))
}

#[test]
fn a_state_directory_that_was_away_is_used_again_without_a_write() {
    let provider = Provider::new(Personality::default());
    let place = Place::new("away", &provider);
    let account = place.connect();
    wait("live", || is_live(&status(&place)).then_some(()));
    let away = place.state().with_extension("away");
    fs::rename(place.state(), &away).unwrap();
    let refused = send(&place, &account, "into nothing").unwrap_err();
    assert!(refused.contains("meta.redb"), "{refused}");
    let told = wait("the condition", || {
        let status = status(&place);
        (!codes(&status).is_empty()).then_some(status)
    });
    assert_eq!(codes(&told), ["store.io"], "{told}");
    assert_eq!(told["accounts"][0]["id"], account.as_str(), "the accounts are still shown");
    // a store of nothing would be made where a file is opened as if it were new
    assert!(!place.state().exists(), "nothing is made in the place of what is away");
    fs::rename(&away, place.state()).unwrap();
    // from here on only `status` is called: it heals nothing itself
    let told = wait("health", || {
        let status = status(&place);
        (codes(&status).is_empty() && is_live(&status)).then_some(status)
    });
    assert_eq!(told["outbox"]["failed"], 0);
    let id = send(&place, &account, "after it").unwrap();
    wait("the send", || (phase(&place, &id).0 == "sent").then_some(()));
}

#[test]
fn a_mail_whose_pack_is_away_when_it_is_due_waits_for_it() {
    let provider = Provider::new(Personality::default());
    let place = Place::new("packs", &provider);
    let account = place.connect();
    wait("live", || is_live(&status(&place)).then_some(()));
    let paused = |paused: bool| {
        let update = json!({ "update": { account.as_str(): { "paused": paused } } });
        place.call("Account/set", &update).unwrap();
    };
    paused(true);
    let ids: Vec<String> =
        (0..3).map(|n| send(&place, &account, &format!("due {n}")).unwrap()).collect();
    let (packs, away) = (place.state().join("packs"), place.state().join("packs-away"));
    fs::rename(&packs, &away).unwrap();
    paused(false);
    let (waits, why) = wait("a try", || {
        let found = ids.iter().map(|id| phase(&place, id));
        found.into_iter().find(|(_, reply)| !reply.is_empty())
    });
    assert_eq!(waits, "queued", "{why}");
    assert!(why.contains("this machine's disk") && !why.starts_with("550"), "{why}");
    assert_eq!(codes(&status(&place)), ["store.io"]);
    fs::rename(&away, &packs).unwrap();
    for id in &ids {
        wait("the send", || (phase(&place, id).0 == "sent").then_some(()));
    }
    wait("health", || codes(&status(&place)).is_empty().then_some(()));
    let taken: Vec<usize> = provider.ledger.counts().into_values().collect();
    assert_eq!(taken, [1, 1, 1], "each once");
}
