//! Pending: own entries that neither count in the mirror nor were dismissed. The records that they touch are folded
//! again into the overlay, above the mirror. Nothing here can fail a sync: an entry that finds no ground is skipped; it
//! stays listed and is still sent.

mod grounds;
mod listing;

pub(super) use grounds::{is_ground, keep_grounds};

use std::collections::BTreeSet;

use grounds::{grounds, needed_grounds, show_ground};
use listing::relist;

use crate::id::{DeviceId, Hash, RecordId};
use crate::judge::ungrounded;
use crate::log::act::Act;
use crate::log::chain::{DecodedBody, decode_body};
use crate::log::entry::ChainedEntry;
use crate::log::line::{CarriedAck, Lines, OwnRun, read_entry};
use crate::log::verdict::Receipt;
use crate::record::change::Change;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::{Overlay, Rows, RowsError, all_under, number_in, read};
use crate::rules::Rules;
use crate::state::fold::{Applied, EntryRow, apply_change};
use crate::state::interpret::{check_creation, missing_upon, read_upon};
use crate::state::keyspace;
use crate::state::layers::{Layer, Merged, clear_overlay, in_overlay, overlay_keys};
use crate::state::local::{
    CONTACT, COPY, DIRTY, GENERATIONS, HEAD, IDENTITY, OwnRow, PROVISIONAL, Pending, dirty, listed,
    note_own_blobs, own, pending, pending_of, provisional, provisional_receipt, read_own, repeating,
    rewritten,
};

/// Folds an own entry that has no place in the ledger yet.
pub(super) fn fold_own(
    rules: &Rules,
    raw: &mut Overlay<'_>,
    lines: &dyn Lines,
    line: u64,
    chained: &ChainedEntry,
    decoded: &DecodedBody,
) -> Result<(), RowsError> {
    let header = &chained.entry.header;
    let hash = chained.hash().ok_or_else(|| RowsError("an own entry lost its chain".into()))?;
    let mut head = HEAD.read_or_default(raw)?;
    (head.seq, head.hash) = (header.seq, hash);
    if let DecodedBody::Change(change) = decoded
        && change.deps.is_empty()
        && check_creation(change) == Some(RecordKind::Order)
    {
        head.folios += 1;
    }
    HEAD.write(raw, &head);
    if let DecodedBody::Act(Act::Again { pairs }) = decoded {
        for again in pairs {
            raw.write(rewritten(&again.device, again.of_seq), &true);
            if again.seq > 0 {
                // It may repeat what itself repeats an older one.
                let key = repeating(&header.device, again.seq);
                let mut all: Vec<Hash> = read(raw, &key)?.unwrap_or_default();
                all.push(again.of);
                raw.write(key, &all);
            }
        }
    }
    let change = decoded.change_hash(&chained.entry.body);
    let row = OwnRow { line, hash, record: header.record, change };
    raw.write(own(&header.device, header.seq), &row);
    show_unplaced(raw, &header.device, header.seq, &row)?;
    let DecodedBody::Change(change) = decoded else { return Ok(()) };
    note_own_blobs(raw, line, &header.device, change);
    let record = &header.record;
    let is_alone = !is_pending(raw, record)?;
    raw.write(pending(record, header.seq), &Pending::Skipped);
    if is_alone || raw.get(&dirty(record))?.is_some() {
        return refold(rules, raw, lines, record);
    }
    // The overlay stands: the newest entry comes on top of it.
    let generation = GENERATIONS.read_or_default(raw)?.shown;
    let item = Item { change: change.clone(), hash: chained.entry.body.hash(), seq: header.seq, line };
    if in_overlay(raw, generation, |rows| put(rules, rows, record, &item))? {
        raw.write(pending(record, header.seq), &Pending::Shown);
    }
    relist(raw, record)
}

/// Shows an own entry that has no place in the mirror, with the receipt that a bundle brought, if one did.
fn show_unplaced(raw: &mut Overlay<'_>, device: &DeviceId, seq: u64, row: &OwnRow) -> Result<(), RowsError> {
    let generation = GENERATIONS.read_or_default(raw)?.shown;
    let entry = EntryRow {
        hash: Some(row.hash),
        line: row.line,
        record: row.record,
        change: row.change,
        receipt: provisional_receipt(raw, device, seq)?,
        decided: None,
    };
    in_overlay(raw, generation, |rows| {
        rows.write(keyspace::entry(device, seq), &entry);
        Ok(())
    })
}

/// Forgets an own entry among those without a place: the mirror has it now.
pub(super) fn forget_unplaced(raw: &mut Overlay<'_>, device: &DeviceId, seq: u64) -> Result<(), RowsError> {
    if raw.get(&provisional(device, seq))?.is_some() {
        raw.delete(provisional(device, seq));
    }
    clear_overlay(raw, [keyspace::entry(device, seq)])
}

/// Takes the places that a signed receipt tells, which a bundle brought. They are provisional: the mirror learns them in
/// the ledger's order.
pub(super) fn fold_receipt(
    rules: &Rules,
    raw: &mut Overlay<'_>,
    lines: &dyn Lines,
    ack: &CarriedAck,
) -> Result<(), RowsError> {
    let Some(me) = IDENTITY.read(raw)? else { return Ok(()) };
    let mut contact = CONTACT.read_or_default(raw)?;
    if ack.device != me.device || ack.epoch != contact.epoch {
        return Ok(());
    }
    let is_twin = match read_own(raw, &me.device, ack.head_seq)? {
        Some(own) => own.hash.first_bytes() != ack.head,
        None => ack.head_seq > 0,
    };
    if is_twin {
        let known = COPY.read_or_default(raw)?;
        COPY.write(raw, &known);
        return Ok(());
    }
    contact.head_seq = contact.head_seq.max(ack.head_seq);
    CONTACT.write(raw, &contact);
    let generation = GENERATIONS.read_or_default(raw)?.shown;
    for run in &ack.runs {
        for seq in run.first..run.end() {
            let Some(row) = read_own(raw, &me.device, seq)? else { break };
            let key = keyspace::entry(&me.device, seq);
            if Layer::mirror(raw, generation).get(&key)?.is_none() {
                raw.write(provisional(&me.device, seq), &run.receipt(seq));
                show_unplaced(raw, &me.device, seq, &row)?;
                mark_dirty(raw, &row.record)?;
            }
        }
    }
    refold_dirty(rules, raw, lines)
}

/// Forgets what receipts said: they were given in another life of the ledger.
pub(super) fn forget_receipts(raw: &mut Overlay<'_>) -> Result<(), RowsError> {
    let Some(me) = IDENTITY.read(raw)? else { return Ok(()) };
    let prefix = [PROVISIONAL, &me.device.0].concat();
    for (tail, _) in all_under::<Receipt>(raw, &prefix)? {
        let seq = number_in(&tail)?;
        raw.delete(provisional(&me.device, seq));
        let Some(row) = read_own(raw, &me.device, seq)? else { continue };
        show_unplaced(raw, &me.device, seq, &row)?;
        mark_dirty(raw, &row.record)?;
    }
    Ok(())
}

/// Shows own entries as a generation has them that does not take the place of the shown one, or as `runs` tell.
pub(super) fn show_as_in(raw: &mut Overlay<'_>, generation: u8, runs: &[OwnRun]) -> Result<(), RowsError> {
    let Some(me) = IDENTITY.read(raw)? else { return Ok(()) };
    let shown = GENERATIONS.read_or_default(raw)?.shown;
    for seq in 1..=HEAD.read_or_default(raw)?.seq {
        let Some(row) = read_own(raw, &me.device, seq)? else { continue };
        let key = keyspace::entry(&me.device, seq);
        let told = runs.iter().find(|run| (run.first..run.end()).contains(&seq)).map(|run| EntryRow {
            hash: Some(row.hash),
            line: row.line,
            record: row.record,
            change: row.change,
            receipt: Some(run.receipt(seq)),
            decided: run.decision.clone(),
        });
        match read::<EntryRow>(&Layer::mirror(raw, generation), &key)?.or(told) {
            Some(entry) => in_overlay(raw, shown, |rows| {
                rows.write(key, &entry);
                Ok(())
            })?,
            None => show_unplaced(raw, &me.device, seq, &row)?,
        }
    }
    Ok(())
}

/// Checks whether a record has pending entries.
fn is_pending(raw: &dyn Rows, record: &RecordId) -> Result<bool, RowsError> {
    let prefix = pending_of(record);
    let mut found = false;
    raw.scan(&prefix, &prefix, &mut |_, _| {
        found = true;
        false
    })?;
    Ok(found)
}

/// Marks a record whose mirror changed, if the overlay stands above it.
pub(super) fn mark_dirty(raw: &mut Overlay<'_>, record: &RecordId) -> Result<(), RowsError> {
    if is_pending(raw, record)? {
        raw.write(dirty(record), &true);
    }
    Ok(())
}

/// Folds the overlay of every marked record again.
pub(super) fn refold_dirty(rules: &Rules, raw: &mut Overlay<'_>, lines: &dyn Lines) -> Result<(), RowsError> {
    for (tail, _) in all_under::<bool>(raw, DIRTY)? {
        let record = RecordId::from_slice(&tail);
        let record = record.ok_or_else(|| RowsError("a mark of a record has a malformed key".into()))?;
        refold(rules, raw, lines, &record)?;
    }
    Ok(())
}

/// A change to put above the mirror.
struct Item {
    change: Change,
    hash: Hash,
    seq: u64,
    line: u64,
}

impl Item {
    fn read(lines: &dyn Lines, line: u64) -> Result<Self, RowsError> {
        let (_, chained) = read_entry(lines, line)?;
        let hash = chained.entry.body.hash();
        match decode_body(&chained.entry.body)? {
            DecodedBody::Change(change) => Ok(Self { change, hash, seq: chained.entry.header.seq, line }),
            DecodedBody::Act(_) => Err(RowsError(format!("line {line} holds no change"))),
        }
    }
}

/// Folds the overlay of a record again: it follows from the mirror, the grounds and the pending entries of the record,
/// and from nothing else.
pub(super) fn refold(
    rules: &Rules,
    raw: &mut Overlay<'_>,
    lines: &dyn Lines,
    record: &RecordId,
) -> Result<(), RowsError> {
    clear(raw, record)?;
    raw.delete(dirty(record));
    let generation = GENERATIONS.read_or_default(raw)?.shown;
    let mut waiting = Vec::new();
    for (seq, line) in still_pending(raw, generation, record)? {
        waiting.push(Item::read(lines, line)?);
        raw.write(pending(record, seq), &Pending::Skipped);
    }
    let grounds = needed_grounds(raw, lines, generation, record, &waiting)?;
    let own: BTreeSet<u64> = waiting.iter().map(|item| item.line).collect();
    waiting.splice(0..0, grounds);
    // What builds on each other may lie in any order; each round puts what is ready.
    loop {
        let before = waiting.len();
        let mut left = Vec::new();
        for item in waiting {
            if !in_overlay(raw, generation, |rows| put(rules, rows, record, &item))? {
                left.push(item);
            } else if own.contains(&item.line) {
                raw.write(pending(record, item.seq), &Pending::Shown);
            } else {
                show_ground(raw, generation, record, &item)?;
            }
        }
        waiting = left;
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    relist(raw, record)
}

/// Clears the overlay of a record.
fn clear(raw: &mut Overlay<'_>, record: &RecordId) -> Result<(), RowsError> {
    let generation = GENERATIONS.read_or_default(raw)?.shown;
    let merged = Merged::new(raw, generation);
    let row: Option<RecordRow> = read(&merged, &keyspace::record(record))?;
    let mut keys = overlay_keys(raw, &keyspace::changes(record))?;
    keys.extend(overlay_keys(raw, &keyspace::change_lookups(record))?);
    keys.extend(overlay_keys(raw, &keyspace::elements(record))?);
    let folios = row.iter().flat_map(|row| row.folios.iter().map(|folio| keyspace::alias(row.kind, folio)));
    keys.extend(folios);
    keys.extend(row.and_then(|row| Some(keyspace::name(row.kind, &row.name()?))));
    // The row may have been the mirror's, of a generation that is not shown any more.
    if let Some(key) = read::<Vec<u8>>(raw, &listed(record))? {
        keys.push(key);
        raw.delete(listed(record));
    }
    keys.push(keyspace::record(record));
    for (_, ground) in grounds(raw, record)? {
        keys.push(ground.1);
    }
    clear_overlay(raw, keys)
}

/// Returns the own entries of a record that are still pending, each with its line; forgets the others.
fn still_pending(
    raw: &mut Overlay<'_>,
    generation: u8,
    record: &RecordId,
) -> Result<Vec<(u64, u64)>, RowsError> {
    let Some(me) = IDENTITY.read(raw)? else { return Ok(Vec::new()) };
    let mut stay = Vec::new();
    for (tail, _) in all_under::<Pending>(raw, &pending_of(record))? {
        let seq = number_in(&tail)?;
        let entry: Option<EntryRow> =
            read(&Layer::mirror(raw, generation), &keyspace::entry(&me.device, seq))?;
        let is_settled = entry.is_some_and(|entry| entry.accepted().is_some() || entry.is_dismissed());
        match read_own(raw, &me.device, seq)? {
            Some(own) if !is_settled => stay.push((seq, own.line)),
            _ => raw.delete(pending(record, seq)),
        }
    }
    Ok(stay)
}

/// Puts a change on top of its record, if it finds its ground there. Returns whether it did.
fn put(rules: &Rules, rows: &mut Overlay<'_>, record: &RecordId, item: &Item) -> Result<bool, RowsError> {
    let change = &item.change;
    let known: Option<RecordRow> = read(rows, &keyspace::record(record))?;
    if missing_upon(known.as_ref(), rows, record, change)?.is_some()
        || ungrounded(rows, record, known.as_ref(), change)?.is_some()
    {
        return Ok(false);
    }
    // A record that another device made, or a number that a twin took.
    let Ok(acceptable) = read_upon(known, rules, change) else { return Ok(false) };
    let applied = Applied {
        record: *record,
        change,
        hash: item.hash,
        device_seq: item.seq,
        line: item.line,
        accepted_as: None,
    };
    apply_change(rows, acceptable, &applied, &|row| row.scopes.clone())?;
    Ok(true)
}

/// Shows or hides each own entry as the mirror that is shown now has it; and finds those that are pending over it.
pub(super) fn recount(raw: &mut Overlay<'_>) -> Result<BTreeSet<RecordId>, RowsError> {
    let Some(me) = IDENTITY.read(raw)? else { return Ok(BTreeSet::new()) };
    let generation = GENERATIONS.read_or_default(raw)?.shown;
    // Entries of names it had before, and behind grounds, show through once the mirror has them.
    for key in overlay_keys(raw, keyspace::ENTRIES)? {
        if Layer::mirror(raw, generation).get(&key)?.is_some() {
            clear_overlay(raw, [key])?;
        }
    }
    let mut records = BTreeSet::new();
    for seq in 1..=HEAD.read_or_default(raw)?.seq {
        let Some(row) = read_own(raw, &me.device, seq)? else { continue };
        let entry: Option<EntryRow> =
            read(&Layer::mirror(raw, generation), &keyspace::entry(&me.device, seq))?;
        match &entry {
            Some(_) => forget_unplaced(raw, &me.device, seq)?,
            None => show_unplaced(raw, &me.device, seq, &row)?,
        }
        let is_settled = entry.is_some_and(|entry| entry.accepted().is_some() || entry.is_dismissed());
        let key = pending(&row.record, seq);
        if row.change.is_none() || (is_settled && raw.get(&key)?.is_none()) {
            continue;
        }
        // What was pending until now is folded once more even if it is settled.
        raw.write(key, &Pending::Skipped);
        raw.write(dirty(&row.record), &true);
        records.insert(row.record);
    }
    Ok(records)
}
