//! Planted: what known mistakes make of a log's lines and an index's rows, on their way into them.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};

use store::Paged;
use sync_core::log::line::{DeviceLine, Line};
use sync_core::log::verdict::{RECORD_EXISTS, Reason, Verdict};
use sync_core::record::row::RecordRow;
use sync_core::rows::{Batch, MemoryRows, Rows, RowsError, Visit, decode, encode, read};
use sync_core::state::authority::DeviceRow;
use sync_core::state::fold::EntryRow;
use sync_core::state::held::QuarantineRow;
use sync_core::state::keyspace;
use sync_core::state::local::{Generations, REWRITTEN};

use crate::bugs::Bug;

/// An index forgets one batch of so many, if it forgets.
const FORGETS_ONE_IN: u64 = 7;

/// What is planted in one machine's log and index.
#[derive(Debug, Default)]
pub struct Planted {
    /// The mistake.
    pub bug: Option<Bug>,
    /// Lines of the next append that are left out.
    pub left_out: Option<Range<usize>>,
    batches: u64,
}

impl Planted {
    /// Checks whether a phone's log and index make the mistake too.
    pub fn is_of_phone(bug: Bug) -> bool {
        bug.is_of_rows() || matches!(bug, Bug::ReceiptDropped | Bug::RefillSkips | Bug::GroundLost)
    }

    /// The lines that a mistaken log appends in the place of these.
    pub fn lines(&mut self, lines: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
        match self.bug {
            Some(Bug::SecondLost) => {
                let left_out = self.left_out.take()?;
                let kept = lines.iter().enumerate().filter(|(at, _)| !left_out.contains(at));
                Some(kept.map(|(_, line)| line.clone()).collect())
            }
            Some(Bug::ReceiptDropped) => {
                let kept = lines.iter().filter(|line| !is_carried_receipt(line));
                Some(kept.cloned().collect())
            }
            Some(Bug::LinesReversed) => Some(lines.iter().rev().cloned().collect()),
            _ => None,
        }
    }

    /// Makes of a batch of pages what a mistaken index applies.
    pub fn rows(&mut self, rows: &BTreeMap<Vec<u8>, Vec<u8>>, pages: Batch, has_lines: bool) -> Batch {
        if self.bug.is_none() {
            return pages;
        }
        let below = Paged::new(Below(rows));
        let mut batch = plain(rows, pages);
        match self.bug {
            Some(Bug::BatchForgotten) if has_lines => {
                self.batches += 1;
                if self.batches.is_multiple_of(FORGETS_ONE_IN) {
                    batch.writes.clear();
                }
            }
            Some(Bug::AttemptsDropped) if !has_lines => batch.writes.clear(),
            Some(Bug::RevokedAccepted) => keep_revoked(rows, &mut batch),
            bug => self::batch(bug, &below, &mut batch),
        }
        below.to_pages(&batch).expect("an index in use reads")
    }
}

/// Returns the rows that a batch of pages writes over those of an index.
fn plain(below: &BTreeMap<Vec<u8>, Vec<u8>>, pages: Batch) -> Batch {
    let mut plain = Batch::default();
    for (key, page) in pages.writes {
        for (row, _) in rows_in(&key, below.get(&key)) {
            plain.delete(row);
        }
        for (row, value) in rows_in(&key, page.as_ref()) {
            plain.put(row, value);
        }
    }
    plain
}

fn rows_in(key: &[u8], page: Option<&Vec<u8>>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let rows = page.map(|page| (key.to_vec(), page.clone())).into_iter().collect();
    let mut found = Vec::new();
    let visit = &mut |row: &[u8], value: &[u8]| {
        found.push((row.to_vec(), value.to_vec()));
        true
    };
    Paged::new(MemoryRows { rows }).scan(b"", b"", visit).expect("an index in use reads");
    found
}

fn is_carried_receipt(line: &[u8]) -> bool {
    matches!(Line::from_bytes(line), Ok(Line::Device(DeviceLine::CarriedReceipt(_))))
}

/// The rows of an index, borrowed.
#[derive(Clone)]
struct Below<'r>(&'r BTreeMap<Vec<u8>, Vec<u8>>);

impl Rows for Below<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        Ok(self.0.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError> {
        let start = if from > prefix { from } else { prefix };
        for (key, value) in self.0.range::<[u8], _>((Bound::Included(start), Bound::Unbounded)) {
            if !key.starts_with(prefix) || !visit(key, value) {
                break;
            }
        }
        Ok(())
    }
}

/// That a revocation was not seen does not undo it.
fn keep_revoked(rows: &BTreeMap<Vec<u8>, Vec<u8>>, batch: &mut Batch) {
    for (key, value) in &mut batch.writes {
        let before: Option<DeviceRow> = rows.get(key).and_then(|row| decode(row).ok());
        let after: Option<DeviceRow> = value.as_ref().and_then(|row| decode(row).ok());
        if let (Some(before), Some(mut after)) = (before, after)
            && before.revoked.is_some()
            && after.revoked.is_none()
        {
            after.revoked = before.revoked;
            *value = Some(encode(&after));
        }
    }
}

/// Rows that a mistake does not write, or writes otherwise.
fn batch(bug: Option<Bug>, rows: &dyn Rows, batch: &mut Batch) {
    match bug {
        Some(Bug::HeldDropped) => batch.writes.retain(|key, value| {
            let held = value.as_ref().filter(|_| key.starts_with(keyspace::QUARANTINE));
            let row: Option<QuarantineRow> = held.and_then(|value| decode(value).ok());
            !row.is_some_and(|row| matches!(row.reason, Reason::Held { .. }))
        }),
        Some(Bug::ElementForgotten) => batch.writes.retain(|key, _| !key.starts_with(b"e/")),
        Some(Bug::WaitingForgotten) => batch.writes.retain(|key, _| !key.starts_with(b"h/")),
        Some(Bug::EntryEventLost) => lose_reentries(rows, batch),
        Some(Bug::GroundLost) => batch.writes.retain(|key, _| !key.starts_with(b"P/g/")),
        Some(Bug::RefillSkips) => skip_in_refill(batch),
        Some(bug @ (Bug::StepSettles | Bug::ValueSettles)) => hide_values(bug == Bug::StepSettles, batch),
        Some(Bug::JoinForgets) => take_for_joined(batch),
        Some(Bug::JoinDoubles) => batch.writes.retain(|key, _| !key.starts_with(REWRITTEN)),
        _ => {}
    }
}

/// What the ledger has from another device first counts as joined as soon as that is known.
fn take_for_joined(batch: &mut Batch) {
    let layer =
        |key: &[u8]| key.get(2..).and_then(|plain| plain.strip_prefix(keyspace::ENTRIES)).map(<[u8]>::to_vec);
    let second = |value: &Option<Vec<u8>>| {
        let row: Option<EntryRow> = value.as_ref().and_then(|row| decode(row).ok());
        let verdict = row.and_then(|row| row.receipt).map(|receipt| receipt.verdict);
        matches!(verdict, Some(Verdict::Quarantined(Reason::Rule { rule, .. })) if rule == RECORD_EXISTS)
    };
    let seconds: Vec<Vec<u8>> =
        batch.writes.iter().filter(|(_, value)| second(value)).filter_map(|(key, _)| layer(key)).collect();
    for entry in seconds {
        batch.put([REWRITTEN, &entry].concat(), encode(&true));
    }
}

/// Of several states, or of several values of the other registers, the winner alone is known.
fn hide_values(of_status: bool, batch: &mut Batch) {
    for (key, value) in &mut batch.writes {
        let is_layer = matches!(key.first(), Some(b'M' | b'O'));
        let plain = if is_layer { key.get(2..).unwrap_or_default() } else { key.as_slice() };
        if !plain.starts_with(keyspace::RECORDS) {
            continue;
        }
        let Some(mut row) = value.as_ref().and_then(|row| decode::<RecordRow>(row).ok()) else { continue };
        for (name, held) in &mut row.registers {
            if (name == "status") == of_status && held.len() > 1 {
                held.drain(..held.len() - 1);
            }
        }
        if of_status && let Some(winner) = row.registers.get("status").and_then(|held| held.last()) {
            row.states.retain(|(op, _)| *op == winner.op);
        }
        *value = Some(encode(&row));
    }
}

/// Filling begins in the middle of the lines that are in force.
fn skip_in_refill(batch: &mut Batch) {
    for (key, value) in &mut batch.writes {
        let Some(row) = value.as_ref().filter(|_| key.starts_with(b"L/generations")) else { continue };
        let Ok(mut generations) = decode::<Generations>(row) else { continue };
        if let Some(filling) = generations.filling.as_mut().filter(|filling| filling.next_line == 1) {
            filling.next_line = (filling.to_line / 2).max(1);
            *value = Some(encode(&generations));
        }
    }
}

/// A record that was in a scope before and comes back: its event and its membership are not written, nor what the
/// scope's fingerprint says of it.
fn lose_reentries(rows: &dyn Rows, batch: &mut Batch) {
    let mut lost = Vec::new();
    for (key, value) in &batch.writes {
        let Some(record) = key.strip_prefix(keyspace::RECORDS).and_then(sync_core::id::RecordId::from_slice)
        else {
            continue;
        };
        let Ok(Some(before)) = read::<RecordRow>(rows, key) else { continue };
        let Some(after) = value.as_ref().and_then(|value| decode::<RecordRow>(value).ok()) else { continue };
        let back = after.scopes.difference(&before.scopes).filter(|scope| before.scopes_ever.contains(scope));
        lost.extend(back.map(|scope| (scope.clone(), record)));
    }
    for (scope, record) in lost {
        let events = keyspace::events(&scope);
        batch.writes.retain(|key, _| {
            let is_event = key.starts_with(&events) && key.ends_with(&record.0);
            !is_event && *key != keyspace::member(&scope, &record) && *key != keyspace::fingerprint(&scope)
        });
    }
}
