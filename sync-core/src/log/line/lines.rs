//! Lines: where lines of a ledger or a journal are read from.

use super::Line;
use crate::log::entry::ChainedEntry;
use crate::log::verdict::Receipt;
use crate::rows::RowsError;

/// Where lines are read from by number. Each call may wait for a disk, except [`Lines::end`].
pub trait Lines {
    /// Returns the number that the next line will get; 1 if there is none.
    fn end(&self) -> u64;

    /// Returns the bytes of a line.
    ///
    /// # Errors
    /// If there is no such line, or it cannot be read.
    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError>;

    /// Calls `visit` for each line in `from..to`, in order, until it returns `false`. Numbers outside are left out.
    ///
    /// # Errors
    /// If a line cannot be read; the lines before it have been visited.
    fn each(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<(), RowsError> {
        for number in from.max(1)..to.min(self.end()) {
            if !visit(number, &self.line(number)?) {
                break;
            }
        }
        Ok(())
    }
}

/// Returns the line with a number.
///
/// # Errors
/// There is none, or it does not read.
pub fn read_line(lines: &dyn Lines, number: u64) -> Result<Line, RowsError> {
    Ok(Line::from_bytes(&lines.line(number)?)?)
}

/// Returns the entry of the line with a number, and its receipt if it has one.
///
/// # Errors
/// There is none, or it is no entry.
pub fn read_entry(lines: &dyn Lines, number: u64) -> Result<(Option<Receipt>, ChainedEntry), RowsError> {
    match read_line(lines, number)? {
        Line::Entry { receipt, chained } => Ok((receipt, chained)),
        Line::Device(_) => Err(RowsError(format!("line {number} holds no entry"))),
    }
}
