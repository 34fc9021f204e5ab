//! Conflicts: what people decide about registers that hold several values, and what waits for that.

use super::orders::{Choice, Open, check_length, text};
use super::{Replica, ReplicaError};
use crate::log::act::Role;
use crate::record::correction::target;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::read;
use crate::state::document::load_document;
use crate::state::keyspace;
use crate::view::conflicts::distinct;
use crate::view::steps::{Authors, steps_of};
use crate::view::words::{Sentence, register_words};

impl Replica<'_> {
    /// Resolves a conflict, with the reason. `record` is a folio, or `KIND:KEY`; `field` the register as listed.
    pub fn resolve(
        &mut self,
        record: &str,
        field: &str,
        choice: &Choice,
        reason: &str,
    ) -> Result<(), ReplicaError> {
        check_length("the reason", reason, 1_000)?;
        let mut open = self.open_any(record)?;
        let named = self.conflicting_name(&open.row, field);
        let label = self.register_of(&open, named.as_deref().unwrap_or(field));
        let found = named.and_then(|name| Some((open.row.registers.get(&name)?.clone(), name)));
        let Some((held, name)) = found.filter(|(held, _)| held.len() > 1) else {
            return Err(ReplicaError::NoConflict { folio: record.into(), field: field.into(), label });
        };
        let value = match choice {
            Choice::Take(number) => {
                let steps = steps_of(&self.rows(), &self.lines, &open.record)?;
                let view = self.view();
                let authors = Authors::of(view.who(), &steps);
                let distinct = distinct(&held, |op| authors.place(op));
                let picked = number.checked_sub(1).and_then(|index| distinct.get(index));
                picked.map(|held| held.value.clone()).ok_or_else(|| ReplicaError::NoSuchValue {
                    folio: record.into(),
                    field: field.into(),
                    label: label.clone(),
                    number: *number,
                    count: distinct.len(),
                })?
            }
            Choice::Value(typed) => match target(&name) {
                Some(element) => self.decided_correction(&open, &element, typed, reason)?,
                None => self.value_of(&open.row, &name, typed)?,
            },
        };
        open.document.put(&name, &value)?;
        let decision = [("field", text(&name)), ("value", value), ("reason", text(reason))];
        open.document.append_map("decisions", &decision)?;
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }

    /// Opens a record of any kind by what people call it.
    fn open_any(&self, called: &str) -> Result<Open, ReplicaError> {
        let record = self.view().find_record(called)?;
        let row: RecordRow = read(&self.rows(), &keyspace::record(&record))?
            .ok_or_else(|| ReplicaError::Index(format!("{called} has no summary")))?;
        let document = load_document(&self.rows(), &self.lines, &record, self.identity()?.device)?;
        Ok(Open { record, row, document })
    }

    /// Returns what people call a register of a record.
    fn register_of(&self, open: &Open, name: &str) -> Sentence {
        register_words(&self.rules, open.row.text("kind").unwrap_or_default(), name)
    }

    fn conflicting_name(&self, row: &RecordRow, field: &str) -> Option<String> {
        let in_fields = |key: &str| format!("fields.{key}");
        let by_alias =
            || self.kind_of(row).and_then(|kind| kind.find_field(field)).map(|field| in_fields(&field.key));
        [field.to_string(), in_fields(field), format!("checklist.{field}")]
            .into_iter()
            .find(|name| row.registers.contains_key(name))
            .or_else(by_alias)
    }

    /// Checks that a plain write to a register is not one that has to be a decision: a step out of states that differ,
    /// by anybody; any register in conflict, by a role that decides. What a crew writes to the others is added.
    pub(super) fn check_open_to(&self, open: &Open, folio: &str, name: &str) -> Result<(), ReplicaError> {
        let decides = self.identity()?.role != Role::Crew;
        let is_step = name == "status" && open.row.kind == RecordKind::Order;
        if open.row.is_in_conflict(name) && (decides || is_step) {
            let field = name.strip_prefix("fields.").unwrap_or(name).into();
            let label = self.register_of(open, name);
            return Err(ReplicaError::InConflict { folio: folio.into(), field, label });
        }
        Ok(())
    }
}
