//! Acts: entries that change rights or rules rather than a record. They do not merge: their order in the
//! ledger is their meaning, and rights are a fold over them.

mod blobs;

use serde::{Deserialize, Serialize};

use crate::crypto::{PublicKey, Signature};
use crate::id::{DeviceId, Epoch, Hash, PersonId};
use crate::invitation::Opening;
use crate::limits::{
    ACT_BYTES_MAX, AGAIN_PAIRS_MAX, BLOBS_STORED_MAX, DEVICE_LOCALITIES_MAX, DEVICE_NAME_BYTES_MAX,
    PROGRAM_BYTES_MAX,
};
use crate::log::entry::Anchor;
use crate::time::{TimeMs, UtcOffset};

pub use blobs::{Erasure, StoredBlob};

/// The role of a device, which decides what it may write. `Office` is the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Cuadrilla: records work in its scopes.
    Crew,
    /// Despacho: makes, assigns, approves and resolves orders.
    Dispatcher,
    /// Supervisión: as dispatch, and releases or dismisses quarantined work.
    Supervisor,
    /// Contraloría: reads everything, writes nothing.
    Auditor,
    /// Administración: invites and revokes devices, changes their rights, and releases or dismisses quarantined
    /// work. It may write in a record wherever some role may; the steps of an order name it or do not.
    Admin,
    /// The server itself; writes the acts that only the server may.
    Office,
}

impl Role {
    /// All roles a device can be invited for.
    pub const INVITABLE: [Self; 5] =
        [Self::Crew, Self::Dispatcher, Self::Supervisor, Self::Auditor, Self::Admin];

    /// Returns the role's name in files, on the command line and in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Crew => "crew",
            Self::Dispatcher => "dispatcher",
            Self::Supervisor => "supervisor",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
            Self::Office => "office",
        }
    }

    /// Returns the role with that name; `None` if there is none.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::INVITABLE.into_iter().chain([Self::Office]).find(|role| role.key() == key)
    }

    /// Returns whether the role sees the whole municipality.
    pub fn sees_everything(self) -> bool {
        self != Self::Crew
    }
}

/// One act. PROTOCOL.md, section 6, says which role may write which; CONTRIBUTING.md, *Add an act*, lists what
/// another one needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The first entry of every ledger.
    Genesis {
        /// INEGI key of the municipality, e.g. 14061.
        municipality: u32,
        /// Its name, e.g. `Mezquitic`.
        name: String,
        /// The letters its folios start with, e.g. `MZQ`.
        folio_prefix: String,
        /// The key of the office's chain, also the log key.
        key: PublicKey,
        /// The log key as a `signed-note` verifier.
        log_verifier: String,
        /// How far its clocks are from UTC, in minutes, east positive.
        utc_offset_min: UtcOffset,
    },
    /// A new life of the ledger: its first one, or one that begins because entries were lost. Whether a device's
    /// cursors hold follows from the checkpoint that it keeps, not from the epoch (PROTOCOL.md, section 8).
    Epoch {
        /// The new epoch.
        epoch: Epoch,
        /// The reason, as text.
        reason: String,
        /// The state that a device proved and the ledger had lost, if that is why: it counts once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lost: Option<Anchor>,
        /// The epoch in which the device was, if the ledger had lost that too: it is known from here on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lost_epoch: Option<Epoch>,
    },
    /// One device may enrol.
    Invite {
        /// Lock of the code that is spoken, if there is one.
        code_lock: Option<Hash>,
        /// Lock of the link.
        link_lock: Hash,
        /// The role it gives.
        role: Role,
        /// The crew it gives, e.g. `C-07`.
        crew: Option<String>,
        /// The localities it gives, by key.
        localities: Vec<String>,
        /// When the code ends, if the administrator says so; else some days after the server heard of it. The server counts
        /// by its own clock, and no code lasts longer than a year.
        until_ms: Option<TimeMs>,
    },
    /// A device introduces itself. Its first entry.
    Enrol {
        /// The office whose server it enrols with: the hash of that server's key. No other one takes it.
        office: DeviceId,
        /// What opens its invitation, used up by this; `None` for a successor.
        opening: Option<Opening>,
        /// The device's key.
        key: PublicKey,
        /// The device's name, for people.
        name: String,
        /// The device whose work it goes on with, in place of a code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        continues: Option<Continues>,
    },
    /// The device may no longer write.
    Revoke {
        /// The device.
        device: DeviceId,
        /// Its fate, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fate: Option<Fate>,
        /// The reason, as text.
        reason: String,
    },
    /// The device has other rights from here on. Its work from before it could know is judged by the rights
    /// it had.
    Assign {
        /// The device.
        device: DeviceId,
        /// Its role.
        role: Role,
        /// Its crew.
        crew: Option<String>,
        /// Its localities, by key.
        localities: Vec<String>,
        /// The reason, as text.
        reason: String,
    },
    /// A carrier took over another device's chain up to an entry: that entry existed then.
    Carry {
        /// The device whose chain it is.
        device: DeviceId,
        /// Number of the newest entry taken over.
        seq: u64,
        /// Its hash, which stands for the whole chain up to it.
        head: Hash,
    },
    /// A device's clock at a contact, as the device gave it. The act's claimed time is the server's clock.
    /// The office writes it when the difference is another than the last one known.
    Clock {
        /// The device.
        device: DeviceId,
        /// Its clock, in milliseconds since 1970.
        clock_ms: TimeMs,
    },
    /// Entries of the author repeat other entries: a copy goes on under a new name, or their ground was
    /// dismissed.
    Again {
        /// Each rewritten entry with the one that it repeats.
        pairs: Vec<Again>,
    },
    /// A rule file as it is from here on: a kind of work, the steps, the measures.
    Rule {
        /// `work/<kind>`, `steps` or `measures`.
        name: String,
        /// The file's JSON text.
        json: String,
    },
    /// The app for browsers that the office serves from here on: an installed one takes no other.
    App {
        /// SHA-256 of its manifest, which names every file by its hash.
        hash: Hash,
        /// The version it says it has.
        version: String,
    },
    /// A quarantined entry is accepted after all.
    Release {
        /// Ledger number of the quarantined entry.
        seq: u64,
        /// The reason, as text.
        reason: String,
    },
    /// A quarantined entry is dismissed for good.
    Dismiss {
        /// Ledger number of the quarantined entry.
        seq: u64,
        /// The reason, as text.
        reason: String,
    },
    /// The office has the bytes of these blobs: only now may a device let go of its copy.
    BlobStored {
        /// At most [`BLOBS_STORED_MAX`].
        blobs: Vec<StoredBlob>,
    },
    /// The office no longer has the bytes of these blobs, because an older copy of them was put back: who still has them
    /// brings them again.
    BlobMissing {
        /// At most [`BLOBS_STORED_MAX`].
        blobs: Vec<StoredBlob>,
    },
    /// The bytes of a blob are to be erased everywhere. Its name, this act and the entries that name it stay.
    BlobErased {
        /// Which.
        sha256: Hash,
        /// Why: a code, because a reason in words may itself be about a person.
        reason: Erasure,
    },
}

/// The fate of a revoked device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Extraviado.
    Lost,
    /// Robado.
    Stolen,
    /// Retirado.
    Retired,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lost, Self::Stolen, Self::Retired];

    /// Returns the name on the command line and in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Retired => "retired",
        }
    }
}

/// A new device that succeeds another one; that one's key proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continues {
    /// The device it was a copy of.
    pub device: DeviceId,
    /// That device's signature over the new device's id and key, and over `retires`.
    pub signature: Signature,
    /// Whether that device ends with this: its key was renewed.
    #[serde(default)]
    pub retires: bool,
}

/// One rewritten entry: which entry repeats which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// Number of the author's entry; 0 if there is none, because the record says all of it already.
    pub seq: u64,
    /// The device whose entry it repeats.
    pub device: DeviceId,
    /// That entry's number.
    pub of_seq: u64,
    /// That entry's hash.
    pub of: Hash,
    /// The person who wrote that entry.
    pub person: PersonId,
    /// When, as that entry claims.
    pub claimed_at_ms: TimeMs,
    /// Whether only the author's device says so: the ledger lacks that entry, or the author's tells of it in a note.
    /// The server holds every other pair against what it has.
    pub claim: bool,
}

/// Why bytes are not an act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// Over its limit.
    #[error("the act has {found} {what}, at most {max} are allowed")]
    TooMany {
        /// The thing that is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// Not an act this version knows.
    #[error("not an act that this version knows: {0}")]
    Unknown(String),
}

impl Act {
    /// Returns the act's bytes: MessagePack with named fields.
    pub fn to_bytes(&self) -> Vec<u8> {
        rmp_serde::to_vec_named(self).expect("an act always has a MessagePack form")
    }

    /// Reads an act's bytes.
    ///
    /// # Errors
    /// Over a limit, or no act that this version knows.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ActError> {
        check("bytes", bytes.len(), ACT_BYTES_MAX)?;
        let act: Self =
            crate::msgpack::from_slice(bytes).map_err(|error| ActError::Unknown(error.to_string()))?;
        match &act {
            Self::Invite { localities, .. } => check("localities", localities.len(), DEVICE_LOCALITIES_MAX)?,
            Self::Again { pairs } => check("pairs", pairs.len(), AGAIN_PAIRS_MAX)?,
            Self::Assign { localities, .. } => {
                check("localities", localities.len(), DEVICE_LOCALITIES_MAX)?;
            }
            Self::BlobStored { blobs } | Self::BlobMissing { blobs } => {
                check("blobs", blobs.len(), BLOBS_STORED_MAX)?;
            }
            Self::App { version, .. } => check("bytes of version", version.len(), PROGRAM_BYTES_MAX)?,
            Self::Enrol { name, .. } => check("bytes of name", name.len(), DEVICE_NAME_BYTES_MAX)?,
            // Reading limits these by [`ACT_BYTES_MAX`] only.
            Self::Genesis { .. }
            | Self::Epoch { .. }
            | Self::Revoke { .. }
            | Self::Carry { .. }
            | Self::Clock { .. }
            | Self::Rule { .. }
            | Self::Release { .. }
            | Self::Dismiss { .. }
            | Self::BlobErased { .. } => {}
        }
        Ok(act)
    }

    /// Returns the act's name in logs and history.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Genesis { .. } => "genesis",
            Self::Epoch { .. } => "epoch",
            Self::Invite { .. } => "invite",
            Self::Enrol { .. } => "enrol",
            Self::Revoke { .. } => "revoke",
            Self::Assign { .. } => "assign_device",
            Self::Carry { .. } => "carry",
            Self::Clock { .. } => "clock",
            Self::Again { .. } => "again",
            Self::Rule { .. } => "rule",
            Self::App { .. } => "app",
            Self::Release { .. } => "release",
            Self::Dismiss { .. } => "dismiss",
            Self::BlobStored { .. } => "blob_stored",
            Self::BlobMissing { .. } => "blob_missing",
            Self::BlobErased { .. } => "blob_erased",
        }
    }
}

fn check(what: &'static str, found: usize, max: usize) -> Result<(), ActError> {
    if found > max { Err(ActError::TooMany { what, found, max }) } else { Ok(()) }
}
