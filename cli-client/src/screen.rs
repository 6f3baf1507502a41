//! The sink: everything chapar prints goes through here, cleaned, coloured and made to fit.
//!
//! Owns what is known about the terminal. Text enters as [`Line`]s whose parts are cleaned when
//! they are painted, so nothing from mail or daemon can steer the terminal.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal, Write};

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::args::{ColorChoice, Global};
use crate::error::Fault;
use crate::hygiene::{Lines, clean, escape_json};

/// Width when the terminal does not tell one.
const USUAL_WIDTH: usize = 80;
/// Narrower than this nothing is laid out.
const LEAST_WIDTH: usize = 40;
/// Wider than this lines are hard to read.
const MOST_WIDTH: usize = 160;
/// Wider than this sentences are.
const MOST_TOLD: usize = 80;

/// How a part of a line is meant; colour never carries meaning alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// As it is.
    Plain,
    /// Done, well.
    Good,
    /// Needs attention.
    Warn,
    /// Failed.
    Bad,
    /// Beside the point.
    Dim,
    /// The point.
    Strong,
}

impl Style {
    /// The SGR parameter that switches the style on.
    fn sgr(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("32"),
            Self::Warn => Some("33"),
            Self::Bad => Some("31"),
            Self::Dim => Some("2"),
            Self::Strong => Some("1"),
        }
    }
}

/// One line as styled parts. The parts hold text as it came; painting cleans it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line(Vec<(Style, String)>);

impl Line {
    /// An empty line.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A line of plain text.
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self::new().with(Style::Plain, text)
    }

    /// The line with one more part.
    pub(crate) fn with(mut self, style: Style, text: impl Into<String>) -> Self {
        self.0.push((style, text.into()));
        self
    }

    /// The line with one more plain part.
    pub(crate) fn text(self, text: impl Into<String>) -> Self {
        self.with(Style::Plain, text)
    }

    /// The columns it takes.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| columns(&clean(text, Lines::One))).sum()
    }

    /// The line cut to `width` columns, with `…` where something is missing.
    pub(crate) fn fit(self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut left = width;
        let mut parts = Vec::new();
        for (style, text) in self.0 {
            let text = clean(&text, Lines::One).into_owned();
            let taken = columns(&text);
            if taken < left {
                left -= taken;
                parts.push((style, text));
            } else {
                parts.push((style, cut(&text, left)));
                break;
            }
        }
        Self(parts)
    }

    /// The bytes for a stream.
    pub(crate) fn paint(&self, paper: Paper) -> String {
        let mut painted = String::new();
        for (style, text) in &self.0 {
            let text = clean(text, Lines::One);
            let text = paper.glyphs(&text);
            match style.sgr() {
                Some(sgr) if paper.colour && !text.is_empty() => {
                    painted.push_str("\u{1b}[");
                    painted.push_str(sgr);
                    painted.push('m');
                    painted.push_str(&text);
                    painted.push_str("\u{1b}[0m");
                }
                _ => painted.push_str(&text),
            }
        }
        painted.truncate(painted.trim_end_matches(' ').len());
        painted
    }
}

/// What a stream can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Paper {
    /// SGR sequences are understood and wanted.
    pub(crate) colour: bool,
    /// Only ASCII can be shown.
    pub(crate) ascii: bool,
    /// It is a terminal.
    pub(crate) terminal: bool,
}

impl Paper {
    /// The text in characters the stream can show.
    ///
    /// Our own typography becomes ASCII; other letters become `?` only on a terminal, because a
    /// pipe loses nothing by getting the mail as it is.
    pub(crate) fn glyphs(self, text: &str) -> Cow<'_, str> {
        if !self.ascii || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut plain = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '✓' => plain.push('+'),
                '✗' => plain.push('x'),
                '…' => plain.push_str("..."),
                '·' | '–' | '−' | '—' => plain.push('-'),
                '“' | '”' => plain.push('"'),
                '’' => plain.push('\''),
                '→' => plain.push_str("->"),
                '█' => plain.push('#'),
                '░' => plain.push('.'),
                '●' => plain.push('*'),
                c if c.is_ascii() || !self.terminal => plain.push(c),
                _ => plain.push('?'),
            }
        }
        Cow::Owned(plain)
    }
}

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
    /// Columns for laid-out text.
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

/// The columns of cleaned text.
pub(crate) fn columns(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Text cut to at most `width` columns, with `…` at the cut.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut left = width.saturating_sub(1);
    for c in text.chars() {
        let taken = UnicodeWidthChar::width(c).unwrap_or(0);
        if taken > left {
            break;
        }
        left -= taken;
        kept.push(c);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// Text broken at spaces into lines of at most `width` columns; longer words stay whole, so that
/// an address or a command can be copied.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && columns(&line) + 1 + columns(word) > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn terminal_width() -> usize {
    let told = rustix::termios::tcgetwinsize(io::stdout())
        .or_else(|_| rustix::termios::tcgetwinsize(io::stderr()))
        .map_or(0, |size| usize::from(size.ws_col));
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

    const COLOUR: Paper = Paper { colour: true, ascii: false, terminal: true };
    const ASCII: Paper = Paper { colour: false, ascii: true, terminal: true };

    #[test]
    fn parts_are_cleaned_where_they_are_painted() {
        let line = Line::new().with(Style::Good, "✓ ok").text(" \u{1b}[2Jhello\u{202e}\nworld");
        assert_eq!(line.paint(COLOUR), "\u{1b}[32m✓ ok\u{1b}[0m hello world");
        assert_eq!(line.paint(Paper::default()), "✓ ok hello world");
        assert_eq!(line.paint(ASCII), "+ ok hello world");
    }

    #[test]
    fn a_pipe_keeps_letters_that_an_ascii_terminal_cannot_show() {
        let pipe = Paper { terminal: false, ..ASCII };
        assert_eq!(pipe.glyphs("“Žofie” …"), "\"Žofie\" ...");
        assert_eq!(ASCII.glyphs("“Žofie” …"), "\"?ofie\" ...");
    }

    #[test]
    fn lines_fit_by_columns_not_letters() {
        assert_eq!(cut("漢字漢字", 5), "漢字…");
        assert_eq!(cut("漢字漢字", 4), "漢…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 0), "");
        let line = Line::of("ab").with(Style::Bad, "cdef").fit(4);
        assert_eq!(line.paint(Paper::default()), "abc…");
    }

    #[test]
    fn long_words_stay_whole() {
        assert_eq!(wrap("a bb ccccccccc d", 4), ["a bb", "ccccccccc", "d"]);
    }

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
