//! Tables: columns as wide as needed, one of them giving way when the line is too long.

use crate::hygiene::{Lines, clean};
use crate::screen::{Line, Style, columns, cut};

/// Columns between two cells.
const GAP: usize = 2;
/// A cell that gives way keeps at least this much.
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
    gives_way: bool,
}

impl Column {
    /// Text, flush left.
    pub(crate) const fn left(heading: &'static str) -> Self {
        Self { heading, right: false, gives_way: false }
    }

    /// Numbers, flush right.
    pub(crate) const fn right(heading: &'static str) -> Self {
        Self { heading, right: true, gives_way: false }
    }

    /// Text that is cut when the line is too long.
    pub(crate) const fn wide(heading: &'static str) -> Self {
        Self { heading, right: false, gives_way: true }
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

    fn line(&self, cells: &[Cell], widths: &[usize]) -> Line {
        let mut line = Line::new();
        for (index, (column, &width)) in self.columns.iter().zip(widths).enumerate() {
            let empty = Cell::from("");
            let cell = cells.get(index).unwrap_or(&empty);
            let text = cut(&cell.text, width);
            let padding = " ".repeat(width.saturating_sub(columns(&text)));
            if index > 0 {
                line = line.text(" ".repeat(GAP));
            }
            line = if column.right {
                line.text(padding).with(cell.style, text)
            } else {
                line.with(cell.style, text).text(padding)
            };
        }
        line
    }

    /// The width of each column: as wide as its widest cell; those that give way shrink, the
    /// widest first, until the line fits.
    fn widths(&self, width: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let cells = self.rows.iter().filter_map(|row| row.get(index));
                let widest = cells.map(|cell| columns(&cell.text)).max().unwrap_or(0);
                widest.max(columns(column.heading))
            })
            .collect();
        let total =
            |widths: &[usize]| widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        while total(&widths) > width {
            let widest = self
                .columns
                .iter()
                .zip(widths.iter_mut())
                .filter(|(column, width)| column.gives_way && **width > LEAST_CELL)
                .max_by_key(|(_, width)| **width);
            match widest {
                Some((_, cell)) => *cell -= 1,
                None => break,
            }
        }
        widths
    }
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
}
