//! Listing: how a record with pending work is listed.

use super::pending_of;
use crate::id::RecordId;
use crate::record::row::RecordRow;
use crate::rows::{Overlay, RowsError, all_under, number_in, read};
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::state::layers::{Merged, in_overlay};
use crate::state::local::{GENERATIONS, IDENTITY, Pending, listed};
use crate::state::summary::{ListRow, list_row};

/// Lists a record with what its pending entries say of it.
pub(super) fn relist(raw: &mut Overlay<'_>, record: &RecordId) -> Result<(), RowsError> {
    let Some(me) = IDENTITY.read(raw)? else { return Ok(()) };
    let generation = GENERATIONS.read_or_default(raw)?.shown;
    let merged = Merged::new(raw, generation);
    let Some(row) = read::<RecordRow>(&merged, &keyspace::record(record))? else { return Ok(()) };
    let (mut unsent, mut held_back, mut is_shown) = (false, false, false);
    let all: Vec<(Vec<u8>, Pending)> = all_under(raw, &pending_of(record))?;
    if all.is_empty() {
        return Ok(());
    }
    for (tail, state) in all {
        let entry: Option<EntryRow> = read(&merged, &keyspace::entry(&me.device, number_in(&tail)?))?;
        unsent |= entry.as_ref().is_none_or(|entry| entry.receipt.is_none());
        held_back |= entry.is_some_and(|entry| entry.is_quarantined());
        is_shown |= state == Pending::Shown;
    }
    let Some(name) = row.name().filter(|_| is_shown || !row.scopes.is_empty()) else { return Ok(()) };
    let key = keyspace::name(row.kind, &name);
    let below: Option<ListRow> = read(&merged.mirror(), &key)?;
    if below.is_some_and(|below| below.record != *record) {
        // The name is another record's in the ledger.
        return Ok(());
    }
    raw.write(listed(record), &key);
    in_overlay(raw, generation, |rows| {
        rows.write(key, &ListRow { unsent, held_back, ..list_row(record, &row) });
        Ok(())
    })
}
