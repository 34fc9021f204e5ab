//! Summary: a record's row, and what is kept in step with it: its line in the lists, and the fingerprints of its scopes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::keyspace;
use crate::id::{Fingerprint, RecordId};
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::{Overlay, RowsError, read};

/// A record under the name people call it, with what a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    /// The record.
    pub record: RecordId,
    /// Kind of work (orders), service (reports), type (assets), item (catalog).
    pub kind: String,
    /// Locality key.
    pub locality: Option<String>,
    /// State.
    pub status: String,
    /// Crew code.
    pub crew: Option<String>,
    /// Title or name.
    pub title: String,
    /// The day by which an order is to be done.
    pub due: Option<String>,
    /// Registers in conflict.
    pub conflicts: u32,
    /// Whether it holds own work that no hub has received. Only in a device's overlay.
    pub unsent: bool,
    /// Whether it holds own work that is in quarantine. Only in a device's overlay.
    pub held_back: bool,
}

/// Writes a record's summary and keeps list row, membership and fingerprints in step with it.
pub fn store_row(
    overlay: &mut Overlay<'_>,
    record: &RecordId,
    before: Option<&RecordRow>,
    row: &RecordRow,
) -> Result<(), RowsError> {
    let empty = BTreeSet::new();
    let scopes_before = before.map_or(&empty, |before| &before.scopes);
    for scope in scopes_before.union(&row.scopes) {
        let digest_before =
            before.filter(|before| before.scopes.contains(scope)).map(|row| row.digest(record));
        let digest_after = row.scopes.contains(scope).then(|| row.digest(record));
        // A record that the ledger does not hold yet is no part of what two sides compare.
        let digest_before = digest_before.filter(|_| before.is_some_and(|before| before.created_seq != 0));
        let digest_after = digest_after.filter(|_| row.created_seq != 0);
        if digest_before != digest_after {
            let key = keyspace::fingerprint(scope);
            let mut fingerprint: Fingerprint = read(overlay, &key)?.unwrap_or_default();
            digest_before.iter().chain(&digest_after).for_each(|digest| fingerprint.toggle(digest));
            overlay.write(key, &fingerprint);
        }
    }
    let old = before.and_then(RecordRow::name);
    if let Some(old) = old.filter(|old| row.name().as_ref() != Some(old)) {
        delete_name(overlay, record, row, &old)?;
    }
    write_row(overlay, record, row)
}

/// Writes a record's summary and keeps the list row in step with it.
pub fn write_row(overlay: &mut Overlay<'_>, record: &RecordId, row: &RecordRow) -> Result<(), RowsError> {
    overlay.write(keyspace::record(record), row);
    write_aliases(overlay, record, row)?;
    let Some(name) = row.name() else { return Ok(()) };
    if !row.scopes.is_empty() {
        return overlay.write_changed(keyspace::name(row.kind, &name), &list_row(record, row));
    }
    delete_name(overlay, record, row, &name)
}

/// Lists a record under its further folios, as long as it is listed at all.
fn write_aliases(overlay: &mut Overlay<'_>, record: &RecordId, row: &RecordRow) -> Result<(), RowsError> {
    for folio in &row.folios {
        let key = keyspace::alias(row.kind, folio);
        match row.scopes.is_empty() {
            false => overlay.write_changed(key, record)?,
            true if read::<RecordId>(overlay, &key)?.as_ref() == Some(record) => overlay.delete(key),
            true => {}
        }
    }
    Ok(())
}

/// Takes a record off the list of names. Another one may be listed under that name by now.
fn delete_name(
    overlay: &mut Overlay<'_>,
    record: &RecordId,
    row: &RecordRow,
    name: &str,
) -> Result<(), RowsError> {
    let key = keyspace::name(row.kind, name);
    if read::<ListRow>(overlay, &key)?.is_some_and(|listed| listed.record == *record) {
        overlay.delete(key);
    }
    Ok(())
}

/// What a list shows of a record.
pub fn list_row(record: &RecordId, row: &RecordRow) -> ListRow {
    let text = |key: &str| row.text(key).filter(|text| !text.is_empty()).map(String::from);
    let (kind, title) = match row.kind {
        RecordKind::Order => (text("kind"), text("title")),
        RecordKind::Report => (text("service"), text("title")),
        RecordKind::Asset => (text("asset_type"), text("name")),
        RecordKind::Plan => (text("unit"), text("activity")),
        RecordKind::Catalog => (text("item"), text("name")),
    };
    ListRow {
        record: *record,
        kind: kind.unwrap_or_default(),
        locality: text("locality"),
        status: text("status").unwrap_or_default(),
        crew: text("crew"),
        title: title.unwrap_or_default(),
        due: text("due"),
        conflicts: u32::try_from(row.conflicts().count()).unwrap_or(u32::MAX),
        unsent: false,
        held_back: false,
    }
}
