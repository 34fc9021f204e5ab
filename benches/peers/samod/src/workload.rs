//! The workload as `cargo xtask peers` writes it down: orders, and what a visit does to one. The same file for every peer.

use std::path::Path;

use anyhow::Context as _;
use automerge::transaction::{Transactable, Transaction};
use automerge::{Automerge, AutomergeError, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value};
use serde::Deserialize;

/// All of it.
#[derive(Deserialize)]
pub struct Workload {
    pub orders: Vec<Order>,
    pub visits: Vec<Visit>,
}

/// An order as the office made it.
#[derive(Deserialize)]
pub struct Order {
    pub folio: String,
    pub kind: String,
    pub title: String,
    pub locality: String,
    pub crew: String,
    pub due: String,
    pub priority: String,
}

/// Six changes to one order.
#[derive(Deserialize)]
pub struct Visit {
    /// Index of the order.
    pub order: usize,
    /// Whether the device makes it; else another one.
    pub own: bool,
    pub note: String,
    /// What, value, unit.
    pub measurements: Vec<[String; 3]>,
    /// What, how much, unit.
    pub material: [String; 3],
}

/// Lists and maps of an order, made with it.
const LISTS: [&str; 6] = ["checklist", "notes", "measurements", "materials", "photos", "visits"];
/// A visit's measurements, the reading included, and its other lines.
const MEASUREMENTS: usize = 3;

impl Workload {
    /// Reads `workload.json` of a folder.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(folder.join("workload.json")).context("workload.json")?;
        Ok(serde_json::from_slice(&text)?)
    }
}

impl Order {
    /// Returns the document, in one change.
    pub fn document(&self) -> anyhow::Result<Automerge> {
        let mut doc = Automerge::new();
        doc.transact(|tx| {
            let fields = [
                ("type", "order"),
                ("folio", &self.folio),
                ("kind", &self.kind),
                ("title", &self.title),
                ("locality", &self.locality),
                ("crew", &self.crew),
                ("due", &self.due),
                ("priority", &self.priority),
                ("status", "assigned"),
                ("origin", "import"),
            ];
            for (key, value) in fields {
                tx.put(ROOT, key, value)?;
            }
            tx.put_object(ROOT, "fields", ObjType::Map)?;
            for key in LISTS {
                tx.put_object(ROOT, key, ObjType::List)?;
            }
            Ok::<_, AutomergeError>(())
        })
        .map_err(|failure| failure.error)?;
        Ok(doc)
    }
}

impl Visit {
    /// Returns the six changes.
    pub fn apply(&self, doc: &mut Automerge) -> anyhow::Result<()> {
        change(doc, |tx| tx.put(ROOT, "status", "in_progress"))?;
        change(doc, |tx| push(tx, "notes", &[("text", self.note.as_str())]))?;
        let measure = |doc: &mut Automerge, [what, value, unit]: &[String; 3]| {
            change(doc, |tx| {
                push(tx, "measurements", &[("what", what.as_str()), ("value", value), ("unit", unit)])
            })
        };
        measure(doc, &self.measurements[0])?;
        measure(doc, &self.measurements[1])?;
        let [what, quantity, unit] = &self.material;
        change(doc, |tx| {
            push(tx, "materials", &[("material", what.as_str()), ("quantity", quantity), ("unit", unit)])
        })?;
        measure(doc, &self.measurements[2])?;
        Ok(())
    }

    /// Returns whether all six changes are there, by what they leave.
    pub fn has_come(doc: &Automerge) -> bool {
        length(doc, "measurements") == MEASUREMENTS
            && length(doc, "notes") == 1
            && length(doc, "materials") == 1
            && text(doc, &ROOT, "status").as_deref() == Some("in_progress")
    }

    /// Returns whether every value is the one that was written.
    pub fn is_in(&self, doc: &Automerge) -> bool {
        let line = |list: &str, index: usize, wanted: &[(&str, &str)]| {
            let Some(entry) = element(doc, list, index) else { return false };
            wanted.iter().all(|(key, value)| text(doc, &entry, key).as_deref() == Some(*value))
        };
        let [material, quantity, unit] = &self.material;
        Self::has_come(doc)
            && line("notes", 0, &[("text", &self.note)])
            && line("materials", 0, &[("material", material), ("quantity", quantity), ("unit", unit)])
            && self.measurements.iter().enumerate().all(|(index, [what, value, unit])| {
                line("measurements", index, &[("what", what), ("value", value), ("unit", unit)])
            })
    }
}

fn change(
    doc: &mut Automerge,
    act: impl FnOnce(&mut Transaction<'_>) -> Result<(), AutomergeError>,
) -> Result<(), AutomergeError> {
    doc.transact(act).map(drop).map_err(|failure| failure.error)
}

fn push(tx: &mut Transaction<'_>, list: &str, values: &[(&str, &str)]) -> Result<(), AutomergeError> {
    let Some((_, list)) = tx.get(ROOT, list)? else { return Err(AutomergeError::InvalidObjId(list.into())) };
    let at = tx.length(&list);
    let entry = tx.insert_object(&list, at, ObjType::Map)?;
    for (key, value) in values {
        tx.put(&entry, *key, *value)?;
    }
    Ok(())
}

fn length(doc: &Automerge, list: &str) -> usize {
    match doc.get(ROOT, list) {
        Ok(Some((_, list))) => doc.length(list),
        _ => 0,
    }
}

fn element(doc: &Automerge, list: &str, index: usize) -> Option<ObjId> {
    let (_, list) = doc.get(ROOT, list).ok()??;
    doc.get(list, index).ok()?.map(|(_, entry)| entry)
}

/// Returns a text register's value.
pub fn text(doc: &Automerge, obj: &ObjId, key: &str) -> Option<String> {
    match doc.get(obj, key).ok()?? {
        (Value::Scalar(value), _) => match value.as_ref() {
            ScalarValue::Str(text) => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    }
}
