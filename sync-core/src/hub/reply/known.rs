//! Known: what a device has of what an entry refers to, so that a reference is a number rather than a hash.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_bytes::ByteBuf;

use super::super::HubError;
use super::Reading;
use super::state::counts_since;
use crate::id::RecordId;
use crate::record::row::RecordRow;
use crate::rows::{RowsError, read};
use crate::scope::Scope;
use crate::state::applied::ChangeRow;
use crate::state::keyspace;
use crate::state::refs::RowRefs;
use crate::wire::pack::pack;

impl Reading<'_> {
    pub(super) fn pack(&self) -> Result<ByteBuf, HubError> {
        let cache: RefCell<BTreeMap<RecordId, Option<u64>>> = RefCell::default();
        let is_known = |record: &RecordId| -> Result<Option<u64>, RowsError> {
            if let Some(known) = cache.borrow().get(record) {
                return Ok(*known);
            }
            let known = self.known_number(record)?;
            cache.borrow_mut().insert(*record, known);
            Ok(known)
        };
        let has = |record: &RecordId, row: &ChangeRow| -> Result<bool, RowsError> {
            let read_to = self.cursors.values().copied().min().unwrap_or(0);
            // Another device may write under this one's name: of the entries under it the device certainly has those
            // whose places it was told.
            let is_own = row.device == self.device && (row.line <= read_to || self.told.contains(&row.line));
            Ok(is_own || (row.line <= read_to && is_known(record)?.is_some()))
        };
        let refs = RowRefs { rows: self.rows, is_known: &is_known, has: &has };
        let bytes =
            pack(&self.items, &self.hashes, &refs).map_err(|error| HubError::Answer(error.to_string()))?;
        Ok(ByteBuf::from(bytes))
    }

    /// The number of a record that the device certainly knows: it read the record's creation, or made it.
    fn known_number(&self, record: &RecordId) -> Result<Option<u64>, RowsError> {
        let Some(row) = read::<RecordRow>(self.rows, &keyspace::record(record))? else { return Ok(None) };
        if let Some(cursor) = self.cursors.get(&Scope::Municipality) {
            let known = counts_since(self.rows, record)?.is_some_and(|since| since <= *cursor);
            return Ok(Some(row.created_seq).filter(|seq| *seq != 0 && known));
        }
        for (scope, cursor) in &self.cursors {
            let since: Option<u64> = read(self.rows, &keyspace::member(scope, record))?;
            if since.is_some_and(|since| since <= *cursor) && !self.whole.contains(record) {
                return Ok(Some(row.created_seq).filter(|seq| *seq != 0));
            }
        }
        Ok(None)
    }
}
