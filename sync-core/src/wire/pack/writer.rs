//! Writer: items into streams.

use std::collections::BTreeMap;

use super::bounds::{Budget, check_change};
use super::bytes::StreamsOut;
use super::change_out::ChangeOut;
use super::shape::Shape;
use super::state::State;
use super::tables::{Names, Table};
use super::{PackBody, PackError, PackItem, Refs, dep, flag, stream, too_many, who};
use crate::id::{BootId, DeviceId, Hash, PersonId, RecordId};
use crate::limits::ACT_BYTES_MAX;
use crate::log::entry::{Anchor, Header};
use crate::log::verdict::{Receipt, Verdict};
use crate::record::change::{Change, Obj, OpId, Place};

/// A shape and the slots of each of its uses.
struct ShapeOut {
    slots: usize,
    uses: Vec<Vec<u64>>,
}

/// A pack being written.
pub(super) struct Writer<'a> {
    refs: &'a dyn Refs,
    out: StreamsOut,
    state: State,
    budget: Budget,
    names: Names,
    devices: Table<DeviceId>,
    persons: Table<PersonId>,
    boots: Table<BootId>,
    anchors: Table<Anchor>,
    records: Table<RecordId>,
    homes: BTreeMap<RecordId, DeviceId>,
    last_number: u64,
    shapes: Vec<ShapeOut>,
    shape_index: BTreeMap<Vec<u8>, usize>,
    /// The item that holds each change so far.
    changes: BTreeMap<Hash, usize>,
    hashes: &'a [Hash],
}

impl<'a> Writer<'a> {
    /// Returns a writer of these items, whose bodies have these hashes.
    pub(super) fn new(items: &[PackItem], hashes: &'a [Hash], refs: &'a dyn Refs) -> Result<Self, PackError> {
        Ok(Self {
            refs,
            out: StreamsOut::new(),
            state: State::new(),
            budget: Budget::default(),
            names: Names::of(items)?,
            devices: Table::new(),
            persons: Table::new(),
            boots: Table::new(),
            anchors: Table::new(),
            records: Table::new(),
            homes: homes_of(items),
            last_number: 0,
            shapes: Vec::new(),
            shape_index: BTreeMap::new(),
            changes: BTreeMap::new(),
            hashes,
        })
    }

    /// Adds the item at `index`.
    pub(super) fn item(&mut self, index: usize, item: &PackItem) -> Result<(), PackError> {
        let mut flags = self.header(&item.header)?;
        match &item.body {
            PackBody::Change(change) => flags |= self.change(index, &item.header, change)?,
            PackBody::Act(bytes) => {
                too_many("bytes in an act", bytes.len() as u64, ACT_BYTES_MAX)?;
                self.out.put(stream::ACT_LENGTHS, bytes.len() as u64);
                self.out.extend(stream::ACTS, bytes);
                flags |= flag::ACT;
            }
        }
        if item.receipt.is_some() != self.state.has_receipt {
            self.state.has_receipt = !self.state.has_receipt;
            flags |= flag::RECEIPT;
        }
        if let Some(receipt) = &item.receipt {
            flags |= self.receipt(receipt)?;
        }
        if let Some(signature) = &item.signature {
            self.out.extend(stream::ALGS, &[signature.alg]);
            self.out.extend(stream::SIGNATURES, &signature.bytes);
            flags |= flag::SIGNED;
        }
        self.out.put(stream::FLAGS, flags);
        Ok(())
    }

    fn header(&mut self, header: &Header) -> Result<u64, PackError> {
        let mut flags = 0;
        if header.device != self.state.device() {
            self.out.put(stream::ITEM_DEVICES, self.devices.intern(header.device));
            flags |= flag::DEVICE;
        }
        let base = self.state.base(header.device);
        if header.seq != base.seq.wrapping_add(1) {
            let step = header.seq.wrapping_sub(base.seq.wrapping_add(1));
            self.out.put_signed(stream::SEQS, step.cast_signed());
            flags |= flag::SEQ;
        }
        if header.record != base.record {
            let code = self.record_code(header.record)?;
            self.out.put(stream::ITEM_RECORDS, code);
            flags |= flag::RECORD;
        }
        let who = self.who(header, &base);
        if who != 0 {
            self.out.put(stream::WHO, who);
            flags |= flag::WHO;
        }
        let claimed_step = header.claimed_at_ms.wrapping_sub(base.claimed_at_ms);
        self.out.put_split(stream::CLAIMED_HIGH, stream::CLAIMED_LOW, claimed_step);
        let expected = base.monotonic_ms.wrapping_add(claimed_step.cast_unsigned());
        if header.monotonic_ms != expected {
            let drift = header.monotonic_ms.wrapping_sub(expected).cast_signed();
            self.out.put_signed(stream::MONOTONIC, drift);
            flags |= flag::MONOTONIC;
        }
        self.state.note_header(header);
        Ok(flags)
    }

    fn who(&mut self, header: &Header, base: &Header) -> u64 {
        let mut mask = 0;
        if header.person != base.person {
            self.out.put(stream::PERSONS, self.persons.intern(header.person));
            mask |= who::PERSON;
        }
        if header.boot != base.boot {
            self.out.put(stream::ITEM_BOOTS, self.boots.intern(header.boot));
            mask |= who::BOOT;
        }
        if header.anchor != base.anchor {
            self.out.put(stream::ITEM_ANCHORS, self.anchors.intern(header.anchor));
            mask |= who::ANCHOR;
        }
        if header.municipality != base.municipality {
            self.out.put(stream::MUNICIPALITIES, u64::from(header.municipality));
            mask |= who::MUNICIPALITY;
        }
        mask
    }

    /// Returns 0 for the next record of the table, 1 for none, else two more than the index.
    fn record_code(&mut self, record: RecordId) -> Result<u64, PackError> {
        if record == RecordId::ZERO {
            return Ok(1);
        }
        let known = self.records.list.len() as u64;
        let index = self.records.intern(record);
        if index < known {
            return Ok(index + 2);
        }
        let number = self.refs.record_number(&record)?;
        let step = number.map(|number| number.wrapping_sub(self.last_number).cast_signed());
        match step.map(super::bytes::zigzag).and_then(|step| step.checked_add(1)) {
            Some(code) => {
                self.last_number = number.unwrap_or_default();
                self.state.record(record).number = self.last_number;
                self.out.put(stream::RECORDS, code);
            }
            None => {
                self.out.put(stream::RECORDS, 0);
                self.out.extend(stream::RECORD_IDS, &record.0);
            }
        }
        let home = self.homes.get(&record).copied();
        self.state.record(record).home = home;
        let home = home.map_or(0, |device| self.devices.intern(device) + 1);
        self.out.put(stream::HOMES, home);
        Ok(0)
    }

    fn change(&mut self, index: usize, header: &Header, change: &Change) -> Result<u64, PackError> {
        check_change(change)?;
        self.budget.spend_ops(change.ops.iter().map(|op| 1 + op.preds.len()).sum())?;
        let mut flags = 0;
        if change.device != header.device {
            self.out.put(stream::ACTORS, self.devices.intern(change.device));
            flags |= flag::ACTOR;
        }
        let expected = self.state.record(header.record).expect_seq(change.device);
        if change.seq != expected {
            self.out.put_signed(stream::CHANGE_SEQS, change.seq.wrapping_sub(expected).cast_signed());
            flags |= flag::CHANGE_SEQ;
        }
        let expected = self.state.expect_start(header.record, !change.deps.is_empty());
        if change.start_op != expected {
            self.out.put(stream::START_OPS, change.start_op);
            self.state.start_op = change.start_op;
            flags |= flag::START_OP;
        }
        let last = self.state.record(header.record).last_change;
        let follows = last.and_then(|last| self.hashes.get(last));
        if change.deps.as_slice() != follows.map(std::slice::from_ref).unwrap_or_default() {
            self.deps(index, header.record, &change.deps)?;
            flags |= flag::DEPS;
        }
        self.ops(header.record, change)?;
        self.state.record(header.record).note_change(index, change);
        self.changes.insert(self.hashes[index], index);
        Ok(flags)
    }

    fn deps(&mut self, index: usize, record: RecordId, deps: &[Hash]) -> Result<(), PackError> {
        self.out.put(stream::DEP_COUNTS, deps.len() as u64);
        for hash in deps {
            let (number, home) = (self.state.record(record).number, self.state.record(record).home);
            if let Some(item) = self.changes.get(hash) {
                self.out.put(stream::DEP_KINDS, dep::ITEM);
                self.out.put(stream::DEP_BACKS, (index - item) as u64);
            } else if let Some((device, seq)) = self.refs.change_author(&record, hash)? {
                if home == Some(device) {
                    self.out.put(stream::DEP_KINDS, dep::HOME);
                } else {
                    self.out.put(stream::DEP_KINDS, dep::DEVICE);
                    self.out.put(stream::DEP_DEVICES, self.devices.intern(device));
                }
                let expected = self.state.expect_dep(device, number);
                self.out.put_signed(stream::DEP_SEQS, seq.wrapping_sub(expected).cast_signed());
                self.state.note_dep(device, seq, number);
            } else {
                self.out.put(stream::DEP_KINDS, dep::HASH);
                self.out.extend(stream::DEP_HASHES, &hash.0);
            }
        }
        Ok(())
    }

    fn ops(&mut self, record: RecordId, change: &Change) -> Result<(), PackError> {
        let taken =
            ChangeOut::new(change, self.state.record(record), &self.names, &mut self.devices, &mut self.out);
        let (steps, slots) = taken.take_apart()?;
        let (shape, bytes) = Shape::new(steps);
        let next = self.shapes.len();
        let index = match self.shape_index.get(&bytes) {
            Some(index) if shape.reusable => *index,
            _ => {
                self.out.extend(stream::SHAPES, &bytes);
                self.shape_index.insert(bytes, next);
                self.shapes.push(ShapeOut { slots: shape.slots, uses: Vec::new() });
                next
            }
        };
        self.out.put(stream::USES, index as u64);
        self.shapes[index].uses.push(slots);
        Ok(())
    }

    fn receipt(&mut self, receipt: &Receipt) -> Result<u64, PackError> {
        let mut flags = 0;
        let last = &self.state.receipt;
        let seq_step = receipt.seq.wrapping_sub(last.seq.wrapping_add(1)).cast_signed();
        if seq_step != 0 {
            self.out.put_signed(stream::LEDGER_SEQS, seq_step);
            flags |= flag::LEDGER_SEQ;
        }
        let wait = receipt.received_at_ms.wrapping_sub(last.received_at_ms);
        if wait != 0 {
            self.out.put_signed(stream::RECEIVED, wait);
            flags |= flag::RECEIVED;
        }
        if receipt.carrier != last.carrier {
            let code = receipt.carrier.map_or(0, |device| self.devices.intern(device) + 1);
            self.out.put(stream::CARRIERS, code);
            flags |= flag::CARRIER;
        }
        if let Verdict::Quarantined(reason) = &receipt.verdict {
            let bytes = rmp_serde::to_vec_named(reason)
                .map_err(|_| PackError::Malformed("a reason without a MessagePack form"))?;
            too_many("bytes in a reason", bytes.len() as u64, super::REASON_BYTES_MAX)?;
            self.out.put(stream::REASON_LENGTHS, bytes.len() as u64);
            self.out.extend(stream::REASONS, &bytes);
            flags |= flag::HELD;
        }
        self.state.receipt = receipt.clone();
        Ok(flags)
    }

    /// Writes the tables and the slots of all shapes.
    pub(super) fn finish(mut self) -> StreamsOut {
        let out = &mut self.out;
        self.devices.list.iter().for_each(|device| out.extend(stream::DEVICES, &device.0));
        self.persons.list.iter().for_each(|person| out.extend(stream::PERSON_IDS, &person.0));
        self.boots.list.iter().for_each(|boot| out.extend(stream::BOOTS, &boot.0));
        let mut size = 0_u64;
        for anchor in &self.anchors.list {
            out.put_signed(stream::ANCHOR_SIZES, anchor.size.wrapping_sub(size).cast_signed());
            out.extend(stream::ROOTS, &anchor.root.0);
            size = anchor.size;
        }
        for name in &self.names.list {
            out.put(stream::NAME_LENGTHS, name.len() as u64);
            out.extend(stream::NAME_BYTES, name.as_bytes());
        }
        for shape in &self.shapes {
            for slot in 0..shape.slots {
                shape.uses.iter().for_each(|slots| out.put(stream::VALUES, slots[slot]));
            }
        }
        self.out
    }
}

/// Returns the device that each record's operations refer to first: mostly its creator, who made its
/// skeleton. An object counts before an element or a predecessor.
fn homes_of(items: &[PackItem]) -> BTreeMap<RecordId, DeviceId> {
    let mut objects = BTreeMap::new();
    let mut others = BTreeMap::new();
    for item in items {
        let PackBody::Change(change) = &item.body else { continue };
        let is_outside = |id: &OpId| id.device != change.device || id.counter < change.start_op;
        let record = item.header.record;
        for op in &change.ops {
            if let Obj::At(id) = op.obj
                && is_outside(&id)
            {
                objects.entry(record).or_insert(id.device);
            }
            let elem = if let Place::Elem(id) = &op.place { Some(id) } else { None };
            if let Some(id) = op.preds.iter().chain(elem).find(|id| is_outside(id)) {
                others.entry(record).or_insert(id.device);
            }
        }
    }
    others.extend(objects);
    others
}
