//! Take: the entries of a reply become lines of the journal, others' and own places in the ledger's order; what the
//! ledger lost of others is handed over.

use std::collections::BTreeMap;

use serde_bytes::ByteBuf;

use super::reply::Exchanged;
use crate::id::{DeviceId, Hash, RecordId};
use crate::limits::SEGMENT_ENTRIES_MAX;
use crate::log::entry::{ChainedEntry, Header};
use crate::log::line::{Carried, CarriedAck, DeviceLine, Line, Own, OwnRun, read_entry};
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::msgpack;
use crate::replica::{Replica, ReplicaError};
use crate::rows::{Rows, RowsError, read};
use crate::state::applied::is_applied;
use crate::state::authority::GenesisRow;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::state::layers::Layer;
use crate::state::local::{GENERATIONS, carried_refused, read_own};
use crate::wire::convert::{decode_item, spelled_out};
use crate::wire::message::{Segment, SyncReply};
use crate::wire::pack::{Refs, Unpacked, unpack};

/// Most runs on one line of the journal.
const RUNS_PER_LINE_MAX: usize = 500;

/// What a device knows of what a reply refers to: the generation that reads it, and its own chain.
struct ReplyRefs<'r> {
    rows: Layer<'r>,
    raw: &'r dyn Rows,
    device: DeviceId,
}

impl Refs for ReplyRefs<'_> {
    fn record_number(&self, _: &RecordId) -> Result<Option<u64>, RowsError> {
        Ok(None)
    }

    fn record_at(&self, number: u64) -> Result<Option<RecordId>, RowsError> {
        read(&self.rows, &keyspace::number(number))
    }

    fn change_author(&self, _: &RecordId, _: &Hash) -> Result<Option<(DeviceId, u64)>, RowsError> {
        Ok(None)
    }

    fn change_hash(&self, record: &RecordId, device: &DeviceId, seq: u64) -> Result<Option<Hash>, RowsError> {
        if *device == self.device {
            let own = read_own(self.raw, device, seq)?;
            return Ok(own.filter(|own| own.record == *record).and_then(|own| own.change));
        }
        let row: Option<EntryRow> = read(&self.rows, &keyspace::entry(device, seq))?;
        Ok(row.filter(|row| row.record == *record).and_then(|row| row.change))
    }
}

/// Returns the last carried entry that the ledger has now: on a branch of a forked chain it lies beyond the chain's head.
fn taken_to(receipt: &[u8]) -> Result<u64, ReplicaError> {
    let Some((body, _)) = receipt.split_last_chunk::<64>() else { return Ok(0) };
    let ack: CarriedAck =
        msgpack::from_slice(body).map_err(|error| ReplicaError::Forged(error.to_string()))?;
    Ok(ack.runs.iter().map(|run| run.end().saturating_sub(1)).max().unwrap_or(0))
}

impl Replica<'_> {
    /// Writes the entries of a reply, others' and own places in the ledger's order. Returns how many of others there were.
    ///
    /// # Errors
    /// [`ReplicaError::OutOfStep`] if it refers to what is not here; then nothing is written.
    pub(super) fn take_entries(&mut self, answer: &SyncReply) -> Result<u64, ReplicaError> {
        let device = self.identity()?.device;
        let refs = ReplyRefs { rows: self.reading(), raw: &self.overlay, device };
        let unpacked = unpack(&answer.pack, &refs)?;
        let count = unpacked.len() as u64;
        let mut runs = answer.own.as_slice();
        for (index, item) in (0_u32..).zip(unpacked) {
            let due = runs.partition_point(|run| run.at <= index);
            self.take_runs(&runs[..due])?;
            runs = &runs[due..];
            self.take_entry(item)?;
        }
        self.take_runs(runs)?;
        Ok(count)
    }

    fn take_runs(&mut self, runs: &[OwnRun]) -> Result<(), ReplicaError> {
        let me = self.identity()?.clone();
        for of_name in runs.chunk_by(|one, other| one.name == other.name) {
            let name = usize::from(of_name[0].name);
            let device = if name == 0 { Some(me.device) } else { me.names_before.get(name - 1).copied() };
            let device =
                device.ok_or_else(|| ReplicaError::Forged("it names a name this device never had".into()))?;
            let mut news = Vec::new();
            for run in of_name.iter().filter(|run| !run.verdict.is_fork()) {
                if self.is_own_run(&device, run)? && self.is_news(&device, run)? {
                    news.push(OwnRun { at: 0, name: 0, ..run.clone() });
                }
            }
            for runs in news.chunks(RUNS_PER_LINE_MAX) {
                self.push_device_line(DeviceLine::Own(Own { device, runs: runs.to_vec() }))?;
            }
        }
        Ok(())
    }

    fn take_entry(&mut self, unpacked: Unpacked) -> Result<(), ReplicaError> {
        let Some(receipt) = unpacked.item.receipt.clone() else {
            return Err(ReplicaError::Forged("an entry has no receipt".into()));
        };
        let (entry, _, signature) =
            decode_item(unpacked).map_err(|error| ReplicaError::Forged(error.to_string()))?;
        let prev = self.prev_of(&entry.header, &receipt)?;
        let chained = ChainedEntry { entry, prev, signature };
        if self.is_here(&receipt, &chained)? {
            return Ok(());
        }
        let line = Line::Entry { receipt: Some(receipt), chained };
        self.push(&line)
    }

    /// Checks whether an entry was told before and had its effect.
    fn is_here(&self, receipt: &Receipt, chained: &ChainedEntry) -> Result<bool, ReplicaError> {
        let rows = self.reading();
        let Some(key) = read::<ByteBuf>(&rows, &keyspace::place(receipt.seq))? else { return Ok(false) };
        let Some(known) = read::<EntryRow>(&rows, &key)? else { return Ok(false) };
        if known.is_quarantined() && receipt.verdict.is_accepted() {
            return Ok(false);
        }
        match known.change {
            Some(change) if known.accepted().is_some() => {
                Ok(is_applied(&rows, &chained.entry.header.record, &change)?)
            }
            _ => Ok(true),
        }
    }

    /// Returns the hash of the entry before, which only a device knows that sees all of the author's work. On a branch of
    /// a forked chain the verdict says it.
    fn prev_of(&self, header: &Header, receipt: &Receipt) -> Result<Option<Hash>, ReplicaError> {
        if header.seq <= 1 {
            return Ok(Some(Hash::ZERO));
        }
        if let Verdict::Quarantined(Reason::Fork { after }) = &receipt.verdict {
            return Ok(Some(*after));
        }
        let before: Option<EntryRow> =
            read(&self.reading(), &keyspace::entry(&header.device, header.seq - 1))?;
        Ok(before.and_then(|row| row.hash))
    }

    pub(super) fn take_carried(
        &mut self,
        answer: &SyncReply,
        exchanged: &mut Exchanged,
    ) -> Result<(), ReplicaError> {
        // Noted as this device knows the ledger's length: a copy, which takes no contact, knows the one of before.
        let known_seq = self.view().contact()?.server_seq;
        for result in &answer.carried {
            if let Some(code) = &result.refused {
                exchanged.carried_refused.push((result.device, code.clone()));
                self.overlay.write(carried_refused(&result.device), &known_seq);
                continue;
            }
            let (device, span) = (result.device, (0, result.head_seq.max(taken_to(&result.receipt)?)));
            let receipt = Carried { device, span, bytes: result.receipt.clone(), prev: None };
            self.push_device_line(DeviceLine::CarriedReceipt(receipt))?;
        }
        Ok(())
    }

    /// Takes entries of others to carry that the ledger had before a reset and has no more. Only a device that sees
    /// everything can tell, and only once it has read the ledger to its end again. Returns how many.
    pub(super) fn carry_lost(&mut self, answer: &SyncReply) -> Result<u64, ReplicaError> {
        let identity = self.identity()?.clone();
        let generations = GENERATIONS.read_or_default(&self.overlay)?;
        let Some(filling) = generations.filling else { return Ok(0) };
        if answer.more || answer.standing.revoked.is_some() || !answer.standing.role.sees_everything() {
            return Ok(0);
        }
        let now = Layer::mirror(&self.overlay, filling.generation);
        let genesis: Option<GenesisRow> = read(&now, &keyspace::genesis())?;
        let lost = lost_entries(&Layer::mirror(&self.overlay, generations.shown), &now, filling.from_size)?;
        let mut carried = 0;
        for (device, lost) in lost {
            let is_own = device == identity.device || identity.names_before.contains(&device);
            // The office writes its own chain again.
            if !is_own && genesis.as_ref().is_none_or(|genesis| genesis.office != device) {
                carried += self.carry_chain(&device, lost)?;
            }
        }
        Ok(carried)
    }

    /// Carries entries that follow one another, each run up to the last signature it holds.
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
        let pack = spelled_out(entries)?;
        let segment = Segment { device: *device, prev: first_prev.first_bytes(), pack };
        let bytes = rmp_serde::to_vec(&segment).expect("a segment always has a MessagePack form");
        let carried = Carried { device: *device, span, bytes: ByteBuf::from(bytes), prev: Some(first_prev) };
        self.push_device_line(DeviceLine::Carried(carried))?;
        Ok(span.1 - span.0 + 1)
    }
}

/// Returns entries above a ledger number that `before` has and `now` lacks, by author, in the order of their chains.
fn lost_entries(
    before: &dyn Rows,
    now: &dyn Rows,
    from_size: u64,
) -> Result<BTreeMap<DeviceId, Vec<EntryRow>>, ReplicaError> {
    let mut lost: BTreeMap<DeviceId, BTreeMap<Vec<u8>, EntryRow>> = BTreeMap::new();
    let mut keys = Vec::new();
    let from = keyspace::place(from_size.saturating_add(1));
    before.scan(keyspace::PLACES, &from, &mut |_, value| {
        keys.push(value.to_vec());
        true
    })?;
    for key in keys {
        let key: ByteBuf = crate::rows::decode(&key)?;
        let Some(row) = read::<EntryRow>(before, &key)? else { continue };
        let there: Option<EntryRow> = read(now, &key)?;
        let is_there = there.is_some_and(|there| there.is_same(row.hash.as_ref(), row.change.as_ref()));
        // Those of a branch are the copy's own to bring.
        let device =
            key.strip_prefix(keyspace::ENTRIES).and_then(|tail| DeviceId::from_slice(tail.get(..16)?));
        if let (false, Some(device)) = (is_there, device) {
            lost.entry(device).or_default().insert(key.into_vec(), row);
        }
    }
    Ok(lost.into_iter().map(|(device, rows)| (device, rows.into_values().collect())).collect())
}
