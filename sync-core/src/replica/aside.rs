//! Aside: own work that no longer counts here. What was dismissed, and what builds on it, leaves the record's rows; the
//! entries stay in the journal, so that the person can read and copy them.

use crate::state::interpret::missing_upon;
use std::collections::BTreeSet;

use super::anew::entry_of;
use super::fold::is_self;
use super::{Replica, ReplicaError};
use crate::id::{Hash, RecordId};
use crate::log::line::{Lines, read_entry};
use crate::record::change::Change;
use crate::record::patch::interpret;
use crate::record::row::RecordRow;
use crate::rows::{Overlay, RowsError, read};
use crate::rules::Rules;
use crate::state::fold::{ChangeRow, EntryRow, applied_changes, forget_record, store_row};
use crate::state::keyspace;

impl Replica<'_> {
    /// Whether own work builds on a change of a record, directly or by way of others.
    pub fn has_own_upon(&self, record: &RecordId, change: &Hash) -> Result<bool, ReplicaError> {
        let me = self.identity()?.device;
        let mut upon = BTreeSet::from([*change]);
        for row in applied_changes(self.rows(), record)? {
            let change = read_change_of(&self.lines, &row)?;
            if change.deps.iter().any(|dep| upon.contains(dep)) {
                if row.device == me {
                    return Ok(true);
                }
                upon.insert(row.hash);
            }
        }
        Ok(false)
    }
}

/// Folds a record anew without `dropped` and without what builds on those. The record goes if its creation does.
pub fn set_aside(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    record: &RecordId,
    dropped: &BTreeSet<Hash>,
) -> Result<(), RowsError> {
    let applied = applied_changes(overlay, record)?;
    if !applied.iter().any(|change| dropped.contains(&change.hash)) {
        return Ok(());
    }
    let mut dropped = dropped.clone();
    for row in &applied {
        let change = read_change_of(lines, row)?;
        if change.deps.iter().any(|dep| dropped.contains(dep)) {
            dropped.insert(row.hash);
        }
    }
    fold_without(rules, overlay, lines, record, &dropped)?;
    super::anew::prune(rules, overlay, lines, record)
}

/// Folds a record anew without `dropped`, on which nothing else of it builds.
pub fn fold_without(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    record: &RecordId,
    dropped: &BTreeSet<Hash>,
) -> Result<(), RowsError> {
    let Some(before) = read::<RecordRow>(overlay, &keyspace::record(record))? else { return Ok(()) };
    let mut kept: Vec<(ChangeRow, Change)> = Vec::new();
    let mut row = RecordRow::new(before.kind, before.creator, rules.records.of(before.kind));
    (row.unsent, row.kept, row.held_back) = (before.unsent, before.kept, before.held_back);
    row.fingerprint = before.fingerprint;
    for change_row in applied_changes(overlay, record)? {
        if !dropped.contains(&change_row.hash) {
            let change = read_change_of(lines, &change_row)?;
            kept.push((change_row, change));
            continue;
        }
        let is_own = is_self(overlay, &change_row.device)?;
        if is_own {
            overlay.write(keyspace::aside(&change_row.hash), &true);
        }
        match entry_of(overlay, &change_row)? {
            Some((key, entry)) if entry.accepted().is_some() => {
                row.fingerprint.toggle(&change_row.hash);
                if is_own {
                    // It counted in a life of the ledger that is over, and is handed in anew.
                    overlay.write(key, &EntryRow { receipt: None, ..entry });
                }
            }
            Some((_, EntryRow { receipt: Some(_), .. })) => row.held_back = row.held_back.saturating_sub(1),
            _ if is_own => row.unsent = row.unsent.saturating_sub(1),
            found => {
                row.kept = row.kept.saturating_sub(1);
                found.into_iter().for_each(|(key, _)| overlay.delete(key));
            }
        }
    }
    for number in 0..before.changes {
        overlay.delete(keyspace::change(record, number));
    }
    if kept.is_empty() {
        return forget_record(overlay, record, &before);
    }
    fold_anew(rules, overlay, record, &before, row, kept)
}

/// Folds a record anew from its changes, each after those that it builds on. `row` has what does not follow from them.
fn fold_anew(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    record: &RecordId,
    before: &RecordRow,
    mut row: RecordRow,
    changes: Vec<(ChangeRow, Change)>,
) -> Result<(), RowsError> {
    for (number, (change_row, change)) in (0..).zip(&in_order(changes)) {
        let patches = interpret(change, rules.records.of(row.kind), row.creator, number == 0)
            .map_err(|error| RowsError(error.to_string()))?;
        row.apply(change, &change_row.hash, &patches);
        overlay.write(keyspace::change(record, number), change_row);
    }
    row.created_seq = before.created_seq;
    row.scopes = before.scopes.clone();
    row.scopes_ever = before.scopes_ever.clone();
    store_row(overlay, record, Some(before), &row)
}

/// Changes, each after those of them that it builds on; otherwise as they were.
fn in_order(changes: Vec<(ChangeRow, Change)>) -> Vec<(ChangeRow, Change)> {
    let mut missing: BTreeSet<Hash> = changes.iter().map(|(row, _)| row.hash).collect();
    let (mut ordered, mut left) = (Vec::with_capacity(changes.len()), changes);
    while !left.is_empty() {
        let before = ordered.len();
        let mut waiting = Vec::new();
        for (row, change) in left {
            if change.deps.iter().any(|dep| missing.contains(dep)) {
                waiting.push((row, change));
            } else {
                missing.remove(&row.hash);
                ordered.push((row, change));
            }
        }
        if ordered.len() == before {
            // Hashes allow no circle; nothing may be left out all the same.
            ordered.append(&mut waiting);
        }
        left = waiting;
    }
    ordered
}

/// Notes that a change counts before all that it builds on does. A device that set some of a record aside may hear of
/// what builds on it first. `before` is the record without it.
pub fn note_torn(
    overlay: &mut Overlay<'_>,
    before: &RecordRow,
    record: &RecordId,
    change: &Change,
) -> Result<(), RowsError> {
    if missing_upon(Some(before), overlay, record, change)?.is_some() {
        overlay.write(keyspace::torn(record), &true);
    }
    Ok(())
}

/// Folds a record anew in order, if changes of it came before what they build on.
pub fn mend_torn(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    record: &RecordId,
) -> Result<(), RowsError> {
    if !read(overlay, &keyspace::torn(record))?.unwrap_or(false) {
        return Ok(());
    }
    let Some(before) = read::<RecordRow>(overlay, &keyspace::record(record))? else { return Ok(()) };
    let mut changes = Vec::new();
    for row in applied_changes(overlay, record)? {
        changes.push((row.clone(), read_change_of(lines, &row)?));
    }
    let applied: BTreeSet<Hash> = changes.iter().map(|(row, _)| row.hash).collect();
    if changes.iter().all(|(_, change)| change.deps.iter().all(|dep| applied.contains(dep))) {
        overlay.delete(keyspace::torn(record));
    }
    let mut row = RecordRow::new(before.kind, before.creator, rules.records.of(before.kind));
    (row.unsent, row.kept, row.held_back) = (before.unsent, before.kept, before.held_back);
    row.fingerprint = before.fingerprint;
    fold_anew(rules, overlay, record, &before, row, changes)
}

/// The change that an applied row stands for.
pub fn read_change_of(lines: &dyn Lines, row: &ChangeRow) -> Result<Change, RowsError> {
    let (_, chained) = read_entry(lines, row.line)?;
    Change::read(chained.entry.body.bytes()).map_err(|error| RowsError(error.to_string()))
}
