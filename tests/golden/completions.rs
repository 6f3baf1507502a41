//! Completions in the real shells: what somebody types before Tab, and the command that runs then.

use std::fs;
use std::path::Path;

use chapar_tests::rig::process::run;
use chapar_tests::rig::terminal::Talk;

use super::stage::{ANA, Stage, THEN};

/// A shell that reads nothing of this machine's set-up, with its prompt.
struct Shell {
    name: &'static str,
    arguments: &'static [&'static str],
    /// What is typed first.
    prepared: &'static str,
}

/// As each of them reads a file of completions that a package installed, and sourced by hand.
const SHELLS: &[Shell] = &[
    Shell {
        name: "bash",
        arguments: &["--norc", "--noprofile", "-i"],
        prepared: "bind 'set bell-style none'; source <(chapar completions bash); PS1='rea''dy> '",
    },
    Shell {
        name: "zsh",
        arguments: &["-f", "-i"],
        prepared: "fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u -D; \
                   PS1='rea''dy> '",
    },
    Shell {
        name: "zsh",
        arguments: &["-f", "-i"],
        prepared: "autoload -U compinit; compinit -u -D; source <(chapar completions zsh); \
                   PS1='rea''dy> '",
    },
    Shell {
        name: "fish",
        arguments: &["--no-config", "-i"],
        prepared: "chapar completions fish | source; function fish_prompt; echo 'rea''dy> '; end",
    },
];

/// What is typed, Tab behind it, and what the command that stands there then says.
const TYPED: &[(&str, &str)] = &[
    // a command, an account by the start of its name, asked from the daemon
    ("chapar acc\tsh\tan", "ana@example.test"),
    // a mailbox with a blank in it
    ("chapar mail list -m Old", "Only this one"),
    // the id of a mail, behind a flag
    ("chapar send --reply-to M\t--dry-run -m x -a an", "Re: Only this one"),
    ("chapar mail show M", "Only this one"),
    // a code of an error, out of the table
    ("chapar help tls.exp", "certificate has expired"),
    // a setting, a flag
    ("chapar config get sync.w", "1500"),
    ("chapar account list --pla", "ana@example.test"),
];

fn there_is(shell: &str) -> bool {
    ["/usr/bin", "/bin"].iter().any(|place| Path::new(place).join(shell).exists())
}

#[test]
fn the_shells_complete_what_the_daemon_knows() {
    let stage = Stage::new();
    stage.provider.store.create_mailbox(ANA, "Old Things", None);
    let mail =
        b"From: bo@example.test\r\nTo: ana@example.test\r\nSubject: Only this one\r\n\r\nHello\r\n";
    stage.provider.store.deliver(ANA, "Old Things", mail, THEN).unwrap();
    stage.connect();
    fs::create_dir_all(stage.dir().join("functions")).unwrap();
    let script = stage.run(&["completions", "zsh"], "").text();
    stage.file("functions/_chapar", &script);
    for shell in SHELLS {
        assert!(there_is(shell.name), "{} is not installed: tests/run installs it", shell.name);
        for (typed, said) in TYPED {
            completes(&stage, shell, typed, said);
        }
    }
}

/// Without a daemon there is nothing to offer, and nothing is said into the person's line.
#[test]
fn a_daemon_that_does_not_run_is_not_started() {
    let stage = Stage::new();
    for (line, offers) in [("chapar account show ", false), ("chapar help tls.exp", true)] {
        let mut command = stage.command(&["--", line, line.rsplit(' ').next().unwrap()]);
        command.env("CHAPAR_COMPLETE", "bash");
        let ran = run(&mut command, b"", std::time::Duration::from_mins(1));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{line}");
        assert_eq!(ran.text().contains("tls.expired"), offers, "{line}: {}", ran.text());
        assert!(offers || !ran.text().lines().any(|word| !word.starts_with('-')), "{}", ran.text());
    }
    assert!(!stage.dir().join("run/chapar/v1.sock").exists(), "the daemon was started");
}

fn completes(stage: &Stage, shell: &Shell, typed: &str, said: &str) {
    let mut command = stage.program(Path::new(shell.name));
    command.args(shell.arguments).env("HISTFILE", "/dev/null").env("LC_ALL", "C.UTF-8");
    let talk = Talk::new()
        .answers(r"[$%#>] ", shell.prepared)
        .answers("ready> ", &format!("{typed}\t"))
        .answers(&format!("(?s){said}.*ready> "), "exit");
    let ran = run(&mut talk.on_terminal(&command), b"", std::time::Duration::from_secs(140));
    assert_eq!(ran.code, Some(0), "{} {typed:?}: {}", shell.name, ran.text());
}
