//! Import: localities, crews, people, assets, materials, plans and planned orders out of one file. Importing the same
//! file again changes nothing: every item's record id follows from its key.

use crate::state::document::load_document;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{NewOrder, Replica, ReplicaError};
use crate::id::{Hash, RecordId};
use crate::limits::IMPORT_ITEMS_MAX;
use crate::record::change::Scalar;
use crate::record::document::Document;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::read;
use crate::rules::fold_word;
use crate::state::keyspace;

/// The file, as `schemas/import.schema.json` describes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are described in schemas/import.schema.json")]
pub struct ImportFile {
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    #[serde(default)]
    pub about: Option<String>,
    #[serde(default)]
    pub municipality: Option<Value>,
    #[serde(default)]
    pub version: Option<u32>,
    #[serde(default)]
    pub localities: Vec<Locality>,
    #[serde(default)]
    pub crews: Vec<Crew>,
    #[serde(default)]
    pub people: Vec<Person>,
    #[serde(default)]
    pub assets: Vec<Asset>,
    #[serde(default)]
    pub materials: Vec<Material>,
    #[serde(default)]
    pub orders: Vec<Order>,
    #[serde(default)]
    pub plans: Vec<Plan>,
}

macro_rules! import_item {
    ($name:ident { $($field:ident : $type:ty $(= $default:tt)?),* $(,)? }) => {
        /// One item of the file; its keys are described in `schemas/import.schema.json`.
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(missing_docs, reason = "the keys are described in schemas/import.schema.json")]
        pub struct $name { $($(#[serde($default)])? pub $field: $type),* }
    };
}

import_item!(Locality {
    name: String, key: Option<String>, aliases: Vec<String> = default, lat: Option<Value>, lng: Option<Value>,
    certainty: Option<String>, inegi: Option<String>,
});
import_item!(Crew { code: String, name: Option<String>, localities: Vec<String> = default });
import_item!(Person { name: String, role: Option<String>, crew: Option<String> });
import_item!(Material { sku: String, name: String, unit: String });
import_item!(Order {
    key: Option<String>, kind: String, locality: Option<String>, title: Option<String>, crew: Option<String>,
    asset: Option<String>, due: Option<String>, priority: Option<String>, description: Option<String>,
    fields: BTreeMap<String, Value> = default, plan: Option<String>,
});
import_item!(Plan {
    activity: String, key: Option<String>, year: Option<u32>, unit: String, annual_goal: Value,
    planned: Vec<Option<Value>>, done: Vec<Option<Value>> = default,
});

/// An asset of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are described in schemas/import.schema.json")]
pub struct Asset {
    #[serde(alias = "id")]
    pub key: Option<String>,
    #[serde(rename = "type")]
    pub asset_type: String,
    pub name: String,
    pub locality: Option<String>,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportCounts {
    /// New localities.
    pub localities: u64,
    /// New crews.
    pub crews: u64,
    /// New people.
    pub people: u64,
    /// New assets.
    pub assets: u64,
    /// New materials.
    pub materials: u64,
    /// New orders.
    pub orders: u64,
    /// New plans.
    pub plans: u64,
    /// Items that were here already and are as in the file.
    pub unchanged: u64,
    /// Items that were here and were brought up to date.
    pub updated: u64,
}

/// What became of one item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    New,
    Updated,
    Unchanged,
}

type Registers = Vec<(&'static str, Option<Scalar>)>;

fn some_text(value: &str) -> Option<Scalar> {
    Some(Scalar::Str(value.into()))
}

fn opt_text(value: Option<&String>) -> Option<Scalar> {
    value.filter(|text| !text.is_empty()).map(|text| Scalar::Str(text.clone()))
}

/// A number or string of the file, as the text that records carry.
fn opt_number(value: Option<&Value>) -> Option<Scalar> {
    match value? {
        Value::Number(number) => Some(Scalar::Str(number.to_string())),
        Value::String(text) => Some(Scalar::Str(text.clone())),
        _ => None,
    }
}

fn text_list(list: &[String]) -> Option<Scalar> {
    (!list.is_empty()).then(|| Scalar::Str(Value::from(list.to_vec()).to_string()))
}

fn key_of(name: &str) -> String {
    let folded = fold_word(name).replace('_', "-");
    let kept: String = folded.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    kept.trim_matches('-').chars().take(60).collect()
}

fn at<'e>(place: &'e str) -> impl Fn(ReplicaError) -> ReplicaError + 'e {
    move |error| match error {
        // Who may not, may not, wherever in the file it shows.
        ReplicaError::Role { .. } | ReplicaError::Refused(_) => error,
        other => ReplicaError::Import { place: place.to_string(), problem: other.to_string() },
    }
}

impl Replica<'_> {
    /// Imports a file. All or nothing: the shell keeps what was written only if this succeeds.
    pub fn import(&mut self, file: &ImportFile) -> Result<ImportCounts, ReplicaError> {
        let lists = [file.localities.len(), file.crews.len(), file.people.len(), file.assets.len()];
        let found = lists.iter().sum::<usize>() + file.materials.len() + file.orders.len() + file.plans.len();
        if found > IMPORT_ITEMS_MAX {
            let problem = format!("it has {found} items, at most {IMPORT_ITEMS_MAX} are allowed");
            return Err(ReplicaError::Import { place: "the file".into(), problem });
        }
        let mut counts = ImportCounts::default();
        self.import_catalog(file, &mut counts)?;
        self.import_plans(file, &mut counts)?;
        self.import_orders(file, &mut counts)?;
        Ok(counts)
    }

    fn import_catalog(&mut self, file: &ImportFile, counts: &mut ImportCounts) -> Result<(), ReplicaError> {
        for (index, item) in file.localities.iter().enumerate() {
            let key = item.key.clone().unwrap_or_else(|| key_of(&item.name));
            let registers = vec![
                ("name", some_text(&item.name)),
                ("aliases", text_list(&item.aliases)),
                ("lat", opt_number(item.lat.as_ref())),
                ("lng", opt_number(item.lng.as_ref())),
                ("certainty", opt_text(item.certainty.as_ref())),
                ("inegi", opt_text(item.inegi.as_ref())),
            ];
            let place = format!("localities[{index}]");
            let fate = self.import_item("locality", &key, registers).map_err(at(&place))?;
            count(fate, counts, |counts| &mut counts.localities);
        }
        for (index, item) in file.crews.iter().enumerate() {
            let place = format!("crews[{index}]");
            let keys: Vec<String> = item
                .localities
                .iter()
                .map(|word| self.view().find_locality(word).map_err(ReplicaError::from))
                .collect::<Result<_, _>>()
                .map_err(at(&place))?;
            let name = item.name.clone().unwrap_or_else(|| item.code.clone());
            let registers = vec![
                ("name", some_text(&name)),
                ("code", some_text(&item.code)),
                ("localities", text_list(&keys)),
            ];
            let fate = self.import_item("crew", &item.code, registers).map_err(at(&place))?;
            count(fate, counts, |counts| &mut counts.crews);
        }
        for (index, item) in file.people.iter().enumerate() {
            let registers = vec![
                ("name", some_text(&item.name)),
                ("role", opt_text(item.role.as_ref())),
                ("crew", opt_text(item.crew.as_ref())),
            ];
            let place = format!("people[{index}]");
            let fate = self.import_item("person", &key_of(&item.name), registers).map_err(at(&place))?;
            count(fate, counts, |counts| &mut counts.people);
        }
        for (index, item) in file.materials.iter().enumerate() {
            let registers = vec![("name", some_text(&item.name)), ("unit", some_text(&item.unit))];
            let place = format!("materials[{index}]");
            let fate = self.import_item("material", &item.sku, registers).map_err(at(&place))?;
            count(fate, counts, |counts| &mut counts.materials);
        }
        for (index, item) in file.assets.iter().enumerate() {
            let place = format!("assets[{index}]");
            let locality = item
                .locality
                .as_deref()
                .map(|word| self.view().find_locality(word).map_err(ReplicaError::from))
                .transpose()
                .map_err(at(&place))?;
            let key = item.key.clone().unwrap_or_else(|| key_of(&item.name));
            let registers = vec![
                ("key", some_text(&key)),
                ("asset_type", some_text(&item.asset_type)),
                ("name", some_text(&item.name)),
                ("locality", opt_text(locality.as_ref())),
            ];
            let fate = self.import_flat(RecordKind::Asset, &key, registers).map_err(at(&place))?;
            count(fate, counts, |counts| &mut counts.assets);
        }
        Ok(())
    }

    fn import_plans(&mut self, file: &ImportFile, counts: &mut ImportCounts) -> Result<(), ReplicaError> {
        const PLANNED: [&str; 12] = [
            "planned_01",
            "planned_02",
            "planned_03",
            "planned_04",
            "planned_05",
            "planned_06",
            "planned_07",
            "planned_08",
            "planned_09",
            "planned_10",
            "planned_11",
            "planned_12",
        ];
        const DONE: [&str; 12] = [
            "done_01", "done_02", "done_03", "done_04", "done_05", "done_06", "done_07", "done_08",
            "done_09", "done_10", "done_11", "done_12",
        ];
        for (index, item) in file.plans.iter().enumerate() {
            let place = format!("plans[{index}]");
            if item.planned.len() != 12 || !matches!(item.done.len(), 0 | 12) {
                return Err(at(&place)(ReplicaError::Import {
                    place: place.clone(),
                    problem: "planned and done have twelve months".into(),
                }));
            }
            let key = item.key.clone().unwrap_or_else(|| key_of(&item.activity));
            let mut registers = vec![
                ("key", some_text(&key)),
                ("activity", some_text(&item.activity)),
                ("unit", some_text(&item.unit)),
                ("annual_goal", opt_number(Some(&item.annual_goal))),
                ("year", item.year.map(|year| Scalar::Int(i64::from(year)))),
            ];
            let months = |names: [&'static str; 12], values: &[Option<Value>]| -> Registers {
                names
                    .into_iter()
                    .zip(values)
                    .map(|(name, value)| (name, opt_number(value.as_ref())))
                    .collect()
            };
            registers.extend(months(PLANNED, &item.planned));
            registers.extend(months(DONE, &item.done));
            let fate = self.import_flat(RecordKind::Plan, &key, registers).map_err(at(&place))?;
            count(fate, counts, |counts| &mut counts.plans);
        }
        Ok(())
    }

    fn import_orders(&mut self, file: &ImportFile, counts: &mut ImportCounts) -> Result<(), ReplicaError> {
        let municipality = self.identity()?.municipality;
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for (index, item) in file.orders.iter().enumerate() {
            let place = format!("orders[{index}]");
            let content = format!("{}|{:?}|{:?}", item.kind, item.locality, item.title);
            let twin = seen.entry(content.clone()).or_default();
            let key = item.key.clone().unwrap_or_else(|| {
                Hash::tagged("cuadrilla/import-order/v1", &[content.as_bytes(), &twin.to_be_bytes()])
                    .to_string()
            });
            *twin += 1;
            let id = RecordId::from_import_key(municipality, "order", &key);
            if read::<RecordRow>(&self.rows(), &keyspace::record(&id))?.is_some() {
                counts.unchanged += 1;
                continue;
            }
            let value_text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), String::from);
            let new = NewOrder {
                kind: item.kind.clone(),
                locality: item.locality.clone(),
                asset: item.asset.clone(),
                crew: item.crew.clone(),
                title: item.title.clone(),
                fields: item.fields.iter().map(|(key, value)| (key.clone(), value_text(value))).collect(),
                description: item.description.clone(),
                due: item.due.clone(),
                priority: item.priority.clone(),
                plan: item.plan.clone(),
                id: Some(id),
            };
            self.order_new(&new).map_err(at(&place))?;
            counts.orders += 1;
        }
        Ok(())
    }

    fn import_item(&mut self, sort: &str, key: &str, mut registers: Registers) -> Result<Fate, ReplicaError> {
        registers.push(("item", some_text(sort)));
        registers.push(("key", some_text(key)));
        self.import_flat(RecordKind::Catalog, &format!("{sort}/{key}"), registers)
    }

    /// Makes a record of registers alone, or brings it up to date. What a register in conflict holds already is as in
    /// the file; anything else is added to the conflict.
    fn import_flat(
        &mut self,
        kind: RecordKind,
        key: &str,
        registers: Registers,
    ) -> Result<Fate, ReplicaError> {
        let identity = self.identity()?;
        let device = identity.device;
        let id = RecordId::from_import_key(identity.municipality, kind.key(), key);
        let known: Option<RecordRow> = read(&self.rows(), &keyspace::record(&id))?;
        let mut document = match &known {
            Some(_) => load_document(&self.rows(), &self.lines, &id, device)?,
            None => Document::new(device),
        };
        if known.is_none() {
            document.make_skeleton(self.rules.records.of(kind))?;
            document.put("type", &Scalar::Str(kind.key().into()))?;
            document.put("schema", &Scalar::Int(1))?;
        }
        let is_new = known.is_none();
        let mut differs = is_new;
        for (name, value) in registers {
            let Some(value) = value else { continue };
            let is_there = |row: &RecordRow| match row.is_in_conflict(name) {
                true => row.values(name).any(|held| *held == value),
                false => row.winner(name) == Some(&value),
            };
            if !known.as_ref().is_some_and(is_there) {
                document.put(name, &value)?;
                differs = true;
            }
        }
        if !differs {
            return Ok(Fate::Unchanged);
        }
        self.commit(id, &mut document)?;
        Ok(if is_new { Fate::New } else { Fate::Updated })
    }
}

fn count(fate: Fate, counts: &mut ImportCounts, new: impl FnOnce(&mut ImportCounts) -> &mut u64) {
    match fate {
        Fate::New => *new(counts) += 1,
        Fate::Updated => counts.updated += 1,
        Fate::Unchanged => counts.unchanged += 1,
    }
}
