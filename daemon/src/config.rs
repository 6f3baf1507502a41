//! The configuration file: what a person chose, nothing else. Unknown keys are errors, so that a
//! misspelt one never silently does nothing.

mod provider;

pub use provider::ProviderEntry;

use chapar_engine::limits::{BUDGET_BYTES, FIRST_SYNC_MESSAGES};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Bytes read of a configuration file: a person writes a few hundred.
pub const CONFIG_BYTES: u64 = 256 * 1024;
/// Window: at least the newest mail, at most what one mailbox is scanned for.
const WINDOW: std::ops::RangeInclusive<u32> = 1..=1_000_000;
/// Mebibytes of an account: at least so many that a quarter of them holds one batch, at most what no
/// disk has.
const BUDGET: std::ops::RangeInclusive<u64> = 64..=1 << 24;

/// Where secrets are put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VaultChoice {
    /// The Secret Service when it works, else the sealed file.
    #[default]
    Auto,
    /// The Secret Service or nothing.
    SecretService,
    /// The sealed file.
    File,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the levels of tracing")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// The level called so; `None` for another word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "error" => Some(Self::Error),
            "warn" => Some(Self::Warn),
            "info" => Some(Self::Info),
            "debug" => Some(Self::Debug),
            "trace" => Some(Self::Trace),
            _ => None,
        }
    }
}

/// Where the log goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogTo {
    /// The journal when systemd started us, else the ring file.
    #[default]
    Auto,
    /// Standard error, with journal priorities when it is the journal.
    Stderr,
    /// The ring file in the state directory.
    File,
}

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `log.level`.
    pub log_level: LogLevel,
    /// `log.to`.
    pub log_to: LogTo,
    /// `secrets.vault`.
    pub vault: VaultChoice,
    /// `sync.window`: messages of a first sync for accounts that do not say otherwise.
    pub window: u32,
    /// `sync.budget`, in bytes: what may be stored of one account's mail. The file says mebibytes.
    pub budget: u64,
    /// `desktop.notify`: whether desktop notifications are shown at all.
    pub desktop: bool,
    /// `discover.ask`: whether anybody outside is asked for the servers of an address; else only
    /// the built-in table and the `[[provider]]` tables are looked into.
    pub discover: bool,
    /// `[[provider]]`: providers the person or their company added, and what they changed of the
    /// built-in ones.
    pub providers: Vec<ProviderEntry>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            log_level: LogLevel::default(),
            log_to: LogTo::default(),
            vault: VaultChoice::default(),
            window: FIRST_SYNC_MESSAGES,
            budget: BUDGET_BYTES,
            desktop: true,
            discover: true,
            providers: vec![],
        }
    }
}

/// Why a configuration is not usable; the message names file, place, reason and remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{place}: {reason}", file = .file.display(), place = .line.map(|l| format!(":{l}")).unwrap_or_default())]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// Its line, from 1, when it is about one.
    pub line: Option<usize>,
    /// What is wrong and what would be right.
    pub reason: String,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct File {
    log: Log,
    secrets: Secrets,
    sync: Sync,
    desktop: Desktop,
    discover: Discover,
    provider: Vec<ProviderEntry>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Log {
    level: Option<LogLevel>,
    to: Option<LogTo>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Secrets {
    vault: Option<VaultChoice>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Sync {
    window: Option<u32>,
    budget: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Discover {
    ask: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Desktop {
    notify: Option<bool>,
}

impl Config {
    /// Reads `file`; a file that is not there is the default configuration.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let refused = |reason: String| ConfigError { file: file.to_owned(), line: None, reason };
        match std::fs::metadata(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(refused(format!("cannot be read: {error}"))),
            Ok(metadata) if metadata.len() > CONFIG_BYTES => {
                return Err(refused(format!("is larger than {CONFIG_BYTES} bytes")));
            }
            Ok(_) => {}
        }
        let text = std::fs::read_to_string(file)
            .map_err(|error| refused(format!("cannot be read: {error}")))?;
        let config = Self::parse(&text, file)?;
        for (place, entry) in config.providers.iter().enumerate() {
            entry.check_files().map_err(|reason| ConfigError {
                line: provider_line(&text, place),
                ..refused(reason)
            })?;
        }
        Ok(config)
    }

    /// Reads the text of `file`.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let mut read: File = toml::from_str(text).map_err(|error| ConfigError {
            file: file.to_owned(),
            line: error.span().map(|span| line_at(text, span.start)),
            reason: explained(error.message()),
        })?;
        let refused = |key: &str, allowed: String| ConfigError {
            file: file.to_owned(),
            line: text
                .lines()
                .position(|line| line.trim_start().starts_with(key))
                .map(|line| line + 1),
            reason: format!("{key} must be {allowed}"),
        };
        let default = Self::default();
        let window = read.sync.window.unwrap_or(default.window);
        if !WINDOW.contains(&window) {
            return Err(refused("window", span(&WINDOW)));
        }
        let budget = read.sync.budget.unwrap_or(default.budget >> 20);
        if !BUDGET.contains(&budget) {
            return Err(refused("budget", span(&BUDGET)));
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        check_providers(&mut read.provider, folder).map_err(|(place, reason)| ConfigError {
            file: file.to_owned(),
            line: provider_line(text, place),
            reason,
        })?;
        Ok(Self {
            log_level: read.log.level.unwrap_or(default.log_level),
            log_to: read.log.to.unwrap_or(default.log_to),
            vault: read.secrets.vault.unwrap_or(default.vault),
            window,
            budget: budget << 20,
            desktop: read.desktop.notify.unwrap_or(default.desktop),
            discover: read.discover.ask.unwrap_or(default.discover),
            providers: read.provider,
        })
    }
}

/// Checks each provider, and that no two have one key; the place of the first that is wrong.
fn check_providers(providers: &mut [ProviderEntry], folder: &Path) -> Result<(), (usize, String)> {
    let mut keys = std::collections::HashSet::new();
    for (place, entry) in providers.iter_mut().enumerate() {
        entry.check(folder).map_err(|reason| (place, reason))?;
        if !keys.insert(entry.key.clone()) {
            return Err((place, format!("provider {:?} is there twice", entry.key)));
        }
    }
    Ok(())
}

/// The line, from 1, at which the provider with that number begins.
fn provider_line(text: &str, number: usize) -> Option<usize> {
    let begins = |line: &str| line.trim_start().starts_with("[[provider]]");
    let mut lines = text.lines().enumerate().filter(|(_, line)| begins(line));
    lines.nth(number).map(|(line, _)| line + 1)
}

fn span<T: std::fmt::Display>(range: &std::ops::RangeInclusive<T>) -> String {
    format!("between {} and {}", range.start(), range.end())
}

/// The line, from 1, of a byte offset.
fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

/// serde's words with a suggestion when an unknown word is close to an allowed one.
fn explained(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((unknown, allowed)) = quoted.split_first() else {
        return message.to_owned();
    };
    let close = allowed
        .iter()
        .map(|word| (distance(unknown, word), *word))
        .min()
        .filter(|(distance, _)| *distance <= 2);
    match close {
        Some((_, word)) if message.starts_with("unknown") => {
            format!("{message}; did you mean `{word}`?")
        }
        _ => message.to_owned(),
    }
}

/// Levenshtein distance; both words are short (keys of this file).
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (place, l) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row, vec![place + 1]);
        let mut above = diagonal.drain(..);
        let mut corner = above.next().unwrap_or(0);
        for (r, up) in right.chars().zip(above) {
            let beside = row.last().copied().unwrap_or(0);
            row.push((corner + usize::from(l != r)).min(up + 1).min(beside + 1));
            corner = up;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("/c/config.toml"))
    }

    #[test]
    fn empty_is_the_default() {
        assert_eq!(parse("").unwrap(), Config::default());
    }

    #[test]
    fn every_key_is_read() {
        let config = parse(
            "[log]\nlevel='debug'\nto='stderr'\n[secrets]\nvault='secret-service'\n\
             [sync]\nwindow=7\nbudget=65\n[desktop]\nnotify=false\n[discover]\nask=false\n",
        )
        .unwrap();
        assert_eq!(config.log_level, LogLevel::Debug);
        assert_eq!(config.log_to, LogTo::Stderr);
        assert_eq!(config.vault, VaultChoice::SecretService);
        assert_eq!((config.window, config.budget), (7, 65 << 20));
        assert_eq!((config.desktop, config.discover), (false, false));
    }

    #[test]
    fn an_unknown_key_names_line_and_suggestion() {
        let error = parse("[log]\nlevel = 'info'\n[sync]\nwindw = 4\n").unwrap_err();
        assert_eq!(error.line, Some(4));
        assert!(error.to_string().contains("did you mean `window`"), "{error}");
        assert!(error.to_string().starts_with("/c/config.toml:4: "), "{error}");
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let error = parse("[sync]\nwindow = 0\n").unwrap_err();
        assert_eq!(error.reason, "window must be between 1 and 1000000");
        assert_eq!(error.line, Some(2));
        for budget in ["63", "16777217", "-1", "'20 GiB'"] {
            assert!(parse(&format!("[sync]\nbudget = {budget}\n")).is_err(), "{budget}");
        }
        assert!(parse("[log]\nlevel = 'loud'\n").is_err());
    }

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
