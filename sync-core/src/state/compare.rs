//! Compare: what two sides hold of a scope, in a form short enough to send.

use std::collections::{BTreeMap, BTreeSet};

use super::held::{held_rows, mark};
use super::keyspace;
use crate::id::{DeviceId, Hash, RecordId};
use crate::record::row::RecordRow;
use crate::rows::{Rows, RowsError, decode, read};
use crate::scope::Scope;

/// The first eight bytes of a digest, as reconciliation compares them.
pub fn short_digest(digest: &Hash) -> [u8; 8] {
    std::array::from_fn(|index| digest.0[index])
}

/// What is held back of others than `device`, as lists of it are compared.
pub fn held_list(rows: &dyn Rows, device: &DeviceId) -> Result<BTreeSet<(u64, [u8; 8])>, RowsError> {
    let others = held_rows(rows)?.into_iter().filter(|(_, row)| row.device != *device);
    Ok(others.map(|(seq, row)| (seq, short_digest(&mark(seq, &row)))).collect())
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
    let prefix = keyspace::members(scope);
    let mut records = Vec::new();
    rows.scan(&prefix, &prefix, &mut |key, _| {
        records.extend(RecordId::from_slice(&key[prefix.len()..]));
        true
    })?;
    for record in records {
        if let Some(row) = read::<RecordRow>(rows, &keyspace::record(&record))? {
            found.insert(record, row);
        }
    }
    Ok(found)
}
