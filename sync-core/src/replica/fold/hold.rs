//! Hold: what the ledger holds back of others, as a device lists it.

use std::collections::BTreeSet;

use serde_bytes::ByteBuf;

use super::super::anew::entry_of;
use super::super::aside::set_aside;
use super::is_self;
use crate::log::entry::ChainedEntry;
use crate::log::line::{Lines, read_entry};
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::rules::Rules;
use crate::state::fold::{EntryRow, applied_changes};
use crate::state::held::QuarantineRow;
use crate::state::held::list;
use crate::state::keyspace;

/// Lists an entry that is held back.
pub(super) fn hold(
    overlay: &mut Overlay<'_>,
    receipt: &Receipt,
    reason: &Reason,
    chained: &ChainedEntry,
) -> Result<(), RowsError> {
    let header = &chained.entry.header;
    let row = QuarantineRow {
        device: header.device,
        device_seq: header.seq,
        record: header.record,
        reason: reason.clone(),
        chained: ByteBuf::from(chained.to_bytes()),
    };
    list(overlay, receipt.seq, &row)
}

/// An entry of somebody else that is here and is held back. It may have counted in another life of the ledger; or it is
/// of this device's old name, under which it was listed otherwise.
pub(super) fn hold_known(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    receipt: &Receipt,
    chained: &ChainedEntry,
    key: &[u8],
    known: &EntryRow,
) -> Result<(), RowsError> {
    // What was decided in another life of the ledger was decided about another number.
    let is_here = known.receipt.as_ref().is_some_and(|before| before.seq == receipt.seq);
    let decided = known.decided.clone().filter(|_| is_here);
    if let (None, Verdict::Quarantined(reason)) = (&decided, &receipt.verdict) {
        no_longer_counts(rules, overlay, lines, key, known)?;
        hold(overlay, receipt, reason, chained)?;
    }
    let row = EntryRow { receipt: Some(receipt.clone()), decided, ..known.clone() };
    overlay.write(keyspace::place(receipt.seq), &ByteBuf::from(key.to_vec()));
    overlay.write(key.to_vec(), &row);
    Ok(())
}

/// Lists an entry of somebody else that the server holds back, whatever this device thought was decided about it.
pub(super) fn hold_again(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    seq: u64,
) -> Result<(), RowsError> {
    let is_listed = overlay.get(&keyspace::quarantined(seq))?.is_some();
    let key: Option<ByteBuf> = read(overlay, &keyspace::place(seq))?;
    let (false, Some(key)) = (is_listed, key) else { return Ok(()) };
    let Some(row) = read::<EntryRow>(overlay, &key)? else { return Ok(()) };
    let Some(receipt) = row.receipt.clone().filter(|receipt| receipt.seq == seq) else { return Ok(()) };
    let Verdict::Quarantined(reason) = receipt.verdict.clone() else { return Ok(()) };
    let (_, chained) = read_entry(lines, row.line)?;
    if is_self(overlay, &chained.entry.header.device)? && reason != Reason::Fork {
        return Ok(());
    }
    no_longer_counts(rules, overlay, lines, &key, &row)?;
    overlay.write(key.into_vec(), &EntryRow { decided: None, ..row });
    hold(overlay, &receipt, &reason, &chained)
}

/// Sets the change of an entry aside. It stays if another entry made it as well: one of the other branch of its author's
/// chain, which counts.
fn no_longer_counts(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    key: &[u8],
    entry: &EntryRow,
) -> Result<(), RowsError> {
    let applied = applied_changes(overlay, &entry.record)?;
    let Some(change) = applied.iter().find(|change| change.hash == entry.change) else { return Ok(()) };
    if entry_of(overlay, change)?.is_some_and(|(stands, _)| stands != key) {
        return Ok(());
    }
    set_aside(rules, overlay, lines, &entry.record, &BTreeSet::from([entry.change]))
}
