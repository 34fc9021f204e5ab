//! Merkle: the hashes of the transparency log (RFC 6962), kept as pages of index rows; its root; and its
//! proofs, that an entry is in the log, and that one checkpoint's log is the beginning of another's.
//!
//! A leaf commits to the receipt as well as to the entry: moving, re-dating or re-judging an entry changes
//! the root.

pub mod leaf;
pub mod remote;
pub mod tile;

use tlog_tiles::{
    HashReader, check_record, check_tree, prove_record, prove_tree, record_hash, stored_hash_count,
    stored_hashes_for_record_hash, tree_hash,
};

use crate::id::Hash;
use crate::limits::{LOG_ENTRIES_MAX, PROOF_HASHES_MAX};
use crate::log::entry::Anchor;
use crate::log::line::Line;
use crate::rows::{Overlay, Rows, RowsError};
use leaf::Leaf;

/// Hashes in one page row: the newest page is written with each batch, so it is kept small.
const PAGE_HASHES: u64 = 32;

/// A proof about the log does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The later state has fewer entries than the earlier one: history was cut.
    #[error("the log has {new} entries now and had {old} before: entries are missing")]
    Shrunk {
        /// Entries before.
        old: u64,
        /// Entries now.
        new: u64,
    },
    /// Neither state begins the other, or the proof is none.
    #[error("the log's first {old} entries are not those of its state with {new} entries")]
    Parted {
        /// Entries before.
        old: u64,
        /// Entries now.
        new: u64,
    },
    /// The entry is not in the log at that place, or the proof is not one.
    #[error("the log of {size} entries does not have this entry as number {seq}")]
    Absent {
        /// Ledger number.
        seq: u64,
        /// Entries in the log.
        size: u64,
    },
    /// More entries or hashes than any log or proof has.
    #[error("a log of {entries} entries or a proof of {hashes} hashes is beyond what is checked")]
    TooLarge {
        /// Entries named.
        entries: u64,
        /// Hashes given.
        hashes: usize,
    },
}

/// Returns the leaf of a ledger's line.
///
/// # Errors
/// It is no receipted entry whose chain is known.
pub fn leaf_of_line(line: &[u8]) -> Result<Vec<u8>, RowsError> {
    let Line::Entry { receipt: Some(receipt), chained } = Line::from_bytes(line)? else {
        return Err(RowsError("a line of the ledger is no receipted entry".into()));
    };
    let hash = chained.hash().ok_or_else(|| RowsError("an entry does not know the one before it".into()))?;
    Ok(Leaf::of(&chained.entry, &chained.prev.unwrap_or_default(), hash, &receipt).to_bytes())
}

/// Returns the RFC 6962 hash of a leaf's bytes.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash(record_hash(leaf).0)
}

/// Appends the leaf of ledger number `seq` (from 1) to the log.
pub fn append(overlay: &mut Overlay<'_>, seq: u64, leaf: &[u8]) -> Result<(), RowsError> {
    let index = seq.checked_sub(1).ok_or_else(|| RowsError("ledger numbers start at 1".into()))?;
    let new = stored_hashes_for_record_hash(index, record_hash(leaf), &Pages(overlay)).map_err(log_error)?;
    for (at, hash) in (stored_hash_count(index)..).zip(new) {
        overlay.edit(page_key(at / PAGE_HASHES), |page| {
            page.truncate(offset(at));
            page.extend_from_slice(&hash.0);
        })?;
    }
    Ok(())
}

/// Returns the root over the first `size` leaves; the hash of nothing for 0.
pub fn root(rows: &dyn Rows, size: u64) -> Result<Hash, RowsError> {
    if size == 0 {
        return Ok(empty_root());
    }
    tree_hash(size, &Pages(rows)).map(|hash| Hash(hash.0)).map_err(log_error)
}

/// Returns the path from entry `seq` (from 1) to the root over `size` entries: from its sibling up.
///
/// # Errors
/// The rows do not have that many entries, or `seq` is none of them.
pub fn prove_inclusion(rows: &dyn Rows, size: u64, seq: u64) -> Result<Vec<Hash>, RowsError> {
    prove_inclusion_over(&Pages(rows), size, seq).map_err(log_error)
}

/// Returns what [`prove_inclusion`] returns, from any store of the log's hashes.
///
/// # Errors
/// The store does not have what the proof needs.
pub fn prove_inclusion_over(
    hashes: &impl HashReader,
    size: u64,
    seq: u64,
) -> Result<Vec<Hash>, tlog_tiles::Error> {
    let index = seq.checked_sub(1).ok_or(tlog_tiles::Error::IndexesNotInTree)?;
    if size > LOG_ENTRIES_MAX {
        return Err(tlog_tiles::Error::IndexesNotInTree);
    }
    prove_record(size, index, hashes).map(ours)
}

/// Checks that `leaf` is entry `seq` (from 1) of the log with that size and root.
///
/// # Errors
/// [`ProofError::Absent`] if it is not, whatever the reason.
pub fn check_inclusion(proof: &[Hash], log: &Anchor, seq: u64, leaf: &[u8]) -> Result<(), ProofError> {
    bound(proof, log.size)?;
    let absent = ProofError::Absent { seq, size: log.size };
    let index = seq.checked_sub(1).ok_or(absent)?;
    check_record(&theirs(proof), log.size, tlog_tiles::Hash(log.root.0), index, record_hash(leaf))
        .map_err(|_| absent)
}

/// Returns the proof that the first `old` of `new` entries are themselves a state of the log. It is empty if
/// `old` is 0 or `new`.
///
/// # Errors
/// The rows have fewer than `new` entries, or `old` is more than `new`.
pub fn prove_consistency(rows: &dyn Rows, old: u64, new: u64) -> Result<Vec<Hash>, RowsError> {
    if old > new || new > LOG_ENTRIES_MAX {
        return Err(RowsError(format!("a log of {new} entries has no beginning of {old}")));
    }
    if old == 0 {
        return Ok(Vec::new());
    }
    prove_tree(new, old, &Pages(rows)).map(ours).map_err(log_error)
}

/// Checks that the log in state `new` begins with the log in state `old`.
///
/// # Errors
/// [`ProofError::Shrunk`] or [`ProofError::Parted`]. An invalid proof is [`ProofError::Parted`].
pub fn check_consistency(proof: &[Hash], old: &Anchor, new: &Anchor) -> Result<(), ProofError> {
    bound(proof, old.size.max(new.size))?;
    if new.size < old.size {
        return Err(ProofError::Shrunk { old: old.size, new: new.size });
    }
    let parted = ProofError::Parted { old: old.size, new: new.size };
    if old.size == 0 {
        // Nothing was seen, or the log was seen empty; both begin every log, and there is nothing to prove.
        let is_empty = old.root == Hash::ZERO || old.root == empty_root();
        let is_same = new.size > 0 || new.root == empty_root();
        return if is_empty && is_same && proof.is_empty() { Ok(()) } else { Err(parted) };
    }
    let (old_root, new_root) = (tlog_tiles::Hash(old.root.0), tlog_tiles::Hash(new.root.0));
    check_tree(&theirs(proof), new.size, new_root, old.size, old_root).map_err(|_| parted)
}

fn bound(proof: &[Hash], entries: u64) -> Result<(), ProofError> {
    if entries > LOG_ENTRIES_MAX || proof.len() > PROOF_HASHES_MAX {
        return Err(ProofError::TooLarge { entries, hashes: proof.len() });
    }
    Ok(())
}

fn ours(proof: Vec<tlog_tiles::Hash>) -> Vec<Hash> {
    proof.into_iter().map(|hash| Hash(hash.0)).collect()
}

fn theirs(proof: &[Hash]) -> Vec<tlog_tiles::Hash> {
    proof.iter().map(|hash| tlog_tiles::Hash(hash.0)).collect()
}

/// Returns the root of a log without entries.
fn empty_root() -> Hash {
    Hash(tlog_tiles::EMPTY_HASH.0)
}

fn offset(at: u64) -> usize {
    usize::try_from(at % PAGE_HASHES).unwrap_or(0) * 32
}

fn log_error(error: impl std::fmt::Display) -> RowsError {
    RowsError(format!("the log's hashes do not fit together: {error}"))
}

struct Pages<'r>(&'r dyn Rows);

impl HashReader for Pages<'_> {
    /// Hashes that stand on one page are read with one look at it: most of a root or a proof is on the newest page.
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let missing = || tlog_tiles::Error::IndexesNotInTree;
        let mut found = vec![None; indexes.len()];
        for first in 0..indexes.len() {
            if found[first].is_some() {
                continue;
            }
            let number = indexes[first] / PAGE_HASHES;
            let look = &mut |page: Option<&[u8]>| {
                let on_page = |at: u64| page?.get(offset(at)..offset(at) + 32)?.try_into().ok();
                for (at, hash) in
                    indexes.iter().zip(&mut found).filter(|(at, _)| **at / PAGE_HASHES == number)
                {
                    *hash = on_page(*at).map(tlog_tiles::Hash);
                }
            };
            self.0.look(&page_key(number), look).map_err(|_| missing())?;
            if found[first].is_none() {
                return Err(missing());
            }
        }
        found.into_iter().map(|hash| hash.ok_or_else(missing)).collect()
    }
}

/// All pages of hashes in the index.
pub const PAGES: &[u8] = b"t/";

/// Returns the key of a page of hashes in the index.
fn page_key(page: u64) -> Vec<u8> {
    [PAGES, &page.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{MemoryRows, Overlay};
    use ct_merkle::{ConsistencyProof, InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
    use sha2::Sha256;

    /// Returns a log of `size` leaves twice: as this module's rows, and as the other implementation's tree.
    fn logs(size: u64) -> (MemoryRows, MemoryBackedTree<Sha256, Vec<u8>>) {
        let (mut rows, mut tree) = (MemoryRows::default(), MemoryBackedTree::new());
        for seq in 1..=size {
            let leaf = seq.to_be_bytes().to_vec();
            let below = rows.clone();
            let mut overlay = Overlay::new(&below);
            append(&mut overlay, seq, &leaf).unwrap();
            rows.apply(overlay.batch);
            tree.push(leaf);
        }
        (rows, tree)
    }

    fn anchor(rows: &MemoryRows, size: u64) -> Anchor {
        Anchor { size, root: root(rows, size).unwrap() }
    }

    fn oracle_root(anchor: &Anchor) -> RootHash<Sha256> {
        RootHash::new(anchor.root.0.into(), anchor.size)
    }

    fn bytes(proof: &[Hash]) -> Vec<u8> {
        proof.iter().flat_map(|hash| hash.0).collect()
    }

    #[test]
    fn another_implementation_makes_and_takes_the_same_consistency_proofs() {
        let (rows, _) = logs(70);
        for new in 1..=70 {
            let (_, tree) = logs(new);
            let to = anchor(&rows, new);
            assert_eq!(tree.root().as_bytes().as_slice(), to.root.0);
            for old in 1..=new {
                let from = anchor(&rows, old);
                let proof = prove_consistency(&rows, old, new).unwrap();
                check_consistency(&proof, &from, &to).unwrap();
                let theirs = tree.prove_consistency(usize::try_from(new - old).unwrap());
                assert_eq!(theirs.as_bytes(), bytes(&proof), "{old} to {new}");
                let ours = ConsistencyProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
                oracle_root(&to).verify_consistency(&oracle_root(&from), &ours).unwrap();
            }
        }
    }

    #[test]
    fn another_implementation_makes_and_takes_the_same_inclusion_proofs() {
        for size in [1, 2, 3, 7, 8, 9, 64, 70] {
            let (rows, tree) = logs(size);
            let log = anchor(&rows, size);
            for seq in 1..=size {
                let leaf = seq.to_be_bytes().to_vec();
                let proof = prove_inclusion(&rows, size, seq).unwrap();
                check_inclusion(&proof, &log, seq, &leaf).unwrap();
                assert_eq!(tree.prove_inclusion(usize::try_from(seq - 1).unwrap()).as_bytes(), bytes(&proof));
                let ours = InclusionProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
                oracle_root(&log).verify_inclusion(&leaf, seq - 1, &ours).unwrap();
            }
        }
    }

    #[test]
    fn what_is_not_the_same_past_is_refused() {
        let (rows, _) = logs(70);
        let (old, new) = (anchor(&rows, 37), anchor(&rows, 70));
        let proof = prove_consistency(&rows, 37, 70).unwrap();
        let parted = Err(ProofError::Parted { old: 37, new: 70 });
        let other = Hash([9; 32]);
        assert_eq!(check_consistency(&proof, &Anchor { root: other, ..old }, &new), parted);
        assert_eq!(check_consistency(&proof, &old, &Anchor { root: other, ..new }), parted);
        assert_eq!(check_consistency(&proof[1..], &old, &new), parted);
        for at in 0..proof.len() {
            let mut bent = proof.clone();
            bent[at].0[0] ^= 1;
            assert_eq!(check_consistency(&bent, &old, &new), parted, "hash {at}");
        }
        assert_eq!(check_consistency(&[], &new, &old), Err(ProofError::Shrunk { old: 70, new: 37 }));
        assert_eq!(
            check_consistency(&[], &new, &Anchor { root: other, ..new }),
            Err(ProofError::Parted { old: 70, new: 70 })
        );
        check_consistency(&[], &new, &new).unwrap();
        let endless = vec![other; PROOF_HASHES_MAX + 1];
        assert!(matches!(check_consistency(&endless, &old, &new), Err(ProofError::TooLarge { .. })));
        let huge = Anchor { size: u64::MAX, root: other };
        assert!(matches!(check_consistency(&proof, &old, &huge), Err(ProofError::TooLarge { .. })));
        assert!(prove_consistency(&rows, 70, 71).is_err(), "more than there is");
        assert!(prove_consistency(&rows, 70, 37).is_err(), "backwards");
        assert!(prove_consistency(&rows, 1, u64::MAX).is_err(), "beyond numbers");
    }

    #[test]
    fn an_empty_log_begins_every_log() {
        let (rows, _) = logs(3);
        assert_eq!(prove_consistency(&rows, 0, 3), Ok(Vec::new()));
        assert_eq!(prove_consistency(&rows, 0, 0), Ok(Vec::new()));
        let (none, empty, three) = (Anchor::default(), anchor(&rows, 0), anchor(&rows, 3));
        for old in [none, empty] {
            check_consistency(&[], &old, &three).unwrap();
            check_consistency(&[], &old, &empty).unwrap();
            assert!(check_consistency(&[Hash([1; 32])], &old, &three).is_err(), "a proof of nothing");
        }
        let lie = Anchor { size: 0, root: Hash([1; 32]) };
        assert!(check_consistency(&[], &lie, &three).is_err());
        assert!(check_consistency(&[], &empty, &lie).is_err());
    }

    #[test]
    fn a_leaf_at_another_place_or_with_other_bytes_is_absent() {
        let (rows, _) = logs(9);
        let log = anchor(&rows, 9);
        let proof = prove_inclusion(&rows, 9, 4).unwrap();
        let leaf = 4_u64.to_be_bytes();
        check_inclusion(&proof, &log, 4, &leaf).unwrap();
        for (seq, leaf) in [(4, 5_u64.to_be_bytes()), (3, leaf), (0, leaf), (10, leaf)] {
            assert_eq!(check_inclusion(&proof, &log, seq, &leaf), Err(ProofError::Absent { seq, size: 9 }));
        }
        assert!(prove_inclusion(&rows, 9, 0).is_err());
        assert!(prove_inclusion(&rows, 9, 10).is_err());
    }
}
