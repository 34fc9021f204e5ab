//! Sweep: which whole blobs may go because no entry names them. What an entry names stays, whether the entry counts, is in
//! quarantine, or was dismissed: evidence goes by an erasure only.

use std::time::Duration;

use sync_core::id::Hash;
use sync_core::log::line::{Lines, read_entry};
use sync_core::rows::{Rows, RowsError};
use sync_core::state::evidence::namings;
use sync_core::time::TimeMs;

const DAY_MS: i64 = 24 * 3_600_000;
/// Days for which the ledger must have gone on without naming bytes before they go. Bytes come after the entry that names
/// them, so that only a ledger that was put back to an older copy knows nothing of them: its crews may be without signal
/// for weeks before they bring the entry again.
pub const ORPHAN_DAYS: u32 = 60;
/// Days without a new byte before a partial goes: crews are without signal for weeks.
pub const PARTIAL_DAYS: u32 = 30;

/// How long a partial may wait for its next byte.
pub const PARTIAL_IDLE: Duration = Duration::from_secs(24 * 3_600 * PARTIAL_DAYS as u64);

/// A blob in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Its content address.
    pub blob: Hash,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it was kept, in milliseconds since 1970.
    pub at_ms: i64,
}

/// Returns those of the kept blobs that may go: no entry names them, and the ledger has gone on for [`ORPHAN_DAYS`] since
/// they were kept. Their own age does not count: they may be older than the copy of the ledger that was put back.
///
/// # Errors
/// Index or ledger do not read.
pub fn orphans(
    rows: &dyn Rows,
    lines: &dyn Lines,
    all: &[Kept],
    now_ms: TimeMs,
) -> Result<Vec<Kept>, RowsError> {
    let oldest_ms = now_ms.saturating_sub(DAY_MS * i64::from(ORPHAN_DAYS));
    let mut orphans = Vec::new();
    for kept in all.iter().filter(|kept| kept.at_ms < oldest_ms) {
        if namings(rows, &kept.blob)?.is_empty()
            && first_after(lines, kept.at_ms)?.is_some_and(|at_ms| at_ms < oldest_ms)
        {
            orphans.push(*kept);
        }
    }
    Ok(orphans)
}

/// Returns when the first entry arrived after a moment; `None` if none did.
fn first_after(lines: &dyn Lines, moment_ms: TimeMs) -> Result<Option<TimeMs>, RowsError> {
    let arrived = |number: u64| -> Result<TimeMs, RowsError> {
        let (receipt, _) = read_entry(lines, number)?;
        receipt
            .map(|receipt| receipt.received_at_ms)
            .ok_or_else(|| RowsError("an entry has no receipt".into()))
    };
    let (mut low, mut high) = (1, lines.end());
    while low < high {
        let middle = low + (high - low) / 2;
        if arrived(middle)? > moment_ms { high = middle } else { low = middle + 1 }
    }
    if low < lines.end() { arrived(low).map(Some) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, Kept, ORPHAN_DAYS, first_after, orphans};
    use sync_core::id::{BootId, DeviceId, Hash, PersonId, RecordId};
    use sync_core::log::act::Act;
    use sync_core::log::entry::{Anchor, Body, ChainedEntry, Entry, Header};
    use sync_core::log::line::{Line, Lines};
    use sync_core::log::verdict::{Receipt, Verdict};
    use sync_core::rows::{MemoryRows, Overlay, RowsError};
    use sync_core::state::evidence::NamedRow;
    use sync_core::state::keyspace;

    const DEVICE: DeviceId = DeviceId([7; 16]);

    /// A ledger of entries that arrived on these days.
    struct Ledger(Vec<i64>);

    impl Lines for Ledger {
        fn end(&self) -> u64 {
            self.0.len() as u64 + 1
        }

        fn line(&self, seq: u64) -> Result<Vec<u8>, RowsError> {
            let received_at_ms = self.0[usize::try_from(seq).unwrap() - 1] * DAY_MS;
            let header = Header {
                municipality: 14_061,
                device: DEVICE,
                seq,
                record: RecordId::ZERO,
                person: PersonId([8; 16]),
                claimed_at_ms: 0,
                boot: BootId([1; 8]),
                monotonic_ms: 0,
                anchor: Anchor::default(),
            };
            let body = Body::Act(Act::Clock { device: DEVICE, clock_ms: 0 }.to_bytes());
            let chained = ChainedEntry { entry: Entry { header, body }, prev: None, signature: None };
            let receipt = Receipt { seq, received_at_ms, carrier: None, verdict: Verdict::Accepted };
            Ok(Line::Entry { receipt: Some(receipt), chained }.to_bytes())
        }
    }

    fn kept(name: u8, day: i64) -> Kept {
        Kept { blob: Hash([name; 32]), bytes: 9, at_ms: day * DAY_MS }
    }

    #[test]
    fn what_a_restored_ledger_lost_stays_until_the_ledger_has_gone_on_for_long() {
        // Backed up on day 10, photos kept on day 12, put back and gone on with on day 200.
        let ledger = Ledger(vec![1, 5, 10, 200, 201]);
        let rows = MemoryRows::default();
        let (old, new) = (kept(1, 12), kept(2, 230));
        let swept = |day: i64| orphans(&rows, &ledger, &[old, new], day * DAY_MS).unwrap();
        assert_eq!(swept(201), [], "its bytes are old, and the ledger has just gone on");
        assert_eq!(swept(200 + i64::from(ORPHAN_DAYS)), []);
        assert_eq!(swept(201 + i64::from(ORPHAN_DAYS)), [old]);
        assert_eq!(swept(2_000), [old], "nothing has arrived since the other was kept");
        let still = Ledger(vec![1, 5, 10]);
        assert_eq!(orphans(&rows, &still, &[old], 2_000 * DAY_MS).unwrap(), [], "nobody has synced yet");
    }

    #[test]
    fn what_any_entry_names_stays() {
        let below = MemoryRows::default();
        let mut rows = Overlay::new(&below);
        let named = NamedRow { device_seq: 3, bytes: 9, is_thumb: false };
        rows.write(keyspace::named_blob(&Hash([1; 32]), &DEVICE, &RecordId::ZERO), &named);
        let ledger = Ledger(vec![1, 20]);
        let all = [kept(1, 12), kept(2, 12)];
        assert_eq!(orphans(&rows, &ledger, &all, 2_000 * DAY_MS).unwrap(), [kept(2, 12)]);
    }

    #[test]
    fn the_first_entry_after_a_moment_is_found() {
        let ledger = Ledger(vec![1, 5, 5, 10]);
        let after = |day: i64| first_after(&ledger, day * DAY_MS).unwrap().map(|ms| ms / DAY_MS);
        assert_eq!([0, 1, 4, 5, 9, 10].map(after), [Some(1), Some(5), Some(5), Some(10), Some(10), None]);
    }
}
