//! Twin: whether a reply shows that another device writes under this one's name: a copied phone, or a folder restored
//! from a backup. Where each run of own entries ends, the reply names the hash of its last entry.

use std::collections::BTreeSet;

use crate::id::DeviceId;
use crate::log::line::OwnRun;
use crate::log::verdict::Verdict;
use crate::replica::{Replica, ReplicaError};
use crate::rows::{Rows, read};
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::state::local::{COPY, read_own};
use crate::view::own::RefusedEntry;
use crate::wire::message::SyncReply;

use super::reply::Exchanged;

/// What a reply shows of another device under this one's name.
pub(super) enum Twin {
    /// Nothing.
    None,
    /// That there is one; where its entries begin is to be asked for.
    Somewhere,
    /// That there is one. These entries are this device's own.
    Found(Vec<OwnRun>),
}

impl Replica<'_> {
    pub(super) fn find_twin(&self, answer: &SyncReply, one_by_one: bool) -> Result<Twin, ReplicaError> {
        let own_head = self.view().own_head()?.seq;
        let mut ours = Vec::new();
        let mut is_twin = answer.head_seq > own_head || COPY.read(&self.overlay)?.is_some();
        for run in answer.own.iter().filter(|run| run.name == 0) {
            let is_own = self.is_own_run(&self.identity()?.device, run)?;
            // A branch is the other device's, unless it is this one that stands on it.
            is_twin |= run.verdict.is_fork() == is_own;
            if is_own {
                ours.push(run.clone());
            }
        }
        match (is_twin, one_by_one) {
            (false, _) => Ok(Twin::None),
            (true, false) => Ok(Twin::Somewhere),
            (true, true) => Ok(Twin::Found(ours)),
        }
    }

    /// Checks whether the last entry of a run is this device's. Its hash stands for the whole chain before it.
    pub(super) fn is_own_run(&self, device: &DeviceId, run: &OwnRun) -> Result<bool, ReplicaError> {
        let last = read_own(&self.overlay, device, run.end().saturating_sub(1))?;
        Ok(last.is_some_and(|own| own.hash.first_bytes() == run.tail))
    }

    /// Counts own entries that the ledger quarantined on a branch, told for the first time.
    pub(super) fn count_branch(
        &self,
        runs: &[OwnRun],
        exchanged: &mut Exchanged,
    ) -> Result<(), ReplicaError> {
        let (device, known) = (self.identity()?.device, COPY.read_or_default(&self.overlay)?);
        for run in runs {
            let Verdict::Quarantined(reason) = &run.verdict else { continue };
            for seq in (run.first..run.end()).filter(|seq| !known.is_told(*seq)) {
                if let Some(own) = read_own(&self.overlay, &device, seq)? {
                    exchanged.quarantined.push(self.view().refused_entry(&own.record, reason)?);
                }
            }
        }
        Ok(())
    }

    /// Checks whether the ledger lacks own entries, as far as a copy was told.
    pub(super) fn has_untold(&self) -> Result<bool, ReplicaError> {
        let head = self.view().own_head()?.seq;
        Ok(self.view().first_unsent()? <= head)
    }

    /// Counts own entries whose place is told for the first time. Returns the ledger numbers of those in quarantine.
    pub(super) fn count_outcomes(
        &self,
        answer: &SyncReply,
        exchanged: &mut Exchanged,
    ) -> Result<BTreeSet<u64>, ReplicaError> {
        let (mut quarantined, mut counted) = (BTreeSet::new(), BTreeSet::new());
        let (device, rows) = (self.identity()?.device, self.reading());
        for run in answer.own.iter().filter(|run| run.name == 0) {
            for seq in run.first..run.end() {
                // One of a record that comes whole is told there once more.
                if !counted.insert(seq) || rows.get(&keyspace::entry(&device, seq))?.is_some() {
                    continue;
                }
                let Some(own) = read_own(&self.overlay, &device, seq)? else { break };
                match &run.verdict {
                    Verdict::Accepted => exchanged.accepted += 1,
                    Verdict::Quarantined(reason) => {
                        let refused: RefusedEntry = self.view().refused_entry(&own.record, reason)?;
                        exchanged.quarantined.push(refused);
                        quarantined.insert(run.receipt(seq).seq);
                    }
                }
            }
        }
        Ok(quarantined)
    }

    /// Checks whether an own run tells anything that the reading generation does not have.
    pub(super) fn is_news(&self, device: &DeviceId, run: &OwnRun) -> Result<bool, ReplicaError> {
        let rows = self.reading();
        for seq in run.first..run.end() {
            let known: Option<EntryRow> = read(&rows, &keyspace::entry(device, seq))?;
            let Some(known) = known else { return Ok(true) };
            if run.decision.is_some() && known.decided.is_none() {
                return Ok(true);
            }
            if let (Some(change), true) = (known.change, known.accepted().is_some())
                && !crate::state::applied::is_applied(&rows, &known.record, &change)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
