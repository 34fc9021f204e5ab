//! Own: what this device knows of itself: its identity, which of its work counts, and which the server
//! quarantined.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{View, ViewError};
use crate::id::{DeviceId, RecordId};
use crate::log::line::Parted;
use crate::log::verdict::{Reason, Verdict};
use crate::record::row::RecordRow;
use crate::rows::{RowsError, all_under, read};
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::state::local::{ContactRow, OwnHead};

/// A quarantined entry of this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedEntry {
    /// The order, if it is one that has a name.
    pub folio: Option<String>,
    /// The reason's stable name.
    pub reason: String,
    /// The field or rule, if the reason names one.
    pub detail: Option<String>,
}

impl View<'_> {
    /// Returns the last contact; all zero before the first.
    pub fn contact(&self) -> Result<ContactRow, ViewError> {
        Ok(read(self.rows(), &keyspace::fact("contact"))?.unwrap_or_default())
    }

    /// Returns the end of this device's chain.
    pub fn own_head(&self) -> Result<OwnHead, ViewError> {
        Ok(read(self.rows(), &keyspace::fact("head"))?.unwrap_or_default())
    }

    /// Returns the split views that this device has noticed, oldest first.
    pub fn partings(&self) -> Result<Vec<Parted>, ViewError> {
        Ok(read(self.rows(), &keyspace::fact("parted"))?.unwrap_or_default())
    }

    /// Returns the entries of this device that were decided about, by number.
    pub fn own_decided(&self) -> Result<BTreeMap<u64, EntryRow>, ViewError> {
        let mut decided = BTreeMap::new();
        let device = self.identity()?.device;
        for (_, seq) in all_under::<u64>(self.rows(), keyspace::OWN_HELD)? {
            let row: Option<EntryRow> = read(self.rows(), &keyspace::entry(&device, seq))?;
            if let Some(row) = row.filter(|row| row.decided.is_some()) {
                decided.insert(seq, row);
            }
        }
        Ok(decided)
    }

    /// Returns whether the server has shown that another device writes under this one's name, revoked or not.
    pub fn knows_it_is_copy(&self) -> Result<bool, RowsError> {
        Ok(read(self.rows(), &keyspace::fact("copy"))?.unwrap_or(false))
    }

    /// Returns the first entry of this device whose ledger place is not known.
    pub fn first_unsent(&self, device: &DeviceId, contact: &ContactRow) -> Result<u64, RowsError> {
        if !self.knows_it_is_copy()? {
            return Ok(contact.head_seq + 1);
        }
        // It stands on a branch, of which the head of the chain says nothing: a ledger that lost entries may
        // have lost the branch from before there on.
        let mut first = 1;
        while self.own_row(device, first)?.is_some_and(|row| row.receipt.is_some()) {
            first += 1;
        }
        Ok(first)
    }

    fn own_row(&self, device: &DeviceId, seq: u64) -> Result<Option<EntryRow>, RowsError> {
        read(self.rows(), &keyspace::entry(device, seq))
    }

    /// Returns a quarantined entry of this device as a list shows it.
    pub fn refused_entry(&self, record: &RecordId, reason: &Reason) -> Result<RefusedEntry, ViewError> {
        let row: Option<RecordRow> = read(self.rows(), &keyspace::record(record))?;
        let detail = match reason {
            Reason::Role { what } | Reason::Rule { what, .. } => Some(what.clone()),
            Reason::Held { on } => Some(on.to_string()),
            Reason::Revoked | Reason::OutOfScope | Reason::Fork => None,
        };
        let folio = row.and_then(|row| row.name());
        Ok(RefusedEntry { folio, reason: reason.code().into(), detail })
    }

    /// Returns how many entries of this device are quarantined and not decided about.
    pub fn own_undecided(&self) -> Result<u64, ViewError> {
        let device = self.identity()?.device;
        let mut count = 0;
        for (_, seq) in all_under::<u64>(self.rows(), keyspace::OWN_HELD)? {
            let row: Option<EntryRow> = read(self.rows(), &keyspace::entry(&device, seq))?;
            count += u64::from(row.is_some_and(|row| row.decided.is_none()));
        }
        Ok(count)
    }

    /// Returns how many entries of this device no server has confirmed, and those that are quarantined.
    pub fn unsent_and_held(&self) -> Result<(u64, Vec<RefusedEntry>), ViewError> {
        let Ok(identity) = self.identity() else { return Ok((0, Vec::new())) };
        let head = self.own_head()?;
        let unsent = (head.seq + 1).saturating_sub(self.first_unsent(&identity.device, &self.contact()?)?);
        let mut held = Vec::new();
        let rows: Vec<(Vec<u8>, EntryRow)> = all_under(self.rows(), &keyspace::entries(&identity.device))?;
        for (_, row) in rows.into_iter().filter(|(_, row)| row.decided.is_none()) {
            if let Some(Verdict::Quarantined(reason)) = row.receipt.map(|receipt| receipt.verdict) {
                held.push(self.refused_entry(&row.record, &reason)?);
            }
        }
        Ok((unsent, held))
    }
}
