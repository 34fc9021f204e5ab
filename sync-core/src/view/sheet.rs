//! Sheet: one order as a screen shows it: what can be done next, what is missing, and a line for each value, drawn from the
//! kind of work.

use serde::Serialize;
use serde_json::Value;

use super::catalog::Item;
use super::lists::OrderSummary;
use super::order::{Event, OrderView};
use super::steps::{Step, steps_of};
use super::today::{Row, StateLine, Tick};
use super::{View, ViewError};
use crate::id::DeviceId;
use crate::judge::missing_to_finish;
use crate::record::change::OpId;
use crate::record::row::RecordRow;
use crate::rows::read;
use crate::rules::kind::{Field, FieldType, WorkKind};
use crate::rules::measure::{Bounds, Measure};
use crate::rules::{Labels, Rules, steps};
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
    /// How far the value has come.
    pub tick: Option<Tick>,
    /// Readings, of a measure, those that were voided too.
    pub readings: Vec<Reading>,
}

/// One reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// What a correction names.
    pub id: String,
    /// The value.
    pub value: String,
    /// Its unit.
    pub unit: String,
    /// Where it was taken.
    pub r#where: Option<String>,
    /// When, as its device says.
    pub at: String,
    /// `above_norm` or `below_norm`.
    pub flag: Option<String>,
    /// How far it has come.
    pub tick: Tick,
    /// Whether it counts no more.
    pub voided: bool,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What a correction names.
    pub id: String,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub person: String,
    /// When, as its device says.
    pub at: String,
    /// How far it has come.
    pub tick: Tick,
    /// Whether it counts no more.
    pub voided: bool,
}

/// Material that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Material {
    /// What a correction names.
    pub id: String,
    /// Its key.
    pub what: String,
    /// Its name.
    pub label: Labels,
    /// How much.
    pub quantity: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Who noted it.
    pub person: String,
    /// When, as its device says.
    pub at: String,
    /// How far it has come.
    pub tick: Tick,
    /// Whether it counts no more.
    pub voided: bool,
}

/// A photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Photo {
    /// What a correction names.
    pub id: String,
    /// What it shows.
    pub what: String,
    /// Its content address.
    pub sha256: String,
    /// That of its small form.
    pub thumb_sha256: Option<String>,
    /// What it is of.
    pub caption: Option<String>,
    /// Whether the office has it.
    pub at_office: bool,
    /// Whether its bytes are on this device; the shell knows.
    pub here: bool,
    /// Whether it was erased.
    pub is_erased: bool,
    /// How far its entry has come.
    pub tick: Tick,
}

/// A norm's limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Norm {
    /// Smallest.
    pub min: Option<String>,
    /// Largest.
    pub max: Option<String>,
    /// The norm.
    pub text: Labels,
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
    /// How far that has come.
    pub tick: Tick,
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
    /// Notes.
    pub notes: Vec<Note>,
    /// Materials.
    pub materials: Vec<Material>,
    /// Photos and signatures.
    pub photos: Vec<Photo>,
    /// Values in conflict.
    pub conflicts: Vec<Conflict>,
    /// What happened to it.
    pub history: Vec<Event>,
    /// What stands at the foot.
    pub state: StateLine,
    /// Whether this device may write on it.
    pub can_write: bool,
}

/// How far each operation of an order has come.
struct Ticks<'s> {
    steps: &'s [Step],
    me: DeviceId,
    /// Up to which of its own entries the ledger is known to have them.
    head_seq: u64,
}

impl Ticks<'_> {
    fn of(&self, op: &OpId) -> Tick {
        let wrote = |step: &&Step| {
            let first = step.change.start_op;
            step.change.device == op.device
                && (first..first + step.change.ops.len() as u64).contains(&op.counter)
        };
        let Some(step) = self.steps.iter().find(wrote) else { return Tick::Unknown };
        match (&step.receipt, &step.accepted) {
            (_, Some(_)) => Tick::Counts,
            (Some(_), None) => Tick::Review,
            (None, None) if step.row.device == self.me && step.row.seq > self.head_seq => Tick::Saved,
            (None, None) => Tick::Sent,
        }
    }

    fn of_id(&self, item: &Value) -> Tick {
        let op = item["id"].as_str().and_then(|text| text.parse().ok());
        op.map_or(Tick::Unknown, |op| self.of(&op))
    }
}

/// What an order's lines are drawn from.
struct Drawing<'d> {
    order: &'d OrderView,
    row: &'d RecordRow,
    missing: &'d [String],
    date: &'d str,
    ticks: Ticks<'d>,
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
        let steps = steps_of(self.rows(), self.all_lines(), &record)?;
        let ticks = Ticks { steps: &steps, me: identity.device, head_seq: self.contact()?.head_seq };
        let drawing = Drawing { order: &order, row: &row, missing: &missing, date: &date, ticks };
        Ok(Sheet {
            row: self.row_of(summary_of(&order), &date),
            state_label: self.rules().state_labels(std::slice::from_ref(&order.status)),
            steps: if can_write { self.possible(kind, &order.status) } else { Vec::new() },
            missing: missing.iter().map(|name| missing_line(kind, self.rules(), name)).collect(),
            lines: kind.map(|kind| drawing.lines(self.rules(), kind)).unwrap_or_default(),
            checklist: kind.map(|kind| drawing.checks(kind)).unwrap_or_default(),
            notes: drawing.notes(),
            materials: drawing.materials(&self.catalog("material")?),
            photos: drawing.photos(),
            folio: order.folio.clone(),
            description: order.description.clone(),
            conflicts: order.conflicts.clone(),
            history: order.history.clone(),
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
}

fn summary_of(order: &OrderView) -> OrderSummary {
    OrderSummary {
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

fn said(item: &Value, key: &str) -> String {
    text_of(&item[key]).unwrap_or_default()
}

impl Drawing<'_> {
    /// Returns a line for each measure and field of the kind: what is required first.
    fn lines(&self, rules: &Rules, kind: &WorkKind) -> Vec<Line> {
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

    fn notes(&self) -> Vec<Note> {
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

    fn materials(&self, known: &[Item]) -> Vec<Material> {
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

    fn photos(&self) -> Vec<Photo> {
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

    fn checks(&self, kind: &WorkKind) -> Vec<Check> {
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

fn missing_line(kind: Option<&WorkKind>, rules: &Rules, name: &str) -> Missing {
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
