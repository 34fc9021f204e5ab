//! A journal as a dispatcher's device has it: orders of ten changes each, worked by forty devices.

use anyhow::{Context as _, ensure};
use std::collections::BTreeMap;

use engine::device::Device;
use store_disk::{DiskStore, Ledger, Options, SledIndex};
use sync_core::id::{BootId, DeviceId, Hash, PersonId, RecordId};
use sync_core::log::entry::{Anchor, Body, ChainedEntry, Entry, Header};
use sync_core::log::line::{Contact, DeviceLine, Line, Standing};
use sync_core::log::verdict::{Receipt, Verdict};
use sync_core::record::change::Change;
use sync_core::replica;
use sync_core::rows::Overlay;
use sync_core::scope::Scope;

use crate::orders::{
    APPEND_LINES, DEVICES, ORDERS_OPEN, START_MS, STEP_MS, checkpoint, enrolled, folio, identity, retarget,
    template, wide,
};

/// A journal being written.
pub struct Journal {
    template: Vec<Change>,
    heads: Vec<(u64, Hash)>,
    lines: Vec<Vec<u8>>,
    seq: u64,
}

impl Journal {
    /// Writes `entries` entries into a new store and folds them; returns the device and how many orders there are.
    ///
    /// # Errors
    /// What the replica or the disk answers.
    pub fn write(
        folder: &std::path::Path,
        rules: &[(String, String)],
        entries: u64,
    ) -> anyhow::Result<(Device<Ledger, SledIndex>, u64)> {
        let template = template(rules)?;
        let changes = template.len() as u64;
        let orders = entries / changes;
        ensure!(orders > 0, "at least {changes} entries");
        let mut journal = Self {
            template,
            heads: vec![(0, Hash::ZERO); usize::try_from(DEVICES)?],
            lines: vec![Line::Device(DeviceLine::Enrolled(enrolled())).to_bytes()],
            seq: 0,
        };
        let (mut store, _) = store_disk::open(folder, &Options { create: true, ..Options::device() })?;
        for first in (0..orders).step_by(usize::try_from(ORDERS_OPEN)?) {
            journal.window(&mut store, first..orders.min(first + ORDERS_OPEN))?;
        }
        journal.contact()?;
        store.append(&journal.lines)?;
        Ok((Device::open(store, &mut |_| {})?, orders))
    }

    /// Orders worked on at the same time: the first change of each, then the second of each, and so on.
    fn window(&mut self, store: &mut DiskStore, orders: std::ops::Range<u64>) -> anyhow::Result<()> {
        let mut before: Vec<Option<Hash>> = vec![None; usize::try_from(orders.end - orders.start)?];
        for turn in 0..self.template.len() {
            for (number, before) in orders.clone().zip(&mut before) {
                let device = DeviceId(wide(number % DEVICES));
                let deps: Vec<Hash> = before.iter().copied().collect();
                let change = retarget(&self.template[turn], device, &folio(number), &deps);
                let raw = change.to_raw()?;
                *before = Some(raw.hash);
                self.entry(device, RecordId(wide(number)), Body::Change(raw))?;
                if self.lines.len() >= APPEND_LINES {
                    store.append(&std::mem::take(&mut self.lines))?;
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, device: DeviceId, record: RecordId, body: Body) -> anyhow::Result<()> {
        let at = usize::try_from(u64::from_be_bytes(device.0[..8].try_into()?))?;
        let (head, prev) = self.heads.get(at).copied().context("a device of the forty")?;
        self.seq += 1;
        let received_at_ms = START_MS + i64::try_from(self.seq)? * STEP_MS;
        let header = Header {
            municipality: 14_061,
            device,
            seq: head + 1,
            record,
            person: PersonId([8; 16]),
            claimed_at_ms: received_at_ms - STEP_MS,
            boot: BootId([2; 8]),
            monotonic_ms: self.seq * 1_000,
            anchor: Anchor { size: self.seq - 1, root: Hash([7; 32]) },
        };
        let chained = ChainedEntry { entry: Entry { header, body }, prev: Some(prev), signature: None };
        self.heads[at] = (head + 1, chained.entry.hash(&prev));
        let receipt = Receipt { seq: self.seq, received_at_ms, carrier: None, verdict: Verdict::Accepted };
        self.lines.push(Line::Entry { receipt: Some(receipt), chained }.to_bytes());
        Ok(())
    }

    fn contact(&mut self) -> anyhow::Result<()> {
        let contact = Contact {
            at_ms: START_MS,
            server_at_ms: START_MS,
            epoch: sync_core::id::Epoch([1; 8]),
            server_seq: self.seq,
            cursors: BTreeMap::from([(Scope::Municipality, self.seq)]),
            head_seq: 0,
            moves: Vec::new(),
            standing: Standing { role: identity().role, crew: None, localities: Vec::new(), revoked: None },
            checkpoint: checkpoint(self.seq)?,
            is_whole: true,
        };
        self.lines.push(Line::Device(DeviceLine::Contact(contact)).to_bytes());
        Ok(())
    }
}

/// Returns the store of a device that is enrolled and has nothing yet.
///
/// # Errors
/// What the disk answers.
pub fn begun(folder: &std::path::Path) -> anyhow::Result<DiskStore> {
    let (mut store, _) = store_disk::open(folder, &Options { create: true, ..Options::device() })?;
    keep(&mut store, &[Line::Device(DeviceLine::Enrolled(enrolled())).to_bytes()])?;
    Ok(store)
}

/// Saves what a replica wrote, and folds it as a device does that wrote much.
///
/// # Errors
/// What the disk or the fold answers.
pub fn keep(store: &mut DiskStore, written: &[Vec<u8>]) -> anyhow::Result<()> {
    store.append(written)?;
    let mut rules = replica::rules_of(&store.rows())?;
    let lines = store.lines();
    let fold = &mut |number: u64, line: &[u8], overlay: &mut Overlay<'_>| {
        Ok(replica::catch_up_line(&mut rules, overlay, &lines, number, line)?)
    };
    store.catch_up(fold, &mut |_| {})?;
    Ok(())
}
