//! Anew: what a device does when the ledger that it read is not the one there is. The server lost a part of its past and
//! began a new life, or this device goes on under a new name. Mending what is here would need to know which of it still
//! holds; instead the device forgets what the ledger had told it, and reads from the beginning like one that has just
//! enrolled. Nobody waits for that: records stay in view as they were until the ledger speaks of them again.

use std::collections::{BTreeMap, BTreeSet};

use super::aside::fold_without;
use super::fold::is_self;
use super::succeed::predecessor;
use crate::id::{DeviceId, Fingerprint, Hash, RecordId};
use crate::log::line::{Identity, Lines};
use crate::record::change::Change;
use crate::record::row::RecordRow;
use crate::rows::{Overlay, Rows, RowsError, all_under, read};
use crate::rules::Rules;
use crate::state::authority::rules_from;
use crate::state::fold::{ChangeRow, EntryRow, applied_changes};
use crate::state::keyspace;

/// What follows from the ledger alone, and is read again.
const TOLD: [&[u8]; 17] = [
    b"a/d/",
    b"a/e",
    b"a/f",
    b"a/g",
    b"a/i/",
    b"a/l/",
    b"f/",
    b"g/",
    b"n/",
    b"p/",
    b"q/",
    b"w/",
    b"y/",
    b"z/",
    keyspace::OWN_HELD,
    b"m/again/",
    b"m/decision/",
];

/// The same, as single facts and those under them.
const TOLD_FACTS: [&str; 9] =
    ["acts_due", "anew", "assigned/", "differs", "due/", "held", "revoked", "rule/", "torn/"];

/// Forgets what the ledger told `me`. Own entries lose their places; what others wrote stays in view, unconfirmed.
pub fn forget(overlay: &mut Overlay<'_>, lines: &dyn Lines, me: &DeviceId) -> Result<(), RowsError> {
    let old_names = old_names(overlay, lines)?;
    let facts = TOLD_FACTS.map(keyspace::fact);
    for prefix in TOLD.into_iter().chain(facts.iter().map(Vec::as_slice)) {
        delete_under(overlay, prefix)?;
    }
    let mut applied = BTreeSet::new();
    for (tail, row) in all_under::<RecordRow>(overlay, keyspace::RECORDS)? {
        let record = RecordId::from_slice(&tail);
        let record = record.ok_or_else(|| RowsError("a record row has a malformed key".into()))?;
        let changes = applied_changes(overlay, &record)?;
        let own = changes.iter().filter(|change| change.device == *me).count();
        let unsent = u32::try_from(own).unwrap_or(u32::MAX);
        let kept = row.changes.saturating_sub(unsent);
        let row = RecordRow {
            created_seq: 0,
            unsent,
            kept,
            held_back: 0,
            fingerprint: Fingerprint::ZERO,
            scopes: BTreeSet::new(),
            ..row
        };
        overlay.write(keyspace::before(&record), &true);
        crate::state::fold::write_row(overlay, &record, &row)?;
        applied.extend(changes.into_iter().map(|change| change.hash));
    }
    for prefix in [keyspace::ENTRIES, keyspace::FORKS] {
        for (tail, row) in all_under::<EntryRow>(overlay, prefix)? {
            let key = [prefix, &tail].concat();
            let is_own = prefix == keyspace::ENTRIES && tail.starts_with(&me.0);
            if !is_own && row.receipt.is_some() {
                overlay.write(keyspace::past(&key), &row);
            }
            let author = tail.get(..16).and_then(DeviceId::from_slice);
            let is_old_name = author.is_some_and(|author| old_names.contains(&author));
            if is_own || applied.contains(&row.change) || (is_old_name && row.change == Hash::ZERO) {
                overlay.write(key, &EntryRow { receipt: None, decided: None, ..row });
            } else {
                overlay.delete(key);
            }
        }
    }
    overlay.write(keyspace::fact("reading"), &true);
    Ok(())
}

/// The names under which this device wrote. What it did there stands in its journal, and a crew is not sent it again.
fn old_names(rows: &dyn Rows, lines: &dyn Lines) -> Result<BTreeSet<DeviceId>, RowsError> {
    let me: Option<Identity> = read(rows, &keyspace::fact("identity"))?;
    let (mut names, mut next) = (BTreeSet::new(), me.map(|me| me.device));
    while let Some(name) = next.filter(|name| names.insert(*name)) {
        next = predecessor(rows, lines, &name)?;
    }
    Ok(names)
}

/// Whether the ledger is being read from the beginning after [`forget`].
pub fn is_reading(rows: &dyn Rows) -> Result<bool, RowsError> {
    Ok(rows.get(&keyspace::fact("reading"))?.is_some())
}

/// The ledger speaks of a record again: from here on it is as the ledger says, with own work on top.
pub fn arrive(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    record: &RecordId,
) -> Result<(), RowsError> {
    let mark = keyspace::before(record);
    if overlay.get(&mark)?.is_none() {
        return Ok(());
    }
    overlay.delete(mark);
    prune(rules, overlay, lines, record)?;
    match read::<RecordRow>(overlay, &keyspace::record(record))? {
        Some(row) => crate::state::fold::write_row(overlay, record, &row),
        None => Ok(()),
    }
}

/// Everything was read: what the ledger did not speak of, it does not have.
pub fn end(rules: &mut Rules, overlay: &mut Overlay<'_>, lines: &dyn Lines) -> Result<(), RowsError> {
    exchange_rules(rules, overlay)?;
    for (tail, _) in all_under::<bool>(overlay, keyspace::BEFORE)? {
        let record = RecordId::from_slice(&tail);
        let record = record.ok_or_else(|| RowsError("a mark of a record has a malformed key".into()))?;
        arrive(rules, overlay, lines, &record)?;
    }
    overlay.delete(keyspace::fact("reading"));
    Ok(())
}

/// Keeps a rule file that is read anew until all is read: a crew works by the newest rules it knows, and not by each of
/// those before them once more.
pub fn keep_rule(overlay: &mut Overlay<'_>, name: &str, json: &str) {
    overlay.put(keyspace::read_rule(name), json.as_bytes().to_vec());
}

/// The rules that were read take the place of those from before.
fn exchange_rules(rules: &mut Rules, overlay: &mut Overlay<'_>) -> Result<(), RowsError> {
    let mut found = Vec::new();
    overlay.scan(keyspace::READ_RULES, keyspace::READ_RULES, &mut |key, json| {
        found.push((key[keyspace::READ_RULES.len()..].to_vec(), json.to_vec()));
        true
    })?;
    if found.is_empty() {
        return Ok(());
    }
    delete_under(overlay, keyspace::RULES)?;
    delete_under(overlay, keyspace::READ_RULES)?;
    for (name, json) in found {
        overlay.put([keyspace::RULES, &name].concat(), json);
    }
    *rules = rules_from(overlay).map_err(|error| RowsError(error.to_string()))?;
    Ok(())
}

/// Drops what others wrote, no ledger has and no own work builds on.
pub fn prune(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    record: &RecordId,
) -> Result<(), RowsError> {
    let row: Option<RecordRow> = read(overlay, &keyspace::record(record))?;
    if row.is_none_or(|row| row.kept == 0) || overlay.get(&keyspace::before(record))?.is_some() {
        return Ok(());
    }
    let mut changes: BTreeMap<Hash, (ChangeRow, Change)> = BTreeMap::new();
    let mut needed = Vec::new();
    for row in applied_changes(overlay, record)? {
        let change = super::aside::read_change_of(lines, &row)?;
        let confirmed = entry_of(overlay, &row)?.is_some_and(|(_, entry)| entry.receipt.is_some());
        if confirmed || is_self(overlay, &row.device)? {
            needed.push(row.hash);
        }
        changes.insert(row.hash, (row, change));
    }
    let mut dropped: BTreeSet<Hash> = changes.keys().copied().collect();
    while let Some(hash) = needed.pop() {
        if dropped.remove(&hash)
            && let Some((_, change)) = changes.get(&hash)
        {
            needed.extend(&change.deps);
        }
    }
    fold_without(rules, overlay, lines, record, &dropped)
}

/// The entry that made an applied change, with its key; on a forked chain it may stand on either branch.
pub fn entry_of(rows: &dyn Rows, change: &ChangeRow) -> Result<Option<(Vec<u8>, EntryRow)>, RowsError> {
    let key = keyspace::entry(&change.device, change.seq);
    if let Some(row) = read::<EntryRow>(rows, &key)?.filter(|row| row.change == change.hash) {
        return Ok(Some((key, row)));
    }
    let prefix = keyspace::forks(&change.device, change.seq);
    let forks = all_under::<EntryRow>(rows, &prefix)?;
    let found = forks.into_iter().find(|(_, row)| row.change == change.hash);
    Ok(found.map(|(tail, row)| ([prefix, tail].concat(), row)))
}

/// Deletes all rows under a prefix.
pub fn delete_under(overlay: &mut Overlay<'_>, prefix: &[u8]) -> Result<(), RowsError> {
    let mut found = Vec::new();
    overlay.scan(prefix, prefix, &mut |key, _| {
        found.push(key.to_vec());
        true
    })?;
    found.into_iter().for_each(|key| overlay.delete(key));
    Ok(())
}
