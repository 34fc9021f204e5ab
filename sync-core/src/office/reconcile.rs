//! Reconcile: a scope compared record by record, after fingerprints differed.

use std::collections::{BTreeMap, BTreeSet};

use super::OfficeError;
use super::reply::Reading;
use crate::fold::{Decision, EntryRow, applied_changes, is_applied};
use crate::id::{DeviceId, Hash, RecordId};
use crate::keys;
use crate::limits::HELD_COMPARED_MAX;
use crate::line::{Lines, read_entry};
use crate::notebook::decide::held_rows;
use crate::office::fold::list::mark;
use crate::record::row::RecordRow;
use crate::rows::{Rows, RowsError, decode, read};
use crate::scope::Scope;
use crate::verdict::{Reason, Verdict};

impl Reading<'_> {
    /// Compares a scope record by record: sends whole what differs, and takes back what is not in it.
    pub(super) fn reconcile(
        &mut self,
        scope: &Scope,
        theirs: &[(RecordId, [u8; 8])],
    ) -> Result<u64, OfficeError> {
        let theirs: BTreeMap<RecordId, [u8; 8]> = theirs.iter().copied().collect();
        let members = self.members(scope)?;
        let mut differing = BTreeSet::new();
        for (record, row) in &members {
            if theirs.get(record) != Some(&short_digest(&row.digest(record))) {
                self.moves.insert((scope.clone(), *record), true);
                self.choose_whole(record)?;
                self.acknowledge_own(record)?;
                differing.insert(*record);
            }
        }
        differing.extend(theirs.keys().filter(|record| !members.contains_key(*record)));
        for (_, row) in held_rows(self.rows)? {
            let held = differing.contains(&row.record) && row.device != self.device;
            let change = if held { row.entry()?.entry.body.hash() } else { Hash::ZERO };
            // An entry of the other branch of its author's chain may have made the same change, and count.
            if held && !is_applied(self.rows, &row.record, &change)? {
                self.held_changes.push((row.record, change));
            }
        }
        for record in theirs.keys().filter(|record| !members.contains_key(*record)) {
            self.moves.insert((scope.clone(), *record), false);
        }
        Ok(self.cursors.values().copied().min().unwrap_or(0))
    }

    /// Tells the places of the device's own entries of a record: it may have set them aside with what they build on.
    fn acknowledge_own(&mut self, record: &RecordId) -> Result<(), RowsError> {
        let applied = applied_changes(self.rows, record)?;
        for change in applied.into_iter().filter(|change| change.device == self.device) {
            let row: Option<EntryRow> = read(self.rows, &keys::entry(&change.device, change.seq))?;
            if let Some(receipt) = row.and_then(|row| row.receipt_now()) {
                self.own_places.insert(change.seq, receipt);
            }
        }
        Ok(())
    }

    /// Compares the list of what is held back of others: sends what it lacks, and says of what is not held what was
    /// decided.
    pub(super) fn compare_held(
        &mut self,
        theirs: &[(u64, [u8; 8])],
        aim: usize,
    ) -> Result<Vec<(u64, Option<Decision>)>, OfficeError> {
        if !self.sees_everything() {
            return Ok(Vec::new());
        }
        let theirs: BTreeSet<(u64, [u8; 8])> = theirs.iter().copied().take(HELD_COMPARED_MAX).collect();
        let ours = held_list(self.rows, &self.device)?;
        for (seq, _) in ours.difference(&theirs) {
            // What does not fit is sent once the lists are compared anew.
            if self.is_full(aim) {
                break;
            }
            self.choose(*seq)?;
            self.held_again.push(*seq);
        }
        let mut decided = Vec::new();
        for (seq, _) in theirs.difference(&ours) {
            if ours.range((*seq, [0; 8])..=(*seq, [u8::MAX; 8])).next().is_none() {
                decided.push((*seq, decision_at(self.rows, self.lines, *seq, self.server_seq)?));
            }
        }
        Ok(decided)
    }

    fn members(&self, scope: &Scope) -> Result<BTreeMap<RecordId, RecordRow>, OfficeError> {
        if !self.cursors.contains_key(scope) {
            return Ok(BTreeMap::new());
        }
        members(self.rows, scope).map_err(OfficeError::from)
    }
}

/// The first eight bytes of a digest, as reconciliation compares them.
pub fn short_digest(digest: &Hash) -> [u8; 8] {
    std::array::from_fn(|index| digest.0[index])
}

/// What is held back of others than `device`, as lists of it are compared.
pub fn held_list(rows: &dyn Rows, device: &DeviceId) -> Result<BTreeSet<(u64, [u8; 8])>, RowsError> {
    let others = held_rows(rows)?.into_iter().filter(|(_, row)| row.device != *device);
    Ok(others.map(|(seq, row)| (seq, short_digest(&mark(seq, &row)))).collect())
}

/// What was decided about the entry at a ledger number.
fn decision_at(
    rows: &dyn Rows,
    lines: &dyn Lines,
    seq: u64,
    server_seq: u64,
) -> Result<Option<Decision>, RowsError> {
    if seq == 0 || seq > server_seq {
        return Ok(None);
    }
    let (receipt, chained) = read_entry(lines, seq)?;
    let header = &chained.entry.header;
    let is_fork = receipt.is_some_and(|receipt| receipt.verdict == Verdict::Quarantined(Reason::Fork));
    let key = match (is_fork, chained.hash()) {
        (true, Some(hash)) => keys::fork(&header.device, header.seq, &hash),
        _ => keys::entry(&header.device, header.seq),
    };
    Ok(read::<EntryRow>(rows, &key)?.filter(|row| row.line == seq).and_then(|row| row.decided))
}

/// All records of a scope with their summaries.
pub fn members(rows: &dyn Rows, scope: &Scope) -> Result<BTreeMap<RecordId, RecordRow>, RowsError> {
    let mut found = BTreeMap::new();
    if *scope == Scope::Municipality {
        let prefix = b"r/";
        let mut failure = None;
        rows.scan(prefix, prefix, &mut |key, value| {
            match (RecordId::from_slice(&key[prefix.len()..]), decode::<RecordRow>(value)) {
                (Some(record), Ok(row)) if row.created_seq != 0 => drop(found.insert(record, row)),
                (Some(_), Ok(_)) => {}
                (_, Err(error)) => failure = Some(error),
                (None, _) => failure = Some(RowsError("a record row has a malformed key".into())),
            }
            failure.is_none()
        })?;
        return failure.map_or(Ok(found), Err);
    }
    let prefix = keys::members(scope);
    let mut records = Vec::new();
    rows.scan(&prefix, &prefix, &mut |key, _| {
        records.extend(RecordId::from_slice(&key[prefix.len()..]));
        true
    })?;
    for record in records {
        if let Some(row) = read::<RecordRow>(rows, &keys::record(&record))? {
            found.insert(record, row);
        }
    }
    Ok(found)
}
