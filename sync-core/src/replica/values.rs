//! Values: the one door through which what a person typed becomes the value of a register.

use serde_json::Value;

use super::known::Known;
use super::orders::{check_length, parse_field, text};
use super::{Replica, ReplicaError};
use crate::json_schema::{Schema, Wrong};
use crate::record::change::Scalar;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rules::Labels;
use crate::rules::kind::{Choice, ValueError, parse_bool};
use crate::view::words::register_label;

impl Replica<'_> {
    /// Returns what a register holds, if a person says so: the key of what they named, a day, a choice. A new order, a
    /// set register and a decision take their values from here.
    pub(super) fn register_value(
        &self,
        kind: RecordKind,
        name: &str,
        typed: &str,
    ) -> Result<Scalar, ReplicaError> {
        self.register_value_among(kind, name, typed, &mut Known::default())
    }

    /// As [`Replica::register_value`], among names that were read before.
    pub(super) fn register_value_among(
        &self,
        kind: RecordKind,
        name: &str,
        typed: &str,
        known: &mut Known,
    ) -> Result<Scalar, ReplicaError> {
        let typed = typed.trim();
        let schema = self.rules.records.of(kind).registers.get(name).map(|register| &register.schema);
        if typed.is_empty() && schema.is_some_and(|schema| schema.allows("null")) {
            return Ok(Scalar::Null);
        }
        match name {
            "title" => check_length("the title", typed, 200).map(|()| text(typed)),
            "locality" => Ok(text(&self.locality_of(known, typed)?)),
            "asset" | "parent" => Ok(text(&self.asset_of(known, typed)?)),
            "crew" => Ok(text(&self.crew_of(known, typed)?)),
            "status" if kind == RecordKind::Order => Ok(text(&self.view().find_state(typed)?)),
            "priority" => Ok(text(self.view().find_priority(typed)?)),
            "kind" => Ok(text(&self.view().find_kind(typed)?.kind)),
            "localities" => {
                let keys: Result<Vec<String>, _> =
                    parts(typed).iter().map(|word| self.locality_of(known, word)).collect();
                Ok(text(&Value::from(keys?).to_string()))
            }
            "aliases" => Ok(text(&Value::from(parts(typed)).to_string())),
            _ => schema.map_or_else(|| Ok(text(typed)), |schema| by_schema(name, schema, typed)),
        }
    }

    /// Returns the value that a person gives a register of a record, by its whole name: `fields.dose`, say.
    pub(super) fn value_of(&self, row: &RecordRow, name: &str, typed: &str) -> Result<Scalar, ReplicaError> {
        match (name.split_once('.'), self.kind_of(row)) {
            (Some(("fields", key)), Some(kind)) => Ok(parse_field(kind, key, typed)?.1),
            (Some(("checklist", _)), _) => yes_or_no(name, typed),
            _ => self.register_value(row.kind, name, typed),
        }
    }
}

/// Returns the names in a list: a JSON array, or names with commas between.
fn parts(typed: &str) -> Vec<String> {
    let by_comma = || typed.split(',').map(|part| part.trim().to_string()).filter(|part| !part.is_empty());
    serde_json::from_str(typed).unwrap_or_else(|_| by_comma().collect())
}

fn wrong(name: &str, error: ValueError) -> ReplicaError {
    ReplicaError::Value { field: name.into(), label: register_label(name), error }
}

fn yes_or_no(name: &str, typed: &str) -> Result<Scalar, ReplicaError> {
    let wrong = |error| wrong(name, error);
    parse_bool(typed).map(Scalar::Bool).map_err(wrong)
}

/// Returns a value of the type that its schema says.
fn by_schema(name: &str, schema: &Schema, typed: &str) -> Result<Scalar, ReplicaError> {
    let wrong = |error| wrong(name, error);
    if schema.is_only("boolean") {
        return yes_or_no(name, typed);
    }
    if schema.is_only("integer") {
        let number = typed.parse().map_err(|_| wrong(ValueError::Type(typed.into(), "a whole number")));
        return number.map(Scalar::Int);
    }
    match schema.check(&Value::from(typed)).map_err(|violation| violation.wrong) {
        Err(Wrong::NotADay { found }) => Err(wrong(ValueError::Type(found, "a date (YYYY-MM-DD)"))),
        Err(Wrong::NotOneOf { expected, .. }) => {
            let labels = |value: &String| Labels::same(value);
            let choices = expected.iter().map(|value| Choice { value: value.clone(), labels: labels(value) });
            Err(wrong(ValueError::Choice { value: typed.into(), choices: choices.collect() }))
        }
        // Anything else is said by the judge, which asks the schema too.
        Ok(()) | Err(_) => Ok(text(typed)),
    }
}
