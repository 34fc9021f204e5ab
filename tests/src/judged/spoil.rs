//! Spoil: breaks one keyword at one place of a value that fits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Choices;
use super::instance::{Place, places};

/// The longest array that is made too long.
const ITEMS_MAX: u64 = 1_100;

/// Breaks a keyword that bears on the value somewhere. All keywords are as likely, however rare.
pub(super) fn spoil(choices: &mut Choices<'_>, root: &Value, value: &mut Value) {
    let mut found: BTreeMap<String, Vec<(Place, Value)>> = BTreeMap::new();
    places(root, root, value, &mut Vec::new(), &mut |place, keyword, schema| {
        found.entry(keyword.to_owned()).or_default().push((place.clone(), schema.clone()));
    });
    let keywords: Vec<&String> = found.keys().collect();
    let keyword = (*choices.one(&keywords)).clone();
    let (place, schema) = choices.one(&found[&keyword]).clone();
    let pointer: String =
        place.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect();
    if let Some(at) = value.pointer_mut(&pointer) {
        break_word(choices, &keyword, &schema, at);
    }
}

fn break_word(choices: &mut Choices<'_>, keyword: &str, schema: &Value, at: &mut Value) {
    let count = |word: &str| usize::try_from(schema[word].as_u64().unwrap_or(0)).unwrap_or(0);
    match (keyword, &mut *at) {
        ("minLength", Value::String(text)) => {
            *text = text.chars().take(count("minLength").saturating_sub(1)).collect();
        }
        ("maxLength", Value::String(text)) => {
            *text = text.chars().chain(std::iter::repeat('a')).take(count("maxLength") + 1).collect();
        }
        ("pattern", Value::String(text)) => {
            *text = (*choices.one(&[
                "",
                "../../../etc/passwd",
                "ñ",
                "22,39",
                "-",
                "A b",
                "01/12/2026",
                "1e3",
                "x\n",
            ]))
            .into();
        }
        ("format", Value::String(text)) => {
            *text = (*choices.one(&["2027-02-29", "2026-11-31", "1900-02-29", "mañana"])).into();
        }
        ("minimum", _) => *at = json!(schema["minimum"].as_i64().unwrap_or_default() - 1),
        ("maximum", _) => *at = json!(schema["maximum"].as_i64().unwrap_or_default() + 1),
        ("minItems", Value::Array(items)) => items.truncate(count("minItems").saturating_sub(1)),
        ("maxItems", Value::Array(items))
            if schema["maxItems"].as_u64().is_some_and(|most| most <= ITEMS_MAX) =>
        {
            let filler = items.first().cloned().unwrap_or(Value::Null);
            items.resize(count("maxItems") + 1, filler);
        }
        ("uniqueItems", Value::Array(items)) => items.extend(items.last().cloned()),
        ("required", Value::Object(members)) => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            if !required.is_empty() {
                members.remove(choices.one(&required).as_str().unwrap_or_default());
            }
        }
        ("additionalProperties", Value::Object(members)) => {
            members.insert(
                "other".into(),
                choices.one(&[json!("x".repeat(1_001)), json!(1.5), json!([]), json!("x")]).clone(),
            );
        }
        ("propertyNames", Value::Object(members)) => {
            let name = (*choices.one(&[
                "Bad Name",
                "ñ",
                "_x",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ]))
            .to_owned();
            members.insert(name, choices.one(&[json!(true), json!("x")]).clone());
        }
        ("maxProperties", Value::Object(members)) => {
            (0..=count("maxProperties"))
                .for_each(|number| drop(members.insert(format!("p{number}"), json!(true))));
        }
        _ => {
            *at = choices
                .one(&[json!(null), json!(true), json!(-77), json!("otra"), json!([true]), json!(0.5)])
                .clone();
        }
    }
}
