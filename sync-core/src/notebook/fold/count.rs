//! Count: an accepted change becomes part of its record here, or is known to be.

use std::collections::BTreeSet;

use super::super::aside::{mend_torn, note_torn, set_aside};
use super::{applied, broken, implicit_scopes};
use crate::chain::Deed;
use crate::change::Change;
use crate::entry::ChainedEntry;
use crate::fold::{EntryRow, apply_change, is_applied, store_row};
use crate::id::{Hash, RecordId};
use crate::judge::read_change;
use crate::keys;
use crate::line::{Lines, read_entry};
use crate::office::fold::decode_deed;
use crate::record::row::RecordRow;
use crate::rows::{Overlay, RowsError, read};
use crate::rules::Rules;
use crate::verdict::Receipt;

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
    // Looking through a record's changes for each entry that is acknowledged would be quadratic: few are set aside.
    let aside = keys::aside(&entry.change);
    if read::<bool>(overlay, &aside)?.is_none() || is_applied(overlay, &entry.record, &entry.change)? {
        return confirm(overlay, entry, receipt);
    }
    if !receipt.verdict.is_accepted() {
        return Ok(());
    }
    overlay.delete(aside);
    let (_, chained) = read_entry(lines, entry.line)?;
    match decode_deed(&chained.entry.body)? {
        // Of a record that is not here nothing can count; comparing brings it, if it is to be here.
        Deed::Change(change) if read_change(overlay, rules, &entry.record, &change)?.is_ok() => {
            apply_accepted(rules, overlay, lines, entry.line, &chained, &change, receipt.seq)
        }
        _ => Ok(()),
    }
}

/// Brings a record up to date with the server's word on a change that is already applied here.
pub(super) fn confirm(
    overlay: &mut Overlay<'_>,
    entry: &EntryRow,
    receipt: &Receipt,
) -> Result<(), RowsError> {
    if entry.change == Hash::ZERO {
        return Ok(());
    }
    let Some(before) = read::<RecordRow>(overlay, &keys::record(&entry.record))? else { return Ok(()) };
    let mut row = before.clone();
    let was = entry.receipt.as_ref().map(|_| entry.accepted().is_some());
    match (was, receipt.verdict.is_accepted()) {
        (None, true) => {
            row.unsent = row.unsent.saturating_sub(1);
            row.fingerprint.toggle(&entry.change);
        }
        (None, false) => {
            row.unsent = row.unsent.saturating_sub(1);
            row.held_back += 1;
        }
        (Some(false), true) => {
            row.held_back = row.held_back.saturating_sub(1);
            row.fingerprint.toggle(&entry.change);
        }
        // In another life of the ledger it was judged anew.
        (Some(true), false) => {
            row.held_back += 1;
            row.fingerprint.toggle(&entry.change);
        }
        (Some(true), true) | (Some(false), false) => {}
    }
    let is_creation = first_change(overlay, &entry.record)? == Some(entry.change);
    if is_creation && receipt.verdict.is_accepted() {
        row.created_seq = receipt.seq;
        row.scopes = row.scopes.union(&implicit_scopes(overlay, row.kind)?).cloned().collect();
        overlay.write(keys::number(receipt.seq), &entry.record);
    }
    row.scopes_ever.extend(row.scopes.iter().cloned());
    store_row(overlay, &entry.record, Some(&before), &row)
}

/// Two devices may make the same record while apart: both import it, say. The ledger has the other one's, so that the
/// one here, which no ledger took or only one that was lost since, leaves the view; its entries stay in the journal and
/// are told as held.
fn give_way(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    record: &RecordId,
    change: &Change,
) -> Result<(), RowsError> {
    if !change.deps.is_empty() {
        return Ok(());
    }
    let Some(first) = read::<crate::fold::ChangeRow>(overlay, &keys::change(record, 0))? else {
        return Ok(());
    };
    set_aside(rules, overlay, lines, record, &BTreeSet::from([first.hash]))
}

fn first_change(overlay: &Overlay<'_>, record: &RecordId) -> Result<Option<Hash>, RowsError> {
    let row: Option<crate::fold::ChangeRow> = read(overlay, &keys::change(record, 0))?;
    Ok(row.map(|row| row.hash))
}

/// Takes back that the ledger has a change that is applied here.
pub(super) fn unconfirm(overlay: &mut Overlay<'_>, entry: &EntryRow) -> Result<(), RowsError> {
    if entry.change == Hash::ZERO || !is_applied(overlay, &entry.record, &entry.change)? {
        return Ok(());
    }
    let Some(before) = read::<RecordRow>(overlay, &keys::record(&entry.record))? else { return Ok(()) };
    let mut row = before.clone();
    row.unsent += 1;
    if entry.accepted().is_some() {
        row.fingerprint.toggle(&entry.change);
    } else {
        row.held_back = row.held_back.saturating_sub(1);
    }
    if first_change(overlay, &entry.record)? == Some(entry.change) {
        row.created_seq = 0;
    }
    store_row(overlay, &entry.record, Some(&before), &row)
}
