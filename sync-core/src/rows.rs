//! Rows: the derived index as the core sees it, an ordered map of bytes that the shell keeps.
//!
//! The core reads rows through [`Rows`] and answers with a [`Batch`]; it never knows whether sled, PostgreSQL
//! or a `BTreeMap` holds them. [`Overlay`] lets a fold read what it has just written, before anybody applied it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Bound;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version of what rows hold. A store whose index has another one rebuilds it from its lines.
pub const ROWS_FORMAT: u32 = 11;

/// A row could not be read. The index is derived, so the cure is always the same: rebuild it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the index could not be read: {0}")]
pub struct RowsError(pub String);

/// What [`Rows::scan`] calls for each row; it answers `false` to stop.
pub type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> bool + 'v;

/// What [`Rows::look`] calls with the value.
pub type Look<'l> = dyn FnMut(Option<&[u8]>) + 'l;

/// An ordered map from key bytes to value bytes, read-only.
pub trait Rows {
    /// The value at `key`, or `None`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError>;

    /// Calls `look` once with the value at `key`, or `None`. Rows that can show a value where it lies need not copy it:
    /// most reads only decode what they see.
    fn look(&self, key: &[u8], look: &mut Look<'_>) -> Result<(), RowsError> {
        look(self.get(key)?.as_deref());
        Ok(())
    }

    /// Calls `visit` for every row whose key starts with `prefix` and is `>= from`, in key order, until `visit`
    /// answers `false`. (`from` may equal `prefix`.)
    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError>;
}

/// Writes to apply together: `Some` puts, `None` deletes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Key to new value, or to `None` for a deletion. Sorted, so that a batch has one byte form.
    pub writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Batch {
    /// Sets `key` to `value`.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.writes.insert(key, Some(value));
    }

    /// Removes `key`.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }
}

/// An index in memory: for tests, for simulation and for offline folds over a ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryRows {
    /// The rows.
    pub rows: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl MemoryRows {
    /// Applies all writes of `batch`.
    pub fn apply(&mut self, batch: Batch) {
        for (key, value) in batch.writes {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
    }
}

impl Rows for MemoryRows {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        Ok(self.rows.get(key).cloned())
    }

    fn look(&self, key: &[u8], look: &mut Look<'_>) -> Result<(), RowsError> {
        look(self.rows.get(key).map(Vec::as_slice));
        Ok(())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError> {
        let start = if from > prefix { from } else { prefix };
        for (key, value) in self.rows.range::<[u8], _>((Bound::Included(start), Bound::Unbounded)) {
            if !key.starts_with(prefix) || !visit(key, value) {
                break;
            }
        }
        Ok(())
    }
}

/// The value at `key`, read from its MessagePack form.
pub fn read<T: DeserializeOwned>(rows: &dyn Rows, key: &[u8]) -> Result<Option<T>, RowsError> {
    let mut found = None;
    rows.look(key, &mut |value| found = value.map(decode))?;
    found.transpose()
}

/// All rows under `prefix`, in key order: what follows the prefix in each key, and the value.
///
/// # Errors
/// The first row that does not decode: a row that is left out in silence would be worse than none.
pub fn all_under<T: DeserializeOwned>(
    rows: &dyn Rows,
    prefix: &[u8],
) -> Result<Vec<(Vec<u8>, T)>, RowsError> {
    let mut found = Vec::new();
    let mut failure = None;
    rows.scan(prefix, prefix, &mut |key, value| {
        match decode(value) {
            Ok(row) => found.push((key[prefix.len()..].to_vec(), row)),
            Err(error) => failure = Some(error),
        }
        failure.is_none()
    })?;
    failure.map_or(Ok(found), Err)
}

/// The number that a key ends with.
pub fn number_in(tail: &[u8]) -> Result<u64, RowsError> {
    let bytes = tail.try_into().map_err(|_| RowsError("a row's key does not end with a number".into()))?;
    Ok(u64::from_be_bytes(bytes))
}

/// Reads a row's MessagePack form.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RowsError> {
    rmp_serde::from_slice(bytes).map_err(|error| RowsError(format!("a row does not decode: {error}")))
}

/// A row's MessagePack form.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    rmp_serde::to_vec(value).expect("a row always has a MessagePack form")
}

/// Rows below, with the writes of a batch in progress on top.
pub struct Overlay<'r> {
    below: &'r dyn Rows,
    /// Bytes of rows read and written.
    moved: Cell<u64>,
    /// What has been written so far; take it when the fold is done.
    pub batch: Batch,
}

impl<'r> Overlay<'r> {
    /// An overlay with nothing written yet.
    pub fn new(below: &'r dyn Rows) -> Self {
        Self { below, moved: Cell::new(0), batch: Batch::default() }
    }

    /// Bytes of rows that were read and written through it: what a fold cost.
    pub fn moved(&self) -> u64 {
        self.moved.get()
    }

    /// Counts bytes that were read for it elsewhere: lines of the ledger.
    pub fn spend(&self, bytes: u64) {
        self.moved.set(self.moved.get() + bytes);
    }

    fn count(&self, key: &[u8], value: Option<&[u8]>) {
        self.moved.set(self.moved.get() + (key.len() + value.map_or(0, <[u8]>::len)) as u64);
    }

    /// Sets `key` to `value` in the batch.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.count(&key, Some(&value));
        self.batch.put(key, value);
    }

    /// Sets `key` to the MessagePack form of `value`.
    pub fn write<T: Serialize>(&mut self, key: Vec<u8>, value: &T) {
        self.put(key, encode(value));
    }

    /// As [`Overlay::write`], unless that is what is there.
    pub fn write_changed<T: Serialize>(&mut self, key: Vec<u8>, value: &T) -> Result<(), RowsError> {
        let value = encode(value);
        let mut is_same = false;
        self.look(&key, &mut |known| is_same = known == Some(value.as_slice()))?;
        if !is_same {
            self.put(key, value);
        }
        Ok(())
    }

    /// Changes the value at `key`, which is empty where there is none. What was written before is changed where it lies.
    pub fn edit(&mut self, key: Vec<u8>, edit: impl FnOnce(&mut Vec<u8>)) -> Result<(), RowsError> {
        if let Some(Some(written)) = self.batch.writes.get_mut(&key) {
            edit(written);
            return Ok(());
        }
        let mut value = self.get(&key)?.unwrap_or_default();
        edit(&mut value);
        self.put(key, value);
        Ok(())
    }

    /// Removes `key` in the batch.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.batch.delete(key);
    }
}

impl Rows for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        let found = match self.batch.writes.get(key) {
            Some(written) => written.clone(),
            None => self.below.get(key)?,
        };
        self.count(key, found.as_deref());
        Ok(found)
    }

    fn look(&self, key: &[u8], look: &mut Look<'_>) -> Result<(), RowsError> {
        let mut counted = |value: Option<&[u8]>| {
            self.count(key, value);
            look(value);
        };
        match self.batch.writes.get(key) {
            Some(written) => counted(written.as_deref()),
            None => self.below.look(key, &mut counted)?,
        }
        Ok(())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError> {
        scan_over(self.below, &self.batch, prefix, from, &mut |key, value| {
            self.count(key, Some(value));
            visit(key, value)
        })
    }
}

/// As [`Rows::scan`], over `below` with the writes of `batch` on top.
pub fn scan_over(
    below: &dyn Rows,
    batch: &Batch,
    prefix: &[u8],
    from: &[u8],
    visit: &mut Visit<'_>,
) -> Result<(), RowsError> {
    let start = if from > prefix { from } else { prefix };
    let mut written = batch
        .writes
        .range::<[u8], _>((Bound::Included(start), Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(prefix))
        .peekable();
    let mut stopped = false;
    below.scan(prefix, from, &mut |key, value| {
        while let Some((above_key, above_value)) = written.next_if(|(k, _)| k.as_slice() < key) {
            if let Some(above_value) = above_value
                && !visit(above_key, above_value)
            {
                stopped = true;
                return false;
            }
        }
        let go_on = match written.next_if(|(k, _)| k.as_slice() == key) {
            Some((_, Some(above_value))) => visit(key, above_value),
            Some((_, None)) => true,
            None => visit(key, value),
        };
        stopped = !go_on;
        go_on
    })?;
    if stopped {
        return Ok(());
    }
    for (key, value) in written {
        if let Some(value) = value
            && !visit(key, value)
        {
            break;
        }
    }
    Ok(())
}

/// Rows that count what is read of them: for measuring, and for tests that hold a bound.
pub struct CountedRows<'r> {
    rows: &'r dyn Rows,
    read: Cell<u64>,
}

impl<'r> CountedRows<'r> {
    /// Returns rows of which nothing was read yet.
    pub fn new(rows: &'r dyn Rows) -> Self {
        Self { rows, read: Cell::new(0) }
    }

    /// Rows that were read: each that was asked for by its key, found or not, and each that a scan showed.
    pub fn rows_read(&self) -> u64 {
        self.read.get()
    }

    fn count(&self) {
        self.read.set(self.read.get() + 1);
    }
}

impl Rows for CountedRows<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        self.count();
        self.rows.get(key)
    }

    fn look(&self, key: &[u8], look: &mut Look<'_>) -> Result<(), RowsError> {
        self.count();
        self.rows.look(key, look)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError> {
        self.rows.scan(prefix, from, &mut |key, value| {
            self.count();
            visit(key, value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{MemoryRows, Overlay, Rows};

    fn all(rows: &dyn Rows, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found = Vec::new();
        rows.scan(prefix, prefix, &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            true
        })
        .unwrap();
        found
    }

    #[test]
    fn an_edit_changes_what_was_there_and_what_was_written() {
        let mut below = MemoryRows::default();
        below.rows.insert(b"a".to_vec(), vec![1]);
        let mut overlay = Overlay::new(&below);
        for (key, times) in [(b"a", 2), (b"b", 1)] {
            for _ in 0..times {
                overlay.edit(key.to_vec(), |value| value.push(7)).unwrap();
            }
        }
        overlay.delete(b"b".to_vec());
        overlay.edit(b"b".to_vec(), |value| value.push(8)).unwrap();
        let mut seen = Vec::new();
        for key in [b"a", b"b", b"c"] {
            overlay.look(key, &mut |value| seen.push(value.map(<[u8]>::to_vec))).unwrap();
            assert_eq!(seen.last().unwrap(), &overlay.get(key).unwrap());
        }
        assert_eq!(seen, [Some(vec![1, 7, 7]), Some(vec![8]), None]);
    }

    #[test]
    fn an_overlay_reads_as_if_its_batch_were_applied() {
        let mut below = MemoryRows::default();
        for key in ["a1", "a3", "a5", "b1"] {
            below.rows.insert(key.into(), b"old".to_vec());
        }
        let mut overlay = Overlay::new(&below);
        for key in ["a0", "a3", "a4", "a9", "b0"] {
            overlay.put(key.into(), b"new".to_vec());
        }
        overlay.delete(b"a5".to_vec());
        overlay.delete(b"a1".to_vec());
        let seen_through_overlay = all(&overlay, b"a");
        let batch = overlay.batch;
        below.apply(batch);
        assert_eq!(seen_through_overlay, all(&below, b"a"));
        assert_eq!(seen_through_overlay.len(), 4);
    }
}
