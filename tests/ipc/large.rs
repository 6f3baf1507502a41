//! A large mail on its way: uploaded, composed, stored, sent and filed in pieces, never held whole.

use crate::fair::{growth, put};
use crate::quiet;
use crate::world::{ADA, World};
use chapar_tests::rig::process::wait_for;
use chapar_tests::sandbox::base64;
use chapar_tests::sandbox::corpus::Dice;
use chapar_tests::sandbox::mailstore::Folder;
use chapar_tests::sandbox::provider::Personality;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of the attachment, which do not shrink; the mail has a third more.
const ATTACHED: usize = 100_000_000;
/// By how much the daemon may grow from the first uploaded byte to the copy in Sent, kilobytes.
const GROWTH_KB: u64 = 32 << 10;

#[test]
fn a_mail_of_137_mb_is_sent_in_pieces() {
    let _quiet = quiet();
    let roomy = Personality { size: 200 << 20, ..Personality::default() };
    let world = World::at(roomy, 2);
    let mut dice = Dice::new(11);
    let noise: Vec<u8> = (0..ATTACHED / 8).flat_map(|_| dice.roll().to_le_bytes()).collect();
    let grown = growth(&world, "a mail of 137 MB", || {
        let blob = put(&world, &noise);
        let mut raw = world.raw();
        let sent = raw.call(
            "Email/send",
            &json!({
                "accountId": world.account, "to": [{"email": ADA}], "subject": "large",
                "idempotencyKey": "large",
                "attachments": [{"name": "noise", "type": "application/x-noise", "blobId": blob}],
            }),
        );
        let ids = json!({"accountId": world.account, "ids": [sent["submissionId"]]});
        wait_for(Duration::from_mins(5), "the mail sent and filed", || {
            let got = raw.call("EmailSubmission/get", &ids);
            let one: &Value = &got["list"][0];
            (one["phase"] == "sent" && one["filed"] == "filed").then_some(())
        });
    });
    assert!(grown < GROWTH_KB, "+{grown} kB");
    let newest = |mailbox: &str| {
        let body = |folder: &Folder| folder.messages.last().map(|mail| Arc::clone(&mail.body));
        world.provider.store.read(ADA, mailbox, body).flatten().unwrap()
    };
    let (received, filed) = (newest("INBOX"), newest("Sent"));
    assert!(received.ends_with(&filed), "the copy in Sent is the mail that was sent");
    assert!(attached(&filed) == noise, "every byte came as it was given");
}

/// The bytes of the only attachment.
fn attached(mail: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(mail).unwrap();
    let (_, part) = text.split_once("application/x-noise").unwrap();
    let (_, coded) = part.split_once("\r\n\r\n").unwrap();
    let (coded, _) = coded.split_once("\r\n--").unwrap();
    base64::decode(&coded.replace("\r\n", "")).unwrap()
}
