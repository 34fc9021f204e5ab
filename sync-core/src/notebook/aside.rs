//! Aside: own work that no longer counts here. What was dismissed, and what builds on it, leaves the record's rows; the
//! entries stay in the journal, so that the person can read and copy them.

use std::collections::BTreeSet;

use super::fold::is_self;
use crate::change::Change;
use crate::fold::{ChangeRow, EntryRow, applied_changes, forget_record, store_row};
use crate::id::{Hash, RecordId};
use crate::keys;
use crate::line::{Lines, read_entry};
use crate::record::row::RecordRow;
use crate::record::touch::interpret;
use crate::rows::{Overlay, RowsError, read};
use crate::rules::Rules;

/// Folds a record anew without `dropped` and without what builds on those. The record goes if its creation does.
pub fn set_aside(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    record: &RecordId,
    dropped: &BTreeSet<Hash>,
) -> Result<(), RowsError> {
    let Some(before) = read::<RecordRow>(overlay, &keys::record(record))? else { return Ok(()) };
    let mut dropped = dropped.clone();
    let mut kept: Vec<(ChangeRow, Change)> = Vec::new();
    let mut row = RecordRow::new(before.kind, before.creator, rules.records.of(before.kind));
    row.unsent = before.unsent;
    row.held_back = before.held_back;
    let mut fingerprint = before.fingerprint;
    let applied = applied_changes(overlay, record)?;
    let is_in_it = applied.iter().any(|change| dropped.contains(&change.hash));
    if !is_in_it {
        return Ok(());
    }
    for change_row in &applied {
        let (_, chained) = read_entry(lines, change_row.line)?;
        let change =
            Change::read(chained.entry.body.bytes()).map_err(|error| RowsError(error.to_string()))?;
        if dropped.contains(&change_row.hash) || change.deps.iter().any(|dep| dropped.contains(dep)) {
            dropped.insert(change_row.hash);
            let key = keys::entry(&change_row.device, change_row.seq);
            let entry: Option<EntryRow> = read(overlay, &key)?;
            match entry {
                Some(entry) if entry.accepted().is_some() => {
                    fingerprint.toggle(&change_row.hash);
                    if is_self(overlay, &change_row.device)? {
                        // It counted in a life of the ledger that is over, and is handed in anew.
                        overlay.write(key, &EntryRow { receipt: None, ..entry });
                    }
                }
                Some(EntryRow { receipt: Some(_), .. }) => row.held_back = row.held_back.saturating_sub(1),
                _ => row.unsent = row.unsent.saturating_sub(1),
            }
        } else {
            kept.push((change_row.clone(), change));
        }
    }
    for number in 0..before.changes {
        overlay.delete(keys::change(record, number));
    }
    if kept.is_empty() {
        return forget_record(overlay, record, &before);
    }
    for (number, (change_row, change)) in (0..).zip(&kept) {
        let touches = interpret(change, rules.records.of(row.kind), row.creator, number == 0)
            .map_err(|error| RowsError(error.to_string()))?;
        row.apply(change, &change_row.hash, &touches);
        overlay.write(keys::change(record, number), change_row);
    }
    row.created_seq = before.created_seq;
    row.fingerprint = fingerprint;
    row.scopes = before.scopes.clone();
    row.scopes_ever = before.scopes_ever.clone();
    store_row(overlay, record, Some(&before), &row)
}
