//! Schema: the shape of each record kind, read from `schemas/record/`: its registers, its skeleton, and which
//! roles may write what.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::json_schema::Schema;

/// The kinds of record. CONTRIBUTING.md, *Add a record kind*, lists what another one needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// Orden de trabajo.
    Order,
    /// Reporte ciudadano.
    Report,
    /// Activo.
    Asset,
    /// Programa anual.
    Plan,
    /// Catálogo: a locality, crew, person or material.
    Catalog,
}

impl RecordKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Order, Self::Report, Self::Asset, Self::Plan, Self::Catalog];

    /// Returns the kind's name, which records carry in `type`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Report => "report",
            Self::Asset => "asset",
            Self::Plan => "plan",
            Self::Catalog => "catalog",
        }
    }

    /// Returns the kind with that name; `None` if there is none.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }
}

/// The kind of an object of the skeleton.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotObject {
    /// A map of registers.
    Map,
    /// A list that is only appended to.
    List,
    /// Free text that people may edit together.
    Text,
}

/// One object of a record's skeleton.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Its key in the root map.
    pub key: String,
    /// The kind of object.
    pub object: SlotObject,
    /// Whether its elements are maps rather than scalars.
    pub of_maps: bool,
    /// Roles that may write it after creation.
    pub who: Vec<String>,
    /// What it may hold as a whole.
    pub schema: Schema,
}

/// One register of the root map.
#[derive(Debug, Clone)]
pub struct Register {
    /// The values that it may hold.
    pub schema: Schema,
    /// Roles that may change it after creation.
    pub who: Vec<String>,
    /// Whether it may be set when the record is made.
    pub at_create: bool,
}

/// The shape of one record kind.
#[derive(Debug, Clone)]
pub struct RecordSchema {
    /// The kind.
    pub kind: RecordKind,
    /// The whole record, compiled.
    pub schema: Schema,
    /// Registers of the root map by key.
    pub registers: BTreeMap<String, Register>,
    /// The skeleton, in the order it is created: slot `i` is operation `i + 1` of the creating change.
    pub slots: Vec<Slot>,
    /// Roles that may write a register, or a member of an element, that this version does not know: those that
    /// every later schema lets write.
    pub unknown_who: Vec<String>,
}

/// The shapes of all record kinds.
#[derive(Debug, Clone, Copy)]
pub struct RecordSchemas(&'static BTreeMap<RecordKind, RecordSchema>);

const FILES: [(RecordKind, &str); 5] = [
    (RecordKind::Order, include_str!("../../../schemas/record/order.schema.json")),
    (RecordKind::Report, include_str!("../../../schemas/record/report.schema.json")),
    (RecordKind::Asset, include_str!("../../../schemas/record/asset.schema.json")),
    (RecordKind::Plan, include_str!("../../../schemas/record/plan.schema.json")),
    (RecordKind::Catalog, include_str!("../../../schemas/record/catalog.schema.json")),
];

/// The words of its own that a record's schema has.
pub const ANNOTATIONS: [&str; 4] = ["x-who", "x-at-create", "x-skeleton", "x-unknown-who"];
/// The words of a slot.
const SLOT_WORDS: [&str; 3] = ["key", "object", "who"];

/// The content of [`FILES`], compiled once: every replica and every rebuilt index uses it.
static BUILT_IN: LazyLock<BTreeMap<RecordKind, RecordSchema>> = LazyLock::new(|| {
    let read = |(kind, text): (RecordKind, &str)| {
        let json: Value = serde_json::from_str(text).expect("a built-in record schema is JSON");
        (kind, RecordSchema::read(kind, &json))
    };
    FILES.into_iter().map(read).collect()
});

impl RecordSchemas {
    /// Returns the shapes this version is built with.
    ///
    /// # Panics
    /// If a file of this very source tree is malformed, which a test would show.
    pub fn built_in() -> Self {
        Self(&BUILT_IN)
    }

    /// Returns the shape of a kind.
    pub fn of(&self, kind: RecordKind) -> &'static RecordSchema {
        &self.0[&kind]
    }
}

impl RecordSchema {
    fn read(kind: RecordKind, json: &Value) -> Self {
        let schema = Schema::compile(json, &ANNOTATIONS)
            .unwrap_or_else(|error| panic!("the schema of {} does not compile: {error}", kind.key()));
        let slots: Vec<Slot> = json["x-skeleton"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|slot| read_slot(slot, &schema))
            .collect();
        let register = |key: &str| {
            let words = &json["properties"][key];
            let register = Register {
                schema: schema.property(key).expect("a named property has a schema"),
                who: texts(&words["x-who"]),
                at_create: words["x-at-create"].as_bool().unwrap_or(false),
            };
            (key.to_string(), register)
        };
        let registers =
            schema.keys().filter(|key| !slots.iter().any(|slot| slot.key == *key)).map(register).collect();
        Self { kind, registers, slots, unknown_who: texts(&json["x-unknown-who"]), schema }
    }

    /// Returns the slot with a key, and its place.
    pub fn slot(&self, key: &str) -> Option<(usize, &Slot)> {
        self.slots.iter().enumerate().find(|(_, slot)| slot.key == key)
    }
}

fn read_slot(json: &Value, record: &Schema) -> Slot {
    let words = json.as_object().expect("a slot is an object");
    let other = words.keys().find(|word| !SLOT_WORDS.contains(&word.as_str()));
    assert!(other.is_none(), "a slot has no {other:?}");
    let key = text(&json["key"]);
    let schema = record.property(&key).expect("a slot is a property of its record");
    Slot {
        object: match json["object"].as_str() {
            Some("map") => SlotObject::Map,
            Some("list") => SlotObject::List,
            Some("text") => SlotObject::Text,
            other => panic!("unknown skeleton object {other:?}"),
        },
        of_maps: schema.items().is_some_and(|items| items.is_only("object")),
        who: texts(&json["who"]),
        key,
        schema,
    }
}

fn text(json: &Value) -> String {
    json.as_str().expect("a skeleton entry has a key").to_string()
}

fn texts(json: &Value) -> Vec<String> {
    json.as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{FILES, RecordKind, RecordSchemas};
    use crate::log::act::Role;

    /// Returns all kinds. One that is not listed does not compile.
    macro_rules! kinds {
        ($($kind:ident),+) => {{
            let name = |kind: RecordKind| match kind { $(RecordKind::$kind => stringify!($kind)),+ };
            let kinds = [$(RecordKind::$kind),+];
            assert_eq!(kinds.map(name), [$(stringify!($kind)),+]);
            kinds
        }};
    }

    #[test]
    fn every_record_kind_is_in_all_and_has_a_schema_that_reads() {
        assert_eq!(RecordKind::ALL, kinds!(Order, Report, Asset, Plan, Catalog));
        assert_eq!(FILES.map(|(kind, _)| kind), RecordKind::ALL);
        let roles: BTreeSet<&str> = Role::INVITABLE.iter().map(|role| role.key()).collect();
        for (kind, text) in FILES {
            let json: Value = serde_json::from_str(text).unwrap();
            assert_eq!(RecordKind::from_key(kind.key()), Some(kind));
            assert_eq!(json["properties"]["type"]["const"], kind.key(), "the file is another kind's");
            let schemas = RecordSchemas::built_in();
            let schema = schemas.of(kind);
            for key in schema.schema.required() {
                let is_known = schema.registers.contains_key(key) || schema.slot(key).is_some();
                assert!(is_known, "{}: no register and no slot is called {key}", kind.key());
            }
            let who = schema.registers.values().map(|register| &register.who);
            let who = who.chain(schema.slots.iter().map(|slot| &slot.who)).chain([&schema.unknown_who]);
            for role in who.flatten() {
                assert!(roles.contains(role.as_str()), "{}: no role is called {role}", kind.key());
            }
        }
    }
}
