//! Line: one numbered line of a ledger. The server's ledger holds entries with their receipts. A device's
//! journal holds its entries, those it received, and what it was told.

mod lines;

pub use lines::{Lines, read_entry, read_line};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::crypto::{KeySalt, PublicKey};
use crate::id::{DeviceId, Epoch, Hash, PersonId, RecordId};
use crate::invitation::Opening;
use crate::log::act::{Continues, Role};
use crate::log::entry::{ChainedEntry, EntryError};
use crate::log::verdict::{Decision, Receipt, Verdict};
use crate::rows::RowsError;
use crate::scope::Scope;
use crate::time::{TimeMs, UtcOffset};

/// One line.
///
/// A line of a **ledger** is an entry with its receipt; one of a **journal** is an entry, or what only a device keeps.
///
/// ```
/// use sync_core::log::line::{DeviceLine, Line};
/// # use sync_core::id::{BootId, DeviceId, Hash, PersonId, RecordId};
/// # use sync_core::log::act::Act;
/// # use sync_core::log::entry::{Anchor, Body, ChainedEntry, Entry, Header};
/// # use sync_core::log::verdict::{Receipt, Verdict};
/// # let device = DeviceId([3; 16]);
/// # let header = Header {
/// #     municipality: 14061, device, seq: 1, record: RecordId::ZERO, person: PersonId([8; 16]),
/// #     claimed_at_ms: 0, boot: BootId([1; 8]), monotonic_ms: 0, anchor: Anchor::default(),
/// # };
/// # let entry = Entry { header, body: Body::Act(Act::Clock { device, clock_ms: 0 }.to_bytes()) };
/// # let chained = ChainedEntry { entry, prev: None, signature: None };
/// # let receipt = Receipt { seq: 141, received_at_ms: 0, carrier: None, verdict: Verdict::Accepted };
///
/// // On the device, before and after the server answered; on the server only as the second.
/// let unsent = Line::Entry { receipt: None, chained: chained.clone() };
/// let received = Line::Entry { receipt: Some(receipt), chained };
/// // The number of the next request, kept before it is sent.
/// let attempt = Line::Device(DeviceLine::Attempt(12));
///
/// for line in [unsent, received, attempt] {
///     assert_eq!(Line::from_bytes(&line.to_bytes())?, line);
/// }
/// # Ok::<(), sync_core::log::line::LineError>(())
/// ```
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
    Enrolled(Enrolled),
    /// It is about to send request number so-and-so: a number is never used twice.
    Attempt(u64),
    /// Where its own entries stand, told among the entries of others in the ledger's order.
    Own(Own),
    /// What a reply said beside entries. It closes the reply.
    Contact(Contact),
    /// The mirror is folded again from the lines up to an earlier contact, or from nothing.
    Reset(Reset),
    /// The hub showed a state of the log that contradicts the one it had signed before.
    Split(Split),
    /// The hub showed that another device writes under this one's name; and what it said of this one's own entries.
    Copy(Copy),
    /// A receipt for own entries, brought by a bundle.
    Receipt(CarriedAck),
    /// A segment of another device, to be carried to the server.
    Carried(Carried),
    /// A receipt that the server signed for a carried device.
    CarriedReceipt(Carried),
}

/// Where a device's own entries stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// Under which name it wrote them.
    pub device: DeviceId,
    /// Where they stand.
    pub runs: Vec<OwnRun>,
}

/// That another device writes under this one's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    /// What the reply said of entries that are this device's.
    pub runs: Vec<OwnRun>,
    /// Whether these are all that the ledger has beside those that the mirror has.
    pub is_whole: bool,
    /// That the name was revoked.
    pub revoked: Option<Revoked>,
}

/// Own entries that stand one after another in their chain and in the ledger, with one verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRun {
    /// How many of the reply's other entries come before it.
    pub at: u32,
    /// Under which of the device's names, counted back: 0 for the one it has.
    pub name: u8,
    /// First entry, by device sequence.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Ledger number of the first.
    pub seq: u64,
    /// When they arrived, by the server's clock.
    pub received_at_ms: TimeMs,
    /// Who brought them, if not this device.
    pub carrier: Option<DeviceId>,
    /// The verdict on each.
    pub verdict: Verdict,
    /// What was decided since, if they were quarantined. Only told to a device that is not told the acts.
    pub decision: Option<Decision>,
    /// The first eight bytes of the last entry's hash: another device may have written under this one's name.
    pub tail: [u8; 8],
}

impl OwnRun {
    /// Returns the number after the last entry's.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.count)
    }

    /// Returns the receipt of the entry with that number in the chain.
    pub fn receipt(&self, device_seq: u64) -> Receipt {
        Receipt {
            seq: self.seq.saturating_add(device_seq.saturating_sub(self.first)),
            received_at_ms: self.received_at_ms,
            carrier: self.carrier,
            verdict: self.verdict.clone(),
        }
    }

    /// Takes an entry into the run, if it follows on and fares alike. Returns whether it did.
    pub fn extend(&mut self, next: &OwnRun) -> bool {
        let follows = next.at == self.at
            && next.name == self.name
            && next.first == self.end()
            && next.seq == self.seq.saturating_add(self.count)
            && next.received_at_ms == self.received_at_ms
            && next.carrier == self.carrier
            && next.verdict == self.verdict
            && next.decision == self.decision;
        if follows {
            self.count += next.count;
            self.tail = next.tail;
        }
        follows
    }
}

/// Adds runs to a list, each to the one before where it follows on.
pub fn push_run(runs: &mut Vec<OwnRun>, run: OwnRun) {
    if !runs.last_mut().is_some_and(|last| last.extend(&run)) {
        runs.push(run);
    }
}

/// What the server tells the author of carried entries. Signed, it travels back by the carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedAck {
    /// The author.
    pub device: DeviceId,
    /// The ledger's life.
    pub epoch: Epoch,
    /// How far the ledger has the author's chain.
    pub head_seq: u64,
    /// Places of its entries.
    pub runs: Vec<OwnRun>,
    /// The server's clock.
    pub server_at_ms: TimeMs,
    /// The first eight bytes of the hash of entry `head_seq`: a copy of the author may have written another one.
    pub head: [u8; 8],
}

/// Two checkpoints, both signed by the log, that cannot both be true of one history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// When it was noticed, by the device's clock.
    pub at_ms: TimeMs,
    /// The checkpoint this device had kept.
    pub kept: String,
    /// The one it was shown.
    pub shown: String,
}

/// From which line on the mirror is folded again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// The last line that counts: a contact; 0 for none.
    pub to_line: u64,
    /// Whether the log lost the states of later contacts: then the device no longer holds the hub to them.
    pub is_lost: bool,
}

/// An enrolment under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolling {
    /// The server's address.
    pub url: String,
    /// Its municipality's INEGI key.
    pub municipality: u32,
    /// Its office: the hash of its key.
    pub office: DeviceId,
    /// What opens the invitation; `None` for a successor.
    pub opening: Option<Opening>,
    /// What was drawn for its key; none for the first key of a folder.
    pub salt: Option<KeySalt>,
    /// What people call it.
    pub name: String,
    /// The person of its entries until persons are chosen: what opens to its name.
    pub label: PersonId,
    /// When, by the device's clock.
    pub started_at_ms: TimeMs,
    /// The device whose work it goes on with, in place of an invitation.
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
    /// How far the municipality's clocks are from UTC: its days and years begin by it.
    pub utc_offset: UtcOffset,
    /// This device's letters in folios.
    pub letters: String,
    /// What people call this device.
    pub name: String,
    /// The person of its entries until persons are chosen: what opens to its name.
    pub label: PersonId,
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
    /// What was drawn for its key, oldest first; nothing for the first key of a folder.
    pub salts: Vec<KeySalt>,
    /// The names it had before, newest first.
    pub names_before: Vec<DeviceId>,
}

/// A device's enrolment, with what the answer to it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Who it is.
    pub identity: Identity,
    /// The ledger's life.
    pub epoch: Epoch,
    /// When the answer came, by the device's clock.
    pub at_ms: TimeMs,
    /// The server's clock then.
    pub server_at_ms: TimeMs,
}

/// What a device may do, as the hub says with each reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its role.
    pub role: Role,
    /// Its crew.
    pub crew: Option<String>,
    /// Its localities, by key.
    pub localities: Vec<String>,
    /// That it was revoked.
    pub revoked: Option<Revoked>,
}

/// That a device was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Ledger number of the act.
    pub seq: u64,
    /// Why, in words.
    pub reason: String,
}

/// What a reply said beside entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Records that entered (`true`) or left a scope.
    pub moves: Vec<(Scope, RecordId, bool)>,
    /// What the device may do.
    pub standing: Standing,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// Whether the ledger was read to its end.
    pub is_whole: bool,
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
