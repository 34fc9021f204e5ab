//! Measures: what an instrument can read, its unit, the possible values, and the limits of the norms.
//!
//! A reading outside the norm is accepted and flagged, because it is evidence. Only an impossible one is
//! refused.

use serde::{Deserialize, Serialize};

use super::kind::{ValueError, check_range};
use super::{Labels, fold_unit, fold_word};
use crate::decimal::Decimal;

/// `schemas/measures.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuresFile {
    /// Raised with every change of the file.
    #[serde(default)]
    pub version: u32,
    /// All measures.
    pub measures: Vec<Measure>,
}

/// One measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Its key, as records carry it.
    pub key: String,
    /// The label on the screen.
    pub labels: Labels,
    /// Other names that people type for it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The unit records carry.
    pub unit: String,
    /// Other spellings of exactly that unit.
    #[serde(default)]
    pub unit_aliases: Vec<String>,
    /// Most digits after the point.
    #[serde(default)]
    pub scale: Option<u8>,
    /// The physically possible values.
    #[serde(default)]
    pub possible: Bounds,
    /// The limits of norms, each with its dates and source.
    #[serde(default)]
    pub limits: Vec<Limit>,
}

/// Two bounds, inclusive, as decimal strings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Smallest.
    #[serde(default)]
    pub min: Option<String>,
    /// Largest.
    #[serde(default)]
    pub max: Option<String>,
}

/// A norm's limit while it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// First day in force, `YYYY-MM-DD`.
    #[serde(default)]
    pub from: Option<String>,
    /// First day no longer in force.
    #[serde(default)]
    pub until: Option<String>,
    /// Smallest.
    #[serde(default)]
    pub min: Option<String>,
    /// Largest.
    #[serde(default)]
    pub max: Option<String>,
    /// The norm.
    pub source: String,
}

/// Why a reading is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadingError {
    /// Not the measure's unit.
    #[error("{what} is measured in {expected}, not in {found}")]
    Unit {
        /// The measure.
        what: String,
        /// Its unit.
        expected: String,
        /// The unit that was given.
        found: String,
    },
    /// Not a possible value.
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl Measure {
    /// Returns whether people use that name for it (`word` already folded).
    pub fn answers_to(&self, word: &str) -> bool {
        self.key == word
            || self.aliases.iter().any(|alias| fold_word(alias) == word)
            || fold_word(&self.labels.es) == word
            || fold_word(&self.labels.en) == word
    }

    /// Checks a reading. Returns it as a quantity in the unit that records carry.
    ///
    /// # Errors
    /// Another unit, no quantity, too many digits, or an impossible value.
    pub fn check(&self, value: &str, unit: &str) -> Result<Decimal, ReadingError> {
        let decimal: Decimal = value.trim().parse().map_err(ValueError::from)?;
        let wanted = fold_unit(unit);
        let mut units = std::iter::once(&self.unit).chain(&self.unit_aliases);
        if !units.any(|one| fold_unit(one) == wanted) {
            let (what, expected) = (self.key.clone(), self.unit.clone());
            return Err(ReadingError::Unit { what, expected, found: unit.into() });
        }
        if let Some(scale) = self.scale
            && decimal.scale > scale
        {
            return Err(ValueError::Scale(value.into(), scale).into());
        }
        check_range(decimal, Some(&self.unit), self.possible.min.as_deref(), self.possible.max.as_deref())?;
        Ok(decimal)
    }

    /// Returns the norm's limits that are in force on `day` (`YYYY-MM-DD`).
    pub fn limit_on(&self, day: &str) -> Option<&Limit> {
        let in_force = |limit: &&Limit| {
            limit.from.as_deref().is_none_or(|from| from <= day)
                && limit.until.as_deref().is_none_or(|until| day < until)
        };
        self.limits.iter().find(in_force)
    }

    /// Returns on which side of the norm in force on `day` (`YYYY-MM-DD`) a possible reading is, `below` or
    /// `above`, and the limit; `None` within it, or if no norm is in force.
    pub fn flag(&self, value: Decimal, day: &str) -> Option<(&'static str, &Limit)> {
        let limit = self.limit_on(day)?;
        let bound = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Decimal>().ok());
        if bound(&limit.min).is_some_and(|min| value.compare(min).is_lt()) {
            return Some(("below_norm", limit));
        }
        if bound(&limit.max).is_some_and(|max| value.compare(max).is_gt()) {
            return Some(("above_norm", limit));
        }
        None
    }
}
