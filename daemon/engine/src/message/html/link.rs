//! Where a link leads, told beside what it says.
//!
//! Owns which targets a person is shown and when the text names another place than the target. Must
//! never follow one.

/// Schemes of targets that are worth showing.
const SCHEMES: [&str; 6] = ["http://", "https://", "ftp://", "mailto:", "tel:", "sms:"];
/// Endings of file names, which look like a host and are none.
const FILES: [&str; 22] = [
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "zip", "gz", "png", "jpg",
    "jpeg", "gif", "txt", "csv", "html", "htm", "md", "ics", "exe",
];
/// Bytes of a target that are shown.
const SHOWN: usize = 2 << 10;

/// Whether a target leads somewhere outside of the mail.
pub(super) fn is_shown(target: &str) -> bool {
    SCHEMES.iter().any(|scheme| begins(target, scheme).is_some())
}

/// What is written behind a link that says `text`; `None` when `text` says it already.
pub(super) fn shown(target: &str, text: &str) -> Option<String> {
    let plain = |text: &str| {
        let text = ["https://", "http://", "mailto:", "tel:"]
            .iter()
            .find_map(|scheme| begins(text, scheme))
            .unwrap_or(text);
        text.trim_end_matches('/').to_lowercase()
    };
    if plain(text) == plain(target) {
        return None;
    }
    let cut = target.get(..target.floor_char_boundary(SHOWN)).unwrap_or_default();
    let dots = if cut.len() < target.len() { "…" } else { "" };
    let mark = other_place(target, text).map(|place| format!(" (! leads to {place})"));
    Some(format!("<{cut}{dots}>{}", mark.unwrap_or_default()))
}

/// The place that a link leads to, when its text names another one.
pub(super) fn other_place(target: &str, text: &str) -> Option<String> {
    if let Some(address) = begins(target, "mailto:") {
        let address = address.split('?').next().unwrap_or_default();
        let named = text.split_whitespace().find(|word| word.contains('@'))?;
        let named = named.trim_matches(|c: char| !c.is_alphanumeric());
        return (!address.eq_ignore_ascii_case(named)).then(|| address.to_owned());
    }
    let host = host_of_url(target)?;
    let alone = text.split_whitespace().count() == 1;
    let named = text.split_whitespace().filter_map(|word| named_host(word, alone));
    let other = named.into_iter().any(|named| !same_place(&named, &host));
    other.then_some(host)
}

/// The host of a URL, lower case, without user and port.
pub(super) fn host_of_url(url: &str) -> Option<String> {
    let rest = ["https://", "http://", "ftp://"].iter().find_map(|scheme| begins(url, scheme))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host } else { host.split(':').next()? };
    let host = host.trim_end_matches('.').to_lowercase();
    (!host.is_empty()).then_some(host)
}

/// The host that a word of a text names: a URL, `www.…`, or when it stands alone anything that
/// looks like a host.
fn named_host(word: &str, alone: bool) -> Option<String> {
    let word = word.trim_matches(|c: char| {
        matches!(c, '(' | ')' | '<' | '>' | ',' | '"' | '\'' | '.' | ':' | '!' | '…')
    });
    if let Some(host) = host_of_url(word) {
        return Some(host);
    }
    let host = word.split(['/', '?', '#', ':']).next()?.to_lowercase();
    let ending = host.rsplit_once('.').map(|(_, ending)| ending)?;
    let labels = host
        .split('.')
        .all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'));
    let ends = ending.chars().count() >= 2 && ending.chars().all(char::is_alphabetic)
        || ending.starts_with("xn--");
    let sure = host.starts_with("www.") || (alone && !FILES.contains(&ending));
    (labels && ends && sure).then_some(host)
}

/// Whether one host is the other one or lies within its domain.
fn same_place(one: &str, other: &str) -> bool {
    let one = one.strip_prefix("www.").unwrap_or(one);
    let other = other.strip_prefix("www.").unwrap_or(other);
    let within = |inner: &str, outer: &str| {
        inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'))
    };
    one == other || within(one, other) || within(other, one)
}

/// What follows `prefix`, whatever the case of its letters.
pub(super) fn begins<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let start = text.get(..prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then(|| text.get(prefix.len()..)).flatten()
}
