//! Reconcile: a scope compared record by record, after fingerprints differed.

use crate::log::verdict::Decision;
use crate::state::compare::{held_list, members, short_digest};
use std::collections::{BTreeMap, BTreeSet};

use super::HubError;
use super::reply::Reading;
use crate::id::{Hash, RecordId};
use crate::limits::HELD_COMPARED_MAX;
use crate::log::line::{Lines, read_entry};
use crate::log::verdict::{Reason, Verdict};
use crate::record::row::RecordRow;
use crate::rows::{Rows, RowsError, read};
use crate::scope::Scope;
use crate::state::fold::{EntryRow, applied_changes, is_applied};
use crate::state::held::held_rows;
use crate::state::keyspace;

impl Reading<'_> {
    /// Compares a scope record by record: sends whole what differs, and takes back what is not in it.
    pub(super) fn reconcile(
        &mut self,
        scope: &Scope,
        theirs: &[(RecordId, [u8; 8])],
    ) -> Result<u64, HubError> {
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
            let row: Option<EntryRow> = read(self.rows, &keyspace::entry(&change.device, change.seq))?;
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
    ) -> Result<Vec<(u64, Option<Decision>)>, HubError> {
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

    fn members(&self, scope: &Scope) -> Result<BTreeMap<RecordId, RecordRow>, HubError> {
        if !self.cursors.contains_key(scope) {
            return Ok(BTreeMap::new());
        }
        members(self.rows, scope).map_err(HubError::from)
    }
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
        (true, Some(hash)) => keyspace::fork(&header.device, header.seq, &hash),
        _ => keyspace::entry(&header.device, header.seq),
    };
    Ok(read::<EntryRow>(rows, &key)?.filter(|row| row.line == seq).and_then(|row| row.decided))
}
