//! Text and parts of a whole message.
//!
//! Owns which parts are the text (RFC 8621 §4.1.4) and how their bytes become characters. Must
//! never hide words: where nothing is chosen, the first text of any kind is.

use super::header::{Field, first};
use super::html::{self, Links};
use super::media::{self, Disposition, Encoding, Media, Params};
use super::structure::{self, Kind, Part, Tree};
use super::text::{blank, one_line, start_of};
use super::{Body, Part as Listed, charset, transfer, words};
use crate::limits::{HTML_TEXT_BYTES, LINE_CHARS, PARSE_BYTES, PART_NAMES};

/// Reads text and attachments.
pub(super) fn read(bytes: &[u8]) -> Body {
    read_within(bytes, 0)
}

/// Reads a message that lies `depth` messages deep in another one.
fn read_within(bytes: &[u8], depth: usize) -> Body {
    let Some(tree) = parse(bytes) else {
        return Body::default();
    };
    let reader = Reader::new(&tree);
    let chosen = reader.choose();
    let text = reader.text(&chosen);
    let nothing = text.as_deref().is_none_or(blank);
    Body {
        text: if nothing { reader.embedded_text(&chosen, depth).or(text) } else { text },
        html: reader.html(&chosen),
        attachments: chosen.attachments.iter().map(|index| reader.listed(*index)).collect(),
    }
}

/// The decoded content of part `index`, if it is one that [`read`] lists.
pub(super) fn content(bytes: &[u8], index: u32) -> Option<Vec<u8>> {
    let tree = parse(bytes)?;
    let reader = Reader::new(&tree);
    let index = usize::try_from(index).ok()?;
    let listed = reader.choose().attachments.contains(&index);
    listed.then(|| reader.decoded(index)).flatten()
}

/// The parts, unless reading them would cost too much.
fn parse(bytes: &[u8]) -> Option<Tree<'_>> {
    let tree = (bytes.len() <= PARSE_BYTES).then(|| structure::read(bytes, false))?;
    let empty = tree.parts.first().is_none_or(|part| part.head.is_empty() && part.body.is_empty());
    (!tree.too_complex && !empty).then_some(tree)
}

/// Which parts are what.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// The text, in order: plain where there is a choice.
    pub(super) text: Vec<usize>,
    /// The text, in order: HTML where there is a choice.
    pub(super) html: Vec<usize>,
    /// Everything else.
    pub(super) attachments: Vec<usize>,
}

/// Where parts are sorted: which lists take what is found, and whether an alternative is around.
#[derive(Clone, Copy)]
struct Within {
    text: bool,
    html: bool,
    alternative: bool,
}

/// The parts of one message with what their fields say.
pub(super) struct Reader<'t> {
    tree: &'t Tree<'t>,
    facts: Vec<Facts<'t>>,
    /// The charset of the message's own Content-Type, for bare 8-bit characters in fields.
    pub(super) charset: Option<String>,
}

/// What the fields of one part say.
struct Facts<'t> {
    fields: Vec<Field<'t>>,
    disposition: Disposition,
    params: Params,
    encoding: Encoding,
}

impl<'t> Facts<'t> {
    fn of(tree: &Tree<'t>, part: &Part) -> Self {
        let fields = tree.fields(part);
        let said = |name| first(&fields, name).map(Field::unfolded);
        let (disposition, params) = said("content-disposition")
            .map_or((Disposition::Unsaid, Params::default()), |value| media::disposition(&value));
        let encoding = said("content-transfer-encoding")
            .map_or(Encoding::Identity, |value| media::encoding(&value));
        Self { fields, disposition, params, encoding }
    }
}

impl<'t> Reader<'t> {
    pub(super) fn new(tree: &'t Tree<'t>) -> Self {
        let facts = tree.parts.iter().map(|part| Facts::of(tree, part)).collect();
        let root = tree.parts.first().and_then(|part| part.media.charset());
        Self { tree, facts, charset: root }
    }

    /// The fields of the message itself.
    pub(super) fn fields(&self) -> &[Field<'t>] {
        self.facts.first().map_or(&[], |facts| facts.fields.as_slice())
    }

    /// Sorts the parts into text and attachments.
    pub(super) fn choose(&self) -> Chosen {
        let mut chosen = Chosen::default();
        if !self.tree.parts.is_empty() {
            let within = Within { text: true, html: true, alternative: false };
            self.sort(&[0], &Media::default(), within, &mut chosen);
        }
        let said = |list: &[usize]| list.iter().any(|index| self.is_text(*index));
        if !said(&chosen.text) && !said(&chosen.html) {
            let readable =
                |index: &&usize| self.media(**index).is_some_and(|kind| kind.main == "text");
            if let Some(index) = chosen.attachments.iter().find(readable).copied() {
                chosen.text.push(index);
            }
        }
        chosen
    }

    /// RFC 8621 §4.1.4 for the parts of one multipart.
    fn sort(&self, parts: &[usize], parent: &Media, mut within: Within, chosen: &mut Chosen) {
        let alternative = parent.is("multipart", "alternative");
        let both = within.text && within.html;
        let before = (chosen.text.len(), chosen.html.len());
        for (position, index) in parts.iter().enumerate() {
            let Some(Part { media, kind, .. }) = self.tree.parts.get(*index) else { continue };
            if let Kind::Multipart(children) = kind {
                let inner = media.is("multipart", "alternative");
                let inner = Within { alternative: within.alternative || inner, ..within };
                self.sort(children, media, inner, chosen);
            } else if is_picture(media) || !self.is_shown(*index, position == 0, parent) {
                chosen.attachments.push(*index);
            } else if alternative {
                let list = if is_html(media) { &mut chosen.html } else { &mut chosen.text };
                list.push(*index);
            } else {
                if within.alternative {
                    // the first text within an alternative decides which list the others are for
                    within.text &= !is_html(media);
                    within.html &= is_html(media);
                }
                chosen.text.extend(within.text.then_some(*index));
                chosen.html.extend(within.html.then_some(*index));
            }
        }
        if alternative && both {
            self.fill(before, chosen);
        }
    }

    /// What only one of the lists got from an alternative stands for the other one too. An empty
    /// text beside words in HTML is none.
    fn fill(&self, before: (usize, usize), chosen: &mut Chosen) {
        let text: Vec<usize> = chosen.text.iter().skip(before.0).copied().collect();
        let html: Vec<usize> = chosen.html.iter().skip(before.1).copied().collect();
        if !text.iter().any(|index| self.is_text(*index)) {
            chosen.text.truncate(before.0);
            chosen.text.extend(&html);
        }
        if html.is_empty() {
            chosen.html.extend(&text);
        }
    }

    /// Whether a part is shown within the text.
    fn is_shown(&self, index: usize, first: bool, parent: &Media) -> bool {
        let (Some(media), Some(facts)) = (self.media(index), self.facts.get(index)) else {
            return false;
        };
        let readable = is_html(media) || (media.main == "text" && !is_data(media));
        let alternative = parent.is("multipart", "alternative");
        let related = parent.is("multipart", "related");
        facts.disposition != Disposition::Attachment
            && readable
            && (first || alternative || (!related && self.given_name(index).is_none()))
    }

    fn media(&self, index: usize) -> Option<&'t Media> {
        self.tree.parts.get(index).map(|part| &part.media)
    }

    /// Whether words stand in a part.
    fn is_text(&self, index: usize) -> bool {
        let readable = self.media(index).is_some_and(|kind| kind.main == "text" || is_html(kind));
        readable && !blank(&self.characters(index))
    }

    /// The characters of a text part.
    pub(super) fn characters(&self, index: usize) -> String {
        let Some(kind) = self.media(index) else { return String::new() };
        let bytes = self.decoded(index).unwrap_or_default();
        let said = kind.charset();
        if is_html(kind) {
            charset::decode_html(&bytes, said.as_deref())
        } else {
            charset::decode(&bytes, said.as_deref())
        }
    }

    /// The text, HTML made readable; `None` when there is none.
    pub(super) fn text(&self, chosen: &Chosen) -> Option<String> {
        joined(chosen.text.iter().map(|index| self.readable(*index, HTML_TEXT_BYTES, Links::Shown)))
    }

    /// The texts of embedded messages, for a message that has none of its own: a digest, a forward.
    pub(super) fn embedded_text(&self, chosen: &Chosen, depth: usize) -> Option<String> {
        /// Messages within messages that are looked into.
        const DEPTH: usize = 3;
        /// Embedded messages that are looked into.
        const MESSAGES: usize = 16;
        if depth >= DEPTH {
            return None;
        }
        let messages = chosen.attachments.iter();
        let messages =
            messages.filter(|index| self.media(**index).is_some_and(structure::is_embedded));
        let texts = messages.take(MESSAGES).filter_map(|index| {
            let text = read_within(&self.decoded(*index)?, depth + 1).text?;
            (!blank(&text)).then_some(text)
        });
        joined(texts)
    }

    /// One part of the text as it is read; of HTML the first `limit` bytes.
    pub(super) fn readable(&self, index: usize, limit: usize, links: Links) -> String {
        let characters = self.characters(index);
        let is_html = self
            .media(index)
            .is_some_and(|media| is_html(media) || (media.assumed && looks_like_html(&characters)));
        let enriched = self.media(index).is_some_and(is_enriched);
        match (is_html, enriched) {
            (true, _) => html::to_text(start_of(&characters, limit), links),
            (false, true) => html::to_text(&as_html(start_of(&characters, limit)), links),
            (false, false) => characters,
        }
    }

    /// The HTML; `None` when there is none.
    fn html(&self, chosen: &Chosen) -> Option<String> {
        let html = chosen.html.iter().filter(|index| self.media(**index).is_some_and(is_html));
        joined(html.map(|index| self.characters(*index)))
    }

    /// The decoded bytes of a part.
    fn decoded(&self, index: usize) -> Option<Vec<u8>> {
        let part = self.tree.parts.get(index)?;
        Some(transfer::decode(self.tree.content(part), self.facts.get(index)?.encoding))
    }

    /// Whether a part is an attachment in a person's eyes.
    pub(super) fn has_attachment(&self, chosen: &Chosen) -> bool {
        let counts = |index: &usize| !self.is_inline(*index) && !self.is_signature(*index);
        chosen.attachments.iter().any(counts)
    }

    /// The names of the parts beside the text, each once, for whoever looks for one.
    pub(super) fn part_names(&self, chosen: &Chosen) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in chosen.attachments.iter().filter_map(|index| self.name(*index)) {
            if names.len() == PART_NAMES {
                break;
            }
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// One part of the list.
    fn listed(&self, index: usize) -> Listed {
        let kind = self.media(index);
        let kind = kind.map(|kind| format!("{}/{}", kind.main, kind.sub)).unwrap_or_default();
        let size = self.decoded(index).unwrap_or_default().len();
        Listed {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            name: self.name(index),
            content_type: one_line(&kind, LINE_CHARS),
            size: u64::try_from(size).unwrap_or(u64::MAX),
            inline: self.is_inline(index),
            content_id: self.content_id(index),
        }
    }

    /// The file name that the sender gave, from the disposition or the type.
    fn given_name(&self, index: usize) -> Option<String> {
        let facts = self.facts.get(index)?;
        let kind = self.media(index)?;
        let fallback = self.charset.as_deref();
        let names = [
            facts.params.text("filename", fallback),
            kind.params.text("name", fallback),
            facts.params.text("name", fallback),
            kind.params.text("filename", fallback),
        ];
        let lines = names.into_iter().flatten().map(|name| file_name(&name));
        lines.into_iter().find(|name| !name.is_empty())
    }

    /// The name of a part; an embedded message is named by its subject.
    fn name(&self, index: usize) -> Option<String> {
        let subject = || {
            self.media(index)
                .filter(|kind| kind.main == "message" && kind.sub != "delivery-status")?;
            let bytes = self.decoded(index)?;
            let tree = structure::read(&bytes, true);
            let fields = tree.fields(tree.parts.first()?);
            let subject = first(&fields, "subject")?.unfolded();
            let subject = one_line(&words::decode(&subject, self.charset.as_deref()), LINE_CHARS);
            (!subject.is_empty()).then(|| format!("{subject}.eml"))
        };
        self.given_name(index).or_else(subject)
    }

    /// Content-ID without angle brackets.
    fn content_id(&self, index: usize) -> Option<String> {
        let value = first(&self.facts.get(index)?.fields, "content-id")?.unfolded();
        let id = String::from_utf8_lossy(&value);
        let id = one_line(id.trim().trim_start_matches('<').trim_end_matches('>'), LINE_CHARS);
        (!id.is_empty()).then_some(id)
    }

    /// Meant to be shown within the text: said so, or referred to by Content-ID and not said
    /// otherwise.
    fn is_inline(&self, index: usize) -> bool {
        match self.facts.get(index).map(|facts| facts.disposition) {
            Some(Disposition::Attachment) => false,
            Some(Disposition::Inline) => {
                self.content_id(index).is_some() || self.given_name(index).is_none()
            }
            _ => self.content_id(index).is_some(),
        }
    }

    /// A detached signature, which nobody means by "attachment".
    fn is_signature(&self, index: usize) -> bool {
        self.media(index).is_some_and(|kind| {
            kind.is("application", "pgp-signature")
                || kind.is("application", "pkcs7-signature")
                || kind.is("application", "x-pkcs7-signature")
        })
    }
}

/// HTML, by either of its names.
fn is_html(kind: &Media) -> bool {
    kind.is("text", "html") || kind.is("application", "xhtml+xml")
}

/// Text with marks in angle brackets (RFC 1896).
fn is_enriched(kind: &Media) -> bool {
    kind.is("text", "enriched") || kind.is("text", "richtext")
}

/// Enriched text so that its marks are tags and its lines stay.
fn as_html(enriched: &str) -> String {
    format!("<pre>{}</pre>", enriched.replace('&', "&amp;").replace("<<", "&lt;"))
}

/// What is shown as it is, without being text.
fn is_picture(media: &Media) -> bool {
    matches!(media.main.as_str(), "image" | "audio" | "video")
}

/// Texts that are data for programs.
fn is_data(kind: &Media) -> bool {
    matches!(
        kind.sub.as_str(),
        "calendar" | "vcard" | "x-vcard" | "directory" | "csv" | "css" | "rfc822-headers" | "xml"
    )
}

/// Whether a text that says nothing of its type is HTML.
fn looks_like_html(text: &str) -> bool {
    let start = start_of(text.trim_start(), 256).to_ascii_lowercase();
    ["<html", "<!doctype html", "<head", "<body"].iter().any(|tag| start.starts_with(tag))
}

/// Texts one after the other, each on lines of its own; `None` when there is none.
fn joined(texts: impl Iterator<Item = String>) -> Option<String> {
    texts.fold(None, |all: Option<String>, text| {
        let Some(mut all) = all else { return Some(text) };
        if !all.is_empty() && !all.ends_with('\n') {
            all.push('\n');
        }
        all.push_str(&text);
        Some(all)
    })
}
/// A file name on one line. A long one is cut in the middle: its end says what the file is.
fn file_name(name: &str) -> String {
    /// The longest ending that is kept, with its dot.
    const ENDING: usize = 32;
    let whole = one_line(name, name.len());
    let length = whole.chars().count();
    if length <= LINE_CHARS {
        return whole;
    }
    let ending = whole.rfind('.').and_then(|dot| whole.get(dot..)).unwrap_or_default();
    let kept = Some(ending).filter(|ending| ending.chars().count() <= ENDING).unwrap_or_default();
    let begin = LINE_CHARS - 1 - kept.chars().count();
    whole.chars().take(begin).chain(['…']).chain(kept.chars()).collect()
}
