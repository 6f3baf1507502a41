//! The end of the first sync, told by mail to those who asked for that: once, over a kill.

use crate::place::{Place, USER};
use chapar_tests::sandbox::corpus;
use chapar_tests::sandbox::provider::{Personality, Provider};
use std::time::{Duration, Instant};

/// From connecting to the mail.
const LIMIT: Duration = Duration::from_mins(1);

#[test]
fn the_end_of_the_first_sync_comes_as_one_mail() {
    let provider = Provider::new(Personality::default());
    let place = Place::new("announce", &provider);
    corpus::fill(&provider.store, USER, &["INBOX", "Archive"], 40, 11, 1_790_000_000);
    let account = place.connect_with(&["--notify", "mail"]);
    let told = || {
        let all = provider.ledger.deliveries();
        all.into_iter().filter(|one| one.recipient == USER).collect::<Vec<_>>()
    };
    let deadline = Instant::now() + LIMIT;
    while told().is_empty() {
        assert!(Instant::now() < deadline, "no mail came: {}", place.status());
        std::thread::sleep(Duration::from_millis(50));
    }
    let text = String::from_utf8_lossy(&told()[0].bytes).into_owned();
    assert!(text.contains("Subject: Inbox ready"), "{text}");
    assert!(text.contains("the newest 40 mails"), "{text}");
    // A restart and another sync tell nobody again.
    Place::kill(place.daemon());
    while !place.is_synced(&account) {
        assert!(Instant::now() < deadline, "not live again");
        std::thread::sleep(Duration::from_millis(50));
    }
    place.call("Account/sync", &serde_json::json!({"accountId": account})).unwrap();
    assert_eq!(told().len(), 1);
}
