//! Carried: what a device brings for another one, and what goes back.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::OwnRun;
use crate::id::{DeviceId, Epoch, Hash};
use crate::time::TimeMs;

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

/// A blob carried for another device. Its bytes are the shell's to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedBlob {
    /// Its content address.
    pub sha256: Hash,
    /// How many bytes it has.
    pub bytes: u64,
    /// Whether it is the small form of another one.
    pub is_thumb: bool,
    /// The device whose entry names it.
    pub of: DeviceId,
}
