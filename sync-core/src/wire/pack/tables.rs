//! Tables: what a pack says once and then names by its index.

use std::collections::{BTreeMap, BTreeSet};

use super::bytes::StreamsIn;
use super::{PackBody, PackError, PackItem, TABLE_MAX, stream, too_many};
use crate::id::{BootId, DeviceId, PersonId};
use crate::limits::KEY_BYTES_MAX;
use crate::log::entry::Anchor;
use crate::record::change::{Action, Change, Op, Place, Scalar};

/// A table that grows as things are first met.
pub(super) struct Table<T> {
    index: BTreeMap<T, u64>,
    /// In the order of their indexes.
    pub(super) list: Vec<T>,
}

impl<T: Ord + Copy> Table<T> {
    /// Returns an empty table.
    pub(super) fn new() -> Self {
        Self { index: BTreeMap::new(), list: Vec::new() }
    }

    /// Returns the index of `value`, which is added where it is new.
    pub(super) fn intern(&mut self, value: T) -> u64 {
        let next = self.list.len() as u64;
        let index = *self.index.entry(value).or_insert(next);
        if index == next {
            self.list.push(value);
        }
        index
    }
}

/// Keys and repeated values, the most frequent first.
pub(super) struct Names {
    index: BTreeMap<String, u64>,
    /// In the order of their indexes.
    pub(super) list: Vec<String>,
}

impl Names {
    /// Returns the names that `items` need: keys always, values where they repeat.
    pub(super) fn of(items: &[PackItem]) -> Result<Self, PackError> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut needed: BTreeSet<&str> = BTreeSet::new();
        for item in items {
            let PackBody::Change(change) = &item.body else { continue };
            for op in &change.ops {
                if let Place::Prop(key) = &op.place {
                    needed.insert(key);
                    *counts.entry(key).or_default() += 1;
                }
            }
            for_values(change, |text| *counts.entry(text).or_default() += 1);
        }
        too_many("names", needed.len() as u64, TABLE_MAX)?;
        let mut names: Vec<(usize, &str)> = counts
            .into_iter()
            .filter(|(text, count)| needed.contains(text) || *count > 1)
            .map(|(text, count)| (count, text))
            .collect();
        names.sort_by_key(|(count, text)| (!needed.contains(text), usize::MAX - count, *text));
        names.truncate(TABLE_MAX);
        names.sort_by_key(|(count, text)| (usize::MAX - count, *text));
        let list: Vec<String> = names.into_iter().map(|(_, text)| text.to_owned()).collect();
        let index = list.iter().cloned().zip(0..).collect();
        Ok(Self { index, list })
    }

    /// Returns the index of a name, where it is one.
    pub(super) fn find(&self, name: &str) -> Option<u64> {
        self.index.get(name).copied()
    }
}

/// Calls `visit` with every text value that may become a name.
fn for_values<'c>(change: &'c Change, mut visit: impl FnMut(&'c str)) {
    for op in &change.ops {
        let Op { action: Action::Put(Scalar::Str(text)), .. } = op else { continue };
        if text.len() <= KEY_BYTES_MAX && super::change_out::decimal_of(text).is_none() && !one_char(op, text)
        {
            visit(text);
        }
    }
}

/// Returns whether the operation inserts a single character. Such operations are most likely part of a run,
/// which names nothing.
fn one_char(op: &Op, text: &str) -> bool {
    op.insert && text.chars().nth(1).is_none()
}

/// The tables of a pack being read, but for records and shapes.
pub(super) struct TablesIn<'a> {
    devices: Vec<DeviceId>,
    persons: Vec<PersonId>,
    boots: Vec<BootId>,
    anchors: Vec<Anchor>,
    names: Vec<&'a str>,
}

impl<'a> TablesIn<'a> {
    /// Reads them.
    pub(super) fn read(streams: &mut StreamsIn<'a>) -> Result<Self, PackError> {
        let mut tables = Self {
            devices: Vec::new(),
            persons: Vec::new(),
            boots: Vec::new(),
            anchors: Vec::new(),
            names: Vec::new(),
        };
        while streams.of(stream::DEVICES).left() > 0 {
            tables.devices.push(DeviceId(streams.of(stream::DEVICES).array()?));
        }
        while streams.of(stream::PERSON_IDS).left() > 0 {
            tables.persons.push(PersonId(streams.of(stream::PERSON_IDS).array()?));
        }
        while streams.of(stream::BOOTS).left() > 0 {
            tables.boots.push(BootId(streams.of(stream::BOOTS).array()?));
        }
        let mut size = 0_u64;
        while streams.of(stream::ANCHOR_SIZES).left() > 0 {
            size = size.wrapping_add_signed(streams.of(stream::ANCHOR_SIZES).signed()?);
            let root = crate::id::Hash(streams.of(stream::ROOTS).array()?);
            tables.anchors.push(Anchor { size, root });
        }
        while streams.of(stream::NAME_LENGTHS).left() > 0 {
            let length = streams.of(stream::NAME_LENGTHS).varint()?;
            too_many("bytes in a name", length, KEY_BYTES_MAX)?;
            tables.names.push(text_of(streams.of(stream::NAME_BYTES).take(length)?)?);
        }
        let largest = [
            tables.devices.len(),
            tables.persons.len(),
            tables.boots.len(),
            tables.anchors.len(),
            tables.names.len(),
        ];
        largest.iter().try_for_each(|count| too_many("rows in a table", *count as u64, TABLE_MAX))?;
        Ok(tables)
    }

    /// Returns the device at `index`.
    pub(super) fn device(&self, index: u64) -> Result<DeviceId, PackError> {
        at(&self.devices, index).copied()
    }

    /// Returns the person at `index`.
    pub(super) fn person(&self, index: u64) -> Result<PersonId, PackError> {
        at(&self.persons, index).copied()
    }

    /// Returns the boot at `index`.
    pub(super) fn boot(&self, index: u64) -> Result<BootId, PackError> {
        at(&self.boots, index).copied()
    }

    /// Returns the anchor at `index`.
    pub(super) fn anchor(&self, index: u64) -> Result<Anchor, PackError> {
        at(&self.anchors, index).copied()
    }

    /// Returns the name at `index`.
    pub(super) fn name(&self, index: u64) -> Result<&'a str, PackError> {
        at(&self.names, index).copied()
    }
}

/// Returns the row at `index`.
pub(super) fn at<T>(table: &[T], index: u64) -> Result<&T, PackError> {
    usize::try_from(index)
        .ok()
        .and_then(|index| table.get(index))
        .ok_or(PackError::Malformed("an index beyond its table"))
}

/// Returns bytes that must be UTF-8.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, PackError> {
    std::str::from_utf8(bytes).map_err(|_| PackError::Malformed("a text that is not UTF-8"))
}
