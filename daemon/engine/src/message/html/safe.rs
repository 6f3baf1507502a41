//! HTML that a browser may show: rebuilt from its tags, then cleaned by ammonia.
//!
//! Owns what of a stranger's HTML reaches a browser. Must never let through what runs, loads from
//! elsewhere, sends, moves the page or covers it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};

use super::lexer::{Lexer, Tag, Token};
use super::nesting::{self, is_void};
use super::{link, render};

/// Elements open at once; of those further in only the text is kept. A browser's tree is built in
/// time that grows with its depth.
const DEPTH: usize = 256;
/// Bytes of HTML that are read: more is not read by anyone.
const INPUT: usize = 2 << 20;
/// Bytes that rebuilding may make of them: links get a mark, characters become entities.
const REBUILT: usize = 4 << 20;

/// Bytes of text without a tag, and of an attribute. For each `&` html5ever looks at all that is left
/// of a text when it writes it out.
const PIECE: usize = 4 << 10;

/// What structures or marks text. No form, frame, object, style sheet, SVG or `MathML`.
const ELEMENTS: [&str; 65] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
];
/// Elements beside those.
const MORE: [&str; 5] = ["tt", "u", "ul", "var", "wbr"];
/// Attributes of any element.
const ATTRIBUTES: [&str; 21] = [
    "align",
    "alt",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "colspan",
    "dir",
    "face",
    "height",
    "lang",
    "nowrap",
    "rowspan",
    "size",
    "start",
    "style",
    "title",
    "valign",
    "value",
    "width",
];
/// Properties of a style that neither load nor place anything elsewhere.
const PROPERTIES: [&str; 37] = [
    "background-color",
    "border",
    "border-bottom",
    "border-collapse",
    "border-color",
    "border-left",
    "border-radius",
    "border-right",
    "border-spacing",
    "border-style",
    "border-top",
    "border-width",
    "color",
    "direction",
    "display",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "max-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
    "word-wrap",
];
/// Where a link may lead.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];
/// Pictures that a mail brings in itself. SVG is a document, not a picture.
const PICTURES: [&str; 5] = [
    "data:image/png;base64,",
    "data:image/jpeg;base64,",
    "data:image/jpg;base64,",
    "data:image/gif;base64,",
    "data:image/webp;base64,",
];

/// Cleans HTML.
pub(crate) fn safe(html: &str) -> String {
    let html = html.get(..html.floor_char_boundary(INPUT)).unwrap_or_default();
    cleaner().clean(&rebuilt(html)).to_string()
}

fn cleaner() -> Builder<'static> {
    let mut cleaner = Builder::default();
    cleaner
        .tags(ELEMENTS.into_iter().chain(MORE).collect())
        .generic_attributes(HashSet::from(ATTRIBUTES))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("img", HashSet::from(["src"])),
        ]))
        .allowed_classes(HashMap::new())
        .url_schemes(SCHEMES.into_iter().chain(["data"]).collect())
        .url_relative(UrlRelative::Deny)
        .attribute_filter(kept)
        .filter_style_properties(HashSet::from(PROPERTIES))
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank")
        .strip_comments(true);
    cleaner
}

/// What of an attribute's value is kept.
fn kept<'v>(element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let good = match (element, attribute) {
        ("a", "href") => SCHEMES
            .iter()
            .any(|scheme| link::begins(value, scheme).is_some_and(|after| after.starts_with(':'))),
        ("img", "src") => PICTURES.iter().any(|picture| {
            link::begins(value, picture).is_some_and(|data| data.bytes().all(is_base64))
        }),
        (_, "style") => !loads(value),
        _ => true,
    };
    good.then_some(Cow::Borrowed(value))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b' ' | b'\r' | b'\n')
}

/// Whether a style could name something to load. No property that is kept takes an address; a value
/// that has one, or hides one by escapes, is left out all the same.
fn loads(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    ["url", "image", "expression", "\\", "@", "/*", "var("].iter().any(|sign| style.contains(sign))
}

/// An open link: its target, and what it says.
struct Link {
    target: String,
    text: String,
}

/// HTML with the elements that are kept, each within the other and closed.
#[derive(Default)]
struct Rebuilt {
    out: String,
    open: Vec<String>,
    /// Elements further in than [`DEPTH`] that wait for their end tags.
    beyond: usize,
    /// Bytes of text since the last tag.
    plain: usize,
    link: Option<Link>,
}

/// Tags as the cleaner reads them without surprise: known elements, quoted values, nothing open.
/// Elements that are left open, each with a copy in every later paragraph, would else let a short
/// mail grow a tree of millions.
fn rebuilt(html: &str) -> String {
    let mut page = Rebuilt::default();
    for token in Lexer::new(html) {
        if page.out.len() > REBUILT {
            break;
        }
        match token {
            Token::Text(text) => page.text(&text),
            Token::Open(tag) => page.open(&tag),
            Token::Close(name) => page.close(&name),
        }
    }
    page.end_from(0);
    page.out
}

impl Rebuilt {
    fn text(&mut self, mut text: &str) {
        while !text.is_empty() {
            let (piece, rest) = text.split_at(text.floor_char_boundary(PIECE));
            if self.plain + piece.len() > PIECE {
                // a place where a line may break, which nobody sees
                self.out.push_str("<wbr>");
                self.plain = 0;
            }
            self.plain += piece.len();
            escape(piece, &mut self.out);
            if let Some(link) = &mut self.link {
                link.text.push_str(piece);
            }
            text = rest;
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        let name = tag.name.as_str();
        let known = ELEMENTS.contains(&name) || MORE.contains(&name);
        let open = self.open.iter().map(String::as_str);
        if let Some(at) = nesting::ended_by(name, render::block(name).is_some(), open) {
            self.end_from(at);
        }
        if !known {
            return;
        }
        if !is_void(name) {
            if self.open.len() >= DEPTH {
                self.beyond += 1;
                return;
            }
            self.open.push(name.to_owned());
        }
        self.plain = 0;
        self.out.push('<');
        self.out.push_str(name);
        for (attribute, value) in tag.attributes() {
            let picture = (name, attribute.as_str()) == ("img", "src");
            let of_element = picture || (name, attribute.as_str()) == ("a", "href");
            let short = value.len() <= PIECE || (picture && kept(name, "src", &value).is_some());
            if short && (of_element || ATTRIBUTES.contains(&attribute.as_str())) {
                self.out.push(' ');
                self.out.push_str(&attribute);
                self.out.push_str("=\"");
                escape(&value, &mut self.out);
                self.out.push('"');
            }
        }
        self.out.push('>');
        if name == "a" {
            let target = tag.attribute("href").unwrap_or_default();
            self.link = Some(Link { target, text: String::new() });
        }
    }

    fn close(&mut self, name: &str) {
        let open = self.open.iter().map(String::as_str);
        if self.beyond > 0 && (ELEMENTS.contains(&name) || MORE.contains(&name)) {
            self.beyond -= 1;
        } else if let Some(at) = nesting::closed_by(name, open) {
            self.end_from(at);
        } else if name == "br" {
            self.out.push_str("<br>");
        }
    }

    /// Closes the elements from `at` on.
    fn end_from(&mut self, at: usize) {
        while self.open.len() > at {
            let Some(name) = self.open.pop() else { break };
            self.out.push_str("</");
            self.out.push_str(&name);
            self.out.push('>');
            if name == "a" {
                self.end_link();
            }
        }
    }

    /// Says behind a link where it leads, when it names another place.
    fn end_link(&mut self) {
        let Some(Link { target, text }) = self.link.take() else { return };
        if let Some(place) = link::other_place(&target, text.trim()) {
            escape(&format!(" (! leads to {place})"), &mut self.out);
        }
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\0' => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests;
