//! The support bundle: what somebody who helps needs to know, and nothing of the person.
//!
//! Built field by field from the findings, the outbox and the usual lines of the log: no mail and no
//! secret is ever near it. Names are masked, then the whole text is searched for what must not be in
//! it; what is found stops the writing. A line of the log that still names somebody is left out.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use chapar_ipc_protocol::account::Account;
use chapar_ipc_protocol::doctor::DoctorCheck;
use chapar_ipc_protocol::id::SubmissionId;
use chapar_ipc_protocol::submission::{EmailSubmission, SubmissionGet, SubmissionQuery};
use serde_json::{Value, json};

use super::Findings;
use crate::args::{Change, Level};
use crate::ask;
use crate::commands::{Context, logs};
use crate::error::Fault;
use crate::screen::{Form, Line};

/// Words shorter than this are not names of anybody: masking `a` would eat every sentence.
const LEAST_NAME: usize = 3;
/// Submissions told, the newest: what waits and what went wrong lately.
const SUBMISSIONS: u64 = 50;
/// Lines of the log told, the newest.
const LINES: usize = 200;

/// Shows the bundle, asks, writes it.
pub(super) fn write(
    context: &Context<'_>,
    findings: &Findings,
    file: &Path,
    change: Change,
) -> Result<(), Fault> {
    let screen = context.screen;
    let text = text(&Collected::now(context, findings))?;
    for line in text.lines() {
        screen.say(&Line::of(line));
    }
    if change.dry_run {
        return Ok(());
    }
    let question = format!("Write this to {}?", file.display());
    ask::confirm(screen, &question, change.yes)?;
    let unwritable = |cause: std::io::Error| Fault::unwritable(file, &cause);
    let mut written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(unwritable)?;
    written.write_all(text.as_bytes()).map_err(unwritable)?;
    match screen.form {
        Form::Json => screen.object(
            "doctor",
            json!({"ok": findings.is_well(), "checks": findings.checks, "bundle": file}),
        ),
        Form::Plain => screen.fields(["bundle", &file.display().to_string()]),
        Form::Human => screen.answer(&Line::of(format!("Written: {}", file.display()))),
    }
}

/// What goes into it.
struct Collected<'f> {
    findings: &'f Findings,
    outbox: Vec<EmailSubmission>,
    log: Vec<String>,
}

impl<'f> Collected<'f> {
    /// Asks for what the findings have not; what cannot be had is left out.
    fn now(context: &Context<'_>, findings: &'f Findings) -> Self {
        let outbox = context.running().and_then(|mut daemon| {
            let query = SubmissionQuery {
                account_id: None,
                filter: None,
                position: None,
                limit: Some(SUBMISSIONS),
            };
            let ids = daemon.call(&query)?.ids;
            let ids = ids.iter().map(|id| SubmissionId::from(id.as_str())).collect();
            let get = SubmissionGet { ids: Some(ids), ..SubmissionGet::default() };
            Ok(daemon.call(&get)?.list)
        });
        let log = logs::newest(Level::Info, LINES);
        Self { findings, outbox: outbox.unwrap_or_default(), log }
    }
}

/// The bundle as it is written.
fn text(collected: &Collected<'_>) -> Result<String, Fault> {
    let findings = collected.findings;
    let mask = Mask::new(&findings.accounts);
    let log = collected.log.iter().map(|line| mask.of(line));
    let log: Vec<String> = log.filter(|line| mask.remains(line).is_none()).collect();
    let bundle = json!({
        "schema": "chapar/bundle/1",
        "chapar": env!("CARGO_PKG_VERSION"),
        "system": {
            "os": std::env::consts::OS, "arch": std::env::consts::ARCH,
            "version": system_version(), "kernel": kernel(),
        },
        "accounts": findings.accounts.iter().map(account).collect::<Vec<_>>(),
        "checks": findings.checks.iter().map(|it| check(it, &mask)).collect::<Vec<_>>(),
        "outbox": collected.outbox.iter().map(submission).collect::<Vec<_>>(),
        "log": log,
    });
    let text = serde_json::to_string_pretty(&bundle).unwrap_or_default() + "\n";
    match mask.remains(&text) {
        None => Ok(text),
        // the words themselves are not repeated: this message may end in a bug report
        Some(what) => Err(Fault::new(
            "daemon.fault",
            format!("the bundle still held {what}; nothing was written"),
        )),
    }
}

/// An account without anything that names it.
fn account(account: &Account) -> Value {
    json!({
        "id": account.id,
        "provider": account.provider,
        "auth": account.auth,
        "state": account.state,
        "paused": account.paused,
        "push": account.push,
        "mails": account.mails,
        "mailboxes": account.mailboxes,
        "health": account.health.iter().map(|health| &health.code).collect::<Vec<_>>(),
    })
}

/// Where a submission stands, without who it is to and what it is about.
fn submission(of: &EmailSubmission) -> Value {
    // the words of a reply often name an address: its code does not
    let code = of.last_reply.as_deref().and_then(|reply| reply.get(..3));
    let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    json!({
        "id": of.id,
        "account": of.account_id,
        "phase": of.phase,
        "filed": of.filed,
        "attempts": of.attempts,
        "recipients": of.envelope.rcpt_to.len(),
        "lastReply": code,
        "createdAt": of.created_at,
        "nextAttemptAt": of.next_attempt_at,
        "size": of.size,
    })
}

/// What the system calls itself: `PRETTY_NAME` of os-release(5).
fn system_version() -> Option<String> {
    let text = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())?;
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim_matches(['"', '\'']).to_owned())
}

fn kernel() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    Some(text.trim().to_owned())
}

fn check(check: &DoctorCheck, mask: &Mask) -> Value {
    json!({
        "what": check.what,
        "account": check.account_id,
        "state": check.state,
        "title": mask.of(&check.title),
        "detail": check.detail.as_ref().map(|detail| mask.of(detail)),
        "code": check.code,
        "who": check.who,
        "dependsOn": check.depends_on,
        "ms": check.ms,
    })
}

/// What names the person: longest first, so that an address goes before its domain.
struct Mask(Vec<(String, String)>);

impl Mask {
    fn new(accounts: &[Account]) -> Self {
        let mut names: Vec<(String, String)> = Vec::new();
        for account in accounts {
            let id = &account.id.0;
            let mut hide = |word: &str, kind: &str| {
                if word.chars().count() >= LEAST_NAME {
                    names.push((word.to_lowercase(), format!("<{kind} of {id}>")));
                }
            };
            hide(&account.email, "address");
            hide(&account.user, "login");
            hide(&account.name, "name");
            account.display_name.iter().for_each(|name| hide(name, "person"));
            for part in account.email.split('@') {
                hide(part, "part of the address");
            }
            // a provider of the table is no secret; a company's own host is its name
            if account.provider == "other" || account.provider.is_empty() {
                if let Some(server) = &account.imap {
                    hide(&server.host, "imap");
                }
                if let Some(server) = &account.smtp {
                    hide(&server.host, "smtp");
                }
            }
        }
        let home = std::env::var_os("HOME").and_then(|home| home.into_string().ok());
        if let Some(home) = home.filter(|home| home.len() > LEAST_NAME) {
            names.push((home.to_lowercase(), "<home>".to_owned()));
        }
        names.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        names.dedup_by(|one, other| one.0 == other.0);
        Self(names)
    }

    /// `text` with everything that names the person replaced.
    fn of(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for (word, instead) in &self.0 {
            masked = replace(&masked, word, instead);
        }
        let words = masked.split_inclusive(char::is_whitespace);
        words.map(|word| if has_address(word) { blank(word) } else { word.to_owned() }).collect()
    }

    /// What of it a text still holds, in general words.
    fn remains(&self, text: &str) -> Option<&'static str> {
        if text.split_whitespace().any(has_address) {
            return Some("a mail address");
        }
        // names that are common words may stand in fixed sentences; addresses and hosts may not
        let lower = text.to_lowercase();
        let named = |(word, _): &&(String, String)| word.contains(['@', '.', '/']);
        self.0.iter().filter(named).any(|(word, _)| lower.contains(word)).then_some("a name")
    }
}

/// A word with an address in it, kept only as that.
fn blank(word: &str) -> String {
    let end = word.trim_end_matches(char::is_whitespace).len();
    format!("<an address>{}", word.get(end..).unwrap_or_default())
}

/// Something on both sides of an `@`, in whatever spelling.
fn has_address(word: &str) -> bool {
    let spelt = word.to_lowercase().replace("%40", "@").replace("\\u0040", "@");
    let parts: Vec<&str> = spelt.split('@').collect();
    let name = |c: char| c.is_alphanumeric();
    parts.windows(2).any(|pair| match pair {
        [before, after] => {
            before.chars().next_back().is_some_and(|c| name(c) || "._-+\"".contains(c))
                && after.chars().next().is_some_and(|c| name(c) || c == '[')
        }
        _ => false,
    })
}

/// `word` (lower case) replaced in any case where it stands alone.
fn replace(text: &str, word: &str, instead: &str) -> String {
    let lower = text.to_lowercase();
    // lower-casing that changes lengths would cut in the wrong place: then all of it goes
    if lower.len() != text.len() {
        return if lower.contains(word) { instead.to_owned() } else { text.to_owned() };
    }
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = lower.get(from..).and_then(|rest| rest.find(word)).map(|at| at + from) {
        let end = at + word.len();
        let alone = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        let before = lower.get(..at).and_then(|text| text.chars().next_back());
        let after = lower.get(end..).and_then(|text| text.chars().next());
        masked.push_str(text.get(from..at).unwrap_or_default());
        let kept = text.get(at..end).unwrap_or_default();
        masked.push_str(if alone(before) && alone(after) { instead } else { kept });
        from = end;
    }
    masked.push_str(text.get(from..).unwrap_or_default());
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use chapar_ipc_protocol::account::{Endpoint, Security};
    use chapar_ipc_protocol::doctor::CheckState;
    use chapar_ipc_protocol::id::AccountId;

    fn canary() -> Account {
        Account {
            id: AccountId::from("a1"),
            name: "zlatka".to_owned(),
            email: "Kanarek.Zlaty@firma-tajna.example".to_owned(),
            user: "kanarek-login".to_owned(),
            display_name: Some("Zlatý Kanárek".to_owned()),
            provider: "other".to_owned(),
            imap: Some(Endpoint {
                host: "imap.firma-tajna.example".to_owned(),
                port: 993,
                security: Security::Tls,
            }),
            ..Account::default()
        }
    }

    fn findings(title: &str, detail: &str) -> Findings {
        let check = DoctorCheck {
            what: "auth".to_owned(),
            account_id: Some(AccountId::from("a1")),
            state: CheckState::Error,
            title: title.to_owned(),
            detail: Some(detail.to_owned()),
            ..DoctorCheck::default()
        };
        Findings { checks: vec![check], accounts: vec![canary()], fixed: vec![] }
    }

    fn collected(findings: &Findings) -> Collected<'_> {
        let outbox = EmailSubmission {
            phase: chapar_ipc_protocol::submission::Phase::Queued,
            subject: "Kanárek".to_owned(),
            last_reply: Some("451 4.7.1 eve@y.example: later".to_owned()),
            ..EmailSubmission::default()
        };
        let log = [
            "INFO chapar_daemon::chronicle: account=1 submission 7: sent",
            "INFO x: mailto:eve@y.example",
            "INFO x: imap.firma-tajna.example does not answer",
        ];
        let log = log.map(str::to_owned).to_vec();
        Collected { findings, outbox: vec![outbox], log }
    }

    #[test]
    fn nothing_of_the_person_is_in_it() {
        let findings = findings(
            "imap.firma-tajna.example refuses KANAREK-LOGIN; zlatka",
            "no such user <kanarek.zlaty@FIRMA-TAJNA.example>, Zlatý Kanárek; also bo%40x.example \
             and mailto:eve@y.example",
        );
        let text = text(&collected(&findings)).unwrap().to_lowercase();
        for canary in
            ["kanarek", "zlat", "kanárek", "firma", "tajna", "bo%40", "eve@", "@", "x.example"]
        {
            assert!(!text.contains(canary), "{canary} in {text}");
        }
        assert!(text.contains("<imap of a1>") && text.contains("refuses"), "{text}");
    }

    #[test]
    fn what_names_nobody_stays() {
        let findings = findings("a server said no", "5.7.8 try again @ 10:00");
        let text = text(&collected(&findings)).unwrap();
        assert!(text.contains("account=1 submission 7: sent"), "{text}");
        assert!(text.contains("\"queued\"") && text.contains("\"451\""), "{text}");
        assert!(text.contains("\"kernel\"") && text.contains("\"version\""), "{text}");
        assert!(text.contains("a server said no") && text.contains("try again @ 10:00"), "{text}");
    }

    #[test]
    fn a_name_that_got_through_stops_the_writing() {
        let mask = Mask::new(&[canary()]);
        assert_eq!(mask.remains("x ana@b.example"), Some("a mail address"));
        assert_eq!(mask.remains("at imap.firma-tajna.example now"), Some("a name"));
        assert_eq!(mask.remains("nothing here"), None);
    }
}
