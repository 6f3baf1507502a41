//! Command lines that cannot be read: what was meant, and where the help is.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::Fault;

/// Says whether the words ask for JSON, before or without a successful parse.
pub(crate) fn wants_json(words: &[std::ffi::OsString]) -> bool {
    words.iter().skip(1).take_while(|word| *word != "--").any(|word| word == "--json")
}

/// Turns what clap found into a fault; help and version are no faults and give `None`.
pub(crate) fn fault(error: &clap::Error) -> Option<Fault> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return None;
    }
    let mut fault = Fault::new("cli.usage", message(error)).without_commands();
    if let Some(word) = unknown_command(error).filter(|word| looks_like_address(word)) {
        return Some(fault.try_command(["chapar", "connect", &word]));
    }
    for meant in suggestions(error) {
        fault = fault.hint(format!("did you mean {meant}?"));
    }
    Some(fault.hint(help_of(error)))
}

/// The first paragraph of clap's own text, without its label and its tips.
fn message(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "a subcommand is missing".to_owned();
    }
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = paragraph.split_whitespace().collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
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

/// The line that names the usage, or the main help.
fn help_of(error: &clap::Error) -> String {
    match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => {
            let usage = usage.to_string();
            usage.split_whitespace().collect::<Vec<_>>().join(" ")
        }
        _ => "chapar --help".to_owned(),
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
    use crate::args::Cli;
    use clap::Parser;

    fn fault_of(words: &[&str]) -> Fault {
        let error = Cli::try_parse_from([&["chapar"], words].concat()).unwrap_err();
        fault(&error).unwrap()
    }

    #[test]
    fn an_address_is_meant_to_be_connected() {
        let fault = fault_of(&["ana@example.org"]);
        assert_eq!(fault.exit, 2);
        assert_eq!(fault.remedy[0].command, ["chapar", "connect", "ana@example.org"]);
    }

    #[test]
    fn a_typing_error_is_answered_with_what_was_meant() {
        let said = |words: &[&str]| -> String {
            fault_of(words)
                .lines(200)
                .iter()
                .map(|l| l.paint(crate::screen::Paper::default()) + "\n")
                .collect()
        };
        assert!(said(&["statsu"]).contains("did you mean status?"), "{}", said(&["statsu"]));
        assert!(said(&["send", "--subjet", "x"]).contains("did you mean --subject?"));
        assert!(said(&["mail", "lst"]).contains("did you mean list?"));
        assert!(said(&["outbox"]).contains("a subcommand is missing"));
        assert!(said(&["outbox", "resolve", "S1"]).contains("--sent"));
    }

    #[test]
    fn json_is_seen_even_when_the_rest_is_wrong() {
        let words = |words: &[&str]| words.iter().map(Into::into).collect::<Vec<_>>();
        assert!(wants_json(&words(&["chapar", "statsu", "--json"])));
        assert!(!wants_json(&words(&["chapar", "watch", "--", "--json"])));
        assert!(!wants_json(&words(&["--json"])));
    }
}
