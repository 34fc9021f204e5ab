//! Instance: a random value that fits a schema, and where in a value which keyword bears.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Choices;

/// Words that say nothing about values, or only in company of others.
const SILENT: [&str; 9] = [
    "$schema",
    "$id",
    "$defs",
    "title",
    "description",
    "x-who",
    "x-at-create",
    "x-skeleton",
    "x-unknown-who",
];
/// Characters of free texts.
const CHARS: [char; 12] = ['a', 'Z', '0', ' ', '-', 'ñ', 'é', '\u{301}', '漢', '🚰', '"', '\u{202e}'];

/// Returns every keyword of a schema that says something about values.
pub(super) fn keywords_of(schema: &Value, found: &mut BTreeSet<String>) {
    let Some(words) = schema.as_object() else { return };
    for (word, value) in words {
        match word.as_str() {
            "properties" | "$defs" => {
                value.as_object().into_iter().flatten().for_each(|(_, one)| keywords_of(one, found));
            }
            "oneOf" => value.as_array().into_iter().flatten().for_each(|one| keywords_of(one, found)),
            "items" | "additionalProperties" | "propertyNames" => keywords_of(value, found),
            _ => {}
        }
        if !SILENT.contains(&word.as_str()) {
            found.insert(word.clone());
        }
    }
}

/// Returns the schema that a schema stands for: what `$ref` names, with what stands beside it.
pub(super) fn resolved(root: &Value, schema: &Value) -> Value {
    let Some(name) = schema["$ref"].as_str() else { return schema.clone() };
    let named = root.pointer(name.trim_start_matches('#')).expect("what is named is there");
    let mut words = named.as_object().expect("a schema").clone();
    let beside = schema.as_object().into_iter().flatten().filter(|(word, _)| *word != "$ref");
    words.extend(beside.map(|(word, value)| (word.clone(), value.clone())));
    resolved(root, &Value::Object(words))
}

/// Returns the schema with one form of its `oneOf` merged in.
pub(super) fn merged(root: &Value, schema: &Value, form: &Value) -> Value {
    let mut words = schema.as_object().expect("a schema").clone();
    words.remove("oneOf");
    for (word, value) in resolved(root, form).as_object().expect("a schema") {
        match (word.as_str(), words.get_mut(word)) {
            ("properties", Some(Value::Object(properties))) => {
                for (key, one) in value.as_object().into_iter().flatten() {
                    match (properties.get_mut(key), one) {
                        (_, Value::Bool(false)) => drop(properties.remove(key)),
                        (Some(Value::Object(known)), Value::Object(more)) => {
                            known.extend(more.iter().map(|(word, value)| (word.clone(), value.clone())));
                        }
                        _ => drop(properties.insert(key.clone(), one.clone())),
                    }
                }
            }
            ("required", Some(Value::Array(required))) => {
                required.extend(value.as_array().into_iter().flatten().cloned());
            }
            _ => drop(words.insert(word.clone(), value.clone())),
        }
    }
    Value::Object(words)
}

/// Returns a value that fits.
pub(super) fn make(choices: &mut Choices<'_>, root: &Value, schema: &Value) -> Value {
    let schema = resolved(root, schema);
    if let Some(forms) = schema["oneOf"].as_array() {
        let form = choices.one(forms).clone();
        let mut schema = merged(root, &schema, &form);
        // What only another form has would make it both.
        for key in forms
            .iter()
            .filter(|other| **other != form)
            .flat_map(|other| other["required"].as_array())
            .flatten()
        {
            let is_needed = schema["required"].as_array().is_some_and(|required| required.contains(key));
            if let (false, Some(properties)) = (is_needed, schema["properties"].as_object_mut()) {
                properties.remove(key.as_str().unwrap_or_default());
            }
        }
        return make(choices, root, &schema);
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(values) = schema["enum"].as_array() {
        return choices.one(values).clone();
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec!["object"],
    };
    match *choices.one(&types) {
        "null" => Value::Null,
        "boolean" => Value::from(choices.below(2) == 1),
        "integer" => Value::from(whole(choices, &schema)),
        "number" if choices.below(2) == 0 => Value::from(whole(choices, &schema)),
        "number" => json!(f64::from(u16::try_from(choices.below(1_000)).unwrap_or_default()) / 8.0),
        "string" => Value::from(text(choices, &schema)),
        "array" => array(choices, root, &schema),
        _ => object(choices, root, &schema),
    }
}

fn whole(choices: &mut Choices<'_>, schema: &Value) -> i64 {
    let (min, max) = (schema["minimum"].as_i64().unwrap_or(-9), schema["maximum"].as_i64().unwrap_or(9));
    match choices.below(4) {
        0 => min,
        1 => max,
        _ => {
            let span = usize::try_from(max - min).unwrap_or(usize::MAX).saturating_add(1);
            min + i64::try_from(choices.below(span)).unwrap_or_default()
        }
    }
}

fn text(choices: &mut Choices<'_>, schema: &Value) -> String {
    if schema["format"] == "date" {
        return (*choices.one(&["2026-11-28", "2028-02-29", "2000-01-01", "2099-12-31"])).into();
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        return (*choices.one(examples(pattern))).into();
    }
    let size = |word: &str, usual: usize| {
        schema[word].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(usual)
    };
    let (least, most) = (size("minLength", 0), size("maxLength", 20));
    let length = match choices.below(8) {
        0 => least,
        1 => most,
        _ => least + choices.below((most - least).min(12) + 1),
    };
    let characters = [*choices.one(&CHARS), *choices.one(&CHARS)];
    (0..length).map(|at| characters[at % 2]).collect()
}

/// Returns texts of the form; every form of the schemas is here.
fn examples(pattern: &str) -> &'static [&'static str] {
    match pattern {
        "^[a-z][a-z0-9_]{0,39}$" | "^[a-z][a-z0-9_]*$" => {
            &["a", "free_chlorine", "x9_abcdefghijklmnopqrstuvwxyz0123456789a"]
        }
        "^[a-z0-9][a-z0-9_]{0,59}$" => &["0", "cloro_libre", "z9"],
        "^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$" => &["K", "tq-a.1", "La_Palma-2"],
        "^[A-Za-z0-9][A-Za-z0-9-]{0,15}$" => &["C", "C-07", "A1234567890-abcd"],
        "^[A-Za-z0-9][A-Za-z0-9-]{2,39}$" => &["M-1", "MZQ-26-A3-0012"],
        "^-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,6})?$" => &["0", "-0.80", "999999999999999.123456", "7"],
        "^-?(90(\\.0{1,8})?|[1-8]?[0-9](\\.[0-9]{1,8})?)$" => &["0", "-90", "21.94401212", "90.00"],
        "^-?(180(\\.0{1,8})?|(1[0-7][0-9]|[1-9]?[0-9])(\\.[0-9]{1,8})?)$" => {
            &["0", "180", "-104.087764", "99.5"]
        }
        "^[^.]*$" => &["0", "-3", "4320"],
        "^[0-9]{5}$" => &["14061", "01001"],
        "^[0-9]{9}$" => &["140610001"],
        "^[0-9a-f]{64}$" => &["00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"],
        "^[a-z]+/[a-z0-9.+-]+$" => &["image/jpeg", "a/b"],
        "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$" => &["2026-11-28", "1999-12-31"],
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$" => {
            &["2026-11-28T10:00:00Z", "2026-11-28T10:00:00.123-06:00"]
        }
        other => panic!("give an example of {other}"),
    }
}

fn array(choices: &mut Choices<'_>, root: &Value, schema: &Value) -> Value {
    let size = |word: &str| schema[word].as_u64().and_then(|n| usize::try_from(n).ok());
    let (least, most) = (size("minItems").unwrap_or(0), size("maxItems").unwrap_or(3));
    let length = if most <= 12 && choices.below(4) == 0 {
        most
    } else {
        least + choices.below((most - least).min(2) + 1)
    };
    let mut items: Vec<Value> = Vec::new();
    for _ in 0..length {
        let item = make(choices, root, &schema["items"]);
        let is_new = schema["uniqueItems"] != true || !items.contains(&item);
        if is_new {
            items.push(item);
        }
    }
    Value::Array(items)
}

fn object(choices: &mut Choices<'_>, root: &Value, schema: &Value) -> Value {
    let mut members = Map::new();
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, one) in schema["properties"].as_object().into_iter().flatten() {
        if *one != Value::Bool(false) && (required.contains(&key.as_str()) || choices.below(3) == 0) {
            members.insert(key.clone(), make(choices, root, one));
        }
    }
    if let Some(other) = schema.get("additionalProperties").filter(|other| other.is_object()) {
        for number in 0..choices.below(3) {
            members.insert(format!("new_{number}"), make(choices, root, other));
        }
    }
    Value::Object(members)
}

/// One part of a place: a key or an index.
pub(super) type Place = Vec<String>;

/// Calls `tell` with each place of a value, and each keyword that bears there.
pub(super) fn places(
    root: &Value,
    schema: &Value,
    value: &Value,
    place: &mut Place,
    tell: &mut dyn FnMut(&Place, &str, &Value),
) {
    if schema.get("$ref").is_some() {
        tell(place, "$ref", schema);
    }
    let schema = resolved(root, schema);
    for word in schema.as_object().into_iter().flatten().map(|(word, _)| word) {
        if !SILENT.contains(&word.as_str()) && word != "$ref" && bears(word, value) {
            tell(place, word, &schema);
        }
    }
    for form in schema["oneOf"].as_array().into_iter().flatten() {
        if fits_type(&resolved(root, form), value) {
            places(root, form, value, place, tell);
        }
    }
    let (properties, other) = (&schema["properties"], &schema["additionalProperties"]);
    for (key, member) in value.as_object().into_iter().flatten() {
        place.push(key.clone());
        match properties.get(key) {
            Some(one) => places(root, one, member, place, tell),
            None if other.is_object() => places(root, other, member, place, tell),
            None => {}
        }
        place.pop();
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        place.push(index.to_string());
        places(root, &schema["items"], item, place, tell);
        place.pop();
    }
}

fn fits_type(schema: &Value, value: &Value) -> bool {
    match schema["type"].as_str() {
        Some("number") => value.is_number(),
        Some("integer") => value.is_i64(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some("null") => value.is_null(),
        _ => true,
    }
}

fn bears(word: &str, value: &Value) -> bool {
    match word {
        "minLength" | "maxLength" | "pattern" | "format" => value.is_string(),
        "minimum" | "maximum" => value.is_number(),
        "items" | "minItems" | "maxItems" | "uniqueItems" => value.is_array(),
        "properties" | "required" | "additionalProperties" | "propertyNames" | "maxProperties" => {
            value.is_object()
        }
        _ => true,
    }
}
