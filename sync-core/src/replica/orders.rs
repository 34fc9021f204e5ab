//! Orders: what crews and dispatch do to them, each act one entry.

use super::known::Known;
use super::{Replica, ReplicaError};
use crate::folio::compose;
use crate::id::RecordId;
use crate::judge::missing_to_finish;
use crate::limits::TEXT_CHARS_MAX;
use crate::log::act::Role;
use crate::record::change::Scalar;
use crate::record::document::Document;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::read;
use crate::rules::Labels;
use crate::rules::kind::WorkKind;
use crate::state::document::load_document;
use crate::state::keyspace;

/// A new order as a person asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewOrder {
    /// Kind of work: key or alias.
    pub kind: String,
    /// Locality: key, name or alias.
    pub locality: Option<String>,
    /// Asset: key or name.
    pub asset: Option<String>,
    /// Crew code.
    pub crew: Option<String>,
    /// Title; the kind's label and the locality where none is given.
    pub title: Option<String>,
    /// Fields of the kind, as typed.
    pub fields: Vec<(String, String)>,
    /// Free text.
    pub description: Option<String>,
    /// `YYYY-MM-DD`.
    pub due: Option<String>,
    /// `low`, `normal`, `high` or `urgent`.
    pub priority: Option<String>,
    /// Key of a planned activity.
    pub plan: Option<String>,
    /// The record's id, where it follows from an import key.
    pub id: Option<RecordId>,
}

/// A new order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What people say aloud.
    pub folio: String,
    /// The record.
    pub id: RecordId,
}

/// How a conflict is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// One of the values, counted from 1 as listed.
    Take(usize),
    /// Another value, as typed.
    Value(String),
}

/// An order open for writing.
pub(super) struct Open {
    pub(super) record: RecordId,
    pub(super) row: RecordRow,
    pub(super) document: Document,
}

pub(super) fn text(value: &str) -> Scalar {
    Scalar::Str(value.into())
}

pub(super) fn check_length(what: &'static str, value: &str, max: usize) -> Result<(), ReplicaError> {
    let found = value.chars().count();
    if value.trim().is_empty() || found > max {
        Err(ReplicaError::Length { what, found, max })
    } else {
        Ok(())
    }
}

impl Replica<'_> {
    /// Makes an order.
    pub fn order_new(&mut self, new: &NewOrder) -> Result<Made, ReplicaError> {
        self.make_order(new, &mut Known::default())
    }

    /// Makes an order, among names that were read before.
    pub(super) fn make_order(&mut self, new: &NewOrder, known: &mut Known) -> Result<Made, ReplicaError> {
        let kind = self.view().find_kind(&new.kind)?.clone();
        let locality = new.locality.as_deref().map(|word| self.locality_of(known, word)).transpose()?;
        let asset = new.asset.as_deref().map(|word| self.asset_of(known, word)).transpose()?;
        let own_crew =
            self.identity()?.crew.clone().filter(|_| self.identity().is_ok_and(|me| me.role == Role::Crew));
        let crew = new.crew.as_deref().map(|word| self.crew_of(known, word)).transpose()?.or(own_crew);
        let title = match &new.title {
            Some(title) => {
                check_length("the title", title, 200)?;
                title.clone()
            }
            None => self.usual_title(&kind, locality.as_deref())?,
        };
        let folio = self.next_folio()?;
        let id = new.id.unwrap_or_else(|| RecordId(self.draw()));
        let mut document = Document::new(self.identity()?.device);
        document.make_skeleton(self.rules.records.of(RecordKind::Order))?;
        let status = if crew.is_some() { "assigned" } else { "reported" };
        document.put("type", &text("order"))?;
        document.put("schema", &Scalar::Int(1))?;
        let registers = [
            ("folio", Some(folio.as_str())),
            ("kind", Some(kind.kind.as_str())),
            ("title", Some(title.as_str())),
            ("locality", locality.as_deref()),
            ("asset", asset.as_deref()),
            ("crew", crew.as_deref()),
            ("status", Some(status)),
            ("plan", new.plan.as_deref()),
        ];
        for (name, value) in registers {
            if let Some(value) = value {
                document.put(name, &text(value))?;
            }
        }
        for (name, typed) in [("due", &new.due), ("priority", &new.priority)] {
            if let Some(typed) = typed {
                let value = self.register_value_among(RecordKind::Order, name, typed, known)?;
                document.put(name, &value)?;
            }
        }
        for (word, value) in &new.fields {
            let (key, value) = parse_field(&kind, word, value)?;
            document.put(&format!("fields.{key}"), &value)?;
        }
        if let Some(description) = &new.description {
            check_length("the description", description, TEXT_CHARS_MAX)?;
            document.update_text("description", description)?;
        }
        self.commit(id, &mut document)?;
        Ok(Made { folio, id })
    }

    fn usual_title(&self, kind: &WorkKind, locality: Option<&str>) -> Result<String, ReplicaError> {
        let place = locality.map(|key| self.view().locality_name(key)).transpose()?;
        let title = match place {
            Some(place) => format!("{} — {place}", kind.labels.es),
            None => kind.labels.es.clone(),
        };
        Ok(title.chars().take(200).collect())
    }

    pub(super) fn next_folio(&self) -> Result<String, ReplicaError> {
        let identity = self.identity()?;
        let number = self.view().own_head()?.folios + 1;
        let year = identity.utc_offset.year(self.moment.now_ms).rem_euclid(100);
        Ok(compose(&identity.folio_prefix, year, &identity.letters, number))
    }

    pub(super) fn open_order(&self, folio: &str) -> Result<Open, ReplicaError> {
        let record = self.view().find_order(folio)?;
        let row: RecordRow = read(&self.rows(), &keyspace::record(&record))?
            .ok_or_else(|| ReplicaError::Index(format!("order {folio} has no summary")))?;
        let document = load_document(&self.rows(), &self.lines, &record, self.identity()?.device)?;
        Ok(Open { record, row, document })
    }

    pub(super) fn kind_of(&self, row: &RecordRow) -> Option<&WorkKind> {
        self.rules.kinds.get(row.text("kind")?)
    }

    /// Makes a step of the order's state machine. Answers the new state.
    pub fn step(&mut self, folio: &str, step: &str, reason: Option<&str>) -> Result<String, ReplicaError> {
        let mut open = self.open_order(folio)?;
        self.check_open_to(&open, folio, "status")?;
        let role = self.identity()?.role.key();
        let kind = self.kind_of(&open.row);
        let steps = self.rules.steps_of(kind);
        let states: Vec<String> = open.row.values("status").filter_map(scalar_text).collect();
        let starts =
            |candidate: &&crate::rules::steps::Step| states.iter().any(|state| candidate.starts_from(state));
        let Some(found) = steps.iter().filter(|s| s.step == step).find(|s| starts(s)) else {
            let possible = steps.iter().filter(starts).filter(|s| s.is_for(role));
            let possible = possible.map(|s| (s.step.clone(), s.labels.clone())).collect();
            let labels = steps.iter().find(|s| s.step == step).map(|s| s.labels.clone());
            return Err(ReplicaError::Step {
                folio: folio.into(),
                state: self.rules.state_labels(&states),
                step: labels.unwrap_or_else(|| Labels::same(step)),
                possible,
            });
        };
        if !found.is_for(role) {
            return Err(self.no_role(step));
        }
        let to = found.to.clone();
        if to == "done" {
            self.check_finish(folio, &open.row)?;
        }
        open.document.put("status", &text(&to))?;
        if let Some(reason) = reason {
            check_length("the reason", reason, TEXT_CHARS_MAX)?;
            open.document.append_scalar("notes", &text(reason))?;
        }
        self.commit(open.record, &mut open.document)?;
        Ok(to)
    }

    fn check_finish(&self, folio: &str, row: &RecordRow) -> Result<(), ReplicaError> {
        let kind = self.kind_of(row);
        let missing = missing_to_finish(kind, row);
        if missing.is_empty() {
            return Ok(());
        }
        let command = |name: &String| match (name.strip_prefix("fields."), name.strip_prefix("measure ")) {
            (Some(key), _) => format!("crew order set {folio} {key} VALUE"),
            (_, Some(key)) => {
                let unit = self.rules.measures.get(key).map_or("UNIT", |measure| measure.unit.as_str());
                format!("crew order measure {folio} {key} VALUE {unit}")
            }
            _ => format!("crew order check {folio} {}", name.trim_start_matches("checklist.")),
        };
        let commands = missing.iter().map(command).collect();
        let named = |name: &String| {
            let field = name.strip_prefix("fields.").and_then(|key| kind?.find_field(key));
            let measure = name.strip_prefix("measure ").and_then(|key| self.rules.measures.get(key));
            let point = name
                .strip_prefix("checklist.")
                .and_then(|key| kind?.checklist.iter().find(|point| point.key == key));
            let labels = field.map(|field| &field.labels);
            let labels =
                labels.or(measure.map(|measure| &measure.labels)).or(point.map(|point| &point.labels));
            labels.cloned().unwrap_or_else(|| Labels::same(name))
        };
        let missing = missing.iter().map(named).collect();
        Err(ReplicaError::Missing { folio: folio.into(), missing, commands })
    }

    /// Assigns an order to a crew.
    pub fn assign(&mut self, folio: &str, crew: &str) -> Result<(), ReplicaError> {
        let crew = self.view().find_crew(crew)?;
        let mut open = self.open_order(folio)?;
        self.check_open_to(&open, folio, "crew")?;
        open.document.put("crew", &text(&crew))?;
        let states: Vec<String> = open.row.values("status").filter_map(scalar_text).collect();
        let steps = self.rules.steps_of(self.kind_of(&open.row));
        let assigns =
            steps.iter().any(|s| s.step == "assign" && states.iter().any(|state| s.starts_from(state)));
        if assigns && !open.row.is_in_conflict("status") && states.iter().any(|state| state != "assigned") {
            open.document.put("status", &text("assigned"))?;
        }
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }
}

pub(super) fn parse_field(
    kind: &WorkKind,
    word: &str,
    value: &str,
) -> Result<(String, Scalar), ReplicaError> {
    let Some(field) = kind.find_field(word) else {
        let known = kind.fields.iter().map(|field| field.key.clone()).collect();
        return Err(ReplicaError::Unknown { what: "field", word: word.into(), known });
    };
    let wrong =
        |error| ReplicaError::Value { field: field.key.clone(), label: (&field.labels).into(), error };
    let value = field.parse(value).map_err(wrong)?;
    Ok((field.key.clone(), value))
}

pub(super) fn scalar_text(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Str(text) => Some(text.clone()),
        _ => None,
    }
}
