//! Reader: items out of streams. Nothing is trusted: each number is checked before it is used or allocated for.

use super::bounds::{Budget, check_change};
use super::bytes::{Reader as Stream, StreamsIn};
use super::change_in::{ChangeIn, Slots};
use super::shape::Shape;
use super::state::State;
use super::tables::{TablesIn, at};
use super::{
    PackBody, PackError, PackItem, REASON_BYTES_MAX, Refs, TABLE_MAX, Unpacked, dep, flag, stream, too_many,
    who,
};
use crate::crypto::Signature;
use crate::id::{DeviceId, Hash, RecordId};
use crate::limits::{ACT_BYTES_MAX, CHANGE_DEPS_MAX, PACK_ENTRIES_MAX};
use crate::log::entry::Header;
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::msgpack;
use crate::record::change::{Change, OpId, RawChange};

/// A shape, and where the numbers of its uses stand.
struct ShapeIn {
    shape: Shape,
    uses: usize,
    used: usize,
    values_from: usize,
}

/// A pack being read.
pub(super) struct Reader<'a> {
    refs: &'a dyn Refs,
    streams: StreamsIn<'a>,
    tables: TablesIn<'a>,
    shapes: Vec<ShapeIn>,
    uses: Vec<u64>,
    changes_read: usize,
    values: Vec<u64>,
    state: State,
    budget: Budget,
    records: Vec<RecordId>,
    last_number: u64,
    /// The change hash of each item so far.
    hashes: Vec<Option<Hash>>,
}

impl<'a> Reader<'a> {
    /// Reads the tables, the shapes and all their slots.
    pub(super) fn new(bytes: &'a [u8], refs: &'a dyn Refs) -> Result<Self, PackError> {
        let mut streams = StreamsIn::split(bytes)?;
        let tables = TablesIn::read(&mut streams)?;
        let mut shapes = read_shapes(&mut streams.whole(stream::SHAPES))?;
        let uses = read_uses(&mut streams.whole(stream::USES), &mut shapes)?;
        let values = read_values(&mut streams.whole(stream::VALUES), &mut shapes)?;
        Ok(Self {
            refs,
            streams,
            tables,
            shapes,
            uses,
            changes_read: 0,
            values,
            state: State::new(),
            budget: Budget::default(),
            records: Vec::new(),
            last_number: 0,
            hashes: Vec::new(),
        })
    }

    /// Returns all items.
    pub(super) fn items(mut self) -> Result<Vec<Unpacked>, PackError> {
        let mut items = Vec::new();
        while self.streams.of(stream::FLAGS).left() > 0 {
            too_many("entries", items.len() as u64 + 1, PACK_ENTRIES_MAX)?;
            items.push(self.item()?);
        }
        if self.changes_read != self.uses.len() {
            return Err(PackError::Malformed("a stream is too long"));
        }
        self.streams.finish()?;
        Ok(items)
    }

    fn item(&mut self) -> Result<Unpacked, PackError> {
        let flags = self.streams.of(stream::FLAGS).varint()?;
        if flags >= flag::END || (flags & flag::ACT != 0 && flags & flag::OF_CHANGE != 0) {
            return Err(PackError::Malformed("unknown flags of an item"));
        }
        let header = self.header(flags)?;
        let (body, raw) = if flags & flag::ACT != 0 {
            let length = self.streams.of(stream::ACT_LENGTHS).varint()?;
            too_many("bytes in an act", length, ACT_BYTES_MAX)?;
            (PackBody::Act(self.streams.of(stream::ACTS).take(length)?.to_vec()), None)
        } else {
            let (change, raw) = self.change(flags, &header)?;
            (PackBody::Change(change), Some(raw))
        };
        self.hashes.push(raw.as_ref().map(|raw| raw.hash));
        let receipt = self.receipt(flags)?;
        let signature = if flags & flag::SIGNED == 0 {
            None
        } else {
            let alg = self.streams.of(stream::ALGS).byte()?;
            Some(Signature { alg, bytes: self.streams.of(stream::SIGNATURES).array()? })
        };
        Ok(Unpacked { item: PackItem { header, body, receipt, signature }, raw })
    }

    fn device(&mut self, stream: usize) -> Result<DeviceId, PackError> {
        let index = self.streams.of(stream).varint()?;
        self.tables.device(index)
    }

    /// Returns a device where the number is one more than its index, or none for 0.
    fn device_or_none(&mut self, stream: usize) -> Result<Option<DeviceId>, PackError> {
        let code = self.streams.of(stream).varint()?;
        code.checked_sub(1).map(|index| self.tables.device(index)).transpose()
    }

    fn header(&mut self, flags: u64) -> Result<Header, PackError> {
        let has = |bit| flags & bit != 0;
        let device = if has(flag::DEVICE) { self.device(stream::ITEM_DEVICES)? } else { self.state.device() };
        let mut header = self.state.base(device);
        header.seq = header.seq.wrapping_add(1);
        if has(flag::SEQ) {
            header.seq = header.seq.wrapping_add_signed(self.streams.of(stream::SEQS).signed()?);
        }
        if has(flag::RECORD) {
            header.record = self.record()?;
        }
        if has(flag::WHO) {
            self.who(&mut header)?;
        }
        let claimed_step = self.streams.split_signed(stream::CLAIMED_HIGH, stream::CLAIMED_LOW)?;
        header.claimed_at_ms = header.claimed_at_ms.wrapping_add(claimed_step);
        header.monotonic_ms = header.monotonic_ms.wrapping_add_signed(claimed_step);
        if has(flag::MONOTONIC) {
            let drift = self.streams.of(stream::MONOTONIC).signed()?;
            header.monotonic_ms = header.monotonic_ms.wrapping_add_signed(drift);
        }
        self.state.note_header(&header);
        Ok(header)
    }

    fn who(&mut self, header: &mut Header) -> Result<(), PackError> {
        let mask = self.streams.of(stream::WHO).varint()?;
        if mask >= who::END {
            return Err(PackError::Malformed("unknown flags of an item"));
        }
        if mask & who::PERSON != 0 {
            header.person = self.tables.person(self.streams.of(stream::PERSONS).varint()?)?;
        }
        if mask & who::BOOT != 0 {
            header.boot = self.tables.boot(self.streams.of(stream::ITEM_BOOTS).varint()?)?;
        }
        if mask & who::ANCHOR != 0 {
            header.anchor = self.tables.anchor(self.streams.of(stream::ITEM_ANCHORS).varint()?)?;
        }
        if mask & who::MUNICIPALITY != 0 {
            let number = self.streams.of(stream::MUNICIPALITIES).varint()?;
            header.municipality =
                number.try_into().map_err(|_| PackError::Malformed("a municipality beyond 32 bits"))?;
        }
        Ok(())
    }

    fn record(&mut self) -> Result<RecordId, PackError> {
        match self.streams.of(stream::ITEM_RECORDS).varint()? {
            0 => self.next_record(),
            1 => Ok(RecordId::ZERO),
            code => at(&self.records, code - 2).copied(),
        }
    }

    fn next_record(&mut self) -> Result<RecordId, PackError> {
        let code = self.streams.of(stream::RECORDS).varint()?;
        let record = match code.checked_sub(1) {
            None => RecordId(self.streams.of(stream::RECORD_IDS).array()?),
            Some(step) => {
                self.last_number = self.last_number.wrapping_add_signed(super::bytes::unzigzag(step));
                let found = self.refs.record_at(self.last_number)?;
                found
                    .ok_or_else(|| PackError::UnknownRef(format!("the record number {}", self.last_number)))?
            }
        };
        let home = self.device_or_none(stream::HOMES)?;
        let state = self.state.record(record);
        state.number = if code == 0 { 0 } else { self.last_number };
        state.home = home;
        self.records.push(record);
        Ok(record)
    }

    fn change(&mut self, flags: u64, header: &Header) -> Result<(Change, RawChange), PackError> {
        let has = |bit| flags & bit != 0;
        let device = if has(flag::ACTOR) { self.device(stream::ACTORS)? } else { header.device };
        let mut seq = self.state.record(header.record).expect_seq(device);
        if has(flag::CHANGE_SEQ) {
            seq = seq.wrapping_add_signed(self.streams.of(stream::CHANGE_SEQS).signed()?);
        }
        let deps = self.deps(has(flag::DEPS), header.record)?;
        let start_op = if has(flag::START_OP) {
            self.state.start_op = self.streams.of(stream::START_OPS).varint()?;
            self.state.start_op
        } else {
            self.state.expect_start(header.record, !deps.is_empty())
        };
        if start_op > u64::from(u32::MAX) {
            return Err(PackError::Malformed("the counters of a change are out of range"));
        }
        let ops = self.ops(header.record, OpId { counter: start_op, device })?;
        let change = Change { device, seq, start_op, deps, ops };
        check_change(&change)?;
        self.state.record(header.record).note_change(self.hashes.len(), &change);
        let raw = change.to_raw().map_err(|_| PackError::Malformed("a change beyond its limits"))?;
        Ok((change, raw))
    }

    fn deps(&mut self, said: bool, record: RecordId) -> Result<Vec<Hash>, PackError> {
        if said {
            let count = self.streams.of(stream::DEP_COUNTS).varint()?;
            too_many("dependencies", count, CHANGE_DEPS_MAX)?;
            return (0..count).map(|_| self.dep(record)).collect();
        }
        let last = self.state.record(record).last_change;
        Ok(last.and_then(|last| self.hashes.get(last).copied().flatten()).into_iter().collect())
    }

    fn dep(&mut self, record: RecordId) -> Result<Hash, PackError> {
        let (number, home) = (self.state.record(record).number, self.state.record(record).home);
        let device = match self.streams.of(stream::DEP_KINDS).varint()? {
            dep::ITEM => return self.dep_item(),
            dep::HOME => home.ok_or(PackError::Malformed("a record without a home device"))?,
            dep::DEVICE => self.device(stream::DEP_DEVICES)?,
            dep::HASH => return Ok(Hash(self.streams.of(stream::DEP_HASHES).array()?)),
            _ => return Err(PackError::Malformed("an unknown kind of dependency")),
        };
        let expected = self.state.expect_dep(device, number);
        let seq = expected.wrapping_add_signed(self.streams.of(stream::DEP_SEQS).signed()?);
        self.state.note_dep(device, seq, number);
        let found = self.refs.change_hash(&record, &device, seq)?;
        found.ok_or_else(|| PackError::UnknownRef(format!("the change {seq} of device {}", device.short())))
    }

    fn dep_item(&mut self) -> Result<Hash, PackError> {
        let back = self.streams.of(stream::DEP_BACKS).varint()?;
        let item = (self.hashes.len() as u64).checked_sub(back);
        let item = item.ok_or(PackError::Malformed("an item that is not there"))?;
        at(&self.hashes, item)?.ok_or(PackError::Malformed("a dependency on an act"))
    }

    fn ops(&mut self, record: RecordId, first: OpId) -> Result<Vec<crate::record::change::Op>, PackError> {
        let use_ = self.uses.get(self.changes_read).ok_or(PackError::Malformed("a stream is too short"))?;
        self.changes_read += 1;
        let index = usize::try_from(*use_).ok().and_then(|index| self.shapes.get_mut(index));
        let shape = index.ok_or(PackError::Malformed("an index beyond its table"))?;
        let slots = Slots { values: &self.values, next: shape.values_from + shape.used, stride: shape.uses };
        shape.used += 1;
        let change = ChangeIn {
            first,
            record: self.state.record(record),
            tables: &self.tables,
            texts: self.streams.of(stream::TEXTS),
            slots,
            budget: &mut self.budget,
            ops: Vec::new(),
            ends: Vec::new(),
        };
        change.put_together(&shape.shape)
    }

    fn receipt(&mut self, flags: u64) -> Result<Option<Receipt>, PackError> {
        let has = |bit| flags & bit != 0;
        self.state.has_receipt ^= has(flag::RECEIPT);
        if !self.state.has_receipt {
            let none = flags & flag::OF_RECEIPT == 0;
            return if none { Ok(None) } else { Err(PackError::Malformed("unknown flags of an item")) };
        }
        let mut receipt = self.state.receipt.clone();
        receipt.seq = receipt.seq.wrapping_add(1);
        if has(flag::LEDGER_SEQ) {
            receipt.seq = receipt.seq.wrapping_add_signed(self.streams.of(stream::LEDGER_SEQS).signed()?);
        }
        if has(flag::RECEIVED) {
            let wait = self.streams.of(stream::RECEIVED).signed()?;
            receipt.received_at_ms = receipt.received_at_ms.wrapping_add(wait);
        }
        if has(flag::CARRIER) {
            receipt.carrier = self.device_or_none(stream::CARRIERS)?;
        }
        receipt.verdict =
            if has(flag::HELD) { Verdict::Quarantined(self.reason()?) } else { Verdict::Accepted };
        self.state.receipt = receipt.clone();
        Ok(Some(receipt))
    }

    fn reason(&mut self) -> Result<Reason, PackError> {
        let length = self.streams.of(stream::REASON_LENGTHS).varint()?;
        too_many("bytes in a reason", length, REASON_BYTES_MAX)?;
        let bytes = self.streams.of(stream::REASONS).take(length)?;
        msgpack::from_slice(bytes).map_err(|_| PackError::Malformed("a reason this version does not know"))
    }
}

fn read_shapes(reader: &mut Stream<'_>) -> Result<Vec<ShapeIn>, PackError> {
    let mut shapes = Vec::new();
    while reader.left() > 0 {
        too_many("shapes", shapes.len() as u64 + 1, TABLE_MAX)?;
        shapes.push(ShapeIn { shape: Shape::read(reader)?, uses: 0, used: 0, values_from: 0 });
    }
    Ok(shapes)
}

fn read_uses(reader: &mut Stream<'_>, shapes: &mut [ShapeIn]) -> Result<Vec<u64>, PackError> {
    let mut uses = Vec::new();
    while reader.left() > 0 {
        too_many("entries", uses.len() as u64 + 1, PACK_ENTRIES_MAX)?;
        let index = reader.varint()?;
        let shape = usize::try_from(index).ok().and_then(|index| shapes.get_mut(index));
        let shape = shape.ok_or(PackError::Malformed("an index beyond its table"))?;
        shape.uses += 1;
        if shape.uses > 1 && !shape.shape.reusable {
            return Err(PackError::Malformed("a large shape used twice"));
        }
        uses.push(index);
    }
    Ok(uses)
}

fn read_values(reader: &mut Stream<'_>, shapes: &mut [ShapeIn]) -> Result<Vec<u64>, PackError> {
    let mut values_from = 0_usize;
    for shape in shapes {
        shape.values_from = values_from;
        values_from = values_from.saturating_add(shape.uses.saturating_mul(shape.shape.slots));
    }
    if values_from > reader.left() {
        return Err(PackError::Malformed("a stream is too short"));
    }
    let values = (0..values_from).map(|_| reader.varint()).collect::<Result<_, _>>()?;
    if reader.left() == 0 { Ok(values) } else { Err(PackError::Malformed("a stream is too long")) }
}
