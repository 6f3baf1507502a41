//! `chapar logs`: the journal when systemd runs the daemon, else the log file.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::{Timestamp, Zoned};
use serde_json::json;

use super::Context;
use crate::args::{Level, LogsArgs};
use crate::error::{Fault, exit};
use crate::screen::{Form, Line, Screen, Style};
use crate::{places, systemd, when};

/// How often a followed file is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// Most read of a log file: twice what the ring holds.
const FILE_LIMIT: u64 = 16 << 20;

/// Shows the log.
pub(crate) fn run(context: &Context<'_>, args: &LogsArgs) -> Result<u8, Fault> {
    let filter = Filter::new(context, args)?;
    if is_in_journal()
        && let Some(mut journal) = journal(args)
    {
        let reader = journal.stdout.take().map(BufReader::new);
        for line in reader.into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
            filter.show(context.screen, &line)?;
        }
        let _ = journal.wait();
        return Ok(exit::OK);
    }
    let path = places::state()?.join("log/chapard.log");
    let mut place = show_end(context.screen, &path, args, &filter)?;
    if !args.follow {
        return Ok(exit::OK);
    }
    loop {
        context.screen.flush()?;
        std::thread::sleep(LOOK);
        place = show_new(context.screen, &path, place, &filter)?;
    }
}

/// Which lines are wanted.
struct Filter {
    since: Option<Timestamp>,
    level: Option<Level>,
    /// As the log writes it: `account=1`.
    account: Option<String>,
}

impl Filter {
    fn new(context: &Context<'_>, args: &LogsArgs) -> Result<Self, Fault> {
        let since =
            match &args.since {
                None => None,
                Some(text) => Some(when::parse_since(text, &Zoned::now()).map_err(|cause| {
                    Fault::new("input.time", cause.to_string()).without_commands()
                })?),
            };
        let account = match context.account() {
            None => None,
            Some(wanted) => Some(written(context, wanted)?),
        };
        Ok(Self { since, level: args.level, account })
    }

    fn wants(&self, line: &str) -> bool {
        let since = self.since.is_none_or(|since| {
            let at = line.split_whitespace().next().and_then(|word| word.parse::<Timestamp>().ok());
            at.is_none_or(|at| at >= since)
        });
        let level =
            self.level.is_none_or(|least| level_of(line).is_none_or(|level| level <= least));
        let account = self
            .account
            .as_ref()
            .is_none_or(|account| line.split_whitespace().any(|word| word == account));
        since && level && account
    }

    fn show(&self, screen: &Screen, line: &str) -> Result<(), Fault> {
        if !self.wants(line) {
            return Ok(());
        }
        match screen.form {
            Form::Json => {
                let level = level_of(line).map(|level| format!("{level:?}").to_lowercase());
                screen.json(&json!({"level": level, "line": line}))?;
            }
            Form::Human | Form::Plain => {
                let style = match level_of(line) {
                    Some(Level::Error) => Style::Bad,
                    Some(Level::Warn) => Style::Warn,
                    Some(Level::Debug | Level::Trace) => Style::Dim,
                    Some(Level::Info) | None => Style::Plain,
                };
                screen.answer(&Line::new().with(style, line))?;
            }
        }
        Ok(())
    }
}

/// An account as the log writes it. The log has no names: who is meant is asked of the daemon, if one
/// runs; else only the id says it.
fn written(context: &Context<'_>, wanted: &str) -> Result<String, Fault> {
    let number = |id: &str| {
        let number = id.strip_prefix('a')?;
        number.chars().all(|c| c.is_ascii_digit()).then(|| format!("account={number}"))
    };
    let id = match context.running() {
        Ok(mut daemon) => daemon.account(Some(wanted))?.id.0,
        Err(fault) if fault.code == "socket.absent" => wanted.to_owned(),
        Err(fault) => return Err(fault),
    };
    number(&id).ok_or_else(|| {
        Fault::new("account.unknown", format!("chapard does not run, so nobody knows {wanted:?}"))
            .without_commands()
            .hint("name the account by its id, such as a1, or start chapard first")
    })
}

/// The newest lines of the log at this level or worse, for the support bundle: as many as `most`.
pub(crate) fn newest(least: Level, most: usize) -> Vec<String> {
    let args = LogsArgs { follow: false, since: None, level: Some(least), lines: most };
    let lines: Vec<String> = if is_in_journal()
        && let Some(mut journal) = journal(&args)
    {
        let reader = journal.stdout.take().map(BufReader::new);
        let lines = reader.into_iter().flat_map(BufRead::lines).map_while(Result::ok);
        let lines = lines.take(most).collect();
        let _ = journal.wait();
        lines
    } else {
        let path = places::state().map(|state| state.join("log/chapard.log"));
        path.and_then(|path| whole(&path)).map(|(lines, _)| lines).unwrap_or_default()
    };
    let wanted = |line: &&String| level_of(line).is_some_and(|level| level <= least);
    let wanted: Vec<String> = lines.iter().filter(wanted).cloned().collect();
    wanted.into_iter().rev().take(most).rev().collect()
}

/// Whether systemd runs the daemon, so that the journal has its log.
fn is_in_journal() -> bool {
    systemd::is_there() && systemd::property("chapard.service", "MainPID").parse() != Ok(0_u32)
}

/// The level of a line: its first word that is one.
fn level_of(line: &str) -> Option<Level> {
    line.split_whitespace().take(4).find_map(|word| match word {
        "ERROR" => Some(Level::Error),
        "WARN" => Some(Level::Warn),
        "INFO" => Some(Level::Info),
        "DEBUG" => Some(Level::Debug),
        "TRACE" => Some(Level::Trace),
        _ => None,
    })
}

fn journal(args: &LogsArgs) -> Option<std::process::Child> {
    let mut command = Command::new("journalctl");
    command.args(["--user", "--unit", "chapard.service", "--output", "cat", "--no-pager"]);
    command.arg("--lines").arg(args.lines.to_string());
    if args.follow {
        command.arg("--follow");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()
}

/// Shows the last lines, the older file of the ring first, and gives the end of the newer one.
fn show_end(screen: &Screen, path: &Path, args: &LogsArgs, filter: &Filter) -> Result<u64, Fault> {
    let (lines, end) = whole(path)?;
    if lines.is_empty() && end == 0 && !args.follow {
        let message = format!("there is no log yet: {}", path.display());
        return Err(Fault::new("input.file", message)
            .without_commands()
            .hint("chapard writes it once it has run"));
    }
    let wanted: Vec<&String> = lines.iter().filter(|line| filter.wants(line)).collect();
    let skip = wanted.len().saturating_sub(args.lines);
    wanted.into_iter().skip(skip).try_for_each(|line| filter.show(screen, line))?;
    Ok(end)
}

/// Every line of the ring, the older file first, and where the newer one ends.
fn whole(path: &Path) -> Result<(Vec<String>, u64), Fault> {
    let mut older = path.as_os_str().to_owned();
    older.push(".1");
    let mut lines = Vec::new();
    let mut end = 0;
    for (file, newest) in [(PathBuf::from(older), false), (path.to_owned(), true)] {
        match read_from(&file, 0) {
            Ok((text, length)) => {
                lines.extend(text.lines().map(str::to_owned));
                end = if newest { length } else { end };
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(cause) => return Err(Fault::file(&file, &cause)),
        }
    }
    Ok((lines, end))
}

/// Shows what was written since `place`; a file that became shorter begins anew.
fn show_new(screen: &Screen, path: &Path, place: u64, filter: &Filter) -> Result<u64, Fault> {
    let Ok(length) = std::fs::metadata(path).map(|metadata| metadata.len()) else {
        return Ok(0);
    };
    let from = if length < place { 0 } else { place };
    let (text, _) = read_from(path, from).map_err(|cause| Fault::file(path, &cause))?;
    // a line that is still being written is shown when it is whole
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let shown = text.get(..whole).unwrap_or_default();
    shown.lines().try_for_each(|line| filter.show(screen, line))?;
    Ok(from + whole as u64)
}

fn read_from(path: &Path, from: u64) -> std::io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT).read_to_end(&mut bytes)?;
    let length = from + bytes.len() as u64;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_filtered_by_time_level_and_account() {
        let line = "2026-11-22T10:31:07.412Z  WARN chapar_daemon::chronicle: gone account=12";
        let filter = |since: Option<&str>, level, account: Option<&str>| Filter {
            since: since.map(|at| at.parse().unwrap()),
            level,
            account: account.map(str::to_owned),
        };
        assert!(filter(None, None, None).wants(line));
        assert!(
            filter(Some("2026-11-22T10:00:00Z"), Some(Level::Warn), Some("account=12")).wants(line)
        );
        assert!(!filter(Some("2026-11-22T11:00:00Z"), None, None).wants(line));
        assert!(!filter(None, Some(Level::Error), None).wants(line));
        assert!(!filter(None, None, Some("account=1")).wants(line));
    }
}
