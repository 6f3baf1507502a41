//! The grammar as it is shown and parsed: what `args` declares, with examples for each command.
//!
//! Owns how a command line becomes a [`Cli`], and what stands below the flags in `--help`. Must
//! never change what a command takes: that is declared in `args` alone.

mod examples;
mod near;

use std::ffi::OsString;
use std::fmt::Write as _;

use chapar_ipc_protocol::settings::{SETTINGS, Setting};
use clap::{Arg, Command, CommandFactory as _, FromArgMatches as _};

pub(crate) use examples::of as examples_of;
pub(crate) use near::{changes_mail, commands_below, meant, topic, usage};

use crate::args::Cli;

/// Columns of a flag in the list of the flags that every command takes.
const FLAG_COLUMNS: usize = 22;

/// What a command line says.
pub(crate) struct Parsed {
    /// The command with its arguments.
    pub(crate) cli: Cli,
    /// The words of the command alone, such as `mail list`.
    pub(crate) topic: String,
}

/// Reads a command line.
pub(crate) fn parse(words: &[OsString]) -> Result<Parsed, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(words)?;
    let mut topic = Vec::new();
    let mut inner = &matches;
    while let Some((name, below)) = inner.subcommand() {
        topic.push(name.to_owned());
        inner = below;
    }
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok(Parsed { cli, topic: topic.join(" ") })
}

/// The whole grammar, with its examples.
pub(crate) fn command() -> Command {
    let root = with_examples(Cli::command(), "");
    let about_root = format!("{}\n\n{}\n\n{EXIT_CODES}", shown_examples(""), flags(&root));
    root.after_help(about_root)
}

const EXIT_CODES: &str = "Exit codes: 0 done · 1 attention (status --check, doctor) · 2 usage · 65 bad data · \
     66/67 no such object/account · 69 not reachable · 70 fault in chapar · 73 cannot \
     write · 75 temporary, try again · 77 sign-in, certificate or permission · 78 \
     configuration.\nEvery error names a code; `chapar help CODE` explains it offline.";

/// `command` and everything below it with what stands under its flags.
fn with_examples(command: Command, path: &str) -> Command {
    let names: Vec<String> =
        command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    let mut command = command;
    for name in names {
        let path = format!("{path} {name}").trim_start().to_owned();
        command = command.mut_subcommand(name, |below| with_examples(below, &path));
    }
    if path.is_empty() {
        return command;
    }
    let mut shown = shown_examples(path);
    if path == "config" {
        shown = format!("{}\n\n{shown}", settings());
    }
    let more = "Flags that every command takes: chapar --help";
    command.after_help(if shown.is_empty() {
        more.to_owned()
    } else {
        format!("{shown}\n\n{more}")
    })
}

/// The examples of a command as its help shows them.
fn shown_examples(path: &str) -> String {
    let examples = examples_of(path);
    if examples.is_empty() {
        return String::new();
    }
    let mut text = "Examples:".to_owned();
    for (line, what) in examples {
        // writing to a String cannot fail
        let _ = write!(text, "\n  {line}");
        if !what.is_empty() {
            let _ = write!(text, "\n      {what}");
        }
    }
    text
}

/// The settings of the configuration file.
fn settings() -> String {
    let mut text = "Settings and their defaults:".to_owned();
    for setting in SETTINGS {
        let Setting { key, default, values, what, .. } = setting;
        let _ = write!(text, "\n  {key} = {default}\n      {what} Takes {values}.");
    }
    text
}

/// The flags that every command takes and no help but this one lists.
fn flags(root: &Command) -> String {
    let mut text = "Every command also takes:".to_owned();
    for flag in hidden_flags(root) {
        let shown = shown_flag(flag);
        let what = flag.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = write!(text, "\n  {shown:<FLAG_COLUMNS$}{what}");
    }
    text
}

/// The flags that every command takes but only the main help shows.
pub(crate) fn hidden_flags(root: &Command) -> impl Iterator<Item = &Arg> {
    root.get_arguments().filter(|flag| flag.is_global_set() && flag.is_hide_set())
}

/// `-q, --quiet`, `    --color WHEN`.
pub(crate) fn shown_flag(flag: &Arg) -> String {
    let short = flag.get_short().map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
    let mut shown = format!("{short}--{}", flag.get_long().unwrap_or_default());
    if flag.get_action().takes_values() {
        for name in flag.get_value_names().into_iter().flatten() {
            let _ = write!(shown, " {name}");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(command: &Command, path: &str, look: &mut impl FnMut(&Command, &str)) {
        look(command, path);
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            each(below, format!("{path} {}", below.get_name()).trim_start(), look);
        }
    }

    /// Reads an example as a shell and the grammar would.
    fn typed(command: &Command, path: &str, line: &str) -> Result<(), String> {
        // what stands before a pipe and after one is another program's
        let own = line.split('|').map(str::trim).find(|part| part.starts_with("chapar"));
        let own = own.ok_or("no chapar in it")?.split(['>', '<']).next().unwrap_or_default();
        let words = shlex::split(own).ok_or("its quotes do not fit")?;
        let words: Vec<OsString> = words.iter().map(Into::into).collect();
        match parse(&words) {
            Ok(parsed) if parsed.topic == path || command.has_subcommands() => Ok(()),
            Ok(parsed) => Err(format!("it is an example of {}", parsed.topic)),
            Err(error) if error.use_stderr() => Err(error.to_string()),
            Err(_) => Ok(()),
        }
    }

    #[test]
    fn every_command_has_examples_that_can_be_typed() {
        let mut wrong = Vec::new();
        each(&command(), "", &mut |command, path| {
            let examples = examples_of(path);
            assert!(!examples.is_empty(), "chapar {path} has no example");
            for (line, _) in examples {
                if line.chars().count() > 78 {
                    wrong.push(format!("too long: {line}"));
                }
                if let Err(why) = typed(command, path, line) {
                    wrong.push(format!("{line:?}: {why}"));
                }
            }
        });
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn the_flags_of_every_command_are_listed_once() {
        let mut root = command();
        root.build();
        let text = root.render_long_help().to_string();
        for flag in ["--plain", "--quiet", "--no-input", "--color WHEN", "--socket PATH"] {
            assert_eq!(text.matches(flag).count(), 1, "{flag}: {text}");
        }
        let below = root.find_subcommand_mut("status").unwrap().render_long_help().to_string();
        assert!(below.contains("--json") && below.contains("--account"), "{below}");
        assert!(!below.contains("--plain") && !below.contains("--no-start"), "{below}");
    }
}
