//! Book: the office's names, in the order they came.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Names, PeopleMark, PeopleNews, PersonName};
use crate::id::{DeviceId, Hash, PersonId};
use crate::limits::{DEVICE_PEOPLE_MAX, PEOPLE_AT_ONCE_MAX, PEOPLE_MAX};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    by: DeviceId,
    #[serde(flatten)]
    name: PersonName,
}

/// The names that an office knows, each with the device that brought it. It lies beside the ledger; the shell keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Row>", into = "Vec<Row>")]
pub struct PeopleBook {
    rows: Vec<Row>,
    places: BTreeMap<PersonId, usize>,
    /// After each row.
    states: Vec<[u8; 8]>,
    /// How many each device brought.
    brought: BTreeMap<DeviceId, usize>,
}

impl From<Vec<Row>> for PeopleBook {
    fn from(rows: Vec<Row>) -> Self {
        let mut book = Self::default();
        rows.into_iter().for_each(|row| book.push(row));
        book
    }
}

impl From<PeopleBook> for Vec<Row> {
    fn from(book: PeopleBook) -> Self {
        book.rows
    }
}

impl Names for PeopleBook {
    fn name_of(&self, person: &PersonId) -> Option<&str> {
        self.places.get(person).map(|place| self.rows[*place].name.name.as_str())
    }
}

impl PeopleBook {
    /// Takes the names that a device offers. Returns whether any was new: then the book is to be kept. What is no sound
    /// name is left out, and what goes beyond [`PEOPLE_MAX`] names in all or [`DEVICE_PEOPLE_MAX`] of one device: no
    /// device can fill the book for the others.
    pub fn take(&mut self, by: &DeviceId, offers: &[PersonName]) -> bool {
        let before = self.rows.len();
        for name in offers.iter().filter(|name| name.is_sound()) {
            let brought = self.brought.get(by).copied().unwrap_or(0);
            if self.rows.len() >= PEOPLE_MAX || brought >= DEVICE_PEOPLE_MAX {
                break;
            }
            if !self.places.contains_key(&name.id()) {
                self.push(Row { by: *by, name: name.clone() });
            }
        }
        self.rows.len() > before
    }

    fn push(&mut self, row: Row) {
        let id = row.name.id();
        let before = self.states.last().copied().unwrap_or_default();
        self.states.push(Hash::tagged("cuadrilla/people/v1", &[&before, &id.0]).first_bytes());
        self.places.insert(id, self.rows.len());
        *self.brought.entry(row.by).or_default() += 1;
        self.rows.push(row);
    }

    /// Returns what a device lacks that knows the names up to `mark`; `None` for nothing.
    pub fn news(&self, mark: &PeopleMark) -> Option<PeopleNews> {
        let known = usize::try_from(mark.count).unwrap_or(usize::MAX);
        let is_whole = self.mark_at(known) != Some(*mark);
        let from = if is_whole { 0 } else { known };
        let to = self.rows.len().min(from + PEOPLE_AT_ONCE_MAX);
        if to == from && !is_whole {
            return None;
        }
        let names = self.rows[from..to].iter().map(|row| row.name.clone()).collect();
        Some(PeopleNews { mark: self.mark_at(to)?, is_whole, names })
    }

    fn mark_at(&self, count: usize) -> Option<PeopleMark> {
        let state = match count.checked_sub(1) {
            None => [0; 8],
            Some(last) => *self.states.get(last)?,
        };
        Some(PeopleMark { count: count as u64, state })
    }
}
