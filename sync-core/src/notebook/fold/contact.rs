//! What a reply said: places and verdicts of own entries, records that came and went, the newest checkpoint.

use super::super::aside::set_aside;
use super::super::decide::held_rows;
use super::super::rights::follow;
use super::super::{ContactRow, OwnHead};
use super::count::{count_in, unconfirm};
use super::hold::hold_again;
use super::{fold_act, fold_decision};
use crate::chain::Deed;
use crate::fold::{Decision, EntryRow, store_row};
use crate::id::{DeviceId, Hash, RecordId};
use crate::judge::{missing_dependency, read_change};
use crate::keys;
use crate::line::{Ack, Contact, Identity, Lines, read_entry};
use crate::office::fold::list::unlist;
use crate::office::fold::{QuarantineRow, decode_deed};
use crate::record::row::RecordRow;
use crate::rows::{Overlay, RowsError, all_under, number_in, read};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::verdict::{Reason, Receipt, Verdict};
use serde_bytes::ByteBuf;

pub(super) fn fold_contact(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    contact: &Contact,
) -> Result<(), RowsError> {
    let identity: Option<Identity> = read(overlay, &keys::fact("identity"))?;
    let Some(identity) = identity else { return Err(RowsError("a contact before the enrolment".into())) };
    let before: ContactRow = read(overlay, &keys::fact("contact"))?.unwrap_or_default();
    if contact.epoch != before.epoch && !contact.checkpoint.is_empty() {
        forget_places(overlay, &identity.device, &contact.acks)?;
    }
    for ack in &contact.acks {
        fold_ack(rules, overlay, lines, &identity.device, ack, &contact.refused)?;
    }
    for (scope, record, entered) in &contact.moves {
        fold_move(overlay, contact.server_seq, scope, record, *entered)?;
    }
    for (record, lost) in &contact.dropped {
        set_aside(rules, overlay, lines, record, lost)?;
    }
    for (seq, decision) in &contact.decided {
        fold_told(rules, overlay, lines, *seq, decision.as_ref())?;
    }
    for seq in &contact.held_again {
        hold_again(rules, overlay, lines, *seq)?;
    }
    let anchor = if contact.checkpoint.is_empty() {
        before.anchor
    } else {
        crate::checkpoint::verify(&contact.checkpoint, &identity.log_verifier).map_err(RowsError)?
    };
    let checkpoint =
        if contact.checkpoint.is_empty() { before.checkpoint } else { contact.checkpoint.clone() };
    if !contact.checkpoint.is_empty() {
        overlay.delete(keys::fact("evidence"));
    }
    let own: OwnHead = read(overlay, &keys::fact("head"))?.unwrap_or_default();
    let is_branch = contact.refused.iter().any(|(_, reason)| *reason == Reason::Fork);
    if is_branch || contact.is_branch || contact.head_seq > own.seq {
        overlay.write(keys::fact("copy"), &true);
    }
    if contact.epoch != before.epoch {
        for (seq, _) in held_rows(overlay)?.into_iter().filter(|(seq, _)| *seq > contact.server_seq) {
            unlist(overlay, seq)?;
        }
    }
    let cursors = if contact.cursors.is_empty() { before.cursors.clone() } else { contact.cursors.clone() };
    follow(overlay, &before.cursors, &cursors)?;
    let row = ContactRow {
        at_ms: contact.at_ms,
        server_at_ms: contact.server_at_ms,
        epoch: contact.epoch,
        server_seq: contact.server_seq,
        cursors,
        head_seq: contact.head_seq,
        checkpoint,
        anchor,
    };
    overlay.write(keys::fact("contact"), &row);
    Ok(())
}

/// In a ledger's new life all places are told anew: what is not among them is not in it.
fn forget_places(overlay: &mut Overlay<'_>, device: &DeviceId, told: &[Ack]) -> Result<(), RowsError> {
    let is_told = |seq: u64| told.iter().any(|ack| ack.tells(seq));
    for (tail, row) in all_under::<EntryRow>(overlay, &keys::entries(device))? {
        if is_told(number_in(&tail)?) {
            continue;
        }
        let Some(receipt) = row.receipt.clone() else { continue };
        unconfirm(overlay, &row)?;
        overlay.delete(keys::own_held(receipt.seq));
        let key = [keys::entries(device), tail].concat();
        overlay.write(key, &EntryRow { receipt: None, decided: None, ..row });
    }
    Ok(())
}

/// What the server says became of an entry that is listed here as held back, and is not. A release that cannot be
/// applied here is left to the comparison of its record.
fn fold_told(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    seq: u64,
    decision: Option<&Decision>,
) -> Result<(), RowsError> {
    let row: Option<QuarantineRow> = read(overlay, &keys::quarantined(seq))?;
    let (Some(row), Some(decision)) = (row, decision) else {
        return unlist(overlay, seq).map(drop);
    };
    let chained = row.entry()?;
    let applies = match decode_deed(&chained.entry.body)? {
        Deed::Change(change) => {
            missing_dependency(overlay, &row.record, &change)?.is_none()
                && read_change(overlay, rules, &row.record, &change)?.is_ok()
        }
        Deed::Act(_) => false,
    };
    let decision = Decision { releases: decision.releases && applies, ..decision.clone() };
    fold_decision(rules, overlay, lines, seq, &decision)
}

fn fold_ack(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    device: &DeviceId,
    ack: &Ack,
    refused: &[(u64, Reason)],
) -> Result<(), RowsError> {
    let head: OwnHead = read(overlay, &keys::fact("head"))?.unwrap_or_default();
    for offset in 0..ack.count.min((head.seq + 1).saturating_sub(ack.first)) {
        let seq = ack.first + offset;
        let key = keys::entry(device, seq);
        let Some(mut entry) = read::<EntryRow>(overlay, &key)? else { continue };
        let reason = refused.iter().find(|(refused, _)| *refused == seq).map(|(_, reason)| reason.clone());
        let receipt = Receipt {
            seq: ack.seq + offset,
            received_at_ms: ack.received_at_ms,
            carrier: ack.carrier,
            verdict: reason.map_or(Verdict::Accepted, Verdict::Quarantined),
        };
        unlist(overlay, receipt.seq)?;
        count_in(rules, overlay, lines, &entry, &receipt)?;
        let old = entry.receipt.replace(receipt.clone());
        let is_new = old.is_none();
        if let Some(old) = old.filter(|old| old.seq != receipt.seq) {
            // What was decided in another life of the ledger was decided about another number.
            entry.decided = None;
            if read(overlay, &keys::own_held(old.seq))? == Some(seq) {
                overlay.delete(keys::own_held(old.seq));
            }
        }
        overlay.write(keys::place(receipt.seq), &ByteBuf::from(key.clone()));
        overlay.write(key, &entry);
        if !receipt.verdict.is_accepted() {
            overlay.write(keys::own_held(receipt.seq), &seq);
            fold_waiting(rules, overlay, lines, seq, &receipt)?;
        } else if is_new && entry.change == Hash::ZERO {
            // An own act counts from here on, like everybody's.
            let (_, chained) = read_entry(lines, entry.line)?;
            if let Deed::Act(act) = decode_deed(&chained.entry.body)? {
                fold_act(rules, overlay, lines, &receipt, &chained.entry.header, &act)?;
            }
        }
    }
    Ok(())
}

/// What was decided about an own held entry before its place was known.
fn fold_waiting(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    seq: u64,
    receipt: &Receipt,
) -> Result<(), RowsError> {
    if let Some(decision) = read::<Decision>(overlay, &keys::own_decision(receipt.seq))? {
        overlay.delete(keys::own_decision(receipt.seq));
        fold_decision(rules, overlay, lines, receipt.seq, &decision)?;
    }
    let Some((is_by_right, decision)) = read::<(bool, Decision)>(overlay, &keys::own_again(seq))? else {
        return Ok(());
    };
    overlay.delete(keys::own_again(seq));
    if is_by_right || receipt.verdict == Verdict::Quarantined(Reason::Fork) {
        fold_decision(rules, overlay, lines, receipt.seq, &decision)?;
    }
    Ok(())
}

fn fold_move(
    overlay: &mut Overlay<'_>,
    server_seq: u64,
    scope: &Scope,
    record: &RecordId,
    entered: bool,
) -> Result<(), RowsError> {
    let member = keys::member(scope, record);
    if entered {
        overlay.write(member, &server_seq);
    } else {
        overlay.delete(member);
    }
    let Some(before) = read::<RecordRow>(overlay, &keys::record(record))? else { return Ok(()) };
    let mut row = before.clone();
    if entered {
        row.scopes.insert(scope.clone());
        row.scopes_ever.insert(scope.clone());
    } else {
        row.scopes.remove(scope);
    }
    store_row(overlay, record, Some(&before), &row)
}
