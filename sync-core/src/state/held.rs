//! List: what is held back, and a fingerprint of it, so that who sees everything can tell whether it lists the same.

use crate::id::RecordId;
use crate::log::entry::ChainedEntry;
use crate::log::verdict::Reason;
use crate::rows::{all_under, number_in};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::id::{DeviceId, Fingerprint, Hash};
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::state::keyspace;

/// A quarantined entry, whole, so that a release needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineRow {
    /// Its author.
    pub device: DeviceId,
    /// Its number in the author's chain.
    pub device_seq: u64,
    /// The record it would change.
    pub record: RecordId,
    /// Why it is held back.
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

/// What one listed entry adds to a fingerprint.
pub fn mark(seq: u64, row: &QuarantineRow) -> Hash {
    let parts: [&[u8]; 3] = [&seq.to_be_bytes(), &row.device.0, &row.device_seq.to_be_bytes()];
    Hash::tagged("cuadrilla/held/v1", &parts)
}

/// Lists an entry under its ledger number, in place of what may stand there.
pub fn list(overlay: &mut Overlay<'_>, seq: u64, row: &QuarantineRow) -> Result<(), RowsError> {
    unlist(overlay, seq)?;
    overlay.write(keyspace::quarantined(seq), row);
    toggle(overlay, seq, row)
}

/// Takes what stands under that number off the list; answers it.
pub fn unlist(overlay: &mut Overlay<'_>, seq: u64) -> Result<Option<QuarantineRow>, RowsError> {
    let Some(row) = read::<QuarantineRow>(overlay, &keyspace::quarantined(seq))? else { return Ok(None) };
    overlay.delete(keyspace::quarantined(seq));
    toggle(overlay, seq, &row)?;
    Ok(Some(row))
}

fn toggle(overlay: &mut Overlay<'_>, seq: u64, row: &QuarantineRow) -> Result<(), RowsError> {
    let mark = mark(seq, row);
    for key in [keyspace::fact("held"), keyspace::held_of(&row.device)] {
        let mut fingerprint: Fingerprint = read(overlay, &key)?.unwrap_or_default();
        fingerprint.toggle(&mark);
        if fingerprint == Fingerprint::default() {
            overlay.delete(key);
        } else {
            overlay.write(key, &fingerprint);
        }
    }
    Ok(())
}

/// The fingerprint of all that is held back of others than `device`, which knows its own entries better.
pub fn held_of_others(rows: &dyn Rows, device: &DeviceId) -> Result<Fingerprint, RowsError> {
    let all: Fingerprint = read(rows, &keyspace::fact("held"))?.unwrap_or_default();
    let own: Fingerprint = read(rows, &keyspace::held_of(device))?.unwrap_or_default();
    Ok(Fingerprint(std::array::from_fn(|index| all.0[index] ^ own.0[index])))
}

/// All held entries, by ledger number.
pub fn held_rows(rows: &dyn Rows) -> Result<Vec<(u64, QuarantineRow)>, RowsError> {
    all_under(rows, keyspace::QUARANTINE)?
        .into_iter()
        .map(|(tail, row)| Ok((number_in(&tail)?, row)))
        .collect()
}
