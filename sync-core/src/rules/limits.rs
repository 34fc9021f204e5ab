//! Limits: the bounds that a field or a measure sets to its values, and where one version is stricter than another.

use super::kind::{Field, FieldType};
use super::measure::Measure;
use super::usage::Sample;
use crate::decimal::Decimal;
use crate::record::change::Scalar;

/// What bounds values. A member that is `None` bounds nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Limits {
    min: Option<Decimal>,
    max: Option<Decimal>,
    scale: Option<u8>,
    chars_max: Option<usize>,
    choices: Option<Vec<String>>,
}

/// The limits by the names that rule files give them.
const LIMITS: [&str; 5] = ["min", "max", "scale", "chars_max", "choices"];

impl Limits {
    /// Returns those of a field.
    pub(super) fn of_field(field: &Field) -> Self {
        let choices = field.choices.iter().map(|choice| choice.value.clone()).collect();
        Self {
            min: bound(field.min.as_ref()),
            max: bound(field.max.as_ref()),
            scale: field.scale,
            chars_max: field.chars_max,
            choices: (field.field_type == FieldType::Choice).then_some(choices),
        }
    }

    /// Returns those of a measure.
    pub(super) fn of_measure(measure: &Measure) -> Self {
        Self {
            min: bound(measure.possible.min.as_ref()),
            max: bound(measure.possible.max.as_ref()),
            scale: measure.scale,
            ..Self::default()
        }
    }

    /// Returns whether one limit lets the value through.
    fn allows(&self, limit: &str, value: &Scalar) -> bool {
        let number = match value {
            Scalar::Int(number) => Some(Decimal::integer(*number)),
            Scalar::Str(text) => text.parse::<Decimal>().ok(),
            Scalar::Null | Scalar::Bool(_) => None,
        };
        match (limit, number, value) {
            ("min", Some(number), _) => self.min.is_none_or(|min| number.compare(min).is_ge()),
            ("max", Some(number), _) => self.max.is_none_or(|max| number.compare(max).is_le()),
            ("scale", Some(number), _) => self.scale.is_none_or(|scale| number.scale <= scale),
            ("chars_max", _, Scalar::Str(text)) => {
                self.chars_max.is_none_or(|max| text.chars().count() <= max)
            }
            ("choices", _, Scalar::Str(text)) => self.choices.as_ref().is_none_or(|all| all.contains(text)),
            _ => true,
        }
    }

    /// Returns whether one limit is stricter than that of `before`.
    fn is_stricter(&self, limit: &str, before: &Self) -> bool {
        match limit {
            "min" => self.min.is_some_and(|min| before.min.is_none_or(|old| min.compare(old).is_gt())),
            "max" => self.max.is_some_and(|max| before.max.is_none_or(|old| max.compare(old).is_lt())),
            "scale" => self.scale.is_some_and(|scale| before.scale.is_none_or(|old| scale < old)),
            "chars_max" => self.chars_max.is_some_and(|max| before.chars_max.is_none_or(|old| max < old)),
            _ => self.choices.as_ref().is_some_and(|all| {
                before.choices.as_ref().is_none_or(|old| old.iter().any(|one| !all.contains(one)))
            }),
        }
    }
}

fn bound(text: Option<&String>) -> Option<Decimal> {
    text.and_then(|text| text.parse().ok())
}

/// Returns each limit that is stricter in `after` than in `before`, with a value that records hold and that it would
/// no longer let through. A value that `before` does not let through either is no reason: nothing changes for it.
pub(super) fn stricter(before: &Limits, after: &Limits, sample: &Sample) -> Vec<(&'static str, Scalar)> {
    let values = sample.values();
    let refused = |limit: &str| {
        // If the sample does not hold all values, one between the two limits may hide behind the extreme one.
        let hides = !sample.is_whole();
        let fits = |value: &&Scalar| !after.allows(limit, value) && (hides || before.allows(limit, value));
        values.iter().find(fits).cloned()
    };
    let is_stricter = |limit: &&str| after.is_stricter(limit, before);
    LIMITS.into_iter().filter(is_stricter).filter_map(|limit| Some((limit, refused(limit)?))).collect()
}
