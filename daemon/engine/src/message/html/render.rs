//! HTML as plain text: blocks on lines, lists, tables, quotes, links with their target.
//!
//! Owns what of HTML a person reads on a terminal. Hidden text is left out. Must never show a link
//! under another name without saying where it leads.

use super::super::text::blank;
use super::lexer::{Lexer, Tag, Token};
use super::link;
use super::nesting::{self, is_list, is_void};

/// Elements open at once that are kept in mind; those further in still break lines.
const DEPTH: usize = 256;
/// Levels of quotes and lists that are drawn.
const LEVELS: usize = 10;
/// Bytes of text made of one HTML.
pub(super) const OUTPUT: usize = 4 << 20;

/// Whether the targets of links are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Links {
    /// Behind their text.
    #[default]
    Shown,
    /// Not at all, as in a preview.
    Hidden,
}

/// Turns HTML into text.
pub(crate) fn to_text(html: &str, links: Links) -> String {
    let mut page = Page { links, ..Page::default() };
    for token in Lexer::new(html) {
        if page.out.len() > OUTPUT {
            break;
        }
        match token {
            Token::Text(text) => page.text(&text),
            Token::Open(tag) => page.open(&tag),
            Token::Close(name) => page.close(&name),
        }
    }
    page.end_link();
    page.out.truncate(page.out.trim_end().len());
    page.out
}

/// An open element.
#[derive(Debug)]
struct Open {
    name: String,
    hidden: bool,
    pre: bool,
    /// The next number of an ordered list.
    number: Option<u32>,
}

/// An open link.
#[derive(Debug)]
struct Link {
    target: String,
    /// What was written since it was opened.
    text: String,
}

/// The text as it grows.
#[derive(Debug, Default)]
struct Page {
    links: Links,
    out: String,
    open: Vec<Open>,
    /// Line ends to be written before the next character.
    breaks: usize,
    /// A blank to be written before the next character.
    gap: bool,
    /// A cell ended on this line: the next one stands apart.
    cell: bool,
    /// What the next line begins with: the mark of a list item.
    mark: Option<String>,
    link: Option<Link>,
    /// Counts of what is open.
    hidden: usize,
    pre: usize,
    quotes: usize,
    lists: usize,
    /// How deep in quotes the last character stands.
    quoted: usize,
}

/// How many line ends stand before and after an element; `None` for those within a line.
pub(super) fn block(name: &str) -> Option<usize> {
    Some(match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "ul" | "ol" | "dl"
        | "pre" | "table" | "figure" | "hr" => 2,
        "div" | "li" | "tr" | "dt" | "dd" | "section" | "article" | "header" | "footer"
        | "main" | "aside" | "nav" | "address" | "center" | "form" | "fieldset" | "caption"
        | "thead" | "tbody" | "tfoot" | "body" | "html" | "head" | "figcaption" | "details"
        | "summary" | "option" | "legend" | "dir" | "menu" => 1,
        _ => return None,
    })
}

impl Page {
    fn open(&mut self, tag: &Tag<'_>) {
        let name = tag.name.as_str();
        self.end_implied(name);
        match name {
            "br" => return self.line_end(),
            "hr" => return self.rule(),
            "img" => return self.picture(tag),
            "a" => self.begin_link(tag),
            "q" => self.word("\""),
            _ => {}
        }
        if is_void(name) {
            return;
        }
        self.begin_block(name);
        let style = tag.attribute("style").map(|style| squeezed(&style)).unwrap_or_default();
        let open = Open {
            name: name.to_owned(),
            hidden: is_hidden(tag, &style),
            pre: matches!(name, "pre" | "listing") || style.contains("white-space:pre"),
            number: (name == "ol").then(|| {
                tag.attribute("start").and_then(|start| start.trim().parse().ok()).unwrap_or(1)
            }),
        };
        if self.open.len() < DEPTH {
            self.hidden += usize::from(open.hidden);
            self.pre += usize::from(open.pre);
            self.quotes += usize::from(name == "blockquote");
            self.lists += usize::from(is_list(name));
            self.open.push(open);
        }
        if name == "li" {
            self.begin_item(tag);
        }
        if name == "dd" {
            self.mark = Some("  ".to_owned());
        }
    }

    fn close(&mut self, name: &str) {
        if name == "br" {
            return self.line_end();
        }
        if name == "q" {
            self.word("\"");
        }
        if name == "a" {
            self.end_link();
        }
        if matches!(name, "td" | "th") {
            self.end_cell();
        }
        if is_void(name) {
            return;
        }
        let open = self.open.iter().map(|open| open.name.as_str());
        if let Some(at) = nesting::closed_by(name, open) {
            self.end_from(at);
        }
        self.begin_block(name);
    }

    /// Ends what a start tag ends without saying so.
    fn end_implied(&mut self, name: &str) {
        let open = self.open.iter().map(|open| open.name.as_str());
        let Some(at) = nesting::ended_by(name, block(name).is_some(), open) else { return };
        if name == "a" {
            self.end_link();
        }
        if matches!(name, "td" | "th") {
            self.end_cell();
        }
        self.end_from(at);
    }

    /// Takes elements off from `at` on.
    fn end_from(&mut self, at: usize) {
        for open in self.open.drain(at..) {
            self.hidden -= usize::from(open.hidden);
            self.pre -= usize::from(open.pre);
            self.quotes -= usize::from(open.name == "blockquote");
            self.lists -= usize::from(is_list(&open.name));
        }
    }

    fn begin_block(&mut self, name: &str) {
        let Some(breaks) = block(name) else { return };
        // a list within a list stands close to it
        let nested = is_list(name) && self.lists > 0;
        self.break_line(if nested { 1 } else { breaks });
    }

    /// Asks for line ends before the next character.
    fn break_line(&mut self, count: usize) {
        self.gap = false;
        self.cell = false;
        if !self.out.is_empty() {
            self.breaks = self.breaks.max(count);
        }
    }

    /// `<br>`: one line end more than there is, at most one empty line.
    fn line_end(&mut self) {
        if self.hidden > 0 {
            return;
        }
        self.gap = false;
        if !self.out.is_empty() {
            self.breaks = (self.breaks + 1).min(if self.pre > 0 { usize::MAX } else { 2 });
        }
    }

    fn rule(&mut self) {
        self.break_line(2);
        if self.hidden == 0 {
            self.word("----");
        }
        self.break_line(2);
    }

    fn picture(&mut self, tag: &Tag<'_>) {
        let alt = tag.attribute("alt").unwrap_or_default();
        let alt = alt.split_whitespace().collect::<Vec<_>>().join(" ");
        if !blank(&alt) && self.hidden == 0 {
            self.word(&format!("[{alt}]"));
        }
    }

    fn begin_item(&mut self, tag: &Tag<'_>) {
        let list = self.open.iter_mut().rev().find(|open| is_list(&open.name));
        let number = list.and_then(|list| list.number.as_mut());
        self.mark = Some(match number {
            Some(number) => {
                let said = tag.attribute("value").and_then(|value| value.trim().parse().ok());
                let this = said.unwrap_or(*number);
                *number = this.saturating_add(1);
                format!("{this}. ")
            }
            None => "- ".to_owned(),
        });
    }

    /// The next cell stands apart from this one, unless it begins a line anyway.
    fn end_cell(&mut self) {
        self.cell = self.breaks == 0 && !self.out.is_empty();
    }

    fn begin_link(&mut self, tag: &Tag<'_>) {
        self.end_link();
        let target = tag.attribute("href").unwrap_or_default();
        let target: String =
            target.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        if self.links == Links::Shown && self.hidden == 0 && link::is_shown(&target) {
            self.link = Some(Link { target, text: String::new() });
        }
    }

    /// Writes the target behind the text of a link, on the same line.
    fn end_link(&mut self) {
        let Some(Link { target, text }) = self.link.take() else { return };
        if self.hidden > 0 {
            return;
        }
        let Some(shown) = link::shown(&target, text.trim()) else { return };
        let (breaks, gap, cell) = (self.breaks, self.gap, self.cell);
        if !text.trim().is_empty() {
            (self.breaks, self.gap, self.cell) = (0, true, false);
        }
        self.word(&shown);
        if !text.trim().is_empty() {
            (self.breaks, self.gap, self.cell) = (breaks, gap, cell);
        }
    }

    fn text(&mut self, text: &str) {
        if self.hidden > 0 {
            return;
        }
        if self.pre > 0 {
            return self.lines(text);
        }
        for (at, word) in text.split([' ', '\t', '\r', '\n', '\u{c}']).enumerate() {
            self.gap |= at > 0;
            if !word.is_empty() {
                self.word(word);
            }
        }
    }

    /// Text whose blanks and line ends count.
    fn lines(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n");
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.gap = false;
                self.breaks += usize::from(!self.out.is_empty());
            }
            if !line.is_empty() {
                self.word(line);
            }
        }
    }

    /// Writes characters that are not to be broken, after what was asked for before them.
    fn word(&mut self, word: &str) {
        if self.out.is_empty() || self.breaks > 0 {
            for line in 0..self.breaks {
                self.out.truncate(self.out.trim_end_matches(' ').len());
                self.out.push('\n');
                if line + 1 < self.breaks {
                    let around = self.quotes.min(self.quoted).min(LEVELS);
                    self.out.push_str("> ".repeat(around).trim_end());
                }
            }
            self.begin_line();
        } else if self.cell {
            self.out.push_str("  ");
        } else if self.gap {
            self.out.push(' ');
        }
        (self.breaks, self.gap, self.cell) = (0, false, false);
        self.quoted = self.quotes;
        self.out.push_str(word);
        if let Some(link) = &mut self.link {
            link.text.push_str(word);
            link.text.push(' ');
        }
    }

    /// Writes what stands at the beginning of a line: quotes, the place within lists, their mark.
    fn begin_line(&mut self) {
        self.out.push_str(&"> ".repeat(self.quotes.min(LEVELS)));
        let mark = self.mark.take();
        let levels = if mark.is_some() { self.lists.saturating_sub(1) } else { self.lists };
        self.out.push_str(&"  ".repeat(levels.min(LEVELS)));
        self.out.push_str(&mark.unwrap_or_default());
    }
}

/// A style without blanks, in small letters.
fn squeezed(style: &str) -> String {
    let kept = style.chars().filter(|c| !c.is_whitespace());
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether an element is not to be seen: newsletters hide the words that only a list should show.
fn is_hidden(tag: &Tag<'_>, style: &str) -> bool {
    let no_size = |name: &str| {
        style.split(';').filter_map(|rule| rule.split_once(':')).any(|(rule, value)| {
            let number = value
                .trim_end_matches("!important")
                .trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
            rule == name && number.parse::<f32>().is_ok_and(|size| size == 0.0)
        })
    };
    RAW_TEXT.contains(&tag.name.as_str())
        || ["display:none", "visibility:hidden", "mso-hide:all"]
            .iter()
            .any(|rule| style.contains(rule))
        || tag.attribute("hidden").is_some()
        || no_size("font-size")
        || no_size("opacity")
        || (style.contains("overflow:hidden")
            && (no_size("max-height")
                || no_size("height")
                || no_size("max-width")
                || no_size("width")))
}

/// Elements of which nothing is shown.
const RAW_TEXT: [&str; 4] = ["script", "style", "title", "template"];
