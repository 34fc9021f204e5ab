//! Elements: what an order's lists hold that may be corrected, by the operation that made it. Judging a correction reads
//! one row.

use serde::{Deserialize, Serialize};

use super::keyspace;
use crate::id::{DeviceId, RecordId};
use crate::record::change::{OpId, Scalar};
use crate::record::correction::LISTS;
use crate::record::patch::{Element, Patch};
use crate::record::schema::RecordSchema;
use crate::rows::{Overlay, Rows, RowsError, all_under};

/// An element of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElementRow {
    /// The list.
    pub list: String,
    /// Its measure, or its key of the catalogue.
    pub what: Option<String>,
}

/// Notes the elements that a change appends.
pub fn note_elements(
    overlay: &mut Overlay<'_>,
    record: &RecordId,
    schema: &RecordSchema,
    patches: &[Patch<'_>],
) {
    for patch in patches {
        let Patch::Append { slot, element, op } = patch else { continue };
        let Some(list) = schema.slots.get(*slot).map(|slot| &slot.key) else { continue };
        if LISTS.contains(&list.as_str()) {
            let row = ElementRow { list: list.clone(), what: what_of(element) };
            overlay.write(keyspace::element(record, op), &row);
        }
    }
}

/// Returns the elements of an order's lists that may be corrected, by the number of their operation.
///
/// # Errors
/// A key that names no operation.
pub fn elements(rows: &dyn Rows, record: &RecordId) -> Result<Vec<(OpId, ElementRow)>, RowsError> {
    let mut found = Vec::new();
    for (tail, row) in all_under(rows, &keyspace::elements(record))? {
        let malformed = || RowsError("the row of an element has a malformed key".into());
        let (counter, device) = tail.split_first_chunk().ok_or_else(malformed)?;
        let device = DeviceId::from_slice(device).ok_or_else(malformed)?;
        found.push((OpId { counter: u64::from_be_bytes(*counter), device }, row));
    }
    Ok(found)
}

fn what_of(element: &Element<'_>) -> Option<String> {
    let Element::Map(map) = element else { return None };
    match map.get("what").or_else(|| map.get("sku")) {
        Some(Scalar::Str(what)) => Some(what.clone()),
        _ => None,
    }
}
