//! Tables: columns as wide as needed. When a line is too long, the columns that may give way shrink;
//! when that is not enough, the columns that are missed least are left out.

use crate::hygiene::{Lines, clean};
use crate::screen::{Line, Style, columns, cut};

/// Columns between two cells.
const GAP: usize = 2;
/// A cell that gives way keeps at least this much, unless its column says otherwise.
const LEAST_CELL: usize = 8;

/// One cell: its text and how it is meant.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell with a meaning.
    pub(crate) fn styled(style: Style, text: impl AsRef<str>) -> Self {
        Self { text: clean(text.as_ref(), Lines::One).into_owned(), style }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(Style::Plain, text)
    }
}

/// A column: its heading and what it does with space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    heading: &'static str,
    right: bool,
    /// The width it may shrink to; `None`: it does not shrink.
    least: Option<usize>,
    /// Of the columns that may be left out, the one with the highest goes first; 0 stays.
    goes: u8,
}

impl Column {
    /// Text, flush left.
    pub(crate) const fn left(heading: &'static str) -> Self {
        Self { heading, right: false, least: None, goes: 0 }
    }

    /// Numbers, flush right.
    pub(crate) const fn right(heading: &'static str) -> Self {
        Self { heading, right: true, least: None, goes: 0 }
    }

    /// Text that is cut when the line is too long.
    pub(crate) const fn wide(heading: &'static str) -> Self {
        Self { heading, right: false, least: Some(LEAST_CELL), goes: 0 }
    }

    /// The same, cut to no less than this many columns while another column can be left out.
    pub(crate) const fn least(self, columns: usize) -> Self {
        Self { least: Some(columns), ..self }
    }

    /// The same, left out where there is no room; the highest number first.
    pub(crate) const fn goes(self, turn: u8) -> Self {
        Self { goes: turn, ..self }
    }
}

/// Rows under headings.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; missing cells are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The heading line.
    pub(crate) fn heading(&self, width: usize) -> Line {
        let widths = self.widths(width);
        let cells: Vec<Cell> =
            self.columns.iter().map(|column| Cell::styled(Style::Dim, column.heading)).collect();
        self.line(&cells, &widths)
    }

    /// One line a row.
    pub(crate) fn lines(&self, width: usize) -> Vec<Line> {
        let widths = self.widths(width);
        self.rows.iter().map(|row| self.line(row, &widths)).collect()
    }

    /// Heading and rows.
    pub(crate) fn all(&self, width: usize) -> Vec<Line> {
        let mut lines = vec![self.heading(width)];
        lines.extend(self.lines(width));
        lines
    }

    fn line(&self, cells: &[Cell], widths: &[Option<usize>]) -> Line {
        let mut line = Line::new();
        let mut begun = false;
        for (index, (column, width)) in self.columns.iter().zip(widths).enumerate() {
            let Some(width) = *width else { continue };
            let empty = Cell::from("");
            let cell = cells.get(index).unwrap_or(&empty);
            let text = cut(&cell.text, width);
            let padding = " ".repeat(width.saturating_sub(columns(&text)));
            if begun {
                line = line.text(" ".repeat(GAP));
            }
            begun = true;
            line = if column.right {
                line.text(padding).with(cell.style, text)
            } else {
                line.with(cell.style, text).text(padding)
            };
        }
        line
    }

    /// The width of each column that is shown: as wide as its widest cell where there is room.
    fn widths(&self, width: usize) -> Vec<Option<usize>> {
        let mut widths: Vec<Option<usize>> = self.natural().into_iter().map(Some).collect();
        loop {
            let least = |index: usize, width: usize| {
                self.columns.get(index).and_then(|it| it.least).unwrap_or(width)
            };
            let squeezed = squeeze(&widths, width, least);
            if total(&squeezed) <= width {
                return squeezed;
            }
            let shown = self.columns.iter().zip(widths.iter_mut()).rev();
            let goes = shown.filter(|(column, width)| column.goes > 0 && width.is_some());
            match goes.max_by_key(|(column, _)| column.goes) {
                Some((_, cell)) => *cell = None,
                // what must be shown is cut, whatever it is
                None => return squeeze(&squeezed, width, |_, _| 1),
            }
        }
    }

    /// As wide as the widest cell.
    fn natural(&self) -> Vec<usize> {
        let each = self.columns.iter().enumerate().map(|(index, column)| {
            let cells = self.rows.iter().filter_map(|row| row.get(index));
            let widest = cells.map(|cell| columns(&cell.text)).max().unwrap_or(0);
            widest.max(columns(column.heading))
        });
        each.collect()
    }
}

/// The columns of a line.
fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    shown.clone().sum::<usize>() + GAP * shown.count().saturating_sub(1)
}

/// The widths with the widest made narrower until the line fits or each is at its least.
fn squeeze(
    widths: &[Option<usize>],
    width: usize,
    least: impl Fn(usize, usize) -> usize,
) -> Vec<Option<usize>> {
    let mut widths = widths.to_vec();
    while total(&widths) > width {
        let cells = widths.iter_mut().enumerate();
        let shown = cells.filter_map(|(index, cell)| cell.as_mut().map(|cell| (index, cell)));
        let wide = shown.filter(|(index, cell)| **cell > least(*index, **cell));
        match wide.max_by_key(|(_, cell)| **cell) {
            Some((_, cell)) => *cell -= 1,
            None => break,
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Paper;

    fn painted(width: usize) -> Vec<String> {
        let mut table =
            Table::new(&[Column::left("ID"), Column::wide("SUBJECT"), Column::right("SIZE")]);
        table.row(["M1".into(), "漢字 and a rather long subject".into(), "9".into()]);
        table.row(["M1000".into(), Cell::styled(Style::Bad, "x\u{1b}[2J\ny"), "1234".into()]);
        table.all(width).iter().map(|line| line.paint(Paper::default())).collect()
    }

    #[test]
    fn columns_line_up_whatever_the_letters() {
        assert_eq!(
            painted(80),
            [
                "ID     SUBJECT                         SIZE",
                "M1     漢字 and a rather long subject     9",
                "M1000  x y                             1234",
            ]
        );
    }

    #[test]
    fn the_wide_column_gives_way() {
        for line in painted(30) {
            assert!(columns(&line) <= 30, "{line}");
        }
        assert_eq!(painted(30)[1], "M1     漢字 and a rathe…     9");
    }

    #[test]
    fn columns_go_before_a_line_is_too_long() {
        let mut table = Table::new(&[
            Column::left("ID"),
            Column::left("WHEN").goes(1),
            Column::wide("SUBJECT").least(10),
            Column::wide("MAILBOX").goes(2),
        ]);
        let row = ["M1", "Jan 06 10:00", "The quarterly figures", "Archive/2026/Quarter"];
        table.row(row.map(Cell::from));
        let at = |width| table.all(width)[1].paint(Paper::default());
        assert_eq!(at(80), "M1  Jan 06 10:00  The quarterly figures  Archive/2026/Quarter");
        assert_eq!(at(40), "M1  Jan 06 10:00  The quart…  Archive/2…");
        assert_eq!(at(35), "M1  Jan 06 10:00  The quarterly fi…");
        assert_eq!(at(26), "M1  The quarterly figures");
        assert_eq!(at(12), "M1  The qua…");
        for width in 6..90 {
            for line in table.all(width) {
                assert!(columns(&line.paint(Paper::default())) <= width, "{width}");
            }
        }
    }
}
