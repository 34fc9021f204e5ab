//! Evidence: who may bring a blob, and who may read one. A ticket is what the shell makes of a grant.

use super::{Admitted, Hub, HubError};
use crate::id::{DeviceId, Hash, RecordId};
use crate::limits::{BLOB_ASKS_MAX, BLOBS_STORED_MAX};
use crate::log::act::{Act, StoredBlob};
use crate::record::row::RecordRow;
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::state::authority::{DeviceRow, names};
use crate::state::evidence::{Naming, erased, namings, stored};
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::time::TimeMs;
use crate::wire::message::{BlobAsk, BlobUse};

/// That a device may bring or read a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobGrant {
    /// Who may.
    pub device: DeviceId,
    /// The device whose entry names it.
    pub of: DeviceId,
    /// On which record.
    pub record: RecordId,
    /// The blob.
    pub sha256: Hash,
    /// How many bytes it has, as its author says.
    pub bytes: u64,
    /// What the device may do.
    pub r#use: BlobUse,
}

/// What the office has of a blob that a device brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobStanding {
    /// It is to come, or on its way.
    Lacking,
    /// The ledger says that the office has it.
    Kept,
    /// It was erased: nothing of it may come or go any more.
    Erased,
}

impl BlobGrant {
    /// Returns what the office has of the blob, by rows that may be newer than the grant.
    ///
    /// # Errors
    /// The index does not read.
    pub fn standing(&self, rows: &dyn Rows) -> Result<BlobStanding, RowsError> {
        if erased(rows, &self.sha256)?.is_some() {
            return Ok(BlobStanding::Erased);
        }
        let is_kept = stored(rows, &self.sha256, &self.of)?.is_some();
        Ok(if is_kept { BlobStanding::Kept } else { BlobStanding::Lacking })
    }
}

/// Who asks.
struct Asking<'a> {
    rows: &'a dyn Rows,
    device: DeviceId,
    row: DeviceRow,
    /// Its names: its own, then those it had before.
    line: Vec<DeviceId>,
}

impl Hub {
    /// Returns what an admitted request may do with the blobs that it asks for, in its order; `None` where it may not. The
    /// entries that it brought itself count.
    ///
    /// # Errors
    /// The index does not read.
    pub fn blob_grants(
        &self,
        rows: &dyn Rows,
        admitted: &Admitted,
    ) -> Result<Vec<Option<BlobGrant>>, RowsError> {
        let asks = admitted.sync.as_ref().map_or(&[][..], |sync| &sync.blobs);
        let row: Option<DeviceRow> = read(rows, &keyspace::device(&admitted.device))?;
        let Some(row) = row.filter(|_| !asks.is_empty()) else { return Ok(vec![None; asks.len()]) };
        let line = names(rows, admitted.device, &row)?;
        let asking = Asking { rows, device: admitted.device, row, line };
        asks.iter().take(BLOB_ASKS_MAX).map(|ask| asking.grant(ask)).collect()
    }

    /// Says in the ledger which blobs the office has. Returns the lines to append; none for those that it says already, and
    /// none for those that were erased while they came.
    ///
    /// # Errors
    /// The index does not read.
    pub fn say_stored(
        &mut self,
        overlay: &mut Overlay<'_>,
        next_seq: u64,
        now_ms: TimeMs,
        blobs: &[StoredBlob],
    ) -> Result<Vec<Vec<u8>>, HubError> {
        let news = unsaid(overlay, blobs, false)?;
        let acts = news.chunks(BLOBS_STORED_MAX).map(|blobs| Act::BlobStored { blobs: blobs.to_vec() });
        self.write_acts(overlay, next_seq, now_ms, acts)
    }

    /// Says in the ledger which blobs the office has no more, because an older copy of them was put back. Returns the lines
    /// to append; none for those that the ledger does not say to be there, and none for those that were erased.
    ///
    /// # Errors
    /// The index does not read.
    pub fn say_missing(
        &mut self,
        overlay: &mut Overlay<'_>,
        next_seq: u64,
        now_ms: TimeMs,
        blobs: &[StoredBlob],
    ) -> Result<Vec<Vec<u8>>, HubError> {
        let gone = unsaid(overlay, blobs, true)?;
        let acts = gone.chunks(BLOBS_STORED_MAX).map(|blobs| Act::BlobMissing { blobs: blobs.to_vec() });
        self.write_acts(overlay, next_seq, now_ms, acts)
    }

    fn write_acts(
        &mut self,
        overlay: &mut Overlay<'_>,
        next_seq: u64,
        now_ms: TimeMs,
        acts: impl Iterator<Item = Act>,
    ) -> Result<Vec<Vec<u8>>, HubError> {
        let mut lines = Vec::new();
        for act in acts {
            lines.push(self.write_act(overlay, next_seq + lines.len() as u64, now_ms, act)?.0);
        }
        Ok(lines)
    }
}

/// Returns those blobs, each once, of which the ledger says the opposite or nothing, those that were erased left out.
fn unsaid(rows: &dyn Rows, blobs: &[StoredBlob], is_missing: bool) -> Result<Vec<StoredBlob>, RowsError> {
    let mut news = Vec::new();
    for blob in blobs {
        let is_said = stored(rows, &blob.sha256, &blob.of)?.is_some() != is_missing;
        if !is_said && erased(rows, &blob.sha256)?.is_none() && !news.contains(blob) {
            news.push(*blob);
        }
    }
    Ok(news)
}

impl Asking<'_> {
    fn grant(&self, ask: &BlobAsk) -> Result<Option<BlobGrant>, RowsError> {
        if erased(self.rows, &ask.sha256)?.is_some() {
            return Ok(None);
        }
        for naming in namings(self.rows, &ask.sha256)? {
            let kept = naming.kept(self.rows, &ask.sha256)?;
            let of = match (ask.r#use, kept) {
                (BlobUse::Bring, None) if self.brings(&naming, ask)? => naming.device,
                (BlobUse::Read, Some((of, _))) if self.reads(&naming)? => of,
                _ => continue,
            };
            return Ok(Some(BlobGrant {
                device: self.device,
                of,
                record: naming.record,
                sha256: ask.sha256,
                bytes: naming.row.bytes,
                r#use: ask.r#use,
            }));
        }
        Ok(None)
    }

    /// The author's line brings it, and who carries it for the author: another device may have brought the entry. A revoked
    /// device brings what it still may: its kept entries stand in quarantine, and so does what they name; of those of others
    /// only what came with entries that it carried. That a blob comes for one device's entry gives nobody else a right to it:
    /// who asks says for whose.
    fn brings(&self, naming: &Naming, ask: &BlobAsk) -> Result<bool, RowsError> {
        let is_own = |device: &DeviceId| self.line.contains(device);
        if is_own(&naming.device) {
            return Ok(ask.of.is_none_or(|of| is_own(&of)));
        }
        if ask.of != Some(naming.device) {
            return Ok(false);
        }
        let carrier = self.entry(naming)?.and_then(|entry| entry.receipt).and_then(|receipt| receipt.carrier);
        Ok(self.row.revoked.is_none() || carrier.is_some_and(|carrier| is_own(&carrier)))
    }

    /// Who sees the record and the entry sees the picture.
    fn reads(&self, naming: &Naming) -> Result<bool, RowsError> {
        if self.row.revoked.is_some() {
            return Ok(false);
        }
        if self.row.role.sees_everything() || self.line.contains(&naming.device) {
            return Ok(true);
        }
        let counts = self.entry(naming)?.is_some_and(|entry| entry.accepted().is_some());
        let record: Option<RecordRow> = read(self.rows, &keyspace::record(&naming.record))?;
        let scopes = self.row.scopes();
        Ok(counts && record.is_some_and(|record| !record.scopes.is_disjoint(&scopes)))
    }

    fn entry(&self, naming: &Naming) -> Result<Option<EntryRow>, RowsError> {
        read(self.rows, &keyspace::entry(&naming.device, naming.row.device_seq))
    }
}
