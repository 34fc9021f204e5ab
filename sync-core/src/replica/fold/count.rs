//! Count: an accepted change becomes part of its record here, or is known to be.

use crate::state::interpret::read_change;
use std::collections::BTreeSet;

use super::super::aside::{mend_torn, note_torn, read_change_of, set_aside};
use super::{applied, broken, implicit_scopes};
use crate::id::{Hash, RecordId};
use crate::log::chain::DecodedBody;
use crate::log::chain::decode_body;
use crate::log::entry::ChainedEntry;
use crate::log::line::{Lines, read_entry};
use crate::log::verdict::Receipt;
use crate::record::change::Change;
use crate::record::row::RecordRow;
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::rules::Rules;
use crate::state::fold::{ChangeRow, EntryRow, applied_changes, apply_change, is_applied, store_row};
use crate::state::keyspace;

/// Applies a change that the ledger accepted under `seq`. `number` is the line of the journal that it stands on.
pub(super) fn apply_accepted(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    number: u64,
    chained: &ChainedEntry,
    change: &Change,
    seq: u64,
) -> Result<(), RowsError> {
    let record = &chained.entry.header.record;
    give_way(rules, overlay, lines, record, change)?;
    let acceptable = read_change(overlay, rules, record, change)?.map_err(|reason| broken(&reason))?;
    let implicit = implicit_scopes(overlay, acceptable.row.kind)?;
    let applied = applied(chained, change, number, Some(seq));
    note_torn(overlay, &acceptable.row, record, change)?;
    apply_change(overlay, acceptable, &applied, |row| row.scopes.union(&implicit).cloned().collect())?;
    mend_torn(rules, overlay, lines, record)
}

/// Takes in the server's word on an own change. One that was set aside meanwhile, with what it builds on, comes back
/// when it is accepted.
pub(super) fn count_in(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    entry: &EntryRow,
    receipt: &Receipt,
) -> Result<(), RowsError> {
    if !is_set_aside(overlay, entry)? {
        return confirm(overlay, entry, receipt, true);
    }
    if !receipt.verdict.is_accepted() {
        return Ok(());
    }
    let (_, chained) = read_entry(lines, entry.line)?;
    match decode_body(&chained.entry.body)? {
        // Of a record that is not here nothing can count; comparing brings it, if it is to be here, and tells this again.
        DecodedBody::Change(change) if read_change(overlay, rules, &entry.record, &change)?.is_ok() => {
            overlay.delete(keyspace::aside(&entry.change));
            apply_accepted(rules, overlay, lines, entry.line, &chained, &change, receipt.seq)
        }
        _ => Ok(()),
    }
}

/// Whether an own change was set aside, and is so still.
pub(super) fn is_set_aside(overlay: &Overlay<'_>, entry: &EntryRow) -> Result<bool, RowsError> {
    // Looking through a record's changes for each entry that is acknowledged would be quadratic: few are set aside.
    Ok(overlay.get(&keyspace::aside(&entry.change))?.is_some()
        && !is_applied(overlay, &entry.record, &entry.change)?)
}

/// Brings a record up to date with the server's word on a change that is already applied here, an own one or not.
pub(super) fn confirm(
    overlay: &mut Overlay<'_>,
    entry: &EntryRow,
    receipt: &Receipt,
    is_own: bool,
) -> Result<(), RowsError> {
    if entry.change == Hash::ZERO {
        return Ok(());
    }
    let Some(before) = read::<RecordRow>(overlay, &keyspace::record(&entry.record))? else { return Ok(()) };
    let mut row = before.clone();
    let was = entry.receipt.as_ref().map(|_| entry.accepted().is_some());
    if was.is_none() {
        let unconfirmed = if is_own { &mut row.unsent } else { &mut row.kept };
        *unconfirmed = unconfirmed.saturating_sub(1);
    }
    match (was, receipt.verdict.is_accepted()) {
        (None, true) => row.fingerprint.toggle(&entry.change),
        (None, false) => row.held_back += 1,
        (Some(false), true) => {
            row.held_back = row.held_back.saturating_sub(1);
            row.fingerprint.toggle(&entry.change);
        }
        // Who is told once more that it was held back has heard of its release meanwhile.
        (Some(true), _) | (Some(false), false) => {}
    }
    let is_creation = first_change(overlay, &entry.record)? == Some(entry.change);
    if is_creation && receipt.verdict.is_accepted() {
        row.created_seq = receipt.seq;
        row.scopes = row.scopes.union(&implicit_scopes(overlay, row.kind)?).cloned().collect();
        overlay.write(keyspace::number(receipt.seq), &entry.record);
    }
    row.scopes_ever.extend(row.scopes.iter().cloned());
    store_row(overlay, &entry.record, Some(&before), &row)
}

/// What no ledger took, or only one that was lost since, leaves the view where the ledger has something else in its
/// place: two devices made the same record while apart, both import it, say; or an author whose chain forked wrote two
/// changes of one number. The entries stay in the journal and are told as held.
fn give_way(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    record: &RecordId,
    change: &Change,
) -> Result<(), RowsError> {
    let Some(row) = read::<RecordRow>(overlay, &keyspace::record(record))? else { return Ok(()) };
    let replaced = if change.deps.is_empty() {
        first_change(overlay, record)?
    } else if row.authors.get(&change.device).is_some_and(|author| author.changes >= change.seq) {
        same_number(overlay, lines, record, change)?
    } else {
        None
    };
    let Some(replaced) = replaced else { return Ok(()) };
    set_aside(rules, overlay, lines, record, &BTreeSet::from([replaced]))
}

/// The applied change that has the author and the number of `change`.
fn same_number(
    overlay: &Overlay<'_>,
    lines: &dyn Lines,
    record: &RecordId,
    change: &Change,
) -> Result<Option<Hash>, RowsError> {
    for row in applied_changes(overlay, record)?.iter().filter(|row| row.device == change.device) {
        if read_change_of(lines, row)?.seq == change.seq {
            return Ok(Some(row.hash));
        }
    }
    Ok(None)
}

fn first_change(overlay: &Overlay<'_>, record: &RecordId) -> Result<Option<Hash>, RowsError> {
    let row: Option<ChangeRow> = read(overlay, &keyspace::change(record, 0))?;
    Ok(row.map(|row| row.hash))
}
