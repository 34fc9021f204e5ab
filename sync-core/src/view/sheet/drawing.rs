//! Drawing: a line for each value of an order, and how far each has come.

use serde_json::Value;

use super::{Check, Choice, Line, Material, Norm, Note, Photo, Reading};
use crate::id::DeviceId;
use crate::record::change::OpId;
use crate::record::row::RecordRow;
use crate::rules::kind::{Field, FieldType, WorkKind};
use crate::rules::measure::{Bounds, Measure};
use crate::rules::{Labels, Rules};
use crate::view::catalog::Item;
use crate::view::order::OrderView;
use crate::view::steps::Step;
use crate::view::today::Tick;

/// The operations that one change of an order wrote, and what the office said of it.
pub(super) struct Wrote {
    device: DeviceId,
    seq: u64,
    ops: std::ops::Range<u64>,
    is_received: bool,
    counts: bool,
}

impl Wrote {
    pub(super) fn of(steps: &[Step]) -> Vec<Self> {
        let of_step = |step: &Step| Self {
            device: step.row.device,
            seq: step.row.seq,
            ops: step.change.start_op..step.change.start_op + step.change.ops.len() as u64,
            is_received: step.receipt.is_some(),
            counts: step.accepted.is_some(),
        };
        steps.iter().map(of_step).collect()
    }
}

/// How far each operation of an order has come.
pub(super) struct Ticks {
    pub(super) wrote: Vec<Wrote>,
    pub(super) me: DeviceId,
    /// Up to which of its own entries the ledger is known to have them.
    pub(super) head_seq: u64,
}

impl Ticks {
    fn of(&self, op: &OpId) -> Tick {
        let has = |wrote: &&Wrote| wrote.device == op.device && wrote.ops.contains(&op.counter);
        match self.wrote.iter().find(has) {
            None => Tick::Unknown,
            Some(wrote) if wrote.counts => Tick::Counts,
            Some(wrote) if wrote.is_received => Tick::Review,
            Some(wrote) if wrote.device == self.me && wrote.seq > self.head_seq => Tick::Saved,
            Some(_) => Tick::Sent,
        }
    }

    fn of_id(&self, item: &Value) -> Tick {
        let op = item["id"].as_str().and_then(|text| text.parse().ok());
        op.map_or(Tick::Unknown, |op| self.of(&op))
    }
}

/// What an order's lines are drawn from.
pub(super) struct Drawing<'d> {
    pub(super) order: &'d OrderView,
    pub(super) row: &'d RecordRow,
    pub(super) missing: &'d [String],
    pub(super) date: &'d str,
    pub(super) ticks: Ticks,
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn said(item: &Value, key: &str) -> String {
    text_of(&item[key]).unwrap_or_default()
}

impl Drawing<'_> {
    /// Returns a line for each measure and field of the kind: what is required first.
    pub(super) fn lines(&self, rules: &Rules, kind: &WorkKind) -> Vec<Line> {
        let mut keys: Vec<&String> = kind.measures.iter().collect();
        keys.extend(kind.required_measures.iter().filter(|key| !kind.measures.contains(key)));
        let measures = keys.into_iter().filter_map(|key| rules.measures.get(key));
        let measures =
            measures.map(|measure| self.measure_line(measure, kind.required_measures.contains(&measure.key)));
        measures.chain(kind.fields.iter().map(|field| self.field_line(field))).collect()
    }

    fn register_tick(&self, name: &str) -> Option<Tick> {
        Some(self.ticks.of(&self.row.registers.get(name)?.last()?.op))
    }

    fn field_line(&self, field: &Field) -> Line {
        let name = format!("fields.{}", field.key);
        let value = self.order.fields.get(&field.key).and_then(text_of);
        let shown = field.choices.iter().find(|choice| Some(&choice.value) == value.as_ref());
        let choices = field.choices.iter();
        Line {
            id: format!("field:{}", field.key),
            r#type: match field.field_type {
                FieldType::Text => "text",
                FieldType::Decimal => "decimal",
                FieldType::Integer => "integer",
                FieldType::Boolean => "yes_no",
                FieldType::Date => "date",
                FieldType::Choice => "choice",
            }
            .into(),
            label: field.labels.clone(),
            unit: field.unit.clone(),
            shown: shown.map(|choice| choice.labels.clone()),
            is_required: field.required_to_finish,
            is_missing: self.missing.contains(&name),
            is_conflict: self.order.conflicts.iter().any(|conflict| conflict.field == field.key),
            choices: choices
                .map(|one| Choice { key: one.value.clone(), label: one.labels.clone() })
                .collect(),
            norm: None,
            limits: Bounds { min: field.min.clone(), max: field.max.clone() },
            scale: field.scale,
            tick: value.as_ref().and_then(|_| self.register_tick(&name)),
            readings: Vec::new(),
            value,
        }
    }

    fn measure_line(&self, measure: &Measure, is_required: bool) -> Line {
        let is_of_it = |item: &&Value| {
            item["what"].as_str() == Some(&measure.key)
                && item["list"].as_str().is_none_or(|list| list == "measurements")
        };
        let all = self.order.measurements.iter().chain(&self.order.voided).filter(is_of_it);
        let readings: Vec<Reading> = all.map(|item| self.reading(item)).collect();
        let last = readings.iter().rfind(|reading| !reading.voided);
        let norm = measure.limit_on(self.date).map(|limit| Norm {
            min: limit.min.clone(),
            max: limit.max.clone(),
            text: Labels::same(&limit.source),
        });
        Line {
            id: format!("measure:{}", measure.key),
            r#type: "measure".into(),
            label: measure.labels.clone(),
            unit: Some(measure.unit.clone()),
            value: last.map(|reading| reading.value.clone()),
            tick: last.map(|reading| reading.tick),
            shown: None,
            is_required,
            is_missing: self.missing.contains(&format!("measure {}", measure.key)),
            is_conflict: false,
            choices: Vec::new(),
            norm,
            limits: measure.possible.clone(),
            scale: measure.scale,
            readings,
        }
    }

    fn reading(&self, item: &Value) -> Reading {
        Reading {
            id: said(item, "id"),
            value: said(item, "value"),
            unit: said(item, "unit"),
            r#where: text_of(&item["where"]),
            at: said(item, "claimed_at"),
            flag: text_of(&item["flag"]),
            tick: self.ticks.of_id(item),
            voided: item["voided"].is_object(),
        }
    }

    /// Returns a list's items, and those of it that were voided.
    fn items<'s>(&'s self, list: &'s str, of_it: &'s [Value]) -> impl Iterator<Item = &'s Value> {
        of_it.iter().chain(self.order.voided.iter().filter(move |item| item["list"] == list))
    }

    pub(super) fn notes(&self) -> Vec<Note> {
        let note = |item: &Value| Note {
            id: said(item, "id"),
            text: said(item, "text"),
            person: said(item, "person"),
            at: said(item, "claimed_at"),
            tick: self.ticks.of_id(item),
            voided: item["voided"].is_object(),
        };
        self.items("notes", &self.order.notes).map(note).collect()
    }

    pub(super) fn materials(&self, known: &[Item]) -> Vec<Material> {
        let material = |item: &Value| {
            let what = said(item, "sku");
            let name = known.iter().find(|one| one.key == what).map_or(&what, |one| &one.name);
            Material {
                id: said(item, "id"),
                label: Labels::same(name),
                quantity: said(item, "qty"),
                unit: text_of(&item["unit"]),
                person: said(item, "person"),
                at: said(item, "claimed_at"),
                tick: self.ticks.of_id(item),
                voided: item["voided"].is_object(),
                what,
            }
        };
        self.items("materials", &self.order.materials).map(material).collect()
    }

    pub(super) fn photos(&self) -> Vec<Photo> {
        let photo = |item: &Value| Photo {
            id: said(item, "id"),
            what: said(item, "what"),
            sha256: said(item, "sha256"),
            thumb_sha256: text_of(&item["thumb_sha256"]),
            caption: text_of(&item["caption"]),
            at_office: item["at_office"] == true,
            here: false,
            is_erased: item["erased"].is_object(),
            tick: self.ticks.of_id(item),
        };
        self.order.photos.iter().map(photo).collect()
    }

    pub(super) fn checks(&self, kind: &WorkKind) -> Vec<Check> {
        let check = |check: &crate::rules::kind::Check| Check {
            key: check.key.clone(),
            label: check.labels.clone(),
            done: self.order.checklist.get(&check.key) == Some(&Value::Bool(true)),
            tick: self.register_tick(&format!("checklist.{}", check.key)).unwrap_or(Tick::Counts),
            is_required: check.required_to_finish,
        };
        kind.checklist.iter().map(check).collect()
    }
}
