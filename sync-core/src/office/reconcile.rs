//! Reconcile: a scope compared record by record, after fingerprints differed.

use std::collections::BTreeMap;

use super::OfficeError;
use super::reply::Reading;
use crate::id::{Hash, RecordId};
use crate::keys;
use crate::record::row::RecordRow;
use crate::rows::{Rows, RowsError, decode, read};
use crate::scope::Scope;

impl Reading<'_> {
    /// Compares a scope record by record: sends whole what differs, and takes back what is not in it.
    pub(super) fn reconcile(
        &mut self,
        scope: &Scope,
        theirs: &[(RecordId, [u8; 8])],
    ) -> Result<u64, OfficeError> {
        let theirs: BTreeMap<RecordId, [u8; 8]> = theirs.iter().copied().collect();
        let members = self.members(scope)?;
        for (record, row) in &members {
            if theirs.get(record) != Some(&short_digest(&row.digest(record))) {
                self.moves.insert((scope.clone(), *record), true);
                self.choose_whole(record)?;
            }
        }
        for record in theirs.keys().filter(|record| !members.contains_key(*record)) {
            self.moves.insert((scope.clone(), *record), false);
        }
        Ok(self.cursors.values().copied().min().unwrap_or(0))
    }

    fn members(&self, scope: &Scope) -> Result<BTreeMap<RecordId, RecordRow>, OfficeError> {
        if !self.cursors.contains_key(scope) {
            return Ok(BTreeMap::new());
        }
        members(self.rows, scope).map_err(OfficeError::from)
    }
}

/// The first eight bytes of a digest, as reconciliation compares them.
pub fn short_digest(digest: &Hash) -> [u8; 8] {
    std::array::from_fn(|index| digest.0[index])
}

/// All records of a scope with their summaries.
pub fn members(rows: &dyn Rows, scope: &Scope) -> Result<BTreeMap<RecordId, RecordRow>, RowsError> {
    let mut found = BTreeMap::new();
    if *scope == Scope::Municipality {
        let prefix = b"r/";
        let mut failure = None;
        rows.scan(prefix, prefix, &mut |key, value| {
            match (RecordId::from_slice(&key[prefix.len()..]), decode::<RecordRow>(value)) {
                (Some(record), Ok(row)) if row.created_seq != 0 => drop(found.insert(record, row)),
                (Some(_), Ok(_)) => {}
                (_, Err(error)) => failure = Some(error),
                (None, _) => failure = Some(RowsError("a record row has a malformed key".into())),
            }
            failure.is_none()
        })?;
        return failure.map_or(Ok(found), Err);
    }
    let prefix = keys::members(scope);
    let mut records = Vec::new();
    rows.scan(&prefix, &prefix, &mut |key, _| {
        records.extend(RecordId::from_slice(&key[prefix.len()..]));
        true
    })?;
    for record in records {
        if let Some(row) = read::<RecordRow>(rows, &keys::record(&record))? {
            found.insert(record, row);
        }
    }
    Ok(found)
}
