//! Merkle: the hashes of the transparency log (RFC 6962), kept as pages of index rows, and its root.
//!
//! A leaf commits to the receipt as well as to the entry: moving, re-dating or re-judging an entry changes the root.

use tlog_tiles::{HashReader, stored_hash_count, stored_hashes_for_record_hash, tree_hash};

use crate::id::{DeviceId, Hash};
use crate::keys;
use crate::rows::{Overlay, Rows, RowsError};
use crate::verdict::Receipt;

/// Hashes in one page row.
const PAGE_HASHES: u64 = 256;

/// The bytes a leaf hashes: a MessagePack array of entry hash, device, device sequence and receipt.
pub fn leaf_bytes(entry_hash: &Hash, device: &DeviceId, device_seq: u64, receipt: &Receipt) -> Vec<u8> {
    rmp_serde::to_vec(&(1_u8, entry_hash, device, device_seq, receipt))
        .expect("a leaf always has a MessagePack form")
}

/// Appends the leaf of ledger number `seq` (from 1) to the log.
pub fn append(overlay: &mut Overlay<'_>, seq: u64, leaf: &[u8]) -> Result<(), RowsError> {
    let index = seq.checked_sub(1).ok_or_else(|| RowsError("ledger numbers start at 1".into()))?;
    let leaf_hash = tlog_tiles::record_hash(leaf);
    let new = stored_hashes_for_record_hash(index, leaf_hash, &Pages(overlay)).map_err(log_error)?;
    for (at, hash) in (stored_hash_count(index)..).zip(new) {
        let key = keys::hashes(at / PAGE_HASHES);
        let mut page = overlay.get(&key)?.unwrap_or_default();
        page.truncate(offset(at));
        page.extend_from_slice(&hash.0);
        overlay.put(key, page);
    }
    Ok(())
}

/// The root over the first `size` leaves; the hash of nothing for 0.
pub fn root(rows: &dyn Rows, size: u64) -> Result<Hash, RowsError> {
    if size == 0 {
        return Ok(Hash(<sha2::Sha256 as sha2::Digest>::digest([]).into()));
    }
    tree_hash(size, &Pages(rows)).map(|hash| Hash(hash.0)).map_err(log_error)
}

fn offset(at: u64) -> usize {
    usize::try_from(at % PAGE_HASHES).unwrap_or(0) * 32
}

fn log_error(error: impl std::fmt::Display) -> RowsError {
    RowsError(format!("the log's hashes do not fit together: {error}"))
}

struct Pages<'r>(&'r dyn Rows);

impl HashReader for Pages<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let missing = || tlog_tiles::Error::IndexesNotInTree;
        indexes
            .iter()
            .map(|at| {
                let page = self
                    .0
                    .get(&keys::hashes(at / PAGE_HASHES))
                    .map_err(|_| missing())?
                    .ok_or_else(missing)?;
                let bytes = page.get(offset(*at)..offset(*at) + 32).ok_or_else(missing)?;
                Ok(tlog_tiles::Hash(bytes.try_into().map_err(|_| missing())?))
            })
            .collect()
    }
}
