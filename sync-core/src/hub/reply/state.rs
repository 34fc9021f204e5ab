//! State: what a reply says beside entries: whether the log grew from what the device kept, the fingerprints of its
//! scopes, the places of its own entries, since when a record exists.

use std::collections::BTreeMap;

use super::super::admit::Outcome;
use crate::id::{DeviceId, Fingerprint, Hash, RecordId};
use crate::log::entry::Anchor;
use crate::log::line::Ack;
use crate::log::merkle;
use crate::rows::{Rows, RowsError, decode, read};
use crate::scope::Scope;
use crate::state::compare::short_digest;
use crate::state::fold::{ChangeRow, EntryRow};
use crate::state::keyspace;

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

/// Whether a ledger number is one of those places.
pub(super) fn is_among(places: &[Ack], seq: u64) -> bool {
    places.iter().any(|ack| (ack.seq..ack.seq + ack.count).contains(&seq))
}

/// The ledger number since which a record exists: that of its creation, or of the act that released it. Who read the
/// ledger up to a creation that was held back does not know the record yet.
pub(super) fn counts_since(rows: &dyn Rows, record: &RecordId) -> Result<Option<u64>, RowsError> {
    let Some(creation) = read::<ChangeRow>(rows, &keyspace::change(record, 0))? else { return Ok(None) };
    let entry: Option<EntryRow> = read(rows, &keyspace::entry(&creation.device, creation.seq))?;
    Ok(entry.and_then(|entry| entry.accepted()).map(|(seq, _)| seq))
}

/// The places of all entries of a device, and what tells them from others with their numbers. What the request brought is told as it went: on a branch it stands elsewhere.
pub(super) fn own_places(
    rows: &dyn Rows,
    device: &DeviceId,
    brought: &Outcome,
) -> Result<(Outcome, Vec<u8>), RowsError> {
    let first_brought = brought.acks.first().map_or(u64::MAX, |ack| ack.first);
    let (mut outcome, mut hashes) = (Outcome::default(), Vec::new());
    let prefix = keyspace::entries(device);
    let mut failure = None;
    rows.scan(&prefix, &prefix, &mut |key, value| {
        let seq = key[prefix.len()..].try_into().map(u64::from_be_bytes);
        match (seq, decode::<EntryRow>(value)) {
            (Ok(seq), _) if seq >= first_brought => return false,
            (Ok(seq), Ok(row)) => {
                if let Some(receipt) = row.receipt_now() {
                    outcome.add(seq, &receipt);
                    hashes.extend(short_digest(&row.hash.unwrap_or_default()));
                }
            }
            (_, Err(error)) => failure = Some(error),
            (Err(_), _) => failure = Some(RowsError("an entry row has a malformed key".into())),
        }
        failure.is_none()
    })?;
    outcome.acks.extend(brought.acks.iter().cloned());
    outcome.refused.extend(brought.refused.iter().cloned());
    failure.map_or(Ok((outcome, hashes)), Err)
}
