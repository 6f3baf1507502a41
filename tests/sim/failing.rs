//! A disk that fails while a mail is on its way: the mail is sent once, and soon after the disk works.

use crate::inplace::playing;
use chapar_tests::sim::player::Player;
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::time::Duration;

/// What a person waits for once a fault has passed.
const SOON: Duration = Duration::from_secs(10);

async fn send(player: &mut Player) -> Value {
    let letter = json!({
        "accountId": "a1",
        "to": [{ "email": "friend@far.test" }],
        "subject": "Once",
        "text": "Only once.",
    });
    player.call("Email/send", letter).await
}

/// The fault begins at each of the first operations of a send, and lasts for different times.
#[test]
fn a_mail_that_met_a_failing_disk_is_sent_soon_after_its_end() {
    let (mut accepted, mut held) = (0, 0);
    let faults = [(2, ErrorKind::Other), (7, ErrorKind::StorageFull), (40, ErrorKind::Other)];
    for (after, (lasts, kind)) in (0..200).step_by(8).zip(faults.into_iter().cycle()) {
        let (is_accepted, was_held) = run(async move {
            let mut player = playing(400 + after).await;
            player.disk.fail_after(after, kind);
            let sent = send(&mut player).await;
            player.play(&Step::Wait(Duration::from_secs(lasts))).await;
            let before = player.world.provider.ledger.counts().len();
            player.disk.heal();
            player.play(&Step::Wait(SOON)).await;
            let is_accepted = sent["error"] == Value::Null;
            let counts: Vec<usize> = player.world.provider.ledger.counts().into_values().collect();
            let status = player.call("status", json!({})).await;
            let what = format!("after {after} operations, {lasts} s: {status}");
            assert!(counts.iter().all(|count| *count == 1), "never twice: {what}");
            if is_accepted {
                assert_eq!(counts, [1], "sent: {what}");
                assert_eq!(status["result"]["outbox"]["waiting"], 0, "{what}");
            }
            assert_eq!(status["result"]["health"], json!([]), "{what}");
            player.stop().await;
            (is_accepted, is_accepted && before == 0)
        });
        accepted += u32::from(is_accepted);
        held += u32::from(was_held);
    }
    assert!(accepted > held && held > 0, "accepted {accepted}, waited for the disk {held}");
}
