//! Generations: when the log no longer extends what the mirror was folded from, a new generation is folded from the
//! device's own journal, up to the newest contact whose checkpoint the log extends, and read on from there. The old one
//! stays in view until the new one is whole; then they swap.
//!
//! A [`Reset`] line begins it; [`refill`] folds the lines in force, a bounded number at a time; replies go into the new
//! generation; the first reply that reads the ledger to its end swaps; [`sweep`] deletes the old rows, again bounded.

use std::collections::{BTreeMap, BTreeSet};

use super::mirror::Target;
use super::pending::{keep_grounds, recount};
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::chain::decode_body;
use crate::log::checkpoint;
use crate::log::entry::Anchor;
use crate::log::line::{Contact, DeviceLine, Line, Lines, Reset, read_line};
use crate::record::change::Change;
use crate::rows::{Overlay, Rows, RowsError, all_under};
use crate::rules::Rules;
use crate::state::applied::{ChangeRow, applied_changes};
use crate::state::authority::rules_from;
use crate::state::fold::Received;
use crate::state::layers::{Layer, Merged, mirror};
use crate::state::local::{
    CONTACT, EVIDENCE, Filling, GENERATIONS, Ground, IDENTITY, KEPT, Pending, pending_of,
};

/// Begins a new generation.
pub(super) fn fold_reset(
    raw: &mut Overlay<'_>,
    lines: &dyn Lines,
    number: u64,
    reset: Reset,
) -> Result<(), RowsError> {
    let identity = IDENTITY.read(raw)?.ok_or_else(|| RowsError("a reset before the enrolment".into()))?;
    let mut generations = GENERATIONS.read_or_default(raw)?;
    if let Some(before) = generations.filling.take() {
        generations.swept.push(before.generation);
    }
    let from = contact_at(lines, reset.to_line)?;
    let verified = |contact: &Contact| {
        checkpoint::verify(&contact.checkpoint, &identity.log_verifier).map_err(RowsError)
    };
    let anchor = from.as_ref().map_or(Ok(Anchor::default()), verified)?;
    generations.in_force.push((generations.since_line, number.saturating_sub(1)));
    generations.in_force.retain(|(first, _)| *first <= reset.to_line);
    if let Some(last) = generations.in_force.last_mut() {
        last.1 = last.1.min(reset.to_line);
    }
    generations.since_line = number;
    let generation = generations.number();
    generations.filling =
        Some(Filling { generation, from_size: anchor.size, next_line: 1, to_line: reset.to_line });
    GENERATIONS.write(raw, &generations);

    let mut kept = KEPT.read_or_default(raw)?;
    kept.retain(|one| one.line <= reset.to_line);
    KEPT.write(raw, &kept);
    if reset.is_lost {
        let mut contact = CONTACT.read_or_default(raw)?;
        contact.checkpoint = from.map(|contact| contact.checkpoint).unwrap_or_default();
        contact.anchor = anchor;
        CONTACT.write(raw, &contact);
    }
    EVIDENCE.clear(raw);
    Ok(())
}

fn contact_at(lines: &dyn Lines, number: u64) -> Result<Option<Contact>, RowsError> {
    if number == 0 {
        return Ok(None);
    }
    match read_line(lines, number)? {
        Line::Device(DeviceLine::Contact(contact)) => Ok(Some(contact)),
        _ => Err(RowsError(format!("line {number} is no contact, and a reset names it"))),
    }
}

/// Checks whether lines of the journal are to be folded into a new generation before anything else is.
pub fn is_refill_due(raw: &dyn Rows) -> Result<bool, RowsError> {
    Ok(GENERATIONS.read_or_default(raw)?.filling.is_some_and(|filling| filling.is_due()))
}

/// Folds up to `max` lines of the journal into the new generation. Returns whether more are due. Keep the rows after
/// each call: it goes on where it was.
pub fn refill(raw: &mut Overlay<'_>, lines: &dyn Lines, max: u64) -> Result<bool, RowsError> {
    let mut generations = GENERATIONS.read_or_default(raw)?;
    let Some(mut filling) = generations.filling.clone().filter(Filling::is_due) else { return Ok(false) };
    let in_force = generations.in_force.clone();
    let last = filling.to_line.min(filling.next_line.saturating_add(max.saturating_sub(1)));
    let mut rules = Rules::default();
    let mut target = Target::of(raw, &generations, &mut rules)?;
    for number in filling.next_line..=last {
        if in_force.iter().any(|(first, last)| (*first..=*last).contains(&number)) {
            fold_again(&mut target, raw, lines, number)?;
        }
    }
    filling.next_line = last + 1;
    let more = filling.is_due();
    generations.filling = Some(filling);
    GENERATIONS.write(raw, &generations);
    Ok(more)
}

/// Folds a told line into the generation that is being filled. Other lines stay what they are.
fn fold_again(
    target: &mut Target<'_>,
    raw: &mut Overlay<'_>,
    lines: &dyn Lines,
    number: u64,
) -> Result<(), RowsError> {
    match read_line(lines, number)? {
        Line::Entry { receipt: Some(receipt), chained } => {
            let decoded = decode_body(&chained.entry.body)?;
            let hash = chained.hash();
            let received =
                Received { line: number, receipt: &receipt, chained: &chained, hash, decoded: &decoded };
            target.fold(raw, &received, None)
        }
        Line::Device(DeviceLine::Own(own)) => target.fold_runs(raw, lines, &own.device, &own.runs),
        Line::Device(DeviceLine::Contact(contact)) => {
            target.fold_scopes(raw, contact.server_seq, &contact.moves, &contact.cursors)
        }
        Line::Entry { receipt: None, .. } | Line::Device(_) => Ok(()),
    }
}

/// Shows the generation that was filled in place of the one before. What own work builds on and the new one lacks stays
/// with that work; own entries that the ledger lost are pending again.
pub(super) fn swap(rules: &mut Rules, raw: &mut Overlay<'_>, lines: &dyn Lines) -> Result<(), RowsError> {
    let mut generations = GENERATIONS.read_or_default(raw)?;
    let Some(filling) = generations.filling.take() else { return Ok(()) };
    let old = generations.shown;
    let before = lacking(raw, old, filling.generation)?;
    generations.shown = filling.generation;
    generations.swept.push(old);
    GENERATIONS.write(raw, &generations);
    *rules = rules_from(&Layer::mirror(raw, filling.generation))?;
    for record in recount(raw)? {
        let grounds = grounds(raw, lines, &record, before.get(&record).map_or(&[][..], Vec::as_slice))?;
        keep_grounds(raw, &record, grounds)?;
    }
    Ok(())
}

/// Returns, for each record that own entries ever touched, the changes that the old generation shows and the new one
/// lacks, in the order in which they were applied.
fn lacking(raw: &Overlay<'_>, old: u8, new: u8) -> Result<BTreeMap<RecordId, Vec<ChangeRow>>, RowsError> {
    let Some(me) = IDENTITY.read(raw)? else { return Ok(BTreeMap::new()) };
    let own = all_under::<crate::state::local::OwnRow>(raw, &[b"L/o/".as_slice(), &me.device.0].concat())?;
    let records: BTreeSet<RecordId> =
        own.into_iter().filter(|(_, row)| row.change.is_some()).map(|(_, row)| row.record).collect();
    let (shown, mirror) = (Merged::new(raw, old), Layer::mirror(raw, new));
    let mut found = BTreeMap::new();
    for record in records {
        let there: BTreeSet<Hash> =
            applied_changes(&mirror, &record)?.into_iter().map(|row| row.hash).collect();
        let mut missing = applied_changes(&shown, &record)?;
        missing.retain(|row| row.device != me.device && !there.contains(&row.hash));
        if !missing.is_empty() {
            found.insert(record, missing);
        }
    }
    Ok(found)
}

/// Returns those of the missing changes that pending entries of the record build on, directly or by way of others.
fn grounds(
    raw: &Overlay<'_>,
    lines: &dyn Lines,
    record: &RecordId,
    missing: &[ChangeRow],
) -> Result<Vec<(DeviceId, u64, Ground)>, RowsError> {
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let Some(me) = IDENTITY.read(raw)? else { return Ok(Vec::new()) };
    let read_change = |line: u64| -> Result<Change, RowsError> {
        let (_, chained) = crate::log::line::read_entry(lines, line)?;
        Change::read(chained.entry.body.bytes()).map_err(|error| RowsError(error.to_string()))
    };
    let mut next: Vec<Hash> = Vec::new();
    for (tail, _) in all_under::<Pending>(raw, &pending_of(record))? {
        let seq = crate::rows::number_in(&tail)?;
        if let Some(own) = crate::state::local::read_own(raw, &me.device, seq)? {
            next.extend(read_change(own.line)?.deps);
        }
    }
    let mut needed = BTreeSet::new();
    while let Some(hash) = next.pop() {
        if let Some(row) = missing.iter().find(|row| row.hash == hash)
            && needed.insert(hash)
        {
            next.extend(read_change(row.line)?.deps);
        }
    }
    let ground = |row: &ChangeRow| (row.device, row.seq, Ground { change: row.hash, line: row.line });
    Ok(missing.iter().filter(|row| needed.contains(&row.hash)).map(ground).collect())
}

/// Deletes up to `max` rows of generations that are no longer shown. Returns whether there are more.
pub fn sweep(raw: &mut Overlay<'_>, max: usize) -> Result<bool, RowsError> {
    let mut generations = GENERATIONS.read_or_default(raw)?;
    let Some(generation) = generations.swept.last().copied() else { return Ok(false) };
    let prefix = mirror(generation);
    let mut keys = Vec::new();
    raw.scan(&prefix, &prefix, &mut |key, _| {
        keys.push(key.to_vec());
        keys.len() < max
    })?;
    if keys.len() < max {
        generations.swept.pop();
        GENERATIONS.write(raw, &generations);
    }
    keys.into_iter().for_each(|key| raw.delete(key));
    Ok(!generations.swept.is_empty())
}
