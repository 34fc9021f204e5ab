//! Segment: the entries of one signature, taken as a whole or not at all. The signature stands at the segment's end: what
//! was taken of one that is cut short would stand in the ledger with no signature over it.

use std::collections::BTreeSet;

use super::{AdmitStats, Outcome, Place, Session, run_of};
use crate::hub::HubError;
use crate::id::DeviceId;
use crate::log::chain::VerifiedEntry;
use crate::log::line::push_run;
use crate::rows::{Batch, RowsError, read};
use crate::scope::Scope;
use crate::state::authority::DeviceRow;
use crate::state::keyspace;

/// What a session was before a segment.
struct Mark {
    batch: Batch,
    next_seq: u64,
    lines: usize,
    news: BTreeSet<Scope>,
    stats: AdmitStats,
    erased: usize,
}

impl Session<'_, '_> {
    /// Takes the asking device's own entries. If they are more than its share, or move too many rows, none is taken, and the
    /// second value says how many would have been: the device signs that many, and sends them.
    pub(super) fn own_segment(
        &mut self,
        entries: &[VerifiedEntry],
    ) -> Result<(Outcome, Option<usize>), HubError> {
        if let Some(room) = self.room(entries)? {
            self.stats.over_quota += u64::from(room == 0);
            return Ok((Outcome::default(), Some(room)));
        }
        let mark = self.mark();
        let (outcome, cut) = self.segment(entries, None, self.hub.quotas.request_row_bytes)?;
        match cut {
            Some(taken) => {
                self.go_back(mark);
                Ok((Outcome::default(), Some(taken)))
            }
            None => Ok((outcome, None)),
        }
    }

    /// Takes a carried segment; `None` if its author has no room for all of it. Where the request has moved too many rows
    /// already, it waits for the next.
    pub(super) fn carried_segment(
        &mut self,
        entries: &[VerifiedEntry],
        carrier: DeviceId,
    ) -> Result<Option<Outcome>, HubError> {
        if self.room(entries)?.is_some() {
            self.stats.over_quota += 1;
            return Ok(None);
        }
        if self.overlay.moved() > self.hub.quotas.request_row_bytes {
            return Ok(Some(Outcome::default()));
        }
        Ok(Some(self.segment(entries, Some(carrier), u64::MAX)?.0))
    }

    /// Takes entries, until they moved more rows than `row_bytes_max`. Then the second value says how many were taken.
    fn segment(
        &mut self,
        entries: &[VerifiedEntry],
        carrier: Option<DeviceId>,
        row_bytes_max: u64,
    ) -> Result<(Outcome, Option<usize>), HubError> {
        let mut outcome = Outcome::default();
        for (index, entry) in entries.iter().enumerate() {
            // One entry is always taken, or a device would never get on.
            if index > 0 && self.overlay.moved() > row_bytes_max {
                return Ok((outcome, Some(index)));
            }
            let author: Option<DeviceRow> =
                read(self.overlay, &keyspace::device(&entry.chained.entry.header.device))?;
            let receipt = match self.place(entry, author.as_ref())? {
                Place::Known(receipt) => {
                    self.stats.duplicates += 1;
                    receipt
                }
                Place::Missing => break,
                place => match self.take(entry, author.as_ref(), carrier, matches!(place, Place::Branch))? {
                    Some(receipt) => receipt,
                    None => break,
                },
            };
            push_run(&mut outcome, run_of(entry, &receipt));
        }
        Ok((outcome, None))
    }

    /// Returns how many entries of a segment its author has room for; `None` for all of them.
    fn room(&self, entries: &[VerifiedEntry]) -> Result<Option<usize>, RowsError> {
        let Some(first) = entries.first() else { return Ok(None) };
        let device = first.chained.entry.header.device;
        let Some(mut author) = read::<DeviceRow>(self.overlay, &keyspace::device(&device))? else {
            return Ok(None);
        };
        let mut is_new = false;
        for (index, entry) in entries.iter().enumerate() {
            // What the ledger has fills nothing, and it stands at the segment's beginning.
            is_new = is_new || !matches!(self.place(entry, Some(&author))?, Place::Known(_));
            if !is_new {
                continue;
            }
            let entry = &entry.chained.entry;
            if !self.hub.quotas.has_room(&author, entry, self.now_ms) {
                return Ok(Some(index));
            }
            author.filled = author.filled.with(entry, self.now_ms, author.revoked.is_some());
        }
        Ok(None)
    }

    fn mark(&self) -> Mark {
        Mark {
            batch: self.overlay.batch.clone(),
            next_seq: self.next_seq,
            lines: self.lines.len(),
            news: self.news.clone(),
            stats: self.stats,
            erased: self.erased.len(),
        }
    }

    fn go_back(&mut self, mark: Mark) {
        let Mark { batch, next_seq, lines, news, stats, erased } = mark;
        self.overlay.batch = batch;
        (self.next_seq, self.news, self.stats) = (next_seq, news, stats);
        self.lines.truncate(lines);
        self.erased.truncate(erased);
    }
}
