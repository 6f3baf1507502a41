//! The log: to the journal under systemd, else to a ring of two files. One line an entry, control
//! characters escaped. By convention no entry holds an address, a subject or a secret; libraries
//! that log credentials are silenced here, whatever level is set.

mod ring;

use crate::config::{Config, LogLevel, LogTo};
use ring::Ring;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// Characters of one line: a stack of library errors fits, a dumped buffer does not.
const LINE_CHARS: usize = 2_000;
/// Crates that print credentials, whole messages or the names that are looked up below INFO.
const CLAMPED: [&str; 8] = [
    "async_imap",
    "imap_proto",
    "lettre",
    "rustls",
    "zbus",
    "hickory_resolver",
    "hickory_net",
    "hickory_proto",
];

/// Where entries go.
enum Sink {
    /// Standard error; `true` = with `<N>` priorities for the journal (sd-daemon(3)).
    Stderr(bool),
    File(Ring),
}

/// Starts logging as configured; `CHAPAR_LOG` overrides the level. Entries before this are lost.
pub fn start(config: &Config, dir: &Path) -> io::Result<()> {
    let wanted = std::env::var("CHAPAR_LOG")
        .ok()
        .and_then(|word| LogLevel::named(&word))
        .unwrap_or(config.log_level);
    let journal = stderr_is_journal();
    let sink = match config.log_to {
        LogTo::Stderr => Sink::Stderr(journal),
        LogTo::Auto if journal => Sink::Stderr(true),
        LogTo::Auto | LogTo::File => Sink::File(Ring::open(dir)?),
    };
    let subscriber = tracing_subscriber::registry()
        .with(Lines { level: filter(wanted), sink: Mutex::new(sink) });
    tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)
}

/// Whether standard error is the very stream `JOURNAL_STREAM` names (systemd.exec(5)); a child
/// that redirected it inherits the variable but not the stream.
fn stderr_is_journal() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    rustix::fs::fstat(io::stderr().as_fd())
        .is_ok_and(|stat| named == format!("{}:{}", stat.st_dev, stat.st_ino))
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// Whether an entry of this level and origin may be written at all.
fn allowed(limit: LevelFilter, level: Level, target: &str) -> bool {
    let origin = target.split("::").next().unwrap_or(target);
    let clamped = CLAMPED.contains(&origin) && level > Level::INFO;
    level <= limit && !clamped
}

/// The layer that writes one line an entry.
struct Lines {
    level: LevelFilter,
    sink: Mutex<Sink>,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        allowed(self.level, *metadata.level(), metadata.target())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut text = Text(String::new());
        event.record(&mut text);
        let line = format!("{:5} {}{}", metadata.level(), metadata.target(), text.0);
        let line = escaped(&line);
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        // a log that cannot be written must not stop the mail
        let _ = match &mut *sink {
            Sink::Stderr(true) => {
                let priority = priority(*metadata.level());
                writeln!(io::stderr().lock(), "<{priority}>{line}")
            }
            Sink::Stderr(false) => writeln!(io::stderr().lock(), "{line}"),
            Sink::File(ring) => ring.write(&format!("{} {line}\n", jiff::Timestamp::now())),
        };
    }
}

/// syslog priorities (sd-daemon(3)).
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

/// Message first, then the fields as `name=value`.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // writing to a String cannot fail
        let _ = if field.name() == "message" {
            write!(self.0, ": {value:?}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

/// One line: control and direction-changing characters as escapes, cut at [`LINE_CHARS`].
fn escaped(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    for (count, c) in line.chars().enumerate() {
        if count >= LINE_CHARS {
            clean.push('…');
            break;
        }
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_that_print_credentials_stay_silent_at_trace() {
        let all = LevelFilter::TRACE;
        assert!(allowed(all, Level::TRACE, "chapar_daemon::imap"));
        assert!(!allowed(all, Level::TRACE, "async_imap::client"));
        assert!(!allowed(all, Level::DEBUG, "lettre"));
        assert!(!allowed(all, Level::DEBUG, "rustls::client"));
        assert!(allowed(all, Level::WARN, "rustls::client"));
        assert!(!allowed(LevelFilter::INFO, Level::DEBUG, "chapar_daemon"));
    }

    #[test]
    fn one_entry_is_one_line() {
        assert_eq!(escaped("a\nb\x1b[2J\u{202e}"), "a\\nb\\u{1b}[2J\\u{202e}");
        assert!(escaped(&"x".repeat(9_000)).chars().count() <= LINE_CHARS + 1);
    }
}
