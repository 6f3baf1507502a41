//! The funnel: every fault becomes one [`Fault`] with what happened, why, what to do and a code.
//!
//! Owns the exit codes and both renderings (for a person, as JSON). Nothing else prints an error.

use std::io;

use chapar_conditions::Names;
use serde_json::{Value, json};

use crate::render::detail::{LABEL, detail_lines, is_block};
use crate::screen::{Line, Style, wrap};

pub(crate) use chapar_conditions::exit;

/// One thing to do about a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remedy {
    /// What it does, in a few words.
    pub(crate) title: String,
    /// The command, word by word.
    pub(crate) command: Vec<String>,
}

/// The words of a command, such as `mail list`. Boxed, because a fault is handed through everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topic(String);

/// Why a command ends without having done its work.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    /// The stable code, key of the help pages.
    pub(crate) code: String,
    /// What the process exits with.
    pub(crate) exit: u8,
    /// What happened, with the name of the thing.
    pub(crate) message: String,
    /// Why, in the other side's words.
    pub(crate) detail: Option<String>,
    /// What to do.
    pub(crate) remedy: Vec<Remedy>,
    /// What `chapar help` is asked for instead of the code: the command that was typed wrong.
    pub(crate) topic: Option<Box<Topic>>,
    /// The error object as the daemon sent it.
    pub(crate) wire: Option<Box<Value>>,
    /// The reader of standard output went away: nobody wants to hear about it.
    quiet: bool,
}

impl Fault {
    /// A fault with a code; exit code and first commands come from the registry.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        let row = chapar_conditions::find(code);
        let commands = row.map(|row| row.commands_for(Names::default())).unwrap_or_default();
        let remedy =
            commands.into_iter().map(|command| Remedy { title: String::new(), command }).collect();
        Self {
            code: code.to_owned(),
            exit: exit::of(code).unwrap_or(exit::BUG),
            message: message.into(),
            detail: None,
            remedy,
            topic: None,
            wire: None,
            quiet: false,
        }
    }

    /// A flag that is missing and could not be asked for.
    pub(crate) fn missing(what: &str, flag: &str) -> Self {
        let mut fault = Self::new("cli.missing", format!("{what} is missing: give {flag}"));
        fault.remedy.clear();
        fault
    }

    /// A file that could not be read.
    pub(crate) fn file(path: &std::path::Path, cause: &io::Error) -> Self {
        Self::new("input.file", format!("could not read {}", path.display()))
            .because(cause.to_string())
            .without_commands()
    }

    /// A file that could not be written.
    pub(crate) fn unwritable(path: &std::path::Path, cause: &io::Error) -> Self {
        Self::new("cli.output", format!("could not write {}", path.display()))
            .because(cause.to_string())
            .without_commands()
    }

    /// A failed write to standard output; a reader that left ends the command quietly.
    pub(crate) fn stdout(cause: &io::Error) -> Self {
        let mut fault =
            Self::new("cli.output", "could not write the answer").because(cause.to_string());
        if cause.kind() == io::ErrorKind::BrokenPipe {
            fault.quiet = true;
            fault.exit = exit::OK;
        }
        fault
    }

    /// The same with the other side's words.
    pub(crate) fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into()).filter(|detail| !detail.is_empty());
        self
    }

    /// The same with a command to try, before those there are.
    pub(crate) fn try_command<const N: usize>(mut self, command: [&str; N]) -> Self {
        let command = command.iter().map(|&word| word.to_owned()).collect();
        self.remedy.insert(0, Remedy { title: String::new(), command });
        self
    }

    /// The same with a sentence about what to do.
    pub(crate) fn hint(mut self, title: impl Into<String>) -> Self {
        self.remedy.push(Remedy { title: title.into(), command: Vec::new() });
        self
    }

    /// The same without any command.
    pub(crate) fn without_commands(mut self) -> Self {
        self.remedy.clear();
        self
    }

    /// The same, said by a command; `topic` are its words. What was typed wrong is explained by the
    /// help of the command, not by a page about typing.
    pub(crate) fn of_command(mut self, topic: &str) -> Self {
        if self.exit == exit::USAGE && !topic.is_empty() && self.topic.is_none() {
            self.topic = Some(Box::new(Topic(topic.to_owned())));
        }
        self
    }

    /// Whether nothing is to be said.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The fault for a person: what happened, why, what to do, the code.
    pub(crate) fn lines(&self, width: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        // a link at the end stands alone, so that it can be copied whole
        let (message, link) = match self.message.rsplit_once(' ') {
            Some((message, link)) if link.starts_with("https://") => (message, Some(link)),
            _ => (self.message.as_str(), None),
        };
        for (index, text) in wrap(message, width.saturating_sub(2)).into_iter().enumerate() {
            let mark = if index == 0 {
                Line::new().with(Style::Bad, "✗").text(" ")
            } else {
                Line::of("  ")
            };
            lines.push(mark.with(Style::Strong, text));
        }
        lines.extend(link.map(|link| Line::of(format!("    {link}"))));
        if let Some(detail) = &self.detail {
            lines.extend(detail_lines(detail, "", 4, width));
        }
        // below a block the remedies stand in its column
        let label = if self.detail.as_deref().is_some_and(is_block) { LABEL } else { 6 };
        for remedy in &self.remedy {
            lines.extend(remedy_lines(remedy, label, width));
        }
        let topic = self.topic.as_ref().map_or(&self.code, |topic| &topic.0);
        let help = format!("  exit {} · {} · chapar help {topic}", self.exit, self.code);
        lines.push(Line::new().with(Style::Dim, help));
        lines
    }

    /// The fault as the error object of the wire.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = self.wire.as_deref().cloned().unwrap_or_else(|| {
            let remedy: Vec<Value> = self
                .remedy
                .iter()
                .map(|remedy| json!({"title": remedy.title, "command": remedy.command}))
                .collect();
            json!({
                "code": self.exit,
                "message": self.message,
                "data": {
                    "type": "client",
                    "code": self.code,
                    "retryable": self.exit == exit::TEMPORARY,
                    "detail": self.detail,
                    "remedy": remedy,
                },
            })
        });
        if let Some(members) = error.as_object_mut() {
            members.insert("exit".to_owned(), json!(self.exit));
        }
        json!({"schema": "chapar/error/1", "error": error})
    }
}

/// The lines of one remedy.
fn remedy_lines(remedy: &Remedy, label: usize, width: usize) -> Vec<Line> {
    let command = shell_words(&remedy.command);
    let room = width.saturating_sub(4 + label);
    let mut texts = if remedy.title == command { Vec::new() } else { wrap(&remedy.title, room) };
    if !command.is_empty() {
        texts.push(command);
    }
    let labels = std::iter::once("try").chain(std::iter::repeat(""));
    let rows = labels.zip(texts);
    rows.map(|(word, text)| Line::new().with(Style::Dim, format!("    {word:<label$}")).text(text))
        .collect()
}

/// A command as it can be pasted into a shell.
pub(crate) fn shell_words(words: &[String]) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| {
            let bare = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
            if !word.is_empty() && word.chars().all(bare) {
                word.clone()
            } else {
                format!("'{}'", word.replace('\'', "'\\''"))
            }
        })
        .collect();
    quoted.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Paper;

    fn expired() -> Fault {
        Fault::new("tls.expired", "mail.example.org:993 has no valid certificate – not connecting")
            .because("CN=plesk, expired 2024-11-03; needed: a certificate for mail.example.org")
            .without_commands()
            .hint("the name on the certificate that your provider publishes")
            .try_command(["chapar", "connect", "ana@example.org", "--imap", "imap.example.org"])
    }

    fn painted(paper: Paper) -> String {
        expired().lines(80).iter().map(|line| line.paint(paper) + "\n").collect()
    }

    #[test]
    fn a_fault_says_what_why_what_to_do_and_its_code() {
        let text = painted(Paper::default());
        assert_eq!(
            text,
            "✗ mail.example.org:993 has no valid certificate – not connecting\n    \
             “CN=plesk, expired 2024-11-03; needed: a certificate for mail.example.org”\n    \
             try   chapar connect ana@example.org --imap imap.example.org\n    \
             try   the name on the certificate that your provider publishes\n  \
             exit 77 · tls.expired · chapar help tls.expired\n"
        );
        assert!(text.lines().all(|line| crate::screen::columns(line) <= 80));
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let coloured = painted(Paper { colour: true, ascii: false, terminal: true });
        assert!(coloured.starts_with("\u{1b}[31m✗\u{1b}[0m \u{1b}[1mmail"));
        let stripped = crate::hygiene::clean(&coloured, crate::hygiene::Lines::Many);
        assert_eq!(stripped, painted(Paper::default()));
    }

    #[test]
    fn a_link_at_the_end_stands_alone_and_whole() {
        let link = format!("https://issuer.example/adminconsent?client_id={}", "8f".repeat(40));
        let message = format!("an administrator has to agree; the link: {link}");
        let lines = Fault::new("oauth.admin_consent", message).lines(80);
        let painted: Vec<String> = lines.iter().map(|line| line.paint(Paper::default())).collect();
        assert_eq!(painted[0], "✗ an administrator has to agree; the link:");
        assert_eq!(painted[1].trim_start(), link);
    }

    #[test]
    fn ascii_has_the_same_words() {
        let text = painted(Paper { colour: false, ascii: true, terminal: true });
        assert!(text.is_ascii(), "{text}");
        assert!(text.starts_with("x mail.example.org:993 has no valid certificate - not"));
    }

    #[test]
    fn json_carries_the_wire_object_untouched() {
        let mut fault = expired();
        fault.wire =
            Some(Box::new(json!({"code": 422, "message": "m", "data": {"type": "tlsInvalid"}})));
        let value = fault.to_json();
        assert_eq!(value["schema"], "chapar/error/1");
        assert_eq!(value["error"]["data"]["type"], "tlsInvalid");
        assert_eq!(value["error"]["exit"], 77);
    }

    #[test]
    fn a_reader_that_left_is_no_fault() {
        let fault = Fault::stdout(&io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(fault.is_quiet() && fault.exit == exit::OK);
        assert_eq!(Fault::stdout(&io::Error::other("full")).exit, exit::CANNOT_WRITE);
    }

    #[test]
    fn commands_can_be_pasted() {
        let words = ["chapar", "send", "--subject", "it's", ""].map(str::to_owned);
        assert_eq!(shell_words(&words), "chapar send --subject 'it'\\''s' ''");
    }
}
