//! The other side's words about a fault: quoted, or as an aligned block where they are labelled.
//!
//! A refused certificate comes as lines of `label  words`; read at a glance, they must stay lines.

use crate::screen::{Line, Style, wrap};

/// Columns of a label with the space behind it.
pub(crate) const LABEL: usize = 12;

/// The labelled lines of a detail; `None` when it is running text.
fn labelled(detail: &str) -> Option<Vec<(&str, &str)>> {
    let rows: Option<Vec<_>> = detail
        .lines()
        .map(|line| {
            let (label, words) = line.split_once("  ")?;
            let fits = label.len() < LABEL && label.chars().all(|c| c.is_ascii_lowercase());
            (fits && !label.is_empty()).then(|| (label, words.trim()))
        })
        .collect();
    rows.filter(|rows| rows.len() > 1)
}

/// Says whether a detail is shown as a block.
pub(crate) fn is_block(detail: &str) -> bool {
    labelled(detail).is_some()
}

/// The detail for a person, `indent` columns in; `who` introduces running text.
pub(crate) fn detail_lines(detail: &str, who: &str, indent: usize, width: usize) -> Vec<Line> {
    let margin = " ".repeat(indent);
    let Some(rows) = labelled(detail) else {
        let said = wrap(&format!("{who}“{detail}”"), width.saturating_sub(indent));
        return said.into_iter().map(|text| Line::of(format!("{margin}{text}"))).collect();
    };
    let room = width.saturating_sub(indent + LABEL);
    let mut lines = Vec::new();
    for (label, words) in rows {
        for (index, text) in wrap(words, room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let label = format!("{margin}{label:<LABEL$}");
            lines.push(Line::new().with(Style::Dim, label).text(text));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Paper;

    fn painted(detail: &str) -> Vec<String> {
        let lines = detail_lines(detail, "", 4, 50);
        lines.iter().map(|line| line.paint(Paper::default())).collect()
    }

    #[test]
    fn labelled_lines_stay_lines() {
        let detail =
            "presented  CN=plesk, self-signed, valid until long ago\ntry        another name";
        assert_eq!(
            painted(detail),
            [
                "    presented   CN=plesk, self-signed, valid until",
                "                long ago",
                "    try         another name",
            ]
        );
    }

    #[test]
    fn running_text_is_quoted() {
        assert_eq!(painted("Connection refused"), ["    “Connection refused”"]);
        let two = painted("[ALERT] no\u{1b}[2J  way\nsecond line");
        assert_eq!(two, ["    “[ALERT] no way second line”"]);
    }
}
