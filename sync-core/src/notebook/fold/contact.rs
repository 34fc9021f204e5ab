//! What a reply said: places and verdicts of own entries, records that came and went, the newest checkpoint.

use super::super::rights::follow;
use super::super::{ContactRow, OwnHead};
use super::{fold_act, fold_decision, implicit_scopes};
use crate::chain::Deed;
use crate::fold::{Decision, EntryRow, store_row};
use crate::id::{DeviceId, Hash, RecordId};
use crate::keys;
use crate::line::{Ack, Contact, Identity, Lines, read_entry};
use crate::office::fold::decode_deed;
use crate::record::row::RecordRow;
use crate::rows::{Overlay, RowsError, all_under, read};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::verdict::{Reason, Receipt, Verdict};
use serde::de::IgnoredAny;
use serde_bytes::ByteBuf;

pub(super) fn fold_contact(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    contact: &Contact,
) -> Result<(), RowsError> {
    let identity: Option<Identity> = read(overlay, &keys::fact("identity"))?;
    let Some(identity) = identity else { return Err(RowsError("a contact before the enrolment".into())) };
    for ack in &contact.acks {
        fold_ack(rules, overlay, lines, &identity.device, ack, &contact.refused)?;
    }
    for (scope, record, entered) in &contact.moves {
        fold_move(overlay, contact.server_seq, scope, record, *entered)?;
    }
    let before: ContactRow = read(overlay, &keys::fact("contact"))?.unwrap_or_default();
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
    if is_branch || contact.head_seq > own.seq {
        overlay.write(keys::fact("copy"), &true);
    }
    if contact.epoch != before.epoch {
        let beyond = all_under::<IgnoredAny>(overlay, keys::QUARANTINE)?.into_iter();
        let beyond =
            beyond.filter(|(number, _)| number.as_slice() > contact.server_seq.to_be_bytes().as_slice());
        beyond.for_each(|(number, _)| overlay.delete([keys::QUARANTINE, &number].concat()));
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
        overlay.delete(keys::quarantined(receipt.seq));
        confirm(overlay, &entry, &receipt)?;
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
            for waiting in [keys::own_decision(receipt.seq), keys::own_again(seq)] {
                if let Some(decision) = read::<Decision>(overlay, &waiting)? {
                    overlay.delete(waiting);
                    fold_decision(rules, overlay, lines, receipt.seq, &decision)?;
                }
            }
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

fn first_change(overlay: &Overlay<'_>, record: &RecordId) -> Result<Option<Hash>, RowsError> {
    let row: Option<crate::fold::ChangeRow> = read(overlay, &keys::change(record, 0))?;
    Ok(row.map(|row| row.hash))
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
