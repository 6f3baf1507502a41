//! Certificates, and TLS that is too old or not there.

use std::fs;
use std::process::{Command, Stdio};

use chapar_tests::rig::authority::Kind;
use chapar_tests::rig::process::{Server, wait_for_port};
use chapar_tests::rig::scratch::free_ports;

use super::network::{NAME, publish};
use super::{Clinic, USUAL};

pub(super) fn all(clinic: &Clinic<'_>) {
    renewed(clinic);
    another_name(clinic);
    an_authority_of_its_own(clinic);
    outdated(clinic);
    no_tls(clinic);
}

/// Bad ones that whoever runs the server replaces.
fn renewed(clinic: &Clinic<'_>) {
    let Clinic { rig, home, dovecot, .. } = clinic;
    let good = rig.authority.identity(Kind::Good);
    for (kind, code, who, act) in [
        (Kind::Expired, "tls.expired", "provider", "ask whoever runs the server"),
        (Kind::NotYetValid, "tls.not_yet_valid", "provider", "ask whoever runs the server"),
        (Kind::SelfSigned, "tls.self_signed", "you", "ask for a valid certificate"),
        (Kind::EndsSoon, "tls.ends_soon", "provider", "tell whoever runs the server"),
    ] {
        let patient = clinic.admit();
        dovecot.present(&rig.authority.identity(kind));
        let found = patient.finds("tls", code, who);
        found.asks(home, act);
        dovecot.present(&good);
        if kind != Kind::EndsSoon {
            // so that the account has met it
            found.then_sync(home);
        }
        patient.is_cured(&found);
    }
}

/// The certificate names another host, which is the right one.
fn another_name(clinic: &Clinic<'_>) {
    let Clinic { rig, home, dovecot, .. } = clinic;
    publish(clinic, &format!("127.0.0.1 {NAME}\n"));
    let patient = clinic.admit();
    dovecot.present(&rig.authority.identity_for(Kind::Good, &[NAME]));
    let found = patient.finds("tls", "tls.wrong_host", "you");
    found.asks(home, "use the host name the certificate names");
    let said = found.check.to_string();
    assert!(said.contains(NAME), "it says which one: {said}");
    let (imap, smtp) = (format!("{NAME}:{}", dovecot.ports.imaps), rig.smtps());
    found.follow(home, "chapar account update", &[("HOST", &imap), ("HOST", &smtp)], None);
    patient.is_cured(&found);
    dovecot.present(&rig.authority.identity(Kind::Good));
}

/// A company that signs for itself.
fn an_authority_of_its_own(clinic: &Clinic<'_>) {
    let Clinic { rig, home, dovecot, .. } = clinic;
    let patient = clinic.admit();
    dovecot.present(&rig.authority.identity(Kind::UnknownAuthority));
    let found = patient.finds("tls", "tls.unknown_issuer", "you");
    found.asks(home, "ask for its authority's certificate");
    let file = home.dir().join("company-ca.pem");
    fs::write(&file, rig.authority.with_stranger()).unwrap();
    let file = file.to_str().unwrap();
    let command = found.command("chapar account update", &[("FILE", file)]);
    assert_eq!(command[3..], ["--ca-file", file], "{command:?}");
    found.follow(home, "chapar account update", &[("FILE", file)], None);
    patient.is_cured(&found);
    dovecot.present(&rig.authority.identity(Kind::Good));
}

/// What ends TLS before the server is one of fifteen years ago.
fn outdated(clinic: &Clinic<'_>) {
    let Clinic { rig, home, dovecot, .. } = clinic;
    let [port] = free_ports();
    let identity = rig.authority.identity(Kind::Good);
    let chain = rig.dir().join("front.pem");
    fs::write(&chain, identity.key + &identity.chain).unwrap();
    let front = |limit: &str| {
        let listen = format!(
            "OPENSSL-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,verify=0,cert={}{limit}",
            chain.display()
        );
        let to =
            format!("OPENSSL:localhost:{},cafile={}", dovecot.ports.imaps, rig.ca_file().display());
        let mut socat = Command::new("socat");
        socat.args([listen, to]).stdout(Stdio::null()).stderr(Stdio::null());
        let front = Server::spawn("socat", &mut socat);
        wait_for_port(port, USUAL, "socat");
        front
    };
    let mut now = front("");
    let patient = clinic.admit_at(&format!("localhost:{port}"), &rig.smtps(), &[]);
    now.kill();
    now = front(",openssl-max-proto-version=TLS1.1,cipher=ALL:@SECLEVEL=0");
    let found = patient.finds("tls", "tls.too_old", "provider");
    found.asks(home, "switch TLS 1.2 or 1.3 on");
    now.kill();
    now = front("");
    found.then_sync(home);
    patient.is_cured(&found);
    now.kill();
}

/// TLS is not offered any more where it began after STARTTLS, or not spoken where it began at once.
fn no_tls(clinic: &Clinic<'_>) {
    let Clinic { rig, home, dovecot, .. } = clinic;
    let (imaps, smtps) = (rig.imaps(), rig.smtps());
    let implicit = [("HOST", imaps.as_str()), ("HOST", smtps.as_str())];
    let starttls = format!("localhost:{}", dovecot.ports.imap);
    let patient = clinic.admit_at(&starttls, &smtps, &["--imap-security", "starttls"]);
    let plain = |listener: &str| {
        format!(
            "ssl = no\ndisable_plaintext_auth = no\nservice imap-login {{\n  inet_listener imaps \
             {{\n    ssl = {listener}\n  }}\n}}"
        )
    };
    dovecot.amend(&plain("no"));
    let found = patient.finds("tls", "tls.not_offered", "you");
    found.asks(home, "the port where TLS is there from the start");
    found.follow(home, "chapar account update", &implicit, None);
    patient.is_cured(&found);
    dovecot.restore();

    let patient = clinic.admit();
    dovecot.amend(&plain("no"));
    let found = patient.finds("tls", "tls.not_tls", "you");
    found.asks(home, "check the port");
    found.follow(home, "chapar account update", &implicit, None);
    patient.is_cured(&found);
    dovecot.restore();
}
