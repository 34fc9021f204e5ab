//! Refs of the server: what it and a device both know, so that packs can say less.

use crate::id::{DeviceId, Hash, RecordId};
use crate::rows::{Rows, RowsError, read};
use crate::state::applied::{ChangeRow, Finder};
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::wire::pack::Refs;

/// Reading refs over index rows. `is_known` says whether the other side knows a record by its ledger number.
pub struct RowRefs<'r> {
    /// The rows.
    pub rows: &'r dyn Rows,
    /// Whether a record may be named by number.
    pub is_known: &'r dyn Fn(&RecordId) -> Result<Option<u64>, RowsError>,
    /// Whether the other side has an applied change, beside those in the message.
    pub has: &'r dyn Fn(&RecordId, &ChangeRow) -> Result<bool, RowsError>,
}

/// The refs of a receiver: it only looks up.
pub fn receiver(rows: &dyn Rows) -> RowRefs<'_> {
    RowRefs { rows, is_known: &|_| Ok(None), has: &|_, _| Ok(false) }
}

/// The change that is that device's entry number `seq`.
pub fn change_hash(
    rows: &dyn Rows,
    record: &RecordId,
    device: &DeviceId,
    seq: u64,
) -> Result<Option<Hash>, RowsError> {
    let row: Option<EntryRow> = read(rows, &keyspace::entry(device, seq))?;
    Ok(row.filter(|row| row.record == *record).and_then(|row| row.change))
}

impl Refs for RowRefs<'_> {
    fn record_number(&self, record: &RecordId) -> Result<Option<u64>, RowsError> {
        (self.is_known)(record)
    }

    fn record_at(&self, number: u64) -> Result<Option<RecordId>, RowsError> {
        read(self.rows, &keyspace::number(number))
    }

    fn change_author(&self, record: &RecordId, change: &Hash) -> Result<Option<(DeviceId, u64)>, RowsError> {
        let Some(row) = Finder::new(self.rows, record).change(change)? else { return Ok(None) };
        Ok((self.has)(record, &row)?.then_some((row.device, row.seq)))
    }

    fn change_hash(&self, record: &RecordId, device: &DeviceId, seq: u64) -> Result<Option<Hash>, RowsError> {
        change_hash(self.rows, record, device, seq)
    }
}
