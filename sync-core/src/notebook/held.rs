//! Held: what of the own work no server has confirmed, and what it holds back.

use super::exchange::RefusedEntry;
use super::{Notebook, NotebookError};
use crate::fold::EntryRow;
use crate::id::RecordId;
use crate::keys;
use crate::record::row::RecordRow;
use crate::rows::{all_under, read};
use crate::verdict::{Reason, Verdict};

impl Notebook<'_> {
    pub(super) fn refused_entry(
        &self,
        record: &RecordId,
        reason: &Reason,
    ) -> Result<RefusedEntry, NotebookError> {
        let row: Option<RecordRow> = read(self.rows(), &keys::record(record))?;
        let detail = match reason {
            Reason::Role { what } | Reason::Rule { what, .. } => Some(what.clone()),
            Reason::Held { on } => Some(on.to_string()),
            Reason::Revoked | Reason::OutOfScope | Reason::Fork => None,
        };
        let folio = row.and_then(|row| row.name());
        Ok(RefusedEntry { folio, reason: reason.code().into(), detail })
    }

    /// How many own entries are held back, and nobody has decided about.
    pub(super) fn own_undecided(&self) -> Result<u64, NotebookError> {
        let device = self.identity()?.device;
        let mut count = 0;
        for (_, seq) in all_under::<u64>(self.rows(), keys::OWN_HELD)? {
            let row: Option<EntryRow> = read(self.rows(), &keys::entry(&device, seq))?;
            count += u64::from(row.is_some_and(|row| row.decided.is_none()));
        }
        Ok(count)
    }

    /// Own entries that no server has confirmed, and own entries held back.
    pub fn unsent_and_held(&self) -> Result<(u64, Vec<RefusedEntry>), NotebookError> {
        let Ok(identity) = self.identity() else { return Ok((0, Vec::new())) };
        let head = self.own_head()?;
        let unsent = (head.seq + 1).saturating_sub(self.first_unsent(&identity.device, &self.contact()?)?);
        let mut held = Vec::new();
        let rows: Vec<(Vec<u8>, EntryRow)> = all_under(self.rows(), &keys::entries(&identity.device))?;
        for (_, row) in rows.into_iter().filter(|(_, row)| row.decided.is_none()) {
            if let Some(Verdict::Quarantined(reason)) = row.receipt.map(|receipt| receipt.verdict) {
                held.push(self.refused_entry(&row.record, &reason)?);
            }
        }
        Ok((unsent, held))
    }
}
