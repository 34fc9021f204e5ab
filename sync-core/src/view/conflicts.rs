//! Conflicts: registers that people wrote at the same time, on records of every kind.

use serde::Serialize;
use serde_json::Value;

use super::steps::{Authors, Written, steps_of};
use super::words::{Sentence, register_words, scalar_json, value_words};
use super::{View, ViewError};
use crate::id::RecordId;
use crate::record::change::OpId;
use crate::record::row::{Held, RecordRow};
use crate::record::schema::RecordKind;
use crate::rows::{Rows, RowsError, decode, read};
use crate::rules::Rules;
use crate::state::keyspace;
use crate::state::summary::ListRow;

/// One of several concurrent values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictValue {
    /// The value.
    pub value: Value,
    /// The value as people read it.
    pub shown: Sentence,
    /// Its author.
    #[serde(flatten)]
    pub by: Written,
}

/// A register that people wrote at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The register: `status`, or the key of a field.
    pub field: String,
    /// Its name for people.
    pub label: Sentence,
    /// Its values, in the order `conflict resolve --take` counts them.
    pub values: Vec<ConflictValue>,
}

/// A conflict with the record it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordConflict {
    /// The record: its folio, or `KIND:KEY` where it has none.
    pub folio: String,
    /// The conflict.
    #[serde(flatten)]
    pub conflict: Conflict,
}

/// Returns the distinct values of a register, in the order that `conflict list` numbers them: by the `place` of their
/// operations in the ledger. Of equal ones the first.
pub fn distinct(held: &[Held], place: impl Fn(&OpId) -> u64) -> Vec<&Held> {
    let mut placed: Vec<&Held> = held.iter().collect();
    placed.sort_by_key(|one| (place(&one.op), one.op));
    let mut distinct: Vec<&Held> = Vec::new();
    for one in placed {
        if !distinct.iter().any(|other| other.value == one.value) {
            distinct.push(one);
        }
    }
    distinct
}

/// Returns the conflicts of a record.
///
/// # Errors
/// A value of no known author.
pub fn conflicts_of(
    rules: &Rules,
    row: &RecordRow,
    authors: &Authors<'_>,
) -> Result<Vec<Conflict>, RowsError> {
    let kind = row.text("kind").unwrap_or_default();
    let mut conflicts = Vec::new();
    for (name, held) in row.conflicts() {
        let mut values = Vec::new();
        for one in distinct(held, |op| authors.place(op)) {
            let shown = value_words(rules, kind, name, Some(&one.value));
            values.push(ConflictValue { value: scalar_json(&one.value), shown, by: authors.by(&one.op)? });
        }
        let field = name.strip_prefix("fields.").unwrap_or(name).into();
        conflicts.push(Conflict { field, label: register_words(rules, kind, name), values });
    }
    Ok(conflicts)
}

/// Returns what people call a record by: its folio, or `KIND:KEY` where it has none.
pub fn called(row: &RecordRow) -> Option<String> {
    let sort = match row.kind {
        RecordKind::Order | RecordKind::Report => return row.text("folio").map(String::from),
        RecordKind::Asset | RecordKind::Plan => row.kind.key(),
        RecordKind::Catalog => row.text("item")?,
    };
    Some(format!("{sort}:{}", row.text("key")?))
}

impl View<'_> {
    /// Returns all conflicts on this device, of orders first.
    pub fn conflicts(&self) -> Result<Vec<RecordConflict>, ViewError> {
        let mut conflicts = Vec::new();
        for kind in RecordKind::ALL {
            for record in self.in_conflict(kind)? {
                let Some(row) = read::<RecordRow>(self.rows(), &keyspace::record(&record))? else { continue };
                let Some(folio) = called(&row) else { continue };
                let steps = steps_of(self.rows(), self.all_lines(), &record)?;
                let of_record = conflicts_of(self.rules(), &row, &Authors::of(self.who(), &steps))?;
                let named = |conflict| RecordConflict { folio: folio.clone(), conflict };
                conflicts.extend(of_record.into_iter().map(named));
            }
        }
        Ok(conflicts)
    }

    fn in_conflict(&self, kind: RecordKind) -> Result<Vec<RecordId>, ViewError> {
        let prefix = keyspace::listed(kind);
        let (mut found, mut failure) = (Vec::new(), None);
        self.rows().scan(&prefix, &prefix, &mut |_, value| {
            match decode::<ListRow>(value) {
                Ok(row) if row.conflicts > 0 => found.push(row.record),
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
            failure.is_none()
        })?;
        failure.map_or(Ok(found), |error: RowsError| Err(error.into()))
    }
}
