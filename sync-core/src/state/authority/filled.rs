//! Filled: how much of the ledger a device filled, folded from what arrived of it.

use serde::{Deserialize, Serialize};

use crate::log::entry::Entry;
use crate::time::TimeMs;

const DAY_MS: i64 = 24 * 3_600_000;
/// Header, receipt, signature and rows of an entry, in bytes, beside its body.
const ENTRY_BYTES: u64 = 512;

/// How much of the ledger a device filled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    /// The newest day on which something of it arrived, by the server's clock, counted since 1970.
    pub day: i64,
    /// Bytes on that day.
    pub day_bytes: u64,
    /// Bytes since it was revoked.
    pub revoked_bytes: u64,
}

impl Filled {
    /// Returns it with one more entry.
    #[must_use]
    pub fn with(mut self, entry: &Entry, received_at_ms: TimeMs, is_revoked: bool) -> Self {
        let bytes = ENTRY_BYTES + entry.body.bytes().len() as u64;
        let day = received_at_ms.div_euclid(DAY_MS);
        if day > self.day {
            (self.day, self.day_bytes) = (day, 0);
        }
        self.day_bytes += bytes;
        if is_revoked {
            self.revoked_bytes += bytes;
        }
        self
    }
}
