//! Keys of the index rows, all in one place: one letter, a slash, then big-endian or text parts.
//!
//! | prefix | row |
//! |---|---|
//! | `a/g` | the municipality, from the genesis act |
//! | `a/f` | since which ledger number the ledger has lost a past |
//! | `a/e` | the epoch |
//! | `a/d/` device | the device: key, role, scopes, chain head |
//! | `a/i/` code hash | an invitation |
//! | `a/l/` size, root | a state of the log that was lost, and proven to be |
//! | `a/r/` name | a rule file |
//! | `b/` key | (device side) an entry as it was known before everything was read anew |
//! | `c/` record, n | the n-th change of a record, as it was applied |
//! | `d/` device, seq | an entry of a device chain |
//! | `k/` device, seq, hash | an entry of a forked chain |
//! | `f/` scope | fingerprint of a scope |
//! | `g/` seq | (device side) the entry at that ledger number |
//! | `h/` change hash | ledger numbers of entries that wait for that change |
//! | `l/` kind, name | a record under the name people call it |
//! | `m/` word | one-off facts of this store |
//! | `m/attempt/` device | (server side) the highest attempt of a device |
//! | `n/` seq | the record created at that ledger number |
//! | `o/` seq | (device side) the own entry held back at that ledger number |
//! | `p/` scope, 0, record | the record is in the scope, since that ledger number |
//! | `q/` seq | a quarantined entry |
//! | `r/` record | the record's summary |
//! | `s/` scope, 0, seq | what happened in a scope |
//! | `t/` page | Merkle hashes |
//! | `w/` device, seq | the chain up to that entry, cosigned by a carrier |
//! | `y/` device, seq | how far the device's clock was off, from that ledger number on |
//! | `z/` device, seq | the entry that this one of the device repeats |
//! | `x/` device, seq | (device side) a segment carried for another device |

use crate::id::{DeviceId, Hash, RecordId};
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
pub fn invite(code_hash: &Hash) -> Vec<u8> {
    key(&[b"a/i/", &code_hash.0])
}
/// All rule files.
pub const RULES: &[u8] = b"a/r/";
/// One rule file.
pub fn rule(name: &str) -> Vec<u8> {
    key(&[RULES, name.as_bytes()])
}
/// All entries as they were known before everything was read anew.
pub const PAST: &[u8] = b"b/";
/// One of them, by the key it had.
pub fn past(entry: &[u8]) -> Vec<u8> {
    key(&[PAST, entry])
}
/// All rule files that were read anew, until everything is.
pub const READ_RULES: &[u8] = b"m/rule/";
/// One of them.
pub fn read_rule(name: &str) -> Vec<u8> {
    key(&[READ_RULES, name.as_bytes()])
}
/// All changes of a record.
pub fn changes(record: &RecordId) -> Vec<u8> {
    key(&[b"c/", &record.0])
}
/// The n-th change of a record.
pub fn change(record: &RecordId, n: u32) -> Vec<u8> {
    key(&[b"c/", &record.0, &n.to_be_bytes()])
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
/// The entry at a ledger number, as a device knows it.
pub fn place(seq: u64) -> Vec<u8> {
    key(&[b"g/", &seq.to_be_bytes()])
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
/// Whether a row follows from no line: the highest attempts that a server knows; what a device is about to compare, hand
/// over or offer anew. An index that is rebuilt begins without.
pub fn is_in_no_line(row: &[u8]) -> bool {
    const WORDS: [&[u8]; 6] =
        [b"m/anew", b"m/attempt/", b"m/differs", b"m/held_differs", b"m/recover", b"m/refused/"];
    WORDS.iter().any(|word| row.starts_with(word))
}
/// A one-off fact.
pub fn fact(word: &str) -> Vec<u8> {
    key(&[b"m/", word.as_bytes()])
}
/// The highest attempt of a device, on the server.
pub fn attempt(device: &DeviceId) -> Vec<u8> {
    key(&[b"m/attempt/", &device.0])
}
/// The record created at a ledger number.
pub fn number(seq: u64) -> Vec<u8> {
    key(&[b"n/", &seq.to_be_bytes()])
}
/// All numbers.
pub const NUMBERS: &[u8] = b"n/";
/// The fingerprint of what is held back of one device.
pub fn held_of(device: &DeviceId) -> Vec<u8> {
    key(&[b"m/held/", &device.0])
}
/// All own entries that the server holds back.
pub const OWN_HELD: &[u8] = b"o/";
/// The own entry that the server holds back at a ledger number.
pub fn own_held(seq: u64) -> Vec<u8> {
    key(&[OWN_HELD, &seq.to_be_bytes()])
}
/// That an own entry was written again, said before its place was known.
pub fn own_again(seq: u64) -> Vec<u8> {
    key(&[b"m/again/", &seq.to_be_bytes()])
}
/// At which end of the ledger the server refused what is carried for a device.
pub fn carried_refused(device: &DeviceId) -> Vec<u8> {
    key(&[b"m/refused/", &device.0])
}
/// All records that the ledger has not spoken of since everything is read anew.
pub const BEFORE: &[u8] = b"m/before/";
/// One of them.
pub fn before(record: &RecordId) -> Vec<u8> {
    key(&[BEFORE, &record.0])
}
/// All own entries that take effect once the ledger was read up to them.
pub const DUE: &[u8] = b"m/due/";
/// The own entry with that ledger number.
pub fn due(seq: u64) -> Vec<u8> {
    key(&[DUE, &seq.to_be_bytes()])
}
/// That a device was revoked before its enrolment was heard of.
pub fn revoked_ahead(device: &DeviceId) -> Vec<u8> {
    key(&[b"m/revoked/", &device.0])
}
/// The rights that a device was given before its enrolment was heard of.
pub fn assigned_ahead(device: &DeviceId) -> Vec<u8> {
    key(&[b"m/assigned/", &device.0])
}
/// That a change was set aside.
pub fn aside(change: &Hash) -> Vec<u8> {
    key(&[b"m/aside/", &change.0])
}
/// That changes of a record came before what they build on.
pub fn torn(record: &RecordId) -> Vec<u8> {
    key(&[b"m/torn/", &record.0])
}
/// A decision that came before the own entry's place was known.
pub fn own_decision(seq: u64) -> Vec<u8> {
    key(&[b"m/decision/", &seq.to_be_bytes()])
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
/// The entry that an entry repeats.
pub fn again(device: &DeviceId, seq: u64) -> Vec<u8> {
    key(&[b"z/", &device.0, &seq.to_be_bytes()])
}
/// All carried segments.
pub const CARRIED: &[u8] = b"x/";
/// One carried segment.
pub fn carried(device: &DeviceId, first_seq: u64) -> Vec<u8> {
    key(&[CARRIED, &device.0, &first_seq.to_be_bytes()])
}
