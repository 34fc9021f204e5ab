//! Remote: a log that is read by tiles from a host that is not believed. Every hash that leaves this module
//! was checked against the root of a checkpoint.

use std::cell::RefCell;
use std::collections::BTreeMap;

use tlog_tiles::{HashReader, Tile, stored_hash_index, tree_hash};

use super::tile::{Level, Place, TILE_HEIGHT, TILE_WIDTH};
use super::{empty_root, prove_inclusion_over};
use crate::id::Hash;
use crate::limits::{LOG_ENTRIES_MAX, LOG_TILES_MAX};
use crate::log::entry::Anchor;

/// A source of tiles.
pub trait Tiles {
    /// Returns the bytes of a tile as they were received. The source itself remembers what went wrong.
    fn tile(&self, place: &Place) -> Result<Vec<u8>, TilesFailed>;
}

/// The source did not give a tile; it knows why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilesFailed;

/// Why a remote log gives no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// A tile did not come.
    #[error("a tile of the log could not be had")]
    Unavailable,
    /// The tiles are not those of the checkpoint.
    #[error("the log's tiles are not those that its checkpoint signs")]
    Forged,
    /// Asked for something beyond the log.
    #[error("the log has {size} entries, and number {asked} was asked for")]
    Beyond {
        /// Entries in the log.
        size: u64,
        /// The number that was requested.
        asked: u64,
    },
    /// More than a reader downloads.
    #[error("this would take more than {LOG_TILES_MAX} tiles of the log")]
    TooLarge,
}

/// A log of which one checkpoint is known to be signed.
pub struct RemoteLog<'t> {
    anchor: Anchor,
    source: &'t dyn Tiles,
    /// Tiles already held against the root, so that each travels once.
    kept: RefCell<BTreeMap<Place, Vec<u8>>>,
    /// The failure, if the library's error cannot name it.
    failure: RefCell<Option<RemoteError>>,
}

impl<'t> RemoteLog<'t> {
    /// Returns the log in the state that `anchor` names, by the tiles of `source`.
    ///
    /// # Errors
    /// `TooLarge` for a size beyond [`LOG_ENTRIES_MAX`].
    pub fn new(anchor: Anchor, source: &'t dyn Tiles) -> Result<Self, RemoteError> {
        if anchor.size > LOG_ENTRIES_MAX {
            return Err(RemoteError::TooLarge);
        }
        Ok(Self { anchor, source, kept: RefCell::default(), failure: RefCell::default() })
    }

    /// Returns its size and root.
    pub fn anchor(&self) -> Anchor {
        self.anchor
    }

    /// Returns the root over its first `size` entries: equal to that of a kept checkpoint exactly if nothing
    /// before was changed.
    ///
    /// # Errors
    /// `Beyond` if it has fewer; what the tiles are.
    pub fn root(&self, size: u64) -> Result<Hash, RemoteError> {
        if size == 0 {
            return Ok(empty_root());
        }
        self.within(size)?;
        if size == self.anchor.size {
            // The checkpoint says it; the tiles are held against it below whenever one is read.
            return Ok(self.anchor.root);
        }
        self.read(|reader| tree_hash(size, reader)).map(|hash| Hash(hash.0))
    }

    /// Returns whether the log begins with the one that `old` names.
    ///
    /// # Errors
    /// What the tiles are. A log that is smaller than `old` is no error: it does not begin with it.
    pub fn begins_with(&self, old: &Anchor) -> Result<bool, RemoteError> {
        if old.size == 0 {
            return Ok(true);
        }
        if old.size > self.anchor.size {
            return Ok(false);
        }
        Ok(self.root(old.size)? == old.root)
    }

    /// Returns the hashes of the leaves `from..=to`, which lie in one tile.
    ///
    /// # Errors
    /// `Beyond` if the log is smaller; what the tiles are.
    pub fn leaves(&self, from: u64, to: u64) -> Result<Vec<Hash>, RemoteError> {
        self.within(to)?;
        let wide = u64::from(TILE_WIDTH);
        if from == 0 || from > to || (from - 1) / wide != (to - 1) / wide {
            return Err(RemoteError::Beyond { size: self.anchor.size, asked: from });
        }
        let indexes: Vec<u64> = (from..=to).map(|seq| stored_hash_index(0, seq - 1)).collect();
        let hashes = self.read(|reader| reader.read_hashes(&indexes))?;
        Ok(hashes.into_iter().map(|hash| Hash(hash.0)).collect())
    }

    /// Returns the path from entry `seq` to the root over the first `size` entries.
    ///
    /// # Errors
    /// `Beyond` if that many, or that number, are not there; what the tiles are.
    pub fn prove_inclusion(&self, size: u64, seq: u64) -> Result<Vec<Hash>, RemoteError> {
        self.within(size)?;
        if seq == 0 || seq > size {
            return Err(RemoteError::Beyond { size, asked: seq });
        }
        self.read(|reader| prove_inclusion_over(reader, size, seq))
    }

    fn within(&self, seq: u64) -> Result<(), RemoteError> {
        let size = self.anchor.size;
        if seq == 0 || seq > size { Err(RemoteError::Beyond { size, asked: seq }) } else { Ok(()) }
    }

    fn read<T>(&self, ask: impl FnOnce(&Self) -> Result<T, tlog_tiles::Error>) -> Result<T, RemoteError> {
        ask(self).map_err(|_| self.failure.take().unwrap_or(RemoteError::Forged))
    }

    /// Returns a tile whose bytes were held against the root, directly or by the tile above it.
    fn authentic(&self, level: u8, n: u64) -> Result<(Place, Vec<u8>), RemoteError> {
        let beyond = RemoteError::Beyond { size: self.anchor.size, asked: n };
        let place = Place::widest(Level::Hashes(level), n, self.anchor.size).ok_or(beyond)?;
        if let Some(bytes) = self.kept.borrow().get(&place) {
            return Ok((place, bytes.clone()));
        }
        if !place.is_full() {
            self.take_edge()?;
            return self.kept.borrow().get(&place).map(|bytes| (place, bytes.clone())).ok_or(beyond);
        }
        let bytes = self.fetch(&place)?;
        let (_, above) = self.authentic(level + 1, n / u64::from(TILE_WIDTH))?;
        let at = usize::try_from(n % u64::from(TILE_WIDTH)).unwrap_or(0) * 32;
        if above.get(at..at + 32) != Some(Tile::subtree_hash(&bytes).0.as_slice()) {
            return Err(RemoteError::Forged);
        }
        self.kept.borrow_mut().insert(place, bytes.clone());
        Ok((place, bytes))
    }

    /// Takes the tiles that are not full: one a level at most, and together they make the root.
    fn take_edge(&self) -> Result<(), RemoteError> {
        let mut edge = BTreeMap::new();
        for place in (0..TILE_HEIGHT).filter_map(|level| Place::edge(level, self.anchor.size)) {
            edge.insert(place, self.fetch(&place)?);
        }
        let made = tree_hash(self.anchor.size, &Edge(&edge, self.anchor.size));
        if !made.is_ok_and(|root| root.0 == self.anchor.root.0) {
            return Err(RemoteError::Forged);
        }
        self.kept.borrow_mut().append(&mut edge);
        Ok(())
    }

    fn fetch(&self, place: &Place) -> Result<Vec<u8>, RemoteError> {
        if self.kept.borrow().len() >= LOG_TILES_MAX {
            return Err(RemoteError::TooLarge);
        }
        let bytes = self.source.tile(place).map_err(|TilesFailed| RemoteError::Unavailable)?;
        let is_whole = u64::try_from(bytes.len()) == Ok(u64::from(place.width) * 32);
        if is_whole { Ok(bytes) } else { Err(RemoteError::Forged) }
    }
}

/// Tiles are authenticated here and not by the library, whose reader leaves full tiles unchecked in trees of
/// many sizes: its count of tiles that need no check is that of the hashes in them. The arithmetic of tiles
/// is the library's.
impl HashReader for RemoteLog<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let read = |index: &u64| {
            let wanted = Tile::from_index(TILE_HEIGHT, *index);
            let (place, bytes) = self.authentic(wanted.level(), wanted.level_index()).map_err(|error| {
                self.failure.replace(Some(error));
                tlog_tiles::Error::InvalidTile
            })?;
            hash_in(&place, &bytes, *index)
        };
        indexes.iter().map(read).collect()
    }
}

/// Tiles that are not full, as they came.
struct Edge<'e>(&'e BTreeMap<Place, Vec<u8>>, u64);

impl HashReader for Edge<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let read = |index: &u64| {
            let place = Place::edge(Tile::from_index(TILE_HEIGHT, *index).level(), self.1);
            let found = place.and_then(|place| Some((place, self.0.get(&place)?)));
            let (place, bytes) = found.ok_or(tlog_tiles::Error::IndexesNotInTree)?;
            hash_in(&place, bytes, *index)
        };
        indexes.iter().map(read).collect()
    }
}

fn hash_in(place: &Place, bytes: &[u8], index: u64) -> Result<tlog_tiles::Hash, tlog_tiles::Error> {
    let Level::Hashes(level) = place.level else { return Err(tlog_tiles::Error::InvalidTile) };
    Tile::new(TILE_HEIGHT, level, place.n, place.width, false).hash_at_index(bytes, index)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::log::merkle::tile::tile;
    use crate::log::merkle::{append, check_inclusion, root};
    use crate::rows::{MemoryRows, Overlay};

    struct Server {
        rows: MemoryRows,
        asked: Cell<usize>,
        bent: Option<Place>,
    }

    impl Tiles for Server {
        fn tile(&self, place: &Place) -> Result<Vec<u8>, TilesFailed> {
            self.asked.set(self.asked.get() + 1);
            let mut bytes = tile(&self.rows, place).map_err(|_| TilesFailed)?;
            if self.bent == Some(*place) {
                bytes[0] ^= 1;
            }
            Ok(bytes)
        }
    }

    fn server(size: u64) -> (Server, Anchor) {
        let below = MemoryRows::default();
        let mut overlay = Overlay::new(&below);
        for seq in 1..=size {
            append(&mut overlay, seq, &seq.to_be_bytes()).unwrap();
        }
        let batch = overlay.batch;
        let mut rows = MemoryRows::default();
        rows.apply(batch);
        let anchor = Anchor { size, root: root(&rows, size).unwrap() };
        (Server { rows, asked: Cell::new(0), bent: None }, anchor)
    }

    #[test]
    fn roots_leaves_and_proofs_come_out_of_tiles_and_each_travels_once() {
        let (server, anchor) = server(600);
        let log = RemoteLog::new(anchor, &server).unwrap();
        for size in [0, 1, 255, 256, 599, 600] {
            assert_eq!(log.root(size).unwrap(), root(&server.rows, size).unwrap());
            let old = Anchor { size, root: root(&server.rows, size).unwrap() };
            assert_eq!(log.begins_with(&old), Ok(true));
        }
        assert_eq!(log.begins_with(&Anchor { size: 300, root: Hash([7; 32]) }), Ok(false));
        assert_eq!(log.begins_with(&Anchor { size: 601, root: Hash([7; 32]) }), Ok(false));
        for seq in [1, 256, 257, 600] {
            for size in [seq, seq.max(300), 600] {
                let proof = log.prove_inclusion(size, seq).unwrap();
                let old = Anchor { size, root: root(&server.rows, size).unwrap() };
                check_inclusion(&proof, &old, seq, &seq.to_be_bytes()).unwrap();
            }
            let hash = tlog_tiles::record_hash(&seq.to_be_bytes());
            assert_eq!(log.leaves(seq, seq).unwrap(), [Hash(hash.0)]);
        }
        assert_eq!(log.leaves(257, 512).unwrap().len(), 256);
        assert_eq!(server.asked.get(), 4, "three tiles of leaves and one above");
        assert_eq!(log.prove_inclusion(300, 301), Err(RemoteError::Beyond { size: 300, asked: 301 }));
        assert_eq!(log.leaves(256, 257), Err(RemoteError::Beyond { size: 600, asked: 256 }));
        assert_eq!(log.leaves(600, 601), Err(RemoteError::Beyond { size: 600, asked: 601 }));
    }

    #[test]
    fn whichever_tile_is_bent_nothing_false_comes_out() {
        for size in [1, 255, 256, 257, 512, 600, 768, 1_023] {
            let (mut server, anchor) = server(size);
            let tiles: Vec<Place> = Place::all(size).filter(|place| place.level != Level::Entries).collect();
            for bent in tiles {
                server.bent = Some(bent);
                for seq in
                    [1, 200, 256, 257, 300, 511, 512, 513, 600, 700, size].into_iter().filter(|n| *n <= size)
                {
                    let log = RemoteLog::new(anchor, &server).unwrap();
                    let honest = Hash(tlog_tiles::record_hash(&seq.to_be_bytes()).0);
                    match log.leaves(seq, seq) {
                        Ok(leaf) => assert_eq!(leaf, [honest], "{size} {bent:?} {seq}"),
                        Err(error) => assert_eq!(error, RemoteError::Forged, "{size} {bent:?} {seq}"),
                    }
                    let root = root(&server.rows, seq).unwrap();
                    assert_ne!(
                        log.begins_with(&Anchor { size: seq, root }),
                        Ok(false),
                        "{size} {bent:?} {seq}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_full_tile_that_the_library_leaves_unchecked_is_checked() {
        let (mut server, anchor) = server(600);
        server.bent = Some(Place { level: Level::Hashes(0), n: 1, width: 256 });
        assert_eq!(RemoteLog::new(anchor, &server).unwrap().leaves(300, 300), Err(RemoteError::Forged));
    }

    #[test]
    fn a_tile_that_is_missing_or_a_size_that_is_a_lie_gives_nothing() {
        let (server, anchor) = server(600);
        let longer = Anchor { size: 700, ..anchor };
        assert_eq!(RemoteLog::new(longer, &server).unwrap().root(300), Err(RemoteError::Unavailable));
        let huge = Anchor { size: u64::MAX, ..anchor };
        assert!(matches!(RemoteLog::new(huge, &server), Err(RemoteError::TooLarge)));
    }
}
