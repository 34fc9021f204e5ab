//! Grounds: changes of other devices that are shown only because pending work builds on them.

use std::collections::{BTreeMap, BTreeSet};

use super::Item;
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::line::Lines;
use crate::rows::{Overlay, Rows, RowsError, all_under, read};
use crate::state::applied::applied_changes;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::state::layers::{Layer, in_overlay};
use crate::state::local::{Ground, ground, grounds_of};

pub(super) type Placed = (u32, (Ground, Vec<u8>));

/// Returns the grounds of a record by index, each with the key under which its entry is shown.
pub(super) fn grounds(raw: &dyn Rows, record: &RecordId) -> Result<Vec<Placed>, RowsError> {
    let with_key = |(tail, ground): (Vec<u8>, ShownGround)| {
        let index = tail.try_into().map(u32::from_be_bytes);
        let index = index.map_err(|_| RowsError("a ground has a malformed key".into()))?;
        Ok((index, (ground.ground, keyspace::entry(&ground.device, ground.seq))))
    };
    all_under(raw, &grounds_of(record))?.into_iter().map(with_key).collect()
}

/// A ground as it is kept.
#[derive(serde::Serialize, serde::Deserialize)]
struct ShownGround {
    ground: Ground,
    device: DeviceId,
    seq: u64,
}

/// Keeps the grounds of a record, in an order in which each follows what it builds on.
pub(in crate::replica) fn keep_grounds(
    raw: &mut Overlay<'_>,
    record: &RecordId,
    all: impl IntoIterator<Item = (DeviceId, u64, Ground)>,
) -> Result<(), RowsError> {
    for (index, _) in grounds(raw, record)? {
        raw.delete(ground(record, index));
    }
    for (index, (device, seq, one)) in (0..).zip(all) {
        raw.write(ground(record, index), &ShownGround { ground: one, device, seq });
    }
    Ok(())
}

/// Returns the grounds that pending entries build on and that the mirror lacks; forgets the others. One that the mirror
/// has in quarantine is no ground.
pub(super) fn needed_grounds(
    raw: &mut Overlay<'_>,
    lines: &dyn Lines,
    generation: u8,
    record: &RecordId,
    waiting: &[Item],
) -> Result<Vec<Item>, RowsError> {
    let kept = grounds(raw, record)?;
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let mirror = Layer::mirror(raw, generation);
    let applied: BTreeSet<Hash> = applied_changes(&mirror, record)?.into_iter().map(|row| row.hash).collect();
    let mut items: BTreeMap<Hash, (u32, Item)> = BTreeMap::new();
    let mut gone = Vec::new();
    for (index, (one, key)) in kept {
        let entry: Option<EntryRow> = read(&mirror, &key)?;
        let is_refused = entry.is_some_and(|row| row.change == Some(one.change) && row.accepted().is_none());
        if applied.contains(&one.change) || is_refused {
            gone.push(index);
        } else {
            items.insert(one.change, (index, Item::read(lines, one.line)?));
        }
    }
    let mut needed = Vec::new();
    let mut next: Vec<Hash> = waiting.iter().flat_map(|item| item.change.deps.iter().copied()).collect();
    while let Some(hash) = next.pop() {
        if let Some((index, item)) = items.remove(&hash) {
            next.extend(&item.change.deps);
            needed.push((index, item));
        }
    }
    gone.extend(items.into_values().map(|(index, _)| index));
    gone.into_iter().for_each(|index| raw.delete(ground(record, index)));
    needed.sort_by_key(|(index, _)| *index);
    Ok(needed.into_iter().map(|(_, item)| item).collect())
}

/// Shows the entry behind a ground, unless the mirror has another one in its place.
pub(super) fn show_ground(
    raw: &mut Overlay<'_>,
    generation: u8,
    record: &RecordId,
    item: &Item,
) -> Result<(), RowsError> {
    in_overlay(raw, generation, |rows| {
        let key = keyspace::entry(&item.change.device, item.seq);
        if rows.get(&key)?.is_none() {
            let row = EntryRow {
                hash: None,
                line: item.line,
                record: *record,
                change: Some(item.hash),
                receipt: None,
                decided: None,
            };
            rows.write(key, &row);
        }
        Ok(())
    })
}

/// Checks whether a change of another device is shown as the ground of pending work.
pub(in crate::replica) fn is_ground(
    raw: &dyn Rows,
    record: &RecordId,
    change: &Hash,
) -> Result<bool, RowsError> {
    Ok(grounds(raw, record)?.iter().any(|(_, (ground, _))| ground.change == *change))
}
