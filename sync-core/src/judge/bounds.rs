//! Bounds: what one record may grow to. Its summary is read and written with each of its changes, so that a record
//! without bounds would cost everybody else's time.

use std::collections::BTreeMap;

use super::rule;
use crate::limits::{RECORD_CHANGES_MAX, RECORD_HEADS_MAX, REGISTER_VALUES_MAX};
use crate::log::verdict::Reason;
use crate::record::change::{Change, OpId};
use crate::record::patch::Patch;
use crate::state::interpret::Acceptable;

/// Checks that the record stays within its bounds with this change.
///
/// # Errors
/// The bound that it would break, as rule `limit`.
pub fn check_bounds(acceptable: &Acceptable<'_>, change: &Change) -> Result<(), Reason> {
    let row = &acceptable.row;
    if row.changes >= RECORD_CHANGES_MAX {
        return Err(rule("limit", format!("the record already has {RECORD_CHANGES_MAX} changes")));
    }
    let left = row.heads.iter().filter(|head| !change.deps.contains(head)).count();
    if left >= RECORD_HEADS_MAX {
        return Err(rule("limit", format!("the record already has {RECORD_HEADS_MAX} branches")));
    }
    check_values(acceptable)
}

/// Checks how many values each register would hold, from operation to operation, as they are folded.
fn check_values(acceptable: &Acceptable<'_>) -> Result<(), Reason> {
    let mut held: BTreeMap<&str, Vec<OpId>> = BTreeMap::new();
    for patch in &acceptable.patches {
        let Patch::Register { name, value, op, preds, .. } = patch else { continue };
        let values = held.entry(name).or_insert_with(|| {
            acceptable.row.registers.get(name.as_str()).into_iter().flatten().map(|held| held.op).collect()
        });
        values.retain(|known| !preds.contains(known));
        values.extend(value.map(|_| *op));
        if values.len() > REGISTER_VALUES_MAX {
            let what = format!("{name} would hold more than {REGISTER_VALUES_MAX} values at the same time");
            return Err(rule("limit", what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DeviceId, Hash};
    use crate::record::change::Scalar;
    use crate::record::row::{Held, RecordRow};
    use crate::record::schema::{RecordKind, RecordSchemas};

    const ME: DeviceId = DeviceId([1; 16]);

    fn id(counter: u64) -> OpId {
        OpId { counter, device: ME }
    }

    fn order() -> RecordRow {
        RecordRow::new(RecordKind::Order, ME, RecordSchemas::built_in().of(RecordKind::Order))
    }

    fn change(deps: Vec<Hash>) -> Change {
        Change { device: ME, seq: 2, start_op: 1_000, deps, ops: Vec::new() }
    }

    fn limit(row: RecordRow, patches: Vec<Patch<'_>>, deps: Vec<Hash>) -> Result<(), String> {
        let acceptable = Acceptable { row, patches, is_creation: false };
        check_bounds(&acceptable, &change(deps)).map_err(|reason| match reason {
            Reason::Rule { rule, what } => format!("{rule}: {what}"),
            other => panic!("{other:?}"),
        })
    }

    /// Three such changes held the server's writer for half a minute.
    #[test]
    fn a_register_holds_as_many_values_as_people_may_write_at_once_and_no_more() {
        let value = Scalar::Str("C-01".into());
        let write = |counter, preds| Patch::Register {
            name: "crew".into(),
            slot: None,
            value: Some(&value),
            op: id(counter),
            preds,
        };
        let beside = |count: u64| (0..count).map(|n| write(1_000 + n, &[])).collect::<Vec<_>>();
        assert_eq!(limit(order(), beside(64), vec![]), Ok(()));
        let said = limit(order(), beside(65), vec![]).unwrap_err();
        assert_eq!(said, "limit: crew would hold more than 64 values at the same time");

        // What the register holds counts, and what a write replaces does not.
        let mut full = order();
        full.registers
            .insert("crew".into(), (1..=64).map(|n| Held { op: id(n), value: value.clone() }).collect());
        assert!(limit(full.clone(), beside(1), vec![]).is_err());
        let seen: Vec<OpId> = (1..=64).map(id).collect();
        assert_eq!(limit(full, vec![write(1_000, &seen)], vec![]), Ok(()));
    }

    #[test]
    fn a_record_has_a_bounded_number_of_branches_and_one_change_brings_them_together() {
        let mut row = order();
        let hash = |number: usize| Hash::tagged("test", &[&number.to_be_bytes()]);
        row.heads = (0..RECORD_HEADS_MAX).map(hash).collect();
        assert!(limit(row.clone(), vec![], vec![]).unwrap_err().contains("branches"));
        assert_eq!(limit(row.clone(), vec![], vec![hash(7)]), Ok(()));
        assert_eq!(limit(row.clone(), vec![], row.heads.clone()), Ok(()));
        row.changes = RECORD_CHANGES_MAX;
        let heads = row.heads.clone();
        assert!(limit(row, vec![], heads).is_err());
    }

    /// The summary is read and written with each change: one that grew without end made each of them slower.
    #[test]
    fn only_the_newest_states_are_kept() {
        let states: Vec<Scalar> = ["paused", "in_progress"].map(|state| Scalar::Str(state.into())).into();
        let mut row = order();
        for counter in 1..=1_000 {
            let value = Some(&states[usize::try_from(counter % 2).unwrap()]);
            let patch =
                Patch::Register { name: "status".into(), slot: None, value, op: id(counter), preds: &[] };
            row.apply(&change(vec![]), &Hash::ZERO, &[patch]);
        }
        assert_eq!(row.states.len(), 64);
        assert_eq!(row.states.first().map(|(op, _)| op.counter), Some(937));
    }
}
