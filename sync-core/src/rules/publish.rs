//! Publish: which of some rule files may come into force, beside those that are in force and over the records
//! that there are. A file that may not leaves what is in force in force.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::check::{Words, check_file, check_states};
use super::finding::{Finding, Findings, RuleProblem, at};
use super::kind::{Field, WorkKind};
use super::limits::{Limits, stricter};
use super::measure::Measure;
use super::usage::{KindUsage, Sample, Usage};
use super::{Rules, fold_word};
use crate::json_schema::Part;
use crate::record::change::Scalar;

/// The texts of rule files, by name.
pub type RuleTexts = BTreeMap<String, String>;

/// What became of some rule files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Those that come into force, by name.
    pub files: RuleTexts,
    /// Why each of the others does not.
    pub findings: Vec<Finding>,
}

/// Returns the names of the files that say something else than what is in force. A file that is only laid out
/// otherwise says the same.
pub fn changed<'f>(in_force: &RuleTexts, files: &'f RuleTexts) -> BTreeSet<&'f str> {
    let json = |text: &String| serde_json::from_str::<Value>(text).ok();
    let differs = |(name, text): &(&String, &String)| match in_force.get(*name) {
        Some(held) => held != *text && (json(held).is_none() || json(held) != json(text)),
        None => true,
    };
    files.iter().filter(differs).map(|(name, _)| name.as_str()).collect()
}

/// Chooses the files that may come into force.
pub fn choose(in_force: &RuleTexts, files: &RuleTexts, usage: &Usage) -> Chosen {
    let mut chosen = Chosen::default();
    let held = read(in_force);
    let names = changed(in_force, files);
    for name in names {
        let text = &files[name];
        let mut findings = match serde_json::from_str::<Value>(text) {
            Ok(json) => check_file(name, &json),
            Err(error) => {
                let expected = vec![error.to_string()];
                let wrong = crate::json_schema::Wrong::Type { found: "text", expected };
                vec![Finding { name: name.into(), path: Vec::new(), problem: RuleProblem::Value(wrong) }]
            }
        };
        if findings.is_empty() {
            compare(&held, name, text, usage, &mut findings);
        } else if let Some(kind) = held.kinds.get(name.trim_start_matches("work/")) {
            compare_types(&mut Findings { name, all: &mut findings }, kind, text);
        }
        if findings.is_empty() {
            chosen.files.insert(name.into(), text.clone());
        }
        chosen.findings.append(&mut findings);
    }
    settle(in_force, &mut chosen);
    chosen
}

/// Takes files out until the rest agrees with each other and with what stays in force.
fn settle(in_force: &RuleTexts, chosen: &mut Chosen) {
    loop {
        let mut texts = in_force.clone();
        texts.extend(chosen.files.clone());
        let mut findings = Vec::new();
        check_together(&read(&texts), &chosen.files, &mut findings);
        let Some(last) = findings.iter().map(|finding| finding.name.clone()).max() else { return };
        // One at a time: what another one lacked may be there without it.
        findings.retain(|finding| finding.name == last);
        chosen.files.remove(&last);
        chosen.findings.append(&mut findings);
    }
}

/// Reads texts that are good by themselves.
fn read(texts: &RuleTexts) -> Rules {
    let mut rules = Rules::default();
    for (name, text) in texts {
        // What does not read is not in force.
        let _ = rules.add(name, text);
    }
    rules
}

/// Tells what does not go together, of the files that are new; what is in force is as it is.
fn check_together(rules: &Rules, new: &RuleTexts, all: &mut Vec<Finding>) {
    let mut words = Words::default();
    let is_new = |kind: &&WorkKind| new.contains_key(&format!("work/{}", kind.kind));
    let (fresh, standing): (Vec<&WorkKind>, Vec<&WorkKind>) = rules.kinds.values().partition(is_new);
    let mut ignored = Vec::new();
    for kind in standing {
        take_words(&mut words, &mut Findings { name: &kind.kind, all: &mut ignored }, kind);
        // A measure or a state that a kind in force needs is not taken away.
        for (name, mut finding) in needs(rules, kind) {
            if new.contains_key(name) {
                finding.name = name.into();
                finding.path = Vec::new();
                all.push(finding);
            }
        }
    }
    for kind in fresh {
        let name = format!("work/{}", kind.kind);
        take_words(&mut words, &mut Findings { name: &name, all }, kind);
        all.extend(needs(rules, kind).into_iter().map(|(_, finding)| finding));
    }
}

fn take_words(words: &mut Words, findings: &mut Findings<'_>, kind: &WorkKind) {
    let aliases = kind.aliases.iter().enumerate().map(|(index, word)| (at!["aliases", index], word));
    let labels = [(at!["labels", "es"], &kind.labels.es), (at!["labels", "en"], &kind.labels.en)];
    for (place, word) in std::iter::once((at!["kind"], &kind.kind)).chain(aliases).chain(labels) {
        words.take(findings, place, word, &kind.kind);
    }
}

/// Returns what a kind needs of the other files and does not find there, with the name of the file.
fn needs(rules: &Rules, kind: &WorkKind) -> Vec<(&'static str, Finding)> {
    let name = format!("work/{}", kind.kind);
    let mut found = Vec::new();
    let lists = [("measures", &kind.measures), ("required_measures", &kind.required_measures)];
    for (list, keys) in lists {
        for (index, key) in keys.iter().enumerate().filter(|(_, key)| !rules.measures.contains_key(*key)) {
            let problem = RuleProblem::Unknown { what: "measure", key: key.clone() };
            found.push(("measures", Finding { name: name.clone(), path: at![list, index], problem }));
        }
    }
    if let Some(steps) = &kind.steps {
        let mut all = Vec::new();
        check_states(&mut Findings { name: &name, all: &mut all }, steps, &rules.steps);
        found.extend(all.into_iter().map(|finding| ("steps", finding)));
    }
    found
}

/// Tells what a file changes that is not possible: over what is in force, and over what records hold.
fn compare(held: &Rules, name: &str, text: &str, usage: &Usage, all: &mut Vec<Finding>) {
    let mut new = Rules::default();
    if new.add(name, text).is_err() {
        return;
    }
    let mut findings = Findings { name, all };
    match name {
        "steps" => {
            check_version(
                &mut findings,
                held.steps.version,
                new.steps.version,
                !held.steps.states.is_empty(),
            );
            let has = |rules: &Rules, key: &str| rules.steps.states.iter().any(|state| state.key == key);
            for (key, count) in &usage.states {
                if has(held, key) && !has(&new, key) {
                    findings.add(at!["states"], RuleProblem::Gone { key: key.clone(), count: *count });
                }
            }
        }
        "measures" => {
            check_version(
                &mut findings,
                held.measures_file.0,
                new.measures_file.0,
                !held.measures.is_empty(),
            );
            for (key, sample) in &usage.measures {
                compare_measure(&mut findings, held.measures.get(key), &new, key, sample);
            }
        }
        _ => {
            let key = name.trim_start_matches("work/");
            let (Some(old), Some(new)) = (held.kinds.get(key), new.kinds.get(key)) else { return };
            check_version(&mut findings, old.version, new.version, true);
            let used = usage.kinds.get(key).cloned().unwrap_or_default();
            compare_kind(&mut findings, old, new, &used);
        }
    }
}

/// Tells of fields with another type than in force, in a file that is wrong otherwise: what else is wrong often
/// follows from that.
fn compare_types(findings: &mut Findings<'_>, old: &WorkKind, text: &str) {
    let json: Value = serde_json::from_str(text).unwrap_or_default();
    let type_of = |field: &Field| serde_json::to_value(field.field_type).unwrap_or_default();
    for (index, field) in json["fields"].as_array().into_iter().flatten().enumerate() {
        let before = old.fields.iter().find(|before| field["key"] == before.key.as_str());
        if let Some(before) =
            before.filter(|before| field["type"].is_string() && field["type"] != type_of(before))
        {
            findings.add(at!["fields", index, "type"], RuleProblem::Type { key: before.key.clone() });
        }
    }
}

fn check_version(findings: &mut Findings<'_>, in_force: u32, found: u32, is_in_force: bool) {
    if is_in_force && found <= in_force {
        findings.add(at!["version"], RuleProblem::Version { found, in_force });
    }
}

fn compare_kind(findings: &mut Findings<'_>, old: &WorkKind, new: &WorkKind, used: &KindUsage) {
    let place = |key: &str| new.fields.iter().position(|field| field.key == key);
    for before in &old.fields {
        if let Some(index) = place(&before.key)
            && new.fields[index].field_type != before.field_type
        {
            findings.add(at!["fields", index, "type"], RuleProblem::Type { key: before.key.clone() });
        }
    }
    for (key, sample) in &used.fields {
        let before = old.fields.iter().find(|field| field.key == *key);
        let Some(index) = place(key) else {
            if before.is_some() {
                findings.add(at!["fields"], RuleProblem::Gone { key: key.clone(), count: sample.count });
            }
            continue;
        };
        let field = &new.fields[index];
        match before {
            Some(before) if before.field_type != field.field_type => {}
            Some(before) => {
                if before.unit != field.unit {
                    let problem = RuleProblem::Unit { key: key.clone(), count: sample.count };
                    findings.add(at!["fields", index, "unit"], problem);
                }
                let (before, after) = (Limits::of_field(before), Limits::of_field(field));
                for (limit, value) in stricter(&before, &after, sample) {
                    let problem = RuleProblem::Stricter { key: key.clone(), value: shown(&value) };
                    findings.add(at!["fields", index, limit], problem);
                }
            }
            // Records hold a field that the kind in force does not have: all of the new one is stricter.
            None => {
                if let Some(value) = sample.values().iter().find(|value| field.check(value).is_err()) {
                    let problem = RuleProblem::Stricter { key: key.clone(), value: shown(value) };
                    findings.add(at!["fields", index, "key"], problem);
                }
            }
        }
    }
    let has = |kind: &WorkKind, key: &str| kind.checklist.iter().any(|point| point.key == key);
    for (key, count) in used.checklist.iter().filter(|(key, _)| has(old, key) && !has(new, key)) {
        findings.add(at!["checklist"], RuleProblem::Gone { key: key.clone(), count: *count });
    }
}

fn compare_measure(
    findings: &mut Findings<'_>,
    before: Option<&Measure>,
    new: &Rules,
    key: &str,
    sample: &Sample,
) {
    let Some(measure) = new.measures.get(key) else {
        if before.is_some() {
            findings.add(at!["measures"], RuleProblem::Gone { key: key.into(), count: sample.count });
        }
        return;
    };
    let at = |rest: Vec<Part>| -> Vec<Part> {
        let index = new.measures_file.1.iter().position(|one| one == key).unwrap_or_default();
        [at!["measures", index], rest].concat()
    };
    if let Some(before) = before
        && fold_word(&before.unit) != fold_word(&measure.unit)
    {
        findings.add(at(at!["unit"]), RuleProblem::Unit { key: key.into(), count: sample.count });
    }
    let before = before.map(Limits::of_measure).unwrap_or_default();
    for (limit, value) in stricter(&before, &Limits::of_measure(measure), sample) {
        let place = if limit == "scale" { at!["scale"] } else { at!["possible", limit] };
        findings.add(at(place), RuleProblem::Stricter { key: key.into(), value: shown(&value) });
    }
}

fn shown(value: &Scalar) -> String {
    match value {
        Scalar::Null => String::new(),
        Scalar::Bool(flag) => flag.to_string(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Str(text) => text.clone(),
    }
}
