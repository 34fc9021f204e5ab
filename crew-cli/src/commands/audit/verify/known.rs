//! Known: what this device's journal says about the server's log: checkpoints it was shown, and the leaves of entries
//! whose chain and receipt it has. Its own entries always; everybody's, on a device that sees everything.

use std::collections::{BTreeMap, BTreeSet};

use store_disk::Ledger;
use sync_core::id::{DeviceId, Epoch, Hash};
use sync_core::log::checkpoint;
use sync_core::log::entry::{Anchor, ChainedEntry, hash_canonical};
use sync_core::log::line::{Contact, DeviceLine, Identity, Line, Own};
use sync_core::log::merkle::{leaf::Leaf, leaf_hash};
use sync_core::log::verdict::Receipt;

use crate::context::Context;
use crate::error::CliError;

/// What the journal says about the log.
#[derive(Debug, Default)]
pub struct Known {
    /// Whose journal.
    pub device: DeviceId,
    /// Whether it is told everything as it was given.
    pub(super) sees_everything: bool,
    /// The key of the log it pinned.
    pub log_verifier: String,
    /// Checkpoints in the order they were shown, each with the ledger's life.
    pub anchors: Vec<(Epoch, Anchor)>,
    /// Leaf hashes by ledger number, as the server last told.
    pub leaves: BTreeMap<u64, Hash>,
    /// What stood at a number before the server told otherwise.
    pub former: BTreeMap<u64, Hash>,
    /// Numbers told in an earlier life of the ledger about others' entries: after a loss they need not hold any more.
    pub stale: BTreeSet<u64>,
    /// The receipt of each entry as it was given, by device and number.
    pub(super) receipts: BTreeMap<(DeviceId, u64, Hash), Receipt>,
    /// Hash and canonical bytes of own entries, by number.
    pub(super) own: BTreeMap<u64, (Hash, Vec<u8>)>,
}

/// What this device knows; `None` if it is not enrolled.
///
/// # Errors
/// As the store answers.
pub fn of_device(cx: &Context) -> Result<Option<Known>, CliError> {
    let identity = match cx.read(|replica| Ok(replica.identity()?.clone())) {
        Ok(identity) => identity,
        Err(error) if error.code == "not_enrolled" => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut known = Known::new(identity);
    let reader = Ledger::open_read_only(&cx.home.store())?.reader;
    reader.read_range(1, reader.end(), &mut |_, bytes| {
        known.line(bytes);
        true
    })?;
    Ok(Some(known))
}

impl Known {
    fn new(identity: Identity) -> Self {
        Self {
            device: identity.device,
            sees_everything: identity.role.sees_everything(),
            log_verifier: identity.log_verifier,
            ..Self::default()
        }
    }

    /// Lines that do not read are another check's matter.
    fn line(&mut self, bytes: &[u8]) {
        match Line::from_bytes(bytes) {
            Ok(Line::Entry { receipt, chained }) => self.entry(receipt, &chained),
            Ok(Line::Device(DeviceLine::Own(own))) => self.own_places(&own),
            Ok(Line::Device(DeviceLine::Contact(contact))) => self.contact(&contact),
            _ => {}
        }
    }

    fn entry(&mut self, receipt: Option<Receipt>, chained: &ChainedEntry) {
        let header = &chained.entry.header;
        let Some(prev) = chained.prev else { return };
        let canonical = chained.entry.canonical(&prev);
        let hash = hash_canonical(&canonical);
        if header.device == self.device {
            self.own.insert(header.seq, (hash, canonical.clone()));
        }
        // A crew is sent others' entries with the verdict of now, which need not be the one in the log.
        if let Some(receipt) = receipt
            && self.sees_everything
        {
            self.told(header.device, header.seq, (hash, &canonical), receipt);
        }
    }

    fn contact(&mut self, contact: &Contact) {
        if self.anchors.last().is_some_and(|(epoch, _)| *epoch != contact.epoch) {
            let own = self.device;
            let of_others = self.receipts.iter().filter(|((device, ..), _)| *device != own);
            self.stale.extend(of_others.map(|(_, receipt)| receipt.seq));
        }
        if let Ok(anchor) = checkpoint::verify(&contact.checkpoint, &self.log_verifier) {
            self.anchors.push((contact.epoch, anchor));
        }
    }

    fn own_places(&mut self, own: &Own) {
        if own.device != self.device {
            return;
        }
        for run in &own.runs {
            let known: Vec<(u64, (Hash, Vec<u8>))> = self
                .own
                .range(run.first..run.end())
                .map(|(number, entry)| (*number, entry.clone()))
                .collect();
            for (number, (hash, canonical)) in known {
                self.told(self.device, number, (hash, &canonical), run.receipt(number));
            }
        }
    }

    /// Takes note of a receipt. What is told again of the same place may carry a later verdict; the log has the first.
    fn told(&mut self, device: DeviceId, number: u64, (hash, canonical): (Hash, &[u8]), receipt: Receipt) {
        let same_place =
            |before: &Receipt| (before.seq, before.received_at_ms) == (receipt.seq, receipt.received_at_ms);
        let key = (device, number, hash);
        let before = self.receipts.get(&key);
        if before.is_some_and(same_place) {
            return;
        }
        if let Some(moved) = before.map(|before| before.seq)
            && let Some(leaf) = self.leaves.remove(&moved)
        {
            self.former.entry(moved).or_insert(leaf);
        }
        let leaf = leaf_hash(&Leaf::with(hash, (device, number), &receipt, || canonical).to_bytes());
        if let Some(other) = self.leaves.insert(receipt.seq, leaf) {
            self.former.entry(receipt.seq).or_insert(other);
        }
        self.stale.remove(&receipt.seq);
        self.receipts.insert(key, receipt);
    }

    /// What must stand at a number now.
    pub fn leaf(&self, seq: u64) -> Option<Hash> {
        self.leaves.get(&seq).filter(|_| !self.stale.contains(&seq)).copied()
    }

    /// The receipt of an entry as it was given; `None` while no ledger is known to have it.
    pub fn receipt(&self, chained: &ChainedEntry) -> Option<&Receipt> {
        let header = &chained.entry.header;
        self.receipts.get(&(header.device, header.seq, chained.hash()?))
    }

    /// The largest checkpoint of each life of the ledger, the newest life first.
    pub fn newest_of_each_epoch(&self) -> Vec<Anchor> {
        let mut newest: Vec<(Epoch, Anchor)> = Vec::new();
        for (epoch, anchor) in self.anchors.iter().rev() {
            match newest.iter_mut().find(|(of, _)| of == epoch) {
                Some((_, largest)) if anchor.size > largest.size => *largest = *anchor,
                Some(_) => {}
                None => newest.push((*epoch, *anchor)),
            }
        }
        newest.into_iter().map(|(_, anchor)| anchor).collect()
    }

    /// Checkpoints of one life of the ledger, by size.
    pub fn of_epoch(&self, epoch: Epoch) -> BTreeMap<u64, Hash> {
        self.anchors
            .iter()
            .filter(|(of, anchor)| *of == epoch && anchor.size > 0)
            .map(|(_, anchor)| (anchor.size, anchor.root))
            .collect()
    }

    /// What stood at a number before anything was told otherwise.
    pub fn first_leaf(&self, seq: u64) -> Option<Hash> {
        self.former.get(&seq).or_else(|| self.leaves.get(&seq)).copied()
    }

    /// Numbers of known leaves in `from..=to`, each once, in order.
    pub fn numbers(&self, from: u64, to: u64) -> BTreeSet<u64> {
        if from > to {
            return BTreeSet::new();
        }
        self.leaves.range(from..=to).chain(self.former.range(from..=to)).map(|(seq, _)| *seq).collect()
    }
}
