//! Attempt: the number of each device's newest request, so that a recorded one is worth nothing; and what its requests
//! show that it had heard. It is a row like any other, though no line of the ledger says it: after a rebuild of the index
//! the numbers begin at zero.

use super::rights::is_past;
use super::{HubError, RequestError, RuleBook};
use crate::id::DeviceId;
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::state::authority::DeviceRow;
use crate::state::keyspace;
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

/// Takes the number, once: of two requests that passed [`check`] side by side, the second is refused here. Notes what the
/// device has heard of a ledger of `size` entries.
pub(super) fn take(
    overlay: &mut Overlay<'_>,
    book: &RuleBook,
    sync: &SyncRequest,
    size: u64,
) -> Result<(), HubError> {
    let row: Option<DeviceRow> = read(overlay, &keyspace::device(&sync.device))?;
    let mut asked = asked(overlay, &sync.device)?;
    let (attempt, last) = (sync.attempt, asked.attempt);
    if attempt <= last {
        return Err(HubError::Replayed { attempt, last });
    }
    asked.attempt = attempt;
    // Nearly always it knows of all changes already, and the state that it keeps need not be looked at.
    if let Some(row) = row
        && !is_known(book, &row, &asked.heard, sync)
        && is_past(overlay, size, &sync.kept)?
    {
        hear(&mut asked.heard, (sync.written, sync.kept.size), row.head_seq);
    }
    overlay.write(local::attempt(&sync.device), &asked);
    Ok(())
}

/// Whether the device is known to know, of rules and of its own rights, what the state that it keeps now tells.
fn is_known(book: &RuleBook, row: &DeviceRow, heard: &[(u64, u64)], sync: &SyncRequest) -> bool {
    let changes = changes_known(book, row, sync.kept.size);
    changes == 0
        || heard
            .iter()
            .any(|(written, size)| *written <= sync.written && changes_known(book, row, *size) >= changes)
}

/// Returns how many changes of rules and of its rights a device knows that has seen the ledger up to `size`.
pub(super) fn changes_known(book: &RuleBook, row: &DeviceRow, size: u64) -> usize {
    book.known(size) + row.former.iter().filter(|former| former.until_seq <= size).count()
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
