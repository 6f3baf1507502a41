//! `chapar watch`: the stream of events, for a person, as NDJSON, or handed to a command.
//!
//! At least once: the cursor is recorded only after an event was printed or its command ended.
//! A watch outlives the daemon: it waits for the next one and goes on where it was.

mod cursor;
mod words;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use chapar_ipc_protocol::client::{ClientError, Events};
use chapar_ipc_protocol::event::{Event, EventData, EventSubscribe};
use chapar_ipc_protocol::id::{AccountId, Cursor};
use serde_json::Value;

use super::Context;
use crate::args::WatchArgs;
use crate::daemon::{Daemon, fault_of};
use crate::error::{Fault, exit, shell_words};
use crate::screen::{Form, Line, Screen, Style};

/// Pause between two looks whether a daemon is there again.
const LOOK: Duration = Duration::from_millis(200);
/// What a daemon says before it stops on purpose.
const STOPPING: &str = "daemon.stopping";
/// So many accounts are named in the first line; more are counted.
const NAMED: usize = 3;

/// Follows events until the count is reached or Ctrl-C.
pub(crate) fn run(context: &Context<'_>, args: &WatchArgs) -> Result<u8, Fault> {
    let command = command(args)?;
    let mut daemon = context.open()?;
    let only = match context.account() {
        Some(wanted) => Some(daemon.account(Some(wanted))?),
        None => None,
    };
    let since = match (&args.since, &args.since_file) {
        (Some(cursor), _) => Some(Cursor::from(cursor.as_str())),
        (None, Some(file)) => cursor::read(file)?,
        (None, None) => None,
    };
    let only = only.map(|account| account.id);
    let mut watch =
        Watch { context, args, command, only, names: Vec::new(), since, left: args.count };
    let mut events = watch.subscribe(daemon)?;
    context.screen.tell(&watch.what());
    while let Some(may_start) = watch.follow(events)? {
        events = watch.go_on(may_start)?;
    }
    Ok(exit::OK)
}

/// The words of the command that each event is handed to.
fn command(args: &WatchArgs) -> Result<Vec<String>, Fault> {
    let Some(words) = &args.exec else { return Ok(Vec::new()) };
    let command: Vec<String> = words.iter().chain(&args.command).cloned().collect();
    if command.is_empty() {
        return Err(Fault::missing("the command", "--exec CMD, or --exec -- CMD ARGUMENTS"));
    }
    Ok(command)
}

/// Whether a fault says that no daemon answers now.
fn is_away(fault: &Fault) -> bool {
    ["socket.absent", "socket.closed", "socket.timeout"].contains(&fault.code.as_str())
}

/// A watch under way.
struct Watch<'a> {
    context: &'a Context<'a>,
    args: &'a WatchArgs,
    command: Vec<String>,
    only: Option<AccountId>,
    names: Vec<(AccountId, String)>,
    /// The cursor of the last event handled.
    since: Option<Cursor>,
    /// Events still to come before the end.
    left: Option<u64>,
}

impl Watch<'_> {
    fn screen(&self) -> &Screen {
        self.context.screen
    }

    fn learn_names(&mut self, daemon: &mut Daemon) -> Result<(), Fault> {
        let accounts = daemon.accounts()?;
        self.names = accounts.into_iter().map(|account| (account.id, account.name)).collect();
        Ok(())
    }

    /// What is watched, as a sentence.
    fn what(&self) -> String {
        let whose = |id: &AccountId| self.only.as_ref().is_none_or(|only| only == id);
        let names: Vec<&str> =
            self.names.iter().filter(|(id, _)| whose(id)).map(|(_, name)| name.as_str()).collect();
        let accounts = match names.len() {
            0 => "every mailbox that will be connected".to_owned(),
            1..=NAMED => names.join(", "),
            more => format!("{more} accounts"),
        };
        let types = if self.args.types.is_empty() {
            "new mail, sending, syncs and trouble".to_owned()
        } else {
            self.args.types.join(", ")
        };
        let from = match (&self.args.since, &self.args.since_file) {
            (None, None) => "",
            _ => ", from the given cursor on",
        };
        let handed = if self.command.is_empty() {
            String::new()
        } else {
            format!(" Each event is handed to: {}.", shell_words(&self.command))
        };
        format!("Watching {accounts}: {types}{from}.{handed} Ctrl-C ends it.")
    }

    /// Begins or goes on behind the last event.
    fn subscribe(&mut self, mut daemon: Daemon) -> Result<Events, Fault> {
        self.learn_names(&mut daemon)?;
        // whatever is asked for, the watch has to know why a daemon goes away
        let types = self.args.types.iter().map(String::as_str).chain([STOPPING]);
        let subscription = EventSubscribe {
            since: self.since.clone(),
            types: (!self.args.types.is_empty()).then(|| types.map(str::to_owned).collect()),
            account_ids: self.only.clone().map(|id| vec![id]),
        };
        let events = daemon.into_client().subscribe(&subscription).map_err(fault_of)?;
        events.set_timeout(None).map_err(|cause| fault_of(ClientError::Io(cause)))?;
        if events.reply().resync {
            self.screen().warn(&Line::new().with(Style::Warn, "!").text(
                " the history since that cursor is no longer kept: list what matters to you again",
            ));
        }
        let began_at = events.reply().cursor.clone();
        if let Some(file) = self.args.since_file.as_deref().filter(|file| !file.exists()) {
            cursor::record(file, &began_at)?;
        }
        self.since = Some(began_at);
        Ok(events)
    }

    /// Handles events until enough came (`None`) or the daemon went away. Then it says whether the
    /// next daemon may be started here: one that was told to stop is not.
    fn follow(&mut self, events: Events) -> Result<Option<bool>, Fault> {
        if self.left == Some(0) {
            return Ok(None);
        }
        let mut may_start = true;
        for event in events {
            let event = match event {
                Err(ClientError::Io(_)) => break,
                other => other.map_err(fault_of)?,
            };
            if self.handle(&event)? {
                self.left = self.left.map(|left| left.saturating_sub(1));
            }
            if let Some(file) = &self.args.since_file {
                cursor::record(file, &event.cursor)?;
            }
            self.since = Some(event.cursor);
            if self.left == Some(0) {
                return Ok(None);
            }
            // it still answers for a moment: only the end of the stream is its end
            may_start &= !matches!(event.data, EventData::DaemonStopping(_));
        }
        Ok(Some(may_start))
    }

    /// Waits until a daemon answers again, for as long as that takes, and goes on there.
    fn go_on(&mut self, may_start: bool) -> Result<Events, Fault> {
        let mut reached = if may_start { self.context.open() } else { self.context.running() };
        let mut told = false;
        loop {
            match reached.and_then(|daemon| self.subscribe(daemon)) {
                Err(fault) if is_away(&fault) => {}
                Err(fault) => return Err(fault),
                Ok(events) => {
                    self.screen().tell("chapard runs again; the watch goes on where it was.");
                    return Ok(events);
                }
            }
            if !told {
                self.screen().tell(
                    "chapard stopped; this watch waits and misses nothing. To start it:  chapar \
                     service start",
                );
                told = true;
            }
            std::thread::sleep(LOOK);
            reached = self.context.running();
        }
    }

    /// Shows or hands on one event; false for what only steers the stream and for what a person
    /// did not ask for.
    fn handle(&mut self, event: &Event) -> Result<bool, Fault> {
        self.follow_names(event);
        let asked = chapar_ipc_protocol::event::matches(&self.args.types, event.data.name());
        let to_person = self.screen().form == Form::Human;
        let steers = event.data.name().starts_with("stream.");
        let unasked = !self.args.types.is_empty() || steers;
        if !asked && (unasked || to_person && words::is_for_programs(&event.data)) {
            return Ok(false);
        }
        let value = serde_json::to_value(event).unwrap_or(Value::Null);
        let screen = self.screen();
        if !self.command.is_empty() {
            hand_on(&self.command, &value, screen)?;
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
            Form::Human => screen.answer(&words::line(event, &self.names).fit(screen.width))?,
        }
        screen.flush()?;
        Ok(true)
    }

    /// Accounts come and get other names while they are watched.
    fn follow_names(&mut self, event: &Event) {
        match (&event.account_id, &event.data) {
            (Some(id), EventData::AccountAdded(of)) => {
                self.names.push((id.clone(), of.name.clone()));
            }
            // a name that cannot be asked for stays the old one: nothing depends on it
            (_, EventData::AccountUpdated(_)) => {
                let _ = self.context.running().and_then(|mut daemon| self.learn_names(&mut daemon));
            }
            _ => {}
        }
    }
}

/// Runs the command with the event on its standard input; a failure is told, not fatal.
fn hand_on(words: &[String], event: &Value, screen: &Screen) -> Result<(), Fault> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    let failed = |cause: std::io::Error| {
        Fault::new("input.file", format!("could not run {program:?}"))
            .because(cause.to_string())
            .without_commands()
            .hint("give --exec a program on PATH, or the path of one")
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
