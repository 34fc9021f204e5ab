//! Corrections: a slip in a reading, a material, a note or a photo is said afterwards. What was written first stays.

use super::orders::{Open, check_length};
use super::work::reading_error;
use super::{Replica, ReplicaError};
use crate::judge::correction::REASON_CHARS_MAX;
use crate::limits::TEXT_CHARS_MAX;
use crate::record::change::{OpId, Scalar};
use crate::record::correction::{Correction, register};
use crate::rows::read;
use crate::state::elements::{ElementRow, elements};
use crate::state::keyspace;
use crate::view::items::{said, short_names};
use crate::view::steps::{Authors, steps_of};

/// What is to count of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instead {
    /// This value, in this unit; in the unit that was written, where none is given.
    Value {
        /// A decimal, or the text of a note.
        value: String,
        /// The unit.
        unit: Option<String>,
    },
    /// Nothing.
    Nothing,
}

/// An element that was corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// The operation that made it.
    pub id: OpId,
    /// Why a person should look at the value that counts now.
    pub flag: Option<String>,
}

impl Replica<'_> {
    /// Corrects or voids an element of an order, with the reason. `item` names it as the sheet does: by the number of the
    /// operation that made it, which stays its own whatever is merged.
    pub fn correct(
        &mut self,
        folio: &str,
        item: &str,
        instead: &Instead,
        reason: &str,
    ) -> Result<Corrected, ReplicaError> {
        check_length("the reason", reason, REASON_CHARS_MAX)?;
        let mut open = self.open_order(folio)?;
        let (id, element) = self.find_item(&open, item)?;
        let name = register(&id);
        self.check_open_to(&open, folio, &name)?;
        if open.row.correction(&id).is_some_and(|said| said.voids) {
            return Err(ReplicaError::Voided { folio: folio.into(), item: item.into() });
        }
        let said = self.correction_of(&open, &id, &element, instead, reason)?;
        let flag = said.flag.clone();
        open.document.put(&name, &said.to_scalar())?;
        self.commit(open.record, &mut open.document)?;
        Ok(Corrected { id, flag })
    }

    /// Returns the element that a person means, by its whole id or by the number that the sheet shows.
    pub(super) fn find_item(&self, open: &Open, item: &str) -> Result<(OpId, ElementRow), ReplicaError> {
        let word = item.trim().trim_start_matches('#').to_lowercase();
        let all = elements(&self.rows(), &open.record)?;
        let (number, device) = word.split_once('@').unwrap_or((&word, ""));
        let fits = |op: &OpId| op.counter.to_string() == number && op.device.to_string().starts_with(device);
        let found: Vec<&(OpId, ElementRow)> = all.iter().filter(|(op, _)| fits(op)).collect();
        let names = short_names(all.iter().map(|(op, _)| *op));
        let named = |one: &&(OpId, ElementRow)| names.get(&one.0).cloned().unwrap_or_default();
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            [] => {
                let known = all.iter().map(|one| named(&one)).collect();
                Err(ReplicaError::Unknown { what: "item", word: item.into(), known })
            }
            several => Err(ReplicaError::Ambiguous {
                word: item.into(),
                matches: several.iter().map(named).collect(),
            }),
        }
    }

    /// Returns the correction that says this of an element.
    pub(super) fn correction_of(
        &self,
        open: &Open,
        id: &OpId,
        element: &ElementRow,
        instead: &Instead,
        reason: &str,
    ) -> Result<Correction, ReplicaError> {
        let mut correction = Correction {
            of: element.list.clone(),
            what: element.what.clone(),
            value: None,
            unit: None,
            flag: None,
            voids: matches!(instead, Instead::Nothing),
            reason: reason.into(),
        };
        let Instead::Value { value, unit } = instead else { return Ok(correction) };
        let written = said(&open.document, &element.list, id)?;
        let unit = unit.as_ref().or(written.get("unit"));
        let what = element.what.as_deref().unwrap_or_default();
        let not_so = || ReplicaError::NotCorrected { list: element.list.clone() };
        match element.list.as_str() {
            "notes" if unit.is_none() => {
                check_length("the note", value, TEXT_CHARS_MAX)?;
                correction.value = Some(value.clone());
            }
            "measurements" => {
                let measure = self.rules.measures.get(what).ok_or_else(not_so)?;
                let unit = unit.map_or(measure.unit.as_str(), String::as_str);
                let decimal = measure.check(value, unit).map_err(|error| reading_error(measure, error))?;
                let day = self.day_of(open, id)?;
                correction.flag = measure.flag(decimal, &day).map(|(flag, _)| flag.to_string());
                correction.value = Some(decimal.to_string());
                correction.unit = Some(measure.unit.clone());
            }
            "materials" => {
                let used = self.material_used(what, value, unit.map_or("", String::as_str))?;
                correction.value = Some(used.qty.to_string());
                correction.unit = Some(used.unit);
                correction.flag = used.flag.map(String::from);
            }
            _ => return Err(not_so()),
        }
        Ok(correction)
    }

    /// Returns the day on which an element was written, as its author claimed: a norm of that day counts.
    fn day_of(&self, open: &Open, id: &OpId) -> Result<String, ReplicaError> {
        let steps = steps_of(&self.rows(), &self.lines, &open.record)?;
        let view = self.view();
        let claimed_at_ms = Authors::of(view.who(), &steps).step(id)?.claimed_at_ms();
        Ok(self.identity()?.utc_offset.day(claimed_at_ms))
    }

    /// Returns the correction that a decision writes: of an element whose corrections differ, as typed.
    pub(super) fn decided_correction(
        &self,
        open: &Open,
        id: &OpId,
        typed: &str,
        reason: &str,
    ) -> Result<Scalar, ReplicaError> {
        let element: Option<ElementRow> = read(&self.rows(), &keyspace::element(&open.record, id))?;
        let element = element.ok_or_else(|| ReplicaError::Index(format!("element {id} has no row")))?;
        let (value, unit) = match typed.trim().rsplit_once(' ') {
            Some((value, unit)) if element.list != "notes" => (value, Some(unit.to_string())),
            _ => (typed, None),
        };
        let instead = Instead::Value { value: value.trim().into(), unit };
        Ok(self.correction_of(open, id, &element, &instead, reason)?.to_scalar())
    }
}
