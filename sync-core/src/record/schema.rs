//! Schema: the shape of each record kind, read from `schemas/record/`: its registers, its skeleton, and which
//! roles may write what.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value;

use crate::record::change::Scalar;
use crate::time::parse_rfc3339;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its key in the root map.
    pub key: String,
    /// The kind of object.
    pub object: SlotObject,
    /// Whether its elements are maps rather than scalars.
    pub of_maps: bool,
    /// Roles that may write it after creation.
    pub who: Vec<String>,
    /// Members of its element maps, with their limits; empty for scalars.
    pub members: BTreeMap<String, ScalarRule>,
    /// Members that each element map has.
    pub required: Vec<String>,
    /// Limit of scalar elements and texts.
    pub element: ScalarRule,
    /// Most elements of a list.
    pub items_max: Option<u32>,
}

/// The values that a register may hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScalarRule {
    /// JSON Schema types allowed; empty for any.
    pub types: Vec<String>,
    /// Fewest characters of a string.
    pub chars_min: Option<usize>,
    /// Most characters of a string.
    pub chars_max: Option<usize>,
    /// The only values allowed; empty for any.
    pub words: Vec<String>,
    /// What a string must look like.
    pub pattern: Option<Pattern>,
    /// Whether a string is a day of the calendar, `2026-11-28`.
    pub is_day: bool,
    /// Smallest integer.
    pub min: Option<i64>,
    /// Largest integer.
    pub max: Option<i64>,
}

/// A regular expression, as JSON Schema has it.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    compiled: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

/// One register of the root map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// The values that it may hold.
    pub rule: ScalarRule,
    /// Roles that may change it after creation.
    pub who: Vec<String>,
    /// Whether it may be set when the record is made.
    pub at_create: bool,
}

/// The shape of one record kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSchema {
    /// The kind.
    pub kind: RecordKind,
    /// Registers of the root map by key.
    pub registers: BTreeMap<String, Register>,
    /// The skeleton, in the order it is created: slot `i` is operation `i + 1` of the creating change.
    pub slots: Vec<Slot>,
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

/// The content of [`FILES`], read once: every replica and every rebuilt index uses it.
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
    pub fn of(&self, kind: RecordKind) -> &RecordSchema {
        &self.0[&kind]
    }
}

impl RecordSchema {
    fn read(kind: RecordKind, json: &Value) -> Self {
        let slots: Vec<Slot> = json["x-skeleton"].as_array().into_iter().flatten().map(read_slot).collect();
        let properties = json["properties"].as_object().expect("a record schema has properties");
        let registers = properties
            .iter()
            .filter(|(key, _)| !slots.iter().any(|slot| slot.key == **key))
            .map(|(key, value)| (key.clone(), read_register(value)))
            .collect();
        Self { kind, registers, slots }
    }

    /// Returns the slot with a key, and its place.
    pub fn slot(&self, key: &str) -> Option<(usize, &Slot)> {
        self.slots.iter().enumerate().find(|(_, slot)| slot.key == key)
    }
}

impl ScalarRule {
    /// Checks that a value fits.
    ///
    /// # Errors
    /// What is wrong, as text.
    pub fn check(&self, value: &Scalar) -> Result<(), String> {
        let found = match value {
            Scalar::Null => return Ok(()),
            Scalar::Bool(_) => "boolean",
            Scalar::Int(_) => "integer",
            Scalar::Str(_) => "string",
        };
        if !self.types.is_empty() && !self.types.iter().any(|t| t == found) {
            return Err(format!("holds a {found}, expected {}", self.types.join(" or ")));
        }
        match value {
            Scalar::Str(text) => self.check_text(text),
            Scalar::Int(number) => self.check_number(*number),
            Scalar::Null | Scalar::Bool(_) => Ok(()),
        }
    }

    fn check_text(&self, text: &str) -> Result<(), String> {
        let chars = text.chars().count();
        if let Some(max) = self.chars_max.filter(|max| chars > *max) {
            return Err(format!("has {chars} characters, at most {max} are allowed"));
        }
        if let Some(min) = self.chars_min.filter(|min| chars < *min) {
            return Err(format!("has {chars} characters, at least {min} are needed"));
        }
        if !self.words.is_empty() && !self.words.iter().any(|word| word == text) {
            return Err(format!("holds {text:?}, expected one of {}", self.words.join(", ")));
        }
        if self.is_day && !is_day(text) {
            return Err(format!("holds {text:?}, expected a day such as 2026-11-28"));
        }
        match &self.pattern {
            Some(pattern) if !pattern.compiled.is_match(text) => {
                Err(format!("holds {text:?}, which does not look like {}", pattern.source))
            }
            _ => Ok(()),
        }
    }

    fn check_number(&self, number: i64) -> Result<(), String> {
        let (min, max) = (self.min.unwrap_or(i64::MIN), self.max.unwrap_or(i64::MAX));
        if (min..=max).contains(&number) {
            return Ok(());
        }
        Err(format!("holds {number}, expected {min} to {max}"))
    }
}

/// Returns whether a text names a day of the calendar, `2026-11-28`.
pub fn is_day(text: &str) -> bool {
    text.len() == 10 && parse_rfc3339(text).is_some()
}

fn read_slot(json: &Value) -> Slot {
    let members = json["members"].as_object().into_iter().flatten();
    Slot {
        key: text(&json["key"]),
        object: match json["object"].as_str() {
            Some("map") => SlotObject::Map,
            Some("list") => SlotObject::List,
            Some("text") => SlotObject::Text,
            other => panic!("unknown skeleton object {other:?}"),
        },
        of_maps: json["element"].as_str() == Some("map"),
        who: texts(&json["who"]),
        members: members.map(|(key, value)| (key.clone(), read_rule(value))).collect(),
        required: texts(&json["members_required"]),
        element: read_rule(&json["value"]),
        items_max: json["items_max"].as_u64().and_then(|max| u32::try_from(max).ok()),
    }
}

fn read_register(json: &Value) -> Register {
    Register {
        rule: read_rule(json),
        who: texts(&json["x-who"]),
        at_create: json["x-at-create"].as_bool().unwrap_or(false),
    }
}

fn read_rule(json: &Value) -> ScalarRule {
    let types = match &json["type"] {
        Value::String(one) => vec![one.clone()],
        several => texts(several),
    };
    let constant = json["const"].as_str().map(|word| vec![word.to_string()]);
    ScalarRule {
        types: types.into_iter().filter(|t| t != "null").collect(),
        chars_min: size(&json["minLength"]),
        chars_max: size(&json["maxLength"]),
        words: constant.unwrap_or_else(|| texts(&json["enum"])),
        pattern: json["pattern"].as_str().map(read_pattern),
        is_day: json["format"].as_str() == Some("date"),
        min: json["minimum"].as_i64(),
        max: json["maximum"].as_i64(),
    }
}

fn size(json: &Value) -> Option<usize> {
    json.as_u64().and_then(|size| usize::try_from(size).ok())
}

fn read_pattern(source: &str) -> Pattern {
    let compiled = Regex::new(source).expect("a built-in pattern is one");
    Pattern { source: source.into(), compiled }
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

    use super::{FILES, RecordKind, RecordSchemas, texts};
    use crate::log::act::Role;
    use crate::record::change::Scalar;

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
    fn a_value_is_held_to_all_that_its_schema_says() {
        let schemas = RecordSchemas::built_in();
        let order = schemas.of(RecordKind::Order);
        let due = |day: &str| order.registers["due"].rule.check(&Scalar::Str(day.into()));
        assert_eq!(due("2028-02-29"), Ok(()));
        for day in
            ["mañana", "2027-02-29", "2027-2-9", "01/12/2026", "2027-13-01", "2026-11-28T00:00:00Z", ""]
        {
            assert!(due(day).is_err(), "{day}");
        }
        let (_, photos) = order.slot("photos").unwrap();
        let photo = |key: &str, value: Scalar| photos.members[key].check(&value);
        assert_eq!(photo("bytes", Scalar::Int(1)), Ok(()));
        assert!(photo("bytes", Scalar::Int(-5)).is_err());
        assert!(photo("bytes", Scalar::Int(67_108_865)).is_err());
        assert!(photo("sha256", Scalar::Str("../../../etc/passwd".into())).is_err());
        assert_eq!(photos.required, ["sha256", "bytes", "media_type"]);
        let (_, notes) = order.slot("notes").unwrap();
        assert!(notes.element.check(&Scalar::Str(String::new())).is_err());
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
            for key in texts(&json["required"]) {
                let is_known = schema.registers.contains_key(&key) || schema.slot(&key).is_some();
                assert!(is_known, "{}: no register and no slot is called {key}", kind.key());
            }
            let who = schema.registers.values().map(|register| &register.who);
            for role in who.chain(schema.slots.iter().map(|slot| &slot.who)).flatten() {
                assert!(roles.contains(role.as_str()), "{}: no role is called {role}", kind.key());
            }
        }
    }
}
