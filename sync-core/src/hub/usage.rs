//! Usage: what the records of a ledger hold, for rule files that are about to change.

use std::collections::BTreeSet;

use crate::id::{DeviceId, RecordId};
use crate::log::line::Lines;
use crate::record::change::Scalar;
use crate::record::document::ElementValue;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::{Rows, RowsError, all_under};
use crate::rules::publish::RuleTexts;
use crate::rules::usage::Usage;
use crate::state::document::load_document;
use crate::state::keyspace;

/// Returns the texts of the rule files in force, by name.
///
/// # Errors
/// If the index does not read.
pub fn rule_texts(rows: &dyn Rows) -> Result<RuleTexts, RowsError> {
    let mut texts = RuleTexts::new();
    rows.scan(keyspace::RULES, keyspace::RULES, &mut |key, json| {
        let name = String::from_utf8_lossy(&key[keyspace::RULES.len()..]).into_owned();
        texts.insert(name, String::from_utf8_lossy(json).into_owned());
        true
    })?;
    Ok(texts)
}

/// Returns what orders hold of the rule files with these names. Readings stand in documents: those of the orders that
/// have some are rebuilt, if the measures change.
///
/// # Errors
/// If a row or a line does not read.
pub fn usage_of(rows: &dyn Rows, lines: &dyn Lines, names: &BTreeSet<&str>) -> Result<Usage, RowsError> {
    let mut usage = Usage::default();
    for (tail, row) in all_under::<RecordRow>(rows, keyspace::RECORDS)? {
        if row.kind != RecordKind::Order {
            continue;
        }
        if names.contains("steps") {
            for state in row.values("status").filter_map(text) {
                *usage.states.entry(state.into()).or_default() += 1;
            }
        }
        for kind in
            row.values("kind").filter_map(text).filter(|kind| names.contains(format!("work/{kind}").as_str()))
        {
            add_kind(&mut usage, kind, &row);
        }
        if names.contains("measures") && !row.measured.is_empty() {
            let record = RecordId::from_slice(&tail)
                .ok_or_else(|| RowsError("a record has a malformed key".into()))?;
            add_readings(&mut usage, rows, lines, &record)?;
        }
    }
    Ok(usage)
}

fn add_kind(usage: &mut Usage, kind: &str, row: &RecordRow) {
    let used = usage.kinds.entry(kind.into()).or_default();
    for (name, held) in &row.registers {
        match name.split_once('.') {
            Some(("fields", key)) => {
                let sample = used.fields.entry(key.into()).or_default();
                held.iter().for_each(|held| sample.add(&held.value));
            }
            Some(("checklist", key)) => *used.checklist.entry(key.into()).or_default() += 1,
            _ => {}
        }
    }
    used.fields.retain(|_, sample| sample.count > 0);
}

fn add_readings(
    usage: &mut Usage,
    rows: &dyn Rows,
    lines: &dyn Lines,
    record: &RecordId,
) -> Result<(), RowsError> {
    let document = load_document(rows, lines, record, DeviceId::ZERO)?;
    for element in document.list("measurements")? {
        let ElementValue::Map(members) = element.value else { continue };
        let member = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        if let (Some(Scalar::Str(what)), Some(value)) = (member("what"), member("value")) {
            usage.measures.entry(what.clone()).or_default().add(value);
        }
    }
    Ok(())
}

fn text(value: &Scalar) -> Option<&str> {
    match value {
        Scalar::Str(text) => Some(text),
        _ => None,
    }
}
