//! Sheet: one order as a screen shows it: what can be done next, what is missing, and a line for each value, drawn from the
//! kind of work.

mod drawing;
mod typed;

pub use typed::Typed;

use drawing::{Drawing, Ticks, Wrote};
use serde::Serialize;

use super::lists::OrderSummary;
use super::order::{Event, OrderView, order_after};
use super::steps::steps_of;
use super::today::{Row, StateLine, Tick};
use super::{View, ViewError};
use crate::judge::missing_to_finish;
use crate::record::row::RecordRow;
use crate::rows::read;
use crate::rules::kind::WorkKind;
use crate::rules::measure::Bounds;
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

impl View<'_> {
    /// Returns an order as a screen shows it.
    ///
    /// # Errors
    /// As [`View::order_show`].
    pub fn sheet(&self, folio: &str) -> Result<Sheet, ViewError> {
        let record = self.find_order(folio)?;
        let steps = steps_of(self.rows(), self.all_lines(), &record)?;
        let wrote = Wrote::of(&steps);
        let order = order_after(self.rows(), self.rules(), &record, self.who(), steps)?
            .ok_or_else(|| ViewError::Index(format!("{folio} has no beginning")))?;
        let row: RecordRow = read(self.rows(), &keyspace::record(&record))?
            .ok_or_else(|| ViewError::Index(format!("order {folio} has no summary")))?;
        let identity = self.identity()?;
        let date = identity.utc_offset.day(self.now_ms());
        let kind = self.rules().kinds.get(&order.kind);
        let missing = missing_to_finish(kind, &row);
        let state = self.state_line(order.conflicts.len() as u64)?;
        let can_write = state.revoked.is_none();
        let ticks = Ticks { wrote, me: identity.device, head_seq: self.contact()?.head_seq };
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
