//! What a mail server, or whoever runs it, does to a mailbox.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chapar_tests::rig::between::Between;
use chapar_tests::rig::proxy::Proxy;
use chapar_tests::rig::{User, fresh_password};

use super::{Clinic, Patient};

pub(super) fn all(clinic: &Clinic<'_>) {
    passwords(clinic);
    imap_says_no(clinic);
    smtp_says_no(clinic);
    dovecot_is_unwell(clinic);
    servers_move(clinic);
}

/// Somebody whose mail comes through a front.
fn behind_imap<'c>(clinic: &'c Clinic<'_>) -> (Between, Patient<'c>) {
    let front = Between::start(&clinic.rig.authority, clinic.dovecot.ports.imaps);
    let patient = clinic.admit_at(&front.address(), &clinic.rig.smtps(), &[]);
    (front, patient)
}

/// Somebody whose mail goes through a front.
fn behind_smtp<'c>(clinic: &'c Clinic<'_>) -> (Between, Patient<'c>) {
    let front = Between::start(&clinic.rig.authority, clinic.rig.postfix.ports.smtps);
    let patient = clinic.admit_at(&clinic.imaps(), &front.address(), &[]);
    (front, patient)
}

fn passwords(clinic: &Clinic<'_>) {
    let Clinic { rig, home, .. } = clinic;
    // changed on the provider's page
    let patient = clinic.admit();
    let changed = fresh_password();
    clinic.set_password(&patient.user, &changed);
    let found = patient.finds("auth", "imap.auth", "you");
    found.asks(home, "password");
    found.follow(home, "chapar account reconnect", &[], Some(&changed));
    patient.is_cured(&found);

    // the person is no customer any more, and then is again
    let patient = clinic.admit();
    rig.dovecot.set_password(&patient.user, None);
    clinic.dovecot.kick(&patient.user);
    let found = patient.finds("auth", "imap.auth", "you");
    let again = fresh_password();
    clinic.set_password(&patient.user, &again);
    found.follow(home, "chapar account reconnect", &[], Some(&again));
    patient.is_cured(&found);

    // two-factor sign-in was switched on: each protocol wants a password of its own making
    for (protocol, what, code, command, words) in [
        (
            "imap",
            "auth",
            "imap.app_password",
            "AUTHENTICATE",
            "TAG NO [ALERT] Application-specific password required: support.example/185833",
        ),
        (
            "smtp",
            "smtpAuth",
            "smtp.app_password",
            "AUTH",
            "534 5.7.9 Application-specific password required.",
        ),
    ] {
        let (front, patient) =
            if protocol == "imap" { behind_imap(clinic) } else { behind_smtp(clinic) };
        front.answers(command, words);
        let found = patient.finds(what, code, "you");
        let made = fresh_password();
        found.asks(home, "app password");
        clinic.set_password(&patient.user, &made);
        front.passes();
        found.follow(home, "chapar account reconnect", &[], Some(&made));
        patient.is_cured(&found);
    }
}

/// A provider's words at IMAP, what ends them, and that a sync then suffices.
fn imap_says_no(clinic: &Clinic<'_>) {
    let home = &clinic.home;
    for (command, words, what, code, who, act) in [
        (
            "AUTHENTICATE",
            "TAG NO IMAP access is disabled for your account",
            "auth",
            "imap.disabled",
            "you",
            "switch IMAP on",
        ),
        (
            "AUTHENTICATE",
            "TAG BAD User is authenticated but not connected.",
            "auth",
            "imap.not_connected",
            "provider",
            "a mailbox that is moved comes back",
        ),
        (
            "AUTHENTICATE",
            "TAG NO The mailbox is not licensed",
            "auth",
            "account.not_licensed",
            "admin",
            "assign a licence",
        ),
        (
            "EXAMINE",
            "TAG NO [NONEXISTENT] Mailbox doesn't exist: INBOX",
            "select",
            "imap.no_inbox",
            "provider",
            "give the mailbox its INBOX back",
        ),
        ("", "* BYE System is going down", "greeting", "imap.greeting", "provider", "wait"),
    ] {
        let (front, patient) = behind_imap(clinic);
        front.answers(command, words);
        clinic.dovecot.kick(&patient.user);
        let found = patient.finds(what, code, who);
        found.asks(home, act);
        front.passes();
        found.then_sync(home);
        patient.is_cured(&found);
    }
}

fn smtp_says_no(clinic: &Clinic<'_>) {
    let home = &clinic.home;
    for (command, words, what, code, who, act) in [
        (
            "AUTH",
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the \
             Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.",
            "smtpAuth",
            "smtp.auth_disabled",
            "admin",
            "switch on authenticated SMTP",
        ),
        (
            "AUTH",
            "454 4.7.0 Temporary authentication failure: Connection lost to authentication server",
            "smtpAuth",
            "smtp.auth_later",
            "provider",
            "tries again by itself",
        ),
        ("", "554 5.3.2 No service here", "smtp", "smtp.greeting", "provider", "tries again"),
    ] {
        let (front, patient) = behind_smtp(clinic);
        front.answers(command, words);
        let found = patient.finds(what, code, who);
        found.asks(home, act);
        front.passes();
        found.then_sync(home);
        patient.is_cured(&found);
    }
    let (front, patient) = behind_smtp(clinic);
    front.answers("AUTH", "535 5.7.8 Error: authentication failed");
    let found = patient.finds("smtpAuth", "smtp.auth", "you");
    found.asks(home, "whether SMTP sign-in is allowed");
    front.passes();
    found.follow(home, "chapar account reconnect", &[], Some(&patient.user.password));
    patient.is_cured(&found);
}

/// A configuration whose file of passwords is not there.
fn without_passwords(own: &str) -> String {
    let (before, after) = own.split_once("passdb {\n  driver = passwd-file").unwrap();
    let (_, after) = after.split_once('}').unwrap();
    format!("{before}passdb {{\n  driver = passwd-file\n  args = /nonexistent/users\n}}{after}")
}

/// Another mail program, signed in.
struct Other(Child);

impl Other {
    fn signed_in(user: &User, port: u16) -> Self {
        let mut openssl = Command::new("openssl");
        openssl.args(["s_client", "-quiet", "-connect", &format!("localhost:{port}")]);
        openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = openssl.spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        // the first who comes has the only place: again until that is this one
        let mut stdin = child.stdin.as_ref().unwrap();
        for tag in 0.. {
            writeln!(stdin, "{tag} LOGIN {} {}\r", user.address, user.password).unwrap();
            let mine = |line: &String| line.starts_with(&format!("{tag} "));
            let answer = said.by_ref().map_while(Result::ok).find(mine).unwrap();
            if answer.contains(" OK ") {
                break;
            }
        }
        Self(child)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Dovecot itself, by its own settings and files.
fn dovecot_is_unwell(clinic: &Clinic<'_>) {
    let Clinic { dovecot, home, .. } = clinic;
    // where it looks passwords up is not there
    let patient = clinic.admit();
    dovecot.rewrite(without_passwords);
    let found = patient.finds("auth", "imap.unavailable", "provider");
    found.asks(home, "tries again by itself");
    dovecot.restore();
    found.then_sync(home);
    patient.is_cured(&found);

    // another mail program holds every session that the provider allows
    let patient = clinic.admit();
    dovecot.amend("mail_max_userip_connections = 1");
    let other = Other::signed_in(&patient.user, dovecot.ports.imaps);
    let found = patient.finds("auth", "imap.throttled", "provider");
    found.asks(home, "close other mail programs");
    drop(other);
    dovecot.restore();
    found.then_sync(home);
    patient.is_cured(&found);

    // the rights of the mail were lost in a restore
    let patient = clinic.admit();
    let maildir = patient.user.maildir.to_str().unwrap().to_owned();
    super::tool(&["chmod", "000", &maildir]);
    let found = patient.finds("select", "imap.unavailable", "provider");
    found.asks(home, "tries again by itself");
    super::tool(&["chmod", "700", &maildir]);
    found.then_sync(home);
    patient.is_cured(&found);

    let patient = clinic.admit();
    dovecot.stop();
    let found = patient.finds("tcp", "net.refused", "provider");
    found.asks(home, "the server is down");
    dovecot.start_again();
    found.then_sync(home);
    patient.is_cured(&found);
}

fn servers_move(clinic: &Clinic<'_>) {
    let Clinic { rig, home, dovecot, .. } = clinic;
    // to another port
    let patient = clinic.admit();
    dovecot.stop();
    let found = patient.finds("tcp", "net.refused", "provider");
    found.asks(home, "check host and port");
    let (imaps, smtps) = (rig.imaps(), rig.smtps());
    let elsewhere = [("HOST", imaps.as_str()), ("HOST", smtps.as_str())];
    found.follow(home, "chapar account update", &elsewhere, None);
    patient.is_cured(&found);
    dovecot.start_again();

    // the port belongs to the other protocol now
    let turned = Proxy::start(dovecot.ports.imaps, Duration::ZERO);
    let patient = clinic.admit_at(&turned.address(), &rig.smtps(), &[]);
    turned.turn_to(rig.postfix.ports.smtps);
    turned.reset();
    let found = patient.finds("greeting", "imap.not_imap", "you");
    found.asks(home, "check host and port of the IMAP server");
    found.follow(home, "chapar account update", &elsewhere, None);
    patient.is_cured(&found);

    let turned = Proxy::start(rig.postfix.ports.smtps, Duration::ZERO);
    let patient = clinic.admit_at(&clinic.imaps(), &turned.address(), &[]);
    turned.turn_to(dovecot.ports.imaps);
    let found = patient.finds("smtp", "smtp.not_smtp", "you");
    found.asks(home, "check host and port of the SMTP server");
    found.follow(home, "chapar account update", &elsewhere, None);
    patient.is_cured(&found);
}
