//! Attempt: the number of each device's newest request, so that a recorded one is worth nothing; and what its requests
//! show that it had heard. It is a row like any other, though no line of the ledger says it: after a rebuild of the index
//! the numbers begin at zero.

use super::rights::is_past;
use super::{HubError, RequestError};
use crate::id::DeviceId;
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::state::local::{self, Asked};
use crate::wire::message::SyncRequest;

/// What is kept of how much a device had heard: one for each answer that it got while it had work left to send.
const HEARD_MAX: usize = 8;

fn asked(rows: &dyn Rows, device: &DeviceId) -> Result<Asked, RowsError> {
    Ok(read(rows, &local::attempt(device))?.unwrap_or_default())
}

/// Refuses a number that is known to be used, before the work of the request is done.
pub(super) fn check(rows: &dyn Rows, device: &DeviceId, attempt: u64) -> Result<(), RequestError> {
    let last = asked(rows, device)?.attempt;
    if attempt > last { Ok(()) } else { Err(RequestError::Replayed { attempt, last }) }
}

/// Takes the number, once: of two requests that passed [`check`] side by side, the second is refused here. `head_seq` is
/// how far the ledger of `size` entries has the device's chain.
pub(super) fn take(
    overlay: &mut Overlay<'_>,
    device: &DeviceId,
    sync: &SyncRequest,
    head_seq: u64,
    size: u64,
) -> Result<(), HubError> {
    let mut asked = asked(overlay, device)?;
    let (attempt, last) = (sync.attempt, asked.attempt);
    if attempt <= last {
        return Err(HubError::Replayed { attempt, last });
    }
    asked.attempt = attempt;
    if sync.kept.size > 0 && is_past(overlay, size, &sync.kept)? {
        hear(&mut asked.heard, (sync.written, sync.kept.size), head_seq);
    }
    overlay.write(local::attempt(device), &asked);
    Ok(())
}

/// Adds what a device had heard when it had written so many entries. What says nothing of entries that may still come is
/// left out.
fn hear(heard: &mut Vec<(u64, u64)>, now: (u64, u64), head_seq: u64) {
    // A device that says it wrote less than it said before had said too much.
    heard.retain(|(written, _)| *written < now.0);
    heard.push(now);
    if let Some(newest) = heard.iter().rposition(|(written, _)| *written <= head_seq) {
        heard.drain(..newest);
    }
    while heard.len() > HEARD_MAX {
        heard.remove(1);
    }
}

/// Returns how large a ledger a device had heard of, by its requests, when it wrote the entry with that number.
pub(super) fn heard_at(rows: &dyn Rows, device: &DeviceId, device_seq: u64) -> Result<u64, RowsError> {
    let heard = asked(rows, device)?.heard;
    Ok(heard.iter().filter(|(written, _)| *written < device_seq).map(|(_, size)| *size).max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::hear;

    #[test]
    fn what_was_written_before_an_answer_does_not_know_of_it() {
        let mut heard = Vec::new();
        // 500 entries are written, and sent in three requests; each answer tells more.
        for (now, head_seq) in [((500, 100), 0), ((500, 140), 200), ((500, 180), 400), ((501, 180), 500)] {
            hear(&mut heard, now, head_seq);
        }
        assert_eq!(heard, [(500, 180), (501, 180)]);
        // Once they have all arrived, what was heard before tells nothing more.
        hear(&mut heard, (501, 190), 501);
        assert_eq!(heard, [(501, 190)]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut heard = Vec::new();
        for number in 1..100 {
            hear(&mut heard, (number, 10 * number), 0);
        }
        assert_eq!((heard.len(), heard.first(), heard.last()), (8, Some(&(1, 10)), Some(&(99, 990))));
    }
}
