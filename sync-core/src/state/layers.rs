//! Layers: a device keeps several sets of rows in one store, each under a prefix of two bytes. A *generation* of the
//! mirror holds what the hub told; the *overlay* holds the records that the device's pending entries touch.
//!
//! A fold sees plain keys: [`in_mirror`] and [`in_overlay`] add the prefix. A view reads [`Merged`]: overlay over
//! mirror. An empty value in the overlay hides a row of the mirror.

use super::local::GENERATIONS;
use crate::rows::{Batch, Look, Overlay, Rows, RowsError, Visit, scan_over};

/// The two bytes before each key of a layer.
type Prefix = [u8; 2];

/// The prefix of the overlay.
const OVERLAY: Prefix = *b"O/";

/// Changes of records.
const CHANGES: &[u8] = b"c/";
/// Families that only told lines write: fingerprints, quarantine, numbers, members.
const TOLD_ONLY: [&[u8]; 4] = [b"f/", b"q/", b"n/", b"p/"];

/// Returns the prefix of a generation of the mirror.
pub const fn mirror(generation: u8) -> [u8; 2] {
    [b'M', generation]
}

fn join(prefix: Prefix, key: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(prefix.len() + key.len());
    joined.extend_from_slice(&prefix);
    joined.extend_from_slice(key);
    joined
}

/// One layer of a device's rows, under plain keys.
#[derive(Clone, Copy)]
pub struct Layer<'r> {
    below: &'r dyn Rows,
    prefix: Prefix,
}

impl<'r> Layer<'r> {
    /// Returns a generation of the mirror.
    pub fn mirror(below: &'r dyn Rows, generation: u8) -> Self {
        Self { below, prefix: mirror(generation) }
    }
}

impl Rows for Layer<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        self.below.get(&join(self.prefix, key))
    }

    fn look(&self, key: &[u8], look: &mut Look<'_>) -> Result<(), RowsError> {
        self.below.look(&join(self.prefix, key), look)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError> {
        let (prefix, from) = (join(self.prefix, prefix), join(self.prefix, from));
        self.below.scan(&prefix, &from, &mut |key, value| visit(&key[self.prefix.len()..], value))
    }
}

/// The rows that a person's view reads: the overlay over the generation that is shown.
#[derive(Clone, Copy)]
pub struct Merged<'r> {
    overlay: Layer<'r>,
    mirror: Layer<'r>,
}

impl<'r> Merged<'r> {
    /// Returns the overlay over a generation of the mirror.
    pub fn new(below: &'r dyn Rows, generation: u8) -> Self {
        let overlay = Layer { below, prefix: OVERLAY };
        Self { overlay, mirror: Layer::mirror(below, generation) }
    }

    /// Returns the overlay over the generation that is shown.
    pub fn shown(below: &'r dyn Rows) -> Result<Self, RowsError> {
        Ok(Self::new(below, GENERATIONS.read_or_default(below)?.shown))
    }

    /// Returns the mirror alone.
    pub fn mirror(&self) -> Layer<'r> {
        self.mirror
    }
}

impl Rows for Merged<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        match self.overlay.get(key)? {
            Some(value) if value.is_empty() => Ok(None),
            Some(value) => Ok(Some(value)),
            None => self.mirror.get(key),
        }
    }

    fn look(&self, key: &[u8], look: &mut Look<'_>) -> Result<(), RowsError> {
        let mut is_above = false;
        self.overlay.look(key, &mut |value| {
            if let Some(value) = value {
                is_above = true;
                look((!value.is_empty()).then_some(value));
            }
        })?;
        if is_above { Ok(()) } else { self.mirror.look(key, look) }
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError> {
        let mut above = Batch::default();
        self.overlay.scan(prefix, from, &mut |key, value| {
            let value = (!value.is_empty()).then(|| value.to_vec());
            above.writes.insert(key.to_vec(), value);
            true
        })?;
        if above.writes.is_empty() {
            return self.mirror.scan(prefix, from, visit);
        }
        scan_over(&self.mirror, &above, prefix, from, visit)
    }
}

/// Lets `act` write in a generation of the mirror.
///
/// # Panics
/// If it takes a change away: a record only grows within a generation.
pub fn in_mirror<T>(
    raw: &mut Overlay<'_>,
    generation: u8,
    act: impl FnOnce(&mut Overlay<'_>) -> Result<T, RowsError>,
) -> Result<T, RowsError> {
    let layer = Layer::mirror(raw, generation);
    let mut inner = Overlay::new(&layer);
    let answer = act(&mut inner)?;
    let batch = inner.batch;
    for (key, value) in batch.writes {
        assert!(
            value.is_some() || !key.starts_with(CHANGES),
            "no change leaves a record within a generation"
        );
        raw.batch.writes.insert(join(mirror(generation), &key), value);
    }
    Ok(answer)
}

/// Lets `act` write in the overlay, over a generation of the mirror.
///
/// # Panics
/// If it writes what only the hub says.
pub fn in_overlay<T>(
    raw: &mut Overlay<'_>,
    generation: u8,
    act: impl FnOnce(&mut Overlay<'_>) -> Result<T, RowsError>,
) -> Result<T, RowsError> {
    let merged = Merged::new(raw, generation);
    let mut inner = Overlay::new(&merged);
    let answer = act(&mut inner)?;
    let batch = inner.batch;
    for (key, value) in batch.writes {
        assert!(
            !TOLD_ONLY.iter().any(|family| key.starts_with(family)),
            "only the hub says what these rows say"
        );
        let hidden = value.is_none() && raw.get(&join(mirror(generation), &key))?.is_some();
        let value = if hidden { Some(Vec::new()) } else { value };
        raw.batch.writes.insert(join(OVERLAY, &key), value);
    }
    Ok(answer)
}

/// Deletes rows of the overlay alone, so that the mirror's show again.
pub fn clear_overlay(
    raw: &mut Overlay<'_>,
    keys: impl IntoIterator<Item = Vec<u8>>,
) -> Result<(), RowsError> {
    for key in keys {
        let key = join(OVERLAY, &key);
        if raw.get(&key)?.is_some() {
            raw.delete(key);
        }
    }
    Ok(())
}

/// Returns the keys of the overlay under a plain prefix.
pub fn overlay_keys(raw: &dyn Rows, prefix: &[u8]) -> Result<Vec<Vec<u8>>, RowsError> {
    let layer = Layer { below: raw, prefix: OVERLAY };
    let mut keys = Vec::new();
    layer.scan(prefix, prefix, &mut |key, _| {
        keys.push(key.to_vec());
        true
    })?;
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::{Merged, clear_overlay, in_mirror, in_overlay};
    use crate::rows::{MemoryRows, Overlay, Rows};

    fn all(rows: &dyn Rows, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found = Vec::new();
        rows.scan(prefix, prefix, &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            true
        })
        .unwrap();
        found
    }

    fn pair(key: &[u8], value: &[u8]) -> (Vec<u8>, Vec<u8>) {
        (key.to_vec(), value.to_vec())
    }

    #[test]
    fn what_is_above_hides_what_is_below_until_it_is_cleared() {
        let mut store = MemoryRows::default();
        let mut raw = Overlay::new(&store);
        in_mirror(&mut raw, 3, |rows| {
            for key in [b"a1", b"a2", b"a3"] {
                rows.put(key.to_vec(), b"told".to_vec());
            }
            Ok(())
        })
        .unwrap();
        in_overlay(&mut raw, 3, |rows| {
            rows.put(b"a2".to_vec(), b"own".to_vec());
            rows.put(b"a4".to_vec(), b"own".to_vec());
            rows.delete(b"a3".to_vec());
            rows.delete(b"a9".to_vec());
            Ok(())
        })
        .unwrap();
        let batch = raw.batch;
        store.apply(batch);
        let merged = Merged::new(&store, 3);
        assert_eq!(all(&merged, b"a"), [pair(b"a1", b"told"), pair(b"a2", b"own"), pair(b"a4", b"own")]);
        assert_eq!(merged.get(b"a3").unwrap(), None);
        assert_eq!(all(&merged.mirror(), b"a").len(), 3, "the mirror is as it was");
        assert_eq!(all(&Merged::new(&store, 4), b"a").len(), 2, "another generation has nothing below");
        let mut raw = Overlay::new(&store);
        clear_overlay(&mut raw, [b"a2", b"a3", b"a4"].map(|key| key.to_vec())).unwrap();
        let batch = raw.batch;
        store.apply(batch);
        assert_eq!(all(&Merged::new(&store, 3), b"a").len(), 3);
        assert_eq!(store.rows.len(), 3, "nothing is left of the overlay: no mark for what never was");
    }
}
