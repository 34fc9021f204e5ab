//! Own: where the asking device's entries stand, told as runs in the ledger's order among the entries of others.

use std::collections::BTreeMap;

use super::{EVENTS_MAX, Reading};
use crate::hub::HubError;
use crate::id::{DeviceId, Hash};
use crate::log::act::{Act, Again};
use crate::log::line::{OwnRun, push_run, read_entry};
use crate::rows::{RowsError, decode, number_in, read};
use crate::state::fold::EntryRow;
use crate::state::keyspace;

/// What a run costs in a reply, in bytes.
const RUN_BYTES: usize = 48;

impl Reading<'_> {
    /// Returns the device's own entries after those whose places it knows, by ledger number; and up to which number
    /// that is all of them.
    pub(super) fn own_entries(&self, placed: u64) -> Result<(BTreeMap<u64, u64>, u64), RowsError> {
        let prefix = keyspace::entries(&self.device);
        let from = keyspace::entry(&self.device, placed.saturating_add(1));
        let (mut found, mut read_to, mut failure) = (BTreeMap::new(), self.server_seq, None);
        self.rows.scan(&prefix, &from, &mut |key, value| {
            match (number_in(&key[prefix.len()..]), decode::<EntryRow>(value)) {
                (Ok(seq), Ok(row)) => {
                    let Some(receipt) = row.receipt else { return true };
                    if found.len() >= EVENTS_MAX {
                        read_to = receipt.seq - 1;
                        return false;
                    }
                    found.insert(receipt.seq, seq);
                }
                (Err(error), _) | (_, Err(error)) => failure = Some(error),
            }
            failure.is_none()
        })?;
        failure.map_or(Ok((found, read_to)), Err)
    }

    /// Tells the place of an own entry. A decision about it is told where it was made, so that what the entry builds on
    /// is there by then; and only to a device that is not told the acts.
    pub(super) fn choose_own(&mut self, name: usize, device_seq: u64, decided: bool) -> Result<(), HubError> {
        let key = keyspace::entry(&self.names[name], device_seq);
        let Some(mut row) = read::<EntryRow>(self.rows, &key)? else { return Ok(()) };
        row.decided = row.decided.filter(|_| decided && !self.sees_everything());
        self.tell(name, device_seq, row);
        Ok(())
    }

    /// Tells the place of an own entry among the changes of a record that comes whole. Told before, at its number, it
    /// may have stood without what it builds on.
    pub(super) fn choose_own_of_whole(&mut self, device_seq: u64) -> Result<(), HubError> {
        if let Some(row) = read::<EntryRow>(self.rows, &keyspace::entry(&self.device, device_seq))?
            && let Some(receipt) = &row.receipt
        {
            self.told.remove(&receipt.seq);
        }
        self.choose_own(0, device_seq, true)
    }

    /// Tells what was decided about an own entry, which may stand on a branch.
    fn choose_decided(&mut self, name: usize, device_seq: u64, hash: &Hash) -> Result<(), HubError> {
        let key = keyspace::fork(&self.names[name], device_seq, hash);
        match read::<EntryRow>(self.rows, &key)? {
            Some(row) => self.tell(name, device_seq, row),
            None => self.choose_own(name, device_seq, true)?,
        }
        Ok(())
    }

    /// Tells where the device's name stands on branches, with what was decided: a copy that asks where another device's
    /// entries begin rewrites what is left.
    pub(super) fn choose_branches(&mut self) -> Result<(), HubError> {
        let prefix = [keyspace::FORKS, &self.device.0].concat();
        let mut found = Vec::new();
        let mut failure = None;
        self.rows.scan(&prefix, &prefix, &mut |key, value| {
            let seq = key.get(prefix.len()..prefix.len() + 8).map(number_in);
            match (seq, decode::<EntryRow>(value)) {
                (Some(Ok(seq)), Ok(row)) => found.push((seq, row)),
                (_, Err(error)) => failure = Some(error),
                _ => failure = Some(RowsError("a forked entry has a malformed key".into())),
            }
            failure.is_none() && found.len() < EVENTS_MAX
        })?;
        failure.map_or(Ok(()), Err)?;
        found.into_iter().for_each(|(seq, row)| self.tell(0, seq, row));
        Ok(())
    }

    fn tell(&mut self, name: usize, device_seq: u64, row: EntryRow) {
        let (Some(receipt), Some(hash)) = (row.receipt, row.hash) else { return };
        if !self.told.insert(receipt.seq) && row.decided.is_none() {
            return;
        }
        self.push_run(OwnRun {
            at: u32::try_from(self.items.len()).unwrap_or(u32::MAX),
            name: u8::try_from(name).unwrap_or(u8::MAX),
            first: device_seq,
            count: 1,
            seq: receipt.seq,
            received_at_ms: receipt.received_at_ms,
            carrier: receipt.carrier,
            verdict: receipt.verdict,
            decision: row.decided,
            tail: hash.first_bytes(),
        });
    }

    pub(super) fn push_run(&mut self, run: OwnRun) {
        let before = self.runs.len();
        // Under a name that it had before, the ledger may have another branch: each entry is told with its hash.
        if self.one_by_one || run.name > 0 {
            self.runs.push(run);
        } else {
            push_run(&mut self.runs, run);
        }
        self.bytes += (self.runs.len() - before) * RUN_BYTES;
    }

    /// Tells a device that is not told acts what an act decided about its entries, under whatever name.
    pub(super) fn choose_outcome(&mut self, line: u64) -> Result<(), HubError> {
        let (_, chained) = read_entry(self.lines, line)?;
        let crate::log::entry::Body::Act(bytes) = &chained.entry.body else { return Ok(()) };
        match Act::from_bytes(bytes) {
            Ok(Act::Release { seq, .. } | Act::Dismiss { seq, .. }) => {
                let (_, decided) = read_entry(self.lines, seq)?;
                let header = &decided.entry.header;
                match self.name_of(&header.device) {
                    Some(name) => self.choose_decided(name, header.seq, &decided.hash().unwrap_or_default()),
                    None => Ok(()),
                }
            }
            Ok(Act::Again { pairs }) => {
                self.choose_rewritten(&pairs)?;
                self.choose_said_again(&chained.entry.header.device, &pairs)?;
                self.choose(line)
            }
            // Its standing comes with each reply.
            Ok(Act::Revoke { .. } | Act::Assign { .. } | Act::Enrol { .. }) => Ok(()),
            Ok(
                Act::Genesis { .. }
                | Act::Epoch { .. }
                | Act::Invite { .. }
                | Act::Carry { .. }
                | Act::Clock { .. }
                | Act::Rule { .. }
                | Act::App { .. }
                | Act::BlobStored { .. }
                | Act::BlobMissing { .. }
                | Act::BlobErased { .. },
            )
            | Err(_) => self.choose(line),
        }
    }

    fn choose_rewritten(&mut self, pairs: &[Again]) -> Result<(), HubError> {
        for again in pairs {
            if let Some(name) = self.name_of(&again.device) {
                self.choose_decided(name, again.of_seq, &again.of)?;
            }
        }
        Ok(())
    }

    fn name_of(&self, device: &DeviceId) -> Option<usize> {
        self.names.iter().position(|name| name == device)
    }
}
