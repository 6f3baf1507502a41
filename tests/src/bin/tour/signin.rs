//! The steps of the tour about signing in: at an issuer, in place of a password, and again after
//! the provider took a token back. `$BROWSER` is a person who answers the issuer's pages.

use crate::stage::{PASSWORD, Stage};
use crate::tour::{accounts, hold, until, wait};
use chapar_tests::sandbox::faults::Service;
use chapar_tests::sandbox::oauth::client::NATIVE_CLIENT;
use chapar_tests::sandbox::oauth::grant::{Access, Death};
use chapar_tests::sandbox::oauth::rules::SessionEnd;
use serde_json::Value;

/// Who signs in at the issuer from the beginning.
const LEA: &str = "lea@work.demo";
/// Who moves from a password to a sign-in.
const ANA: &str = "ana@work.demo";
/// Life of the first access tokens: the tour shows that they are renewed.
const SHORT_SECONDS: i64 = 6;
/// And of the later ones.
const USUAL_SECONDS: i64 = 3_600;

/// What names the issuer and the client registered there.
fn issuer_args(issuer: &str) -> [&str; 4] {
    ["--issuer", issuer, "--client-id", NATIVE_CLIENT]
}

/// Signing in, in the browser; the first access token is one of seconds.
pub(crate) fn connect(stage: &Stage) -> Result<(), String> {
    let provider = &stage.provider;
    provider.issuer.rule(|rules| {
        rules.access_seconds = SHORT_SECONDS;
        rules.session_end = SessionEnd::AtExpiryOrRevocation;
        rules.mfa = true;
    });
    stage.sit_down(LEA)?;
    let imap = format!("localhost:{}", stage.ports.imaps);
    let smtp = format!("localhost:{}", stage.ports.smtps);
    let (issuer, ca) = (provider.issuer.id(), stage.path("ca.pem"));
    let mut args = vec!["connect", LEA];
    args.extend(issuer_args(&issuer));
    args.extend(["--imap", &imap, "--imap-security", "tls", "--smtp", &smtp]);
    args.extend(["--smtp-security", "tls", "--ca-file", ca.to_str().unwrap_or_default()]);
    let output = stage.show(&args, "")?;
    provider.issuer.rule(|rules| rules.access_seconds = USUAL_SECONDS);
    hold(output.success(), &format!("the sign-in must succeed; the browser: {}", stage.browser()))?;
    hold(stage.at_issuer("EXCHANGED") == 1, "one code must have become tokens")?;
    hold(stage.at_issuer("MFA") == 1, "the second factor must have been asked for")?;
    let shown = provider.ledger.credentials();
    let lea = || shown.iter().filter(|shown| shown.user == LEA);
    hold(lea().count() > 0 && lea().all(|shown| shown.token), "no password may have been sent")?;
    hold(provider.ledger.leaks().is_empty(), "nothing outside verified TLS")?;
    stage.say("sign-in", "in the browser, with a second factor (PKCE); no password here ✓");
    Ok(())
}

/// An access token of seconds: its sessions end with it, and nobody notices.
pub(crate) fn renew(stage: &Stage) -> Result<(), String> {
    until(stage, "the token to be renewed", |_| Ok(stage.at_issuer("REFRESHED") > 0))?;
    deliver(stage, LEA, "renewed-1", "Still there?");
    has_mail(stage, "lea", "Still there?")?;
    hold(stage.at_issuer("EXCHANGED") == 3, "lea once and ana twice, nobody else was asked")?;
    hold(stage.at_issuer("REUSE") == 0, "no refresh token may be used twice")?;
    stage.say("renew", "access renewed by itself, mail came through, nobody was asked ✓");
    Ok(())
}

/// The account that began with a password keeps everything but the password.
pub(crate) fn move_in_place(stage: &Stage) -> Result<(), String> {
    let before = named(stage, "ana")?;
    stage.sit_down(ANA)?;
    deliver(stage, ANA, "moving-1", "While you move");
    let issuer = stage.provider.issuer.id();
    let mut args = vec!["account", "reconnect", "ana"];
    args.extend(issuer_args(&issuer));
    let output = stage.show(&args, "")?;
    hold(output.success(), &format!("the move must succeed; the browser: {}", stage.browser()))?;
    // nothing that knew the password works any more
    stage.provider.store.set_password(ANA, "another one at the provider");
    deliver(stage, ANA, "moved-1", "After the move");
    for subject in ["While you move", "After the move"] {
        has_mail(stage, "ana", subject)?;
    }
    let after = named(stage, "ana")?;
    hold(before["id"] == after["id"], "it must be the same account")?;
    stage.provider.store.set_password(ANA, PASSWORD);
    stage.say("in place", "password moved to sign-in: same account, same mail, none missed ✓");
    Ok(())
}

/// The provider takes the grant back: noticed at once, asked once, nothing lost.
pub(crate) fn take_back(stage: &Stage) -> Result<(), String> {
    let asked = stage.at_issuer("EXCHANGED");
    let ended = stage.provider.issuer.revoke(ANA, Death::Revoked, Access::Dies);
    hold(ended == 1, "there must have been one grant")?;
    wait(stage, "the loss to be noticed", |account| {
        account["name"] != "ana" || account["state"] == "authExpired"
    })?;
    deliver(stage, ANA, "revoked-1", "While you were out");
    stage.show(&["status"], "")?;
    let output = stage.show(&["account", "reconnect", "ana"], "")?;
    hold(output.success(), &format!("signing in again must do; the browser: {}", stage.browser()))?;
    has_mail(stage, "ana", "While you were out")?;
    hold(stage.at_issuer("EXCHANGED") == asked + 1, "one question must have been enough")?;
    stage.say("break", "token revoked → noticed, one question, resumed; nothing lost ✓");
    Ok(())
}

fn deliver(stage: &Stage, to: &str, id: &str, subject: &str) {
    let mail = format!(
        "From: Bo Berg <bo@work.demo>\r\nTo: {to}\r\nSubject: {subject}\r\n\
         Message-ID: <{id}@work.demo>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\r\nHello.\r\n"
    );
    let now = jiff::Timestamp::now().as_second();
    stage.provider.store.deliver(to, "INBOX", mail.as_bytes(), now);
}

/// Waits until the account has a mail of that subject, once.
fn has_mail(stage: &Stage, account: &str, subject: &str) -> Result<(), String> {
    until(stage, &format!("“{subject}” to arrive"), |_| {
        let args = ["mail", "list", "--account", account, "--limit", "20", "--json"];
        let output = stage.quiet(&args, "")?;
        Ok(String::from_utf8_lossy(&output.stdout).matches(subject).count() == 1)
    })
}

fn named(stage: &Stage, name: &str) -> Result<Value, String> {
    let mut accounts = accounts(stage)?.into_iter();
    accounts.find(|account| account["name"] == name).ok_or(format!("there is no account {name}"))
}

impl Stage {
    /// How often that happened at the issuer.
    fn at_issuer(&self, what: &str) -> u64 {
        self.provider.ledger.commands(Service::Issuer).get(what).copied().unwrap_or(0)
    }
}
