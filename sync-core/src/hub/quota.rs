//! Quota: how much of a ledger one device may fill, and how much of an index one request may move. What is over it is
//! not taken; it stays on the device, which is told so.

use crate::limits::{CREW_DAY_BYTES_MAX, OFFICE_DAY_BYTES_MAX, REQUEST_ROW_BYTES_MAX, REVOKED_BYTES_MAX};
use crate::log::act::Role;
use crate::log::entry::Entry;
use crate::state::authority::DeviceRow;
use crate::time::TimeMs;

/// Quotas of one ledger, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// What a crew's device may bring in a day.
    pub crew_day_bytes: u64,
    /// What any other device may bring in a day: imports are large.
    pub office_day_bytes: u64,
    /// What is taken in all of a device after it was revoked.
    pub revoked_bytes: u64,
    /// Bytes of index rows that judging one request may read and write.
    pub request_row_bytes: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            crew_day_bytes: CREW_DAY_BYTES_MAX,
            office_day_bytes: OFFICE_DAY_BYTES_MAX,
            revoked_bytes: REVOKED_BYTES_MAX,
            request_row_bytes: REQUEST_ROW_BYTES_MAX,
        }
    }
}

impl Quotas {
    /// Returns whether the author has room for one more entry at that time.
    pub fn has_room(&self, author: &DeviceRow, entry: &Entry, now_ms: TimeMs) -> bool {
        let filled = author.filled.clone().with(entry, now_ms, author.revoked.is_some());
        let of_day = if author.role == Role::Crew { self.crew_day_bytes } else { self.office_day_bytes };
        filled.day_bytes <= of_day && filled.revoked_bytes <= self.revoked_bytes
    }
}
