//! Wrong: what of a value does not fit its schema, as a person reads it.

use crate::{Text, say};
use sync_core::json_schema::{Unit, Wrong};

/// Returns what is wrong with a value.
pub fn wrong_text(wrong: &Wrong) -> Text {
    match wrong {
        Wrong::Type { found, expected } => {
            let names = expected.iter().map(|name| type_name(name));
            let expected = names.reduce(|one, other| say!("wrong-or", one, other));
            say!(
                "wrong-type",
                found = type_name(found),
                expected = expected.unwrap_or_else(|| Text::same("-"))
            )
        }
        Wrong::NotOneOf { found, expected } => {
            say!("wrong-not-one-of", found, expected = expected.join(", "))
        }
        Wrong::TooMany { unit, found, max } => say!("wrong-too-many", unit = counted(*unit), found, max),
        Wrong::TooFew { unit, found, min } => say!("wrong-too-few", unit = counted(*unit), found, min),
        Wrong::NotADay { found } => say!("wrong-not-a-day", found),
        Wrong::Pattern { found, pattern } => say!("wrong-pattern", found, pattern),
        Wrong::Range { found, min, max } => {
            let bound = |bound: &Option<i64>| bound.map_or_else(|| "-".to_owned(), |bound| bound.to_string());
            say!("wrong-range", found, min = bound(min), max = bound(max))
        }
        Wrong::Required { key } => say!("wrong-required", key),
        Wrong::Unknown { key, known } => say!("wrong-unknown", key, known = known.join(", ")),
        Wrong::Key { key, wrong } => say!("wrong-key", key, problem = wrong_text(wrong)),
        Wrong::Repeated { found } => say!("wrong-repeated", found),
        Wrong::SeveralForms => say!("wrong-several-forms"),
        Wrong::NotAllowed => say!("wrong-not-allowed"),
    }
}

fn counted(unit: Unit) -> Text {
    match unit {
        Unit::Characters => say!("wrong-unit-characters"),
        Unit::Elements => say!("wrong-unit-elements"),
        Unit::Members => say!("wrong-unit-members"),
    }
}

fn type_name(name: &str) -> Text {
    match name {
        "null" => say!("wrong-type-null"),
        "boolean" => say!("wrong-type-boolean"),
        "integer" => say!("wrong-type-integer"),
        "number" => say!("wrong-type-number"),
        "string" => say!("wrong-type-string"),
        "array" => say!("wrong-type-array"),
        "object" => say!("wrong-type-object"),
        other => Text::same(other),
    }
}
