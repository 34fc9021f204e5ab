//! Names: what people call the places, crews, people, materials or assets of a catalogue, ready to be asked many
//! times.

use std::collections::{BTreeMap, BTreeSet};

use super::ViewError;
use super::catalog::Item;
use crate::rules::fold_word;

/// Most names that a word which fits several is answered with.
const SHOWN_MAX: usize = 12;

/// A sort of thing that has names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Localities.
    Locality,
    /// Crews.
    Crew,
    /// Materials.
    Material,
    /// Assets.
    Asset,
}

impl Sort {
    /// Returns its key, as the catalogue has it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Locality => "locality",
            Self::Crew => "crew",
            Self::Material => "material",
            Self::Asset => "asset",
        }
    }
}

/// The names of one sort of thing. Made once for a command, however often it asks.
#[derive(Debug, Clone)]
pub struct Names {
    sort: Sort,
    /// Names by key.
    items: BTreeMap<String, String>,
    /// Keys by each word that people may use, folded.
    words: BTreeMap<String, BTreeSet<String>>,
}

impl Names {
    /// Returns the names of a sort of thing that has none yet.
    pub fn new(sort: Sort) -> Self {
        Self { sort, items: BTreeMap::new(), words: BTreeMap::new() }
    }

    /// Adds an item, which people may call by its key, its name and its other names.
    pub fn add(&mut self, item: &Item, aliases: &[String]) {
        self.items.insert(item.key.clone(), item.name.clone());
        for word in [&item.key, &item.name].into_iter().chain(aliases) {
            let word = fold_word(word);
            if !word.is_empty() {
                self.words.entry(word).or_default().insert(item.key.clone());
            }
        }
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the key of what a person means: exactly the key, or whatever the word fits, if that is one thing.
    ///
    /// # Errors
    /// [`ViewError::Ambiguous`], with all that the word fits; [`ViewError::Unknown`], with the nearest names.
    pub fn find(&self, word: &str) -> Result<String, ViewError> {
        if self.items.contains_key(word) {
            return Ok(word.into());
        }
        let fitting: Vec<&String> = self.words.get(&fold_word(word)).into_iter().flatten().collect();
        match fitting.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(self.unknown(word)),
            several => {
                let shown = |key: &&String| match &self.items[*key] {
                    name if name == *key => name.clone(),
                    name => format!("{name} ({key})"),
                };
                let matches = several.iter().map(shown).take(SHOWN_MAX).collect();
                Err(ViewError::Ambiguous { word: word.into(), matches })
            }
        }
    }

    /// Returns all items by key and name: first those whose key or name is like the word, then the others.
    pub fn nearest(&self, word: &str) -> Vec<(&str, &str)> {
        let wanted = fold_word(word);
        let is_close = |name: &str| {
            let name = fold_word(name);
            let begins = name.chars().take(4).eq(wanted.chars().take(4));
            !wanted.is_empty() && (name.contains(&wanted) || wanted.contains(&name) || begins)
        };
        let all = self.items.iter().map(|(key, name)| (key.as_str(), name.as_str()));
        let (mut near, far): (Vec<_>, Vec<_>) = all.partition(|(key, name)| is_close(key) || is_close(name));
        near.extend(far);
        near
    }

    fn unknown(&self, word: &str) -> ViewError {
        // People call crews by their codes, everything else by its name.
        let shown =
            |(key, name): (&str, &str)| if self.sort == Sort::Crew { key.into() } else { name.into() };
        let known = self.nearest(word).into_iter().map(shown).collect();
        ViewError::Unknown { what: self.sort.key(), word: word.into(), known }
    }
}
