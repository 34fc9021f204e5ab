//! Document: a record's Automerge document, read from the changes that its rows list.

use super::applied::applied_changes;
use crate::id::{DeviceId, RecordId};
use crate::log::line::{Lines, read_entry};
use crate::record::document::Document;
use crate::rows::{Rows, RowsError};

/// Returns the document of a record as this store knows it, to be written by `device`.
pub fn load_document(
    rows: &dyn Rows,
    lines: &dyn Lines,
    record: &RecordId,
    device: DeviceId,
) -> Result<Document, RowsError> {
    let mut changes = Vec::new();
    for row in applied_changes(rows, record)? {
        let (_, chained) = read_entry(lines, row.line)?;
        changes.push(chained.entry.body.bytes().to_vec());
    }
    Document::from_raw(device, &changes)
}
