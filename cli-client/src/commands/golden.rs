//! Help, manual pages and completions are checked in; stale ones fail here. With
//! `CHAPAR_WRITE_GOLDEN=1` the test writes them anew instead.

use std::fs;
use std::path::PathBuf;

use super::manual::pages;
use crate::complete::script;
use crate::grammar;

fn held(path: &str, text: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("CHAPAR_WRITE_GOLDEN").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == text, "{path} is stale: run with CHAPAR_WRITE_GOLDEN=1 and look at the diff");
}

#[test]
fn manual_pages_are_current() {
    for (name, roff) in pages().unwrap() {
        held(&format!("packaging/man/{name}"), &roff);
    }
}

/// What a reader of a manual looks for, in every page.
#[test]
fn every_manual_page_has_its_sections() {
    for (name, roff) in pages().unwrap() {
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "EXAMPLES",
            "FILES",
            "ENVIRONMENT",
            "\"EXIT STATUS\"",
        ] {
            assert!(roff.contains(&format!("\n.SH {section}\n")), "{name} has no {section}");
        }
        let typed = name.trim_end_matches(".1").replace('-', " ");
        assert!(roff.contains(&format!(".SH SYNOPSIS\n\\fB{typed}\\fR")), "{name}: {roff}");
    }
}

#[test]
fn completions_are_current() {
    use clap_complete::Shell;
    for (shell, name) in
        [(Shell::Bash, "chapar.bash"), (Shell::Zsh, "_chapar"), (Shell::Fish, "chapar.fish")]
    {
        held(&format!("packaging/completions/{name}"), &script(shell));
    }
}

#[test]
fn help_is_current() {
    fn walk(command: &mut clap::Command, name: &str) {
        let text = command.clone().term_width(80).render_long_help().to_string();
        held(&format!("cli-client/golden/help/{name}.txt"), &text);
        for sub in command.get_subcommands_mut().filter(|sub| !sub.is_hide_set()) {
            let name = format!("{name}-{}", sub.get_name());
            walk(sub, &name);
        }
    }
    let mut root = grammar::command().term_width(80);
    root.build();
    walk(&mut root, "chapar");
}
