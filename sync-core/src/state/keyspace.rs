//! Keyspace: the keys of the index rows that follow from a ledger, all in one place: one letter, a slash, then
//! big-endian or text parts. A hub has them as they are; a device has them once for each generation of its mirror, and in
//! its overlay (`state/layers.rs`). Rows that only a device has stand in `state/local.rs`. An index may keep numbered rows
//! several to a page ([`pages`]), which nobody sees who reads rows.
//!
//! | prefix | value | row | on a device |
//! |---|---|---|---|
//! | `a/g` | `GenesisRow` | the municipality, from the genesis act | told |
//! | `a/f` | `u64` | since which ledger number the ledger has lost a history | told |
//! | `a/e` | `Epoch` | the epoch | told |
//! | `a/h/` epoch | `u64` | an epoch that the ledger had, or lost | told |
//! | `a/d/` device | `DeviceRow` | the device: key, role, scopes, chain head | told |
//! | `a/i/` lock | `InviteRow` | an invitation | told |
//! | `a/l/` size, root | `u64` | a state of the log that was lost, and proven to be | told |
//! | `a/r/` name | JSON text | a rule file | told |
//! | `a/v/` seq | `RuleVersion` | a rule file as it was published at that ledger number | told |
//! | `a/w/` seq | `AppVersion` | an app for browsers that the office serves from that ledger number on | told |
//! | `a/c` | cursors by scope | how far a device has read | only there |
//! | `a/o/` device | `u64` | up to which of a device's entries all places are told | only there |
//! | `b/e/` hash | `ErasedRow` | a blob was erased | told |
//! | `b/n/` hash, device, record | `NamedRow` | an entry of the device names a blob on a record | told |
//! | `b/r/` record, hash, device | nothing | the same, by record | told |
//! | `b/s/` hash, device | `StoredRow` | the office has, or had, the blob that the device's entry names | told |
//! | `c/` record, n | `ChangeRow` | the n-th change of a record, as it was applied | told, overlay |
//! | `d/` device, seq | `EntryRow` | an entry of a device chain | told, overlay |
//! | `j/` record, `h`, hash; `o`, device, counter | `u32` | which change of a long record has that hash, or ends before that operation | told, overlay |
//! | `k/` device, seq, hash | `EntryRow` | an entry of a forked chain | told |
//! | `e/` record, counter, device | `ElementRow` | an element of an order's list, by the operation that made it | told, overlay |
//! | `f/` scope | `Fingerprint` | fingerprint of a scope | told |
//! | `g/` seq | key of an entry | the entry at that ledger number | only there |
//! | `h/` change hash, seq | `u64` | ledger number of an entry that waits for that change | - |
//! | `l/` kind, name | `ListRow` | a record under the name people call it | told, overlay |
//! | `m/attempt/` device | `Asked` | the highest attempt of a device, and what it had heard | - |
//! | `m/revoked/`, `m/assigned/` device | act | what was said of a device before its enrolment was heard of | told |
//! | `n/` seq | `RecordId` | the record created at that ledger number | told |
//! | `o/` device, seq | `u64` | ledger number of an own entry that was dismissed | only there |
//! | `p/` scope, 0, record | `u64` | the record is in the scope, since that ledger number | told |
//! | `q/` seq | `QuarantineRow` | a quarantined entry | told |
//! | `r/` record | `RecordRow` | the record's summary | told, overlay |
//! | `s/` scope, 0, seq, record | `ScopeEvent` | what happened in a scope | - |
//! | `t/` page | hashes | Merkle hashes (`log/merkle.rs`) | - |
//! | `u/` kind, folio | `RecordId` | a record by a further folio | told, overlay |
//! | `w/` device, seq | `[CarriedHead]` | the chain up to that entry, cosigned by a carrier | told |
//! | `y/` device, seq | `i64` | how far the device's clock was off, from that ledger number on | told |
//! | `z/` device, seq | `AgainRow` | the entry that this one of the device repeats | told |

pub mod pages;

use crate::id::{DeviceId, Epoch, Hash, RecordId};
use crate::record::change::OpId;
use crate::record::schema::RecordKind;
use crate::scope::Scope;

fn key(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// The municipality.
pub fn genesis() -> Vec<u8> {
    b"a/g".to_vec()
}
/// The epoch.
pub fn epoch() -> Vec<u8> {
    b"a/e".to_vec()
}
/// An epoch that the ledger had, or is known to have lost.
pub fn known_epoch(epoch: &Epoch) -> Vec<u8> {
    key(&[b"a/h/", &epoch.0])
}
/// Since which ledger number the ledger has lost a past, if it has.
pub fn first_loss() -> Vec<u8> {
    b"a/f".to_vec()
}
/// A state of the log that was lost, and proven to be.
pub fn lost(size: u64, root: &Hash) -> Vec<u8> {
    key(&[b"a/l/", &size.to_be_bytes(), &root.0])
}
/// All devices.
pub const DEVICES: &[u8] = b"a/d/";
/// One device.
pub fn device(device: &DeviceId) -> Vec<u8> {
    key(&[DEVICES, &device.0])
}
/// An invitation.
pub fn invite(lock: &Hash) -> Vec<u8> {
    key(&[b"a/i/", &lock.0])
}
/// All rule files.
pub const RULES: &[u8] = b"a/r/";
/// One rule file.
pub fn rule(name: &str) -> Vec<u8> {
    key(&[RULES, name.as_bytes()])
}
/// All rule files as they were published, in order.
pub const RULE_VERSIONS: &[u8] = b"a/v/";
/// A rule file as it was published at a ledger number.
pub fn rule_version(seq: u64) -> Vec<u8> {
    key(&[RULE_VERSIONS, &seq.to_be_bytes()])
}
/// All apps for browsers that the office served, in order.
pub const APPS: &[u8] = b"a/w/";
/// The app that the office serves from a ledger number on.
pub fn app(seq: u64) -> Vec<u8> {
    key(&[APPS, &seq.to_be_bytes()])
}
/// All blobs that entries name.
pub const NAMED_BLOBS: &[u8] = b"b/n/";
/// Where a blob is named.
pub fn namings_of(sha256: &Hash) -> Vec<u8> {
    key(&[NAMED_BLOBS, &sha256.0])
}
/// That an entry of a device names a blob on a record.
pub fn named_blob(sha256: &Hash, device: &DeviceId, record: &RecordId) -> Vec<u8> {
    key(&[NAMED_BLOBS, &sha256.0, &device.0, &record.0])
}
/// The blobs that a record's entries name.
pub fn blobs_of(record: &RecordId) -> Vec<u8> {
    key(&[b"b/r/", &record.0])
}
/// One of them, of a device.
pub fn blob_of(record: &RecordId, sha256: &Hash, device: &DeviceId) -> Vec<u8> {
    key(&[b"b/r/", &record.0, &sha256.0, &device.0])
}
/// All blobs that the office has, or had.
pub const STORED_BLOBS: &[u8] = b"b/s/";
/// Of whom the office has a blob.
pub fn stored_blobs(sha256: &Hash) -> Vec<u8> {
    key(&[STORED_BLOBS, &sha256.0])
}
/// That the office has the blob that a device's entry names.
pub fn stored_blob(sha256: &Hash, device: &DeviceId) -> Vec<u8> {
    key(&[STORED_BLOBS, &sha256.0, &device.0])
}
/// All blobs that were erased.
pub const ERASED_BLOBS: &[u8] = b"b/e/";
/// That a blob was erased.
pub fn erased_blob(sha256: &Hash) -> Vec<u8> {
    key(&[ERASED_BLOBS, &sha256.0])
}
/// All changes of a record.
pub fn changes(record: &RecordId) -> Vec<u8> {
    key(&[b"c/", &record.0])
}
/// The n-th change of a record.
pub fn change(record: &RecordId, n: u32) -> Vec<u8> {
    key(&[b"c/", &record.0, &n.to_be_bytes()])
}
/// All rows by which changes of a long record are found.
pub fn change_lookups(record: &RecordId) -> Vec<u8> {
    key(&[b"j/", &record.0])
}
/// The number of a change of a long record, by its hash.
pub fn change_by_hash(record: &RecordId, hash: &Hash) -> Vec<u8> {
    key(&[b"j/", &record.0, b"h", &hash.0])
}
/// The numbers of a device's changes of a long record, by operation.
pub fn changes_by_op(record: &RecordId, device: &DeviceId) -> Vec<u8> {
    key(&[b"j/", &record.0, b"o", &device.0])
}
/// The number of a device's change of a long record, by the counter after its last operation.
pub fn change_by_op(record: &RecordId, device: &DeviceId, after: u64) -> Vec<u8> {
    key(&[b"j/", &record.0, b"o", &device.0, &after.to_be_bytes()])
}
/// All elements of a record's lists that may be corrected.
pub fn elements(record: &RecordId) -> Vec<u8> {
    key(&[b"e/", &record.0])
}
/// One element.
pub fn element(record: &RecordId, op: &OpId) -> Vec<u8> {
    key(&[b"e/", &record.0, &op.counter.to_be_bytes(), &op.device.0])
}
/// All entries of all devices.
pub const ENTRIES: &[u8] = b"d/";
/// All entries of forked chains.
pub const FORKS: &[u8] = b"k/";
/// All entries of a device.
pub fn entries(device: &DeviceId) -> Vec<u8> {
    key(&[b"d/", &device.0])
}
/// One entry of a device.
pub fn entry(device: &DeviceId, seq: u64) -> Vec<u8> {
    key(&[b"d/", &device.0, &seq.to_be_bytes()])
}
/// All forked entries with a number.
pub fn forks(device: &DeviceId, seq: u64) -> Vec<u8> {
    key(&[b"k/", &device.0, &seq.to_be_bytes()])
}
/// One forked entry.
pub fn fork(device: &DeviceId, seq: u64, hash: &Hash) -> Vec<u8> {
    key(&[b"k/", &device.0, &seq.to_be_bytes(), &hash.0])
}
/// A scope's fingerprint.
pub fn fingerprint(scope: &Scope) -> Vec<u8> {
    key(&[b"f/", scope.to_string().as_bytes()])
}
/// The entries at all ledger numbers, as a device knows them.
pub const PLACES: &[u8] = b"g/";
/// The entry at a ledger number, as a device knows it.
pub fn place(seq: u64) -> Vec<u8> {
    key(&[PLACES, &seq.to_be_bytes()])
}
/// Entries that wait for a change.
pub fn waiting(change: &Hash) -> Vec<u8> {
    key(&[b"h/", &change.0])
}
/// All records of a kind, by name.
pub fn listed(kind: RecordKind) -> Vec<u8> {
    key(&[b"l/", kind.key().as_bytes(), b"/"])
}
/// One record by name.
pub fn name(kind: RecordKind, name: &str) -> Vec<u8> {
    key(&[b"l/", kind.key().as_bytes(), b"/", name.as_bytes()])
}
/// All records of a kind by their further folios.
pub fn aliased(kind: RecordKind) -> Vec<u8> {
    key(&[b"u/", kind.key().as_bytes(), b"/"])
}
/// One record by a further folio.
pub fn alias(kind: RecordKind, folio: &str) -> Vec<u8> {
    key(&[b"u/", kind.key().as_bytes(), b"/", folio.as_bytes()])
}
/// The record created at a ledger number.
pub fn number(seq: u64) -> Vec<u8> {
    key(&[b"n/", &seq.to_be_bytes()])
}
/// All numbers.
pub const NUMBERS: &[u8] = b"n/";
/// That a device was revoked before its enrolment was heard of.
pub fn revoked_ahead(device: &DeviceId) -> Vec<u8> {
    key(&[b"m/revoked/", &device.0])
}
/// The rights that a device was given before its enrolment was heard of.
pub fn assigned_ahead(device: &DeviceId) -> Vec<u8> {
    key(&[b"m/assigned/", &device.0])
}
/// All members of a scope.
pub fn members(scope: &Scope) -> Vec<u8> {
    key(&[b"p/", scope.to_string().as_bytes(), b"\0"])
}
/// One member of a scope.
pub fn member(scope: &Scope, record: &RecordId) -> Vec<u8> {
    key(&[b"p/", scope.to_string().as_bytes(), b"\0", &record.0])
}
/// All quarantined entries.
pub const QUARANTINE: &[u8] = b"q/";
/// One quarantined entry.
pub fn quarantined(seq: u64) -> Vec<u8> {
    key(&[QUARANTINE, &seq.to_be_bytes()])
}
/// All records' summaries.
pub const RECORDS: &[u8] = b"r/";
/// One record's summary.
pub fn record(record: &RecordId) -> Vec<u8> {
    key(&[RECORDS, &record.0])
}
/// All events of a scope.
pub fn events(scope: &Scope) -> Vec<u8> {
    key(&[b"s/", scope.to_string().as_bytes(), b"\0"])
}
/// One event of a scope.
pub fn event(scope: &Scope, seq: u64, record: &RecordId) -> Vec<u8> {
    key(&[b"s/", scope.to_string().as_bytes(), b"\0", &seq.to_be_bytes(), &record.0])
}
/// All cosigned heads of a device.
pub fn carried_heads(device: &DeviceId) -> Vec<u8> {
    key(&[b"w/", &device.0])
}
/// The head of a device's chain, as a carrier took it over.
pub fn carried_head(device: &DeviceId, seq: u64) -> Vec<u8> {
    key(&[b"w/", &device.0, &seq.to_be_bytes()])
}
/// All clock samples of a device.
pub fn clocks(device: &DeviceId) -> Vec<u8> {
    key(&[b"y/", &device.0])
}
/// How far a device's clock was off, from a ledger number on.
pub fn clock(device: &DeviceId, seq: u64) -> Vec<u8> {
    key(&[b"y/", &device.0, &seq.to_be_bytes()])
}
/// All entries that entries of a device repeat.
pub fn all_again(device: &DeviceId) -> Vec<u8> {
    key(&[b"z/", &device.0])
}
/// The entry that an entry repeats.
pub fn again(device: &DeviceId, seq: u64) -> Vec<u8> {
    key(&[b"z/", &device.0, &seq.to_be_bytes()])
}
/// How far a device has read each scope.
pub fn cursors() -> Vec<u8> {
    b"a/c".to_vec()
}
/// Up to which of a device's entries all places are told.
pub fn placed(device: &DeviceId) -> Vec<u8> {
    key(&[b"a/o/", &device.0])
}
/// All own entries that were dismissed.
pub const DISMISSED: &[u8] = b"o/";
/// An own entry that was dismissed.
pub fn dismissed(device: &DeviceId, seq: u64) -> Vec<u8> {
    key(&[DISMISSED, &device.0, &seq.to_be_bytes()])
}
