//! Orders of an import file. An order that is known already is left as it is: people have worked on it. What the
//! file says otherwise is named.

use std::collections::BTreeMap;

use serde_json::Value;

use super::file::{Given, ImportFile, Row};
use super::problem::ImportProblem;
use super::{Differing, ImportCounts, in_item, refuse};
use crate::id::{Hash, RecordId};
use crate::json_schema::Part;
use crate::record::change::Scalar;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::replica::known::Known;
use crate::replica::orders::parse_field;
use crate::replica::{NewOrder, Replica, ReplicaError};
use crate::rows::read;
use crate::state::keyspace;

/// Registers of an order that an item gives by one word each.
const WORDS: [&str; 7] = ["title", "locality", "asset", "crew", "due", "priority", "plan"];

impl Replica<'_> {
    pub(super) fn import_orders(
        &mut self,
        file: &ImportFile,
        known: &mut Known,
        counts: &mut ImportCounts,
    ) -> Result<(), ReplicaError> {
        let municipality = self.identity()?.municipality;
        let mut alike: BTreeMap<String, u32> = BTreeMap::new();
        let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
        for row in file.items("orders") {
            let key = match row.text("key") {
                Some(key) => {
                    if let Some(first) = keys.insert(key, row.index) {
                        let other = format!("orders[{first}]");
                        return Err(refuse(row.path(), ImportProblem::SameKey { key: key.into(), other }));
                    }
                    key.to_string()
                }
                None => key_of_content(row, &mut alike),
            };
            let id = RecordId::from_import_key(municipality, "order", &key);
            if let Some(held) = read::<RecordRow>(&self.rows(), &keyspace::record(&id))? {
                let what = self.differing(row, &held, known).map_err(|error| in_item(row, error))?;
                counts.unchanged += 1;
                if !what.is_empty() {
                    let name = held.name().unwrap_or_default();
                    counts.differing.push(Differing { place: place(row), name, what });
                }
                continue;
            }
            self.make_order(&new_order(row, id), known).map_err(|error| in_item(row, error))?;
            counts.orders += 1;
        }
        Ok(())
    }

    /// Returns the registers of which the item says something else than the order holds.
    fn differing(
        &self,
        row: Row<'_>,
        held: &RecordRow,
        known: &mut Known,
    ) -> Result<Vec<String>, ReplicaError> {
        let mut what = Vec::new();
        for name in WORDS {
            let wanted = match row.given(name) {
                Given::Absent => continue,
                Given::Empty => Scalar::Null,
                Given::Value(Scalar::Str(typed)) => {
                    self.register_value_among(RecordKind::Order, name, &typed, known)?
                }
                Given::Value(other) => other,
            };
            if held.winner(name).unwrap_or(&Scalar::Null) != &wanted {
                what.push(name.to_string());
            }
        }
        let kind = self.view().find_kind(row.needed("kind"))?;
        if held.text("kind") != Some(&kind.kind) {
            what.push("kind".into());
            return Ok(what);
        }
        for (word, value) in row.members("fields") {
            let (key, wanted) = parse_field(kind, word, &value_text(value))?;
            let name = format!("fields.{key}");
            if held.winner(&name) != Some(&wanted) {
                what.push(name);
            }
        }
        Ok(what)
    }
}

fn place(row: Row<'_>) -> String {
    format!("{}[{}]", row.list, row.index)
}

/// Returns the key of an item without one. Items that are alike are told apart by their number.
fn key_of_content(row: Row<'_>, alike: &mut BTreeMap<String, u32>) -> String {
    let content = format!("{}|{:?}|{:?}", row.needed("kind"), row.text("locality"), row.text("title"));
    let number = alike.entry(content.clone()).or_default();
    let hash = Hash::tagged("cuadrilla/import-order/v1", &[content.as_bytes(), &number.to_be_bytes()]);
    *number += 1;
    hash.to_string()
}

fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

fn new_order(row: Row<'_>, id: RecordId) -> NewOrder {
    let text = |key: &str| match row.given(key) {
        Given::Value(Scalar::Str(text)) => Some(text),
        _ => None,
    };
    NewOrder {
        kind: row.needed("kind").into(),
        locality: text("locality"),
        asset: text("asset"),
        crew: text("crew"),
        title: text("title"),
        fields: row.members("fields").map(|(key, value)| (key.clone(), value_text(value))).collect(),
        description: text("description"),
        due: text("due"),
        priority: text("priority"),
        plan: text("plan"),
        id: Some(id),
    }
}

/// Returns the member of an item that an error is about, where it says so.
pub(super) fn member_of(error: &ReplicaError) -> Option<Part> {
    let key = match error {
        ReplicaError::Unknown { what: "kind of work", .. } => "kind",
        ReplicaError::Unknown { what: what @ ("locality" | "asset" | "crew" | "priority"), .. } => what,
        ReplicaError::Unknown { what: "field", .. } => "fields",
        ReplicaError::Value { field, .. } if field == "due" => "due",
        ReplicaError::Value { .. } | ReplicaError::Reading { .. } => "fields",
        _ => return None,
    };
    Some(Part::Key(key.into()))
}
