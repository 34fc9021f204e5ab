//! What a reply said: places and verdicts of own entries, records that came and went, the newest checkpoint.

use super::super::anew::{end, forget, is_reading};
use super::super::aside::set_aside;
use super::super::rights::follow;
use super::count::{count_in, is_set_aside};
use super::hold::hold_again;
use super::{fold_act, fold_decision};
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::chain::DecodedBody;
use crate::log::chain::decode_body;
use crate::log::line::{Ack, Anew, Contact, Identity, Lines, read_entry};
use crate::log::verdict::Decision;
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::record::row::RecordRow;
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::state::fold::{EntryRow, store_row};
use crate::state::held::unlist;
use crate::state::keyspace;
use crate::state::local::{ContactRow, OwnHead};
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;

pub(super) fn fold_contact(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    contact: &Contact,
) -> Result<(), RowsError> {
    let identity: Option<Identity> = read(overlay, &keyspace::fact("identity"))?;
    let Some(identity) = identity else { return Err(RowsError("a contact before the enrolment".into())) };
    let before: ContactRow = read(overlay, &keyspace::fact("contact"))?.unwrap_or_default();
    // A journal of an older version has no line that says so: what it read before that is read once more.
    let is_other_life = contact.epoch != before.epoch && !contact.checkpoint.is_empty();
    if is_other_life {
        forget(overlay, lines, &identity.device)?;
    }
    for ack in &contact.acks {
        fold_ack(rules, overlay, lines, &identity.device, ack, &contact.refused, false)?;
    }
    let is_whole = contact.whole == Some(true);
    let read_to = if is_whole { u64::MAX } else { read_to(&contact.cursors).saturating_add(1) };
    count_due(rules, overlay, lines, read_to)?;
    if is_whole {
        overlay.delete(keyspace::fact("acts_due"));
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
        crate::log::checkpoint::verify(&contact.checkpoint, &identity.log_verifier).map_err(RowsError)?
    };
    let checkpoint =
        if contact.checkpoint.is_empty() { before.checkpoint } else { contact.checkpoint.clone() };
    if !contact.checkpoint.is_empty() {
        overlay.delete(keyspace::fact("evidence"));
    }
    note_copy(overlay, &contact.refused, contact.is_branch, contact.head_seq)?;
    let cursors = match &contact.cursors {
        _ if is_other_life => BTreeMap::new(),
        _ if contact.whole.is_none() && is_reading(overlay)? => before.cursors.clone(),
        cursors if cursors.is_empty() => before.cursors.clone(),
        cursors => cursors.clone(),
    };
    follow(overlay, &before.cursors, &cursors)?;
    let hears = cursors.keys().any(|scope| !matches!(scope, Scope::Device(_)));
    let is_copy = overlay.get(&keyspace::fact("copy"))?.is_some();
    if is_whole && hears && !is_copy && is_reading(overlay)? {
        // Who is revoked hears no more and keeps what it has; a copy reads once more, under its new name.
        end(rules, overlay, lines)?;
    }
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
    overlay.write(keyspace::fact("contact"), &row);
    Ok(())
}

/// Forgets what another life of the ledger told, and learns where own entries stand in this one.
pub(super) fn fold_anew(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    anew: &Anew,
) -> Result<(), RowsError> {
    let identity: Option<Identity> = read(overlay, &keyspace::fact("identity"))?;
    let Some(identity) = identity else { return Err(RowsError("a new life before the enrolment".into())) };
    forget(overlay, lines, &identity.device)?;
    let before: ContactRow = read(overlay, &keyspace::fact("contact"))?.unwrap_or_default();
    let (epoch, head_seq) = (anew.epoch, anew.head_seq);
    let row = ContactRow { epoch, head_seq, cursors: BTreeMap::new(), ..before };
    overlay.write(keyspace::fact("contact"), &row);
    fold_places(rules, overlay, lines, &anew.acks, &anew.refused)?;
    note_copy(overlay, &anew.refused, anew.is_branch, anew.head_seq)
}

/// Learns where own entries stand before those of others are read that came with that.
pub(super) fn fold_places(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    places: &[Ack],
    refused: &[(u64, Reason)],
) -> Result<(), RowsError> {
    let Some(me) = read::<Identity>(overlay, &keyspace::fact("identity"))? else { return Ok(()) };
    overlay.write(keyspace::fact("acts_due"), &true);
    for ack in places {
        fold_ack(rules, overlay, lines, &me.device, ack, refused, true)?;
    }
    Ok(())
}

/// Notes that another device writes under this one's name, if what the server said shows it.
fn note_copy(
    overlay: &mut Overlay<'_>,
    refused: &[(u64, Reason)],
    is_branch: bool,
    head_seq: u64,
) -> Result<(), RowsError> {
    let own: OwnHead = read(overlay, &keyspace::fact("head"))?.unwrap_or_default();
    if is_branch || head_seq > own.seq || refused.iter().any(|(_, reason)| *reason == Reason::Fork) {
        overlay.write(keyspace::fact("copy"), &true);
    }
    Ok(())
}

/// Own acts take effect in their place among those of others, and so does own work that was set aside. Counts in what
/// stands before `seq`.
pub(super) fn count_due(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    seq: u64,
) -> Result<(), RowsError> {
    let mut due = Vec::new();
    overlay.scan(keyspace::DUE, keyspace::DUE, &mut |key, _| {
        let is_due = key < keyspace::due(seq).as_slice();
        due.extend(is_due.then(|| key.to_vec()));
        is_due
    })?;
    if due.is_empty() {
        return Ok(());
    }
    let Some(identity) = read::<Identity>(overlay, &keyspace::fact("identity"))? else { return Ok(()) };
    for key in due {
        let own: Option<u64> = read(overlay, &key)?;
        overlay.delete(key);
        let Some(own) = own else { continue };
        let Some(entry) = read::<EntryRow>(overlay, &keyspace::entry(&identity.device, own))? else {
            continue;
        };
        let Some(receipt) = entry.receipt.clone() else { continue };
        count_in(rules, overlay, lines, &entry, &receipt)?;
        count_act(rules, overlay, lines, &entry, &receipt)?;
    }
    Ok(())
}

/// An own act counts once the ledger has it, like everybody's.
fn count_act(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    entry: &EntryRow,
    receipt: &Receipt,
) -> Result<(), RowsError> {
    if entry.change != Hash::ZERO {
        return Ok(());
    }
    let (_, chained) = read_entry(lines, entry.line)?;
    match decode_body(&chained.entry.body)? {
        DecodedBody::Act(act) => fold_act(rules, overlay, lines, receipt, &chained.entry.header, &act),
        DecodedBody::Change(_) => Ok(()),
    }
}

/// What the server says became of an entry that is listed here as held back, and is not.
fn fold_told(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    seq: u64,
    decision: Option<&Decision>,
) -> Result<(), RowsError> {
    let is_listed = overlay.get(&keyspace::quarantined(seq))?.is_some();
    match decision.filter(|_| is_listed) {
        Some(decision) => fold_decision(rules, overlay, lines, seq, decision),
        None => unlist(overlay, seq).map(drop),
    }
}

/// How far all scopes were read.
fn read_to(cursors: &BTreeMap<Scope, u64>) -> u64 {
    cursors.values().copied().min().unwrap_or(0)
}

fn fold_ack(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    device: &DeviceId,
    ack: &Ack,
    refused: &[(u64, Reason)],
    in_order: bool,
) -> Result<(), RowsError> {
    let head: OwnHead = read(overlay, &keyspace::fact("head"))?.unwrap_or_default();
    for offset in 0..ack.count.min((head.seq + 1).saturating_sub(ack.first)) {
        let seq = ack.first + offset;
        let key = keyspace::entry(device, seq);
        let Some(mut entry) = read::<EntryRow>(overlay, &key)? else { continue };
        let reason = refused.iter().find(|(refused, _)| *refused == seq).map(|(_, reason)| reason.clone());
        let receipt = Receipt {
            seq: ack.seq + offset,
            received_at_ms: ack.received_at_ms,
            carrier: ack.carrier,
            verdict: reason.map_or(Verdict::Accepted, Verdict::Quarantined),
        };
        unlist(overlay, receipt.seq)?;
        let is_new_act = entry.change == Hash::ZERO && entry.receipt.is_none();
        let waits = receipt.verdict.is_accepted()
            && (in_order || is_reading(overlay)?)
            && (is_new_act || is_set_aside(overlay, &entry)?);
        if waits {
            overlay.write(keyspace::due(receipt.seq), &seq);
        } else {
            count_in(rules, overlay, lines, &entry, &receipt)?;
        }
        entry.receipt = Some(receipt.clone());
        overlay.write(keyspace::place(receipt.seq), &ByteBuf::from(key.clone()));
        overlay.write(key, &entry);
        if !receipt.verdict.is_accepted() {
            overlay.write(keyspace::own_held(receipt.seq), &seq);
            fold_waiting(rules, overlay, lines, seq, &receipt)?;
        } else if is_new_act && !waits {
            count_act(rules, overlay, lines, &entry, &receipt)?;
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
    if let Some(decision) = read::<Decision>(overlay, &keyspace::own_decision(receipt.seq))? {
        overlay.delete(keyspace::own_decision(receipt.seq));
        fold_decision(rules, overlay, lines, receipt.seq, &decision)?;
    }
    let Some((is_by_right, decision)) = read::<(bool, Decision)>(overlay, &keyspace::own_again(seq))? else {
        return Ok(());
    };
    overlay.delete(keyspace::own_again(seq));
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
    let member = keyspace::member(scope, record);
    if entered {
        overlay.write(member, &server_seq);
    } else {
        overlay.delete(member);
    }
    let Some(before) = read::<RecordRow>(overlay, &keyspace::record(record))? else { return Ok(()) };
    let mut row = before.clone();
    if entered {
        row.scopes.insert(scope.clone());
        row.scopes_ever.insert(scope.clone());
    } else {
        row.scopes.remove(scope);
    }
    store_row(overlay, record, Some(&before), &row)
}
