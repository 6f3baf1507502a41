//! HTML mail as text: tags out, blocks to lines, entities decoded, links shown with their target.
//!
//! For reading on a terminal only. Nothing is fetched and nothing is run; what is not understood
//! is left out. One pass over the input, no recursion.

/// Elements whose content is never text.
const SILENT: [&str; 5] = ["script", "style", "head", "title", "template"];
/// Elements that begin on a line of their own.
const BLOCKS: [&str; 18] = [
    "p",
    "div",
    "br",
    "li",
    "tr",
    "table",
    "ul",
    "ol",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "hr",
    "section",
    "article",
];
/// Longest entity looked for (`&thetasym;`).
const ENTITY_LIMIT: usize = 12;

/// Turns HTML into text.
pub(crate) fn to_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    let mut link: Option<String> = None;
    while let Some(start) = rest.find('<') {
        let (before, tagged) = rest.split_at_checked(start).unwrap_or((rest, ""));
        push_text(&mut text, before);
        if let Some(comment) = tagged.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some((tag, after)) = tagged.strip_prefix('<').and_then(|tag| tag.split_once('>'))
        else {
            rest = "";
            push_text(&mut text, tagged);
            break;
        };
        rest = after;
        let closing = tag.starts_with('/');
        let name = tag_name(tag);
        if !closing && SILENT.contains(&name.as_str()) {
            rest = after_closing(rest, &name);
        } else if BLOCKS.contains(&name.as_str()) {
            new_line(&mut text);
            if name == "li" && !closing {
                text.push_str("- ");
            }
        } else if name == "a" && closing {
            if let Some(target) = link.take().filter(|target| !text.ends_with(target.as_str())) {
                text.push_str(" <");
                text.push_str(&target);
                text.push('>');
            }
        } else if name == "a" {
            link = target(tag);
        }
    }
    push_text(&mut text, rest);
    tidy(&text)
}

fn tag_name(tag: &str) -> String {
    tag.trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase()
}

/// What follows the closing tag of a silent element; nothing when it is never closed.
fn after_closing<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut search = rest;
    while let Some((_, tail)) = search.split_once("</") {
        if tag_name(tail) == name {
            return tail.split_once('>').map_or("", |(_, after)| after);
        }
        search = tail;
    }
    ""
}

/// The target of a link, if it leads to the web or to a mail address.
fn target(tag: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let at = lower.find("href=")? + "href=".len();
    let value = tag.get(at..)?;
    let target = match value.chars().next()? {
        quote @ ('"' | '\'') => value.strip_prefix(quote)?.split(quote).next()?,
        _ => value.split_whitespace().next()?,
    };
    let target = decode(target);
    let known = ["http://", "https://", "mailto:"];
    known.iter().any(|scheme| target.starts_with(scheme)).then_some(target)
}

fn push_text(text: &mut String, raw: &str) {
    let decoded = decode(raw);
    let leads = decoded.starts_with(char::is_whitespace);
    if leads && !text.is_empty() && !text.ends_with(char::is_whitespace) {
        text.push(' ');
    }
    let words: Vec<&str> = decoded.split_whitespace().collect();
    text.push_str(&words.join(" "));
    if decoded.ends_with(char::is_whitespace) && !words.is_empty() {
        text.push(' ');
    }
}

fn new_line(text: &mut String) {
    while text.ends_with(' ') {
        text.pop();
    }
    if !text.is_empty() && !text.ends_with("\n\n") {
        text.push('\n');
    }
}

fn decode(raw: &str) -> String {
    let mut decoded = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let end = after.char_indices().take(ENTITY_LIMIT).find(|(_, c)| *c == ';');
        let entity = end.and_then(|(at, _)| after.get(..at));
        if let Some((c, tail)) =
            entity.and_then(|name| Some((entity_of(name)?, after.get(name.len() + 1..)?)))
        {
            decoded.push(c);
            rest = tail;
        } else {
            decoded.push('&');
            rest = after;
        }
    }
    decoded.push_str(rest);
    decoded
}

fn entity_of(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "bull" | "middot" => '·',
        "copy" => '©',
        "reg" => '®',
        "euro" => '€',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        "agrave" => 'à',
        "ccedil" => 'ç',
        "zwnj" | "shy" => '\u{200b}',
        _ => return None,
    })
}

/// At most one empty line in a row, none at the ends.
fn tidy(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && kept.last().is_none_or(|last| last.is_empty())) {
            kept.push(line);
        }
    }
    kept.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_links_and_entities() {
        let html = "<html><head><title>no</title><style>p{}</style></head><body>\n<h1>Hello &amp; \
                    welcome</h1><p>See <a href=\"https://x.example/?a=1&amp;b=2\">this  page</a>.</p>\
                    <ul><li>one<li>two</ul><!-- no --><script>alert('<p>')</script>&#8364;&nbsp;5</body>";
        assert_eq!(
            to_text(html),
            "Hello & welcome\n\nSee this page <https://x.example/?a=1&b=2>.\n\n- one\n- two\n€ 5"
        );
    }

    #[test]
    fn broken_html_gives_some_text_and_no_harm() {
        for html in [
            "<",
            "<p",
            "a<b",
            "&",
            "&#xffffffff;",
            "<a href=",
            "<script>x",
            "<!--",
            "</",
            "é<é>&é;",
        ] {
            to_text(html);
        }
        assert_eq!(to_text("1 < 2 and text"), "1 < 2 and text");
        assert_eq!(to_text("<a href='javascript:x'>y</a>"), "y");
        let nested = "<div>".repeat(100_000) + "deep";
        assert_eq!(to_text(&nested), "deep");
    }
}
