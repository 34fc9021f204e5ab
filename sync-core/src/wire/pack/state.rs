//! State: what follows from the items so far. Writer and reader keep it alike, so that it need not be said.

use std::collections::BTreeMap;

use crate::id::{BootId, DeviceId, PersonId, RecordId};
use crate::log::entry::{Anchor, Header};
use crate::log::verdict::{Receipt, Verdict};
use crate::record::change::{Action, Change, Obj, Op, OpId};

/// The expectations that the items so far set for the next one.
pub(super) struct State {
    last: Header,
    devices: BTreeMap<DeviceId, Header>,
    records: BTreeMap<RecordId, RecordState>,
    /// Receipt of the last item that had one.
    pub(super) receipt: Receipt,
    /// Whether the last item had a receipt.
    pub(super) has_receipt: bool,
    /// The last first operation that had to be said.
    pub(super) start_op: u64,
    deps: BTreeMap<DeviceId, (u64, u64)>,
}

/// The state of one record in a pack.
#[derive(Default)]
pub(super) struct RecordState {
    /// The number both sides know it by, 0 where there is none.
    pub(super) number: u64,
    /// The device most of its operations refer to.
    pub(super) home: Option<DeviceId>,
    /// Index of the last item that changes it.
    pub(super) last_change: Option<usize>,
    max_op: u64,
    seqs: BTreeMap<DeviceId, u64>,
    keys: BTreeMap<(Obj, u64), OpId>,
    elems: BTreeMap<Obj, OpId>,
}

impl State {
    /// Returns the state before the first item.
    pub(super) fn new() -> Self {
        let last = Header {
            municipality: 0,
            device: DeviceId::ZERO,
            seq: 0,
            record: RecordId::ZERO,
            person: PersonId::ZERO,
            claimed_at_ms: 0,
            boot: BootId::ZERO,
            monotonic_ms: 0,
            anchor: Anchor::default(),
        };
        let receipt = Receipt { seq: 0, received_at_ms: 0, carrier: None, verdict: Verdict::Accepted };
        Self {
            last,
            devices: BTreeMap::new(),
            records: BTreeMap::new(),
            receipt,
            has_receipt: false,
            start_op: 1,
            deps: BTreeMap::new(),
        }
    }

    /// Returns the device of the last item.
    pub(super) fn device(&self) -> DeviceId {
        self.last.device
    }

    /// Returns the header that the next item of `device` most resembles: its last one, or else that of the
    /// last item with the sequence number and the record taken out.
    pub(super) fn base(&self, device: DeviceId) -> Header {
        match self.devices.get(&device) {
            Some(header) => header.clone(),
            None => Header { device, seq: 0, record: RecordId::ZERO, ..self.last.clone() },
        }
    }

    /// Takes note of an item's header.
    pub(super) fn note_header(&mut self, header: &Header) {
        self.devices.insert(header.device, header.clone());
        self.last = header.clone();
    }

    /// Returns the state of a record.
    pub(super) fn record(&mut self, record: RecordId) -> &mut RecordState {
        self.records.entry(record).or_default()
    }

    /// Returns the sequence number that a dependency on a change by `device` most likely has: records made
    /// one after another have numbers and authors' sequence numbers that grow alike.
    pub(super) fn expect_dep(&self, device: DeviceId, number: u64) -> u64 {
        let (seq, last_number) = self.deps.get(&device).copied().unwrap_or_default();
        seq.wrapping_add(number.wrapping_sub(last_number))
    }

    /// Takes note of such a dependency.
    pub(super) fn note_dep(&mut self, device: DeviceId, seq: u64, number: u64) {
        self.deps.insert(device, (seq, number));
    }

    /// Returns the first operation that a change most likely starts with.
    pub(super) fn expect_start(&mut self, record: RecordId, has_deps: bool) -> u64 {
        let last_said = self.start_op;
        let known = self.record(record);
        match (known.last_change, has_deps) {
            (Some(_), _) => known.max_op.saturating_add(1),
            (None, true) => last_said,
            (None, false) => 1,
        }
    }
}

impl RecordState {
    /// Returns the sequence number that the next change by `device` most likely has.
    pub(super) fn expect_seq(&self, device: DeviceId) -> u64 {
        self.seqs.get(&device).copied().unwrap_or_default().wrapping_add(1)
    }

    /// Takes note of a change; its operations are noted one by one.
    pub(super) fn note_change(&mut self, item: usize, change: &Change) {
        self.last_change = Some(item);
        self.max_op = self.max_op.max(change.max_op().unwrap_or_default());
        self.seqs.insert(change.device, change.seq);
    }

    /// Returns the operation that last wrote this key.
    pub(super) fn last_write(&self, obj: Obj, key: u64) -> Option<OpId> {
        self.keys.get(&(obj, key)).copied()
    }

    /// Returns the element last inserted into this object.
    pub(super) fn last_elem(&self, obj: Obj) -> Option<OpId> {
        self.elems.get(&obj).copied()
    }

    /// Takes note of an operation; `key` is the index of its key among the names.
    pub(super) fn note_op(&mut self, id: OpId, op: &Op, key: Option<u64>) {
        if op.insert {
            self.elems.insert(op.obj, id);
        } else if let Some(key) = key {
            match op.action {
                Action::Delete => self.keys.remove(&(op.obj, key)),
                _ => self.keys.insert((op.obj, key), id),
            };
        }
    }
}
