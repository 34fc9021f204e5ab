//! Held: the inbox of quarantined entries, with their content, and what builds on what.

use crate::state::interpret::read_change;
use std::collections::BTreeMap;

use super::audit::{reason_detail, summary_of};
use super::judged::detail_words;
use super::lists::QuarantineItem;
use crate::id::{DeviceId, Hash};
use crate::log::chain::DecodedBody;
use crate::log::chain::decode_body;
use crate::log::entry::ChainedEntry;
use crate::log::line::read_entry;
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::record::change::Scalar;
use crate::record::patch::Patch;
use crate::record::row::RecordRow;
use crate::rows::{all_under, number_in, read};
use crate::state::authority::DeviceRow;
use crate::state::fold::EntryRow;
use crate::state::held::held_rows;
use crate::state::keyspace;
use crate::time::rfc3339;
use crate::view::{View, ViewError};

/// An entry in the inbox, from wherever it is known.
struct Held {
    seq: u64,
    chained: ChainedEntry,
    reason: Reason,
    row: Option<EntryRow>,
}

impl View<'_> {
    /// Returns all entries in quarantine, as far as this device is told: dispatch is told of all, a crew of its own.
    pub fn quarantine(&self) -> Result<Vec<QuarantineItem>, ViewError> {
        let mut held: BTreeMap<u64, Held> = BTreeMap::new();
        for (seq, row) in held_rows(self.rows())? {
            let chained = row.entry()?;
            let key = match (&row.reason, chained.hash()) {
                (Reason::Fork { .. }, Some(hash)) => keyspace::fork(&row.device, row.device_seq, &hash),
                _ => keyspace::entry(&row.device, row.device_seq),
            };
            let entry = read(self.rows(), &key)?;
            held.insert(seq, Held { seq, chained, reason: row.reason, row: entry });
        }
        for (own_seq, receipt) in self.provisional_receipts()? {
            if let Some(one) = self.own_held(own_seq, &receipt)? {
                held.entry(one.seq).or_insert(one);
            }
        }
        self.inbox(&held.into_values().collect::<Vec<_>>())
    }

    /// Returns own entries that were dismissed: they stay here to be read and copied.
    pub fn dismissed(&self) -> Result<Vec<QuarantineItem>, ViewError> {
        let mut dismissed = Vec::new();
        for (device, own_seq) in self.dismissed_places()? {
            let row: Option<EntryRow> = read(self.rows(), &keyspace::entry(&device, own_seq))?;
            let Some(row) = row else { continue };
            let Some(receipt) = row.receipt.clone() else { continue };
            let Verdict::Quarantined(reason) = receipt.verdict else { continue };
            let (_, chained) = read_entry(self.all_lines(), row.line)?;
            dismissed.push(Held { seq: receipt.seq, chained, reason, row: Some(row) });
        }
        dismissed.sort_by_key(|one| one.seq);
        self.inbox(&dismissed)
    }

    /// Returns how many own entries were dismissed.
    pub fn own_dismissed(&self) -> Result<u64, ViewError> {
        Ok(self.dismissed_places()?.len() as u64)
    }

    fn dismissed_places(&self) -> Result<Vec<(DeviceId, u64)>, ViewError> {
        let mut places = Vec::new();
        for (tail, _) in all_under::<u64>(self.rows(), keyspace::DISMISSED)? {
            let device = tail.get(..16).and_then(DeviceId::from_slice);
            let device =
                device.ok_or_else(|| ViewError::Index("a dismissed entry has a malformed key".into()))?;
            places.push((device, number_in(&tail[16..])?));
        }
        Ok(places)
    }

    /// Returns an own entry that a receipt says is in quarantine.
    fn own_held(&self, own_seq: u64, receipt: &Receipt) -> Result<Option<Held>, ViewError> {
        let Verdict::Quarantined(reason) = receipt.verdict.clone() else { return Ok(None) };
        let device = self.identity()?.device;
        let row: Option<EntryRow> = read(self.rows(), &keyspace::entry(&device, own_seq))?;
        let Some(row) = row else { return Ok(None) };
        let (_, chained) = read_entry(self.all_lines(), row.line)?;
        Ok(Some(Held { seq: receipt.seq, chained, reason, row: Some(row) }))
    }

    fn inbox(&self, held: &[Held]) -> Result<Vec<QuarantineItem>, ViewError> {
        let mut by_change: BTreeMap<Hash, u64> = BTreeMap::new();
        let mut deps: BTreeMap<u64, Vec<Hash>> = BTreeMap::new();
        for one in held {
            by_change.insert(one.chained.entry.body.hash(), one.seq);
            if let DecodedBody::Change(change) = decode_body(&one.chained.entry.body)? {
                deps.insert(one.seq, change.deps);
            }
        }
        let mut items = Vec::new();
        for one in held {
            let own_hash = one.chained.entry.body.hash();
            let builds_on = deps.get(&one.seq).into_iter().flatten();
            let builds_on = builds_on.filter_map(|dep| by_change.get(dep).copied()).collect();
            let needs = |(seq, deps): (&u64, &Vec<Hash>)| deps.contains(&own_hash).then_some(*seq);
            let needed_by = deps.iter().filter_map(needs).collect();
            items.push(QuarantineItem { builds_on, needed_by, ..self.inbox_item(one)? });
        }
        Ok(items)
    }

    fn inbox_item(&self, one: &Held) -> Result<QuarantineItem, ViewError> {
        let header = &one.chained.entry.header;
        let device: Option<DeviceRow> = read(self.rows(), &keyspace::device(&header.device))?;
        let receipt = one.row.as_ref().and_then(|row| row.receipt.as_ref());
        let decision = one.row.as_ref().and_then(|row| row.decided.as_ref());
        let text = summary_of(self, &one.chained)?.1;
        Ok(QuarantineItem {
            id: one.seq,
            device: header.device.to_string(),
            device_name: device.map(|device| device.name),
            device_seq: header.seq,
            person: self.who().person(&header.device, &header.person)?,
            folio: self.folio_of(&one.chained)?,
            reason: one.reason.code().into(),
            detail: reason_detail(&one.reason),
            detail_text: detail_words(self.rules(), &one.reason),
            claimed_at: rfc3339(header.claimed_at_ms),
            received_at: receipt.map(|receipt| rfc3339(receipt.received_at_ms)),
            carrier: receipt.and_then(|receipt| receipt.carrier).map(|carrier| carrier.to_string()),
            summary: text.es.clone(),
            text,
            builds_on: Vec::new(),
            needed_by: Vec::new(),
            state: if decision.is_some() { "dismissed" } else { "held" }.into(),
            decision: decision.map(|decision| decision.reason.clone()),
            decided_by: decision.map(|decision| self.name_of(&decision.by)).transpose()?,
        })
    }

    fn name_of(&self, device: &DeviceId) -> Result<String, ViewError> {
        let row: Option<DeviceRow> = read(self.rows(), &keyspace::device(device))?;
        Ok(row.map_or_else(|| device.short(), |row| row.name))
    }

    /// Returns the folio of an entry's order, also of one that the held entry itself would make.
    fn folio_of(&self, chained: &ChainedEntry) -> Result<Option<String>, ViewError> {
        let record = &chained.entry.header.record;
        if let Some(row) = read::<RecordRow>(self.rows(), &keyspace::record(record))? {
            return Ok(row.name());
        }
        let DecodedBody::Change(change) = decode_body(&chained.entry.body)? else { return Ok(None) };
        let Ok(acceptable) = read_change(self.rows(), self.rules(), record, &change)? else {
            return Ok(None);
        };
        let folio = acceptable.patches.iter().find_map(|patch| match patch {
            Patch::Register { name, value: Some(Scalar::Str(folio)), .. } if name == "folio" => {
                Some(folio.clone())
            }
            _ => None,
        });
        Ok(folio)
    }
}
