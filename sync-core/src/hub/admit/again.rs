//! Again: whether a word that entries repeat others may have its effect. It gives them another author and another time,
//! and takes what they repeat out of quarantine.

use std::collections::BTreeSet;

use super::Session;
use crate::id::{DeviceId, Hash};
use crate::log::act::{Act, Again};
use crate::log::verdict::Reason;
use crate::rows::{RowsError, all_under, read};
use crate::state::authority::{AgainRow, DeviceRow, names};
use crate::state::decide::Settles;
use crate::state::fold::EntryRow;
use crate::state::keyspace;

fn refused(what: String) -> Reason {
    Reason::Rule { rule: "again".into(), what }
}

impl Session<'_, '_> {
    /// Checks each pair. A device speaks freely of its own entries and of those of the devices that it goes on for: their
    /// keys vouched for it. Of another's it must have the right to decide, and what it says must be what the ledger has.
    pub(super) fn judge_again(
        &self,
        author: (&DeviceId, &DeviceRow),
        act: &Act,
    ) -> Result<Result<(), Reason>, RowsError> {
        let Act::Again { pairs } = act else { return Ok(Ok(())) };
        let line = names(self.overlay, *author.0, author.1)?;
        let mut handed_on = None;
        for again in pairs {
            if again.seq > author.1.head_seq {
                return Ok(Err(refused(format!("this device has no entry {}", again.seq))));
            }
            if line.contains(&again.device) {
                continue;
            }
            let before = match handed_on.take() {
                Some(before) => before,
                None => self.said_before(&line)?,
            };
            if handed_on.insert(before).contains(&(again.device, again.of_seq, again.of)) {
                continue;
            }
            if !Settles::of(author.1.role, None).decides {
                return Ok(Err(Reason::Role { what: format!("again {}", again.device.short()) }));
            }
            if !self.is_true(again)? {
                let (of_seq, device) = (again.of_seq, again.device.short());
                let what =
                    format!("entry {of_seq} of device {device} is not in quarantine as it is told here");
                return Ok(Err(refused(what)));
            }
        }
        Ok(Ok(()))
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

    /// Whether the ledger has that entry in quarantine, by that person and of that time.
    fn is_true(&self, again: &Again) -> Result<bool, RowsError> {
        let main = read::<EntryRow>(self.overlay, &keyspace::entry(&again.device, again.of_seq))?;
        let branch = read::<EntryRow>(self.overlay, &keyspace::fork(&again.device, again.of_seq, &again.of))?;
        let entry = main.into_iter().chain(branch).find(|row| row.hash == Some(again.of));
        let Some(receipt) = entry.and_then(|entry| entry.receipt) else { return Ok(false) };
        let Some((_, chained)) = self.quarantined(receipt.seq)? else { return Ok(false) };
        let header = &chained.entry.header;
        Ok((&header.person, header.claimed_at_ms) == (&again.person, again.claimed_at_ms))
    }
}
