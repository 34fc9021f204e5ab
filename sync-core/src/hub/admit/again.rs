//! Again: whether a word that entries repeat others may have its effect. It gives them another author and another time,
//! and takes what they repeat out of quarantine. So the ledger must hold what is repeated, with the same content.

use std::collections::BTreeSet;

use super::Session;
use crate::id::{DeviceId, Hash};
use crate::limits::AGAIN_COST_MAX;
use crate::log::act::{Act, Again};
use crate::log::chain::{DecodedBody, decode_body};
use crate::log::entry::ChainedEntry;
use crate::log::line::Line;
use crate::log::verdict::Reason;
use crate::record::content::Repeats;
use crate::record::row::RecordRow;
use crate::rows::{RowsError, all_under, read};
use crate::state::authority::{AgainRow, DeviceRow, names};
use crate::state::decide::Settles;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::state::repeated::{self, entry_row, repeats};

fn refused(what: String) -> Reason {
    Reason::Rule { rule: "again".into(), what }
}

impl Session<'_, '_> {
    /// Checks each pair. A device speaks of its own entries and of those of the devices that it goes on for: their keys
    /// vouched for it. Of another's it must have the right to decide, and the ledger must have that in quarantine. The
    /// two entries must say the same. What the ledger lacks is a claim, of the device's predecessors alone.
    pub(super) fn judge_again(
        &self,
        author: (&DeviceId, &DeviceRow),
        act: &Act,
    ) -> Result<Result<(), Reason>, RowsError> {
        let Act::Again { pairs } = act else { return Ok(Ok(())) };
        let line = names(self.overlay, *author.0, author.1)?;
        let mut handed_on = None;
        let mut cost = 0;
        for again in pairs {
            if again.seq > author.1.head_seq {
                return Ok(Err(refused(format!("this device has no entry {}", again.seq))));
            }
            let is_said = line.contains(&again.device) || {
                let before = match handed_on.take() {
                    Some(before) => before,
                    None => self.said_before(&line)?,
                };
                handed_on.insert(before).contains(&(again.device, again.of_seq, again.of))
            };
            if !is_said && !Settles::of(author.1.role, None).decides {
                return Ok(Err(Reason::Role { what: format!("again {}", again.device.short()) }));
            }
            if cost > AGAIN_COST_MAX {
                return Ok(Err(refused("it repeats too much at once".into())));
            }
            if let Err(reason) = self.judge_pair(author.0, again, is_said, &mut cost)? {
                return Ok(Err(reason));
            }
        }
        Ok(Ok(()))
    }

    /// Checks a pair against what the ledger has. Adds to `cost` what reading it took.
    fn judge_pair(
        &self,
        author: &DeviceId,
        again: &Again,
        is_said: bool,
        cost: &mut usize,
    ) -> Result<Result<(), Reason>, RowsError> {
        let (of_seq, device) = (again.of_seq, again.device.short());
        let Some(row) = entry_row(self.overlay, again)?.filter(|row| is_said || row.is_quarantined()) else {
            let may_claim = is_said && again.claim && again.device != *author;
            let what = if is_said {
                format!("the ledger has no such entry {of_seq} of device {device}")
            } else {
                format!("entry {of_seq} of device {device} is not in quarantine as it is told here")
            };
            return Ok(if may_claim { Ok(()) } else { Err(refused(what)) });
        };
        let first = self.entry_of(row.line, cost)?;
        let header = &first.0.entry.header;
        if (&header.person, header.claimed_at_ms) != (&again.person, again.claimed_at_ms) {
            let what = format!("entry {of_seq} of device {device} is of another person or time");
            return Ok(Err(refused(what)));
        }
        if again.seq == 0 {
            return Ok(Ok(()));
        }
        let written: Option<EntryRow> = read(self.overlay, &keyspace::entry(author, again.seq))?;
        let Some(written) = written else {
            return Ok(Err(refused(format!("this device has no entry {}", again.seq))));
        };
        let written = self.entry_of(written.line, cost)?;
        let known: Option<RecordRow> = read(self.overlay, &keyspace::record(&header.record))?;
        let what = match repeats(known.as_ref(), (&first.0, &first.1), (&written.0, &written.1)) {
            Repeats::Same => return Ok(Ok(())),
            Repeats::Note if again.claim => return Ok(Ok(())),
            Repeats::Note => "is a note about",
            Repeats::Other => "says something else than",
        };
        let what = format!("entry {} of this device {what} entry {of_seq} of device {device}", again.seq);
        Ok(Err(refused(what)))
    }

    /// Reads an entry of the ledger, which may stand before this one in its request. Adds to `cost` what that took.
    fn entry_of(&self, line: u64, cost: &mut usize) -> Result<(ChainedEntry, DecodedBody), RowsError> {
        let first = self.next_seq - self.lines.len() as u64;
        let here = line.checked_sub(first).and_then(|index| self.lines.get(usize::try_from(index).ok()?));
        let bytes = here.map_or_else(|| self.ledger.line(line), |bytes| Ok(bytes.clone()))?;
        let Line::Entry { chained, .. } = Line::from_bytes(&bytes)? else {
            return Err(RowsError(format!("line {line} of the ledger holds no entry")));
        };
        let decoded = decode_body(&chained.entry.body)?;
        let spent = repeated::cost(&chained, &decoded);
        *cost += spent;
        self.overlay.spend(spent as u64);
        Ok((chained, decoded))
    }

    /// What devices of the line had said before of others' entries, and the ledger took.
    fn said_before(&self, line: &[DeviceId]) -> Result<BTreeSet<(DeviceId, u64, Hash)>, RowsError> {
        let mut said = BTreeSet::new();
        for device in line {
            let rows: Vec<(_, AgainRow)> = all_under(self.overlay, &keyspace::all_again(device))?;
            said.extend(rows.into_iter().map(|(_, row)| (row.again.device, row.again.of_seq, row.again.of)));
        }
        Ok(said)
    }
}
