//! Work: what is noted on an order in the field, and what dispatch decides about it.

use super::orders::{Open, check_length, parse_field, text};
use super::{Replica, ReplicaError};
use crate::decimal::Decimal;
use crate::limits::TEXT_CHARS_MAX;
use crate::record::change::Scalar;
use crate::record::schema::RecordKind;
use crate::rules::kind::ValueError;
use crate::rules::measure::{Measure, ReadingError};
use crate::rules::{fold_unit, fold_word};
use crate::view::names::Sort;
use crate::view::words::{Sentence, register_label};

/// An amount of a material.
pub(super) struct Used {
    pub(super) sku: String,
    pub(super) qty: Decimal,
    pub(super) unit: String,
    /// Why a person should look.
    pub(super) flag: Option<&'static str>,
}

impl Replica<'_> {
    /// Adds a note.
    pub fn note(&mut self, folio: &str, note: &str) -> Result<(), ReplicaError> {
        check_length("the note", note, TEXT_CHARS_MAX)?;
        let mut open = self.open_order(folio)?;
        open.document.append_scalar("notes", &text(note))?;
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }

    /// Adds a reading. Answers its flag, if it lies outside the norm.
    pub fn measure(
        &mut self,
        folio: &str,
        what: &str,
        value: &str,
        unit: &str,
        place: Option<&str>,
        instrument: Option<&str>,
    ) -> Result<Option<String>, ReplicaError> {
        let mut open = self.open_order(folio)?;
        let Some(measure) = self.rules.find_measure(what) else {
            let known = self.rules.measures.keys().cloned().collect();
            return Err(ReplicaError::Unknown { what: "measure", word: what.into(), known });
        };
        let key = measure.key.clone();
        let decimal = measure.check(value, unit).map_err(|error| reading_error(measure, error))?;
        let day = self.identity()?.utc_offset.day(self.moment.now_ms);
        let flag = measure.flag(decimal, &day).map(|(flag, _)| flag.to_string());
        let mut members =
            vec![("what", text(&key)), ("value", text(&decimal.to_string())), ("unit", text(&measure.unit))];
        members.extend(place.map(|place| ("where", text(place))));
        members.extend(instrument.map(|instrument| ("instrument", text(instrument))));
        members.extend(flag.as_deref().map(|flag| ("flag", text(flag))));
        open.document.append_map("measurements", &members)?;
        self.commit(open.record, &mut open.document)?;
        Ok(flag)
    }

    /// Adds a material that was used. Returns the materials that there are, the nearest first, if the catalogue lacks
    /// this one: it is noted all the same, because a crew that used it must be able to say so.
    pub fn use_material(
        &mut self,
        folio: &str,
        sku: &str,
        qty: &str,
        unit: &str,
    ) -> Result<Option<Vec<String>>, ReplicaError> {
        let used = self.material_used(sku, qty, unit)?;
        let mut open = self.open_order(folio)?;
        let mut members =
            vec![("sku", text(&used.sku)), ("qty", text(&used.qty.to_string())), ("unit", text(&used.unit))];
        members.extend(used.flag.map(|flag| ("flag", text(flag))));
        open.document.append_map("materials", &members)?;
        self.commit(open.record, &mut open.document)?;
        if used.flag.is_none() {
            return Ok(None);
        }
        let names = self.view().names(Sort::Material)?;
        let nearest = names.nearest(sku).into_iter().map(|(key, name)| format!("{key} ({name})"));
        Ok(Some(nearest.collect()))
    }

    /// Returns the amount of a material as an order holds it, checked by the catalogue if that has the material.
    pub(super) fn material_used(&self, sku: &str, qty: &str, unit: &str) -> Result<Used, ReplicaError> {
        let label = || Sentence::new(sku, sku);
        let wrong = |error| ReplicaError::Value { field: sku.into(), label: label(), error };
        let qty: Decimal = qty.trim().parse().map_err(|error| wrong(ValueError::Decimal(error)))?;
        if qty.units <= 0 {
            return Err(wrong(ValueError::NotPositive(qty.to_string())));
        }
        let Some((key, known)) = self.view().material(sku)? else {
            // A crew that used something the catalog lacks must still be able to say so.
            return Ok(Used { sku: sku.into(), qty, unit: unit.into(), flag: Some("not_in_catalog") });
        };
        match known {
            Some(expected) if fold_unit(&expected) != fold_unit(unit) => {
                let (what, found) = (sku.to_string(), unit.to_string());
                let units = vec![expected.clone()];
                let error = ReadingError::Unit { what, expected, found };
                Err(ReplicaError::Reading { what: sku.into(), label: label(), units, error })
            }
            known => Ok(Used { sku: key, qty, unit: known.unwrap_or_else(|| unit.into()), flag: None }),
        }
    }

    /// Sets a field of the kind, or a register of the order.
    pub fn set(&mut self, folio: &str, field: &str, value: &str) -> Result<(), ReplicaError> {
        let mut open = self.open_order(folio)?;
        let word = field.strip_prefix("fields.").unwrap_or(field);
        let found = self.kind_of(&open.row).and_then(|kind| kind.find_field(word).map(|f| (f, kind)));
        if let Some((_, kind)) = found {
            let (key, value) = parse_field(kind, word, value)?;
            let name = format!("fields.{key}");
            self.check_open_to(&open, folio, &name)?;
            open.document.put(&name, &value)?;
        } else {
            let name = register_named(word);
            self.check_open_to(&open, folio, &name)?;
            self.set_register(&mut open, &name, value)?;
        }
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }

    fn set_register(&self, open: &mut Open, name: &str, value: &str) -> Result<(), ReplicaError> {
        match name {
            "description" => Ok(open.document.update_text("description", value)?),
            "title" | "locality" | "asset" | "due" | "priority" => {
                let value = self.register_value(RecordKind::Order, name, value)?;
                Ok(open.document.put(name, &value)?)
            }
            _ => {
                let kind = self.kind_of(&open.row);
                let fields =
                    kind.into_iter().flat_map(|kind| kind.fields.iter().map(|field| field.key.clone()));
                let registers = SETTABLE.map(String::from);
                let known = fields.chain(registers).collect();
                Err(ReplicaError::Unknown { what: "field", word: name.into(), known })
            }
        }
    }

    /// Ticks a point of the checklist.
    pub fn check(&mut self, folio: &str, item: &str, done: bool) -> Result<(), ReplicaError> {
        let mut open = self.open_order(folio)?;
        let points = self.kind_of(&open.row).map(|kind| kind.checklist.clone()).unwrap_or_default();
        let word = fold_word(item);
        let named =
            |point: &&crate::rules::kind::Check| point.key == word || fold_word(&point.labels.es) == word;
        let Some(point) = points.iter().find(named) else {
            let known = points.iter().map(|point| point.key.clone()).collect();
            return Err(ReplicaError::Unknown { what: "checklist point", word: item.into(), known });
        };
        let name = format!("checklist.{}", point.key);
        self.check_open_to(&open, folio, &name)?;
        open.document.put(&name, &Scalar::Bool(done))?;
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }
}

/// Registers of an order that a person sets by name.
const SETTABLE: [&str; 6] = ["title", "description", "locality", "asset", "due", "priority"];

/// Returns the register of an order that a person means by its key or its Spanish name; the folded word if none.
fn register_named(word: &str) -> String {
    let word = fold_word(word);
    let label = |name: &&&str| fold_word(&register_label(name).es) == word;
    match SETTABLE.iter().find(label) {
        Some(name) => (*name).into(),
        // What the list's heading calls it.
        None if word == "vence" => "due".into(),
        None => word,
    }
}

pub(super) fn reading_error(measure: &Measure, error: ReadingError) -> ReplicaError {
    let (what, label) = (measure.key.clone(), Sentence::from(&measure.labels));
    match error {
        ReadingError::Value(error @ ValueError::Decimal(_)) => {
            ReplicaError::Value { field: what, label, error }
        }
        error => {
            let mut units = vec![measure.unit.clone()];
            for alias in &measure.unit_aliases {
                if !units.iter().any(|unit| fold_unit(unit) == fold_unit(alias)) {
                    units.push(alias.clone());
                }
            }
            ReplicaError::Reading { what, label, units, error }
        }
    }
}
