//! The sink: everything chapar prints goes through here, cleaned, coloured and made to fit.
//!
//! Owns what is known about the terminal. Text enters as [`Line`]s whose parts are cleaned when
//! they are painted, so nothing from mail or daemon can steer the terminal.

mod line;

use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal, Write};

use serde_json::Value;

pub(crate) use self::line::{Line, Paper, Style, columns, cut, wrap};
use crate::args::{ColorChoice, Global};
use crate::error::Fault;
use crate::hygiene::{Lines, clean, escape_json};

/// Width when the terminal does not tell one.
const USUAL_WIDTH: usize = 80;
/// Narrower than this nothing is laid out.
const LEAST_WIDTH: usize = 16;
/// Wider than this a terminal is not believed.
const MOST_WIDTH: usize = 1000;
/// Wider than this laid-out text is hard to read.
pub(crate) const MOST_TEXT: usize = 100;
/// Wider than this sentences are.
const MOST_TOLD: usize = 80;

/// The form of the answer on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For a person.
    Human,
    /// Tab-separated fields.
    Plain,
    /// JSON.
    Json,
}

/// Both output streams and what is known about them.
#[derive(Debug)]
pub(crate) struct Screen {
    /// The form of the answer.
    pub(crate) form: Form,
    /// Columns of the terminal, for tables.
    pub(crate) width: usize,
    /// What standard error can show.
    pub(crate) err: Paper,
    /// What standard output can show.
    pub(crate) out: Paper,
    /// Redrawing a line in place works on standard error.
    pub(crate) redraws: bool,
    /// A person can be asked.
    pub(crate) asks: bool,
    /// How much detail is wanted.
    pub(crate) verbose: u8,
    quiet: bool,
    stdout: RefCell<BufWriter<io::Stdout>>,
}

impl Screen {
    /// Looks at the streams, the flags and the environment.
    pub(crate) fn new(global: &Global) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let dumb = env_is("TERM", "dumb");
        let ascii = is_ascii_locale(|name| std::env::var(name).ok());
        let paper = |terminal: bool| Paper {
            colour: wants_colour(global.color, terminal && !dumb),
            ascii,
            terminal,
        };
        let form = match (global.json, global.plain) {
            (true, _) => Form::Json,
            (_, true) => Form::Plain,
            _ => Form::Human,
        };
        let plain = |paper: Paper| Paper { colour: paper.colour && form == Form::Human, ..paper };
        Self {
            form,
            width: terminal_width(),
            err: paper(err),
            out: plain(paper(out)),
            redraws: err && !dumb && !global.quiet && form != Form::Json,
            asks: err && io::stdin().is_terminal() && !global.no_input && form != Form::Json,
            verbose: global.verbose,
            quiet: global.quiet,
            stdout: RefCell::new(BufWriter::new(io::stdout())),
        }
    }

    /// Columns for text: lines of a wide terminal are hard to read.
    pub(crate) fn text_width(&self) -> usize {
        self.width.min(MOST_TEXT)
    }

    /// Prints a line of the answer.
    pub(crate) fn answer(&self, line: &Line) -> Result<(), Fault> {
        let mut text = line.paint(self.out);
        text.push('\n');
        self.write(text.as_bytes())
    }

    /// Prints several lines of the answer.
    pub(crate) fn answers(&self, lines: &[Line]) -> Result<(), Fault> {
        lines.iter().try_for_each(|line| self.answer(line))
    }

    /// Prints text of several lines, such as the body of a mail.
    pub(crate) fn body(&self, text: &str) -> Result<(), Fault> {
        let text = clean(text, Lines::Many);
        self.write(self.out.glyphs(&text).as_bytes())?;
        if text.ends_with('\n') { Ok(()) } else { self.write(b"\n") }
    }

    /// Prints one tab-separated row.
    pub(crate) fn fields<'a>(
        &self,
        fields: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Fault> {
        let row: Vec<_> = fields.into_iter().map(|field| clean(field, Lines::One)).collect();
        self.write(format!("{}\n", row.join("\t")).as_bytes())
    }

    /// Prints the one JSON object of a command: its schema first, then its members.
    pub(crate) fn object(&self, command: &str, members: Value) -> Result<(), Fault> {
        let mut object = serde_json::Map::new();
        object.insert("schema".to_owned(), Value::String(format!("chapar/{command}/1")));
        match members {
            Value::Object(members) => {
                object.extend(members.into_iter().filter(|(key, _)| key != "schema"));
            }
            other => {
                object.insert("result".to_owned(), other);
            }
        }
        self.json(&Value::Object(object))
    }

    /// Prints one line of JSON.
    pub(crate) fn json(&self, value: &Value) -> Result<(), Fault> {
        let text = value.to_string();
        self.write(format!("{}\n", escape_json(&text)).as_bytes())
    }

    /// Writes bytes as they are; only for files and pipes, never for a terminal.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<(), Fault> {
        self.write(bytes)
    }

    /// Sends out what is buffered; streams call it after each event.
    pub(crate) fn flush(&self) -> Result<(), Fault> {
        self.stdout.borrow_mut().flush().map_err(|cause| Fault::stdout(&cause))
    }

    /// Tells a person something beside the answer, unless they asked for silence.
    pub(crate) fn say(&self, line: &Line) {
        if !self.quiet && self.form != Form::Json {
            self.warn(line);
        }
    }

    /// Tells sentences, broken where the line ends.
    pub(crate) fn tell(&self, text: &str) {
        for line in wrap(text, self.width.min(MOST_TOLD)) {
            self.say(&Line::of(line));
        }
    }

    /// The same for what needs attention, behind its mark.
    pub(crate) fn caution(&self, text: &str) {
        let mut mark = Line::new().with(Style::Warn, "!");
        for line in wrap(text, self.width.min(MOST_TOLD).saturating_sub(2)) {
            self.say(&mark.text(format!(" {line}")));
            mark = Line::of(" ");
        }
    }

    /// Asks, with the cursor behind the question. One write: what is typed comes after all of it.
    pub(crate) fn ask(&self, question: &Line) {
        let _ = self.flush();
        let _ = io::stderr().write_all(format!("{} ", question.paint(self.err)).as_bytes());
    }

    /// Tells a person something they must know.
    pub(crate) fn warn(&self, line: &Line) {
        let _ = self.flush();
        // a closed standard error leaves nobody to tell
        let _ = io::stderr().write_all(format!("{}\n", line.paint(self.err)).as_bytes());
    }

    /// Takes away the line the cursor stands in; where that cannot be, ends it.
    pub(crate) fn clear_line(&self) {
        let _ = write!(io::stderr(), "{}", if self.redraws { "\r\u{1b}[2K" } else { "\n" });
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Fault> {
        self.stdout.borrow_mut().write_all(bytes).map_err(|cause| Fault::stdout(&cause))
    }
}

/// What the terminal says, else what the variable of shells says.
fn terminal_width() -> usize {
    let told = rustix::termios::tcgetwinsize(io::stdout())
        .or_else(|_| rustix::termios::tcgetwinsize(io::stderr()))
        .map_or(0, |size| usize::from(size.ws_col));
    let named = || std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let told = if told == 0 { named() } else { told };
    if told == 0 { USUAL_WIDTH } else { told.clamp(LEAST_WIDTH, MOST_WIDTH) }
}

fn env_is(name: &str, value: &str) -> bool {
    std::env::var_os(name).is_some_and(|set| set == value)
}

/// `NO_COLOR` and the `FORCE` variables count when they are set and not empty.
fn wants_colour(choice: ColorChoice, able: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if set("NO_COLOR") => false,
        ColorChoice::Auto => able || set("FORCE_COLOR") || set("CLICOLOR_FORCE"),
    }
}

/// Says whether the locale names a character set other than UTF-8. Nothing set says nothing: a
/// container without locale usually hangs on a UTF-8 terminal.
fn is_ascii_locale(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        !(locale.contains("utf-8") || locale.contains("utf8"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_about_ascii() {
        let with = |set: &[(&str, &str)]| {
            is_ascii_locale(|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(with(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]));
        assert!(!with(&[("LC_ALL", ""), ("LANG", "C.UTF-8")]));
        assert!(!with(&[("LANG", "de_DE.utf8")]));
        assert!(!with(&[]));
    }
}
