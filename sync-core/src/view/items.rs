//! Items: the elements of an order's lists as people read them: what counts of each, what was written first, and which
//! count no more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::audit::erasure_words;
use super::steps::Authors;
use super::words::scalar_json;
use crate::record::change::{OpId, Scalar};
use crate::record::correction::{Correction, register};
use crate::record::document::{Document, ElementValue, ListElement};
use crate::record::row::RecordRow;
use crate::rows::RowsError;
use crate::state::evidence::{erased, is_stored};
use crate::time::rfc3339;

/// Characters of a device's id that tell two numbers apart, at the least.
const DEVICE_CHARS: usize = 4;

/// What an order's lists are read from.
pub struct Lists<'l> {
    /// Its document.
    pub document: &'l Document,
    /// Its summary.
    pub row: &'l RecordRow,
    /// Who wrote what.
    pub authors: &'l Authors<'l>,
    /// What people call its elements.
    pub names: BTreeMap<OpId, String>,
}

impl Lists<'_> {
    /// Returns what counts in a list, in document order. An element that was voided goes to `voided`.
    ///
    /// # Errors
    /// An element of no known author.
    pub fn items(&self, list: &str, voided: &mut Vec<Value>) -> Result<Vec<Value>, RowsError> {
        let mut items = Vec::new();
        for element in self.document.list(list)? {
            let mut item = written(&element);
            if list == "measurements" && !item.contains_key("flag") {
                item.insert("flag".into(), Value::Null);
            }
            let by = self.authors.by(&element.op)?;
            item.insert("id".into(), json!(element.op.to_string()));
            item.insert("number".into(), json!(self.names.get(&element.op)));
            item.insert("person".into(), json!(by.person));
            item.insert("device".into(), json!(by.device));
            item.insert("claimed_at".into(), json!(by.claimed_at));
            if list == "photos" {
                self.tell_whereabouts(&mut item)?;
            }
            // An element may have whatever members its device wrote.
            item.remove("claim");
            if by.claim {
                item.insert("claim".into(), json!(true));
            }
            let Some((op, correction)) = self.correction(&element.op) else {
                items.push(item.into());
                continue;
            };
            let by = self.authors.by(&op)?;
            let mut told = json!({
                "reason": correction.reason,
                "person": by.person,
                "device": by.device,
                "claimed_at": by.claimed_at,
            });
            if by.claim {
                told["claim"] = json!(true);
            }
            if correction.voids {
                item.insert("list".into(), json!(list));
                item.insert("voided".into(), told);
                voided.push(item.into());
                continue;
            }
            told["from"] = correct(&mut item, &correction);
            item.insert("corrected".into(), told);
            items.push(item.into());
        }
        Ok(items)
    }

    /// Says of a photo whether the office has it, and that it was erased.
    fn tell_whereabouts(&self, item: &mut Map<String, Value>) -> Result<(), RowsError> {
        let rows = self.authors.rows();
        let sha256 = item.get("sha256").and_then(Value::as_str).and_then(|text| text.parse().ok());
        let Some(sha256) = sha256 else { return Ok(()) };
        item.insert("at_office".into(), json!(is_stored(rows, &sha256)?));
        let erased = erased(rows, &sha256)?.map(|row| {
            let why = erasure_words(row.reason);
            json!({ "seq": row.seq, "at": rfc3339(row.at_ms), "reason": row.reason.key(), "text": why })
        });
        item.insert("erased".into(), json!(erased));
        Ok(())
    }

    /// Returns the correction of an element that counts, with its operation.
    fn correction(&self, op: &OpId) -> Option<(OpId, Correction)> {
        let held = self.row.registers.get(&register(op))?.last()?;
        Some((held.op, Correction::read(&held.value)?))
    }
}

/// Puts what counts into an item. Returns what was there.
fn correct(item: &mut Map<String, Value>, correction: &Correction) -> Value {
    let value = match correction.of.as_str() {
        "notes" => "text",
        "materials" => "qty",
        _ => "value",
    };
    let mut from = Map::new();
    let mut change = |key: &str, to: Value| {
        from.insert(key.into(), item.insert(key.into(), to).unwrap_or_default());
    };
    change(value, json!(correction.value));
    if correction.of != "notes" {
        change("unit", json!(correction.unit));
        change("flag", json!(correction.flag));
    }
    from.into()
}

fn written(element: &ListElement) -> Map<String, Value> {
    match &element.value {
        ElementValue::Scalar(value) => Map::from_iter([("text".to_string(), scalar_json(value))]),
        ElementValue::Map(members) => {
            members.iter().map(|(key, value)| (key.clone(), scalar_json(value))).collect()
        }
    }
}

/// Returns the texts of an element as it was written, by member.
///
/// # Errors
/// The document has no such list.
pub fn said(document: &Document, list: &str, id: &OpId) -> Result<BTreeMap<String, String>, RowsError> {
    let found = document.list(list)?.into_iter().find(|element| element.op == *id);
    let members = match found.map(|element| element.value) {
        Some(ElementValue::Map(members)) => members,
        Some(ElementValue::Scalar(_)) | None => Vec::new(),
    };
    let texts = members.into_iter().filter_map(|(key, value)| match value {
        Scalar::Str(text) => Some((key, text)),
        _ => None,
    });
    Ok(texts.collect())
}

/// Returns what people call elements: the number of the operation that made each, with as much of its device's id as
/// tells it from another of that number.
pub fn short_names(ops: impl IntoIterator<Item = OpId>) -> BTreeMap<OpId, String> {
    let mut by_number: BTreeMap<u64, Vec<OpId>> = BTreeMap::new();
    for op in ops {
        by_number.entry(op.counter).or_default().push(op);
    }
    let mut names = BTreeMap::new();
    for (number, ops) in by_number {
        if let [only] = ops.as_slice() {
            names.insert(*only, number.to_string());
            continue;
        }
        let ids: Vec<String> = ops.iter().map(|op| op.device.to_string()).collect();
        let tells =
            |chars: &usize| ids.iter().map(|id| &id[..*chars]).collect::<BTreeSet<_>>().len() == ids.len();
        let chars = (DEVICE_CHARS..32).find(tells).unwrap_or(32);
        for (op, id) in ops.iter().zip(&ids) {
            names.insert(*op, format!("{number}@{}", &id[..chars]));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::short_names;
    use crate::id::DeviceId;
    use crate::record::change::OpId;

    #[test]
    fn a_number_that_two_devices_gave_is_told_apart_by_the_device() {
        let op = |counter, first, last| {
            let mut device = [0; 16];
            (device[0], device[15]) = (first, last);
            OpId { counter, device: DeviceId(device) }
        };
        let names = short_names([op(7, 1, 0), op(9, 1, 0), op(9, 2, 0)]);
        assert_eq!(names[&op(7, 1, 0)], "7");
        assert_eq!((names[&op(9, 1, 0)].as_str(), names[&op(9, 2, 0)].as_str()), ("9@0100", "9@0200"));
        let names = short_names([op(9, 1, 1), op(9, 1, 2)]);
        assert_eq!(names[&op(9, 1, 2)].len(), "9@".len() + 32);
    }
}
