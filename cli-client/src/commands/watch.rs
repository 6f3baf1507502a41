//! `chapar watch`: the stream of events, for a person, as NDJSON, or handed to a command.
//!
//! At least once: the cursor is recorded only after an event was printed or its command ended.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use chapar_ipc_protocol::account::Severity;
use chapar_ipc_protocol::client::{ClientError, Events};
use chapar_ipc_protocol::event::{Event, EventData, EventSubscribe};
use chapar_ipc_protocol::id::{AccountId, Cursor};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::Context;
use crate::args::WatchArgs;
use crate::daemon::fault_of;
use crate::error::{Fault, exit, shell_words};
use crate::hygiene::{Lines, clean};
use crate::render::time::{clock, count};
use crate::screen::{Form, Line, Screen, Style, cut};

/// A cursor is an instance and a number; anything longer is not one.
const CURSOR_LIMIT: u64 = 256;

/// Follows events until the count is reached, the daemon stops, or Ctrl-C.
pub(crate) fn run(context: &Context<'_>, args: &WatchArgs) -> Result<u8, Fault> {
    let screen = context.screen;
    let mut daemon = context.open()?;
    let accounts = daemon.accounts()?;
    let only = match context.account() {
        Some(wanted) => Some(daemon.account(Some(wanted))?.id),
        None => None,
    };
    let names: Vec<(AccountId, String)> =
        accounts.into_iter().map(|account| (account.id, account.name)).collect();
    let since = match (&args.since, &args.since_file) {
        (Some(cursor), _) => Some(Cursor::from(cursor.as_str())),
        (None, Some(file)) => read_cursor(file)?,
        (None, None) => None,
    };
    let subscription = EventSubscribe {
        since,
        types: (!args.types.is_empty()).then(|| args.types.clone()),
        account_ids: only.map(|id| vec![id]),
    };
    let events = daemon.into_client().subscribe(&subscription).map_err(fault_of)?;
    events.set_timeout(None).map_err(|cause| fault_of(ClientError::Io(cause)))?;
    if events.reply().resync {
        screen.warn(&Line::new().with(Style::Warn, "!").text(
            " the history since that cursor is no longer kept: list what matters to you again",
        ));
    }
    let began_at = events.reply().cursor.clone();
    if let Some(file) = args.since_file.as_deref().filter(|file| !file.exists()) {
        record_cursor(file, &began_at)?;
    }
    follow(screen, args, events, &names)
}

fn follow(
    screen: &Screen,
    args: &WatchArgs,
    events: Events,
    names: &[(AccountId, String)],
) -> Result<u8, Fault> {
    let mut left = args.count;
    if left == Some(0) {
        return Ok(exit::OK);
    }
    for event in events {
        let event = event.map_err(fault_of)?;
        if handle(screen, args, &event, names)? {
            left = left.map(|left| left.saturating_sub(1));
        }
        if let Some(file) = &args.since_file {
            record_cursor(file, &event.cursor)?;
        }
        if left == Some(0) {
            return Ok(exit::OK);
        }
        if matches!(event.data, EventData::DaemonStopping(_)) {
            return Err(stopped());
        }
    }
    Err(stopped())
}

fn stopped() -> Fault {
    Fault::new("socket.closed", "chapard stopped; the stream ends here")
}

/// Shows or hands on one event; false for what only steers the stream.
fn handle(
    screen: &Screen,
    args: &WatchArgs,
    event: &Event,
    names: &[(AccountId, String)],
) -> Result<bool, Fault> {
    let steers = event.data.name().starts_with("stream.");
    let asked = chapar_ipc_protocol::event::matches(&args.types, event.data.name());
    if steers && !asked {
        return Ok(false);
    }
    let value = serde_json::to_value(event).unwrap_or(Value::Null);
    if !args.exec.is_empty() {
        hand_on(&args.exec, &value, screen)?;
        return Ok(true);
    }
    match screen.form {
        Form::Json => screen.json(&value)?,
        Form::Plain => screen.fields([
            event.cursor.as_ref(),
            &event.at,
            event.data.name(),
            event.account_id.as_ref().map_or("-", |id| id.as_ref()),
            &value.get("data").map(Value::to_string).unwrap_or_default(),
        ])?,
        Form::Human => screen.answer(&line(event, names).fit(screen.width))?,
    }
    screen.flush()?;
    Ok(true)
}

/// Runs the command with the event on its standard input; a failure is told, not fatal.
fn hand_on(words: &[String], event: &Value, screen: &Screen) -> Result<(), Fault> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    let failed = |cause: std::io::Error| {
        Fault::new("input.file", format!("could not run {program:?}")).because(cause.to_string())
    };
    let mut child =
        Command::new(program).args(arguments).stdin(Stdio::piped()).spawn().map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // a command that does not read its input is its own choice
        let _ = input.write_all(format!("{event}\n").as_bytes());
    }
    let status = child.wait().map_err(failed)?;
    if !status.success() {
        screen.warn(
            &Line::new()
                .with(Style::Warn, "!")
                .text(format!(" {} ended with {status}", shell_words(words))),
        );
    }
    Ok(())
}

/// Reads the cursor of a file; a file that is not there yet is the beginning.
fn read_cursor(path: &Path) -> Result<Option<Cursor>, Fault> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(Fault::file(path, &cause)),
    };
    let mut text = String::new();
    file.take(CURSOR_LIMIT + 1)
        .read_to_string(&mut text)
        .map_err(|cause| Fault::file(path, &cause))?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() as u64 >= CURSOR_LIMIT || text.contains(char::is_whitespace) {
        return Err(Fault::new("input.data", format!("{} holds no cursor", path.display()))
            .without_commands()
            .hint("delete the file to begin with what happens from now on"));
    }
    Ok(Some(Cursor::from(text)))
}

/// Records a cursor so that a crash leaves the old or the new one, never half of it.
fn record_cursor(path: &Path, cursor: &Cursor) -> Result<(), Fault> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    fs::write(beside, format!("{cursor}\n"))
        .and_then(|()| fs::rename(beside, path))
        .map_err(|cause| Fault::unwritable(path, &cause))
}

/// One event for a person: the time, the account, what it is, and its words.
fn line(event: &Event, names: &[(AccountId, String)]) -> Line {
    let at =
        event.at.parse().map_or_else(|_| event.at.clone(), |at| clock(at, &TimeZone::system()));
    let account = event.account_id.as_ref().map_or("", |id| {
        names.iter().find(|(known, _)| known == id).map_or(id.as_ref(), |(_, name)| name)
    });
    let (style, kind, words) = describe(&event.data);
    Line::new()
        .with(Style::Dim, at)
        .text(format!(" {:<8} ", cut(account, 8)))
        .with(style, format!("{kind:<10}"))
        .text(format!(" {words}"))
}

fn describe(data: &EventData) -> (Style, String, String) {
    let shown = |style, kind: &str, words: String| (style, kind.to_owned(), words);
    match data {
        EventData::EmailReceived(mail) => {
            let from = mail.from.first().map_or_else(String::new, |from| {
                from.name.clone().unwrap_or_else(|| from.email.clone())
            });
            shown(
                Style::Strong,
                "mail",
                format!("{:<20} {}", cut(&clean(&from, Lines::One), 20), mail.subject),
            )
        }
        EventData::EmailSent(mail) => shown(Style::Plain, "in sent", mail.email_id.to_string()),
        EventData::EmailReplied(mail) => shown(
            Style::Strong,
            "reply",
            format!("{} answers {}", mail.email_id, mail.submission_id),
        ),
        EventData::SubmissionQueued(of) => {
            shown(Style::Plain, "queued", of.submission_id.to_string())
        }
        EventData::SubmissionAccepted(of) => {
            shown(Style::Good, "sent", format!("{}  “{}”", of.submission_id, of.reply))
        }
        EventData::SubmissionDeferred(of) => shown(
            Style::Warn,
            "later",
            format!("{}  “{}”  again {}", of.submission_id, of.reply, of.next_attempt_at),
        ),
        EventData::SubmissionFailed(of) => {
            shown(Style::Bad, "not sent", format!("{}  “{}”", of.submission_id, of.reply))
        }
        EventData::SubmissionUnknown(of) => {
            shown(Style::Warn, "unknown", format!("{}  being looked for in Sent", of.submission_id))
        }
        EventData::SubmissionCanceled(of) => {
            shown(Style::Plain, "canceled", of.submission_id.to_string())
        }
        EventData::SyncStarted(sync) => {
            shown(Style::Plain, "sync", format!("{} mails to fetch", count(sync.total)))
        }
        EventData::SyncProgress(sync) => {
            shown(Style::Plain, "sync", format!("{}/{}", count(sync.done), count(sync.total)))
        }
        EventData::SyncCompleted(sync) if sync.initial => {
            shown(Style::Good, "ready", format!("{} mails", count(sync.emails)))
        }
        EventData::SyncCompleted(sync) => shown(
            Style::Plain,
            "sync",
            format!("+{} −{} flags {}", sync.added, sync.removed, sync.flagged),
        ),
        EventData::SyncFailed(why) => shown(Style::Warn, "sync", format!("failed: {}", why.detail)),
        EventData::AccountAuthExpired(why) => {
            shown(Style::Bad, "!", format!("sign in again: {}", why.detail))
        }
        EventData::AccountOffline(why) => shown(Style::Warn, "offline", why.detail.clone()),
        EventData::HealthChanged(health) => {
            let style = match health.severity {
                Severity::Error => Style::Bad,
                Severity::Warning => Style::Warn,
                _ => Style::Plain,
            };
            let kind = if health.severity == Severity::Ok { "well again" } else { "!" };
            shown(style, kind, format!("{} ({})", health.title, health.code))
        }
        other => {
            let value = match other {
                EventData::Other { data, .. } => data.to_string(),
                _ => String::new(),
            };
            shown(Style::Plain, other.name(), value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(json: &str) -> String {
        let event: Event = serde_json::from_str(json).unwrap();
        line(&event, &[(AccountId::from("a1"), "work".to_owned())])
            .paint(crate::screen::Paper::default())
    }

    #[test]
    fn a_mail_cannot_steer_the_terminal() {
        let text = painted(
            r#"{"cursor":"x:1","at":"?","type":"email.received","accountId":"a1","data":
            {"subject":"Re: \u001b]0;owned\u0007quote","from":[{"name":"Ada\u202e","email":"a@x"}]}}"#,
        );
        assert_eq!(text, "? work     mail       Ada                  Re: quote");
    }

    #[test]
    fn unknown_types_are_shown_as_they_came() {
        let text = painted(r#"{"cursor":"x:1","at":"?","type":"tracking.opened","data":{"n":1}}"#);
        assert_eq!(text, "?          tracking.opened {\"n\":1}");
    }

    #[test]
    fn a_cursor_file_is_read_and_replaced_whole() {
        let directory = std::env::temp_dir().join(format!("chapar-watch-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("cursor");
        assert_eq!(read_cursor(&path).unwrap(), None);
        record_cursor(&path, &Cursor::from("7f3k:18")).unwrap();
        assert_eq!(read_cursor(&path).unwrap(), Some(Cursor::from("7f3k:18")));
        fs::write(&path, "two words").unwrap();
        assert_eq!(read_cursor(&path).unwrap_err().exit, 65);
        fs::remove_dir_all(&directory).unwrap();
    }
}
