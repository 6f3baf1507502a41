//! One manual page: name, synopsis as it is typed, description, options, examples, and what every
//! command shares: files, environment, exit status.

use std::io;

use roff::{Roff, bold, italic, roman};

use crate::grammar;

/// What chapar keeps on this machine.
const FILES: &[(&str, &str)] = &[
    (
        "$XDG_CONFIG_HOME/chapar/config.toml",
        "The settings, usually in ~/.config. The file need not exist.",
    ),
    (
        "$XDG_STATE_HOME/chapar",
        "The mirrored mail, the outbox and the encrypted file of secrets, usually in ~/.local/state.",
    ),
    (
        "$XDG_STATE_HOME/chapar/log/chapard.log",
        "The log, where it does not go to the journal of systemd.",
    ),
    (
        "$XDG_RUNTIME_DIR/chapar/v1.sock",
        "The socket of chapard; without a runtime directory run/v1.sock in the state directory.",
    ),
];

/// What is read from the environment. No secret ever is.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR, HOME", "Where the files are; see FILES."),
    ("CHAPAR_SOCKET", "The socket of chapard, instead of the usual one."),
    ("CHAPAR_LOG", "How much chapard logs, instead of the setting log.level."),
    ("CHAPAR_NO_SPAWN", "When it is not empty and not 0, chapar never starts chapard."),
    (
        "BROWSER",
        "The browser for a sign-in: one program or several with colons between them, each with its \
         arguments; %s stands for the address.",
    ),
    ("VISUAL, EDITOR", "The editor of `chapar config edit`."),
    ("NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, TERM", "Whether colours are used."),
    ("LC_ALL, LC_CTYPE, LANG", "Whether more than ASCII can be shown."),
];

/// The page of `command` as roff; `name` is `chapar-mail-list`.
pub(super) fn of(command: &clap::Command, name: &str) -> io::Result<String> {
    let path = name.replace('-', " ");
    let topic = path.strip_prefix("chapar").unwrap_or_default().trim_start().to_owned();
    let mut page = Vec::new();
    let man = generated(command, name, &path);
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    synopsis(command, &path).to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut page)?;
    }
    if topic.is_empty() {
        shared_flags(command).to_writer(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    rest(command, &topic, name).to_writer(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// What the library makes of the grammar.
fn generated(command: &clap::Command, name: &str, path: &str) -> clap_mangen::Man {
    // clap wants a name that lives as long as the program; a few short names are leaked once
    let leaked: &'static str = Box::leak(name.to_owned().into_boxed_str());
    let page = command.clone().name(leaked).display_name(leaked).bin_name(path);
    clap_mangen::Man::new(page).date("").source("chapar").manual("chapar")
}

/// The command as it is typed.
fn synopsis(command: &clap::Command, path: &str) -> Roff {
    let usage = command.clone().bin_name(path).render_usage().to_string();
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for (number, line) in usage.lines().enumerate() {
        let line = line.trim().trim_start_matches("Usage:").trim();
        let rest = line.strip_prefix(path).unwrap_or(line);
        if number > 0 {
            roff.control("br", []);
        }
        roff.text([bold(path), roman(rest)]);
    }
    roff
}

/// On the main page: the flags that every command takes.
fn shared_flags(root: &clap::Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["FLAGS OF EVERY COMMAND"]);
    for flag in grammar::hidden_flags(root) {
        let what = flag.get_help().map(ToString::to_string).unwrap_or_default();
        roff.control("TP", []).text([bold(grammar::shown_flag(flag).trim_start())]);
        roff.text([roman(what)]);
    }
    roff
}

/// Everything behind the options.
fn rest(command: &clap::Command, topic: &str, name: &str) -> Roff {
    let mut roff = Roff::new();
    let examples = grammar::examples_of(topic);
    if !examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
    }
    for (line, what) in examples {
        roff.control("TP", []).text([bold(*line)]);
        roff.text([roman(if what.is_empty() { " " } else { *what })]);
    }
    roff.control("SH", ["FILES"]);
    for (place, what) in FILES {
        roff.control("TP", []).text([italic(*place)]).text([roman(*what)]);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (variable, what) in ENVIRONMENT {
        roff.control("TP", []).text([bold(*variable)]).text([roman(*what)]);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (code, what) in chapar_conditions::exit::ALL {
        roff.control("TP", []).text([bold(code.to_string())]).text([roman(*what)]);
    }
    roff.control("PP", []);
    roff.text([roman("Every error names a code as well; `chapar help CODE` explains the code.")]);
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman(see_also(command, name).join(", "))]);
    roff
}

/// The page above, the pages below, the main page.
fn see_also(command: &clap::Command, name: &str) -> Vec<String> {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    let mut pages: Vec<String> =
        below.map(|below| format!("{name}-{}(1)", below.get_name())).collect();
    match name.rsplit_once('-') {
        Some((above, _)) => pages.insert(0, format!("{above}(1)")),
        None => pages.push("systemctl(1)".to_owned()),
    }
    pages
}
