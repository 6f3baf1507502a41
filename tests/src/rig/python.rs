//! The independent witnesses: small Python programs over the standard library's `imaplib` and
//! `email`, which share no code with the product.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::process::run;
use super::{Rig, User};

/// Reading 3,000 mails takes seconds; the rest is patience with a loaded machine.
const LIMIT: Duration = Duration::from_mins(2);

/// Debian's interpreter before any other: a private HOME has no version managers.
pub(super) fn interpreter() -> &'static str {
    if PathBuf::from("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" }
}

pub(super) fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("python").join(name)
}

fn call(name: &str, args: &[String], stdin: &[u8]) -> Value {
    let mut command = Command::new(interpreter());
    command.arg(script(name)).args(args);
    let ran = run(&mut command, stdin, LIMIT);
    assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// Every message of every mailbox as `imaplib` sees it: a list of objects with `mailbox`, `uid`,
/// `flags`, `internalDate`, `size`, `messageId`, `sha256`.
pub fn imap_view(rig: &Rig, user: &User) -> Vec<Value> {
    let args = [
        rig.dovecot.ports.imaps.to_string(),
        rig.ca_file().display().to_string(),
        user.address.clone(),
    ];
    match call("imap_view.py", &args, user.password.as_bytes()) {
        Value::Array(messages) => messages,
        other => panic!("imap_view.py answered {other}"),
    }
}

/// What Python's `email` reads in a message: headers, texts, attachments, defects.
pub fn mail_facts(message: &[u8]) -> Value {
    call("mail_facts.py", &[], message)
}

/// The raw messages of one mailbox, as `imaplib` reads them, each as its `mail_facts`.
pub fn mailbox_facts(rig: &Rig, user: &User, mailbox: &str) -> Vec<Value> {
    mailbox_facts_at(rig, rig.dovecot.ports.imaps, user, mailbox)
}

/// As [`mailbox_facts`], on another server of the rig.
pub fn mailbox_facts_at(rig: &Rig, imaps: u16, user: &User, mailbox: &str) -> Vec<Value> {
    let args = [
        imaps.to_string(),
        rig.ca_file().display().to_string(),
        user.address.clone(),
        mailbox.to_owned(),
    ];
    match call("imap_view.py", &args, user.password.as_bytes()) {
        Value::Array(messages) => messages,
        other => panic!("imap_view.py answered {other}"),
    }
}

/// Posts a form over verified TLS: an object with `status` and `body`.
pub fn post(rig: &Rig, url: &str, form: &Value) -> Value {
    let args = [rig.ca_file().display().to_string(), url.to_owned()];
    call("post.py", &args, form.to_string().as_bytes())
}

/// Tries a token at both servers by both mechanisms: an object with `imap XOAUTH2` and so on, each
/// with what was `said` and the `challenge` before it.
pub fn bearer(rig: &Rig, user: &User, token: &str) -> Value {
    let args = [
        rig.dovecot.ports.imaps.to_string(),
        rig.postfix.ports.smtps.to_string(),
        rig.ca_file().display().to_string(),
        user.address.clone(),
    ];
    call("bearer.py", &args, token.as_bytes())
}
