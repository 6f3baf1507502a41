//! A line in styled parts: cleaned, cut and painted for what a stream can show. Prints nothing.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::hygiene::{Lines, clean};

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
}
