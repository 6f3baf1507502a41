//! Other submission servers than Postfix: what they do differently is told and loses no recipient.

use chapar_tests::rig::exim::Exim;
use chapar_tests::rig::haraka::Haraka;
use chapar_tests::rig::home::{Home, account_id};
use chapar_tests::rig::{Rig, User};

use crate::SYNC_LIMIT;
use crate::send::{arrival, send};

/// Exim's `drop` refuses a recipient and hangs up: the others get the mail all the same, and the
/// refusal is told in Exim's words.
#[test]
fn exim_hangs_up_over_one_recipient_and_the_others_get_the_mail() {
    let rig = Rig::shared();
    let (user, bo) = (rig.user(), rig.user());
    let exim = match Exim::start(&rig.authority, &user, rig.dovecot.ports.lmtp) {
        Ok(exim) => exim,
        Err(why) => {
            println!("SKIPPED exim_…: Exim cannot be had here: {why}");
            return;
        }
    };
    hangs_up_over_one(rig, (&user, &bo), &exim.smtps(), "Exim", &|| exim.log());
}

/// Haraka's plugins may say DENYDISCONNECT: the same.
#[test]
fn haraka_hangs_up_over_one_recipient_and_the_others_get_the_mail() {
    let rig = Rig::shared();
    let (user, bo) = (rig.user(), rig.user());
    let haraka = match Haraka::start(&rig.authority, &user, rig.dovecot.ports.lmtp) {
        Ok(haraka) => haraka,
        // it asks for a newer Node than Debian has
        Err(why) => {
            println!("SKIPPED haraka_…: Haraka does not run here: {why}");
            return;
        }
    };
    hangs_up_over_one(rig, (&user, &bo), &haraka.smtps(), "Haraka", &|| haraka.log());
}

/// A mail to `bo` by the server at `smtps`, alone and beside recipients that are refused.
fn hangs_up_over_one(
    rig: &Rig,
    (user, bo): (&User, &User),
    smtps: &str,
    name: &str,
    log: &dyn Fn() -> String,
) {
    let home = Home::new();
    home.start();
    let answer = home.connect(rig, user, &rig.imaps(), smtps, &[]).ok();
    let account = account_id(&answer);
    home.wait_live(&account, SYNC_LIMIT);

    let subject = format!("by {name}");
    let plain = ["--to", &bo.address, "--subject", &subject, "--text", "-", "--wait"];
    send(&home, &account, &plain, "hello\n");
    assert_eq!(arrival(bo, "INBOX", &subject)["text"].as_str().unwrap().trim_end(), "hello");
    arrival(user, "Sent", &subject);

    // in every place among the recipients, and beside one that is refused without a hang-up
    let domain = bo.address.split_once('@').unwrap().1;
    let (drop, reject) = (format!("drop@{domain}"), format!("reject@{domain}"));
    for (n, to) in [
        vec![bo.address.as_str(), &drop],
        vec![&drop, &bo.address],
        vec![&reject, &drop, &bo.address],
    ]
    .into_iter()
    .enumerate()
    {
        let subject = format!("hang-up of {name} {n}");
        let mut words = vec!["send", "-a", &account, "--no-input", "--subject", &subject];
        for address in &to {
            words.extend(["--to", address]);
        }
        words.extend(["--text", "-", "--wait"]);
        let answer = home.json(&words, b"x\n");
        assert_eq!(answer.code, 65, "{} {}", answer.json, log());
        let statuses = &answer.json["submission"]["deliveryStatus"];
        assert_eq!(statuses[&bo.address]["delivered"], "yes", "{statuses}");
        let dropped = &statuses[&drop];
        assert_eq!(dropped["delivered"], "no", "{statuses}");
        assert_eq!(dropped["smtpReply"], "550 5.7.1 go away", "{statuses}");
        if to.contains(&reject.as_str()) {
            assert_eq!(statuses[&reject]["smtpReply"], "550 5.1.1 no such person", "{statuses}");
        }
        arrival(bo, "INBOX", &subject);
    }
}
