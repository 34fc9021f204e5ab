//! Applied: the changes of a record that count, and how to find one of them. A record may gather tens of thousands:
//! what judging asks is answered by reading a bounded number of rows, whatever a change names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::keyspace;
use crate::id::{DeviceId, Hash, RecordId};
use crate::record::change::OpId;
use crate::rows::{Overlay, Rows, RowsError, all_under, decode, read};

/// Changes of a record that are found by reading them one after another. Those after them have rows of their own, by hash
/// and by operation: nearly every record stays below, and pays for none.
const READ_THROUGH: u32 = 256;

/// One applied change of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Who made it.
    pub device: DeviceId,
    /// As which entry of the device's chain.
    pub seq: u64,
    /// Counter of its first operation.
    pub start_op: u64,
    /// How many operations.
    pub ops: u64,
    /// Its hash.
    pub hash: Hash,
    /// The line it stands on.
    pub line: u64,
}

impl ChangeRow {
    /// Whether the change holds that operation.
    pub fn holds(&self, op: &OpId) -> bool {
        self.device == op.device && (self.start_op..self.after()).contains(&op.counter)
    }

    /// Returns the counter after its last operation.
    pub fn after(&self) -> u64 {
        self.start_op.saturating_add(self.ops)
    }
}

/// All applied changes of a record, in the order they were applied.
pub fn applied_changes(rows: &dyn Rows, record: &RecordId) -> Result<Vec<ChangeRow>, RowsError> {
    let changes = all_under(rows, &keyspace::changes(record))?;
    Ok(changes.into_iter().map(|(_, change)| change).collect())
}

/// Notes an applied change as the record's `number`-th, from 0.
pub fn note_applied(overlay: &mut Overlay<'_>, record: &RecordId, number: u32, row: &ChangeRow) {
    overlay.write(keyspace::change(record, number), row);
    if number >= READ_THROUGH {
        overlay.write(keyspace::change_by_hash(record, &row.hash), &number);
        overlay.write(keyspace::change_by_op(record, &row.device, row.after()), &number);
    }
}

/// Whether a change of a record was applied. Applying is not idempotent, so a caller that might repeat one asks first.
pub fn is_applied(rows: &dyn Rows, record: &RecordId, change: &Hash) -> Result<bool, RowsError> {
    Ok(Finder::new(rows, record).change(change)?.is_some())
}

/// Finds applied changes of a record. What it read for one question serves the next.
pub struct Finder<'r> {
    rows: &'r dyn Rows,
    record: RecordId,
    /// The first changes, once they were needed: by hash.
    first: Option<BTreeMap<Hash, ChangeRow>>,
    /// Those and what was found since: by author, and the counter after the last operation.
    by_op: BTreeMap<(DeviceId, u64), ChangeRow>,
}

impl<'r> Finder<'r> {
    /// Returns a finder that has read nothing yet.
    pub fn new(rows: &'r dyn Rows, record: &RecordId) -> Self {
        Self { rows, record: *record, first: None, by_op: BTreeMap::new() }
    }

    /// Returns the applied change with that hash.
    pub fn change(&mut self, hash: &Hash) -> Result<Option<ChangeRow>, RowsError> {
        if let Some(number) = read::<u32>(self.rows, &keyspace::change_by_hash(&self.record, hash))? {
            return self.numbered(number);
        }
        Ok(self.first()?.get(hash).cloned())
    }

    /// Returns the applied change that holds an operation.
    pub fn holder(&mut self, op: &OpId) -> Result<Option<ChangeRow>, RowsError> {
        self.first()?;
        let next = op.counter.saturating_add(1);
        let of_device = (op.device, next)..=(op.device, u64::MAX);
        if let Some((_, row)) = self.by_op.range(of_device).next()
            && row.holds(op)
        {
            return Ok(Some(row.clone()));
        }
        // Of the device's changes the first that ends after the operation is the one that holds it, if any does.
        let all = keyspace::changes_by_op(&self.record, &op.device);
        let from = keyspace::change_by_op(&self.record, &op.device, next);
        let mut number = None;
        self.rows.scan(&all, &from, &mut |_, value| {
            number = Some(decode::<u32>(value));
            false
        })?;
        let Some(number) = number.transpose()? else { return Ok(None) };
        let found = self.numbered(number)?.filter(|row| row.holds(op));
        if let Some(row) = &found {
            self.by_op.insert((row.device, row.after()), row.clone());
        }
        Ok(found)
    }

    fn numbered(&self, number: u32) -> Result<Option<ChangeRow>, RowsError> {
        read(self.rows, &keyspace::change(&self.record, number))
    }

    /// Returns the changes that have no rows to be found by, read once.
    fn first(&mut self) -> Result<&BTreeMap<Hash, ChangeRow>, RowsError> {
        let first = match self.first.take() {
            Some(first) => first,
            None => self.read_first()?,
        };
        Ok(self.first.insert(first))
    }

    fn read_first(&mut self) -> Result<BTreeMap<Hash, ChangeRow>, RowsError> {
        let all = keyspace::changes(&self.record);
        let (mut first, mut failure, mut left) = (BTreeMap::new(), None, READ_THROUGH);
        self.rows.scan(&all, &all, &mut |_, value| {
            match decode::<ChangeRow>(value) {
                Ok(row) => drop(first.insert(row.hash, row)),
                Err(error) => failure = Some(error),
            }
            left -= 1;
            left > 0 && failure.is_none()
        })?;
        failure.map_or(Ok(()), Err)?;
        self.by_op.extend(first.values().map(|row| ((row.device, row.after()), row.clone())));
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{CountedRows, MemoryRows};

    const RECORD: RecordId = RecordId([9; 16]);

    fn device(number: u64) -> DeviceId {
        DeviceId([u8::try_from(number % 3).unwrap(); 16])
    }

    fn hash(number: u64) -> Hash {
        Hash::tagged("test", &[&number.to_be_bytes()])
    }

    /// A record of many changes, of three operations each, by three devices in turn, with gaps between.
    fn record(changes: u64) -> MemoryRows {
        let mut rows = MemoryRows::default();
        let mut overlay = Overlay::new(&rows);
        for number in 0..changes {
            let row = ChangeRow {
                device: device(number),
                seq: number,
                start_op: 1 + 10 * number,
                ops: 3,
                hash: hash(number),
                line: number + 1,
            };
            note_applied(&mut overlay, &RECORD, u32::try_from(number).unwrap(), &row);
        }
        let batch = overlay.batch;
        rows.apply(batch);
        rows
    }

    #[test]
    fn each_change_is_found_by_hash_and_by_each_of_its_operations() {
        let rows = record(1_000);
        let mut finder = Finder::new(&rows, &RECORD);
        for number in 0..1_000 {
            let found = finder.change(&hash(number)).unwrap();
            assert_eq!(found.map(|row| row.seq), Some(number));
            for (offset, is_held) in [(0, true), (2, true), (3, false), (9, false)] {
                let op = OpId { counter: 1 + 10 * number + offset, device: device(number) };
                let found = finder.holder(&op).unwrap().map(|row| row.seq);
                assert_eq!(found, is_held.then_some(number), "{number}, {offset}");
            }
        }
        assert!(!is_applied(&rows, &RECORD, &hash(1_000)).unwrap());
        assert!(!is_applied(&rows, &RecordId([8; 16]), &hash(7)).unwrap());
    }

    /// A change that named an old one made the server read a whole record of 20,000.
    #[test]
    fn however_long_the_record_finding_reads_a_bounded_number_of_rows() {
        let rows = record(20_000);
        for number in [0, 255, 256, 9_999, 19_999, 20_001] {
            let counted = CountedRows::new(&rows);
            let op = OpId { counter: 1 + 10 * number, device: device(number) };
            let mut finder = Finder::new(&counted, &RECORD);
            finder.change(&hash(number)).unwrap();
            finder.holder(&op).unwrap();
            assert!(counted.rows_read() <= u64::from(READ_THROUGH) + 6, "{number}: {}", counted.rows_read());
        }
    }
}
