//! `chapar help`: commands from the grammar, error codes from their pages.

use std::collections::BTreeMap;

use chapar_conditions::{Condition, Doctor};
use serde_json::{Value, json};

use crate::args::HelpArgs;
use crate::error::Fault;
use crate::grammar;
use crate::screen::{Form, Line, Screen, Style, wrap};

/// Explains a command, a code, or lists all codes.
pub(crate) fn run(screen: &Screen, args: &HelpArgs) -> Result<(), Fault> {
    let topic: Vec<&str> = args.topic.iter().map(String::as_str).collect();
    match topic.as_slice() {
        ["codes"] => codes(screen),
        [code] if code.contains('.') => match chapar_conditions::find(code) {
            Some(page) => show(screen, page),
            None => Err(unknown_code(code)),
        },
        words => command(screen, words),
    }
}

/// The help of a command, found by its words.
fn command(screen: &Screen, words: &[&str]) -> Result<(), Fault> {
    let mut root = grammar::command();
    root.build();
    let mut found = &mut root;
    for word in words {
        found = found.find_subcommand_mut(word).ok_or_else(|| unknown_topic(&words.join(" ")))?;
    }
    let text = found.render_long_help().to_string();
    match screen.form {
        Form::Json => screen.object("help", json!({"topic": words.join(" "), "text": text})),
        Form::Human | Form::Plain => screen.body(&text),
    }
}

/// One page for a person or as JSON.
fn show(screen: &Screen, page: &Condition) -> Result<(), Fault> {
    if screen.form == Form::Json {
        return screen.object("help", to_json(page));
    }
    screen.answers(&lines(page, screen.text_width()))
}

fn lines(page: &Condition, width: usize) -> Vec<Line> {
    let mut lines = vec![
        Line::new().with(Style::Strong, page.title),
        Line::new().with(Style::Dim, format!("{} · exit {}", page.code, page.exit)),
        Line::new(),
    ];
    lines.extend(wrap(page.cause, width).into_iter().map(Line::of));
    lines.push(Line::new());
    lines.push(Line::of(page.who.sentence()));
    lines.push(Line::new());
    lines.push(Line::of("What to do:"));
    for what in page.what {
        for (index, text) in wrap(what, width.saturating_sub(4)).into_iter().enumerate() {
            lines.push(Line::of(format!("{}{text}", if index == 0 { "  · " } else { "    " })));
        }
    }
    let commands = page.commands_shown();
    if !commands.is_empty() {
        lines.push(Line::new());
        lines.extend(commands.iter().map(|command| Line::of(format!("  {command}"))));
    }
    if !page.links.is_empty() {
        lines.push(Line::new());
        lines.extend(page.links.iter().map(|(key, link)| Line::of(format!("  {key}: {link}"))));
    }
    if let Some(cause) = page.integration() {
        let text = format!("Cause {} of a mailbox integration.", cause.number());
        lines.extend([Line::new(), Line::new().with(Style::Dim, text)]);
    }
    lines
}

fn to_json(page: &Condition) -> Value {
    json!({
        "code": page.code, "exit": page.exit, "title": page.title, "why": page.cause,
        "what": page.what, "commands": page.commands_shown(), "who": page.who.word(),
        "action": page.action.word(), "dependsOn": page.depends_on(), "doctor": looked_at(page),
        "integration": page.integration().map(chapar_conditions::Integration::number),
        "links": page.links.iter().copied().collect::<BTreeMap<_, _>>(),
    })
}

/// The check of `chapar doctor` that finds it, or why there is none.
fn looked_at(page: &Condition) -> Value {
    match page.doctor() {
        Some(Doctor::Check(check)) => json!({"check": check}),
        Some(Doctor::Not(why)) => json!({"why": why}),
        None => Value::Null,
    }
}

fn codes(screen: &Screen) -> Result<(), Fault> {
    match screen.form {
        Form::Json => {
            let codes: Vec<_> = chapar_conditions::all().map(to_json).collect();
            screen.object("help", json!({"codes": codes}))
        }
        Form::Plain => chapar_conditions::all()
            .try_for_each(|page| screen.fields([page.code, &page.exit.to_string(), page.title])),
        Form::Human => chapar_conditions::all().try_for_each(|page| {
            let exit = page.exit;
            screen.answer(
                &Line::new()
                    .with(Style::Strong, format!("{:<22}", page.code))
                    .text(format!(" exit {exit:<3} {}", page.title))
                    .fit(screen.width),
            )
        }),
    }
}

fn unknown_code(code: &str) -> Fault {
    let area = code.split('.').next().unwrap_or_default();
    let near: Vec<_> = chapar_conditions::all()
        .map(|page| page.code)
        .filter(|known| known.split('.').next() == Some(area))
        .collect();
    let fault = unknown_topic(code);
    if near.is_empty() { fault } else { fault.hint(format!("known here: {}", near.join(", "))) }
}

fn unknown_topic(topic: &str) -> Fault {
    Fault::new("cli.usage", format!("there is no help about {topic:?}"))
        .without_commands()
        .try_command(["chapar", "help"])
        .try_command(["chapar", "help", "codes"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::columns;

    #[test]
    fn every_remedy_parses_as_a_real_command() {
        for page in chapar_conditions::all() {
            for command in page.commands_shown() {
                let Some(words) = command.strip_prefix("chapar ") else {
                    continue;
                };
                let words = std::iter::once("chapar").chain(words.split_whitespace());
                let words: Vec<std::ffi::OsString> = words.map(Into::into).collect();
                let fine = match grammar::parse(&words) {
                    Ok(_) => true,
                    Err(error) => crate::usage::fault(&error, &words).is_none(),
                };
                assert!(fine, "{}: {command}", page.code);
            }
        }
    }

    #[test]
    fn pages_fit_eighty_columns() {
        for page in chapar_conditions::all() {
            for line in lines(page, 80) {
                let text = line.paint(crate::screen::Paper::default());
                assert!(columns(&text) <= 80, "{}: {text}", page.code);
            }
        }
    }
}
