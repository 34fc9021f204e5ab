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
/// In a file or a pipe nothing is cut; columns stand under one another up to this width, and one long note pushes its own
/// line out, not every line.
const PAD_MAX: usize = 48;
/// How far what stands below a row is moved in.
const BELOW_INDENT: usize = 4;

/// A table with a heading line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    heading: Vec<Cell>,
    /// Columns never cut: what people must type again, such as folios.
    whole: Vec<usize>,
    /// Columns left out where there is no room, the first one first.
    spare: Vec<usize>,
    /// The columns that stand below their row, wrapped, where there is no room beside the others.
    below: Vec<usize>,
    /// Columns that are cut before another one is left out, and to how many columns of the terminal.
    caps: Vec<(usize, usize)>,
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
        Self { heading, whole: vec![0], ..Self::default() }
    }

    /// The table with one more column that is never cut; the first never is.
    pub fn whole(mut self, column: usize) -> Self {
        self.whole.push(column);
        self
    }

    /// The table with columns that are left out where there is no room, the first one first.
    pub fn spare(mut self, columns: &[usize]) -> Self {
        self.spare = columns.to_vec();
        self
    }

    /// The table with columns that stand below their row, whole, where there is no room beside the others.
    pub fn below(mut self, columns: &[usize]) -> Self {
        self.below = columns.to_vec();
        self
    }

    /// The table with a column that is cut to `max` columns of the terminal before another one is left out.
    pub fn cap(mut self, column: usize, max: usize) -> Self {
        self.caps.push((column, max));
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
        let mut natural = self.natural();
        if width == usize::MAX {
            let widths: Vec<usize> = natural.iter().map(|column| (*column).min(PAD_MAX)).collect();
            let all: Vec<usize> = (0..widths.len()).collect();
            return self.lines(&all, &[], &widths, width, style);
        }
        // What no row has takes no room.
        let is_filled = |column: &usize| self.rows.iter().any(|row| row[*column].width > 0);
        let filled: Vec<usize> = (0..natural.len()).filter(is_filled).collect();
        let total = |natural: &[usize]| {
            filled.iter().map(|column| natural[*column]).sum::<usize>() + GAP * filled.len().saturating_sub(1)
        };
        if total(&natural) > width {
            self.caps.iter().for_each(|(column, max)| natural[*column] = natural[*column].min(*max));
        }
        let mut beside = filled.clone();
        let is_too_wide = |beside: &[usize]| {
            let gaps = GAP * beside.len().saturating_sub(1);
            beside.iter().map(|column| natural[*column]).sum::<usize>() + gaps > width
        };
        let mut below: &[usize] = &[];
        for spare in &self.spare {
            if !is_too_wide(&beside) {
                break;
            }
            beside.retain(|column| column != spare);
        }
        if is_too_wide(&beside) && !self.below.is_empty() {
            below = &self.below;
            beside = filled.iter().copied().filter(|column| !below.contains(column)).collect();
            for spare in &self.spare {
                if is_too_wide(&beside) {
                    beside.retain(|column| column != spare);
                }
            }
        }
        let widths = self.widths(natural, &beside, width);
        self.lines(&beside, below, &widths, width, style)
    }

    /// The lines: columns `beside` one another, those `below` moved in and wrapped.
    fn lines(
        &self,
        beside: &[usize],
        below: &[usize],
        widths: &[usize],
        width: usize,
        style: Style,
    ) -> String {
        let mut heading = String::new();
        let is_cut = width != usize::MAX;
        write_line(&mut heading, &self.heading, beside, widths, is_cut);
        let mut text = style.bold(&heading);
        text.push('\n');
        for row in &self.rows {
            write_line(&mut text, row, beside, widths, is_cut);
            text.push('\n');
            for cell in below.iter().map(|column| &row[*column]).filter(|cell| !cell.text.is_empty()) {
                for line in wrapped(&cell.text, width.saturating_sub(BELOW_INDENT)) {
                    text.push_str(&format!("{}{line}\n", &BLANKS[..BELOW_INDENT]));
                }
            }
        }
        text
    }

    /// How wide each column would like to be.
    fn natural(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.heading.iter().map(|cell| cell.width).collect();
        for row in &self.rows {
            for (column, cell) in widths.iter_mut().zip(row) {
                *column = (*column).max(cell.width);
            }
        }
        widths
    }

    fn widths(&self, mut widths: Vec<usize>, beside: &[usize], width: usize) -> Vec<usize> {
        let gaps = GAP * beside.len().saturating_sub(1);
        let is_beside = |column: usize| beside.contains(&column);
        while beside.iter().map(|column| widths[*column]).sum::<usize>() + gaps > width {
            let cuttable = widths
                .iter_mut()
                .enumerate()
                .filter(|(column, _)| is_beside(*column) && !self.whole.contains(column));
            let widest = cuttable.map(|(_, width)| width).max().filter(|widest| **widest > COLUMN_MIN);
            let Some(widest) = widest else { break };
            *widest -= 1;
        }
        widths
    }
}

fn write_line(text: &mut String, cells: &[Cell], beside: &[usize], widths: &[usize], is_cut: bool) {
    let (begin, mut blanks) = (text.len(), 0);
    for (cell, width) in beside.iter().map(|column| (&cells[*column], &widths[*column])) {
        while blanks > 0 {
            let some = blanks.min(BLANKS.len());
            text.push_str(&BLANKS[..some]);
            blanks -= some;
        }
        if cell.width <= *width || !is_cut {
            text.push_str(&cell.text);
        } else {
            text.push_str(&cut(&cell.text, *width));
        }
        blanks = GAP + width.saturating_sub(cell.width);
    }
    text.truncate(begin + text[begin..].trim_end().len());
}

/// `text` as lines of at most `width` columns, broken between words where that is possible.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(COLUMN_MIN);
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in text.split(' ') {
        if used > 0 && used + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            let columns = c.width().unwrap_or(0);
            if used + columns > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += columns;
        }
    }
    lines.push(line);
    lines
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
    use super::{Table, clean, cut, pad, wrapped};
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
    fn one_long_note_in_a_pipe_widens_no_other_line() {
        let mut table = sample();
        table.row(["MZQ-26-AA-0003".into(), "x".repeat(3_000), "z".into()]);
        let text = table.render(usize::MAX, PLAIN);
        let widths: Vec<usize> = text.lines().map(|line| line.width()).collect();
        assert!(widths[..3].iter().all(|width| *width < 100) && widths[3] > 3_000, "{widths:?}");
        assert!(text.contains(&"x".repeat(3_000)), "nothing is cut in a pipe");
    }

    #[test]
    fn what_has_no_room_is_left_out_or_stands_below() {
        let text = sample().spare(&[1]).render(40, PLAIN);
        assert!(!text.contains("Ríos") && text.contains("fuga 💧 en la red"), "{text}");
        let text = sample().below(&[2]).render(40, PLAIN);
        assert!(text.contains("Junta de Ríos\n    fuga 💧 en la red\n"), "{text}");
        assert!(sample().spare(&[1]).below(&[2]).render(60, PLAIN).contains("Ríos"), "there is room");
    }

    #[test]
    fn a_column_that_no_row_fills_takes_no_room_on_a_screen() {
        let mut table = Table::new(Lang::Es, ["folio", "fecha límite", "título"].map(Text::same));
        table.row(["MZQ-26-AA-0001".into(), String::new(), "fuga en la red".into()]);
        let text = table.render(34, PLAIN);
        assert!(text.contains("fuga en la red") && !text.contains("fecha"), "{text}");
        assert!(table.render(usize::MAX, PLAIN).contains("fecha límite"), "a program counts columns");
    }

    #[test]
    fn a_capped_column_is_cut_before_another_one_is_left_out() {
        let text = sample().spare(&[2]).cap(1, 8).render(44, PLAIN);
        assert!(text.contains("Junta d…") && text.contains("fuga 💧 en la red"), "{text}");
    }

    #[test]
    fn long_text_is_broken_between_words_and_lost_nowhere() {
        assert_eq!(wrapped("uno dos tres", 8), ["uno dos", "tres"]);
        assert_eq!(wrapped(&"x".repeat(20), 8).concat(), "x".repeat(20));
        assert_eq!(wrapped("💧💧💧💧💧", 8), ["💧💧💧💧", "💧"]);
        assert_eq!(wrapped("", 8), [""]);
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
