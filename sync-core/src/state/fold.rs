//! Fold: how an entry becomes index rows. The server folds its ledger, a device its journal; both through here, so
//! that both see the same record.

use crate::log::verdict::Decision;
use crate::state::interpret::Acceptable;
use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, Fingerprint, Hash, RecordId};
use crate::log::verdict::{Receipt, Verdict};
use crate::record::change::Change;
use crate::record::schema::RecordKind;
use crate::rows::{Overlay, Rows, RowsError, all_under, read};
use crate::scope::Scope;
use crate::state::keyspace;
use crate::time::TimeMs;

/// One applied change of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Who made it.
    pub device: DeviceId,
    /// As which entry of the device's chain.
    pub seq: u64,
    /// Counter of its first operation.
    pub start_op: u64,
    /// How many operations.
    pub ops: u64,
    /// Its hash.
    pub hash: Hash,
    /// The line it stands on.
    pub line: u64,
}

impl ChangeRow {
    /// Whether the change holds that operation.
    pub fn holds(&self, op: &crate::record::change::OpId) -> bool {
        self.device == op.device && (self.start_op..self.start_op + self.ops).contains(&op.counter)
    }
}

/// One entry of a device chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    /// Its hash, where the chain before it is known.
    pub hash: Option<Hash>,
    /// The line it stands on.
    pub line: u64,
    /// The record it changes; zero for an act.
    pub record: RecordId,
    /// The change it makes; zero for an act.
    pub change: Hash,
    /// The server's first word, once there is one. It never changes.
    pub receipt: Option<Receipt>,
    /// What was decided later, if that word held the entry back.
    pub decided: Option<Decision>,
}

impl EntryRow {
    /// Whether the row is that of an entry with this hash, as far as it is known, and this change.
    pub fn is_same(&self, hash: Option<&Hash>, change: &Hash) -> bool {
        let is_same_hash = self.hash.as_ref().zip(hash).is_none_or(|(known, hash)| known == hash);
        is_same_hash && self.change == *change
    }

    /// Since which ledger number and time the entry counts; `None` if it does not.
    pub fn accepted(&self) -> Option<(u64, TimeMs)> {
        let receipt = self.receipt.as_ref()?;
        match &self.decided {
            _ if receipt.verdict.is_accepted() => Some((receipt.seq, receipt.received_at_ms)),
            Some(decision) if decision.releases => Some((decision.seq, decision.at_ms)),
            _ => None,
        }
    }

    /// The receipt as it would be given today: after a release the entry is accepted.
    pub fn receipt_now(&self) -> Option<Receipt> {
        let mut receipt = self.receipt.clone()?;
        if self.accepted().is_some() {
            receipt.verdict = Verdict::Accepted;
        }
        Some(receipt)
    }
}

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
    /// Registers in conflict.
    pub conflicts: u32,
    /// Whether it holds work that no server has confirmed.
    pub unsent: bool,
    /// Whether it holds own work that the server holds back.
    pub held_back: bool,
}

/// All applied changes of a record, in the order they were applied.
pub fn applied_changes(rows: &dyn Rows, record: &RecordId) -> Result<Vec<ChangeRow>, RowsError> {
    let changes = all_under(rows, &keyspace::changes(record))?;
    Ok(changes.into_iter().map(|(_, change)| change).collect())
}

/// Whether a change of a record was applied. Applying is not idempotent, so whoever might repeat one asks first.
pub fn is_applied(rows: &dyn Rows, record: &RecordId, change: &Hash) -> Result<bool, RowsError> {
    Ok(applied_changes(rows, record)?.iter().any(|row| row.hash == *change))
}

/// Where an applied change came from.
pub struct Applied<'c> {
    /// The record.
    pub record: RecordId,
    /// The change.
    pub change: &'c Change,
    /// Its hash.
    pub hash: Hash,
    /// Its place in its device's chain.
    pub device_seq: u64,
    /// The line it stands on.
    pub line: u64,
    /// Its ledger number, if a server accepted it.
    pub accepted_as: Option<u64>,
}

/// Applies a change to its record's rows: summary, change, number, name, and the fingerprints of its scopes.
/// `scopes_after` says which scopes the record is in afterwards. Answers the scopes before and after.
pub fn apply_change(
    overlay: &mut Overlay<'_>,
    acceptable: Acceptable<'_>,
    applied: &Applied<'_>,
    scopes_after: impl FnOnce(&crate::record::row::RecordRow) -> std::collections::BTreeSet<Scope>,
) -> Result<Moved, RowsError> {
    let Acceptable { row: before, patches, is_creation } = acceptable;
    let mut row = before.clone();
    let number = row.changes;
    row.apply(applied.change, &applied.hash, &patches);
    match applied.accepted_as {
        Some(seq) => {
            row.fingerprint.toggle(&applied.hash);
            if is_creation {
                row.created_seq = seq;
                overlay.write(keyspace::number(seq), &applied.record);
            }
        }
        None => row.unsent += 1,
    }
    row.scopes = scopes_after(&row);
    row.scopes_ever.extend(row.scopes.iter().cloned());
    let change_row = ChangeRow {
        device: applied.change.device,
        seq: applied.device_seq,
        start_op: applied.change.start_op,
        ops: applied.change.ops.len() as u64,
        hash: applied.hash,
        line: applied.line,
    };
    overlay.write(keyspace::change(&applied.record, number), &change_row);
    store_row(overlay, &applied.record, Some(&before), &row)?;
    Ok(Moved { before: before.scopes, after: row.scopes, kind: row.kind })
}

/// The scopes of a record before and after something.
pub struct Moved {
    /// Before.
    pub before: std::collections::BTreeSet<Scope>,
    /// After.
    pub after: std::collections::BTreeSet<Scope>,
    /// The record's kind.
    pub kind: RecordKind,
}

/// Writes a record's summary and keeps list row, membership and fingerprints in step with it.
pub fn store_row(
    overlay: &mut Overlay<'_>,
    record: &RecordId,
    before: Option<&crate::record::row::RecordRow>,
    row: &crate::record::row::RecordRow,
) -> Result<(), RowsError> {
    let empty = std::collections::BTreeSet::new();
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
    let old = before.and_then(crate::record::row::RecordRow::name);
    if let Some(old) = old.filter(|old| row.name().as_ref() != Some(old)) {
        delete_name(overlay, record, row, &old)?;
    }
    write_row(overlay, record, row)
}

/// Writes a record's summary and keeps the list row in step with it.
pub fn write_row(
    overlay: &mut Overlay<'_>,
    record: &RecordId,
    row: &crate::record::row::RecordRow,
) -> Result<(), RowsError> {
    overlay.write(keyspace::record(record), row);
    let Some(name) = row.name() else { return Ok(()) };
    // While a device reads everything anew, what it had is in view until the ledger speaks of it again.
    let is_from_before = row.kept > 0 && overlay.get(&keyspace::before(record))?.is_some();
    let is_visible = !row.scopes.is_empty() || row.unsent > 0 || row.held_back > 0 || is_from_before;
    if is_visible {
        overlay.write(keyspace::name(row.kind, &name), &list_row(record, row));
        return Ok(());
    }
    delete_name(overlay, record, row, &name)
}

/// Takes a record off the list of names. Another one may be listed under that name by now.
fn delete_name(
    overlay: &mut Overlay<'_>,
    record: &RecordId,
    row: &crate::record::row::RecordRow,
    name: &str,
) -> Result<(), RowsError> {
    let key = keyspace::name(row.kind, name);
    if read::<ListRow>(overlay, &key)?.is_some_and(|listed| listed.record == *record) {
        overlay.delete(key);
    }
    Ok(())
}

/// Takes a record out of the index: its creation no longer counts, so that no ledger holds it.
pub fn forget_record(
    overlay: &mut Overlay<'_>,
    record: &RecordId,
    before: &crate::record::row::RecordRow,
) -> Result<(), RowsError> {
    let mut gone = before.clone();
    gone.scopes.clear();
    store_row(overlay, record, Some(before), &gone)?;
    if let Some(name) = before.name() {
        delete_name(overlay, record, before, &name)?;
    }
    overlay.delete(keyspace::record(record));
    Ok(())
}

/// What a list shows of a record.
pub fn list_row(record: &RecordId, row: &crate::record::row::RecordRow) -> ListRow {
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
        conflicts: u32::try_from(row.conflicts().count()).unwrap_or(u32::MAX),
        unsent: row.unsent > 0,
        held_back: row.held_back > 0,
    }
}
