//! Other mail programs of Debian with the access token of chapar: msmtp sends with it, mbsync reads
//! with it, and neither has a password.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chapar_tests::rig::User;
use chapar_tests::rig::home::binary;
use chapar_tests::rig::oidc::Persona;
use chapar_tests::rig::process::run;
use serde_json::json;

use crate::SYNC_LIMIT;
use crate::send::arrival;
use crate::signin::Town;

/// Both end within a second.
const LIMIT: Duration = Duration::from_mins(1);

/// A town with a live account, and the command that prints its token.
fn town(persona: Persona) -> (Town, User, String) {
    let town = Town::new(persona);
    let user = town.rig.user();
    let account = town.connect(&user);
    town.home.wait_live(&account, SYNC_LIMIT);
    town.rig.issuer(persona).grants(&user);
    let command = format!("{} token {account}", binary("chapar").display());
    (town, user, command)
}

/// A file only its owner may read, as these programs demand.
fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn msmtp(town: &Town, user: &User, mechanism: &str, port: u16, starttls: bool, token: &str) {
    let file = town.home.dir().join("msmtprc");
    let on = if starttls { "on" } else { "off" };
    let text = format!(
        "account default\nhost localhost\nport {port}\ntls on\ntls_starttls {on}\n\
         tls_trust_file {}\nauth {mechanism}\nuser {1}\nfrom {1}\npasswordeval {token}\n",
        town.rig.ca_file().display(),
        user.address,
    );
    private(&file, &text);
    let to = town.rig.user();
    let subject = format!("by msmtp, {mechanism}");
    let mail = format!("From: {}\nTo: {}\nSubject: {subject}\n\nx\n", user.address, to.address);
    let mut command = town.home.command(Path::new("/usr/bin/msmtp"));
    command.arg("-C").arg(&file).arg(&to.address);
    let ran = run(&mut command, mail.as_bytes(), LIMIT);
    assert_eq!(ran.code, Some(0), "msmtp: {} {}", ran.text(), ran.stderr);
    arrival(&to, "INBOX", &subject);
}

#[test]
fn msmtp_sends_with_the_token() {
    let (town, user, token) = town(Persona::Generic);
    msmtp(&town, &user, "oauthbearer", town.rig.postfix.ports.smtps, false, &token);
    msmtp(&town, &user, "xoauth2", town.rig.postfix.ports.submission, true, &token);
}

/// As large as Microsoft's, where it matters how long a line a program takes.
#[test]
fn msmtp_sends_with_a_large_token() {
    let (town, user, token) = town(Persona::Microsoft);
    msmtp(&town, &user, "xoauth2", town.rig.postfix.ports.submission, true, &token);
}

#[test]
fn mbsync_reads_with_the_token() {
    for persona in [Persona::Generic, Persona::Microsoft] {
        let (town, user, token) = town(persona);
        for n in 0..3 {
            town.rig.dovecot.deliver(&user, &format!("Subject: read {n}\n\nx\n"));
        }
        let mail = town.home.dir().join("mail");
        fs::create_dir(&mail).unwrap();
        let file = town.home.dir().join("mbsyncrc");
        // the token is asked for anew at each run: it never lies in a file
        let text = format!(
            "IMAPAccount a\nHost localhost\nPort {}\nUser {}\nPassCmd \"{token}\"\nAuthMechs XOAUTH2\n\
             SSLType IMAPS\nCertificateFile {}\n\nIMAPStore far\nAccount a\n\nMaildirStore near\n\
             Path {3}/\nInbox {3}/inbox\n\nChannel all\nFar :far:\nNear :near:\nPatterns INBOX\n\
             Create Near\nSyncState *\n",
            town.dovecot().ports.imaps,
            user.address,
            town.rig.ca_file().display(),
            mail.display(),
        );
        private(&file, &text);
        let mut command: Command = town.home.command(Path::new("/usr/bin/mbsync"));
        let ran = run(command.arg("-c").arg(&file).arg("-a"), b"", LIMIT);
        assert_eq!(ran.code, Some(0), "mbsync: {} {}", ran.text(), ran.stderr);
        let read = fs::read_dir(mail.join("inbox/new")).unwrap().count();
        assert_eq!(read, 3, "{} {}", ran.text(), ran.stderr);
        assert!(town.dovecot().mechanisms(&user).contains("XOAUTH2"));
    }
}

#[test]
fn a_token_is_handed_out_and_written_down_without_it() {
    let (town, user, _) = town(Persona::Generic);
    let account = town.account(&user);
    let ran = town.home.chapar(&["token", &account], b"");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let token = ran.text();
    assert_eq!(token.lines().count(), 1, "the token and nothing else");
    let grants = town.rig.issuer(Persona::Generic).grants(&user);
    assert_eq!(token.trim_end(), grants.last().unwrap().secrets[0]);
    let log = town.home.chapar(&["logs", "--lines", "200"], b"").text();
    assert!(log.contains("an access token was asked for"), "who asked is in the log: {log}");
    assert!(!log.contains(token.trim_end()));
    // longer than it may hold
    let answer = town.home.json(
        &["call", "Account/token", &json!({"accountId": account, "minValidS": 3601}).to_string()],
        b"",
    );
    assert_ne!(answer.code, 0, "{}", answer.json);
}
