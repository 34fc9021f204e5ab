//! Items: the elements of an order's lists as types. The core tells whatever members an element has, since a device
//! may have written others than the schema's; a member that is no text is read as the text that shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Who added an element, and when by their device's clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Added {
    #[serde(deserialize_with = "text")]
    pub person: String,
    #[serde(deserialize_with = "text")]
    pub claimed_at: String,
    /// Whether person and time are known from the device alone that wrote it again.
    pub claim: bool,
}

/// A correction: what was written first, and why something else counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Correction {
    pub from: BTreeMap<String, Value>,
    #[serde(deserialize_with = "text")]
    pub reason: String,
    #[serde(flatten)]
    pub by: Added,
}

impl Correction {
    /// Returns what was written first: a value with its unit, or a text.
    pub fn was(&self) -> String {
        let part = |key: &str| self.from.get(key).map(shown).filter(|part| !part.is_empty());
        ["value", "qty", "text", "unit"].iter().filter_map(|key| part(key)).collect::<Vec<_>>().join(" ")
    }
}

/// An element that counts no more: what it said, its list, and who voided it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Voided {
    #[serde(flatten)]
    said: BTreeMap<String, Value>,
    pub voided: Correction,
}

impl Voided {
    /// Returns what it said: its measure or key, its value with the unit, or its text.
    pub fn what(&self) -> String {
        let part = |key: &str| self.said.get(key).map(shown).filter(|part| !part.is_empty());
        let keys = ["what", "sku", "text", "name", "value", "qty", "unit"];
        keys.iter().filter_map(|key| part(key)).collect::<Vec<_>>().join(" ")
    }

    /// Returns the number that people call it by.
    pub fn number(&self) -> String {
        self.said.get("number").map(shown).unwrap_or_default()
    }
}

/// A reading: a measure's key, a decimal and its unit; where it was taken, and what is noteworthy about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Reading {
    #[serde(deserialize_with = "text")]
    pub what: String,
    #[serde(deserialize_with = "text")]
    pub value: String,
    #[serde(deserialize_with = "text")]
    pub unit: String,
    #[serde(deserialize_with = "text")]
    pub flag: String,
    #[serde(rename = "where", deserialize_with = "text")]
    pub place: String,
    #[serde(deserialize_with = "text")]
    pub number: String,
    pub corrected: Option<Correction>,
    #[serde(flatten)]
    pub by: Added,
}

/// Material used: its key in the catalogue, a decimal and its unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Material {
    #[serde(deserialize_with = "text")]
    pub sku: String,
    #[serde(deserialize_with = "text")]
    pub qty: String,
    #[serde(deserialize_with = "text")]
    pub unit: String,
    #[serde(deserialize_with = "text")]
    pub flag: String,
    #[serde(deserialize_with = "text")]
    pub number: String,
    pub corrected: Option<Correction>,
    #[serde(flatten)]
    pub by: Added,
}

/// A note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Note {
    #[serde(deserialize_with = "text")]
    pub text: String,
    #[serde(deserialize_with = "text")]
    pub number: String,
    pub corrected: Option<Correction>,
    #[serde(flatten)]
    pub by: Added,
}

/// A photo or a signature, and where its bytes are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Photo {
    #[serde(deserialize_with = "text")]
    pub what: String,
    #[serde(deserialize_with = "text")]
    pub caption: String,
    #[serde(deserialize_with = "text")]
    pub post: String,
    #[serde(deserialize_with = "text")]
    pub sha256: String,
    #[serde(deserialize_with = "text")]
    pub thumb_sha256: String,
    #[serde(deserialize_with = "text")]
    pub number: String,
    pub at_office: bool,
    pub erased: Option<Erased>,
    #[serde(flatten)]
    pub by: Added,
}

/// That a photo was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Erased {
    pub seq: u64,
    #[serde(deserialize_with = "text")]
    pub reason: String,
}

/// A conflict that a person settled: the field, the value that stands, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Decided {
    #[serde(deserialize_with = "text")]
    pub field: String,
    #[serde(deserialize_with = "text")]
    pub value: String,
    #[serde(deserialize_with = "text")]
    pub reason: String,
    #[serde(flatten)]
    pub by: Added,
}

/// Returns the elements of a list as `T`.
pub(crate) fn items<T: for<'de> Deserialize<'de> + Default>(list: &[Value]) -> Vec<T> {
    list.iter().map(|item| T::deserialize(item).unwrap_or_default()).collect()
}

/// Returns a value as people read it: text without quotes, nothing for `null`.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn text<'de, D: Deserializer<'de>>(member: D) -> Result<String, D::Error> {
    Value::deserialize(member).map(|value| shown(&value))
}

#[cfg(test)]
mod tests {
    use super::{Reading, items};
    use serde_json::json;

    #[test]
    fn an_element_with_other_members_than_the_schema_s_is_shown_all_the_same() {
        let list =
            [json!({"what": "free_chlorine", "value": 8, "unit": null, "person": "P", "x": [1]}), json!(3)];
        let readings: Vec<Reading> = items(&list);
        assert_eq!((readings[0].value.as_str(), readings[0].unit.as_str()), ("8", ""));
        assert_eq!((readings[0].by.person.as_str(), readings.len()), ("P", 2));
    }
}
