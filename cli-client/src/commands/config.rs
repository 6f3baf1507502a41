//! `chapar config`: the configuration file. It is edited as text, so comments and order stay; the
//! daemon judges it.

mod get;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Command;

use chapar_ipc_protocol::daemon::DaemonReload;
use chapar_ipc_protocol::settings::setting;
use serde_json::json;

use super::Context;
use crate::args::ConfigCommand;
use crate::error::{Fault, exit};
use crate::screen::{Form, Line, Style};
use crate::{places, start};

/// Largest configuration file read; a person writes a few hundred bytes.
const FILE_LIMIT: u64 = 256 << 10;

/// Runs a config command.
pub(crate) fn run(context: &Context<'_>, command: &ConfigCommand) -> Result<u8, Fault> {
    let path = places::config_file()?;
    let screen = context.screen;
    match command {
        ConfigCommand::Path => match screen.form {
            Form::Json => screen.object("config.path", json!({"path": path}))?,
            _ => screen.answer(&Line::of(path.display().to_string()))?,
        },
        ConfigCommand::Get { key } => get::run(screen, &path, key.as_deref())?,
        ConfigCommand::Set { key, value, change } => {
            set(context, &path, key, value, change.dry_run)?;
        }
        ConfigCommand::Edit => edit(context, &path)?,
        ConfigCommand::Check => check(context, &path)?,
    }
    Ok(exit::OK)
}

fn read(path: &Path) -> Result<String, Fault> {
    match fs::metadata(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(String::new()),
        Err(cause) => return Err(Fault::file(path, &cause)),
        Ok(metadata) if metadata.len() > FILE_LIMIT => {
            let message = format!("{} is larger than {FILE_LIMIT} bytes", path.display());
            return Err(Fault::new("config.invalid", message));
        }
        Ok(_) => {}
    }
    fs::read_to_string(path).map_err(|cause| Fault::file(path, &cause))
}

fn set(
    context: &Context<'_>,
    path: &Path,
    key: &str,
    value: &str,
    dry_run: bool,
) -> Result<(), Fault> {
    let screen = context.screen;
    let (section, name) = split_key(key)?;
    if setting(key).is_none() {
        return Err(get::unknown(key));
    }
    let before = read(path)?;
    let value = toml_value(value)?;
    let after = replaced(&before, section, name, &value);
    if dry_run {
        return match screen.form {
            Form::Json => screen.object("config.set", json!({"dryRun": true, "text": after})),
            _ => screen.body(&after),
        };
    }
    write(path, &after)?;
    if let Err(fault) = judged(context) {
        write(path, &before)?;
        return Err(fault.hint("the file was put back as it was"));
    }
    if screen.form == Form::Json {
        return screen.object("config.set", json!({"key": key, "value": value}));
    }
    screen.answer(&Line::new().with(Style::Good, "✓").text(format!(" {key} = {value}")))?;
    if setting(key).is_some_and(|setting| setting.at_start) {
        let line = "It counts from the next start:  chapar service restart";
        screen.say(&Line::new().with(Style::Dim, line));
    }
    Ok(())
}

fn edit(context: &Context<'_>, path: &Path) -> Result<(), Fault> {
    if !context.screen.asks {
        return Err(Fault::missing("a terminal for the editor", "config set KEY VALUE"));
    }
    if !path.exists() {
        write(path, "# chapar; see `chapar man chapar-config`\n")?;
    }
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| "vi".to_owned());
    // editors are set with arguments (`code --wait`): sh splits them, the path stays one word
    let status = Command::new("/bin/sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(path)
        .status()
        .map_err(|cause| Fault::new("input.file", "could not run sh").because(cause.to_string()))?;
    if !status.success() {
        return Err(Fault::new("input.file", format!("the editor {editor:?} failed"))
            .because(status.to_string())
            .without_commands());
    }
    check(context, path).map_err(|fault| {
        fault.hint("the file is as you left it, and chapard does not start with it: edit it again")
    })
}

fn check(context: &Context<'_>, path: &Path) -> Result<(), Fault> {
    read(path)?;
    judged(context)?;
    match context.screen.form {
        Form::Json => context.screen.object("config.check", json!({"path": path, "ok": true})),
        _ => context.screen.answer(
            &Line::new().with(Style::Good, "✓").text(format!(" {} is fine", path.display())),
        ),
    }
}

/// Lets a running daemon read the file again; when none runs, `chapard` judges it without starting.
fn judged(context: &Context<'_>) -> Result<(), Fault> {
    let judged = match context.running() {
        Ok(mut daemon) => daemon.call(&DaemonReload {}).map(drop),
        Err(fault) if fault.code == "socket.absent" => start::judge_configuration(),
        Err(fault) => return Err(fault),
    };
    judged.map_err(refused)
}

/// The refusal of the file: its detail names the line, which is all there is to do.
fn refused(mut fault: Fault) -> Fault {
    if fault.code == "config.invalid" {
        fault.remedy.clear();
    }
    fault
}

/// Replaces the file as a whole: a crash leaves the old or the new one.
fn write(path: &Path, text: &str) -> Result<(), Fault> {
    if let Some(directory) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|cause| Fault::unwritable(directory, &cause))?;
    }
    let beside = path.with_extension("toml.new");
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|cause| Fault::unwritable(path, &cause))
}

fn split_key(key: &str) -> Result<(&str, &str), Fault> {
    let word = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    };
    key.split_once('.')
        .filter(|(section, name)| word(section) && word(name))
        .ok_or_else(|| get::unknown(key))
}

/// A value as TOML: numbers, booleans and quoted text as they are, a bare word as text.
fn toml_value(value: &str) -> Result<String, Fault> {
    let value = value.trim();
    if value.contains(['\n', '\r', '\0']) {
        return Err(Fault::new("input.data", "a value is one line").without_commands());
    }
    let quoted = value.len() >= 2
        && ((value.starts_with('"') && value.ends_with('"'))
            || (value.starts_with('\'') && value.ends_with('\'')));
    let is_toml = quoted
        || matches!(value, "true" | "false")
        || value.parse::<i64>().is_ok()
        || (value.starts_with('[') && value.ends_with(']'));
    if is_toml {
        return Ok(value.to_owned());
    }
    Ok(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// The line number and the value of a setting.
fn find(text: &str, section: &str, name: &str) -> Option<(usize, String)> {
    let mut here = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            here = is_heading(line, section);
        } else if here
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == name
        {
            return Some((number, without_comment(value).trim().to_owned()));
        }
    }
    None
}

fn is_heading(line: &str, section: &str) -> bool {
    let inner = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    inner.is_some_and(|(inner, _)| inner.trim() == section)
}

fn without_comment(value: &str) -> &str {
    let mut quote = None;
    for (at, c) in value.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '#') => return value.get(..at).unwrap_or(value),
            _ => {}
        }
    }
    value
}

/// The text with one setting changed or added; every other line stays as it is.
fn replaced(text: &str, section: &str, name: &str, value: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let setting = format!("{name} = {value}");
    if let Some((number, _)) = find(text, section, name) {
        if let Some(line) = lines.get_mut(number) {
            let rest = line.split_once('=').map_or("", |(_, rest)| rest);
            let comment = rest.get(without_comment(rest).len()..).unwrap_or_default();
            let changed = format!("{setting} {comment}");
            changed.trim_end().clone_into(line);
        }
    } else if let Some(heading) = lines.iter().position(|line| is_heading(line.trim(), section)) {
        lines.insert(heading + 1, setting);
    } else {
        if lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(String::new());
        }
        lines.push(format!("[{section}]"));
        lines.push(setting);
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\n[log]\nlevel = \"info\" # loud\n\n[sync]\n# newest\nwindow = 10\n";

    #[test]
    fn only_the_setting_changes() {
        assert_eq!(
            replaced(FILE, "log", "level", "\"debug\""),
            FILE.replace("level = \"info\" # loud", "level = \"debug\" # loud")
        );
        assert_eq!(replaced(FILE, "sync", "window", "7"), FILE.replace("10", "7"));
        assert_eq!(
            replaced(FILE, "log", "to", "\"file\""),
            FILE.replace("[log]\n", "[log]\nto = \"file\"\n")
        );
        assert_eq!(
            replaced(FILE, "desktop", "notify", "false"),
            format!("{FILE}\n[desktop]\nnotify = false\n")
        );
        assert_eq!(replaced("", "a", "b", "1"), "[a]\nb = 1\n");
    }

    #[test]
    fn values_are_found_with_their_section() {
        assert_eq!(find(FILE, "log", "level").unwrap().1, "\"info\"");
        assert_eq!(find(FILE, "sync", "level"), None);
        assert_eq!(without_comment(" \"a # b\" # c"), " \"a # b\" ");
    }

    #[test]
    fn bare_words_are_text() {
        for (given, toml) in [
            ("7", "7"),
            ("true", "true"),
            ("debug", "\"debug\""),
            ("'x'", "'x'"),
            ("a\"b", "\"a\\\"b\""),
        ] {
            assert_eq!(toml_value(given).unwrap(), toml);
        }
        assert!(toml_value("a\nb = 1").is_err());
        assert!(split_key("window").is_err() && split_key("a.b]").is_err());
    }
}
