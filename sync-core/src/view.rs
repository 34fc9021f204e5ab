//! Views: what people and scripts read. A view is computed from rows and lines, and is the same wherever
//! these are the same.
//!
//! A method fails with [`ViewError::Index`] if a row or line does not read, and with
//! [`ViewError::NotEnrolled`] if it needs an identity and the device has none. Other errors stand at the
//! method.

pub mod audit;
pub mod case;
pub mod catalog;
pub mod clock;
pub mod conflicts;
pub mod diff;
pub mod entries;
pub mod held;
pub mod items;
pub mod judged;
pub mod lists;
pub mod names;
pub mod order;
pub mod own;
pub mod replay;
pub mod sheet;
pub mod steps;
pub mod story;
pub mod today;
pub mod told;
pub mod who;
pub mod words;

use crate::log::line::{Identity, Lines};
use crate::people::People;
use crate::rows::{Rows, RowsError};
use crate::rules::Rules;
use crate::state::layers::Merged;
use crate::time::TimeMs;
use who::Who;

/// A device's records as a person reads them. It reads only: nothing here writes a row or a line.
#[derive(Clone, Copy)]
pub struct View<'a> {
    local: &'a dyn Rows,
    rows: Merged<'a>,
    lines: &'a dyn Lines,
    rules: &'a Rules,
    identity: Option<&'a Identity>,
    people: &'a People,
    now_ms: TimeMs,
}

/// Why a view cannot answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// The device has no identity yet.
    #[error("this device is not enrolled")]
    NotEnrolled,
    /// A name that fits nothing here.
    #[error("there is no {what} called {word:?}")]
    Unknown {
        /// The sort of thing: `kind of work`, `locality`, `order`, …
        what: &'static str,
        /// What was typed.
        word: String,
        /// The names that exist, or the nearest.
        known: Vec<String>,
    },
    /// A name that fits several things.
    #[error("{word:?} is the name of several: {}", .matches.join("; "))]
    Ambiguous {
        /// What was typed.
        word: String,
        /// The things it fits.
        matches: Vec<String>,
    },
    /// The index does not read.
    #[error("{0}")]
    Index(String),
}

impl From<RowsError> for ViewError {
    fn from(error: RowsError) -> Self {
        Self::Index(error.to_string())
    }
}

impl<'a> View<'a> {
    /// Returns the view over a device's rows and lines, with that generation of its mirror, for the device with that
    /// identity, at that time.
    pub fn new(
        local: &'a dyn Rows,
        shown: u8,
        lines: &'a dyn Lines,
        rules: &'a Rules,
        identity: Option<&'a Identity>,
        people: &'a People,
        now_ms: TimeMs,
    ) -> Self {
        Self { local, rows: Merged::new(local, shown), lines, rules, identity, people, now_ms }
    }

    /// Returns the rows it reads: what is pending over what the hub told.
    pub fn rows(&self) -> &Merged<'a> {
        &self.rows
    }

    /// Returns the rows that only this device has.
    fn local(&self) -> &'a dyn Rows {
        self.local
    }

    /// Returns the lines it reads.
    pub fn all_lines(&self) -> &'a dyn Lines {
        self.lines
    }

    /// Returns the rules in force on this device.
    pub fn rules(&self) -> &'a Rules {
        self.rules
    }

    /// Returns the wall clock, in milliseconds.
    pub fn now_ms(&self) -> TimeMs {
        self.now_ms
    }

    /// Returns the identity of this device.
    ///
    /// # Errors
    /// [`ViewError::NotEnrolled`].
    pub fn identity(&self) -> Result<&'a Identity, ViewError> {
        self.identity.ok_or(ViewError::NotEnrolled)
    }

    /// Returns the names that this device knows.
    pub fn people(&self) -> &'a People {
        self.people
    }

    /// Returns what persons are called by.
    pub fn who(&self) -> Who<'_> {
        Who { people: self.people, rows: &self.rows, identity: self.identity }
    }
}
