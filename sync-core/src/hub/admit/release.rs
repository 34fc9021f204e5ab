//! Release: whether a decision about a quarantined entry can have its effect.

use super::super::HubError;
use super::super::rights::{is_past, judge_by_rights};
use super::Session;
use crate::id::{DeviceId, Hash};
use crate::judge::{check_bounds, ungrounded};
use crate::log::act::Act;
use crate::log::chain::DecodedBody;
use crate::log::chain::decode_body;
use crate::log::entry::{Anchor, ChainedEntry};
use crate::log::verdict::Reason;
use crate::record::row::RecordRow;
use crate::rows::{RowsError, all_under, read};
use crate::state::authority::DeviceRow;
use crate::state::held::QuarantineRow;
use crate::state::held::held_rows;
use crate::state::interpret::{missing_upon, read_upon};
use crate::state::keyspace;

impl Session<'_, '_> {
    pub(super) fn quarantined(&self, seq: u64) -> Result<Option<(QuarantineRow, ChainedEntry)>, RowsError> {
        let Some(row) = read::<QuarantineRow>(self.overlay, &keyspace::quarantined(seq))? else {
            return Ok(None);
        };
        let chained = row.entry()?;
        Ok(Some((row, chained)))
    }

    /// Whether a release names something that can be applied now. If not, the release itself is quarantined like any
    /// other entry, so that one bad release never blocks its author.
    pub(super) fn judge_release(&self, act: &Act, anchor: &Anchor) -> Result<Result<(), Reason>, RowsError> {
        let (Act::Release { seq, .. } | Act::Dismiss { seq, .. }) = act else { return Ok(Ok(())) };
        let refused = |what: &str| Ok(Err(Reason::Rule { rule: "release".into(), what: what.into() }));
        if anchor.size >= *seq && !is_past(self.overlay, self.next_seq - 1, anchor)? {
            return refused(
                "it names a number of a ledger that was lost since; look at the list and decide again",
            );
        }
        let Some((row, chained)) = self.quarantined(*seq)? else {
            // Two may decide at the same time; the second one changes nothing, and both stand in the ledger.
            return if *seq < self.next_seq { Ok(Ok(())) } else { refused("there is no such entry yet") };
        };
        if matches!(act, Act::Dismiss { .. }) {
            return Ok(Ok(()));
        }
        if row.reason.is_fork() {
            return refused(
                "an entry of a forked chain is written again by a supervisor's device or by its successor, not released",
            );
        }
        let DecodedBody::Change(change) = decode_body(&chained.entry.body)? else {
            return refused("it is no change of a record");
        };
        let known: Option<RecordRow> = read(self.overlay, &keyspace::record(&row.record))?;
        if let Some(on) = missing_upon(known.as_ref(), self.overlay, &row.record, &change)? {
            return Ok(Err(Reason::Held { on }));
        }
        if let Some(reason) = ungrounded(self.overlay, &row.record, known.as_ref(), &change)? {
            return Ok(Err(reason));
        }
        let acceptable = read_upon(known, self.hub.book.now(), &change);
        Ok(acceptable.and_then(|acceptable| check_bounds(&acceptable, &change)))
    }

    /// Entries that waited for a change which has now arrived are judged again; what passes is released by the office.
    pub(super) fn release_waiting(&mut self, arrived: &Hash) -> Result<(), HubError> {
        let mut ready = vec![*arrived];
        while let Some(hash) = ready.pop() {
            for seq in self.waiting_for(&hash)? {
                ready.extend(self.release_if_ready(seq)?);
            }
        }
        Ok(())
    }

    /// What waited for a change of a device, and found that it had no right to it when that came, is judged again when
    /// the device is given other rights: after a lost past those may be handed in last.
    pub(super) fn release_held_of(&mut self, device: &DeviceId) -> Result<(), HubError> {
        let held = held_rows(self.overlay)?.into_iter();
        let waits = |row: &QuarantineRow| row.device == *device && matches!(row.reason, Reason::Held { .. });
        for (seq, _) in held.filter(|(_, row)| waits(row)).collect::<Vec<_>>() {
            if let Some(change) = self.release_if_ready(seq)? {
                self.release_waiting(&change)?;
            }
        }
        Ok(())
    }

    /// Releases a held change that may be accepted now; answers its hash.
    fn release_if_ready(&mut self, seq: u64) -> Result<Option<Hash>, HubError> {
        let Some((row, chained)) = self.quarantined(seq)? else { return Ok(None) };
        let Some(device) = read::<DeviceRow>(self.overlay, &keyspace::device(&row.device))? else {
            return Ok(None);
        };
        let DecodedBody::Change(change) = decode_body(&chained.entry.body)? else { return Ok(None) };
        let (rows, book, size) = (&*self.overlay, &self.hub.book, self.next_seq - 1);
        if judge_by_rights(rows, book, &device, &chained.entry.header, size, &change)?.is_err() {
            // Something else is missing too, and will bring it up again.
            return Ok(None);
        }
        self.office_act(Act::Release { seq, reason: "what it waited for has arrived".into() })?;
        Ok(Some(chained.entry.body.hash()))
    }

    fn waiting_for(&self, hash: &Hash) -> Result<Vec<u64>, RowsError> {
        Ok(all_under(self.overlay, &keyspace::waiting(hash))?.into_iter().map(|(_, seq)| seq).collect())
    }
}
