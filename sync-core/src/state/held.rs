//! Held: the entries that are in quarantine, each under its ledger number.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::keyspace;
use crate::id::{DeviceId, RecordId};
use crate::log::entry::ChainedEntry;
use crate::log::verdict::Reason;
use crate::rows::{Overlay, Rows, RowsError, all_under, number_in, read};

/// A quarantined entry, whole, so that a release needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineRow {
    /// Its author.
    pub device: DeviceId,
    /// Its number in the author's chain.
    pub device_seq: u64,
    /// The record it would change.
    pub record: RecordId,
    /// Why it is quarantined.
    pub reason: Reason,
    /// The entry.
    pub chained: ByteBuf,
}

impl QuarantineRow {
    /// The entry, read.
    pub fn entry(&self) -> Result<ChainedEntry, RowsError> {
        ChainedEntry::from_bytes(&self.chained).map_err(|error| RowsError(error.to_string()))
    }
}

/// Lists an entry under its ledger number.
pub fn list(overlay: &mut Overlay<'_>, seq: u64, row: &QuarantineRow) {
    overlay.write(keyspace::quarantined(seq), row);
}

/// Takes what stands under that number off the list. Returns it.
pub fn unlist(overlay: &mut Overlay<'_>, seq: u64) -> Result<Option<QuarantineRow>, RowsError> {
    let row = read(overlay, &keyspace::quarantined(seq))?;
    overlay.delete(keyspace::quarantined(seq));
    Ok(row)
}

/// All held entries, by ledger number.
pub fn held_rows(rows: &dyn Rows) -> Result<Vec<(u64, QuarantineRow)>, RowsError> {
    all_under(rows, keyspace::QUARANTINE)?
        .into_iter()
        .map(|(tail, row)| Ok((number_in(&tail)?, row)))
        .collect()
}
