//! The server's fold: one ledger line into index rows. Admitting and rebuilding both go through here.

use crate::log::chain::decode_body;
use crate::log::verdict::Decision;
use crate::state::held::QuarantineRow;
use crate::state::interpret::Acceptable;
use crate::state::interpret::reread;
use crate::state::membership::scopes_of_record;
use serde_bytes::ByteBuf;

use crate::state::decide::{Settles, decide, note_carried, settle_again};
use crate::state::held::list;

use super::rights::is_past;
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::act::{Act, Again};
use crate::log::chain::{DecodedBody, VerifiedEntry};
use crate::log::entry::{Anchor, Header};
use crate::state::authority::{DeviceRow, apply_act};
use crate::state::fold::{Applied, EntryRow, Moved, apply_change, is_applied};

use crate::log::line::Line;
use crate::log::merkle;
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::record::row::RecordRow;
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::state::keyspace;

/// What happened to a record in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeEvent {
    /// A change of a record that was and stays in it; also a rule.
    Entry,
    /// The record came in.
    Enter,
    /// The record went out.
    Leave,
}

impl ScopeEvent {
    fn to_bytes(self) -> Vec<u8> {
        vec![match self {
            Self::Entry => 0,
            Self::Enter => 1,
            Self::Leave => 2,
        }]
    }

    /// Reads the row's byte.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RowsError> {
        match bytes {
            [0] => Ok(Self::Entry),
            [1] => Ok(Self::Enter),
            [2] => Ok(Self::Leave),
            _ => Err(RowsError("a scope event is malformed".into())),
        }
    }
}

/// Folds one ledger line: how the index is rebuilt.
pub fn fold_line(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    number: u64,
    line: &[u8],
) -> Result<(), RowsError> {
    let Line::Entry { receipt: Some(receipt), chained } = Line::from_bytes(line)? else {
        return Err(RowsError(format!("line {number} of the ledger is no receipted entry")));
    };
    let prev =
        chained.prev.ok_or_else(|| RowsError(format!("line {number} does not know the entry before it")))?;
    let hash = chained.entry.hash(&prev);
    let decoded = decode_body(&chained.entry.body)?;
    fold_entry(rules, overlay, number, &receipt, &VerifiedEntry { chained, hash, decoded }, None).map(drop)
}

/// Folds one entry with its receipt. `judged` is what judging already found out about an accepted change. Answers the
/// scopes of the record that it changed, if it changed one: of the change, or of what a release applied.
pub fn fold_entry(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    number: u64,
    receipt: &Receipt,
    verified: &VerifiedEntry,
    judged: Option<Acceptable<'_>>,
) -> Result<Option<Moved>, RowsError> {
    let header = &verified.chained.entry.header;
    let leaf = merkle::leaf_bytes(&verified.hash, &header.device, header.seq, receipt);
    merkle::append(overlay, number, &leaf)?;
    let moved = match (&receipt.verdict, &verified.decoded) {
        (Verdict::Quarantined(reason), _) => {
            quarantine(overlay, number, reason, verified)?;
            None
        }
        (Verdict::Accepted, DecodedBody::Act(act)) => fold_act(rules, overlay, receipt, header, act)?,
        (Verdict::Accepted, DecodedBody::Change(change)) => {
            let acceptable = match judged {
                Some(acceptable) => acceptable,
                None => reread(overlay, rules, &header.record, change)?,
            };
            let applied = Applied {
                record: header.record,
                change,
                hash: verified.chained.entry.body.hash(),
                device_seq: header.seq,
                line: number,
                accepted_as: Some(number),
            };
            let moved = apply_change(overlay, acceptable, &applied, scopes_of_record)?;
            note_events(overlay, number, &header.record, &moved)?;
            Some(moved)
        }
    };
    write_entry_row(overlay, number, receipt, verified);
    advance_head(overlay, receipt, verified)?;
    Ok(moved)
}

fn is_fork(receipt: &Receipt) -> bool {
    matches!(receipt.verdict, Verdict::Quarantined(Reason::Fork))
}

fn write_entry_row(overlay: &mut Overlay<'_>, number: u64, receipt: &Receipt, verified: &VerifiedEntry) {
    let header = &verified.chained.entry.header;
    let change = match &verified.decoded {
        DecodedBody::Change(_) => verified.chained.entry.body.hash(),
        DecodedBody::Act(_) => Hash::ZERO,
    };
    let row = EntryRow {
        hash: Some(verified.hash),
        line: number,
        record: header.record,
        change,
        receipt: Some(receipt.clone()),
        decided: None,
    };
    let key = if is_fork(receipt) {
        keyspace::fork(&header.device, header.seq, &verified.hash)
    } else {
        keyspace::entry(&header.device, header.seq)
    };
    overlay.write(key, &row);
}

fn advance_head(
    overlay: &mut Overlay<'_>,
    receipt: &Receipt,
    verified: &VerifiedEntry,
) -> Result<(), RowsError> {
    let header = &verified.chained.entry.header;
    let key = keyspace::device(&header.device);
    let Some(mut device) = read::<DeviceRow>(overlay, &key)? else { return Ok(()) };
    if !is_fork(receipt) && header.seq > device.head_seq {
        device.head_seq = header.seq;
        device.head = verified.hash;
    }
    if header.anchor.size > device.anchor_seen && counts_as_seen(overlay, receipt, &header.anchor)? {
        device.anchor_seen = header.anchor.size;
    }
    device.last_received_at_ms = device.last_received_at_ms.max(receipt.received_at_ms);
    overlay.write(key, &device);
    Ok(())
}

/// Whether an anchor says what its author has seen of this ledger. One of a past that was lost does not: its numbers are
/// not the numbers here.
fn counts_as_seen(overlay: &Overlay<'_>, receipt: &Receipt, anchor: &Anchor) -> Result<bool, RowsError> {
    Ok(overlay.get(&keyspace::first_loss())?.is_none() || is_past(overlay, receipt.seq - 1, anchor)?)
}

fn quarantine(
    overlay: &mut Overlay<'_>,
    number: u64,
    reason: &Reason,
    verified: &VerifiedEntry,
) -> Result<(), RowsError> {
    let header = &verified.chained.entry.header;
    let row = QuarantineRow {
        device: header.device,
        device_seq: header.seq,
        record: header.record,
        reason: reason.clone(),
        chained: ByteBuf::from(verified.chained.to_bytes()),
    };
    list(overlay, number, &row)?;
    if let (Reason::Held { .. }, DecodedBody::Change(change)) = (reason, &verified.decoded) {
        // It waits for all that is missing: each one's arrival brings it up again.
        for on in &change.deps {
            if !is_applied(overlay, &header.record, on)? {
                let mut key = keyspace::waiting(on);
                key.extend(number.to_be_bytes());
                overlay.write(key, &number);
            }
        }
    }
    Ok(())
}

fn fold_act(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    receipt: &Receipt,
    header: &Header,
    act: &Act,
) -> Result<Option<Moved>, RowsError> {
    let (number, author) = (receipt.seq, &header.device);
    apply_act(overlay, number, receipt.received_at_ms, author, act)?;
    match act {
        Act::Rule { name, json } => {
            rules.add(name, json).map_err(|error| RowsError(error.to_string()))?;
            overlay
                .put(keyspace::event(&Scope::Catalog, number, &RecordId::ZERO), ScopeEvent::Entry.to_bytes());
        }
        Act::Release { seq, reason } | Act::Dismiss { seq, reason } => {
            let decision = Decision {
                seq: number,
                at_ms: receipt.received_at_ms,
                releases: matches!(act, Act::Release { .. }),
                by: *author,
                reason: reason.clone(),
            };
            if let Some(decided) = decide(rules, overlay, *seq, &decision)? {
                tell_device(overlay, number, &decided.author);
                if let Some((record, moved)) = decided.applied {
                    note_events(overlay, number, &record, &moved)?;
                    return Ok(Some(moved));
                }
            }
        }
        Act::Revoke { device, .. } | Act::Assign { device, .. } => tell_device(overlay, number, device),
        Act::Enrol { continues: Some(before), .. } if before.retires => {
            tell_device(overlay, number, &before.device);
        }
        Act::Carry { device, seq, head } => note_carried(overlay, receipt, header, device, *seq, head)?,
        Act::Again { pairs } => {
            let row: Option<DeviceRow> = read(overlay, &keyspace::device(author))?;
            let settles = row.map_or_else(Settles::default, |row| Settles::of(row.role, row.continues));
            settle_again(rules, overlay, receipt, author, &settles, pairs)?;
            tell_scopes(overlay, number, author, pairs)?;
            pairs.iter().for_each(|again| tell_device(overlay, number, &again.device));
        }
        _ => {}
    }
    Ok(None)
}

/// An act that concerns one device is news for it, whatever it may see otherwise.
fn tell_device(overlay: &mut Overlay<'_>, number: u64, device: &DeviceId) {
    let event = ScopeEvent::Entry.to_bytes();
    overlay.put(keyspace::event(&Scope::Device(*device), number, &RecordId::ZERO), event);
}

/// Who has the repeated entries must know who wrote them first.
fn tell_scopes(
    overlay: &mut Overlay<'_>,
    number: u64,
    author: &DeviceId,
    pairs: &[Again],
) -> Result<(), RowsError> {
    for again in pairs {
        let Some(entry) = read::<EntryRow>(overlay, &keyspace::entry(author, again.seq))? else { continue };
        let Some(row) = read::<RecordRow>(overlay, &keyspace::record(&entry.record))? else { continue };
        for scope in row.scopes.iter().filter(|scope| **scope != Scope::Municipality) {
            overlay.put(keyspace::event(scope, number, &RecordId::ZERO), ScopeEvent::Entry.to_bytes());
        }
    }
    Ok(())
}

/// Tells each scope what a change means to it. The whole municipality reads the ledger itself and needs no events.
fn note_events(
    overlay: &mut Overlay<'_>,
    number: u64,
    record: &RecordId,
    moved: &Moved,
) -> Result<(), RowsError> {
    for scope in moved.before.union(&moved.after).filter(|scope| **scope != Scope::Municipality) {
        let member = keyspace::member(scope, record);
        let event = match (moved.before.contains(scope), moved.after.contains(scope)) {
            (true, true) => ScopeEvent::Entry,
            (false, _) => {
                overlay.write(member, &number);
                ScopeEvent::Enter
            }
            (true, false) => {
                overlay.delete(member);
                ScopeEvent::Leave
            }
        };
        overlay.put(keyspace::event(scope, number, record), event.to_bytes());
    }
    Ok(())
}
