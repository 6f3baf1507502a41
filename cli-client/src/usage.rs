//! Command lines that cannot be read: what was meant, and where the help is.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::{Fault, Remedy};
use crate::grammar;

/// Says whether the words ask for JSON, before or without a successful parse.
pub(crate) fn wants_json(words: &[OsString]) -> bool {
    words.iter().skip(1).take_while(|word| *word != "--").any(|word| word == "--json")
}

/// Turns what clap found in `words` into a fault; help and version are no faults and give `None`.
pub(crate) fn fault(error: &clap::Error, words: &[OsString]) -> Option<Fault> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return None;
    }
    let topic = grammar::topic(words);
    let fault = Fault::new("cli.usage", message(error, &topic)).without_commands();
    let fault = fault.of_command(&topic);
    if let Some(word) = unknown_command(error) {
        return Some(unknown(fault, error, words, &word));
    }
    let suggestions = suggestions(error);
    if suggestions.is_empty() {
        return Some(fault.hint(usage(error, &topic)));
    }
    Some(
        suggestions.iter().fold(fault, |fault, meant| fault.hint(format!("did you mean {meant}?"))),
    )
}

/// A word where a command has to stand: an address, another program's word, a typing error.
fn unknown(mut fault: Fault, error: &clap::Error, words: &[OsString], word: &str) -> Fault {
    if looks_like_address(word) {
        return fault.try_command(["chapar", "connect", word]);
    }
    if grammar::changes_mail(words, word) {
        return fault.hint(
            "change mail in your mail program or on the web: chapar reads and sends mail, it does \
             not move, mark or delete mail on the server",
        );
    }
    if let Some(meant) = grammar::meant(words, word) {
        let command = std::iter::once("chapar".to_owned()).chain(meant).collect();
        fault.remedy.push(Remedy { title: String::new(), command });
        return fault;
    }
    let suggestions = suggestions(error);
    let fault =
        suggestions.iter().fold(fault, |fault, meant| fault.hint(format!("did you mean {meant}?")));
    if suggestions.is_empty() { fault.hint("chapar --help lists the commands") } else { fault }
}

/// What the standard library says of a number, and the same for people.
const NUMBERS: [(&str, &str); 4] = [
    ("invalid digit found in string", "it must be a whole number"),
    ("cannot parse integer from empty string", "it must be a whole number"),
    ("number too large to fit in target type", "the number is too large"),
    ("number too small to fit in target type", "the number is too small"),
];

/// A range as people write it: `0 is not in 1..=50` is `it must be from 1 to 50`.
fn in_range(text: &str) -> Option<String> {
    let (before, range) = text.rsplit_once(" is not in ")?;
    let (what, _) = before.rsplit_once(": ")?;
    let (from, to) = range.split_once("..")?;
    Some(match to.trim_start_matches('=') {
        "" | "4294967295" => format!("{what}: it must be {from} or more"),
        to => format!("{what}: it must be from {from} to {to}"),
    })
}

/// The first paragraph of clap's own text, without its label and its tips.
fn message(error: &clap::Error, topic: &str) -> String {
    let command = format!("chapar {topic}");
    let command = command.trim_end();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return format!("{command} needs one more word: what to do");
    }
    if let Some(word) = unknown_command(error) {
        return format!("{command} has no command {word:?}");
    }
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = paragraph.split_whitespace().collect();
    let mut text = words.join(" ").trim_start_matches("error: ").to_owned();
    for (theirs, ours) in NUMBERS {
        text = text.replace(theirs, ours);
    }
    in_range(&text).unwrap_or(text)
}

fn unknown_command(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    }
}

fn suggestions(error: &clap::Error) -> Vec<String> {
    let kinds =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    kinds
        .into_iter()
        .filter_map(|kind| error.get(kind))
        .flat_map(|value| match value {
            ContextValue::String(word) => vec![word.clone()],
            ContextValue::Strings(words) => words.clone(),
            _ => Vec::new(),
        })
        .collect()
}

/// How the command is written: its own commands where one is missing, else its usage.
fn usage(error: &clap::Error, topic: &str) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return format!("one of: {}", grammar::commands_below(topic).join(", "));
    }
    match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => {
            let usage = usage.to_string();
            let usage = usage.split_whitespace().collect::<Vec<_>>().join(" ");
            usage.trim_start_matches("Usage: ").to_owned()
        }
        _ => grammar::usage(topic),
    }
}

/// Says whether a word can only be meant as a mail address.
pub(crate) fn looks_like_address(word: &str) -> bool {
    word.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !word.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Paper;

    fn fault_of(words: &[&str]) -> Fault {
        let words: Vec<OsString> = [&["chapar"], words].concat().iter().map(Into::into).collect();
        match grammar::parse(&words) {
            Ok(_) => panic!("{words:?} can be read"),
            Err(error) => fault(&error, &words).unwrap(),
        }
    }

    fn said(words: &[&str]) -> String {
        let lines = fault_of(words).lines(200);
        lines.iter().map(|line| line.paint(Paper::default()) + "\n").collect()
    }

    #[test]
    fn an_address_is_meant_to_be_connected() {
        let fault = fault_of(&["ana@example.org"]);
        assert_eq!(fault.exit, 2);
        assert_eq!(fault.remedy[0].command, ["chapar", "connect", "ana@example.org"]);
    }

    #[test]
    fn a_typing_error_is_answered_with_what_was_meant() {
        assert!(said(&["statsu"]).contains("did you mean status?"), "{}", said(&["statsu"]));
        assert!(said(&["send", "--subjet", "x"]).contains("did you mean --subject?"));
        assert!(said(&["mail", "lst"]).contains("did you mean list?"));
        assert!(said(&["outbox"]).contains("one of: list, show,"), "{}", said(&["outbox"]));
        assert!(said(&["outbox", "resolve", "S1"]).contains("--sent"));
        assert!(said(&["xyzzy"]).contains("chapar --help"));
    }

    #[test]
    fn the_last_line_names_the_help_of_the_command() {
        for (words, topic) in [
            (&["mail", "list", "--foo"][..], "mail list"),
            (&["-a", "work", "send", "--subjet", "x"], "send"),
            (&["outbox"], "outbox"),
            (&["config", "set", "x"], "config set"),
            (&["login", "--imap"], "connect"),
            (&["--foo"], "cli.usage"),
            (&["xyzzy"], "cli.usage"),
        ] {
            let said = said(words);
            let end = format!("exit 2 · cli.usage · chapar help {topic}\n");
            assert!(said.ends_with(&end), "{words:?}: {said}");
        }
    }

    #[test]
    fn a_wrong_value_is_answered_with_the_usage_of_the_command() {
        for (words, why, usage) in [
            (&["mail", "save", "M1", "x"][..], "it must be a whole number", "chapar mail save"),
            (&["watch", "--count", ""], "it must be a whole number", "chapar watch"),
            (&["mail", "list", "--page"], "a value is required", "chapar mail list"),
            (&["logs", "--lines", "99999999999999999999"], "too large", "chapar logs"),
            (&["outbox", "list", "--limit", "0"], "from 1 to 5000", "chapar outbox list"),
            (&["connect", "a@x", "--window", "0"], "it must be 1 or more", "chapar connect"),
        ] {
            let said = said(words);
            assert!(said.contains(why) && said.contains(&format!("try   {usage} [")), "{said}");
            assert!(!said.contains("digit") && !said.contains("--help"), "{said}");
        }
    }

    #[test]
    fn what_chapar_does_not_do_leads_to_no_other_command() {
        for words in [
            &["delete", "M42"][..],
            &["rm", "M1", "M2"],
            &["archive", "M42"],
            &["mark", "M42", "--read"],
            &["mail", "delete", "M42"],
            &["mail", "move", "M42", "Archive"],
        ] {
            let said = said(words);
            assert!(said.contains("does not move, mark or delete"), "{words:?}: {said}");
            assert!(!said.contains("account remove"), "{words:?}: {said}");
        }
        assert!(said(&["delete", "ana"]).contains("chapar account remove ana"));
    }

    #[test]
    fn another_programs_word_leads_to_the_command() {
        for (words, leads) in [
            (&["search", "two words"][..], "chapar mail search 'two words'"),
            (&["read", "M4"], "chapar mail show M4"),
            (&["inbox"], "chapar mail list"),
            (&["reply", "M4", "-m", "x"], "chapar send --reply-to M4 -m x"),
            (&["version"], "chapar --version"),
            (&["accounts"], "chapar account list"),
            (&["mail", "reply", "M4"], "chapar send --reply-to M4"),
        ] {
            let said = said(words);
            assert!(said.contains(&format!("try   {leads}\n")), "{words:?}: {said}");
        }
    }

    #[test]
    fn json_is_seen_even_when_the_rest_is_wrong() {
        let words = |words: &[&str]| words.iter().map(Into::into).collect::<Vec<_>>();
        assert!(wants_json(&words(&["chapar", "statsu", "--json"])));
        assert!(!wants_json(&words(&["chapar", "watch", "--", "--json"])));
        assert!(!wants_json(&words(&["--json"])));
    }
}
