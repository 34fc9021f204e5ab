//! JSON Schema: the schema files of this source tree, compiled once. Records, import files and rule files are
//! all judged by what they compile to.
//!
//! It knows the keywords that the files use, and no other. A keyword that it does not know, or a value of one
//! that it does not know, is an error when the file is compiled: no word of a schema is passed over in
//! silence. `tests/hostile/src/values.rs` compares it with an implementation by other people.

mod check;
mod compile;
mod texts;
mod violation;

use std::collections::BTreeMap;
use std::sync::Arc;

use regex_lite::Regex;
use serde_json::Value;

use crate::time::parse_rfc3339;
pub use compile::SchemaError;
pub use violation::{Part, Unit, Violation, Wrong, path_text};

/// A compiled schema, or a part of one.
#[derive(Debug, Clone)]
pub struct Schema {
    nodes: Arc<Vec<Node>>,
    at: usize,
}

/// What one schema object says. Each member is the keyword of the same meaning; `usize` is a node.
#[derive(Debug, Clone, Default)]
struct Node {
    types: Vec<String>,
    values: Option<Vec<Value>>,
    chars_min: Option<usize>,
    chars_max: Option<usize>,
    pattern: Option<Pattern>,
    is_day: bool,
    min: Option<i64>,
    max: Option<i64>,
    items: Option<usize>,
    items_min: Option<usize>,
    items_max: Option<usize>,
    is_unique: bool,
    properties: BTreeMap<String, usize>,
    required: Vec<String>,
    additional: Option<usize>,
    names: Option<usize>,
    properties_max: Option<usize>,
    one_of: Vec<usize>,
    reference: Option<usize>,
    /// The schema `false`.
    is_never: bool,
}

/// A regular expression, as JSON Schema has it.
#[derive(Debug, Clone)]
struct Pattern {
    source: String,
    compiled: Regex,
}

impl Schema {
    /// Compiles a schema. `annotations` are the words of its own that it may hold beside JSON Schema's; they
    /// say nothing about values.
    ///
    /// # Errors
    /// The first keyword that is not known or not of its form, with its place.
    pub fn compile(json: &Value, annotations: &[&str]) -> Result<Self, SchemaError> {
        compile::compile(json, annotations)
    }

    /// Checks a value against all that the schema says.
    ///
    /// # Errors
    /// The first thing that does not fit, and its place in the value.
    pub fn check(&self, value: &Value) -> Result<(), Violation> {
        self.check_node(self.at, value)
    }

    /// Returns the schema of a property, or of those that are not named.
    pub fn property(&self, key: &str) -> Option<Self> {
        let node = self.node();
        node.properties.get(key).copied().or(node.additional).map(|at| self.part(at))
    }

    /// Returns whether a property is named.
    pub fn names(&self, key: &str) -> bool {
        self.node().properties.contains_key(key)
    }

    /// Returns the keys of the named properties.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.node().properties.keys().map(String::as_str)
    }

    /// Returns the keys that an object must have.
    pub fn required(&self) -> &[String] {
        &self.node().required
    }

    /// Returns the schema of the elements of an array.
    pub fn items(&self) -> Option<Self> {
        self.node().items.map(|at| self.part(at))
    }

    /// Returns the most elements of an array.
    pub fn items_max(&self) -> Option<usize> {
        self.node().items_max
    }

    /// Returns the most members of an object.
    pub fn properties_max(&self) -> Option<usize> {
        self.node().properties_max
    }

    /// Returns the most characters of a string.
    pub fn chars_max(&self) -> Option<usize> {
        self.node().chars_max
    }

    /// Returns whether a value may be of that type, by name, and of no other except `null`.
    pub fn is_only(&self, name: &str) -> bool {
        let types = &self.node().types;
        types.iter().any(|one| one == name) && types.iter().all(|one| one == name || one == "null")
    }

    /// Returns whether a value may be of that type, by name.
    pub fn allows(&self, name: &str) -> bool {
        self.node().types.iter().any(|one| one == name)
    }

    /// Checks the key of a member.
    ///
    /// # Errors
    /// As [`Schema::check`].
    pub fn check_key(&self, key: &str) -> Result<(), Violation> {
        match self.node().names {
            Some(names) => self.check_key_node(names, key),
            None => Ok(()),
        }
    }

    /// Returns the object without the `$ref` that it may be.
    fn node(&self) -> &Node {
        let mut node = &self.nodes[self.at];
        while let Some(at) = node.reference {
            node = &self.nodes[at];
        }
        node
    }

    fn part(&self, at: usize) -> Self {
        Self { nodes: Arc::clone(&self.nodes), at }
    }
}

/// Returns whether a text names a day of the calendar, `2026-11-28`.
pub fn is_day(text: &str) -> bool {
    text.len() == 10 && parse_rfc3339(text).is_some()
}

#[cfg(test)]
mod tests;
