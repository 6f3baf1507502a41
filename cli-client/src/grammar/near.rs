//! What somebody meant who typed a command that there is not: the command that does it.

use std::ffi::OsString;

use clap::Command;

use super::{command, parse};

/// Words that other mail programs or habits use, and the words of chapar's command. What was typed
/// behind the word is kept where the command takes it.
const SYNONYMS: &[(&str, &str)] = &[
    ("accounts", "account list"),
    ("add", "connect"),
    ("answer", "send --reply-to"),
    ("calls", "call"),
    ("check", "doctor"),
    ("code", "help"),
    ("codes", "help codes"),
    ("compose", "send"),
    ("configure", "config edit"),
    ("daemon", "service status"),
    ("delete", "account remove"),
    ("diagnose", "doctor"),
    ("disconnect", "account remove"),
    ("error", "help"),
    ("errors", "help codes"),
    ("events", "watch"),
    ("fetch", "sync"),
    ("find", "mail search"),
    ("folders", "account show"),
    ("follow", "watch"),
    ("forward", "send"),
    ("get", "config get"),
    ("grep", "mail search"),
    ("health", "doctor"),
    ("idle", "watch"),
    ("inbox", "mail list"),
    ("info", "status"),
    ("init", "connect"),
    ("log", "logs"),
    ("logout", "account remove"),
    ("mailbox", "account show"),
    ("mailboxes", "account show"),
    ("mailq", "outbox list"),
    ("mails", "mail list"),
    ("manual", "man"),
    ("message", "mail show"),
    ("messages", "mail list"),
    ("monitor", "watch"),
    ("new", "send"),
    ("password", "account update --password"),
    ("pull", "sync"),
    ("query", "mail search"),
    ("queue", "outbox list"),
    ("read", "mail show"),
    ("refresh", "sync"),
    ("reply", "send --reply-to"),
    ("reset", "data forget"),
    ("run", "service start"),
    ("setup", "connect"),
    ("signin", "connect"),
    ("state", "status"),
    ("unread", "mail list --unread"),
    ("unset", "config edit"),
    ("version", "--version"),
    ("view", "mail show"),
    ("write", "send"),
];

/// The same below a command: its word, what was typed behind it, the command.
const BELOW: &[(&str, &str, &str)] = &[
    ("account", "add", "connect"),
    ("account", "connect", "connect"),
    ("account", "create", "connect"),
    ("account", "delete", "account remove"),
    ("account", "edit", "account update"),
    ("account", "info", "account show"),
    ("account", "login", "account reconnect"),
    ("account", "ls", "account list"),
    ("account", "password", "account update --password"),
    ("account", "rm", "account remove"),
    ("account", "set", "account update"),
    ("account", "start", "account resume"),
    ("account", "status", "status"),
    ("account", "stop", "account pause"),
    ("account", "sync", "sync"),
    ("config", "list", "config get"),
    ("config", "show", "config get"),
    ("config", "validate", "config check"),
    ("data", "delete", "data forget"),
    ("data", "purge", "data forget"),
    ("data", "remove", "data forget"),
    ("mail", "attachment", "mail attachments"),
    ("mail", "cat", "mail show"),
    ("mail", "download", "mail save"),
    ("mail", "extract", "mail save"),
    ("mail", "files", "mail attachments"),
    ("mail", "find", "mail search"),
    ("mail", "get", "mail show"),
    ("mail", "inbox", "mail list"),
    ("mail", "ls", "mail list"),
    ("mail", "new", "send"),
    ("mail", "read", "mail show"),
    ("mail", "reply", "send --reply-to"),
    ("mail", "send", "send"),
    ("mail", "source", "mail export"),
    ("mail", "sync", "sync"),
    ("mail", "view", "mail show"),
    ("mail", "watch", "watch"),
    ("outbox", "delete", "outbox cancel"),
    ("outbox", "flush", "sync"),
    ("outbox", "ls", "outbox list"),
    ("outbox", "remove", "outbox cancel"),
    ("outbox", "send", "outbox retry"),
    ("outbox", "status", "outbox list"),
    ("service", "disable", "service uninstall"),
    ("service", "enable", "service install"),
    ("service", "logs", "logs"),
    ("service", "reload", "service restart"),
    ("service", "remove", "service uninstall"),
];

/// Words for what chapar does not do: it changes no mail on the server.
const CHANGES: [&str; 14] = [
    "archive", "delete", "expunge", "flag", "label", "mark", "move", "mv", "remove", "rm", "spam",
    "star", "tag", "trash",
];

/// Whether `unknown` asks for a change of mail: below `mail`, or with the id of a mail behind it.
pub(crate) fn changes_mail(words: &[OsString], unknown: &str) -> bool {
    let words = texts(words);
    let Some(at) = words.iter().position(|word| word == unknown) else { return false };
    let behind = words.get(at + 1).and_then(|word| by_shape(word));
    let of_mail = behind.is_some_and(|command| command.first().is_some_and(|it| it == "mail"));
    let (parent, _) = below(words.get(..at).unwrap_or_default());
    let here = parent == "mail" || parent.is_empty() && of_mail;
    here && CHANGES.contains(&unknown.to_lowercase().as_str())
}

/// How a command is written, in one line.
pub(crate) fn usage(topic: &str) -> String {
    let mut root = command();
    root.build();
    let mut here = &mut root;
    for word in topic.split(' ').filter(|word| !word.is_empty()) {
        let Some(below) = here.find_subcommand_mut(word) else {
            return "chapar --help".to_owned();
        };
        here = below;
    }
    let usage = here.render_usage().to_string();
    let usage = usage.split_whitespace().collect::<Vec<_>>().join(" ");
    usage.trim_start_matches("Usage: ").to_owned()
}

/// The command below which `words` end, and what stands behind it: `mail lst x` gives `mail` and
/// `lst x`. Flags before the first word of a command are passed over.
pub(crate) fn below(words: &[String]) -> (String, &[String]) {
    let root = command();
    let mut here = &root;
    let mut topic: Vec<&str> = Vec::new();
    let mut rest = words;
    for (at, word) in words.iter().enumerate() {
        match find(here, word) {
            Some(below) => {
                topic.push(below.get_name());
                here = below;
                rest = words.get(at + 1..).unwrap_or_default();
            }
            None if topic.is_empty() => {}
            None => break,
        }
    }
    (topic.join(" "), rest)
}

/// The words of the command that a command line is about; empty when it names none.
pub(crate) fn topic(words: &[OsString]) -> String {
    below(&texts(words)).0
}

/// The visible commands below a command.
pub(crate) fn commands_below(topic: &str) -> Vec<String> {
    let root = command();
    let here = topic.split(' ').try_fold(&root, |here, word| find(here, word));
    let below = here.into_iter().flat_map(Command::get_subcommands);
    below.filter(|below| !below.is_hide_set()).map(|below| below.get_name().to_owned()).collect()
}

/// The command that somebody meant by `unknown`, which stands where there is no such command: the
/// first that fits, word by word, with what was typed behind it where that fits too.
pub(crate) fn meant(words: &[OsString], unknown: &str) -> Option<Vec<String>> {
    let words = texts(words);
    let at = words.iter().position(|word| word == unknown)?;
    let behind = words.get(at + 1..).unwrap_or_default();
    let (parent, _) = below(words.get(..at).unwrap_or_default());
    let found = by_shape(unknown).or_else(|| by_table(&parent, unknown)).or_else(|| {
        let word = unknown.to_lowercase();
        parent.is_empty().then(|| second_level(&word, behind)).flatten()
    })?;
    Some(with_rest(found, behind))
}

/// Ids and codes say themselves what they are: `M42`, `S7`, `tls.expired`.
fn by_shape(unknown: &str) -> Option<Vec<String>> {
    let numbered = |letters: &str| {
        let number = unknown.strip_prefix(|c: char| letters.contains(c));
        number
            .is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
    };
    let command: &[&str] = if numbered("MmeE") {
        &["mail", "show"]
    } else if numbered("Ss") {
        &["outbox", "show"]
    } else if chapar_conditions::find(unknown).is_some() {
        &["help"]
    } else {
        return None;
    };
    Some(command.iter().copied().chain([unknown]).map(str::to_owned).collect())
}

fn by_table(parent: &str, unknown: &str) -> Option<Vec<String>> {
    let word = unknown.to_lowercase();
    let split = |command: &str| command.split(' ').map(str::to_owned).collect();
    if parent.is_empty() {
        return SYNONYMS.iter().find(|(known, _)| *known == word).map(|(_, it)| split(it));
    }
    let row = BELOW.iter().find(|(above, known, _)| *above == parent && *known == word);
    row.map(|(_, _, it)| split(it))
}

/// A word of the second level that was typed without the first: `show` is `mail show`. Where
/// several have it, what was typed behind decides, then the order of the grammar.
fn second_level(word: &str, behind: &[String]) -> Option<Vec<String>> {
    let root = command();
    let parents = root.get_subcommands().filter(|parent| !parent.is_hide_set());
    let mut fitting: Vec<Vec<String>> = parents
        .filter_map(|parent| {
            let below = find(parent, word)?;
            Some(vec![parent.get_name().to_owned(), below.get_name().to_owned()])
        })
        .collect();
    let taken = fitting.iter().position(|it| parses(it.iter().chain(behind)));
    fitting.drain(..).nth(taken.unwrap_or(0))
}

/// `found` with what was typed behind it, if that can be read so.
fn with_rest(found: Vec<String>, behind: &[String]) -> Vec<String> {
    // `accounts show work`: what stands behind says more than the first word of a list
    let parent = found.first().filter(|_| found.last().is_some_and(|last| last == "list"));
    if let Some(parent) = parent
        && let Some(next) = behind.first()
        && command().find_subcommand(parent).is_some_and(|parent| find(parent, next).is_some())
    {
        return std::iter::once(parent.clone()).chain(behind.iter().cloned()).collect();
    }
    if !behind.is_empty() && parses(found.iter().chain(behind)) {
        return found.into_iter().chain(behind.iter().cloned()).collect();
    }
    found
}

fn parses<'w>(words: impl Iterator<Item = &'w String>) -> bool {
    let words = words.map(OsString::from);
    parse(&std::iter::once("chapar".into()).chain(words).collect::<Vec<_>>()).is_ok()
}

/// A visible command below `here`, by its name or alias.
fn find<'c>(here: &'c Command, word: &str) -> Option<&'c Command> {
    here.get_subcommands().find(|below| {
        below.get_name() == word || below.get_all_aliases().any(|alias| alias == word)
    })
}

/// What was typed behind `chapar`; what is no text means no command.
fn texts(words: &[OsString]) -> Vec<String> {
    words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_meant(typed: &str) -> String {
        let words: Vec<OsString> =
            std::iter::once("chapar").chain(typed.split(' ')).map(Into::into).collect();
        let texts: Vec<&str> = typed.split(' ').collect();
        let unknown = texts
            .iter()
            .find(|word| {
                let (parent, _) = below(&[(*word).to_string()]);
                parent.is_empty() && !word.starts_with('-')
            })
            .copied();
        let second = texts.get(1).copied().unwrap_or_default();
        let unknown = match unknown {
            Some(first) if texts.first() == Some(&first) => first,
            _ => second,
        };
        meant(&words, unknown).unwrap_or_default().join(" ")
    }

    #[test]
    fn words_of_other_programs_lead_to_the_command() {
        for (typed, leads) in [
            ("search invoice march", "mail search invoice march"),
            ("read M42", "mail show M42"),
            ("READ M42", "mail show M42"),
            ("inbox", "mail list"),
            ("reply M42", "send --reply-to M42"),
            ("version", "--version"),
            ("accounts", "account list"),
            ("accounts show work", "account show work"),
            ("show M42", "mail show M42"),
            ("list --unread", "mail list --unread"),
            ("reconnect work", "account reconnect work"),
            ("cancel S7", "outbox cancel S7"),
            ("resolve S7 --sent", "outbox resolve S7 --sent"),
            ("install", "service install"),
            ("forget --all", "data forget --all"),
            ("mail read M42", "mail show M42"),
            ("mail ls", "mail list"),
            ("account add ana@example.org", "connect ana@example.org"),
            ("config list", "config get"),
            ("outbox rm", ""),
            ("M42", "mail show M42"),
            ("S7", "outbox show S7"),
            ("tls.expired", "help tls.expired"),
            ("-a work inbox", ""),
            ("xyzzy", ""),
        ] {
            assert_eq!(is_meant(typed), leads, "{typed}");
        }
    }

    #[test]
    fn every_word_of_the_tables_leads_to_a_command_that_there_is() {
        let targets = SYNONYMS.iter().map(|(word, it)| (String::new(), *word, *it));
        let targets =
            targets.chain(BELOW.iter().map(|(above, word, it)| ((*above).into(), *word, *it)));
        for (above, word, target) in targets {
            let words: Vec<String> = target.split(' ').map(str::to_owned).collect();
            let (found, rest) = below(&words);
            let fine = target.starts_with("--") || (!found.is_empty() && rest.len() <= 1);
            assert!(fine, "{above} {word} leads to {target}");
            let root = command();
            let here = if above.is_empty() { &root } else { find(&root, &above).unwrap() };
            assert!(find(here, word).is_none(), "{above} {word} is a command itself");
        }
    }

    #[test]
    fn the_command_of_a_line_is_found_behind_flags() {
        for (line, leads) in [
            ("chapar mail lst", "mail"),
            ("chapar --json -a work mail list --foo", "mail list"),
            ("chapar send --subjet x", "send"),
            ("chapar --foo", ""),
            ("chapar login --x", "connect"),
        ] {
            let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
            assert_eq!(topic(&words), leads, "{line}");
        }
    }
}
