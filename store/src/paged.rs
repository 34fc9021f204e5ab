//! Pages: rows whose keys are numbered in a row lie several to a page in the index, and are read and written as if each
//! lay alone. Which rows these are, the keyspace says (`sync_core::state::keyspace::pages`).
//!
//! An index pays for each key it writes: a search, a copy of the node, a record in its own log. An entry has rows under
//! some eight keys, most of them beside rows of the entry before it.
//!
//! A page is a list of items in the order of their keys: number within the page (one byte), how many bytes follow the
//! number in the key (one byte), these bytes, the length of the value (seven bits a byte, the lowest first; a set eighth
//! bit says that more follow), the value.

use std::iter::Peekable;

use sync_core::rows::{Batch, Look, Rows, RowsError, Visit};
use sync_core::state::keyspace::pages::{Family, family};

/// Bytes that a length may take.
const LENGTH_BYTES_MAX: u32 = 5;

/// Rows as the core sees them, over the pages of an index.
#[derive(Debug, Clone)]
pub struct Paged<R> {
    below: R,
}

/// One row in a page.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Item<'p> {
    slot: u8,
    tail: &'p [u8],
    value: &'p [u8],
}

impl<'p> Item<'p> {
    fn order(&self) -> (u8, &'p [u8]) {
        (self.slot, self.tail)
    }

    fn write(&self, page: &mut Vec<u8>) {
        let tail = u8::try_from(self.tail.len()).expect("keys end with an id");
        page.extend([self.slot, tail]);
        page.extend(self.tail);
        let mut length = self.value.len();
        while length > 0x7f {
            page.push(length.to_le_bytes()[0] | 0x80);
            length >>= 7;
        }
        page.push(length.to_le_bytes()[0]);
        page.extend(self.value);
    }
}

/// Reads a page, item by item.
struct Items<'p> {
    rest: &'p [u8],
}

impl<'p> Items<'p> {
    fn take(&mut self, count: usize) -> Result<&'p [u8], RowsError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| RowsError("a page of the index ends too early".into()))?;
        self.rest = rest;
        Ok(taken)
    }

    fn item(&mut self) -> Result<Item<'p>, RowsError> {
        let &[slot, tail] = self.take(2)? else { return Err(RowsError("a page has no head".into())) };
        let tail = self.take(tail.into())?;
        let length = self.length()?;
        Ok(Item { slot, tail, value: self.take(length)? })
    }

    fn length(&mut self) -> Result<usize, RowsError> {
        let mut length = 0;
        for at in 0..LENGTH_BYTES_MAX {
            let &[byte] = self.take(1)? else { break };
            length |= usize::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                return Ok(length);
            }
        }
        Err(RowsError("a row in a page has no length".into()))
    }
}

impl<'p> Iterator for Items<'p> {
    type Item = Result<Item<'p>, RowsError>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.item())
    }
}

/// Returns the item of a whole key; `None` if the key does not lie in a page.
fn item_of<'k>(key: &'k [u8], value: &'k [u8]) -> Option<(Family, Item<'k>)> {
    let family = family(key)?;
    Some((family, Item { slot: family.slot(key)?, tail: &key[family.end()..], value }))
}

/// Returns the key of the page that a key lies in: the key itself if it lies alone.
fn page_of(key: &[u8]) -> Vec<u8> {
    family(key).map_or_else(|| key.to_vec(), |family| family.page(key))
}

impl<R: Rows> Paged<R> {
    /// Returns the rows that lie in the pages of `below`.
    pub fn new(below: R) -> Self {
        Self { below }
    }

    /// Returns what `below` is to write, so that the writes of `batch` are read here.
    ///
    /// # Errors
    /// If a page does not read.
    pub fn to_pages(&self, batch: &Batch) -> Result<Batch, RowsError> {
        let mut pages = Batch::default();
        let mut writes = batch.writes.iter().peekable();
        while let Some((key, value)) = writes.peek() {
            let Some((family, _)) = item_of(key, &[]) else {
                pages.writes.insert((*key).clone(), (*value).clone());
                writes.next();
                continue;
            };
            let page = family.page(key);
            let mut merged = Vec::new();
            let mut done = Ok(());
            self.below.look(&page, &mut |old| {
                done = merge(old.unwrap_or_default(), &page, family, &mut writes, &mut merged);
            })?;
            done?;
            pages.writes.insert(page, (!merged.is_empty()).then_some(merged));
        }
        Ok(pages)
    }
}

impl<R: Rows> Rows for Paged<R> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        let mut found = None;
        self.look(key, &mut |value| found = value.map(<[u8]>::to_vec))?;
        Ok(found)
    }

    fn look(&self, key: &[u8], look: &mut Look<'_>) -> Result<(), RowsError> {
        let Some((family, wanted)) = item_of(key, &[]) else { return self.below.look(key, look) };
        let mut failure = None;
        self.below.look(&family.page(key), &mut |page| {
            for item in (Items { rest: page.unwrap_or_default() }) {
                match item {
                    Ok(item) if item.order() < wanted.order() => {}
                    Ok(item) if item.order() == wanted.order() => return look(Some(item.value)),
                    Ok(_) => break,
                    Err(error) => {
                        failure = Some(error);
                        return;
                    }
                }
            }
            look(None);
        })?;
        failure.map_or(Ok(()), Err)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError> {
        let start = if from > prefix { from } else { prefix };
        let mut failure = None;
        self.below.scan(&page_of(prefix), &page_of(start), &mut |key, value| {
            let Some((family, _)) = item_of(key, &[]) else {
                return key < start || (key.starts_with(prefix) && visit(key, value));
            };
            let last = family.end() - 1;
            let mut whole = key.to_vec();
            for item in (Items { rest: value }) {
                let item = match item {
                    Ok(item) => item,
                    Err(error) => {
                        failure = Some(error);
                        return false;
                    }
                };
                whole.truncate(last);
                whole.push(key[last] | item.slot);
                whole.extend(item.tail);
                if whole.as_slice() >= start && !(whole.starts_with(prefix) && visit(&whole, item.value)) {
                    return false;
                }
            }
            true
        })?;
        failure.map_or(Ok(()), Err)
    }
}

/// Writes the items of a page and the writes that belong to it into `merged`, in order.
fn merge<'b>(
    old: &[u8],
    page: &[u8],
    family: Family,
    writes: &mut Peekable<impl Iterator<Item = (&'b Vec<u8>, &'b Option<Vec<u8>>)>>,
    merged: &mut Vec<u8>,
) -> Result<(), RowsError> {
    let mut items = Items { rest: old }.peekable();
    // A page's key differs from the keys of its rows only in the last byte of the number, and in what follows.
    let belongs = |key: &[u8]| {
        let last = family.end() - 1;
        key.get(..last) == page.get(..last) && family.page(key) == page
    };
    while let Some((key, value)) = writes.next_if(|(key, _)| belongs(key)) {
        let Some((_, new)) = item_of(key, value.as_deref().unwrap_or_default()) else { break };
        while let Some(before) =
            items.next_if(|item| item.as_ref().is_ok_and(|item| item.order() < new.order()))
        {
            before?.write(merged);
        }
        items.next_if(|item| item.as_ref().is_ok_and(|item| item.order() == new.order()));
        if value.is_some() {
            new.write(merged);
        }
    }
    for item in items {
        item?.write(merged);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
