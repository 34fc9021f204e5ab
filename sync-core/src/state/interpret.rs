//! Interpret: what a change does to its record, before it is asked whether it may.

use super::applied::Finder;
use super::keyspace;
use crate::id::{Hash, RecordId};
use crate::log::verdict::{RECORD_EXISTS, Reason};
use crate::record::change::{Change, Scalar};
use crate::record::patch::{Patch, check_skeleton, interpret};
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::{Rows, RowsError, read};
use crate::rules::Rules;

/// A change that was judged acceptable, with what it does.
pub struct Acceptable<'c> {
    /// The record before it; fresh for a creation.
    pub row: RecordRow,
    /// What it does.
    pub patches: Vec<Patch<'c>>,
    /// Whether it makes the record.
    pub is_creation: bool,
}

/// The outcome: acceptable, or why not.
pub type Judged<'c> = Result<Acceptable<'c>, Reason>;

fn shape(what: impl Into<String>) -> Reason {
    Reason::Rule { rule: "shape".into(), what: what.into() }
}

/// The row a change applies to, read or fresh, and what the change does; `Err` where its shape is wrong.
pub fn read_change<'c>(
    rows: &dyn Rows,
    rules: &Rules,
    record: &RecordId,
    change: &'c Change,
) -> Result<Judged<'c>, RowsError> {
    Ok(read_upon(read(rows, &keyspace::record(record))?, rules, change))
}

/// As [`read_change`], upon the record as it is `known`.
pub fn read_upon<'c>(known: Option<RecordRow>, rules: &Rules, change: &'c Change) -> Judged<'c> {
    let is_creation = change.deps.is_empty();
    let row = match (known, is_creation) {
        (Some(_), true) => {
            return Err(Reason::Rule {
                rule: RECORD_EXISTS.into(),
                what: "the record was already created by another change".into(),
            });
        }
        (Some(row), false) => row,
        (None, false) => return Err(Reason::Held { on: change.deps[0] }),
        (None, true) => {
            let Some(kind) = check_creation(change) else {
                return Err(shape("the new record does not say what it is"));
            };
            let schema = rules.records.of(kind);
            check_skeleton(change, schema).map_err(|error| shape(error.what))?;
            RecordRow::new(kind, change.device, schema)
        }
    };
    let patches = interpret(change, rules.records.of(row.kind), row.creator, is_creation)
        .map_err(|error| shape(error.what))?;
    Ok(Acceptable { row, patches, is_creation })
}

/// The kind of record that a creating change makes.
pub fn check_creation(change: &Change) -> Option<RecordKind> {
    let named = |op: &crate::record::change::Op| match (&op.place, &op.action) {
        (crate::record::change::Place::Prop(key), crate::record::change::Action::Put(Scalar::Str(kind)))
            if key == "type" =>
        {
            RecordKind::from_key(kind)
        }
        _ => None,
    };
    change.ops.iter().find_map(named)
}

/// A dependency of `change` that is not an applied change of the record.
pub fn missing_dependency(
    rows: &dyn Rows,
    record: &RecordId,
    change: &Change,
) -> Result<Option<Hash>, RowsError> {
    missing_upon(read(rows, &keyspace::record(record))?.as_ref(), rows, record, change)
}

/// As [`missing_dependency`], upon the record as it is `known`.
pub fn missing_upon(
    known: Option<&RecordRow>,
    rows: &dyn Rows,
    record: &RecordId,
    change: &Change,
) -> Result<Option<Hash>, RowsError> {
    let Some(row) = known else { return Ok(change.deps.first().copied()) };
    let older: Vec<Hash> = change.deps.iter().filter(|dep| !row.heads.contains(dep)).copied().collect();
    let mut finder = Finder::new(rows, record);
    for dep in older {
        if finder.change(&dep)?.is_none() {
            return Ok(Some(dep));
        }
    }
    Ok(None)
}
