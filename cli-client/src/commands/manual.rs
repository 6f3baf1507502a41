//! `chapar completions` and `chapar man`.

mod page;

use std::path::Path;

use serde_json::json;

use crate::args::{CompletionsArgs, ManArgs};
use crate::complete;
use crate::error::Fault;
use crate::grammar;
use crate::screen::{Form, Screen};

/// Prints the completions of one shell.
pub(crate) fn completions(screen: &Screen, args: &CompletionsArgs) -> Result<(), Fault> {
    let script = complete::script(args.shell);
    if screen.form == Form::Json {
        let members = json!({"shell": args.shell.to_string(), "script": script});
        return screen.object("completions", members);
    }
    screen.raw(script.as_bytes())
}

/// Prints one page, or writes all of them.
pub(crate) fn man(screen: &Screen, args: &ManArgs) -> Result<(), Fault> {
    let pages = pages()?;
    if let Some(directory) = &args.out {
        write_all(directory, &pages)?;
        let names: Vec<_> = pages.iter().map(|(name, _)| name).collect();
        if screen.form == Form::Json {
            return screen.object("man", json!({"directory": directory, "pages": names}));
        }
        return screen.answer(&crate::screen::Line::of(format!(
            "{} pages in {}",
            pages.len(),
            directory.display()
        )));
    }
    let wanted = args.page.join("-");
    let wanted = wanted.trim_end_matches(".1").replace(' ', "-");
    let wanted = match wanted.as_str() {
        "" => "chapar".to_owned(),
        named if named == "chapar" || named.starts_with("chapar-") => named.to_owned(),
        command => format!("chapar-{command}"),
    };
    let Some((name, roff)) = pages.iter().find(|(name, _)| *name == format!("{wanted}.1")) else {
        return Err(Fault::new("cli.usage", format!("there is no manual page {wanted:?}"))
            .without_commands()
            .hint("a page is named by its command, such as `chapar man mail list`"));
    };
    if screen.form == Form::Json {
        return screen.object("man", json!({"page": name, "roff": roff}));
    }
    screen.raw(roff.as_bytes())
}

/// Every page as file name and roff, in the order of the grammar.
pub(crate) fn pages() -> Result<Vec<(String, String)>, Fault> {
    let mut pages = Vec::new();
    let mut command = grammar::command();
    command.build();
    collect(&command, "chapar", &mut pages).map_err(|cause| {
        Fault::new("cli.output", "could not make the manual").because(cause.to_string())
    })?;
    Ok(pages)
}

fn collect(
    command: &clap::Command,
    name: &str,
    pages: &mut Vec<(String, String)>,
) -> std::io::Result<()> {
    pages.push((format!("{name}.1"), page::of(command, name)?));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        collect(sub, &format!("{name}-{}", sub.get_name()), pages)?;
    }
    Ok(())
}

fn write_all(directory: &Path, pages: &[(String, String)]) -> Result<(), Fault> {
    std::fs::create_dir_all(directory).map_err(|cause| Fault::unwritable(directory, &cause))?;
    for (name, roff) in pages {
        let path = directory.join(name);
        std::fs::write(&path, roff).map_err(|cause| Fault::unwritable(&path, &cause))?;
    }
    Ok(())
}
