//! Check: whether a rule file makes sense by itself: its schema, and what no schema can say.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::finding::{Finding, Findings, RuleProblem, at};
use super::kind::{Field, WorkKind};
use super::measure::{Limit, Measure, MeasuresFile};
use super::steps::{Step, Steps};
use super::{Labels, fold_word};
use crate::decimal::Decimal;
use crate::json_schema::{Part, Schema, Wrong, is_day};

/// What the code calls states: a new order begins in one of the first two, the last is the end of the work.
const STATES_INITIAL: [&str; 2] = ["reported", "assigned"];
const STATE_DONE: &str = "done";
/// What `order set` calls registers of an order.
const REGISTERS: [&str; 9] =
    ["title", "description", "locality", "asset", "due", "priority", "crew", "status", "kind"];

macro_rules! schema {
    ($file:literal) => {
        LazyLock::new(|| {
            let json = serde_json::from_str(include_str!(concat!("../../../schemas/", $file)));
            Schema::compile(&json.expect("a schema is JSON"), &[]).expect("a built-in schema compiles")
        })
    };
}

static KIND: LazyLock<Schema> = schema!("work-kind.schema.json");
static STEPS: LazyLock<Schema> = schema!("steps.schema.json");
static MEASURES: LazyLock<Schema> = schema!("measures.schema.json");

/// Returns all that is wrong with a rule file by itself. If its schema does not allow it, that is all that is said.
pub fn check_file(name: &str, json: &Value) -> Vec<Finding> {
    let mut all = Vec::new();
    let mut findings = Findings { name, all: &mut all };
    let schema = match name {
        "steps" => &STEPS,
        "measures" => &MEASURES,
        _ => &KIND,
    };
    let read = schema.check(json).map_err(|violation| (violation.path, violation.wrong)).and_then(|()| {
        let other = |error: serde_json::Error| {
            (Vec::new(), Wrong::Type { found: "file", expected: vec![error.to_string()] })
        };
        match name {
            "steps" => serde_json::from_value(json.clone())
                .map(|file| check_steps(&mut findings, &file))
                .map_err(other),
            "measures" => serde_json::from_value(json.clone())
                .map(|file| check_measures(&mut findings, &file))
                .map_err(other),
            _ => serde_json::from_value(json.clone())
                .map(|file| check_kind(&mut findings, &file))
                .map_err(other),
        }
    });
    if let Err((mut path, wrong)) = read {
        // Where a member is not known, the member is the place.
        if let Wrong::Unknown { key, .. } | Wrong::Key { key, .. } = &wrong {
            path.push(Part::Key(key.clone()));
        }
        all.push(Finding { name: name.into(), path, problem: RuleProblem::Value(wrong) });
    }
    all
}

/// The words that things of one list are called by.
#[derive(Default)]
pub(super) struct Words(BTreeMap<String, String>);

impl Words {
    /// Takes a word for `owner`; tells of a word that another one has.
    pub(super) fn take(&mut self, findings: &mut Findings<'_>, path: Vec<Part>, word: &str, owner: &str) {
        let holder = self.0.entry(fold_word(word)).or_insert_with(|| owner.into());
        if holder != owner {
            findings.add(path, RuleProblem::Taken { word: word.into(), other: holder.clone() });
        }
    }
}

fn check_kind(findings: &mut Findings<'_>, kind: &WorkKind) {
    let file = findings.name.trim_start_matches("work/").to_string();
    if kind.kind != file {
        findings.add(at!["kind"], RuleProblem::OtherName { file, kind: kind.kind.clone() });
    }
    check_fields(findings, kind);
    for (index, key) in kind.required_measures.iter().enumerate() {
        if !kind.measures.contains(key) {
            let problem = RuleProblem::Unknown { what: "measure of this kind", key: key.clone() };
            findings.add(at!["required_measures", index], problem);
        }
    }
    let mut words = Words::default();
    let mut keys =
        unique_keys("field", kind.fields.iter().map(|field| field.key.as_str()), "fields", findings);
    for (index, point) in kind.checklist.iter().enumerate() {
        if let Some(other) = keys.insert(point.key.clone(), format!("checklist {}", point.key)) {
            let problem = RuleProblem::Taken { word: point.key.clone(), other };
            findings.add(at!["checklist", index, "key"], problem);
        }
        words.take(findings, at!["checklist", index, "key"], &point.key, &point.key);
        words.take(findings, at!["checklist", index, "labels", "es"], &point.labels.es, &point.key);
    }
    if let Some(steps) = &kind.steps {
        check_step_list(findings, steps, None);
    }
}

/// Tells of keys that stand twice in a list. Returns the keys.
fn unique_keys<'k>(
    what: &str,
    keys: impl Iterator<Item = &'k str>,
    list: &str,
    findings: &mut Findings<'_>,
) -> BTreeMap<String, String> {
    let mut seen = BTreeMap::new();
    for (index, key) in keys.enumerate() {
        if let Some(other) = seen.insert(key.to_string(), format!("{what} {key}")) {
            findings.add(at![list, index, "key"], RuleProblem::Taken { word: key.into(), other });
        }
    }
    seen
}

fn check_fields(findings: &mut Findings<'_>, kind: &WorkKind) {
    let mut words = Words::default();
    // Keys first: a key is what it is called, and an alias that is another one's key is what is wrong.
    for (index, field) in kind.fields.iter().enumerate() {
        words.take(findings, at!["fields", index, "key"], &field.key, &field.key);
    }
    for (index, field) in kind.fields.iter().enumerate() {
        let at = |rest: Vec<Part>| [at!["fields", index], rest].concat();
        let aliases = field.aliases.iter().enumerate().map(|(number, word)| (at!["aliases", number], word));
        let named = std::iter::once((at!["key"], &field.key)).chain(aliases);
        for (place, word) in named {
            if REGISTERS.contains(&fold_word(word).as_str()) {
                findings.add(at(place.clone()), RuleProblem::Reserved { word: word.clone() });
            }
            words.take(findings, at(place), word, &field.key);
        }
        words.take(findings, at(at!["labels", "es"]), &field.labels.es, &field.key);
        check_bounds(findings, at(at!["min"]), field.min.as_deref(), field.max.as_deref());
        check_choices(findings, index, field);
    }
}

fn check_choices(findings: &mut Findings<'_>, index: usize, field: &Field) {
    let mut words = Words::default();
    let mut values = BTreeMap::new();
    for (number, choice) in field.choices.iter().enumerate() {
        let at = |rest: Vec<Part>| [at!["fields", index, "choices", number], rest].concat();
        if values.insert(choice.value.clone(), number).is_some() {
            let problem = RuleProblem::Taken { word: choice.value.clone(), other: choice.value.clone() };
            findings.add(at(at!["value"]), problem);
        }
        words.take(findings, at(at!["value"]), &choice.value, &choice.value);
        let Labels { es, en } = &choice.labels;
        words.take(findings, at(at!["labels", "es"]), es, &choice.value);
        words.take(findings, at(at!["labels", "en"]), en, &choice.value);
    }
}

/// Tells of a smallest value above the largest.
fn check_bounds(findings: &mut Findings<'_>, path: Vec<Part>, min: Option<&str>, max: Option<&str>) {
    let (Some(min), Some(max)) = (min, max) else { return };
    let (Ok(least), Ok(most)) = (min.parse::<Decimal>(), max.parse::<Decimal>()) else { return };
    if least.compare(most).is_gt() {
        findings.add(path, RuleProblem::Above { min: min.into(), max: max.into() });
    }
}

fn check_measures(findings: &mut Findings<'_>, file: &MeasuresFile) {
    unique_keys("measure", file.measures.iter().map(|measure| measure.key.as_str()), "measures", findings);
    let mut words = Words::default();
    for (index, measure) in file.measures.iter().enumerate() {
        words.take(findings, at!["measures", index, "key"], &measure.key, &measure.key);
    }
    for (index, measure) in file.measures.iter().enumerate() {
        let at = |rest: Vec<Part>| [at!["measures", index], rest].concat();
        for (number, word) in measure.aliases.iter().enumerate() {
            words.take(findings, at(at!["aliases", number]), word, &measure.key);
        }
        words.take(findings, at(at!["labels", "es"]), &measure.labels.es, &measure.key);
        words.take(findings, at(at!["labels", "en"]), &measure.labels.en, &measure.key);
        let bounds = &measure.possible;
        check_bounds(findings, at(at!["possible", "min"]), bounds.min.as_deref(), bounds.max.as_deref());
        check_limits(findings, index, measure);
    }
}

fn check_limits(findings: &mut Findings<'_>, index: usize, measure: &Measure) {
    for (number, limit) in measure.limits.iter().enumerate() {
        let at = |key: &str| at!["measures", index, "limits", number, key];
        check_bounds(findings, at("min"), limit.min.as_deref(), limit.max.as_deref());
        for (key, day) in [("from", &limit.from), ("until", &limit.until)] {
            if let Some(day) = day.as_ref().filter(|day| !is_day(day)) {
                findings.add(at(key), RuleProblem::Day(day.clone()));
            }
        }
        if let (Some(from), Some(until)) = (&limit.from, &limit.until)
            && from >= until
        {
            findings.add(at("from"), RuleProblem::Above { min: from.clone(), max: until.clone() });
        }
        if measure.limits[..number].iter().any(|other| overlap(other, limit)) {
            findings.add(at("from"), RuleProblem::Overlap);
        }
    }
}

fn overlap(one: &Limit, other: &Limit) -> bool {
    let begins_before_end = |begin: &Limit, end: &Limit| match (&begin.from, &end.until) {
        (Some(from), Some(until)) => from < until,
        _ => true,
    };
    begins_before_end(one, other) && begins_before_end(other, one)
}

fn check_steps(findings: &mut Findings<'_>, file: &Steps) {
    let states = unique_keys("state", file.states.iter().map(|state| state.key.as_str()), "states", findings);
    let mut words = Words::default();
    for (index, state) in file.states.iter().enumerate() {
        let Labels { es, en } = &state.labels;
        words.take(findings, at!["states", index, "labels", "es"], es, &state.key);
        words.take(findings, at!["states", index, "labels", "en"], en, &state.key);
    }
    for key in STATES_INITIAL.iter().filter(|key| !file.initial.iter().any(|state| state == *key)) {
        findings.add(at!["initial"], RuleProblem::Missing { what: "state", key: (*key).into() });
    }
    for key in STATES_INITIAL.iter().chain([&STATE_DONE]).filter(|key| !states.contains_key(**key)) {
        findings.add(at!["states"], RuleProblem::Missing { what: "state", key: (*key).into() });
    }
    for (index, key) in file.initial.iter().enumerate().filter(|(_, key)| !states.contains_key(*key)) {
        findings.add(at!["initial", index], RuleProblem::Unknown { what: "state", key: key.clone() });
    }
    check_step_list(findings, &file.steps, Some(file));
}

/// Checks a list of steps: no step begins twice in one state, and the states are known, if `file` says which are.
pub(super) fn check_step_list(findings: &mut Findings<'_>, steps: &[Step], file: Option<&Steps>) {
    let mut begins = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        for (number, from) in step.from.iter().enumerate() {
            if begins.insert((step.step.clone(), from.clone()), index).is_some_and(|other| other != index) {
                let problem =
                    RuleProblem::Taken { word: step.step.clone(), other: format!("{} ({from})", step.step) };
                findings.add(at!["steps", index, "from", number], problem);
            }
        }
    }
    if let Some(file) = file {
        check_states(findings, steps, file);
    }
}

/// Tells of states in steps that `file` does not have.
pub(super) fn check_states(findings: &mut Findings<'_>, steps: &[Step], file: &Steps) {
    let is_known = |key: &String| file.states.iter().any(|state| state.key == *key);
    for (index, step) in steps.iter().enumerate() {
        let from =
            step.from.iter().enumerate().map(|(number, key)| (at!["steps", index, "from", number], key));
        for (place, key) in from.chain([(at!["steps", index, "to"], &step.to)]) {
            if !is_known(key) {
                findings.add(place, RuleProblem::Unknown { what: "state", key: key.clone() });
            }
        }
    }
    if !steps.iter().any(|step| step.to == STATE_DONE) {
        findings
            .add(at!["steps"], RuleProblem::Missing { what: "step to the state", key: STATE_DONE.into() });
    }
}
