//! Tile: runs of 256 hashes of one level of the log, as C2SP `tlog-tiles` serves them, and the paths they have.

use tlog_tiles::Tile;

use super::Pages;
use crate::limits::LOG_ENTRIES_MAX;
use crate::rows::{Rows, RowsError};

/// Levels of the tree in one tile.
pub const TILE_HEIGHT: u8 = 8;
/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u32 = 1 << TILE_HEIGHT;
/// Bytes of a full tile.
pub const TILE_BYTES_MAX: usize = TILE_WIDTH as usize * 32;
/// Longest path of a tile: level, number, width.
const PATH_BYTES_MAX: usize = 48;

/// The level of a tile: one of hashes, or that of the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Hashes; 0 are those of the entries.
    Hashes(u8),
    /// Entries: a bundle.
    Entries,
}

/// One tile or bundle: its level, its number on it, and how many hashes or entries it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Level.
    pub level: Level,
    /// Number on the level, from 0.
    pub n: u64,
    /// Hashes or entries in it, 1 to [`TILE_WIDTH`].
    pub width: u32,
}

impl Place {
    /// Returns how wide the tile at `level` and `n` is in a log of `size` entries; `None` if it is not there
    /// or empty.
    pub fn widest(level: Level, n: u64, size: u64) -> Option<Self> {
        let height = u32::from(if let Level::Hashes(level) = level { level } else { 0 }) * 8;
        let hashes = size.checked_shr(height).unwrap_or(0);
        let left = hashes.checked_sub(n.checked_mul(u64::from(TILE_WIDTH))?)?;
        let width = u32::try_from(left.min(u64::from(TILE_WIDTH))).ok()?;
        (width > 0).then_some(Self { level, n, width })
    }

    /// Returns the tile at `level` that is not full in a log of `size` entries; `None` if all of them are.
    pub fn edge(level: u8, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(u32::from(level) * 8)?;
        Self::widest(Level::Hashes(level), hashes / u64::from(TILE_WIDTH), size)
    }

    /// Returns all tiles and bundles of a log of `size` entries, each as wide as it is.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let levels = (0..TILE_HEIGHT).map(Level::Hashes).chain([Level::Entries]);
        levels.flat_map(move |level| (0..).map_while(move |n| Self::widest(level, n, size)))
    }

    /// Returns whether it will never grow.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Returns whether a log of `size` entries has it.
    pub fn is_in(&self, size: u64) -> bool {
        size <= LOG_ENTRIES_MAX
            && Self::widest(self.level, self.n, size).is_some_and(|widest| self.width <= widest.width)
    }

    /// Returns its path under the log's prefix: `tile/0/x001/234.p/5`, `tile/entries/000`.
    pub fn path(&self) -> String {
        let (level, is_data) = match self.level {
            Level::Hashes(level) => (level, false),
            Level::Entries => (0, true),
        };
        // The library's paths carry the height too, and say "data" as Go's checksum database does.
        let path = Tile::new(TILE_HEIGHT, level, self.n, self.width, is_data).path();
        path.replacen("tile/8/data/", "tile/entries/", 1).replacen("tile/8/", "tile/", 1)
    }

    /// Reads what [`Place::path`] writes, and nothing else.
    pub fn from_path(path: &str) -> Option<Self> {
        if path.len() > PATH_BYTES_MAX {
            return None;
        }
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let level = if level == "entries" {
            Level::Entries
        } else {
            Level::Hashes(level.parse().ok().filter(|level| *level < 64)?)
        };
        let (n, width) = match rest.split_once(".p/") {
            Some((n, width)) => (n, width.parse().ok().filter(|width| (1..TILE_WIDTH).contains(width))?),
            None => (rest, TILE_WIDTH),
        };
        let mut number = 0_u64;
        for part in n.split('/') {
            let digits: u64 = part.strip_prefix('x').unwrap_or(part).parse().ok().filter(|n| *n < 1000)?;
            number = number.checked_mul(1000)?.checked_add(digits)?;
        }
        let place = Self { level, n: number, width };
        (place.path() == path).then_some(place)
    }
}

/// Returns the hashes of a tile, one after another.
///
/// # Errors
/// The rows do not have them, or `place` is a bundle.
pub fn tile(rows: &dyn Rows, place: &Place) -> Result<Vec<u8>, RowsError> {
    let absent = || RowsError(format!("the log has no hashes for {}", place.path()));
    let Level::Hashes(level) = place.level else { return Err(absent()) };
    if !place.is_in(LOG_ENTRIES_MAX) {
        return Err(absent());
    }
    Tile::new(TILE_HEIGHT, level, place.n, place.width, false).read_data(&Pages(rows)).map_err(|_| absent())
}

/// Returns leaves as an entry bundle: each with its length before it, 16 bits, big-endian.
///
/// # Errors
/// A leaf is longer than the format can say.
pub fn bundle(leaves: &[Vec<u8>]) -> Result<Vec<u8>, RowsError> {
    let mut bytes = Vec::new();
    for leaf in leaves {
        let length = u16::try_from(leaf.len()).map_err(|_| {
            RowsError(format!("a leaf has {} bytes, more than a bundle can hold", leaf.len()))
        })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(leaf);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::merkle::append;
    use crate::rows::{MemoryRows, Overlay};

    fn log(size: u64) -> MemoryRows {
        let mut rows = MemoryRows::default();
        let below = MemoryRows::default();
        let mut overlay = Overlay::new(&below);
        for seq in 1..=size {
            append(&mut overlay, seq, &seq.to_be_bytes()).unwrap();
        }
        let batch = overlay.batch;
        rows.apply(batch);
        rows
    }

    #[test]
    fn the_tiles_of_a_log_are_those_of_the_standard() {
        // The example of C2SP tlog-tiles: 70,000 entries.
        let all: Vec<Place> = Place::all(70_000).collect();
        let of = |level, is_full| {
            all.iter().filter(|place| place.level == level && place.is_full() == is_full).collect::<Vec<_>>()
        };
        assert_eq!(of(Level::Hashes(0), true).len(), 273);
        assert_eq!(of(Level::Hashes(0), false), [&Place { level: Level::Hashes(0), n: 273, width: 112 }]);
        assert_eq!(of(Level::Hashes(1), true).len(), 1);
        assert_eq!(of(Level::Hashes(1), false), [&Place { level: Level::Hashes(1), n: 1, width: 17 }]);
        assert_eq!(of(Level::Hashes(2), false), [&Place { level: Level::Hashes(2), n: 0, width: 1 }]);
        assert_eq!(of(Level::Entries, true).len(), 273);
        assert_eq!(all.len(), 273 + 1 + 1 + 1 + 1 + 273 + 1);
        assert_eq!(Place::all(0).count(), 0);
        assert!(all.iter().all(|place| place.is_in(70_000)));
        assert!(!Place { level: Level::Hashes(0), n: 273, width: 113 }.is_in(70_000));
        assert!(Place { level: Level::Hashes(0), n: 273, width: 3 }.is_in(70_000), "an older size's tile");
    }

    #[test]
    fn paths_are_those_of_the_standard_and_read_back() {
        let place = |level, n, width| Place { level, n, width };
        for (path, expected) in [
            ("tile/0/x001/x234/067", place(Level::Hashes(0), 1_234_067, 256)),
            ("tile/63/000.p/1", place(Level::Hashes(63), 0, 1)),
            ("tile/entries/x273/112.p/255", place(Level::Entries, 273_112, 255)),
            ("tile/entries/000", place(Level::Entries, 0, 256)),
        ] {
            assert_eq!(Place::from_path(path), Some(expected));
            assert_eq!(expected.path(), path);
        }
        for path in [
            "tile/0/1",
            "tile/00/000",
            "tile/64/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/001/000",
            "tile/0/x000/001",
            "tile/data/000",
            "tile/8/0/000",
            "tile/0/../000",
            "tile/0/+01",
            "tile/0/000/",
            "tile/0/",
            "",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Place::from_path(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_beyond_the_log_is_an_error() {
        let rows = log(300);
        let place = |level, n, width| Place { level, n, width };
        assert_eq!(tile(&rows, &place(Level::Hashes(0), 1, 44)).unwrap().len(), 44 * 32);
        assert_eq!(tile(&rows, &place(Level::Hashes(1), 0, 1)).unwrap().len(), 32);
        for beyond in [
            place(Level::Hashes(0), 1, 45),
            place(Level::Hashes(0), 2, 1),
            place(Level::Hashes(1), 0, 2),
            place(Level::Hashes(63), 0, 1),
            place(Level::Hashes(0), u64::MAX, 1),
            place(Level::Entries, 0, 1),
        ] {
            assert!(tile(&rows, &beyond).is_err(), "{beyond:?}");
        }
    }
}
