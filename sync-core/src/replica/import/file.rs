//! File: an import file that its schema allows.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::json_schema::{Part, Schema, Violation, Wrong};
use crate::limits::IMPORT_ITEMS_MAX;
use crate::record::change::Scalar;

/// `schemas/import.schema.json`, compiled once.
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let text = include_str!("../../../../schemas/import.schema.json");
    let json = serde_json::from_str(text).expect("the import schema is JSON");
    Schema::compile(&json, &[]).expect("the import schema compiles")
});

/// The lists of a file.
pub(super) const LISTS: [&str; 7] =
    ["localities", "crews", "people", "materials", "assets", "plans", "orders"];

/// The content of an import file, which `schemas/import.schema.json` describes and allows. It comes from a JSON
/// value: `ImportFile::try_from(value)`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub struct ImportFile(Map<String, Value>);

impl TryFrom<Value> for ImportFile {
    type Error = Violation;

    fn try_from(mut value: Value) -> Result<Self, Violation> {
        SCHEMA.make_texts(&mut value);
        SCHEMA.check(&value)?;
        let Value::Object(members) = value else { return Ok(Self(Map::new())) };
        let file = Self(members);
        let found: usize = LISTS.iter().map(|list| file.items(list).count()).sum();
        if found > IMPORT_ITEMS_MAX {
            let unit = crate::json_schema::Unit::Elements;
            let wrong = Wrong::TooMany { unit, found, max: IMPORT_ITEMS_MAX };
            return Err(Violation { path: Vec::new(), wrong });
        }
        Ok(file)
    }
}

impl ImportFile {
    /// Returns the items of a list.
    pub(super) fn items<'f>(&'f self, list: &'static str) -> impl Iterator<Item = Row<'f>> {
        let items = self.0.get(list).and_then(Value::as_array).into_iter().flatten();
        items
            .enumerate()
            .filter_map(move |(index, item)| Some(Row { list, index, members: item.as_object()? }))
    }

    /// Returns the municipality that it says it is of: its INEGI key, or its name.
    pub(super) fn municipality(&self) -> Option<String> {
        match self.0.get("municipality")? {
            Value::Object(about) => about.get("inegi").and_then(Value::as_str).map(String::from),
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// What the file says about a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// Nothing.
    Absent,
    /// That it is empty.
    Empty,
    /// A value.
    Value(Scalar),
}

impl Given {
    pub(super) fn text(text: &str) -> Self {
        Self::Value(Scalar::Str(text.into()))
    }
}

/// One item of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'f> {
    pub(super) list: &'static str,
    pub(super) index: usize,
    members: &'f Map<String, Value>,
}

impl<'f> Row<'f> {
    /// Returns its place in the file.
    pub(super) fn path(&self) -> Vec<Part> {
        vec![Part::Key(self.list.into()), Part::Index(self.index)]
    }

    /// Returns a text, if it is there.
    pub(super) fn text(&self, key: &str) -> Option<&'f str> {
        self.members.get(key)?.as_str()
    }

    /// Returns a text that the schema asks for.
    pub(super) fn needed(&self, key: &str) -> &'f str {
        self.text(key).unwrap_or_default()
    }

    /// Returns a whole number, if it is there.
    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.members.get(key)?.as_i64()
    }

    /// Returns the texts of a list; `None` if it is not there.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<&'f str>> {
        Some(self.members.get(key)?.as_array()?.iter().filter_map(Value::as_str).collect())
    }

    /// Returns the values of a list.
    pub(super) fn values(&self, key: &str) -> &'f [Value] {
        self.members.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Returns the members of an object.
    pub(super) fn members(&self, key: &str) -> impl Iterator<Item = (&'f String, &'f Value)> {
        self.members.get(key).and_then(Value::as_object).into_iter().flatten()
    }

    /// Returns what it says about a register of one value.
    pub(super) fn given(&self, key: &str) -> Given {
        self.members.get(key).map_or(Given::Absent, given)
    }

    /// Returns what it says about a register that holds a list of texts.
    pub(super) fn given_list(&self, key: &str) -> Given {
        match self.texts(key) {
            None => Given::Absent,
            Some(texts) if texts.is_empty() => Given::Empty,
            Some(texts) => Given::Value(Scalar::Str(Value::from(texts).to_string())),
        }
    }
}

/// Returns what a value says: a number as the text that records carry.
pub(super) fn given(value: &Value) -> Given {
    match value {
        Value::Null => Given::Empty,
        Value::String(text) if text.is_empty() => Given::Empty,
        Value::String(text) => Given::text(text),
        other => Given::text(&other.to_string()),
    }
}
