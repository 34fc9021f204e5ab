//! Line: one numbered line of a ledger. The server's ledger holds entries with their receipts. A device's
//! journal holds its entries, those it received, and what it was told.

use crate::log::verdict::Decision;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::crypto::PublicKey;
use crate::id::{DeviceId, Epoch, Hash, RecordId};
use crate::log::act::{Continues, Role};
use crate::log::entry::{ChainedEntry, EntryError};
use crate::log::verdict::{Reason, Receipt};
use crate::rows::RowsError;
use crate::scope::Scope;
use crate::time::TimeMs;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// An entry, with the receipt where a server gave one.
    Entry {
        /// The server's receipt; `None` for an entry of this device that is not sent yet.
        receipt: Option<Receipt>,
        /// The entry.
        chained: ChainedEntry,
    },
    /// Something only a device keeps.
    Device(DeviceLine),
}

/// What a device keeps beside entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceLine {
    /// It is about to enrol: kept first, so that a lost reply can be asked for again.
    Enrolling(Enrolling),
    /// It is enrolled.
    Enrolled(Identity),
    /// It is about to send request number so-and-so: a number is never used twice.
    Attempt(u64),
    /// What a reply said, beside the entries it brought.
    Contact(Contact),
    /// A segment of another device, to be carried to the server.
    Carried(Carried),
    /// A receipt that the server signed for a carried device.
    CarriedReceipt(Carried),
    /// The server showed a past that is not the one it had signed before.
    Parted(Parted),
    /// What the ledger had told is forgotten, and read from the beginning.
    Anew(Anew),
    /// The entry on an earlier line was read again, and is what it was.
    Still(u64),
    /// Where own entries stand, and which are held back, before the entries of others that came with that: own acts
    /// count in their place among those.
    Places(Vec<Ack>, Vec<(u64, Reason)>),
}

/// Two checkpoints, both signed by the log, that cannot both be true of one history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parted {
    /// When it was noticed, by the device's clock.
    pub at_ms: TimeMs,
    /// The checkpoint this device had kept.
    pub kept: String,
    /// The one it was shown.
    pub shown: String,
    /// The ledger's life that the kept one belonged to.
    pub epoch: Epoch,
}

/// An enrolment under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolling {
    /// The server's address.
    pub url: String,
    /// The code.
    pub code: String,
    /// The new device's id.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// When, by the device's clock.
    pub started_at_ms: TimeMs,
    /// The device whose work it goes on with, in place of a code.
    #[serde(default)]
    pub continues: Option<Continues>,
}

/// Who this device is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its id.
    pub device: DeviceId,
    /// The server's address.
    pub url: String,
    /// The municipality's INEGI key.
    pub municipality: u32,
    /// Its name.
    pub municipality_name: String,
    /// Letters folios start with.
    pub folio_prefix: String,
    /// This device's letters in folios.
    pub letters: String,
    /// What people call this device; also the person, until persons are chosen.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The crew.
    pub crew: Option<String>,
    /// The localities, by key.
    pub localities: Vec<String>,
    /// The server's key, pinned.
    pub server_key: PublicKey,
    /// The same as a `signed-note` verifier.
    pub log_verifier: String,
    /// The ids under which it went on, oldest first, where it was found to be a copy: its key follows from them.
    #[serde(default)]
    pub successions: Vec<DeviceId>,
}

/// What a reply said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// When, by the device's clock.
    pub at_ms: TimeMs,
    /// The server's clock then.
    pub server_at_ms: TimeMs,
    /// The ledger's life.
    pub epoch: Epoch,
    /// How far the ledger was.
    pub server_seq: u64,
    /// How far this device has read each scope.
    pub cursors: BTreeMap<Scope, u64>,
    /// How far the server has this device's chain.
    pub head_seq: u64,
    /// Places of own entries in the ledger.
    pub acks: Vec<Ack>,
    /// Own entries held back.
    pub refused: Vec<(u64, Reason)>,
    /// Records that entered (`true`) or left a scope.
    pub moves: Vec<(Scope, RecordId, bool)>,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// Changes of others that counted here, in a ledger that was lost say, and that the server holds back.
    #[serde(default)]
    pub dropped: BTreeMap<RecordId, BTreeSet<Hash>>,
    /// What was listed here as held back and is not, with what was decided.
    #[serde(default)]
    pub decided: Vec<(u64, Option<Decision>)>,
    /// What is held back and was not listed here, whatever was thought to be decided about it.
    #[serde(default)]
    pub held_again: Vec<u64>,
    /// Whether entries that stand in the ledger under this device's name are not its own.
    #[serde(default)]
    pub is_branch: bool,
    /// Whether the ledger was read to its end. Older versions did not say.
    #[serde(default)]
    pub whole: Option<bool>,
}

/// That the ledger began another life: what it had told is forgotten, and read from the beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anew {
    /// The ledger's life.
    pub epoch: Epoch,
    /// Places of own entries in it.
    pub acks: Vec<Ack>,
    /// Own entries held back in it.
    pub refused: Vec<(u64, Reason)>,
    /// How far it has this device's chain.
    pub head_seq: u64,
    /// Whether entries that stand in it under this device's name are not its own.
    pub is_branch: bool,
}

/// Own entries that are in the ledger one after another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// First entry, by device sequence.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Ledger number of the first.
    pub seq: u64,
    /// Time of arrival by the server's clock.
    pub received_at_ms: TimeMs,
    /// The device that brought them, if not this one.
    pub carrier: Option<DeviceId>,
}

impl Ack {
    /// Returns whether it tells the place of the device's entry with that number.
    pub fn tells(&self, device_seq: u64) -> bool {
        (self.first..self.first.saturating_add(self.count)).contains(&device_seq)
    }
}

/// Bytes carried for another device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The device.
    pub device: DeviceId,
    /// First and last device sequence inside.
    pub span: (u64, u64),
    /// The bytes as they came.
    pub bytes: ByteBuf,
    /// Hash of the entry before the first; absent for a receipt.
    #[serde(default)]
    pub prev: Option<Hash>,
}

const TAG_ENTRY: u8 = 1;
const TAG_DEVICE: u8 = 2;

/// Why a line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not a line.
    #[error("not a ledger line: {0}")]
    Malformed(String),
    /// Not an entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

impl From<LineError> for RowsError {
    fn from(error: LineError) -> Self {
        Self(error.to_string())
    }
}

impl Line {
    /// Returns the line's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (tag, body) = match self {
            Self::Entry { receipt, chained } => {
                (TAG_ENTRY, rmp_serde::to_vec(&(receipt, ByteBuf::from(chained.to_bytes()))))
            }
            Self::Device(line) => (TAG_DEVICE, rmp_serde::to_vec(line)),
        };
        let mut bytes = vec![tag];
        bytes.extend(body.expect("a line always has a MessagePack form"));
        bytes
    }

    /// Reads a line's bytes.
    ///
    /// # Errors
    /// Neither an entry nor a device's line of a known form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LineError> {
        let malformed = |error: rmp_serde::decode::Error| LineError::Malformed(error.to_string());
        match bytes.split_first() {
            Some((&TAG_ENTRY, body)) => {
                let (receipt, chained): (Option<Receipt>, ByteBuf) =
                    rmp_serde::from_slice(body).map_err(malformed)?;
                Ok(Self::Entry { receipt, chained: ChainedEntry::from_bytes(&chained)? })
            }
            Some((&TAG_DEVICE, body)) => rmp_serde::from_slice(body).map(Self::Device).map_err(malformed),
            Some((tag, _)) => Err(LineError::Malformed(format!("unknown tag {tag}"))),
            None => Err(LineError::Malformed("empty".into())),
        }
    }
}

/// A store of lines, read by number.
pub trait Lines {
    /// Returns the line's bytes.
    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError>;
}

/// Returns the line with a number.
///
/// # Errors
/// There is none, or it does not read.
pub fn read_line(lines: &dyn Lines, number: u64) -> Result<Line, RowsError> {
    Ok(Line::from_bytes(&lines.line(number)?)?)
}

/// Returns the entry of the line with a number, and its receipt if it has one.
///
/// # Errors
/// There is none, or it is no entry.
pub fn read_entry(lines: &dyn Lines, number: u64) -> Result<(Option<Receipt>, ChainedEntry), RowsError> {
    match read_line(lines, number)? {
        Line::Entry { receipt, chained } => Ok((receipt, chained)),
        Line::Device(_) => Err(RowsError(format!("line {number} holds no entry"))),
    }
}
