//! Tests: a hundred rule files, each one of the good ones with one thing changed. What each change does is known from how
//! it is made, not from the checker.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_core::record::change::Scalar;
use sync_core::rules::Rules;
use sync_core::rules::publish::{RuleTexts, choose};
use sync_core::rules::usage::Usage;
use words::Lang;

use super::refused;
use crate::rule_files::{Loaded, load, parse};

/// Files that are tried.
const FILES: usize = 100;

/// Numbers out of a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % end as u64).unwrap()
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }
}

/// A file with one thing changed.
struct Changed {
    name: String,
    text: String,
    /// The word of the refusal that must come; `None` if the change is harmless.
    code: Option<&'static str>,
}

type Change = fn(&mut Dice, &RuleTexts) -> Option<Changed>;

/// Every kind of change.
const CHANGES: [Change; 33] = [
    min_above_max,
    unknown_measure,
    unknown_required,
    alias_of_another_kind,
    alias_of_another_field,
    type_changed,
    stricter_than_held,
    held_field_removed,
    held_choice_removed,
    version_not_raised,
    key_twice,
    member_unknown,
    text_shorter_than_held,
    held_point_removed,
    needed_measure_removed,
    possible_turned,
    limits_overlap,
    needed_state_removed,
    held_unit_changed,
    step_to_nowhere,
    name_of_an_order,
    choice_twice,
    finer_than_allowed,
    day_that_is_none,
    label_changed,
    field_added,
    alias_added,
    range_widened,
    choice_added,
    point_added,
    requirement_dropped,
    stricter_but_held_fits,
    kind_added,
];

fn json_of(texts: &RuleTexts, name: &str) -> Value {
    serde_json::from_str(&texts[name]).unwrap()
}

/// The file with the version raised.
fn raised(name: &str, mut file: Value, code: Option<&'static str>) -> Option<Changed> {
    file["version"] = json!(file["version"].as_u64().unwrap_or(0) + 1);
    Some(Changed { name: name.into(), text: serde_json::to_string_pretty(&file).unwrap(), code })
}

fn a_kind(dice: &mut Dice, texts: &RuleTexts) -> (String, Value) {
    let kinds: Vec<&String> = texts.keys().filter(|name| name.starts_with("work/")).collect();
    let name = (*dice.one(&kinds)).clone();
    let file = json_of(texts, &name);
    (name, file)
}

/// A kind, and one of its fields that `fits`.
fn a_field(dice: &mut Dice, texts: &RuleTexts, fits: fn(&Value) -> bool) -> Option<(String, Value, usize)> {
    let (name, file) = a_kind(dice, texts);
    let fields = file["fields"].as_array()?;
    let found: Vec<usize> = (0..fields.len()).filter(|index| fits(&fields[*index])).collect();
    let index = *found.get(dice.below(found.len().max(1)))?;
    Some((name, file, index))
}

fn is_type(field: &Value, name: &str) -> bool {
    field["type"] == name
}

fn is_number(field: &Value) -> bool {
    is_type(field, "decimal") || is_type(field, "integer")
}

fn bound(field: &Value, key: &str) -> i64 {
    field[key].as_str().unwrap().split('.').next().unwrap().parse().unwrap()
}

// What is refused.

fn min_above_max(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, is_number)?;
    file["fields"][index]["min"] = json!((bound(&file["fields"][index], "max") + 1).to_string());
    raised(&name, file, Some("above"))
}

fn unknown_measure(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file) = a_kind(dice, texts);
    file["measures"].as_array_mut()?.push(json!("flavour"));
    raised(&name, file, Some("unknown"))
}

fn unknown_required(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file) = a_kind(dice, texts);
    file["required_measures"] = json!(["flavour"]);
    raised(&name, file, Some("unknown"))
}

fn alias_of_another_kind(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file) = a_kind(dice, texts);
    let (other, other_file) = a_kind(dice, texts);
    let alias = other_file["aliases"].as_array()?.first()?.clone();
    if other == name || file["aliases"].as_array()?.len() >= 20 {
        return None;
    }
    file["aliases"].as_array_mut()?.push(alias);
    raised(&name, file, Some("taken"))
}

fn alias_of_another_field(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |_| true)?;
    let other = (index + 1) % file["fields"].as_array()?.len();
    let key = file["fields"][other]["key"].clone();
    if other == index {
        return None;
    }
    file["fields"][index]["aliases"].as_array_mut()?.push(key);
    raised(&name, file, Some("taken"))
}

fn type_changed(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |field| is_type(field, "text"))?;
    let field = file["fields"][index].as_object_mut()?;
    field.remove("chars_max");
    field.insert("type".into(), json!("boolean"));
    raised(&name, file, Some("type"))
}

fn stricter_than_held(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |field| is_number(field) && bound(field, "max") > 1)?;
    // The records hold the largest value of every field.
    file["fields"][index]["max"] = json!((bound(&file["fields"][index], "max") - 1).to_string());
    if bound(&file["fields"][index], "min") > bound(&file["fields"][index], "max") {
        return None;
    }
    raised(&name, file, Some("stricter"))
}

fn held_field_removed(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |_| true)?;
    file["fields"].as_array_mut()?.remove(index);
    raised(&name, file, Some("gone"))
}

fn held_choice_removed(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |field| is_type(field, "choice"))?;
    let choices = file["fields"][index]["choices"].as_array_mut()?;
    if choices.len() < 2 {
        return None;
    }
    choices.remove(dice.below(choices.len()));
    raised(&name, file, Some("stricter"))
}

fn version_not_raised(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let Changed { name, text, .. } = label_changed(dice, texts)?;
    let mut file: Value = serde_json::from_str(&text).unwrap();
    file["version"] = json!(1);
    Some(Changed { name, text: file.to_string(), code: Some("version") })
}

fn key_twice(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, file) = a_kind(dice, texts);
    let text = raised(&name, file, None)?.text;
    let text = text.replacen("\"multi_visit\"", "\"kind\": \"x\",\n  \"multi_visit\"", 1);
    Some(Changed { name, text, code: Some("form") })
}

fn member_unknown(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |_| true)?;
    file["fields"][index]["requiered_to_finish"] = json!(true);
    raised(&name, file, Some("value"))
}

fn text_shorter_than_held(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |field| is_type(field, "text"))?;
    let most = file["fields"][index]["chars_max"].as_u64()?;
    file["fields"][index]["chars_max"] = json!(most - 1);
    raised(&name, file, Some("stricter"))
}

fn held_point_removed(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file) = a_kind(dice, texts);
    let points = file["checklist"].as_array_mut()?;
    if points.is_empty() {
        return None;
    }
    points.remove(dice.below(points.len()));
    raised(&name, file, Some("gone"))
}

fn needed_measure_removed(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let mut file = json_of(texts, "measures");
    let (_, kind) = a_kind(dice, texts);
    let needed = kind["measures"].as_array()?.first()?.clone();
    file["measures"].as_array_mut()?.retain(|measure| measure["key"] != needed);
    raised("measures", file, Some("gone"))
}

fn possible_turned(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let mut file = json_of(texts, "measures");
    let index = dice.below(file["measures"].as_array()?.len());
    let possible = &mut file["measures"][index]["possible"];
    *possible = json!({"min": possible["max"], "max": possible["min"]});
    raised("measures", file, Some("above"))
}

fn limits_overlap(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let mut file = json_of(texts, "measures");
    let all = file["measures"].as_array_mut()?;
    let index = dice.below(all.len());
    let limit = json!({"from": "2020-01-01", "until": null, "min": null, "max": null, "source": "Prueba"});
    all[index]["limits"] = json!([limit, limit]);
    raised("measures", file, Some("overlap"))
}

fn needed_state_removed(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let mut file = json_of(texts, "steps");
    let to = file["steps"].as_array()?.get(dice.below(3))?["to"].clone();
    file["states"].as_array_mut()?.retain(|state| state["key"] != to);
    raised(
        "steps",
        file,
        Some(if to == "assigned" || to == "done" || to == "reported" { "missing" } else { "unknown" }),
    )
}

fn held_unit_changed(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |field| is_type(field, "decimal"))?;
    file["fields"][index]["unit"] = json!("furlong");
    raised(&name, file, Some("unit"))
}

fn step_to_nowhere(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file) = a_kind(dice, texts);
    let mut steps = json_of(texts, "steps")["steps"].clone();
    let index = dice.below(steps.as_array()?.len());
    steps[index]["from"].as_array_mut()?.push(json!("asleep"));
    file["steps"] = steps;
    raised(&name, file, Some("unknown"))
}

fn name_of_an_order(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |_| true)?;
    let word = *dice.one(&["due", "title", "priority", "status"]);
    file["fields"][index]["aliases"].as_array_mut()?.push(json!(word));
    raised(&name, file, Some("reserved"))
}

fn choice_twice(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |field| is_type(field, "choice"))?;
    let choices = file["fields"][index]["choices"].as_array_mut()?;
    let again = choices.first()?.clone();
    if choices.len() >= 20 {
        return None;
    }
    choices.push(again);
    raised(&name, file, Some("taken"))
}

fn finer_than_allowed(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let fits =
        |field: &Value| is_type(field, "decimal") && field["scale"].as_u64().is_some_and(|scale| scale > 0);
    let (name, mut file, index) = a_field(dice, texts, fits)?;
    // The records hold a value with as many digits as the field allows.
    file["fields"][index]["scale"] = json!(0);
    raised(&name, file, Some("stricter"))
}

fn day_that_is_none(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let mut file = json_of(texts, "measures");
    let all = file["measures"].as_array_mut()?;
    let index = dice.below(all.len());
    all[index]["limits"] =
        json!([{"from": "2025-02-30", "until": null, "min": null, "max": null, "source": "Prueba"}]);
    raised("measures", file, Some("day"))
}

// What is harmless.

fn label_changed(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |_| true)?;
    file["fields"][index]["labels"]["es"] = json!("Un nombre que nada tiene");
    raised(&name, file, None)
}

fn field_added(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file) = a_kind(dice, texts);
    file["fields"].as_array_mut()?.push(json!({
        "key": "remark", "labels": {"es": "Otra observación", "en": "Another remark"}, "aliases": ["obs_nueva"],
        "type": "text", "chars_max": 60, "who": ["crew"], "required_to_finish": false
    }));
    raised(&name, file, None)
}

fn alias_added(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file) = a_kind(dice, texts);
    if file["aliases"].as_array()?.len() >= 20 {
        return None;
    }
    file["aliases"].as_array_mut()?.push(json!("palabra_nueva"));
    raised(&name, file, None)
}

fn range_widened(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, is_number)?;
    file["fields"][index]["max"] = json!((bound(&file["fields"][index], "max") + 10).to_string());
    raised(&name, file, None)
}

fn choice_added(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file, index) = a_field(dice, texts, |field| is_type(field, "choice"))?;
    let choices = file["fields"][index]["choices"].as_array_mut()?;
    if choices.len() >= 20 {
        return None;
    }
    choices.push(json!({"value": "novelty", "labels": {"es": "Una novedad", "en": "A novelty"}}));
    raised(&name, file, None)
}

fn point_added(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file) = a_kind(dice, texts);
    if file["checklist"].as_array()?.len() >= 20 {
        return None;
    }
    let point = json!({"key": "new_point", "labels": {"es": "Punto nuevo", "en": "New point"}, "required_to_finish": false});
    file["checklist"].as_array_mut()?.push(point);
    raised(&name, file, None)
}

fn requirement_dropped(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (name, mut file) = a_kind(dice, texts);
    file["required_measures"] = json!([]);
    raised(&name, file, None)
}

fn stricter_but_held_fits(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    // No record holds a water level below 0 or readings above a tenth of what is possible: see `held`.
    let mut file = json_of(texts, "measures");
    let all = file["measures"].as_array_mut()?;
    let fits = |measure: &Value| {
        bound(&measure["possible"], "max") >= 100 && bound(&measure["possible"], "min") == 0
    };
    let found: Vec<usize> = (0..all.len()).filter(|index| fits(&all[*index])).collect();
    let index = *found.get(dice.below(found.len().max(1)))?;
    let most = bound(&all[index]["possible"], "max");
    all[index]["possible"]["max"] = json!((most - 1).to_string());
    raised("measures", file, None)
}

fn kind_added(dice: &mut Dice, texts: &RuleTexts) -> Option<Changed> {
    let (_, mut file) = a_kind(dice, texts);
    file["kind"] = json!("novel_work");
    file["labels"] = json!({"es": "Un trabajo nuevo", "en": "A new work"});
    file["aliases"] = json!([]);
    raised("work/novel_work", file, None)
}

/// Records that hold, of every field, the ends of its range, all choices, the longest text; every point; every state; and
/// of every measure a small reading.
fn held(texts: &RuleTexts) -> Usage {
    let mut rules = Rules::default();
    texts.iter().for_each(|(name, text)| rules.add(name, text).unwrap());
    let mut usage = Usage::default();
    for (key, kind) in &rules.kinds {
        let used = usage.kinds.entry(key.clone()).or_default();
        for field in &kind.fields {
            let sample = used.fields.entry(field.key.clone()).or_default();
            let text = |text: &str| Scalar::Str(text.into());
            let finest = |text: &str| match field.scale {
                Some(scale) if scale > 0 && !text.contains('.') => {
                    format!("{text}.{}", "0".repeat(usize::from(scale)))
                }
                _ => text.to_owned(),
            };
            for bound in [&field.min, &field.max].into_iter().flatten() {
                match bound.parse::<i64>() {
                    Ok(whole) if field.unit.is_none() => sample.add(&Scalar::Int(whole)),
                    _ => sample.add(&text(&finest(bound))),
                }
            }
            field.choices.iter().for_each(|choice| sample.add(&text(&choice.value)));
            match field.field_type {
                sync_core::rules::kind::FieldType::Text => {
                    sample.add(&text(&"x".repeat(field.chars_max.unwrap_or(1))));
                }
                sync_core::rules::kind::FieldType::Boolean => sample.add(&Scalar::Bool(true)),
                sync_core::rules::kind::FieldType::Date => sample.add(&text("2026-11-28")),
                _ => {}
            }
            sample.values().iter().for_each(|value| field.check(value).unwrap());
        }
        used.checklist = kind.checklist.iter().map(|point| (point.key.clone(), 1)).collect();
    }
    usage.states = rules.steps.states.iter().map(|state| (state.key.clone(), 1)).collect();
    for (key, measure) in &rules.measures {
        let least = measure.possible.min.clone().unwrap_or_default();
        usage.measures.entry(key.clone()).or_default().add(&Scalar::Str(least));
    }
    usage
}

#[test]
fn of_a_hundred_changed_files_none_that_is_wrong_is_published_and_all_that_are_harmless_are() {
    let in_force = load(None).texts;
    let usage = held(&in_force);
    let mut dice = Dice(11);
    let (mut tried, mut harmless, mut codes) = (0, 0, BTreeSet::new());
    while tried < FILES {
        let number = if tried < CHANGES.len() { tried } else { dice.below(CHANGES.len()) };
        let Some(Changed { name, text, code }) = CHANGES[number](&mut dice, &in_force) else { continue };
        let mut loaded = Loaded { texts: in_force.clone(), ..Loaded::default() };
        let file = format!("/var/lib/cuadrilla/schemas/{name}.json");
        parse(&mut loaded, &name, &file, &text);
        let chosen = choose(&in_force, &loaded.texts, &usage);
        let refused = refused(&loaded, &chosen);
        tried += 1;
        let is_published = chosen.files.contains_key(&name);
        assert_eq!(is_published, code.is_none(), "file {tried}, {name}: {refused:?}");
        let Some(code) = code else {
            assert_eq!(refused, [], "file {tried}");
            harmless += 1;
            continue;
        };
        codes.insert(code);
        let found = refused.iter().find(|one| one.code == code);
        let one = found.unwrap_or_else(|| panic!("file {tried}, {name}: expected {code}, got {refused:?}"));
        let said = one.line(Lang::En);
        assert!(one.spot.line > 0 && one.spot.column > 0 && said.contains(&file), "{said}");
        assert!(
            !one.todo.of(Lang::Es).is_empty() && one.todo.of(Lang::Es) != one.todo.of(Lang::En),
            "{said}"
        );
    }
    println!("{tried} files: {harmless} harmless and published, {} refused as {codes:?}", tried - harmless);
    assert!(harmless >= 20 && codes.len() >= 13, "{harmless} {codes:?}");
}

#[test]
fn a_refusal_names_the_place() {
    let in_force = load(None).texts;
    let text = in_force["work/chlorination"]
        .replace("\"max\": \"500\"", "\"max\": \"-1\"")
        .replace("\"version\": 1", "\"version\": 2");
    let mut loaded = Loaded { texts: in_force.clone(), ..Loaded::default() };
    parse(&mut loaded, "work/chlorination", "chlorination.json", &text);
    let chosen = choose(&in_force, &loaded.texts, &Usage::default());
    let [one] = &refused(&loaded, &chosen)[..] else { panic!("{chosen:?}") };
    let line = text.lines().position(|line| line.contains("\"-1\"")).unwrap();
    assert_eq!((one.code, one.spot.line), ("above", line), "it is the line of `min`, the one before");
    assert_eq!(chosen.files, RuleTexts::new());
}

/// What is said of a file of one kind over records that hold some values of some fields: code and line of each refusal.
fn said_of(file: &Value, in_force: &RuleTexts, holds: &[(&str, Scalar)]) -> Vec<(&'static str, String)> {
    let mut usage = Usage::default();
    let used = usage.kinds.entry("chlorination".to_owned()).or_default();
    for (key, value) in holds {
        used.fields.entry((*key).to_owned()).or_default().add(value);
    }
    let mut loaded = Loaded { texts: in_force.clone(), ..Loaded::default() };
    parse(&mut loaded, "work/chlorination", "chlorination.json", &file.to_string());
    let chosen = choose(in_force, &loaded.texts, &usage);
    refused(&loaded, &chosen).iter().map(|one| (one.code, one.problem.of(Lang::Es))).collect()
}

fn field_of<'f>(file: &'f mut Value, key: &str) -> &'f mut Value {
    let fields = file["fields"].as_array_mut().unwrap();
    fields.iter_mut().find(|field| field["key"] == key).unwrap()
}

/// The rules in force, with version 2 of a kind: its dose goes up to 50.
fn dose_up_to_50() -> (RuleTexts, Value) {
    let mut in_force = load(None).texts;
    let mut file = json_of(&in_force, "work/chlorination");
    file["version"] = json!(2);
    field_of(&mut file, "dose")["max"] = json!("50");
    in_force.insert("work/chlorination".into(), file.to_string());
    file["version"] = json!(3);
    (in_force, file)
}

#[test]
fn a_value_that_the_rule_in_force_would_refuse_too_holds_up_no_further_version() {
    let (in_force, mut file) = dose_up_to_50();
    let text = |text: &str| Scalar::Str(text.into());
    let holds = [("dose", text("100")), ("gone_since", text("x"))];
    file["labels"]["es"] = json!("Cloración del agua");
    assert_eq!(said_of(&file, &in_force, &holds), [], "only a label changes");
    field_of(&mut file, "dose")["max"] = json!("60");
    assert_eq!(said_of(&file, &in_force, &holds), [], "a limit becomes wider, though not wide enough");
    field_of(&mut file, "dose")["max"] = json!("40");
    assert_eq!(said_of(&file, &in_force, &holds), [], "nothing changes for the only value");
    let many = (0..100).map(|number| ("dose", text(&format!("{number}.5")))).collect::<Vec<_>>();
    assert_eq!(said_of(&file, &in_force, &many)[0].0, "stricter", "one between the two limits may be there");
}

#[test]
fn a_stricter_limit_is_named_by_the_limit_that_it_is() {
    let (in_force, file) = dose_up_to_50();
    let text = |text: &str| Scalar::Str(text.into());
    for (limit, value, held) in
        [("max", json!("40"), "45"), ("min", json!("2"), "1"), ("scale", json!(0), "1.5")]
    {
        let mut file = file.clone();
        field_of(&mut file, "dose")[limit] = value;
        let said = said_of(&file, &in_force, &[("dose", text(held)), ("dose", text("100"))]);
        assert_eq!(said.len(), 1, "{limit}: {said:?}");
        assert!(said[0].1.contains(&format!("].{limit} «dose»")) && said[0].1.contains(held), "{said:?}");
    }
}

#[test]
fn a_field_of_another_type_lacks_what_that_type_needs_and_its_change_is_named() {
    let in_force = load(None).texts;
    let mut file = json_of(&in_force, "work/chlorination");
    file["version"] = json!(2);
    let fields = file["fields"].as_array().unwrap();
    let index = fields.iter().position(|field| field["type"] == "text").unwrap();
    file["fields"][index]["type"] = json!("integer");
    let key = file["fields"][index]["key"].as_str().unwrap().to_owned();
    let said = said_of(&file, &in_force, &[]);
    let place = format!("fields[{index}]");
    assert_eq!(said[0], ("value", format!("{place} falta min")));
    assert_eq!(said[1].0, "type");
    assert!(said[1].1.contains(&format!("{place}.type «{key}»")), "{said:?}");
    let field = file["fields"][index].as_object_mut().unwrap();
    field.insert("min".into(), json!("0"));
    field.insert("max".into(), json!("9"));
    assert_eq!(said_of(&file, &in_force, &[])[0].1, format!("{place}.chars_max no va junto con lo demás"));
}
