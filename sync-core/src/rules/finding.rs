//! Finding: why a rule file is not published, and where in it.

use crate::json_schema::{Part, Wrong, path_text};

/// What is wrong at a place of a rule file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", path_text(.path))]
pub struct Finding {
    /// The rule: `work/chlorination`, `steps`, `measures`.
    pub name: String,
    /// The place in the file.
    pub path: Vec<Part>,
    /// What is wrong there.
    pub problem: RuleProblem,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the members are what the sentence of each says")]
pub enum RuleProblem {
    /// Its schema does not allow it.
    #[error("{0}")]
    Value(Wrong),
    /// The file is called otherwise.
    #[error("the file is called {file}, and its kind {kind}")]
    OtherName { file: String, kind: String },
    /// A smallest value above the largest, or a period that ends before it begins.
    #[error("{min} is above {max}")]
    Above { min: String, max: String },
    /// A key that nothing has.
    #[error("there is no {what} called {key}")]
    Unknown { what: &'static str, key: String },
    /// Something that the programs rely on is missing.
    #[error("needs the {what} {key}")]
    Missing { what: &'static str, key: String },
    /// A word that something else has.
    #[error("{word:?} is what {other} is called")]
    Taken { word: String, other: String },
    /// A word that orders have themselves.
    #[error("{word:?} is what orders call something of their own")]
    Reserved { word: String },
    /// A day that the calendar does not have.
    #[error("{0:?} is no day")]
    Day(String),
    /// Two periods of one limit.
    #[error("the limits of two periods overlap")]
    Overlap,
    /// Another file with the version in force.
    #[error("the version is {found}, and {in_force} is in force")]
    Version { found: u32, in_force: u32 },
    /// A field with another type than in force.
    #[error("{key} is of another type than in force")]
    Type { key: String },
    /// Another unit than records hold.
    #[error("{key} has another unit, and {count} records hold it")]
    Unit { key: String, count: u64 },
    /// Something that records hold is gone.
    #[error("{key} is gone, and {count} records hold it")]
    Gone { key: String, count: u64 },
    /// Values that records hold would not be allowed.
    #[error("{key} would not allow {value:?}, which a record holds")]
    Stricter { key: String, value: String },
}

impl RuleProblem {
    /// Returns its stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Value(_) => "value",
            Self::OtherName { .. } => "other_name",
            Self::Above { .. } => "above",
            Self::Unknown { .. } => "unknown",
            Self::Missing { .. } => "missing",
            Self::Taken { .. } => "taken",
            Self::Reserved { .. } => "reserved",
            Self::Day(_) => "day",
            Self::Overlap => "overlap",
            Self::Version { .. } => "version",
            Self::Type { .. } => "type",
            Self::Unit { .. } => "unit",
            Self::Gone { .. } => "gone",
            Self::Stricter { .. } => "stricter",
        }
    }
}

/// Where findings about one file are put.
pub(super) struct Findings<'f> {
    pub(super) name: &'f str,
    pub(super) all: &'f mut Vec<Finding>,
}

impl Findings<'_> {
    /// Adds one.
    pub(super) fn add(&mut self, path: Vec<Part>, problem: RuleProblem) {
        self.all.push(Finding { name: self.name.into(), path, problem });
    }
}

/// Returns a path of keys and indexes.
macro_rules! at {
    ($($part:expr),* $(,)?) => { vec![$($crate::json_schema::Part::from($part)),*] };
}
pub(super) use at;
