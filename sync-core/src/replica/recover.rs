//! Recovery: what a server lost and this device still has. Own entries are offered by the exchange itself; those of
//! others, which a device that sees everything holds with their signatures, are handed over like carried ones.

use std::collections::BTreeMap;

use serde_bytes::ByteBuf;

use super::anew::is_reading;
use super::sync::request::DecidedEntry;
use super::{Replica, ReplicaError};
use crate::id::DeviceId;
use crate::limits::SEGMENT_ENTRIES_MAX;
use crate::log::entry::ChainedEntry;
use crate::log::line::{Carried, DeviceLine, read_entry};
use crate::record::row::RecordRow;
use crate::rows::{all_under, read};
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::wire::message::Segment;

impl Replica<'_> {
    /// After a parting, once everything was read anew: takes what the ledger no longer has of others to carry.
    pub(super) fn carry_lost(&mut self) -> Result<u64, ReplicaError> {
        let identity = self.identity()?.clone();
        let is_due = read(self.rows(), &keyspace::fact("recover"))?.unwrap_or(false);
        // Who has not read everything anew cannot tell: a copy reads under its new name, a revoked one no more.
        if !is_due || is_reading(self.rows())? {
            return Ok(0);
        }
        self.overlay.delete(keyspace::fact("recover"));
        if !identity.role.sees_everything() {
            return Ok(0);
        }
        let genesis: Option<crate::state::authority::GenesisRow> = read(self.rows(), &keyspace::genesis())?;
        let mut carried = 0;
        for (device, lost) in self.lost_entries()? {
            // The office writes its own chain anew.
            if device != identity.device && genesis.as_ref().is_none_or(|genesis| genesis.office != device) {
                carried += self.carry_chain(&device, lost)?;
            }
        }
        Ok(carried)
    }

    /// Entries that the ledger had and has no more, by author.
    fn lost_entries(&self) -> Result<BTreeMap<DeviceId, Vec<EntryRow>>, ReplicaError> {
        let mut lost: BTreeMap<DeviceId, Vec<EntryRow>> = BTreeMap::new();
        let prefix = keyspace::past(keyspace::ENTRIES);
        for (tail, past) in all_under::<EntryRow>(self.rows(), &prefix)? {
            let now: Option<EntryRow> = read(self.rows(), &[keyspace::ENTRIES, &tail].concat())?;
            let is_same = |now: &EntryRow| now.is_same(past.hash.as_ref(), &past.change);
            let is_there = now.is_some_and(|now| now.receipt.is_some() && is_same(&now));
            let device = tail.get(..16).and_then(DeviceId::from_slice);
            if let (false, Some(device)) = (is_there, device) {
                lost.entry(device).or_default().push(past);
            }
        }
        Ok(lost)
    }

    /// Segments out of entries that follow one another, each up to the last signature it holds.
    fn carry_chain(&mut self, device: &DeviceId, lost: Vec<EntryRow>) -> Result<u64, ReplicaError> {
        let mut run: Vec<ChainedEntry> = Vec::new();
        let mut carried = 0;
        for row in lost {
            let (_, chained) = read_entry(&self.lines, row.line)?;
            let follows = run.last().is_none_or(|last| last.entry.header.seq + 1 == chained.entry.header.seq);
            if !follows {
                carried += self.carry_run(device, &mut run)?;
                run.clear();
            }
            run.push(chained);
            if run.len() >= SEGMENT_ENTRIES_MAX {
                carried += self.carry_run(device, &mut run)?;
            }
        }
        Ok(carried + self.carry_run(device, &mut run)?)
    }

    /// Takes the signed beginning of `run` to carry, and leaves the rest.
    fn carry_run(&mut self, device: &DeviceId, run: &mut Vec<ChainedEntry>) -> Result<u64, ReplicaError> {
        let Some(signed) = run.iter().rposition(|chained| chained.signature.is_some()) else { return Ok(0) };
        let entries: Vec<ChainedEntry> = run.drain(..=signed).collect();
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(0) };
        let Some(first_prev) = first.prev else { return Ok(0) };
        let span = (first.entry.header.seq, last.entry.header.seq);
        let pack = crate::wire::convert::spelled_out(entries)?;
        let prev = std::array::from_fn(|index| first_prev.0[index]);
        let segment = Segment { device: *device, prev, pack };
        let bytes = rmp_serde::to_vec(&segment).expect("a segment always has a MessagePack form");
        let carried = Carried { device: *device, span, bytes: ByteBuf::from(bytes), prev: Some(first_prev) };
        self.push_device_line(DeviceLine::Carried(carried))?;
        Ok(span.1 - span.0 + 1)
    }

    pub(super) fn newly_decided(
        &self,
        before: &BTreeMap<u64, EntryRow>,
    ) -> Result<Vec<DecidedEntry>, ReplicaError> {
        let mut news = Vec::new();
        for (seq, row) in self.view().own_decided()? {
            let Some(decision) = row.decided.filter(|_| !before.contains_key(&seq)) else { continue };
            let record: Option<RecordRow> = read(self.rows(), &keyspace::record(&row.record))?;
            news.push(DecidedEntry {
                folio: record.and_then(|record| record.name()),
                released: decision.releases,
                reason: decision.reason,
            });
        }
        Ok(news)
    }
}
