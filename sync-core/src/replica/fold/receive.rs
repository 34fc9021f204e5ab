//! Receive: an entry that the server sent, with its word on it.

use std::collections::BTreeSet;

use serde_bytes::ByteBuf;

use super::super::anew::{arrive, is_reading, prune};
use super::super::aside::set_aside;
use super::contact::count_due;
use super::count::{apply_accepted, confirm};
use super::hold::{hold, hold_known};
use super::{entry_row, fold_act, is_self};
use crate::id::Hash;
use crate::log::chain::DecodedBody;
use crate::log::chain::decode_body;
use crate::log::entry::ChainedEntry;
use crate::log::line::Lines;
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::rows::{Overlay, Rows, RowsError, all_under, read};
use crate::rules::Rules;
use crate::state::fold::{EntryRow, is_applied};
use crate::state::held::unlist;
use crate::state::keyspace;

/// The key under which an entry that the server sent is kept.
pub fn entry_key(receipt: &Receipt, chained: &ChainedEntry) -> Vec<u8> {
    let header = &chained.entry.header;
    match (&receipt.verdict, chained.hash()) {
        (Verdict::Quarantined(Reason::Fork), Some(hash)) => keyspace::fork(&header.device, header.seq, &hash),
        _ => keyspace::entry(&header.device, header.seq),
    }
}

/// Folds an entry that the server sent. One that is here already only has its receipt brought up to date.
pub(super) fn fold_received(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    number: u64,
    receipt: &Receipt,
    chained: &ChainedEntry,
) -> Result<(), RowsError> {
    let header = &chained.entry.header;
    // What was held back under this number in a life of the ledger that was lost is held back no more.
    unlist(overlay, receipt.seq)?;
    let is_fork = matches!(receipt.verdict, Verdict::Quarantined(Reason::Fork));
    let key = entry_key(receipt, chained);
    let decoded = decode_body(&chained.entry.body)?;
    let is_reading = is_reading(overlay)?;
    if is_reading || overlay.get(&keyspace::fact("acts_due"))?.is_some() {
        count_due(rules, overlay, lines, receipt.seq)?;
    }
    if is_reading && let (Verdict::Accepted, DecodedBody::Change(change)) = (&receipt.verdict, &decoded) {
        arrive(rules, overlay, lines, &header.record)?;
        stand_here(rules, overlay, lines, chained, &key)?;
        if !change.deps.is_empty() && overlay.get(&keyspace::record(&header.record))?.is_none() {
            // Its record did not come from the beginning: comparing the scope says so.
            return Ok(());
        }
    }
    let mut known: Option<EntryRow> = read(overlay, &key)?;
    // A server that lost its past may have written another entry in its place: that one counts from here on. A crew does
    // not know all of a chain, and tells them apart by what they change.
    let change =
        if matches!(decoded, DecodedBody::Change(_)) { chained.entry.body.hash() } else { Hash::ZERO };
    let is_other = |known: &EntryRow| !known.is_same(chained.hash().as_ref(), &change);
    if let Some(replaced) = known.take_if(|known| is_other(known)) {
        overlay.delete(key.clone());
        leave(rules, overlay, lines, &replaced)?;
    }
    // A branch that is sent under this device's name is its copy's.
    let is_own = !is_fork && is_self(overlay, &header.device)?;
    if let Some(known) = known.as_ref().filter(|_| !is_own && !receipt.verdict.is_accepted()) {
        return hold_known(rules, overlay, lines, receipt, chained, &key, known);
    }
    if let Some(mut known) = known {
        let is_act = known.change == Hash::ZERO;
        // What is read anew was kept because it is applied: looking would be quadratic.
        let was_applied =
            is_act || known.receipt.is_none() || is_applied(overlay, &known.record, &known.change)?;
        if was_applied || !receipt.verdict.is_accepted() {
            confirm(overlay, &known, receipt, false)?;
            // An act of an old name whose place is heard under the new one: it counts from here on.
            let is_new = known.receipt.replace(receipt.clone()).is_none();
            // What decides is heard anew with what was held: before, neither was known whole.
            let counts = is_new || matches!(&decoded, DecodedBody::Act(act) if act.decides());
            overlay.write(keyspace::place(receipt.seq), &ByteBuf::from(key.clone()));
            overlay.write(key, &known);
            return match &decoded {
                DecodedBody::Act(act) if counts && receipt.verdict.is_accepted() => {
                    fold_act(rules, overlay, lines, receipt, header, act)
                }
                _ => Ok(()),
            };
        }
    }
    match (&receipt.verdict, &decoded) {
        (Verdict::Accepted, DecodedBody::Change(change)) => {
            apply_accepted(rules, overlay, lines, number, chained, change, receipt.seq)?;
        }
        (Verdict::Accepted, DecodedBody::Act(act)) => {
            fold_act(rules, overlay, lines, receipt, header, act)?;
        }
        (Verdict::Quarantined(reason), _) => hold(overlay, receipt, reason, chained)?,
    }
    overlay.write(keyspace::place(receipt.seq), &ByteBuf::from(key.clone()));
    overlay.write(key, &entry_row(chained, &decoded, number, Some(receipt.clone())));
    Ok(())
}

/// What an entry changed leaves the view with it: as far as no own work builds on it, if it is from a lost past.
fn leave(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    replaced: &EntryRow,
) -> Result<(), RowsError> {
    if replaced.receipt.is_none() {
        prune(rules, overlay, lines, &replaced.record)
    } else if replaced.change == Hash::ZERO {
        Ok(())
    } else {
        set_aside(rules, overlay, lines, &replaced.record, &BTreeSet::from([replaced.change]))
    }
}

/// An entry that is applied here may have stood on the other branch of its author's chain in another life of the ledger;
/// what stood in its place then gives way.
fn stand_here(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    chained: &ChainedEntry,
    key: &[u8],
) -> Result<(), RowsError> {
    let (header, change) = (&chained.entry.header, chained.entry.body.hash());
    let here: Option<EntryRow> = read(overlay, key)?;
    if here.as_ref().is_some_and(|here| here.change == change) {
        return Ok(());
    }
    let prefix = keyspace::forks(&header.device, header.seq);
    let forks = all_under::<EntryRow>(overlay, &prefix)?;
    let Some((tail, row)) = forks.into_iter().find(|(_, row)| row.change == change) else { return Ok(()) };
    if row.receipt.is_some() || !is_applied(overlay, &header.record, &change)? {
        return Ok(());
    }
    if let Some(here) = here.filter(|here| here.change != Hash::ZERO) {
        set_aside(rules, overlay, lines, &here.record, &BTreeSet::from([here.change]))?;
    }
    overlay.delete([prefix, tail].concat());
    overlay.write(key.to_vec(), &row);
    Ok(())
}
