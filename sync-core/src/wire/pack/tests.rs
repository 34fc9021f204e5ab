//! Tests of the pack: nothing is lost, hostile bytes are refused, and realistic work stays within its budget.

mod budget;
mod hostile;
mod lossless;
mod tricks;
mod workload;

use std::collections::BTreeMap;

use super::{PackBody, PackItem, Refs, Unpacked, change_hashes, pack, unpack};
use crate::id::{BootId, DeviceId, Hash, PersonId, RecordId};
use crate::log::entry::{Anchor, Header};
use crate::record::change::Change;
use crate::rows::RowsError;

/// What both sides know, in memory.
#[derive(Default)]
struct Known {
    numbers: BTreeMap<RecordId, u64>,
    records: BTreeMap<u64, RecordId>,
    authors: BTreeMap<(RecordId, Hash), (DeviceId, u64)>,
    hashes: BTreeMap<(RecordId, DeviceId, u64), Hash>,
}

impl Known {
    fn record(&mut self, record: RecordId, number: u64) {
        self.numbers.insert(record, number);
        self.records.insert(number, record);
    }

    fn change(&mut self, record: RecordId, device: DeviceId, seq: u64, hash: Hash) {
        self.authors.insert((record, hash), (device, seq));
        self.hashes.insert((record, device, seq), hash);
    }
}

impl Refs for Known {
    fn record_number(&self, record: &RecordId) -> Result<Option<u64>, RowsError> {
        Ok(self.numbers.get(record).copied())
    }

    fn record_at(&self, number: u64) -> Result<Option<RecordId>, RowsError> {
        Ok(self.records.get(&number).copied())
    }

    fn change_author(&self, record: &RecordId, change: &Hash) -> Result<Option<(DeviceId, u64)>, RowsError> {
        Ok(self.authors.get(&(*record, *change)).copied())
    }

    fn change_hash(&self, record: &RecordId, device: &DeviceId, seq: u64) -> Result<Option<Hash>, RowsError> {
        Ok(self.hashes.get(&(*record, *device, seq)).copied())
    }
}

/// Packs and unpacks, and checks that nothing was lost. Returns the pack.
fn round_trip(items: &[PackItem], known: &Known) -> Vec<u8> {
    let hashes = change_hashes(items).unwrap();
    let bytes = pack(items, &hashes, known).unwrap();
    let unpacked = unpack(&bytes, known).unwrap();
    let back: Vec<PackItem> = unpacked.iter().map(|unpacked| unpacked.item.clone()).collect();
    assert_eq!(back, items);
    for (Unpacked { item, raw }, hash) in unpacked.iter().zip(&hashes) {
        let rebuilt = raw.as_ref().map_or(Hash::ZERO, |raw| raw.hash);
        assert_eq!(rebuilt, *hash);
        assert_eq!(matches!(item.body, PackBody::Change(_)), raw.is_some());
    }
    bytes
}

fn header(device: u8, seq: u64, record: u8) -> Header {
    Header {
        municipality: 14_061,
        device: DeviceId([device; 16]),
        seq,
        record: RecordId([record; 16]),
        person: PersonId([8; 16]),
        claimed_at_ms: 1_795_000_000_000,
        boot: BootId([1; 8]),
        monotonic_ms: 5_000,
        anchor: Anchor::default(),
    }
}

fn item(header: Header, change: Change) -> PackItem {
    PackItem { header, body: PackBody::Change(change), receipt: None, signature: None }
}
