//! Attempt: the number of each device's newest request, so that a recorded one is worth nothing. It is a row like any
//! other, though no line of the ledger says it: after a rebuild of the index the numbers begin at zero.

use super::{HubError, RequestError};
use crate::id::DeviceId;
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::state::local;

/// The highest number that was taken from a device; 0 for none.
fn last(rows: &dyn Rows, device: &DeviceId) -> Result<u64, RowsError> {
    Ok(read(rows, &local::attempt(device))?.unwrap_or(0))
}

/// Refuses a number that is known to be used, before the work of the request is done.
pub(super) fn check(rows: &dyn Rows, device: &DeviceId, attempt: u64) -> Result<(), RequestError> {
    let last = last(rows, device)?;
    if attempt > last { Ok(()) } else { Err(RequestError::Replayed { attempt, last }) }
}

/// Takes the number, once: of two requests that passed [`check`] side by side, the second is refused here.
pub(super) fn take(overlay: &mut Overlay<'_>, device: &DeviceId, attempt: u64) -> Result<(), HubError> {
    let last = last(overlay, device)?;
    if attempt <= last {
        return Err(HubError::Replayed { attempt, last });
    }
    overlay.write(local::attempt(device), &attempt);
    Ok(())
}
