//! People: the names behind the persons of entries. An entry is kept for ever and holds no name, only what a name opens;
//! the names lie beside the history, where they can be taken away again.
//!
//! A person's id is a commitment to the name: the first sixteen bytes of HMAC-SHA-256 over it, with a key of 256 random
//! bits that is drawn for it. Who has name and key can show that they belong to the id, and nobody can put another name in
//! its place; where name and key are gone, the id says nothing. See `docs/adr/0026-entries-hold-no-names.md`.
//!
//! ```
//! use sync_core::id::NameKey;
//! use sync_core::people::PersonName;
//!
//! let ana = PersonName { name: "Ana Ruiz".into(), key: NameKey([7; 32]) };
//! let other = PersonName { name: "Eva Ruiz".into(), ..ana.clone() };
//! assert_ne!(ana.id(), other.id(), "another name does not open it");
//! ```

mod book;

pub use book::PeopleBook;

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::id::{NameKey, PersonId};
use crate::limits::{DEVICE_PEOPLE_MAX, PEOPLE_AT_ONCE_MAX, PEOPLE_MAX, PERSON_BYTES_MAX};
use crate::rules::fold_word;

/// A name, with what shows that it is the one behind an id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PersonName {
    /// The name: of a person, or of a device that nobody shares.
    pub name: String,
    /// What was drawn for it.
    pub key: NameKey,
}

impl PersonName {
    /// Returns the id that it opens.
    pub fn id(&self) -> PersonId {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.key.0).expect("HMAC takes any key");
        mac.update(b"cuadrilla/person/v1\0");
        mac.update(self.name.as_bytes());
        let bytes = mac.finalize().into_bytes();
        PersonId(std::array::from_fn(|index| bytes[index]))
    }

    /// Returns whether it is one that may be kept: something to read, of at most [`PERSON_BYTES_MAX`] bytes.
    pub fn is_sound(&self) -> bool {
        !fold_word(&self.name).is_empty()
            && self.name.trim() == self.name
            && self.name.len() <= PERSON_BYTES_MAX
            && !self.name.chars().any(char::is_control)
    }
}

/// Who knows names.
pub trait Names {
    /// Returns the name of a person.
    fn name_of(&self, person: &PersonId) -> Option<&str>;
}

/// How far a device knows the office's names: how many, and a hash over their ids, which tells two books apart that
/// were the same once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleMark {
    /// How many.
    pub count: u64,
    /// The first eight bytes of a hash that goes from each id to the next; zeros for none.
    pub state: [u8; 8],
}

/// Names that a device does not have yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleNews {
    /// How far the device knows them with these.
    pub mark: PeopleMark,
    /// Whether the device had other names than the office: these are the first ones then, and the device offers the office
    /// those that it knows beside them.
    pub is_whole: bool,
    /// At most [`PEOPLE_AT_ONCE_MAX`].
    pub names: Vec<PersonName>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    mark: PeopleMark,
    heard: Vec<PersonName>,
    own: Vec<PersonName>,
}

/// The names that a device knows: those the office told, and those that were given here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct People {
    mark: PeopleMark,
    heard: BTreeMap<PersonId, PersonName>,
    own: BTreeMap<PersonId, PersonName>,
}

fn by_id(names: Vec<PersonName>) -> BTreeMap<PersonId, PersonName> {
    names.into_iter().map(|name| (name.id(), name)).collect()
}

impl From<Stored> for People {
    fn from(stored: Stored) -> Self {
        Self { mark: stored.mark, heard: by_id(stored.heard), own: by_id(stored.own) }
    }
}

impl From<People> for Stored {
    fn from(people: People) -> Self {
        Self {
            mark: people.mark,
            heard: people.heard.into_values().collect(),
            own: people.own.into_values().collect(),
        }
    }
}

impl Names for People {
    fn name_of(&self, person: &PersonId) -> Option<&str> {
        self.named(person).map(|named| named.name.as_str())
    }
}

impl People {
    /// Returns the name of a person, with what opens it.
    pub fn named(&self, person: &PersonId) -> Option<&PersonName> {
        self.own.get(person).or_else(|| self.heard.get(person))
    }

    /// Returns those who go by that name, whatever its case and accents, in the order of their ids.
    pub fn find(&self, name: &str) -> Vec<PersonId> {
        let wanted = fold_word(name);
        let all = self.own.iter().chain(&self.heard).filter(|(_, one)| fold_word(&one.name) == wanted);
        let mut found: Vec<PersonId> = all.map(|(id, _)| *id).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Takes names that were given here, or came by a bundle. Returns how many were new; what is no sound name is left out,
    /// and what goes beyond [`DEVICE_PEOPLE_MAX`] names.
    pub fn add(&mut self, names: impl IntoIterator<Item = PersonName>) -> u64 {
        let mut added = 0;
        for name in names.into_iter().filter(PersonName::is_sound) {
            let id = name.id();
            if self.named(&id).is_none() && self.own.len() < DEVICE_PEOPLE_MAX {
                self.own.insert(id, name);
                added += 1;
            }
        }
        added
    }

    /// Returns how far the office's names are known.
    pub fn mark(&self) -> PeopleMark {
        self.mark
    }

    /// Returns names that the office did not tell of yet, at most [`PEOPLE_AT_ONCE_MAX`].
    pub fn offers(&self) -> Vec<PersonName> {
        let unknown = self.own.iter().filter(|(id, _)| !self.heard.contains_key(id));
        unknown.take(PEOPLE_AT_ONCE_MAX).map(|(_, name)| name.clone()).collect()
    }

    /// Takes what the office told.
    pub fn take(&mut self, news: PeopleNews) {
        if news.is_whole {
            // The office lost some, or begins again: what this device knows is offered to it.
            let known = std::mem::take(&mut self.heard);
            let room = DEVICE_PEOPLE_MAX.saturating_sub(self.own.len());
            self.own.extend(known.into_iter().take(room));
        }
        let room = PEOPLE_MAX.saturating_sub(self.heard.len());
        self.heard.extend(by_id(news.names).into_iter().filter(|(_, name)| name.is_sound()).take(room));
        self.mark = news.mark;
    }
}

#[cfg(test)]
mod tests;
