//! Release: whether a decision about an entry that is held back can have its effect.

use super::super::fold::{QuarantineRow, decode_deed};
use super::Session;
use crate::act::Act;
use crate::chain::Deed;
use crate::entry::{Anchor, ChainedEntry};
use crate::judge::{missing_dependency, read_change, ungrounded};
use crate::keys;
use crate::merkle;
use crate::rows::{RowsError, read};
use crate::verdict::Reason;

impl Session<'_, '_> {
    pub(super) fn quarantined(&self, seq: u64) -> Result<Option<(QuarantineRow, ChainedEntry)>, RowsError> {
        let Some(row) = read::<QuarantineRow>(self.overlay, &keys::quarantined(seq))? else {
            return Ok(None);
        };
        let chained = row.entry()?;
        Ok(Some((row, chained)))
    }

    /// Whether a release names something that can be applied now. What cannot is held back like any other entry, so
    /// that one bad release never blocks its author.
    pub(super) fn judge_release(&self, act: &Act, anchor: &Anchor) -> Result<Result<(), Reason>, RowsError> {
        let (Act::Release { seq, .. } | Act::Dismiss { seq, .. }) = act else { return Ok(Ok(())) };
        let refused = |what: &str| Ok(Err(Reason::Rule { rule: "release".into(), what: what.into() }));
        if anchor.size >= *seq && !self.is_past(anchor)? {
            return refused(
                "it names a number of a ledger that was lost since; look at the list and decide anew",
            );
        }
        let Some((row, chained)) = self.quarantined(*seq)? else {
            // Two may decide at the same time; the second one changes nothing, and both stand in the ledger.
            return if *seq < self.next_seq { Ok(Ok(())) } else { refused("there is no such entry yet") };
        };
        if matches!(act, Act::Dismiss { .. }) {
            return Ok(Ok(()));
        }
        if row.reason == Reason::Fork {
            return refused("an entry of a forked chain is re-authored by its device, not released");
        }
        let Deed::Change(change) = decode_deed(&chained.entry.body)? else {
            return refused("it is no change of a record");
        };
        if let Some(on) = missing_dependency(self.overlay, &row.record, &change)? {
            return Ok(Err(Reason::Held { on }));
        }
        if let Some(reason) = ungrounded(self.overlay, &row.record, None, &change)? {
            return Ok(Err(reason));
        }
        Ok(read_change(self.overlay, &self.office.rules, &row.record, &change)?.map(drop))
    }

    /// Whether a state of the log is one that this ledger was in.
    fn is_past(&self, anchor: &Anchor) -> Result<bool, RowsError> {
        Ok(anchor.size < self.next_seq && merkle::root(self.overlay, anchor.size)? == anchor.root)
    }
}
