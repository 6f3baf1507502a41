//! Which start tags end open elements without saying so, and which elements have no content (HTML
//! §13.1.2, §13.2.6.4.7).

/// Elements that are looked at for one that a start tag ends: in real mail it is close by.
const REACH: usize = 32;

/// Elements without content.
pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

pub(super) fn is_list(name: &str) -> bool {
    matches!(name, "ul" | "ol" | "menu" | "dir")
}

/// Of the names of `open` elements, outermost first: the place from which on a start tag `name` ends
/// them. A paragraph ends before a block, an item before the next one.
pub(super) fn ended_by<'n>(
    name: &str,
    is_block: bool,
    open: impl DoubleEndedIterator<Item = &'n str> + ExactSizeIterator,
) -> Option<usize> {
    let ended: &[&str] = match name {
        "li" => &["li"],
        "dt" | "dd" => &["dt", "dd"],
        "tr" => &["tr"],
        "td" | "th" => &["td", "th"],
        "option" => &["option"],
        "a" => &["a"],
        _ if is_block => &["p"],
        _ => return None,
    };
    for (at, open) in open.enumerate().rev().take(REACH) {
        if ended.contains(&open) {
            return Some(at);
        }
        if is_fence(open) || is_list(open) {
            return None;
        }
    }
    None
}

/// Of the names of `open` elements, outermost first: the place of the one that an end tag `name` is
/// for. An end tag reaches no further than the cell that it stands in.
pub(super) fn closed_by<'n>(
    name: &str,
    open: impl DoubleEndedIterator<Item = &'n str> + ExactSizeIterator,
) -> Option<usize> {
    let leaves = matches!(name, "tr" | "tbody" | "table" | "body" | "html");
    for (at, open) in open.enumerate().rev() {
        if open == name {
            return Some(at);
        }
        if matches!(open, "td" | "th") && !leaves {
            return None;
        }
    }
    None
}

fn is_fence(name: &str) -> bool {
    matches!(name, "table" | "td" | "th")
}
