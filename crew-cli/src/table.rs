//! Table: rows in aligned columns, measured as a terminal shows them, the widest column cut where they do not fit.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use words::{Lang, Text, visible};

use crate::style::Style;

/// Blanks between columns.
const GAP: usize = 2;
/// Written a piece at a time.
const BLANKS: &str = "                                                                ";
/// No column is cut to fewer columns of the terminal than this.
const COLUMN_MIN: usize = 8;

/// A table with a heading line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    heading: Vec<Cell>,
    /// Columns never cut: what people must type again, such as folios.
    whole: Vec<usize>,
    rows: Vec<Vec<Cell>>,
}

/// What a cell shows, and how wide that is: thousands of rows are measured once.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cell {
    text: String,
    width: usize,
}

impl Cell {
    fn new(text: String) -> Self {
        // Nearly all of what a list shows is plain, and as wide as it is long.
        if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Self { width: text.len(), text };
        }
        let text = clean(&text);
        Self { width: text.width(), text }
    }
}

impl Table {
    /// A table with these headings.
    pub fn new(lang: Lang, heading: impl IntoIterator<Item = Text>) -> Self {
        let heading = heading.into_iter().map(|text| Cell::new(text.of(lang))).collect();
        Self { heading, whole: vec![0], rows: Vec::new() }
    }

    /// The table with one more column that is never cut; the first never is.
    pub fn whole(mut self, column: usize) -> Self {
        self.whole.push(column);
        self
    }

    /// Adds a row; line ends in it are shown as blanks, and what hides as an escape.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let row: Vec<Cell> = cells.into_iter().map(Cell::new).collect();
        debug_assert_eq!(row.len(), self.heading.len());
        self.rows.push(row);
    }

    /// The table as text at most `width` columns wide, as far as the narrowest column allows.
    pub fn render(&self, width: usize, style: Style) -> String {
        let widths = self.widths(width);
        let mut heading = String::new();
        write_line(&mut heading, &self.heading, &widths);
        let mut text = style.bold(&heading);
        text.push('\n');
        for row in &self.rows {
            write_line(&mut text, row, &widths);
            text.push('\n');
        }
        text
    }

    fn widths(&self, width: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.heading.iter().map(|cell| cell.width).collect();
        for row in &self.rows {
            for (column, cell) in widths.iter_mut().zip(row) {
                *column = (*column).max(cell.width);
            }
        }
        let gaps = GAP * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > width {
            let cuttable = widths.iter_mut().enumerate().filter(|(column, _)| !self.whole.contains(column));
            let widest = cuttable.map(|(_, width)| width).max().filter(|widest| **widest > COLUMN_MIN);
            let Some(widest) = widest else { break };
            *widest -= 1;
        }
        widths
    }
}

fn write_line(text: &mut String, cells: &[Cell], widths: &[usize]) {
    let (begin, mut blanks) = (text.len(), 0);
    for (cell, width) in cells.iter().zip(widths) {
        while blanks > 0 {
            let some = blanks.min(BLANKS.len());
            text.push_str(&BLANKS[..some]);
            blanks -= some;
        }
        if cell.width <= *width {
            text.push_str(&cell.text);
        } else {
            text.push_str(&cut(&cell.text, *width));
        }
        blanks = GAP + width.saturating_sub(cell.width);
    }
    text.truncate(begin + text[begin..].trim_end().len());
}

/// `text` filled up with blanks to `width` columns.
pub fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// `text` cut to `width` columns, its end an ellipsis where something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// `text` on one line, with what hides or drives a terminal shown: what people type ends up on other people's screens.
pub fn clean(text: &str) -> String {
    visible::line(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Table, clean, cut, pad};
    use words::{Lang, Text};

    use crate::style::Style;
    use unicode_width::UnicodeWidthStr as _;

    const PLAIN: Style = Style { is_on: false };

    fn sample() -> Table {
        let mut table = Table::new(Lang::Es, ["folio", "localidad", "título"].map(Text::same));
        table.row(vec!["MZQ-26-AA-0001".into(), "Junta de Ríos".into(), "fuga 💧 en la red".into()]);
        table.row(vec!["MZQ-26-AA-0002".into(), "水".into(), "ok".into()]);
        table
    }

    #[test]
    fn columns_stand_under_one_another_whatever_the_characters() {
        let text = sample().render(usize::MAX, PLAIN);
        let columns: Vec<usize> = text
            .lines()
            .zip(["título", "fuga", "ok"])
            .map(|(line, word)| line[..line.find(word).unwrap()].width())
            .collect();
        assert_eq!(columns, [31, 31, 31]);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [40, 45, 60] {
            let text = sample().render(width, PLAIN);
            assert!(text.lines().all(|line| line.width() <= width), "{text}");
        }
        let narrow = sample().render(40, PLAIN);
        assert!(narrow.contains('…') && narrow.contains("MZQ-26-AA-0002"), "{narrow}");
    }

    #[test]
    fn cutting_counts_columns_and_never_splits_a_character() {
        assert_eq!(cut("ñandú", 5), "ñandú");
        assert_eq!(cut("ñandúes", 5), "ñand…");
        assert_eq!(cut("💧💧💧", 4), "💧…");
        assert_eq!(pad("💧", 4), "💧  ");
    }

    #[test]
    fn what_people_type_cannot_drive_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb c");
    }
}
