//! Steps: the changes of a record, each with its entry and receipt, and who wrote what.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::entries::applied_entries;
use super::who::Who;
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::act::Again;
use crate::log::entry::Header;
use crate::log::line::{Lines, read_entry};
use crate::log::verdict::{Decision, Receipt};
use crate::record::change::{Change, OpId};
use crate::rows::{Rows, RowsError, read};
use crate::state::applied::ChangeRow;
use crate::state::authority::AgainRow;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::time::{TimeMs, rfc3339};

/// One change of a record with all that is known about it.
pub struct Step {
    /// Its row.
    pub row: ChangeRow,
    /// Its entry's header.
    pub header: Header,
    /// The server's receipt.
    pub receipt: Option<Receipt>,
    /// Since which ledger number and time it counts.
    pub accepted: Option<(u64, TimeMs)>,
    /// The later decision, if it was quarantined at first.
    pub decided: Option<Decision>,
    /// The entry that it repeats.
    pub again: Option<Again>,
    /// Its operations.
    pub change: Change,
    /// Its raw chunk.
    pub raw: Vec<u8>,
}

impl Step {
    /// Returns when it was made, as its author claims; of a rewritten one, when the entry that it repeats was.
    pub fn claimed_at_ms(&self) -> TimeMs {
        self.again.as_ref().map_or(self.header.claimed_at_ms, |again| again.claimed_at_ms)
    }
}

/// The author of a value, with the claimed time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The device.
    pub device: String,
    /// The person.
    pub person: String,
    /// When, as the device claims.
    pub claimed_at: String,
}

/// Returns all changes of a record, in ledger order; those not in the ledger last, in the order they were
/// made.
pub fn steps_of(rows: &dyn Rows, lines: &dyn Lines, record: &RecordId) -> Result<Vec<Step>, RowsError> {
    let mut steps = Vec::new();
    for (row, entry) in applied_entries(rows, record)? {
        steps.push(step_of(rows, lines, row, entry)?);
    }
    steps.sort_by_key(|step| {
        (step.receipt.as_ref().map_or(u64::MAX, |r| r.seq), step.row.device, step.row.seq)
    });
    Ok(steps)
}

fn step_of(
    rows: &dyn Rows,
    lines: &dyn Lines,
    row: ChangeRow,
    entry: Option<EntryRow>,
) -> Result<Step, RowsError> {
    let (_, chained) = read_entry(lines, row.line)?;
    let raw = chained.entry.body.bytes().to_vec();
    let change = Change::read(&raw).map_err(|error| RowsError(error.to_string()))?;
    let accepted = entry.as_ref().and_then(EntryRow::accepted);
    let (receipt, decided) = entry.map_or((None, None), |entry| (entry.receipt, entry.decided));
    let again: Option<AgainRow> = read(rows, &keyspace::again(&row.device, row.seq))?;
    let again = again.map(|row| row.again);
    Ok(Step { row, header: chained.entry.header, receipt, accepted, decided, again, change, raw })
}

/// Steps in an order in which each follows what it builds on, otherwise as given; those whose ground is missing are
/// left out.
pub fn grounded(steps: Vec<Step>) -> Vec<Step> {
    let mut waiting: BTreeMap<Hash, Vec<Step>> = BTreeMap::new();
    let mut placed: Vec<Step> = Vec::new();
    let mut known: BTreeSet<Hash> = BTreeSet::new();
    let mut ready: Vec<Step> = Vec::new();
    for step in steps {
        ready.push(step);
        while let Some(step) = ready.pop() {
            match step.change.deps.iter().find(|dep| !known.contains(*dep)) {
                Some(missing) => waiting.entry(*missing).or_default().push(step),
                None => {
                    known.insert(step.row.hash);
                    // The first to wait is the first to follow.
                    ready.extend(waiting.remove(&step.row.hash).into_iter().flatten().rev());
                    placed.push(step);
                }
            }
        }
    }
    placed
}

/// Returns the author of a step; of a rewritten one, the author of the entry that it repeats.
///
/// # Errors
/// The index does not read.
pub fn written(who: &Who<'_>, step: &Step) -> Result<Written, RowsError> {
    let header = &step.header;
    let (device, person) =
        step.again.as_ref().map_or((&header.device, &header.person), |again| (&again.device, &again.person));
    let claimed_at = rfc3339(step.claimed_at_ms());
    Ok(Written { device: header.device.to_string(), person: who.person(device, person)?, claimed_at })
}

/// Who wrote which operation of a record.
pub struct Authors<'s> {
    who: Who<'s>,
    steps: &'s [Step],
    /// Device and first operation of each step, to its place.
    places: BTreeMap<(DeviceId, u64), usize>,
}

impl<'s> Authors<'s> {
    /// Returns the authors of the steps' operations.
    pub fn of(who: Who<'s>, steps: &'s [Step]) -> Self {
        let place = |(index, step): (usize, &Step)| ((step.row.device, step.row.start_op), index);
        Self { who, steps, places: steps.iter().enumerate().map(place).collect() }
    }

    /// Returns the step that holds an operation.
    ///
    /// # Errors
    /// None of the steps does.
    pub fn step(&self, op: &OpId) -> Result<&'s Step, RowsError> {
        let before = self.places.range(..=(op.device, op.counter)).next_back();
        let step = before.map(|(_, place)| &self.steps[*place]).filter(|step| step.row.holds(op));
        step.ok_or_else(|| RowsError("a value has no known author".into()))
    }

    /// Returns the ledger number of an operation's entry; the highest number if it has none.
    pub fn place(&self, op: &OpId) -> u64 {
        let receipt = self.step(op).ok().and_then(|step| step.receipt.as_ref());
        receipt.map_or(u64::MAX, |receipt| receipt.seq)
    }

    /// Returns who wrote an operation, and when.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn by(&self, op: &OpId) -> Result<Written, RowsError> {
        written(&self.who, self.step(op)?)
    }
}
