//! Conflict: what may be written to a register that holds several values. A decision with its reason settles them, and
//! nothing else does; every other write adds a value, in place of those of its own device at most.

use super::{Bench, rule};
use crate::id::DeviceId;
use crate::log::verdict::Reason;
use crate::record::change::{Action, Change, OpId, Scalar};
use crate::record::patch::{Element, Patch, interpret};
use crate::record::row::{Held, RecordRow, differ};
use crate::record::schema::{RecordKind, RecordSchema};

impl<'c> Bench<'_, 'c> {
    /// Returns the value that this change decides for a register; `None` if it decides nothing about it.
    pub(super) fn decided(&self, register: &str) -> Option<&'c Scalar> {
        decided(self.schema, &self.acceptable.patches, register)
    }

    /// Checks that a write to a register of a record that exists settles no conflict but by a decision, which
    /// names the value that is written.
    pub(super) fn judge_settling(
        &self,
        name: &str,
        value: Option<&Scalar>,
        preds: &[OpId],
    ) -> Result<(), Reason> {
        if let Some(decided) = self.decided(name) {
            let is_said = value.unwrap_or(&Scalar::Null) == decided;
            let other = || rule("decision", format!("{name} is given another value than was decided"));
            return if is_said { Ok(()) } else { Err(other()) };
        }
        let row = &self.acceptable.row;
        let held = row.registers.get(name).map_or(&[][..], Vec::as_slice);
        let knew = differ(held) && knew_all(self.change, row);
        let settles = settles(held, preds, self.names, knew);
        let is_step = name == "status" && self.schema.kind == RecordKind::Order;
        if settles || is_step && (knew || self.states_of(preds).len() > 1) {
            return Err(rule("conflict", name));
        }
        Ok(())
    }

    /// Returns the distinct states that the operations wrote.
    pub(super) fn states_of(&self, preds: &[OpId]) -> Vec<&str> {
        let states = self.acceptable.row.states.iter().filter(|(op, _)| preds.contains(op));
        let mut states: Vec<&str> = states.map(|(_, state)| state.as_str()).collect();
        states.sort_unstable();
        states.dedup();
        states
    }
}

/// Returns the value that the patches decide for a register; `None` if they decide nothing about it.
pub fn decided<'c>(schema: &RecordSchema, patches: &[Patch<'c>], register: &str) -> Option<&'c Scalar> {
    patches.iter().find_map(|patch| match patch {
        Patch::Append { slot, element: Element::Map(map), .. } if schema.slots[*slot].key == "decisions" => {
            let is_it = matches!(map.get("field"), Some(Scalar::Str(field)) if field == register);
            map.get("value").filter(|_| is_it).copied()
        }
        _ => None,
    })
}

/// Returns whether the author of a change had all of the record: then it saw every conflict that there is.
fn knew_all(change: &Change, row: &RecordRow) -> bool {
    row.heads.iter().all(|head| change.deps.contains(head))
}

/// Returns whether a write in place of `preds` takes the value of another device out of a conflict that its author saw:
/// it replaces values that differ, or `knew` of them.
fn settles(held: &[Held], preds: &[OpId], names: &[DeviceId], knew: bool) -> bool {
    let replaced: Vec<&Held> = held.iter().filter(|one| preds.contains(&one.op)).collect();
    let is_foreign = replaced.iter().any(|one| !names.contains(&one.op.device));
    is_foreign && (knew || replaced.iter().any(|one| one.value != replaced[0].value))
}

/// Returns `change` so that it says of each register in conflict what it does: a decision puts its value in place of all
/// others, any other write puts one in place of those of the device's `names` alone. `None` if it is so already.
///
/// Automerge takes back what loses, if a value is put that wins already: that would leave a conflict to its own devices.
pub fn said_plainly(
    schema: &RecordSchema,
    row: &RecordRow,
    names: &[DeviceId],
    change: &Change,
) -> Option<Change> {
    let patches = interpret(change, schema, row.creator, false).ok()?;
    let mut plain = change.clone();
    for patch in &patches {
        let Patch::Register { name, op, .. } = patch else { continue };
        let Some(held) = row.registers.get(name).filter(|held| differ(held)) else { continue };
        let index = usize::try_from(op.counter - change.start_op).ok()?;
        let op = &mut plain.ops[index];
        let decided = decided(schema, &patches, name);
        if op.action == Action::Delete {
            op.action = Action::Put(decided.or(row.winner(name))?.clone());
        }
        if decided.is_some() {
            op.preds = held.iter().map(|one| one.op).collect();
        } else {
            op.preds.retain(|pred| names.contains(&pred.device));
        }
    }
    (plain != *change).then_some(plain)
}
