//! Certificates nobody may accept, on all four ways to begin TLS, and servers without TLS: refused
//! with the exact reason, and not one credential byte is said.

use chapar_tests::rig::authority::Kind;
use chapar_tests::rig::home::Home;
use chapar_tests::rig::impostor::{Door, Impostor};
use chapar_tests::rig::{Rig, User};

fn reason(kind: Kind) -> &'static str {
    match kind {
        Kind::Good | Kind::EndsSoon => "",
        Kind::Expired => "tls.expired",
        Kind::NotYetValid => "tls.not_yet_valid",
        Kind::WrongHost => "tls.wrong_host",
        Kind::SelfSigned => "tls.self_signed",
        Kind::UnknownAuthority => "tls.unknown_issuer",
    }
}

/// Connects through one impostor and looks at what both sides have to say.
fn try_door(home: &Home, user: &User, door: Door, kind: Kind, expected: &[&str]) {
    let rig = Rig::shared();
    let impostor = Impostor::start(door, &rig.authority.identity(kind));
    let (imap, smtp, more) = match door {
        Door::Imaps => (impostor.address(), rig.smtps(), vec![]),
        Door::ImapStartTls | Door::ImapPlain => {
            (impostor.address(), rig.smtps(), vec!["--imap-security", "starttls"])
        }
        Door::Smtps => (rig.imaps(), impostor.address(), vec![]),
        Door::SubmissionStartTls | Door::SubmissionPlain => {
            (rig.imaps(), impostor.address(), vec!["--smtp-security", "starttls"])
        }
    };
    let answer = home.connect(rig, user, &imap, &smtp, &more);
    let said = answer.json.to_string();
    assert_eq!(answer.code, 77, "{door:?} {kind:?}: {said} {}", answer.ran.stderr);
    assert!(
        expected.iter().any(|code| said.contains(&format!("\"{code}\""))),
        "{door:?} {kind:?} wants {expected:?}: {said}"
    );
    let heard = String::from_utf8_lossy(&impostor.heard()).to_uppercase();
    for word in ["LOGIN", "AUTH", &user.password.to_uppercase()] {
        assert!(!heard.contains(word), "{door:?} {kind:?} heard {word}: {heard}");
    }
    assert_eq!(home.status()["accounts"].as_array().unwrap().len(), 0, "nothing is saved");
}

#[test]
fn every_bad_certificate_at_every_door() {
    let rig = Rig::shared();
    let user = rig.user();
    let home = Home::new();
    home.start();
    for door in [Door::Imaps, Door::ImapStartTls, Door::Smtps, Door::SubmissionStartTls] {
        for kind in Kind::BAD {
            try_door(&home, &user, door, kind, &[reason(kind)]);
        }
    }
}

#[test]
fn servers_without_tls() {
    let rig = Rig::shared();
    let user = rig.user();
    let home = Home::new();
    home.start();
    for (door, code) in
        [(Door::ImapPlain, "tls.not_offered"), (Door::SubmissionPlain, "tls.not_offered")]
    {
        try_door(&home, &user, door, Kind::Good, &[code]);
        let page = home.chapar(&["help", code], b"");
        assert!(page.code == Some(0) && page.text().contains(" TLS"), "{code}: {}", page.text());
    }
}

#[test]
fn a_plain_server_behind_an_implicit_tls_port() {
    let rig = Rig::shared();
    let user = rig.user();
    let home = Home::new();
    home.start();
    let plain = Impostor::start(Door::ImapPlain, &rig.authority.identity(Kind::Good));
    let answer = home.connect(rig, &user, &plain.address(), &rig.smtps(), &[]);
    assert_eq!(answer.code, 77, "{}", answer.json);
    assert!(answer.json.to_string().contains("tls.not_tls"), "{}", answer.json);
    let heard = String::from_utf8_lossy(&plain.heard()).into_owned();
    assert!(!heard.contains(&user.password), "{heard}");
}
