//! The rig itself: its servers must be what the other tests take them for.

use std::time::Duration;

use chapar_tests::rig::authority::Authority;
use chapar_tests::rig::process::{poll, run_ok};
use chapar_tests::rig::{Rig, maildir, python};

#[test]
fn imaplib_reads_what_was_planted() {
    let rig = Rig::shared();
    let user = rig.user();
    let planted = maildir::plant_tree(&user, 300);
    let mut seen = python::imap_view(rig, &user);
    seen.sort_by_key(|message| message["internalDate"].as_u64());
    assert_eq!(seen.len(), planted.len());
    for (message, planted) in seen.iter().zip(&planted) {
        assert_eq!(message["messageId"], planted.message_id.as_str());
        assert_eq!(message["mailbox"], planted.folder.as_str());
        assert_eq!(message["internalDate"], planted.internal_date);
        assert_eq!(message["size"], planted.bytes.len());
    }
}

#[test]
fn lmtp_and_submission_deliver() {
    let rig = Rig::shared();
    let user = rig.user();
    rig.dovecot.deliver(&user, "Subject: by lmtp\n\n.dot\n");
    let mut swaks = std::process::Command::new("swaks");
    swaks.args(["--server", "127.0.0.1", "--port", &rig.postfix.ports.submission.to_string()]);
    swaks.args(["--tls", "--auth", "PLAIN", "--auth-user", &user.address]);
    swaks.args(["--auth-password", &user.password, "--to", &user.address]);
    swaks.args(["--from", &user.address, "--header", "Subject: by submission"]);
    run_ok(&mut swaks, Duration::from_secs(30));
    let subjects = poll(Duration::from_secs(20), || {
        let facts = python::mailbox_facts(rig, &user, "INBOX");
        (facts.len() == 2)
            .then(|| facts.iter().map(|fact| fact["subject"].clone()).collect::<Vec<_>>())
    });
    assert_eq!(subjects.unwrap(), ["by lmtp", "by submission"], "{}", rig.postfix.log());
}

#[test]
fn a_stopped_server_is_gone_and_comes_back_on_its_ports() {
    let dir = chapar_tests::rig::scratch::Scratch::new("again");
    let authority = Authority::create(&dir.path().join("ca"));
    let dovecot = chapar_tests::rig::dovecot::Dovecot::start(
        &dir.path().join("dovecot"),
        &authority,
        &[],
        None,
    );
    let connect = || std::net::TcpStream::connect(("127.0.0.1", dovecot.ports.imaps)).is_ok();
    assert!(connect());
    dovecot.stop();
    assert!(!connect(), "the port is closed");
    dovecot.start_again();
    assert!(connect());
}
