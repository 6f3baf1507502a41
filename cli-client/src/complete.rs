//! Completion: a shell asks chapar what may stand at the cursor, and chapar asks the daemon.
//!
//! Owns which words stand for which argument. Must never start the daemon, wait longer than a person
//! who pressed Tab, or say anything but candidates.

mod bash;
mod candidates;
mod zsh;

use std::ffi::OsString;

use clap::Command;
use clap_complete::CompleteEnv;
use clap_complete::engine::ArgValueCandidates;
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Shells};

use crate::grammar;

/// The variable by which a shell asks; it names the shell.
const VARIABLE: &str = "CHAPAR_COMPLETE";
/// How the scripts call chapar: by name, so that an update needs no new scripts.
const PROGRAM: &str = "chapar";

/// Answers a shell that asks; false when none does.
pub(crate) fn answered(words: &[OsString]) -> bool {
    let here = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(grammar_with_candidates)
        .var(VARIABLE)
        .bin(PROGRAM)
        .completer(PROGRAM)
        .shells(Shells(SHELLS));
    // a shell that asks wrongly gets nothing, and no error into the middle of a command line
    asked.try_complete(words.iter().cloned(), here.as_deref()).unwrap_or(true)
}

const SHELLS: &[&dyn EnvCompleter] = &[&bash::Bash, &zsh::Zsh, &Fish, &Elvish, &Powershell];

/// The script that makes a shell ask.
pub(crate) fn script(shell: clap_complete::Shell) -> String {
    let completer: &dyn EnvCompleter = match shell {
        clap_complete::Shell::Zsh => &zsh::Zsh,
        clap_complete::Shell::Fish => &Fish,
        clap_complete::Shell::Elvish => &Elvish,
        clap_complete::Shell::PowerShell => &Powershell,
        // bash, and what reads its scripts
        _ => &bash::Bash,
    };
    let mut script = Vec::new();
    // writing to a Vec cannot fail
    let _ = completer.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

fn grammar_with_candidates() -> Command {
    with_candidates(grammar::command(), "")
}

fn with_candidates(command: Command, path: &str) -> Command {
    let names: Vec<String> =
        command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    let mut command = command.mut_args(|argument| match candidates::of(path, &argument) {
        Some(find) => argument.add(ArgValueCandidates::new(find)),
        None => argument,
    });
    for name in names {
        let path = format!("{path} {name}").trim_start().to_owned();
        command = command.mut_subcommand(name, |below| with_candidates(below, &path));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is completed as what, for everything that has a name on this machine.
    #[test]
    fn every_argument_that_names_something_is_completed() {
        fn each(command: &Command, path: &str, found: &mut Vec<String>) {
            for argument in command.get_arguments().filter(|it| !it.is_global_set()) {
                let mut values = argument.get_value_names().into_iter().flatten();
                let named = values.any(|name| {
                    ["ACCOUNT", "MAILBOX", "ID", "KEY"].contains(&name.as_str()) && path != "send"
                });
                if named && candidates::of(path, argument).is_none() {
                    found.push(format!("{path}: {}", argument.get_id()));
                }
            }
            for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
                each(below, format!("{path} {}", below.get_name()).trim_start(), found);
            }
        }
        let mut left = Vec::new();
        let mut root = grammar::command();
        root.build();
        each(&root, "", &mut left);
        // a client's id is the provider's secret of naming, and nothing here knows one
        left.retain(|it| it != "connect: client_id" && it != "account reconnect: client_id");
        assert!(left.is_empty(), "{left:#?}");
    }

    #[test]
    fn every_script_asks_chapar() {
        use clap_complete::Shell;
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let script = script(shell);
            assert!(script.contains(VARIABLE) && script.contains("chapar"), "{shell}: {script}");
        }
    }
}
