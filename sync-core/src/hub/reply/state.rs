//! State: what a reply says beside entries: whether the log grew from what the device kept, the fingerprints of its
//! scopes, the places of its own entries, since when a record exists.

use std::collections::BTreeMap;

use crate::hub::rights::is_past;
use crate::id::{Fingerprint, Hash, RecordId};
use crate::limits::KEPT_ANCHORS_MAX;
use crate::log::entry::Anchor;
use crate::log::merkle;
use crate::rows::{Rows, RowsError, read};
use crate::scope::Scope;
use crate::state::applied::ChangeRow;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::wire::message::SyncRequest;

/// The proof that what the device keeps is the beginning of the log; `None` if it is not.
pub(super) fn consistency(rows: &dyn Rows, kept: &Anchor, size: u64) -> Result<Option<Vec<Hash>>, RowsError> {
    if kept.size == 0 {
        return Ok(Some(Vec::new()));
    }
    if kept.size > size || merkle::root(rows, kept.size)? != kept.root {
        return Ok(None);
    }
    merkle::prove_consistency(rows, kept.size, size).map(Some)
}

pub(super) fn fingerprints(rows: &dyn Rows, scopes: &[Scope]) -> Result<Vec<Fingerprint>, RowsError> {
    scopes.iter().map(|scope| Ok(read(rows, &keyspace::fingerprint(scope))?.unwrap_or_default())).collect()
}

/// Number and record in what follows a scope in the key of its event.
pub(super) fn split_event(tail: &[u8]) -> Option<(u64, RecordId)> {
    let (seq, record) = tail.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*seq), RecordId::from_slice(record)?))
}

/// Records that came into a scope or left it, the scope as its index in the reply's list.
pub(super) fn moves_by_index(
    moves: &BTreeMap<(Scope, RecordId), bool>,
    scopes: &[Scope],
) -> Vec<(u32, RecordId, bool)> {
    let index = |scope: &Scope| scopes.iter().position(|other| other == scope);
    let move_of = |((scope, record), entered): (&(Scope, RecordId), &bool)| {
        Some((u32::try_from(index(scope)?).ok()?, *record, *entered))
    };
    moves.iter().filter_map(move_of).collect()
}

/// The ledger number since which a record exists: that of its creation, or of the act that released it. Who read the
/// ledger up to a creation that was quarantined does not know the record yet.
pub(super) fn counts_since(rows: &dyn Rows, record: &RecordId) -> Result<Option<u64>, RowsError> {
    let Some(creation) = read::<ChangeRow>(rows, &keyspace::change(record, 0))? else { return Ok(None) };
    let entry: Option<EntryRow> = read(rows, &keyspace::entry(&creation.device, creation.seq))?;
    Ok(entry.and_then(|entry| entry.accepted()).map(|(seq, _)| seq))
}

/// Returns, in answer to evidence of another history, the newest of the device's earlier states that this log was in:
/// the empty one if it was in none. `None` if there was no evidence.
pub(super) fn newest_common(
    rows: &dyn Rows,
    sync: &SyncRequest,
    size: u64,
) -> Result<Option<Anchor>, RowsError> {
    if sync.evidence.is_empty() {
        return Ok(None);
    }
    for anchor in sync.older.iter().take(KEPT_ANCHORS_MAX) {
        if is_past(rows, size, anchor)? {
            return Ok(Some(*anchor));
        }
    }
    Ok(Some(Anchor::default()))
}
