//! Evidence: which entries name which blobs, which blobs the office has of whom, and which were erased. The bytes
//! themselves are nowhere here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::authority::AgainRow;
use super::keyspace;
use crate::id::{DeviceId, Hash, RecordId};
use crate::limits::{BLOB_BYTES_MAX, THUMB_BYTES_MAX};
use crate::log::act::{Erasure, StoredBlob};
use crate::record::change::{Action, Change, Obj, OpId, Place, Scalar};
use crate::rows::{Overlay, Rows, RowsError, all_under, read};
use crate::time::TimeMs;

/// How often an entry that is written again may have been written again before, to be looked for.
const REPEATED_MAX: usize = 8;

/// A blob that a change names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Its content address.
    pub sha256: Hash,
    /// How many bytes it has, as the author says.
    pub bytes: u64,
    /// Whether it is the small form of another one.
    pub is_thumb: bool,
}

/// That an entry of a device names a blob on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedRow {
    /// The entry's number in the device's chain.
    pub device_seq: u64,
    /// How many bytes the blob has, as the author says.
    pub bytes: u64,
    /// Whether it is the small form of another one.
    pub is_thumb: bool,
}

/// What the office says of a blob that a device, or its carrier, brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRow {
    /// Ledger number of the office's word for it.
    pub seq: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// Whether the office had it, and has it no more.
    pub is_missing: bool,
}

/// That a blob was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedRow {
    /// Ledger number of the act.
    pub seq: u64,
    /// When, by the server's clock.
    pub at_ms: TimeMs,
    /// Why.
    pub reason: Erasure,
    /// The device that wrote the act.
    pub by: DeviceId,
}

/// Where a blob is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Naming {
    /// Whose entry names it.
    pub device: DeviceId,
    /// On which record.
    pub record: RecordId,
    /// The entry, and what it says.
    pub row: NamedRow,
}

impl Naming {
    /// Returns what the office said last of the blob for this entry, and of which device's entry it said that: of its own, or
    /// of one that it repeats, which a supervisor writes again without having the bytes.
    ///
    /// # Errors
    /// The index does not read.
    pub fn said(&self, rows: &dyn Rows, sha256: &Hash) -> Result<Option<(DeviceId, StoredRow)>, RowsError> {
        let (mut device, mut seq) = (self.device, self.row.device_seq);
        let mut said = None;
        for _ in 0..REPEATED_MAX {
            if let Some(row) = said_of(rows, sha256, &device)? {
                if !row.is_missing {
                    return Ok(Some((device, row)));
                }
                said = said.or(Some((device, row)));
            }
            match read::<AgainRow>(rows, &keyspace::again(&device, seq))? {
                // What only its device says gives no right to bytes.
                Some(row) if !row.again.claim => (device, seq) = (row.again.device, row.again.of_seq),
                _ => break,
            }
        }
        Ok(said)
    }

    /// As [`Self::said`], where the office has the blob.
    ///
    /// # Errors
    /// The index does not read.
    pub fn kept(&self, rows: &dyn Rows, sha256: &Hash) -> Result<Option<(DeviceId, StoredRow)>, RowsError> {
        Ok(self.said(rows, sha256)?.filter(|(_, row)| !row.is_missing))
    }
}

/// Returns the blobs that a change names: those of the maps that it makes.
pub fn named_in(change: &Change) -> Vec<Named> {
    let mut maps: BTreeMap<OpId, BTreeMap<&str, &Scalar>> = BTreeMap::new();
    for op in &change.ops {
        let (Obj::At(map), Place::Prop(key), Action::Put(value)) = (&op.obj, &op.place, &op.action) else {
            continue;
        };
        if matches!(key.as_str(), "sha256" | "bytes" | "thumb_sha256" | "thumb_bytes") {
            maps.entry(*map).or_default().insert(key, value);
        }
    }
    let mut named = Vec::new();
    for members in maps.values() {
        for (name, size, max, is_thumb) in [
            ("thumb_sha256", "thumb_bytes", THUMB_BYTES_MAX, true),
            ("sha256", "bytes", BLOB_BYTES_MAX, false),
        ] {
            let (Some(Scalar::Str(sha256)), Some(Scalar::Int(bytes))) =
                (members.get(name), members.get(size))
            else {
                continue;
            };
            let bytes = u64::try_from(*bytes).unwrap_or(0);
            if let Ok(sha256) = sha256.parse()
                && (1..=max as u64).contains(&bytes)
            {
                named.push(Named { sha256, bytes, is_thumb });
            }
        }
    }
    named
}

/// Notes the blobs that an entry names.
pub fn note_named(
    rows: &mut Overlay<'_>,
    device: &DeviceId,
    device_seq: u64,
    record: &RecordId,
    change: &Change,
) {
    for Named { sha256, bytes, is_thumb } in named_in(change) {
        let row = NamedRow { device_seq, bytes, is_thumb };
        rows.write(keyspace::named_blob(&sha256, device, record), &row);
        rows.write(keyspace::blob_of(record, &sha256, device), &());
    }
}

/// Notes which blobs the office has, or had and has no more. Of two words the later counts, in whatever order a device is
/// told them.
///
/// # Errors
/// The index does not read.
pub fn note_stored(
    rows: &mut Overlay<'_>,
    seq: u64,
    blobs: &[StoredBlob],
    is_missing: bool,
) -> Result<(), RowsError> {
    for blob in blobs {
        if said_of(rows, &blob.sha256, &blob.of)?.is_some_and(|row| row.seq > seq) {
            continue;
        }
        let row = StoredRow { seq, bytes: blob.bytes, is_missing };
        rows.write(keyspace::stored_blob(&blob.sha256, &blob.of), &row);
    }
    Ok(())
}

/// Notes that a blob was erased. Of two erasures the first counts, in whatever order a device is told them.
///
/// # Errors
/// The index does not read.
pub fn note_erased(rows: &mut Overlay<'_>, sha256: &Hash, row: ErasedRow) -> Result<(), RowsError> {
    if erased(rows, sha256)?.is_none_or(|before| row.seq < before.seq) {
        rows.write(keyspace::erased_blob(sha256), &row);
    }
    Ok(())
}

/// Returns where a blob is named.
///
/// # Errors
/// The index does not read.
pub fn namings(rows: &dyn Rows, sha256: &Hash) -> Result<Vec<Naming>, RowsError> {
    let mut found = Vec::new();
    for (tail, row) in all_under(rows, &keyspace::namings_of(sha256))? {
        let malformed = || RowsError("the row of a blob has a malformed key".into());
        let (device, record) = tail.split_first_chunk().ok_or_else(malformed)?;
        let record = RecordId::from_slice(record).ok_or_else(malformed)?;
        found.push(Naming { device: DeviceId(*device), record, row });
    }
    Ok(found)
}

/// Returns the blobs that a record's entries name, each with the devices that do.
///
/// # Errors
/// The index does not read.
pub fn blobs_of(rows: &dyn Rows, record: &RecordId) -> Result<Vec<(Hash, Naming)>, RowsError> {
    let mut found = Vec::new();
    for (tail, ()) in all_under(rows, &keyspace::blobs_of(record))? {
        let malformed = || RowsError("the row of a record's blob has a malformed key".into());
        let (sha256, device) = tail.split_first_chunk().ok_or_else(malformed)?;
        let (sha256, device) = (Hash(*sha256), DeviceId::from_slice(device).ok_or_else(malformed)?);
        let row = read(rows, &keyspace::named_blob(&sha256, &device, record))?;
        let row = row.ok_or_else(|| RowsError("a record's blob is named nowhere".into()))?;
        found.push((sha256, Naming { device, record: *record, row }));
    }
    Ok(found)
}

/// Returns what the office said last of a blob that a device's entry names.
///
/// # Errors
/// The index does not read.
pub fn said_of(rows: &dyn Rows, sha256: &Hash, of: &DeviceId) -> Result<Option<StoredRow>, RowsError> {
    read(rows, &keyspace::stored_blob(sha256, of))
}

/// Returns the office's word that it has a blob that a device's entry names.
///
/// # Errors
/// The index does not read.
pub fn stored(rows: &dyn Rows, sha256: &Hash, of: &DeviceId) -> Result<Option<StoredRow>, RowsError> {
    Ok(said_of(rows, sha256, of)?.filter(|row| !row.is_missing))
}

/// Returns whether the office has a blob, whoever brought it.
///
/// # Errors
/// The index does not read.
pub fn is_stored(rows: &dyn Rows, sha256: &Hash) -> Result<bool, RowsError> {
    Ok(all_under::<StoredRow>(rows, &keyspace::stored_blobs(sha256))?.iter().any(|(_, row)| !row.is_missing))
}

/// Returns that a blob was erased, if it was.
///
/// # Errors
/// The index does not read.
pub fn erased(rows: &dyn Rows, sha256: &Hash) -> Result<Option<ErasedRow>, RowsError> {
    read(rows, &keyspace::erased_blob(sha256))
}

/// Returns all blobs that the office says it has, those that were erased left out.
///
/// # Errors
/// The index does not read.
pub fn all_stored(rows: &dyn Rows) -> Result<Vec<StoredBlob>, RowsError> {
    let mut all = Vec::new();
    for (tail, row) in all_under::<StoredRow>(rows, keyspace::STORED_BLOBS)? {
        let malformed = || RowsError("the row of a kept blob has a malformed key".into());
        let (sha256, device) = tail.split_first_chunk().ok_or_else(malformed)?;
        let (sha256, of) = (Hash(*sha256), DeviceId::from_slice(device).ok_or_else(malformed)?);
        if !row.is_missing && erased(rows, &sha256)?.is_none() {
            all.push(StoredBlob { sha256, bytes: row.bytes, of });
        }
    }
    Ok(all)
}

/// Returns all blobs that were erased: what a restored older copy of the bytes may have again.
///
/// # Errors
/// The index does not read.
pub fn all_erased(rows: &dyn Rows) -> Result<Vec<Hash>, RowsError> {
    let rows: Vec<(Vec<u8>, ErasedRow)> = all_under(rows, keyspace::ERASED_BLOBS)?;
    Ok(rows.into_iter().filter_map(|(tail, _)| Hash::from_slice(&tail)).collect())
}

/// How many blobs the entries name, how many of them the office has, and how many were erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct EvidenceCounts {
    /// Named.
    pub named: u64,
    /// With the office.
    pub received: u64,
    /// Erased.
    pub erased: u64,
    /// Neither.
    pub missing: u64,
}

/// Counts all blobs.
///
/// # Errors
/// The index does not read.
pub fn counts(rows: &dyn Rows) -> Result<EvidenceCounts, RowsError> {
    let all: Vec<(Vec<u8>, NamedRow)> = all_under(rows, keyspace::NAMED_BLOBS)?;
    let names: BTreeSet<Hash> =
        all.iter().filter_map(|(tail, _)| Hash::from_slice(tail.get(..32)?)).collect();
    let mut counts = EvidenceCounts { named: names.len() as u64, ..EvidenceCounts::default() };
    for sha256 in names {
        if erased(rows, &sha256)?.is_some() {
            counts.erased += 1;
        } else if is_stored(rows, &sha256)? {
            counts.received += 1;
        } else {
            counts.missing += 1;
        }
    }
    Ok(counts)
}
