//! The device's fold: one journal line into index rows. Told lines go into the mirror, own entries into the overlay, the
//! rest into local rows; none of them needs to know of the others.

use super::contact::fold_contact;
use super::generations::{fold_reset, refill};
use super::mirror::{fold_runs, fold_told};
use super::pending::{fold_own, fold_receipt, show_as_in};
use super::successor::take_name;
use crate::log::chain::decode_body;
use crate::log::line::{CarriedBlob, Copy, DeviceLine, Line, Lines, OwnRun};
use crate::rows::{Overlay, Rows, RowsError};
use crate::rules::Rules;
use crate::state::authority::rules_from;
use crate::state::layers::Merged;
use crate::state::local::{
    ATTEMPT, COPY, CopyRow, ENROLLING, EVIDENCE, GENERATIONS, OwnBlob, REVOKED, SPLITS, carried_from,
    carried_of, carried_receipt, own_blob, spans,
};

/// Most split views listed; each stays in the journal.
const SPLITS_MAX: usize = 16;

/// Folds one journal line: how a device's index is rebuilt. `lines` are those before it. After a reset the mirror is
/// first to be filled: see [`super::generations::refill`].
pub fn fold_line(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    number: u64,
    line: &[u8],
) -> Result<(), RowsError> {
    match Line::from_bytes(line)? {
        Line::Entry { receipt: None, chained } => {
            let decoded = decode_body(&chained.entry.body)?;
            fold_own(rules, overlay, lines, number, &chained, &decoded)
        }
        Line::Entry { receipt: Some(receipt), chained } => {
            fold_told(rules, overlay, number, &receipt, &chained)
        }
        Line::Device(line) => fold_device_line(rules, overlay, lines, number, line),
    }
}

/// Folds a journal line that the index lacks, where lines follow at once: after a reset the mirror is filled here.
/// A device that goes on live does that in steps: see [`super::Replica::refill`].
pub fn catch_up_line(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    number: u64,
    line: &[u8],
) -> Result<(), RowsError> {
    fold_line(rules, overlay, lines, number, line)?;
    refill(overlay, lines, u64::MAX).map(drop)
}

/// Returns the rules in force on a device.
pub fn rules_of(rows: &dyn Rows) -> Result<Rules, RowsError> {
    rules_from(&Merged::shown(rows)?)
}

fn fold_device_line(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    number: u64,
    line: DeviceLine,
) -> Result<(), RowsError> {
    match line {
        DeviceLine::Enrolling(enrolling) => ENROLLING.write(overlay, &enrolling),
        DeviceLine::Enrolled(enrolled) => take_name(rules, overlay, lines, &enrolled)?,
        DeviceLine::Attempt(attempt) => ATTEMPT.write(overlay, &attempt),
        DeviceLine::Own(own) => fold_runs(rules, overlay, lines, &own.device, &own.runs)?,
        DeviceLine::Contact(contact) => fold_contact(rules, overlay, lines, number, &contact)?,
        DeviceLine::Reset(reset) => fold_reset(overlay, lines, number, reset)?,
        DeviceLine::Split(split) => {
            EVIDENCE.write(overlay, &split.kept);
            let mut all = SPLITS.read_or_default(overlay)?;
            if all.len() < SPLITS_MAX {
                all.push(split);
            }
            SPLITS.write(overlay, &all);
        }
        DeviceLine::Copy(copy) => fold_copy(overlay, &copy)?,
        DeviceLine::Receipt(ack) => fold_receipt(rules, overlay, lines, &ack)?,
        DeviceLine::Carried(carried) => {
            overlay.write(carried_from(&carried.device, carried.span.0), &carried);
        }
        DeviceLine::CarriedReceipt(receipt) => {
            // What the server has need not be carried any more; the receipt goes back instead.
            for (first, last) in spans(overlay, &carried_of(&receipt.device))? {
                if last <= receipt.span.1 {
                    overlay.delete(carried_from(&receipt.device, first));
                }
            }
            overlay.write(carried_receipt(&receipt.device), &receipt);
        }
        DeviceLine::CarriedBlob(CarriedBlob { sha256, bytes, is_thumb, of }) => {
            overlay.write(own_blob(number, &sha256), &OwnBlob { sha256, bytes, is_thumb, of });
        }
    }
    Ok(())
}

/// Notes that another device writes under this one's name, and what the ledger has of this one's own entries.
fn fold_copy(overlay: &mut Overlay<'_>, copy: &Copy) -> Result<(), RowsError> {
    // What is not told again the ledger has lost: a copy's mirror stands still and does not show it.
    let mut row = if copy.is_whole { CopyRow::default() } else { COPY.read_or_default(overlay)? };
    for run in &copy.runs {
        let into = if is_settled(run) { &mut row.settled } else { &mut row.quarantined };
        if !into.contains(&(run.first, run.count)) {
            into.push((run.first, run.count));
        }
    }
    COPY.write(overlay, &row);
    if let Some(filling) = GENERATIONS.read_or_default(overlay)?.filling {
        // A copy reads no further, so the new mirror will not be shown.
        show_as_in(overlay, filling.generation, &copy.runs)?;
    }
    if let Some(revoked) = &copy.revoked {
        REVOKED.write(overlay, revoked);
    }
    Ok(())
}

fn is_settled(run: &OwnRun) -> bool {
    run.verdict.is_accepted() || run.decision.is_some()
}
