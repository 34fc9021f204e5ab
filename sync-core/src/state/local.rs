//! Local: rows that only a device has, each with its type: who it is, its own chain, what it keeps of the log, which
//! generation of the mirror it shows, and what waits for the hub.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::evidence::{Named, named_in};
use crate::id::{DeviceId, Epoch, Fingerprint, Hash, RecordId};
use crate::log::entry::Anchor;
use crate::log::line::{Carried, Enrolling, Identity, Revoked, Split};
use crate::log::verdict::Receipt;
use crate::record::change::Change;
use crate::rows::{Overlay, Rows, RowsError, all_under, decode, read};
use crate::scope::Scope;
use crate::time::TimeMs;

/// A row of which there is one, with the type of its value.
pub struct Meta<T> {
    key: &'static [u8],
    value: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Meta<T> {
    const fn new(key: &'static [u8]) -> Self {
        Self { key, value: PhantomData }
    }

    /// Returns the value, if there is one.
    pub fn read(&self, rows: &dyn Rows) -> Result<Option<T>, RowsError> {
        read(rows, self.key)
    }

    /// Returns the value, or the default one.
    pub fn read_or_default(&self, rows: &dyn Rows) -> Result<T, RowsError>
    where
        T: Default,
    {
        Ok(self.read(rows)?.unwrap_or_default())
    }

    /// Sets the value.
    pub fn write(&self, rows: &mut Overlay<'_>, value: &T) {
        rows.write(self.key.to_vec(), value);
    }

    /// Deletes the value.
    pub fn clear(&self, rows: &mut Overlay<'_>) {
        rows.delete(self.key.to_vec());
    }
}

/// Who this device is.
pub const IDENTITY: Meta<Identity> = Meta::new(b"L/identity");
/// The enrolment under way.
pub const ENROLLING: Meta<Enrolling> = Meta::new(b"L/enrolling");
/// The end of its chain.
pub const HEAD: Meta<OwnHead> = Meta::new(b"L/head");
/// The number of its newest request.
pub const ATTEMPT: Meta<u64> = Meta::new(b"L/attempt");
/// Its last contact with the hub.
pub const CONTACT: Meta<ContactRow> = Meta::new(b"L/contact");
/// That it was revoked.
pub const REVOKED: Meta<Revoked> = Meta::new(b"L/revoked");
/// The states of the log that it keeps, oldest first.
pub const KEPT: Meta<Vec<Kept>> = Meta::new(b"L/kept");
/// The split views that it noticed, oldest first.
pub const SPLITS: Meta<Vec<Split>> = Meta::new(b"L/splits");
/// The signed checkpoint that a reply contradicted, until that is settled.
pub const EVIDENCE: Meta<String> = Meta::new(b"L/evidence");
/// That another device writes under its name.
pub const COPY: Meta<CopyRow> = Meta::new(b"L/copy");
/// Which generations of the mirror there are.
pub const GENERATIONS: Meta<Generations> = Meta::new(b"L/generations");
/// Fingerprints that differed, by scope: each pair starts one reset. Follows from no line.
pub const DIFFERED: Meta<BTreeMap<Scope, [Fingerprint; 2]>> = Meta::new(b"L/-/differed");
/// That the next request asks for runs of one entry. Follows from no line.
pub const ONE_BY_ONE: Meta<bool> = Meta::new(b"L/-/one-by-one");

/// How many own entries the next request brings at most. Follows from no line.
pub const ROOM: Meta<u32> = Meta::new(b"L/-/room");

/// Rows that follow from no line: an index that is rebuilt begins without them.
const IN_NO_LINE: &[u8] = b"L/-/";
/// What each device asked, on the hub. Follows from no line.
const ATTEMPTS: &[u8] = b"m/attempt/";

/// Checks whether a row follows from no line, so that an index that is rebuilt begins without it.
pub fn is_in_no_line(row: &[u8]) -> bool {
    [IN_NO_LINE, ATTEMPTS].iter().any(|prefix| row.starts_with(prefix))
}

/// What a hub keeps of a device's requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its highest attempt.
    pub attempt: u64,
    /// How many entries it had written when it had heard of how large a ledger, oldest first: those that it wrote later
    /// know of it.
    pub heard: Vec<(u64, u64)>,
}

/// Returns the key of what a device asked, on the hub.
pub fn attempt(device: &DeviceId) -> Vec<u8> {
    [ATTEMPTS, &device.0].concat()
}

/// The last contact with the hub.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRow {
    /// When, by the device's clock.
    pub at_ms: TimeMs,
    /// The server's clock then.
    pub server_at_ms: TimeMs,
    /// The ledger's life.
    pub epoch: Epoch,
    /// How far the ledger was.
    pub server_seq: u64,
    /// How far the ledger has this device's chain.
    pub head_seq: u64,
    /// The server's clock when it first showed the newest state of the log: nothing new was signed since.
    pub signed_since_ms: TimeMs,
    /// The newest signed checkpoint.
    pub checkpoint: String,
    /// Its size and root.
    pub anchor: Anchor,
}

/// The end of the device's own chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnHead {
    /// Number of the newest own entry.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// Folios given out.
    pub folios: u32,
}

/// An own entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRow {
    /// The line of the journal that it stands on.
    pub line: u64,
    /// Its hash.
    pub hash: Hash,
    /// The record it changes; zero for an act.
    pub record: RecordId,
    /// The change it makes; `None` for an act.
    pub change: Option<Hash>,
}

/// A state of the log that the device keeps, with the line that told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The line of the journal: a contact.
    pub line: u64,
    /// Size and root.
    pub anchor: Anchor,
}

/// What is known of the entries under this device's name, once another device writes under it too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyRow {
    /// Own entries that the ledger accepted, or that were decided about, as first and count; beside those that the mirror
    /// has.
    pub settled: Vec<(u64, u64)>,
    /// Own entries that are in quarantine, likewise.
    pub quarantined: Vec<(u64, u64)>,
}

impl CopyRow {
    /// Checks whether an own entry needs no rewriting.
    pub fn is_settled(&self, seq: u64) -> bool {
        is_within(&self.settled, seq)
    }

    /// Checks whether the ledger has an own entry, whatever its verdict.
    pub fn is_told(&self, seq: u64) -> bool {
        self.is_settled(seq) || is_within(&self.quarantined, seq)
    }
}

fn is_within(runs: &[(u64, u64)], seq: u64) -> bool {
    runs.iter().any(|(first, count)| (*first..first + count).contains(&seq))
}

/// Which generations of the mirror there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generations {
    /// The one that views read.
    pub shown: u8,
    /// The one that is being filled after a reset.
    pub filling: Option<Filling>,
    /// The number that was given last.
    pub newest: u8,
    /// Those whose rows are to be deleted.
    pub swept: Vec<u8>,
    /// The lines of the journal whose told lines the reading generation follows from: first and last of each run but
    /// the newest, which goes on.
    pub in_force: Vec<(u64, u64)>,
    /// The first line of the newest run.
    pub since_line: u64,
}

impl Generations {
    /// Gives a number to a new generation: the one after the last, unless that has rows still.
    pub fn number(&mut self) -> u8 {
        for _ in 0..u8::MAX {
            self.newest = self.newest.wrapping_add(1);
            if self.newest != self.shown && !self.swept.contains(&self.newest) {
                break;
            }
        }
        self.newest
    }

    /// Returns the generation that replies are folded into.
    pub fn reading(&self) -> u8 {
        self.filling.as_ref().map_or(self.shown, |filling| filling.generation)
    }
}

/// A generation that is being filled: first from the journal, then by replies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filling {
    /// Its number.
    pub generation: u8,
    /// Size of the log at the reset's anchor: what a full device has above may have been lost.
    pub from_size: u64,
    /// The next line of the journal to fold into it.
    pub next_line: u64,
    /// The last one.
    pub to_line: u64,
}

impl Filling {
    /// Checks whether lines of the journal are still to be folded.
    pub fn is_due(&self) -> bool {
        self.next_line <= self.to_line
    }
}

/// An own change that neither counts in the mirror nor was dismissed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pending {
    /// The overlay shows it.
    Shown,
    /// It finds no ground; it is listed and still sent.
    Skipped,
}

/// Returns the key of an own entry.
pub fn own(device: &DeviceId, seq: u64) -> Vec<u8> {
    [b"L/o/".as_slice(), &device.0, &seq.to_be_bytes()].concat()
}

/// Returns an own entry.
pub fn read_own(rows: &dyn Rows, device: &DeviceId, seq: u64) -> Result<Option<OwnRow>, RowsError> {
    read(rows, &own(device, seq))
}

/// The change of another device that a pending one builds on and the mirror lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// Its hash.
    pub change: Hash,
    /// The line of the journal that it stands on.
    pub line: u64,
}

/// All own changes that are pending.
pub const PENDING: &[u8] = b"P/e/";
/// Returns the key of all own pending changes of a record.
pub fn pending_of(record: &RecordId) -> Vec<u8> {
    [PENDING, &record.0].concat()
}
/// Returns the key of an own pending change.
pub fn pending(record: &RecordId, seq: u64) -> Vec<u8> {
    [PENDING, &record.0, &seq.to_be_bytes()].concat()
}
/// All entries that this device wrote again.
pub const REWRITTEN: &[u8] = b"L/w/";
/// Returns the key that says of an entry that this device wrote it again.
pub fn rewritten(device: &DeviceId, seq: u64) -> Vec<u8> {
    [REWRITTEN, &device.0, &seq.to_be_bytes()].concat()
}
/// Returns the key that says of an own entry which others it writes again, by their hashes.
pub fn repeating(device: &DeviceId, seq: u64) -> Vec<u8> {
    [b"L/y/".as_slice(), &device.0, &seq.to_be_bytes()].concat()
}
/// Returns the key of all grounds of a record.
pub fn grounds_of(record: &RecordId) -> Vec<u8> {
    [b"P/g/".as_slice(), &record.0].concat()
}
/// Returns the key of a ground: the change of another device, by its place among those of the record.
pub fn ground(record: &RecordId, index: u32) -> Vec<u8> {
    [b"P/g/".as_slice(), &record.0, &index.to_be_bytes()].concat()
}
/// Returns the key that says under which key the overlay lists a record.
pub fn listed(record: &RecordId) -> Vec<u8> {
    [b"P/l/".as_slice(), &record.0].concat()
}
/// All records whose overlay is to be folded again.
pub const DIRTY: &[u8] = b"P/d/";
/// Returns the key of one of them.
pub fn dirty(record: &RecordId) -> Vec<u8> {
    [DIRTY, &record.0].concat()
}
/// All provisional receipts of own entries, by device and number.
pub const PROVISIONAL: &[u8] = b"P/r/";
/// Returns the key of one of them.
pub fn provisional(device: &DeviceId, seq: u64) -> Vec<u8> {
    [PROVISIONAL, &device.0, &seq.to_be_bytes()].concat()
}

/// Returns the receipt that a bundle brought for an own entry.
pub fn provisional_receipt(
    rows: &dyn Rows,
    device: &DeviceId,
    seq: u64,
) -> Result<Option<Receipt>, RowsError> {
    read(rows, &provisional(device, seq))
}

/// All carried segments.
pub const CARRIED: &[u8] = b"L/x/";
/// Returns the key of all segments carried for a device.
pub fn carried_of(device: &DeviceId) -> Vec<u8> {
    [CARRIED, &device.0].concat()
}
/// Returns the key of a segment carried for a device.
pub fn carried_from(device: &DeviceId, first_seq: u64) -> Vec<u8> {
    [CARRIED, &device.0, &first_seq.to_be_bytes()].concat()
}
/// All receipts to carry back.
pub const CARRIED_RECEIPTS: &[u8] = b"L/r/";
/// Returns the key of the receipt to carry back to a device.
pub fn carried_receipt(device: &DeviceId) -> Vec<u8> {
    [CARRIED_RECEIPTS, &device.0].concat()
}
/// Returns the key of how far the ledger was when the hub refused what is carried for a device. Follows from no line.
pub fn carried_refused(device: &DeviceId) -> Vec<u8> {
    [IN_NO_LINE, b"refused/", &device.0].concat()
}

/// Returns all segments to hand to the server.
pub fn carried(rows: &dyn Rows) -> Result<Vec<Carried>, RowsError> {
    Ok(all_under(rows, CARRIED)?.into_iter().map(|(_, carried)| carried).collect())
}

/// A blob that this device has to bring, or had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnBlob {
    /// Its content address.
    pub sha256: Hash,
    /// How many bytes it has.
    pub bytes: u64,
    /// Whether it is the small form of another one.
    pub is_thumb: bool,
    /// The device whose entry names it: this one, or one that it carries for.
    pub of: DeviceId,
}

/// All blobs of this device, in the order of the lines that name them.
const OWN_BLOBS: &[u8] = b"L/b/";
/// Returns the key of a blob that a line names.
pub fn own_blob(line: u64, sha256: &Hash) -> Vec<u8> {
    [OWN_BLOBS, &line.to_be_bytes(), &sha256.0].concat()
}
/// Notes the blobs that an own change names.
pub fn note_own_blobs(rows: &mut Overlay<'_>, line: u64, of: &DeviceId, change: &Change) {
    for Named { sha256, bytes, is_thumb } in named_in(change) {
        rows.write(own_blob(line, &sha256), &OwnBlob { sha256, bytes, is_thumb, of: *of });
    }
}
/// Returns the blobs of this device, the newest first.
pub fn own_blobs(rows: &dyn Rows) -> Result<Vec<OwnBlob>, RowsError> {
    Ok(all_under(rows, OWN_BLOBS)?.into_iter().rev().map(|(_, blob)| blob).collect())
}

/// Returns first and last entry of each segment under a prefix. The bytes themselves are left where they are.
pub fn spans(rows: &dyn Rows, prefix: &[u8]) -> Result<Vec<(u64, u64)>, RowsError> {
    let mut spans = Vec::new();
    let mut failure = None;
    rows.scan(prefix, prefix, &mut |_, value| {
        match decode::<Carried>(value) {
            Ok(carried) => spans.push(carried.span),
            Err(error) => failure = Some(error),
        }
        failure.is_none()
    })?;
    failure.map_or(Ok(spans), Err)
}
