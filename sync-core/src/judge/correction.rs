//! Correction: which corrections of readings, materials, notes and photos count. The device of the element's author may
//! make them, or the one that goes on with its work, and roles that dispatch.

use serde_json::{Value, json};

use super::{Bench, rule};
use crate::decimal::Decimal;
use crate::id::RecordId;
use crate::json_schema::path_text;
use crate::log::act::Role;
use crate::log::verdict::Reason;
use crate::record::change::{OpId, Scalar};
use crate::record::correction::{Correction, SLOT};
use crate::record::patch::Patch;
use crate::rows::{Rows, RowsError, read};
use crate::state::elements::ElementRow;
use crate::state::keyspace;

/// Longest reason of a correction, in characters.
pub const REASON_CHARS_MAX: usize = 1_000;

impl Bench<'_, '_> {
    /// Checks the corrections in the change.
    pub(super) fn judge_corrections(
        &self,
        rows: &dyn Rows,
        record: &RecordId,
    ) -> Result<Result<(), Reason>, RowsError> {
        for patch in &self.acceptable.patches {
            let Patch::Register { name, value, preds, .. } = patch else { continue };
            let Some((SLOT, key)) = name.split_once('.') else { continue };
            let element = match key.parse::<OpId>() {
                Ok(op) => read::<ElementRow>(rows, &keyspace::element(record, &op))?.map(|row| (op, row)),
                Err(_) => None,
            };
            let Some((op, element)) = element else {
                return Ok(Err(wrong(format!("the order has no element {key}"))));
            };
            let judged = self.judge_correction(name, &op, &element, *value, preds);
            if judged.is_err() {
                return Ok(judged);
            }
        }
        Ok(Ok(()))
    }

    fn judge_correction(
        &self,
        name: &str,
        op: &OpId,
        element: &ElementRow,
        value: Option<&Scalar>,
        preds: &[OpId],
    ) -> Result<(), Reason> {
        if self.author.role == Role::Crew && !self.names.contains(&op.device) {
            return Err(Reason::Role { what: "correct what another device wrote".into() });
        }
        let said = value.and_then(Correction::read).ok_or_else(|| wrong("it is not in its form"))?;
        if said.of != element.list || said.what != element.what {
            return Err(wrong("it says that the element is another one"));
        }
        let held = self.acceptable.row.registers.get(name).map_or(&[][..], Vec::as_slice);
        let voided = |one: &Scalar| Correction::read(one).is_some_and(|one| one.voids);
        let upon_void = held.iter().any(|one| preds.contains(&one.op) && voided(&one.value));
        if upon_void && self.decided(name).is_none() {
            return Err(wrong("the element was voided; note it again"));
        }
        let chars = said.reason.chars().count();
        if said.reason.trim().is_empty() || chars > REASON_CHARS_MAX {
            return Err(wrong(format!("its reason needs 1 to {REASON_CHARS_MAX} characters")));
        }
        self.judge_content(&said)
    }

    /// Checks that what counts instead could have been written in the first place.
    fn judge_content(&self, said: &Correction) -> Result<(), Reason> {
        let (value, unit, flag) = (said.value.as_deref(), said.unit.as_deref(), said.flag.as_deref());
        let what = said.what.as_deref().unwrap_or_default();
        match (said.voids, said.of.as_str(), value, unit) {
            (true, _, None, None) if flag.is_none() => Ok(()),
            (false, "notes", Some(text), None) if flag.is_none() => self.judge_as(said, &json!(text)),
            (false, "measurements", Some(value), Some(unit)) => {
                self.judge_as(
                    said,
                    &element([
                        ("what", Some(what)),
                        ("value", Some(value)),
                        ("unit", Some(unit)),
                        ("flag", flag),
                    ]),
                )?;
                let measure = self.rules.measures.get(what);
                let measure =
                    measure.ok_or_else(|| rule("measure", format!("{what} is not a measure here")))?;
                let checked = measure.check(value, unit).map(drop);
                checked.map_err(|error| rule("reading", format!("{what}: {error}")))
            }
            (false, "materials", Some(value), Some(unit)) => {
                self.judge_as(
                    said,
                    &element([
                        ("sku", Some(what)),
                        ("qty", Some(value)),
                        ("unit", Some(unit)),
                        ("flag", flag),
                    ]),
                )?;
                match value.parse::<Decimal>() {
                    Ok(amount) if amount.units > 0 => Ok(()),
                    _ => Err(wrong("a material was used in no such amount")),
                }
            }
            _ => Err(wrong(format!("{} are not corrected so", said.of))),
        }
    }

    /// Checks what counts by the schema of the list's elements.
    fn judge_as(&self, said: &Correction, element: &Value) -> Result<(), Reason> {
        let items = self.schema.slot(&said.of).and_then(|(_, slot)| slot.schema.items());
        let items = items.ok_or_else(|| wrong("there is no such list"))?;
        let checked = items.check(element);
        checked.map_err(|violation| {
            rule("value", format!("{} {} {}", said.of, path_text(&violation.path), violation.wrong))
        })
    }
}

fn element(members: [(&str, Option<&str>); 4]) -> Value {
    let given = members.into_iter().filter_map(|(key, value)| Some((key.to_string(), json!(value?))));
    Value::Object(given.collect())
}

fn wrong(what: impl Into<String>) -> Reason {
    rule("correction", what)
}
