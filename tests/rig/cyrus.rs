//! Another server than Dovecot: a Cyrus mailbox connects, syncs, is pushed and sends.

use std::time::Duration;

use chapar_tests::rig::cyrus::Cyrus;
use chapar_tests::rig::home::{Home, account_id};
use chapar_tests::rig::process::wait_for;
use chapar_tests::rig::{Rig, mirror, python};

use crate::SYNC_LIMIT;
use crate::stream::PUSH_LIMIT;

/// Mails there before the first sync.
const BEFORE: usize = 40;

#[test]
fn a_cyrus_mailbox_is_mirrored_pushed_and_sends() {
    let rig = Rig::shared();
    let (user, other) = (rig.user(), rig.user());
    let cyrus = match Cyrus::start(&rig.authority, &user) {
        Ok(cyrus) => cyrus,
        Err(why) => {
            println!("SKIPPED a_cyrus_mailbox_…: Cyrus cannot be had in an overlay here: {why}");
            return;
        }
    };
    let mail = |n: usize, subject: &str| {
        format!(
            "From: sender@remote.test\nTo: {}\nSubject: {subject}\n\
             Message-ID: <cyrus{n}@gen.test>\n\nBody {n}\n",
            user.address
        )
    };
    for n in 0..BEFORE {
        cyrus.deliver(&user, &mail(n, &format!("before {n}")));
    }
    let home = Home::new();
    home.start();
    let answer = home.connect(rig, &user, &cyrus.imaps(), &rig.smtps(), &[]).ok();
    let account = account_id(&answer);
    home.wait_live(&account, SYNC_LIMIT);
    let mirrored = mirror::read(&home, &account);
    assert_eq!(mirrored.len(), BEFORE, "{}", home.account_status(&account));
    for n in 0..BEFORE {
        let one = &mirrored[&format!("cyrus{n}@gen.test")];
        assert_eq!(one.mailbox, "INBOX");
        let export = home.chapar(&["mail", "export", &one.id], b"");
        assert!(export.text().ends_with(&format!("\r\nBody {n}\r\n")), "{}", export.text());
    }

    let watch = home.watch(&["--type", "email.received"]);
    std::thread::sleep(Duration::from_millis(500));
    for n in 0..5 {
        let subject = format!("pushed {n}");
        cyrus.deliver(&user, &mail(BEFORE + n, &subject));
        let event = watch.next(PUSH_LIMIT, |event| event["data"]["subject"] == subject.as_str());
        assert!(event.is_some(), "{subject}; {}", home.account_status(&account));
    }

    let args = ["send", "-a", &account, "--no-input", "--to", &other.address, "--subject", "hello"];
    home.json(&[&args[..], &["--text", "-", "--wait"]].concat(), b"from Cyrus\n").ok();
    let at = |port, user, mailbox: &str| {
        wait_for(PUSH_LIMIT, &format!("the mail in {mailbox}"), || {
            let facts = python::mailbox_facts_at(rig, port, user, mailbox);
            (!facts.is_empty()).then_some(facts)
        })
    };
    let arrived = at(rig.dovecot.ports.imaps, &other, "INBOX");
    let filed = at(cyrus.imaps, &user, "Sent");
    assert_eq!((arrived.len(), filed.len()), (1, 1));
    assert_eq!(arrived[0]["messageId"], filed[0]["messageId"]);
    assert_eq!(filed[0]["text"].as_str().unwrap().trim_end(), "from Cyrus");
}
