//! Sheet: one order as a screen shows it: what can be done next, what is missing, and a line for each value, drawn from the
//! kind of work.

use serde::Serialize;
use serde_json::Value;

use super::lists::OrderSummary;
use super::order::{Event, OrderView};
use super::today::{Row, StateLine};
use super::{View, ViewError};
use crate::judge::missing_to_finish;
use crate::record::row::RecordRow;
use crate::rows::read;
use crate::rules::kind::{Field, FieldType, WorkKind};
use crate::rules::measure::{Bounds, Measure};
use crate::rules::{Labels, steps};
use crate::state::keyspace;
use crate::view::conflicts::Conflict;

/// A step that the order's state allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Possible {
    /// Its key.
    pub step: String,
    /// What its button says.
    pub label: Labels,
    /// The state that it leads to.
    pub to: String,
    /// Whether it asks why.
    pub needs_reason: bool,
    /// Whether it is the usual next one.
    pub is_next: bool,
}

/// What an order lacks to be finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The line that leads there, by its id.
    pub line: String,
    /// Its label.
    pub label: Labels,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The value that records carry.
    pub key: String,
    /// Its label.
    pub label: Labels,
}

/// One line of an order: a field or a measure of its kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// `field:<key>` or `measure:<key>`.
    pub id: String,
    /// `measure`, or the field's type.
    pub r#type: String,
    /// Its label.
    pub label: Labels,
    /// The unit of its values.
    pub unit: Option<String>,
    /// The value as records carry it; of a measure the last reading that counts.
    pub value: Option<String>,
    /// A choice in words.
    pub shown: Option<Labels>,
    /// Whether the work cannot be finished without it.
    pub is_required: bool,
    /// Whether it is required and missing.
    pub is_missing: bool,
    /// Whether it has more than one value.
    pub is_conflict: bool,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// The norm in force, of a measure.
    pub norm: Option<Norm>,
    /// The possible values.
    pub limits: Bounds,
    /// Most digits after the point.
    pub scale: Option<u8>,
    /// Readings that count, of a measure, as the order shows them.
    pub readings: Vec<Value>,
}

/// A norm's limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Norm {
    /// Smallest.
    pub min: Option<String>,
    /// Largest.
    pub max: Option<String>,
    /// The norm.
    pub source: String,
}

/// One line of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its key.
    pub key: String,
    /// Its label.
    pub label: Labels,
    /// Whether it is ticked off.
    pub done: bool,
    /// Whether the work cannot be finished without it.
    pub is_required: bool,
}

/// One order, as a screen shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sheet {
    /// Its row.
    pub row: Row,
    /// Its folio.
    pub folio: String,
    /// Its state in words.
    pub state_label: Labels,
    /// What can be done, the usual next one first.
    pub steps: Vec<Possible>,
    /// What it lacks to be finished.
    pub missing: Vec<Missing>,
    /// Its lines, in the order of the work.
    pub lines: Vec<Line>,
    /// Its checklist.
    pub checklist: Vec<Check>,
    /// What is to be done, as the order says.
    pub description: String,
    /// Notes, as the order shows them.
    pub notes: Vec<Value>,
    /// Materials, as the order shows them.
    pub materials: Vec<Value>,
    /// Photos, as the order shows them.
    pub photos: Vec<Value>,
    /// What counts no more.
    pub voided: Vec<Value>,
    /// Values in conflict.
    pub conflicts: Vec<Conflict>,
    /// What happened to it.
    pub history: Vec<Event>,
    /// What stands at the foot.
    pub state: StateLine,
    /// Whether this device may write on it.
    pub can_write: bool,
}

impl View<'_> {
    /// Returns an order as a screen shows it.
    ///
    /// # Errors
    /// As [`View::order_show`].
    pub fn sheet(&self, folio: &str) -> Result<Sheet, ViewError> {
        let record = self.find_order(folio)?;
        let order = self.order_show(folio)?;
        let row: RecordRow = read(self.rows(), &keyspace::record(&record))?
            .ok_or_else(|| ViewError::Index(format!("order {folio} has no summary")))?;
        let identity = self.identity()?;
        let date = identity.utc_offset.day(self.now_ms());
        let kind = self.rules().kinds.get(&order.kind);
        let missing = missing_to_finish(kind, &row);
        let state = self.state_line(order.conflicts.len() as u64)?;
        let can_write = state.revoked.is_none();
        let lines = kind.map(|kind| self.lines(kind, &order, &missing, &date)).unwrap_or_default();
        let summary = OrderSummary {
            folio: order.folio.clone(),
            kind: order.kind.clone(),
            locality: order.locality.clone(),
            status: order.status.clone(),
            crew: order.crew.clone(),
            title: order.title.clone().unwrap_or_default(),
            due: order.due.clone(),
            conflicts: u32::try_from(order.conflicts.len()).unwrap_or(u32::MAX),
            unsent: order.unsent,
            held_back: order.held_back,
        };
        Ok(Sheet {
            row: self.row_of(summary, &date),
            state_label: self.rules().state_labels(std::slice::from_ref(&order.status)),
            steps: if can_write { self.possible(kind, &order.status) } else { Vec::new() },
            missing: missing.iter().map(|name| missing_line(kind, self.rules(), name)).collect(),
            lines,
            checklist: kind.map(|kind| checks(kind, &order)).unwrap_or_default(),
            folio: order.folio,
            description: order.description,
            notes: order.notes,
            materials: order.materials,
            photos: order.photos,
            voided: order.voided,
            conflicts: order.conflicts,
            history: order.history,
            state,
            can_write,
        })
    }

    fn possible(&self, kind: Option<&WorkKind>, state: &str) -> Vec<Possible> {
        let Ok(identity) = self.identity() else { return Vec::new() };
        let role = identity.role.key();
        let fits = |step: &&steps::Step| step.starts_from(state) && step.is_for(role);
        let mut found: Vec<Possible> =
            self.rules().steps_of(kind).iter().filter(fits).map(possible).collect();
        let rank = |step: &str| {
            ["finish", "start", "resume", "approve"].iter().position(|one| *one == step).unwrap_or(9)
        };
        found.sort_by_key(|possible| rank(&possible.step));
        if let Some(first) = found.first_mut().filter(|first| rank(&first.step) < 9) {
            first.is_next = true;
        }
        found
    }

    fn lines(&self, kind: &WorkKind, order: &OrderView, missing: &[String], date: &str) -> Vec<Line> {
        let mut keys: Vec<&String> = kind.measures.iter().collect();
        keys.extend(kind.required_measures.iter().filter(|key| !kind.measures.contains(key)));
        let measures = keys.into_iter().filter_map(|key| self.rules().measures.get(key)).map(|measure| {
            let is_required = kind.required_measures.contains(&measure.key);
            measure_line(measure, is_required, order, missing, date)
        });
        measures.chain(kind.fields.iter().map(|field| field_line(field, order, missing))).collect()
    }
}

fn possible(step: &steps::Step) -> Possible {
    Possible {
        step: step.step.clone(),
        label: step.labels.clone(),
        to: step.to.clone(),
        needs_reason: step.step == "cancel",
        is_next: false,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn field_line(field: &Field, order: &OrderView, missing: &[String]) -> Line {
    let name = format!("fields.{}", field.key);
    let value = order.fields.get(&field.key).and_then(text_of);
    let shown = field.choices.iter().find(|choice| Some(&choice.value) == value.as_ref());
    let choices = field.choices.iter();
    Line {
        id: format!("field:{}", field.key),
        r#type: match field.field_type {
            FieldType::Text => "text",
            FieldType::Decimal => "decimal",
            FieldType::Integer => "integer",
            FieldType::Boolean => "boolean",
            FieldType::Date => "date",
            FieldType::Choice => "choice",
        }
        .into(),
        label: field.labels.clone(),
        unit: field.unit.clone(),
        shown: shown.map(|choice| choice.labels.clone()),
        is_required: field.required_to_finish,
        is_missing: missing.contains(&name),
        is_conflict: order.conflicts.iter().any(|conflict| conflict.field == field.key),
        choices: choices.map(|one| Choice { key: one.value.clone(), label: one.labels.clone() }).collect(),
        norm: None,
        limits: Bounds { min: field.min.clone(), max: field.max.clone() },
        scale: field.scale,
        readings: Vec::new(),
        value,
    }
}

fn measure_line(
    measure: &Measure,
    is_required: bool,
    order: &OrderView,
    missing: &[String],
    date: &str,
) -> Line {
    let of_measure = |item: &&Value| item["what"].as_str() == Some(&measure.key);
    let readings: Vec<Value> = order.measurements.iter().filter(of_measure).cloned().collect();
    let norm = measure.limit_on(date).map(|limit| Norm {
        min: limit.min.clone(),
        max: limit.max.clone(),
        source: limit.source.clone(),
    });
    Line {
        id: format!("measure:{}", measure.key),
        r#type: "measure".into(),
        label: measure.labels.clone(),
        unit: Some(measure.unit.clone()),
        value: readings.last().and_then(|reading| text_of(&reading["value"])),
        shown: None,
        is_required,
        is_missing: missing.contains(&format!("measure {}", measure.key)),
        is_conflict: false,
        choices: Vec::new(),
        norm,
        limits: measure.possible.clone(),
        scale: measure.scale,
        readings,
    }
}

fn checks(kind: &WorkKind, order: &OrderView) -> Vec<Check> {
    let of_line = |check: &crate::rules::kind::Check| Check {
        key: check.key.clone(),
        label: check.labels.clone(),
        done: order.checklist.get(&check.key) == Some(&Value::Bool(true)),
        is_required: check.required_to_finish,
    };
    kind.checklist.iter().map(of_line).collect()
}

fn missing_line(kind: Option<&WorkKind>, rules: &crate::rules::Rules, name: &str) -> Missing {
    let (line, labels) = if let Some(key) = name.strip_prefix("fields.") {
        (format!("field:{key}"), kind.and_then(|kind| kind.find_field(key)).map(|field| &field.labels))
    } else if let Some(key) = name.strip_prefix("measure ") {
        (format!("measure:{key}"), rules.measures.get(key).map(|measure| &measure.labels))
    } else {
        let key = name.trim_start_matches("checklist.");
        let check = kind.and_then(|kind| kind.checklist.iter().find(|check| check.key == key));
        (format!("check:{key}"), check.map(|check| &check.labels))
    };
    Missing { line, label: labels.cloned().unwrap_or_else(|| Labels::same(name)) }
}

/// What a value would be, while it is typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Typed {
    /// Whether it can be kept.
    pub ok: bool,
    /// `above_norm` or `below_norm`; kept all the same.
    pub flag: Option<String>,
    /// A likely value, where a slip is suspected: the point forgotten.
    pub slip: Option<String>,
}

impl View<'_> {
    /// Judges a reading while it is typed.
    ///
    /// # Errors
    /// The order has no such line.
    pub fn typed(&self, measure: &str, value: &str) -> Result<Typed, ViewError> {
        let known = self.rules().measures.get(measure);
        let Some(measure) = known else {
            return Err(ViewError::Unknown { what: "measure", word: measure.into(), known: Vec::new() });
        };
        let date = self.identity()?.utc_offset.day(self.now_ms());
        let judged = |value: &str| {
            measure
                .check(value, &measure.unit)
                .ok()
                .map(|read| measure.flag(read, &date).map(|(flag, _)| flag))
        };
        let now = judged(value);
        let slip = match now {
            Some(None) => None,
            // A whole number out of norm or impossible, that would be in norm with its point: 80 for 0.80.
            _ if value.len() > 1 && value.bytes().all(|byte| byte.is_ascii_digit()) => (1..=value.len())
                .rev()
                .map(|at| {
                    let (whole, part) = value.split_at(value.len() - at);
                    format!("{}.{part}", if whole.is_empty() { "0" } else { whole })
                })
                .find(|likely| judged(likely) == Some(None)),
            _ => None,
        };
        Ok(Typed { ok: now.is_some(), flag: now.flatten().map(String::from), slip })
    }
}
