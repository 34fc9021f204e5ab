//! Keys: which record an item of the file is. Two items never become one in silence, and an item that is known
//! under another key does not become a second one.

use std::collections::BTreeMap;

use super::file::{ImportFile, Row};
use super::problem::ImportProblem;
use super::refuse;
use crate::replica::ReplicaError;
use crate::rules::fold_word;
use crate::view::catalog::Item;

/// Longest key that is made from a name, in characters.
const KEY_CHARS_MAX: usize = 60;

/// The keys of one list of the file.
pub(super) struct Keys {
    /// Known items by key, folded.
    held: BTreeMap<String, Item>,
    /// Known items by name, folded.
    named: BTreeMap<String, Item>,
    /// Items of the file that have a name, by the name, folded.
    names: BTreeMap<String, Vec<usize>>,
    /// Items of the file so far, by key, folded.
    seen: BTreeMap<String, usize>,
}

impl Keys {
    /// Returns the keys of a list, whose items are called by `name`, and of what is known.
    pub(super) fn new(file: &ImportFile, list: &'static str, name: &str, held: Vec<Item>) -> Self {
        let mut names: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for row in file.items(list) {
            names.entry(fold_word(row.needed(name))).or_default().push(row.index);
        }
        let named = held.iter().map(|item| (fold_word(&item.name), item.clone())).collect();
        let held = held.into_iter().map(|item| (fold_word(&item.key), item)).collect();
        Self { held, named, names, seen: BTreeMap::new() }
    }

    /// Returns the key of an item: the given one, or one that is made from its name.
    pub(super) fn take(
        &mut self,
        row: Row<'_>,
        given: Option<&str>,
        name: &str,
    ) -> Result<String, ReplicaError> {
        let wrong = |problem| Err(refuse(row.path(), problem));
        let key = given.map_or_else(|| key_of(name), String::from);
        if key.is_empty() {
            return wrong(ImportProblem::NoKey { name: name.into() });
        }
        let place = |index: usize| format!("{}[{index}]", row.list);
        if let Some(first) = self.seen.insert(fold_word(&key), row.index) {
            return wrong(ImportProblem::SameKey { key, other: place(first) });
        }
        let twin =
            self.names.get(&fold_word(name)).and_then(|all| all.iter().find(|index| **index != row.index));
        if let (None, Some(twin)) = (given, twin) {
            return wrong(ImportProblem::SameName { name: name.into(), other: place(*twin) });
        }
        let other = match self.held.get(&fold_word(&key)) {
            Some(held) => Some(held).filter(|held| held.key != key || (given.is_none() && held.name != name)),
            None if given.is_none() => self.named.get(&fold_word(name)),
            None => None,
        };
        match other {
            Some(held) => wrong(ImportProblem::Known { key, held: format!("{} ({})", held.name, held.key) }),
            None => Ok(key),
        }
    }
}

/// Makes a key from a name; empty if the name has no Latin letter and no digit.
fn key_of(name: &str) -> String {
    let folded = fold_word(name).replace('_', "-");
    let kept: String = folded.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    kept.trim_matches('-').chars().take(KEY_CHARS_MAX).collect()
}
