//! Kind: a kind of work, one file of `schemas/work/`. Unknown keys are ignored, so that this version reads a
//! newer file; before a file is published, `check` refuses them.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::steps::Step;
use super::{Labels, fold_word};
use crate::decimal::{Decimal, DecimalError};
use crate::limits::TEXT_CHARS_MAX;
use crate::record::change::Scalar;
use crate::time::parse_rfc3339;

/// A kind of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkKind {
    /// Its key, as records carry it.
    pub kind: String,
    /// Raised with every change of the file.
    #[serde(default)]
    pub version: u32,
    /// `water`, `drainage`, `lighting` or `office`.
    #[serde(default)]
    pub service: String,
    /// The label on the screen.
    pub labels: Labels,
    /// Other names that people type for it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Asset types it applies to.
    #[serde(default)]
    pub assets: Vec<String>,
    /// Whether it takes several visits.
    #[serde(default)]
    pub multi_visit: bool,
    /// The fields that crews fill in.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// Readings expected.
    #[serde(default)]
    pub measures: Vec<String>,
    /// Readings needed to finish.
    #[serde(default)]
    pub required_measures: Vec<String>,
    /// The lines to tick off.
    #[serde(default)]
    pub checklist: Vec<Check>,
    /// Steps of its own, if the usual ones do not fit.
    #[serde(default)]
    pub steps: Option<Vec<Step>>,
}

/// One field of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its key.
    pub key: String,
    /// The label on the screen.
    pub labels: Labels,
    /// Other names that people type for it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The type of its values.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// The unit of a decimal.
    #[serde(default)]
    pub unit: Option<String>,
    /// Most digits after the point of a decimal.
    #[serde(default)]
    pub scale: Option<u8>,
    /// Smallest possible value.
    #[serde(default)]
    pub min: Option<String>,
    /// Largest possible value.
    #[serde(default)]
    pub max: Option<String>,
    /// Most characters of a text.
    #[serde(default)]
    pub chars_max: Option<usize>,
    /// The possible values of a choice.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// Roles that may write it; none named means crew, dispatcher and supervisor.
    #[serde(default = "usual_writers")]
    pub who: Vec<String>,
    /// Whether the work cannot be finished without it.
    #[serde(default)]
    pub required_to_finish: bool,
}

fn usual_writers() -> Vec<String> {
    ["crew", "dispatcher", "supervisor"].map(String::from).to_vec()
}

/// The type of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Free text.
    Text,
    /// A quantity.
    Decimal,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// A calendar date.
    Date,
    /// One of several values.
    Choice,
}

/// One thing that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The value that records carry.
    pub value: String,
    /// The label on the screen.
    pub labels: Labels,
}

/// One line of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its key.
    pub key: String,
    /// The label on the screen.
    pub labels: Labels,
    /// Whether the work cannot be finished without it.
    #[serde(default)]
    pub required_to_finish: bool,
}

/// Why a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not of the field's type.
    #[error("{0:?} is not {1}")]
    Type(String, &'static str),
    /// Not a quantity.
    #[error(transparent)]
    Decimal(#[from] DecimalError),
    /// Too fine.
    #[error("{0} has more than {1} digits after the point")]
    Scale(String, u8),
    /// Physically impossible.
    #[error("{value} {unit} is impossible: it must lie between {min} and {max}")]
    Range {
        /// The value that was given.
        value: String,
        /// The unit, or nothing.
        unit: String,
        /// Smallest possible value, or `-`.
        min: String,
        /// Largest possible value, or `-`.
        max: String,
    },
    /// Too long.
    #[error("the text has {found} characters, at most {max} are allowed")]
    TooLong {
        /// How many it has.
        found: usize,
        /// How many it may have.
        max: usize,
    },
    /// None of the choices.
    #[error("{value:?} is none of {}", .choices.iter().map(|one| one.value.as_str()).collect::<Vec<_>>().join(", "))]
    Choice {
        /// The value that was given.
        value: String,
        /// What could be chosen.
        choices: Vec<Choice>,
    },
    /// An amount of nothing, or of less.
    #[error("{0} is no amount: it must be above 0")]
    NotPositive(String),
}

impl WorkKind {
    /// Returns whether people use that name for it (`word` already folded).
    pub fn answers_to(&self, word: &str) -> bool {
        self.kind == word
            || self.aliases.iter().any(|alias| fold_word(alias) == word)
            || fold_word(&self.labels.es) == word
            || fold_word(&self.labels.en) == word
    }

    /// Returns the field that a person means by `word`; `None` if there is none.
    pub fn find_field(&self, word: &str) -> Option<&Field> {
        let word = fold_word(word);
        let called = |field: &&Field| {
            field.aliases.iter().any(|alias| fold_word(alias) == word) || fold_word(&field.labels.es) == word
        };
        self.fields.iter().find(|field| field.key == word).or_else(|| self.fields.iter().find(called))
    }
}

impl Field {
    /// Reads what a person typed. Returns the value to store.
    ///
    /// # Errors
    /// The value does not fit the field.
    pub fn parse(&self, text: &str) -> Result<Scalar, ValueError> {
        let text = text.trim();
        let value = match self.field_type {
            FieldType::Boolean => Scalar::Bool(parse_bool(text)?),
            FieldType::Integer => {
                let number = text.parse().map_err(|_| ValueError::Type(text.into(), "a whole number"))?;
                Scalar::Int(number)
            }
            FieldType::Choice => Scalar::Str(self.choose(text)?),
            FieldType::Text | FieldType::Decimal | FieldType::Date => Scalar::Str(text.into()),
        };
        self.check(&value)?;
        Ok(value)
    }

    /// Checks that a stored value fits the field.
    ///
    /// # Errors
    /// The first rule of the field that it breaks.
    pub fn check(&self, value: &Scalar) -> Result<(), ValueError> {
        match (self.field_type, value) {
            (_, Scalar::Null) | (FieldType::Boolean, Scalar::Bool(_)) => Ok(()),
            (FieldType::Integer, Scalar::Int(number)) => self.check_range(Decimal::integer(*number)),
            (FieldType::Text, Scalar::Str(text)) => {
                let (found, max) = (text.chars().count(), self.chars_max.unwrap_or(TEXT_CHARS_MAX));
                if found > max { Err(ValueError::TooLong { found, max }) } else { Ok(()) }
            }
            (FieldType::Date, Scalar::Str(text)) => match parse_rfc3339(text) {
                Some(_) if text.len() == 10 => Ok(()),
                _ => Err(ValueError::Type(text.clone(), "a date (YYYY-MM-DD)")),
            },
            (FieldType::Choice, Scalar::Str(text)) => self.choose(text).and_then(|chosen| {
                if chosen == *text { Ok(()) } else { Err(ValueError::Type(text.clone(), "a stored choice")) }
            }),
            (FieldType::Decimal, Scalar::Str(text)) => {
                let decimal: Decimal = text.parse()?;
                match self.scale {
                    Some(scale) if decimal.scale > scale => Err(ValueError::Scale(text.clone(), scale)),
                    _ => self.check_range(decimal),
                }
            }
            (_, other) => Err(ValueError::Type(format!("{other:?}"), "of the field's type")),
        }
    }

    fn choose(&self, text: &str) -> Result<String, ValueError> {
        let word = fold_word(text);
        let meant = |choice: &&Choice| {
            choice.value == text
                || fold_word(&choice.value) == word
                || fold_word(&choice.labels.es) == word
                || fold_word(&choice.labels.en) == word
        };
        let chosen = self.choices.iter().find(meant).map(|choice| choice.value.clone());
        chosen.ok_or_else(|| ValueError::Choice { value: text.into(), choices: self.choices.clone() })
    }

    fn check_range(&self, value: Decimal) -> Result<(), ValueError> {
        check_range(value, self.unit.as_deref(), self.min.as_deref(), self.max.as_deref())
    }
}

/// Reads yes or no, as a person types it.
///
/// # Errors
/// It is neither.
pub fn parse_bool(text: &str) -> Result<bool, ValueError> {
    match fold_word(text).as_str() {
        "si" | "yes" | "true" | "1" | "s" | "y" => Ok(true),
        "no" | "false" | "0" | "n" => Ok(false),
        _ => Err(ValueError::Type(text.into(), "yes or no (sí/no)")),
    }
}

/// Checks that a quantity lies between two decimal strings, both inclusive. An absent or unreadable bound is
/// none.
///
/// # Errors
/// [`ValueError::Range`].
pub fn check_range(
    value: Decimal,
    unit: Option<&str>,
    min: Option<&str>,
    max: Option<&str>,
) -> Result<(), ValueError> {
    let beyond = |bound: Option<&str>, wrong: Ordering| {
        bound.and_then(|text| text.parse::<Decimal>().ok()).is_some_and(|bound| value.compare(bound) == wrong)
    };
    if beyond(min, Ordering::Less) || beyond(max, Ordering::Greater) {
        return Err(ValueError::Range {
            value: value.to_string(),
            unit: unit.unwrap_or_default().into(),
            min: min.unwrap_or("-").into(),
            max: max.unwrap_or("-").into(),
        });
    }
    Ok(())
}
