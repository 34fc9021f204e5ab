//! Blobs: what acts say about the bytes of photos.

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, Hash};

/// A blob that the office has, or had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBlob {
    /// Its content address.
    pub sha256: Hash,
    /// How many bytes it has.
    pub bytes: u64,
    /// The device whose entry names it. It, a device that goes on for it, or its carrier brought the bytes.
    pub of: DeviceId,
}

/// Why a blob is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Erasure {
    /// The person who is seen asked for it.
    Asked,
    /// A person is seen who has nothing to do with the work.
    Bystander,
    /// It is the picture of something else.
    Mistaken,
    /// An authority ordered it.
    Ordered,
}

impl Erasure {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Asked, Self::Bystander, Self::Mistaken, Self::Ordered];

    /// The stable word.
    pub fn key(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Bystander => "bystander",
            Self::Mistaken => "mistaken",
            Self::Ordered => "ordered",
        }
    }
}
