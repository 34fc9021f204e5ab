//! Own: what this device knows of itself: its identity, which of its work counts, and which the server
//! quarantined.

use serde::Serialize;

use super::judged::detail_words;
use super::words::Sentence;
use super::{View, ViewError};
use crate::id::RecordId;
use crate::log::line::Split;
use crate::log::verdict::{Reason, Verdict};
use crate::record::row::RecordRow;
use crate::rows::read;
use crate::state::fold::EntryRow;
use crate::state::held::held_rows;
use crate::state::keyspace;
use crate::state::layers::Layer;
use crate::state::local::{CONTACT, COPY, ContactRow, GENERATIONS, HEAD, OwnHead, SPLITS, read_own};

/// A quarantined entry of this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedEntry {
    /// The order, if it is one that has a name.
    pub folio: Option<String>,
    /// The reason's stable name.
    pub reason: String,
    /// The field or rule, if the reason names one.
    pub detail: Option<String>,
    /// The same in words.
    pub detail_text: Option<Sentence>,
}

impl View<'_> {
    /// Returns the last contact; all zero before the first.
    pub fn contact(&self) -> Result<ContactRow, ViewError> {
        Ok(CONTACT.read_or_default(self.local())?)
    }

    /// Returns the end of this device's chain.
    pub fn own_head(&self) -> Result<OwnHead, ViewError> {
        Ok(HEAD.read_or_default(self.local())?)
    }

    /// Returns the split views that this device noticed, oldest first.
    pub fn splits(&self) -> Result<Vec<Split>, ViewError> {
        Ok(SPLITS.read_or_default(self.local())?)
    }

    /// Checks whether the mirror is being filled after a reset: what is shown may be older than what the hub has.
    pub fn is_refilling(&self) -> Result<bool, ViewError> {
        Ok(GENERATIONS.read_or_default(self.local())?.filling.is_some())
    }

    /// Returns the number of the first own entry that the ledger does not have, as far as this device was told.
    pub fn first_unsent(&self) -> Result<u64, ViewError> {
        let Some(copy) = COPY.read(self.local())? else { return Ok(self.contact()?.head_seq + 1) };
        // It stands on a branch, which the head of the chain says nothing about.
        let device = self.identity()?.device;
        let reading = GENERATIONS.read_or_default(self.local())?.reading();
        let rows = Layer::mirror(self.local(), reading);
        let mut first = 1;
        loop {
            let entry: Option<EntryRow> = read(&rows, &keyspace::entry(&device, first))?;
            let own = read_own(self.local(), &device, first)?;
            let is_placed = entry.zip(own).is_some_and(|(entry, own)| entry.hash == Some(own.hash));
            if !is_placed && !copy.is_told(first) {
                return Ok(first);
            }
            first += 1;
        }
    }

    /// Returns the name of a record, if it has one.
    pub fn folio_of_record(&self, record: &RecordId) -> Result<Option<String>, ViewError> {
        let row: Option<RecordRow> = read(self.rows(), &keyspace::record(record))?;
        Ok(row.and_then(|row| row.name()))
    }

    /// Returns a quarantined entry of this device as a list shows it.
    pub fn refused_entry(&self, record: &RecordId, reason: &Reason) -> Result<RefusedEntry, ViewError> {
        let detail = match reason {
            Reason::Role { what } | Reason::Rule { what, .. } => Some(what.clone()),
            Reason::Held { on } => Some(on.to_string()),
            Reason::Revoked | Reason::OutOfScope | Reason::Fork { .. } => None,
        };
        Ok(RefusedEntry {
            folio: self.folio_of_record(record)?,
            reason: reason.code().into(),
            detail,
            detail_text: detail_words(self.rules(), reason),
        })
    }

    /// Returns how many own entries no server has received, and own entries in quarantine.
    pub fn unsent_and_held(&self) -> Result<(u64, Vec<RefusedEntry>), ViewError> {
        let Ok(identity) = self.identity() else { return Ok((0, Vec::new())) };
        let unsent = (self.own_head()?.seq + 1).saturating_sub(self.first_unsent()?);
        let mut held = Vec::new();
        let mut listed = held_rows(self.rows())?;
        listed.retain(|(_, row)| row.device == identity.device);
        listed.sort_by_key(|(_, row)| row.device_seq);
        for (_, row) in listed {
            held.push(self.refused_entry(&row.record, &row.reason)?);
        }
        for (seq, receipt) in self.provisional_receipts()? {
            if let (Verdict::Quarantined(reason), Some(own)) =
                (receipt.verdict, read_own(self.local(), &identity.device, seq)?)
            {
                held.push(self.refused_entry(&own.record, &reason)?);
            }
        }
        Ok((unsent, held))
    }

    /// Returns the receipts of own entries that a bundle brought and no reply has told yet.
    pub(super) fn provisional_receipts(&self) -> Result<Vec<(u64, crate::log::verdict::Receipt)>, ViewError> {
        let prefix = [crate::state::local::PROVISIONAL, &self.identity()?.device.0].concat();
        let all = crate::rows::all_under(self.local(), &prefix)?;
        let numbered = all.into_iter().map(|(tail, receipt)| Ok((crate::rows::number_in(&tail)?, receipt)));
        Ok(numbered.collect::<Result<_, crate::rows::RowsError>>()?)
    }
}
