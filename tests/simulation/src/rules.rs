//! Rules: the municipality's rule files, the first import, and who gets which phone. The kinds of work are the real ones
//! with fewer fields: every command reads them all.

use std::sync::OnceLock;

use serde_json::{Value, json};
use sync_core::hub::Quotas;
use sync_core::log::act::Role;
use sync_core::replica::ImportFile;

use crate::dice::Dice;
use crate::server::RuleFile;

/// Crews.
pub const CREWS: [&str; 3] = ["C-07", "C-08", "C-09"];
/// Localities, by key.
pub const LOCALITIES: [&str; 4] = ["ocota", "cienega", "mezquital", "nostic"];
/// Kinds of work.
pub const KINDS: [&str; 2] = ["pump_replacement", "chlorination"];

const MEASURES_KEPT: [&str; 3] = ["free_chlorine", "flow", "ph"];
const FIELDS_KEPT: [&str; 5] = ["reason", "old_pump_serial", "new_pump_serial", "tank", "dose"];

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn keep(file: &mut Value, list: &str, keys: &[&str]) {
    if let Some(items) = file.get_mut(list).and_then(Value::as_array_mut) {
        items.retain(|item| item.get("key").and_then(Value::as_str).is_some_and(|key| keys.contains(&key)));
    }
}

fn kind(text: &str, version: u64) -> String {
    let mut file = parse(text);
    keep(&mut file, "fields", &FIELDS_KEPT);
    file["measures"] = json!([]);
    file["required_measures"] = json!([]);
    file["version"] = json!(version);
    if let Some(items) = file.get_mut("checklist").and_then(Value::as_array_mut) {
        items.truncate(2);
    }
    file.to_string()
}

const PUMP: &str = include_str!("../../../schemas/work/pump_replacement.json");
const CHLORINE: &str = include_str!("../../../schemas/work/chlorination.json");
const STEPS: &str = include_str!("../../../schemas/steps.json");
const MEASURES: &str = include_str!("../../../schemas/measures.json");

/// The rule files that a municipality begins with.
pub fn at_first() -> Vec<RuleFile> {
    static FILES: OnceLock<Vec<RuleFile>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let mut measures = parse(MEASURES);
        keep(&mut measures, "measures", &MEASURES_KEPT);
        vec![
            ("measures".to_owned(), measures.to_string()),
            ("steps".to_owned(), parse(STEPS).to_string()),
            ("work/chlorination".to_owned(), kind(CHLORINE, 1)),
            ("work/pump_replacement".to_owned(), kind(PUMP, 1)),
        ]
    });
    files.clone()
}

/// The rule files with one kind of work changed, as a later version of it.
pub fn changed(version: u64, adds_field: bool) -> Vec<RuleFile> {
    let mut files = at_first();
    if let Some((_, text)) = files.iter_mut().find(|(name, _)| name == "work/pump_replacement") {
        let mut file = parse(text);
        file["version"] = json!(version);
        if adds_field && let Some(fields) = file.get_mut("fields").and_then(Value::as_array_mut) {
            fields.push(json!({
                "key": "remark", "labels": {"es": "Observación", "en": "Remark"}, "aliases": [], "type": "text",
                "chars_max": 60, "who": ["crew", "dispatcher", "supervisor"], "required_to_finish": false
            }));
        }
        *text = file.to_string();
    }
    // A dose that was right is too high from here on, or right again.
    if let Some((_, text)) = files.iter_mut().find(|(name, _)| name == "work/chlorination") {
        let mut file = parse(text);
        file["version"] = json!(version);
        let most = if version.is_multiple_of(2) { "1" } else { "500" };
        let fields = file.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten();
        for field in fields.filter(|field| field["key"] == "dose") {
            field["max"] = json!(most);
        }
        *text = file.to_string();
    }
    files
}

/// What the administrator imports on the first day.
pub fn first_import() -> ImportFile {
    let localities: Vec<Value> =
        LOCALITIES.iter().map(|key| json!({"name": key.to_uppercase(), "key": key})).collect();
    let crews: Vec<Value> = CREWS.iter().map(|code| json!({"code": code})).collect();
    let materials = json!([{"sku": "TUB-2", "name": "Tubo de 2 pulgadas", "unit": "m"}]);
    let file = json!({"localities": localities, "crews": crews, "materials": materials});
    serde_json::from_value(file).expect("the schema allows it")
}

/// What is imported later: a few more places, and orders out of a list.
pub fn later_import(number: u64) -> ImportFile {
    let locality = LOCALITIES[usize::try_from(number % 4).unwrap_or(0)];
    let file = json!({
        "localities": [{"name": format!("Rancho {number}"), "key": format!("rancho-{number}")}],
        "crews": [{"code": format!("C-1{}", number % 3)}],
        "orders": [
            {"key": format!("lista-{number}"), "kind": "pump_replacement", "locality": locality, "crew": "C-07"},
            {"key": format!("lista-{number}-b"), "kind": "chlorination", "locality": locality}
        ]
    });
    serde_json::from_value(file).expect("the schema allows it")
}

/// How much a device may fill: in one municipality of three little, so that phones have to wait for another day.
pub fn quotas(dice: &mut Dice) -> Quotas {
    if !dice.one_in(3) {
        return Quotas::default();
    }
    let day_bytes = dice.between(8, 40) * 1024;
    Quotas {
        crew_day_bytes: day_bytes,
        office_day_bytes: day_bytes,
        revoked_bytes: dice.between(2, 20) * 1024,
        request_row_bytes: dice.between(32, 400) * 1024,
    }
}

/// Whose phone the n-th of a municipality is.
pub fn role_of(place: usize) -> (Role, Option<&'static str>) {
    match place {
        0 => (Role::Admin, None),
        1 => (Role::Crew, Some(CREWS[0])),
        2 => (Role::Dispatcher, None),
        8 => (Role::Supervisor, None),
        13 => (Role::Auditor, None),
        _ => (Role::Crew, Some(CREWS[place % 3])),
    }
}
