//! The device's fold: one journal line into index rows.

mod contact;
mod count;
mod hold;
pub(super) mod receive;

use super::anew::{delete_under, is_reading, keep_rule};
use super::aside::set_aside;
use crate::id::{DeviceId, Hash};
use crate::log::act::{Act, Again};
use crate::log::chain::DecodedBody;
use crate::log::chain::decode_body;
use crate::log::entry::{ChainedEntry, Header};
use crate::log::verdict::Decision;
use crate::record::change::Change;
use crate::state::authority::apply_act;
use crate::state::fold::{Applied, EntryRow, apply_change, store_row};
use crate::state::held::QuarantineRow;
use crate::state::interpret::{Acceptable, missing_dependency, read_change};
use crate::state::local::{OwnHead, spans};
use crate::state::membership::scopes_of_device;

use crate::log::line::{DeviceLine, Identity, Line, Lines, Parted};
use crate::state::decide::{Settles, decide, note_carried, settle_again};
use crate::state::keyspace;

use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::{Overlay, RowsError, read};
use crate::rules::Rules;
use crate::scope::Scope;
use contact::{fold_anew, fold_contact, fold_places};
use count::count_in;
use receive::fold_received;
use std::collections::BTreeSet;

/// Folds one journal line: how a device's index is rebuilt.
/// `lines` are those before it.
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
            fold_own(rules, overlay, number, &chained, &decoded, None)
        }
        Line::Entry { receipt: Some(receipt), chained } => {
            fold_received(rules, overlay, lines, number, &receipt, &chained)
        }
        Line::Device(line) => fold_device_line(rules, overlay, lines, line),
    }
}

fn broken(reason: &Reason) -> RowsError {
    RowsError(format!("a kept change no longer applies: {reason:?}"))
}

/// Folds an own entry that no server has confirmed.
pub fn fold_own(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    number: u64,
    chained: &ChainedEntry,
    decoded: &DecodedBody,
    judged: Option<Acceptable<'_>>,
) -> Result<(), RowsError> {
    let header = &chained.entry.header;
    let hash = chained.hash().ok_or_else(|| RowsError("an own entry lost its chain".into()))?;
    let mut head: OwnHead = read(overlay, &keyspace::fact("head"))?.unwrap_or_default();
    head.seq = header.seq;
    head.hash = hash;
    if let DecodedBody::Change(change) = decoded {
        let acceptable = match judged {
            Some(acceptable) => acceptable,
            None => read_change(overlay, rules, &header.record, change)?.map_err(|reason| broken(&reason))?,
        };
        if acceptable.is_creation && acceptable.row.kind == RecordKind::Order {
            head.folios += 1;
        }
        let applied = applied(chained, change, number, None);
        apply_change(overlay, acceptable, &applied, |row| row.scopes.clone())?;
    }
    overlay.write(keyspace::fact("head"), &head);
    overlay.write(keyspace::entry(&header.device, header.seq), &entry_row(chained, decoded, number, None));
    Ok(())
}

fn applied<'c>(
    chained: &ChainedEntry,
    change: &'c Change,
    line: u64,
    accepted_as: Option<u64>,
) -> Applied<'c> {
    let header = &chained.entry.header;
    Applied {
        record: header.record,
        change,
        hash: chained.entry.body.hash(),
        device_seq: header.seq,
        line,
        accepted_as,
    }
}

fn entry_row(chained: &ChainedEntry, decoded: &DecodedBody, line: u64, receipt: Option<Receipt>) -> EntryRow {
    let change = match decoded {
        DecodedBody::Change(_) => chained.entry.body.hash(),
        DecodedBody::Act(_) => Hash::ZERO,
    };
    let record = chained.entry.header.record;
    EntryRow { hash: chained.hash(), line, record, change, receipt, decided: None }
}

fn fold_act(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    receipt: &Receipt,
    header: &Header,
    act: &Act,
) -> Result<(), RowsError> {
    let author = &header.device;
    if let Act::Rule { name, json } = act
        && is_reading(overlay)?
    {
        keep_rule(overlay, name, json);
        return Ok(());
    }
    apply_act(overlay, receipt.seq, receipt.received_at_ms, author, act)?;
    match act {
        Act::Rule { name, json } => rules.add(name, json).map_err(|error| RowsError(error.to_string())),
        Act::Release { seq, reason } | Act::Dismiss { seq, reason } => {
            let decision = Decision {
                seq: receipt.seq,
                at_ms: receipt.received_at_ms,
                releases: matches!(act, Act::Release { .. }),
                by: *author,
                reason: reason.clone(),
            };
            fold_decision(rules, overlay, lines, *seq, &decision)
        }
        Act::Revoke { device, reason, .. } => {
            if is_self(overlay, device)? {
                overlay.write(keyspace::fact("revoked"), &(receipt.seq, reason));
            }
            Ok(())
        }
        Act::Enrol { continues: Some(before), .. } if before.retires && is_self(overlay, &before.device)? => {
            overlay
                .write(keyspace::fact("revoked"), &(receipt.seq, "se renovó su llave / its key was renewed"));
            Ok(())
        }
        Act::Assign { device, role, crew, localities, .. } => {
            if is_self(overlay, device)? {
                super::rights::take_over(overlay, *role, crew.as_deref(), localities)?;
            }
            Ok(())
        }
        Act::Carry { device, seq, head } => note_carried(overlay, receipt, header, device, *seq, head),
        Act::Again { pairs } => {
            let known = super::succeed::settles(overlay, lines, author)?;
            let settles = known.unwrap_or_default();
            settle_again(rules, overlay, receipt, author, &settles, pairs)?;
            settle_own(rules, overlay, lines, receipt, author, known.as_ref(), pairs)
        }
        _ => Ok(()),
    }
}

pub(super) fn is_self(overlay: &Overlay<'_>, device: &DeviceId) -> Result<bool, RowsError> {
    let identity: Option<Identity> = read(overlay, &keyspace::fact("identity"))?;
    Ok(identity.is_some_and(|me| me.device == *device))
}

/// Own held entries that somebody has written again are set aside here: their content comes back as that one's.
fn settle_own(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    receipt: &Receipt,
    author: &DeviceId,
    settles: Option<&Settles>,
    pairs: &[Again],
) -> Result<(), RowsError> {
    let is_by_right = settles.is_none_or(|settles| settles.decides);
    for again in pairs {
        if again.device == *author || !is_self(overlay, &again.device)? {
            continue;
        }
        let goes_on = settles.is_some_and(|settles| settles.continues == Some(again.device));
        let is_settled =
            |held: &Receipt| is_by_right || (goes_on && held.verdict == Verdict::Quarantined(Reason::Fork));
        let row: Option<EntryRow> = read(overlay, &keyspace::entry(&again.device, again.of_seq))?;
        let Some(row) = row.filter(|row| row.hash == Some(again.of)) else { continue };
        let decision = Decision {
            seq: receipt.seq,
            at_ms: receipt.received_at_ms,
            releases: false,
            by: *author,
            reason: format!("vuelto a escribir / written again: {}", author.short()),
        };
        match row.receipt {
            Some(held) if held.verdict.is_accepted() => {}
            Some(held) if is_settled(&held) => fold_decision(rules, overlay, lines, held.seq, &decision)?,
            // Its place comes with the same reply.
            None if is_by_right || goes_on => {
                overlay.write(keyspace::own_again(again.of_seq), &(is_by_right, decision));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether the entry held back under `seq` can be applied here. To a copy, which takes no changes under its old name, a
/// release may come without what the released builds on. It stays listed: comparing brings what lacks, and the release again.
fn has_ground(rules: &Rules, overlay: &Overlay<'_>, seq: u64) -> Result<bool, RowsError> {
    let Some(row) = read::<QuarantineRow>(overlay, &keyspace::quarantined(seq))? else { return Ok(true) };
    match decode_body(&row.entry()?.entry.body)? {
        DecodedBody::Change(change) => Ok(missing_dependency(overlay, &row.record, &change)?.is_none()
            && read_change(overlay, rules, &row.record, &change)?.is_ok()),
        DecodedBody::Act(_) => Ok(true),
    }
}

/// A decision on an own entry whose own place is not known yet waits for it: both may come with one reply.
pub(super) fn fold_decision(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    seq: u64,
    decision: &Decision,
) -> Result<(), RowsError> {
    let is_placed = !decision.releases || has_ground(rules, overlay, seq)?;
    let decided = if is_placed { decide(rules, overlay, seq, decision)? } else { None };
    if let Some((record, moved)) = decided.and_then(|decided| decided.applied) {
        let Some(before) = read::<RecordRow>(overlay, &keyspace::record(&record))? else { return Ok(()) };
        let mut row = before.clone();
        // Which other scopes it came into, the reply announces to who has those.
        row.scopes = moved.before.union(&implicit_scopes(overlay, row.kind)?).cloned().collect();
        store_row(overlay, &record, Some(&before), &row)?;
    }
    let identity: Option<Identity> = read(overlay, &keyspace::fact("identity"))?;
    let own_seq: Option<u64> = read(overlay, &keyspace::own_held(seq))?;
    let Some(me) = identity else { return Ok(()) };
    let Some(own_seq) = own_seq else {
        overlay.write(keyspace::own_decision(seq), decision);
        return Ok(());
    };
    let key = keyspace::entry(&me.device, own_seq);
    let Some(mut entry) = read::<EntryRow>(overlay, &key)?.filter(|entry| entry.decided.is_none()) else {
        return Ok(());
    };
    let before = entry.clone();
    entry.decided = Some(decision.clone());
    if let Some(released) = entry.receipt_now().filter(|_| decision.releases) {
        count_in(rules, overlay, lines, &before, &released)?;
    }
    overlay.write(key, &entry);
    if decision.releases {
        return Ok(());
    }
    set_aside(rules, overlay, lines, &entry.record, &BTreeSet::from([entry.change]))
}

/// Scopes that need no announcement: the whole municipality holds everything, the catalog all that is no order.
fn implicit_scopes(overlay: &Overlay<'_>, kind: RecordKind) -> Result<BTreeSet<Scope>, RowsError> {
    let identity: Option<Identity> = read(overlay, &keyspace::fact("identity"))?;
    let mine =
        identity.map(|me| scopes_of_device(me.role, me.crew.as_deref(), &me.localities)).unwrap_or_default();
    let is_catalog = !matches!(kind, RecordKind::Order | RecordKind::Report);
    let holds = |scope: &Scope| *scope == Scope::Municipality || (*scope == Scope::Catalog && is_catalog);
    Ok(mine.into_iter().filter(holds).collect())
}

fn fold_device_line(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    line: DeviceLine,
) -> Result<(), RowsError> {
    match line {
        DeviceLine::Enrolling(enrolling) => overlay.write(keyspace::fact("enrolling"), &enrolling),
        DeviceLine::Enrolled(identity) => {
            super::succeed::leave_old_name(rules, overlay, lines, &identity.device)?;
            overlay.delete(keyspace::fact("enrolling"));
            overlay.write(keyspace::fact("identity"), &identity);
        }
        DeviceLine::Attempt(number) => {
            if !is_reading(overlay)? {
                delete_under(overlay, keyspace::PAST)?;
            }
            overlay.write(keyspace::fact("attempt"), &number);
        }
        DeviceLine::Anew(anew) => fold_anew(rules, overlay, lines, &anew)?,
        DeviceLine::Places(acks, refused) => fold_places(rules, overlay, lines, &acks, &refused)?,
        DeviceLine::Still(number) => {
            let line = lines.line(number)?;
            let Line::Entry { receipt: Some(receipt), chained } = Line::from_bytes(&line)? else {
                return Err(RowsError(format!("line {number} is no entry that was received")));
            };
            fold_received(rules, overlay, lines, number, &receipt, &chained)?;
        }
        DeviceLine::Contact(contact) => fold_contact(rules, overlay, lines, &contact)?,
        DeviceLine::Carried(carried) => {
            overlay.write(keyspace::carried(&carried.device, carried.span.0), &carried);
        }
        DeviceLine::CarriedReceipt(receipt) => {
            // What the server has need not be carried any more; the word about it goes back instead.
            let prefix = [keyspace::CARRIED, &receipt.device.0].concat();
            for (first, last) in spans(overlay, &prefix)? {
                if last <= receipt.span.1 {
                    overlay.delete(keyspace::carried(&receipt.device, first));
                }
            }
            overlay.write(keyspace::fact(&format!("receipt/{}", receipt.device)), &receipt);
        }
        DeviceLine::Parted(parted) => {
            overlay.write(keyspace::fact("evidence"), &parted.kept);
            overlay.write(keyspace::fact("recover"), &true);
            let mut all: Vec<Parted> = read(overlay, &keyspace::fact("parted"))?.unwrap_or_default();
            if all.len() < PARTED_MAX {
                all.push(parted);
            }
            overlay.write(keyspace::fact("parted"), &all);
        }
    }
    Ok(())
}

/// Most partings listed; each stays in the journal.
const PARTED_MAX: usize = 16;
