//! Tree: the hashes of RFC 6962 a second time, without the index, so that the proof trusts nothing that it
//! proves.

use crate::id::Hash;
use sha2::{Digest, Sha256};

/// All hashes of a tree of which every prefix has a root. 64 bytes a leaf.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    /// `levels[h][i]` covers the leaves from `i << h` to `(i + 1) << h`.
    levels: Vec<Vec<[u8; 32]>>,
}

impl Tree {
    /// Adds a leaf.
    pub(super) fn push(&mut self, leaf: &[u8]) {
        let mut hash = hash_parts(0, &[leaf]);
        for height in 0.. {
            if self.levels.len() == height {
                self.levels.push(Vec::new());
            }
            let level = &mut self.levels[height];
            level.push(hash);
            if level.len() % 2 == 1 {
                return;
            }
            hash = hash_parts(1, &[&level[level.len() - 2], &level[level.len() - 1]]);
        }
    }

    /// Returns the hash of leaf `seq`, from 1.
    pub(super) fn leaf(&self, seq: u64) -> Option<Hash> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.levels.first()?.get(index).copied().map(Hash)
    }

    /// Returns the root over the first `size` leaves; `None` if there are fewer.
    pub(super) fn root(&self, size: u64) -> Option<Hash> {
        if size == 0 {
            return Some(Hash(Sha256::digest([]).into()));
        }
        let mut root: Option<[u8; 32]> = None;
        for height in 0..64 {
            if size >> height & 1 == 1 {
                let index = usize::try_from((size >> height) - 1).ok()?;
                let peak = self.levels.get(height)?.get(index)?;
                root = Some(root.map_or(*peak, |right| hash_parts(1, &[peak, &right])));
            }
        }
        root.map(Hash)
    }
}

fn hash_parts(domain: u8, parts: &[&[u8]]) -> [u8; 32] {
    let mut sha = Sha256::new();
    sha.update([domain]);
    for part in parts {
        sha.update(part);
    }
    sha.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::Tree;
    use crate::log::merkle;
    use crate::rows::{MemoryRows, Overlay};

    #[test]
    fn agrees_with_the_core_at_every_size() {
        let rows = MemoryRows::default();
        let mut overlay = Overlay::new(&rows);
        let mut tree = Tree::default();
        assert_eq!(tree.root(0), merkle::root(&overlay, 0).ok());
        for seq in 1..=70_u64 {
            let leaf = seq.to_be_bytes();
            merkle::append(&mut overlay, seq, &leaf).unwrap();
            tree.push(&leaf);
            for size in 0..=seq {
                assert_eq!(tree.root(size), merkle::root(&overlay, size).ok(), "{size} of {seq}");
            }
        }
        assert_eq!(tree.root(71), None);
    }
}
