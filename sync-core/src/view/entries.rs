//! Entries: what this device knows of the ledger, read once in the order of the rows: places, arrivals, and
//! the entry behind an applied change.

use crate::id::{DeviceId, RecordId};
use crate::rows::{Rows, RowsError, decode, read};
use crate::state::applied::{ChangeRow, applied_changes};
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::time::TimeMs;

/// The place of an entry in its device's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The device.
    pub device: DeviceId,
    /// The number in its chain.
    pub seq: u64,
}

/// Calls `visit` for every entry row, those of forked chains last.
pub fn scan_entries(rows: &dyn Rows, visit: &mut dyn FnMut(Place, EntryRow)) -> Result<(), RowsError> {
    let mut failure = None;
    for prefix in [keyspace::ENTRIES, keyspace::FORKS] {
        rows.scan(prefix, prefix, &mut |key, value| {
            match (place_of(&key[prefix.len()..]), decode::<EntryRow>(value)) {
                (Some(place), Ok(row)) => visit(place, row),
                (None, _) => failure = Some(RowsError("an entry row has a malformed key".into())),
                (_, Err(error)) => failure = Some(error),
            }
            failure.is_none()
        })?;
    }
    failure.map_or(Ok(()), Err)
}

fn place_of(key: &[u8]) -> Option<Place> {
    let device = DeviceId::from_slice(key.get(..16)?)?;
    let seq = u64::from_be_bytes(key.get(16..24)?.try_into().ok()?);
    Some(Place { device, seq })
}

/// Returns the entry row behind an applied change. On a forked chain the same number has several entries: the
/// one with this change is meant.
pub fn entry_of_change(rows: &dyn Rows, change: &ChangeRow) -> Result<Option<EntryRow>, RowsError> {
    let main: Option<EntryRow> = read(rows, &keyspace::entry(&change.device, change.seq))?;
    if main.as_ref().is_some_and(|row| row.change == Some(change.hash)) {
        return Ok(main);
    }
    let prefix = keyspace::forks(&change.device, change.seq);
    let mut found = None;
    rows.scan(&prefix, &prefix, &mut |_, value| {
        found = decode::<EntryRow>(value).ok().filter(|row| row.change == Some(change.hash));
        found.is_none()
    })?;
    Ok(found)
}

/// Since which ledger number and time a change counts.
pub type Since = Option<(u64, TimeMs)>;

/// Returns the entry rows behind all applied changes of a record.
pub fn applied_entries(
    rows: &dyn Rows,
    record: &RecordId,
) -> Result<Vec<(ChangeRow, Option<EntryRow>)>, RowsError> {
    let with_entry = |change: ChangeRow| {
        let entry = entry_of_change(rows, &change)?;
        Ok((change, entry))
    };
    applied_changes(rows, record)?.into_iter().map(with_entry).collect()
}

/// One arrival: ledger number, the server's time, and the line it stands on here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// Ledger number.
    pub seq: u64,
    /// The server's clock.
    pub at_ms: TimeMs,
    /// The line here.
    pub line: u64,
}

/// All arrivals this device knows of, by ledger number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrivals(Vec<Arrival>);

impl Arrivals {
    /// Takes what was gathered, in any order.
    pub fn new(mut arrivals: Vec<Arrival>) -> Self {
        arrivals.sort_unstable();
        Self(arrivals)
    }

    /// Returns the arrival at a ledger number.
    pub fn at(&self, seq: u64) -> Option<Arrival> {
        self.0.binary_search_by_key(&seq, |arrival| arrival.seq).ok().map(|index| self.0[index])
    }

    /// Returns the time at which the newest entry at or before a ledger number arrived. If this device does
    /// not have that entry, the one before it arrived no later, so the result stays a true lower bound.
    pub fn not_before(&self, seq: u64) -> Option<TimeMs> {
        let after = self.0.partition_point(|arrival| arrival.seq <= seq);
        after.checked_sub(1).map(|index| self.0[index].at_ms)
    }

    /// Returns the newest ledger number.
    pub fn last_seq(&self) -> u64 {
        self.0.last().map_or(0, |arrival| arrival.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrival, Arrivals};

    #[test]
    fn an_arrival_that_is_not_here_is_bounded_by_the_one_before() {
        let arrival = |seq| Arrival { seq, at_ms: i64::try_from(seq).unwrap() * 10, line: seq };
        let arrivals = Arrivals::new(vec![arrival(9), arrival(2), arrival(5)]);
        assert_eq!(arrivals.not_before(1), None);
        assert_eq!(arrivals.not_before(5), Some(50));
        assert_eq!(arrivals.not_before(8), Some(50));
        assert_eq!(
            (arrivals.at(9).map(|found| found.line), arrivals.at(3), arrivals.last_seq()),
            (Some(9), None, 9)
        );
    }
}
