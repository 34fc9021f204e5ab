//! `crew audit verify` alone: checks this device's journal offline. Checksums of every line, the own chain without a gap,
//! and the office's signature on every checkpoint it was shown, none smaller than the one before.
//!
//! It cannot prove what the device never saw: the whole ledger is checked where it is (`--data`), its log from anywhere (`--from`).

use std::collections::BTreeMap;

use serde::Serialize;
use store_disk::Ledger;
use sync_core::id::{DeviceId, Epoch, Hash};
use sync_core::log::checkpoint;
use sync_core::log::entry::{Anchor, ChainedEntry};
use sync_core::log::line::{Contact, DeviceLine, Identity, Line};
use sync_core::replica::ReplicaError;
use sync_core::state::evidence::{EvidenceCounts, counts};

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::output::Report;
use words::say;

/// What was proven.
#[derive(Debug, Default, Serialize)]
struct Proven {
    /// Entries in the journal, own and received.
    entries: u64,
    /// Root of the newest checkpoint seen, `null` before the first.
    root: Option<Hash>,
    /// Every checkpoint seen goes on from the one before.
    consistent: bool,
    /// Checkpoints whose signature holds.
    checkpoints: u64,
    /// Entries of this device, in one chain.
    own_entries: u64,
    /// Photos and signatures, small forms included, as far as this device is told.
    photos: EvidenceCounts,
}

/// Walks the journal line by line.
struct Walk {
    identity: Identity,
    proven: Proven,
    own_head: (u64, Hash),
    newest: BTreeMap<Epoch, Anchor>,
}

/// Checks the journal.
///
/// # Errors
/// Integrity, with the first line that does not hold.
pub(super) fn run(cx: &Context) -> Result<Report, CliError> {
    let identity = cx.read(|replica| Ok(replica.identity()?.clone()))?;
    let reader = Ledger::open_read_only(&cx.home.store())?.reader;
    let mut walk = Walk::new(identity);
    let mut broken = None;
    reader.read_range(1, reader.end(), &mut |number, bytes| {
        broken = walk.line(bytes).err().map(|detail| (number, detail));
        broken.is_none()
    })?;
    if let Some((number, detail)) = broken {
        return Err(not_proven(number, &detail));
    }
    walk.proven.photos = cx.read(|replica| Ok(counts(&replica.rows()).map_err(ReplicaError::from)?))?;
    let Proven { entries, own_entries, checkpoints, photos, .. } = walk.proven;
    let lang = cx.screen.lang;
    let mut text = format!("{}\n", say!("verify-journal-holds", entries, own_entries, checkpoints).of(lang));
    if photos.named > 0 {
        let EvidenceCounts { named, received, erased, missing } = photos;
        text.push_str(&format!("{}\n", say!("verify-photos", named, received, erased, missing).of(lang)));
    }
    Report::new(&walk.proven, text)
}

impl Walk {
    fn new(identity: Identity) -> Self {
        let proven = Proven { consistent: true, ..Proven::default() };
        Self { identity, proven, own_head: (0, Hash::ZERO), newest: BTreeMap::new() }
    }

    fn line(&mut self, bytes: &[u8]) -> Result<(), String> {
        match Line::from_bytes(bytes).map_err(|error| error.to_string())? {
            Line::Entry { chained, .. } => {
                self.proven.entries += 1;
                if chained.entry.header.device == self.own() { self.own_entry(&chained) } else { Ok(()) }
            }
            Line::Device(DeviceLine::Contact(contact)) => self.contact(&contact),
            Line::Device(_) => Ok(()),
        }
    }

    fn own(&self) -> DeviceId {
        self.identity.device
    }

    fn own_entry(&mut self, chained: &ChainedEntry) -> Result<(), String> {
        let (seq, prev) = (chained.entry.header.seq, chained.prev);
        let (last_seq, last_hash) = self.own_head;
        if seq != last_seq + 1 {
            return Err(format!("own entry {seq} follows entry {last_seq}"));
        }
        if prev != Some(last_hash) {
            return Err(format!("own entry {seq} does not name the entry before it"));
        }
        self.own_head = (seq, chained.entry.hash(&last_hash));
        self.proven.own_entries += 1;
        Ok(())
    }

    fn contact(&mut self, contact: &Contact) -> Result<(), String> {
        if contact.checkpoint.is_empty() {
            return Ok(());
        }
        let anchor = checkpoint::verify(&contact.checkpoint, &self.identity.log_verifier)?;
        if let Some(before) = self.newest.insert(contact.epoch, anchor) {
            if anchor.size < before.size {
                return Err(format!("checkpoint of {} entries after one of {}", anchor.size, before.size));
            }
            if anchor.size == before.size && anchor.root != before.root {
                return Err(format!("two roots for {} entries", anchor.size));
            }
        }
        self.proven.checkpoints += 1;
        self.proven.root = Some(anchor.root);
        Ok(())
    }
}

fn not_proven(number: u64, detail: &str) -> CliError {
    CliError::new(
        exit::INTEGRITY,
        "not_proven",
        say!("verify-journal-fails", number, detail),
        say!("verify-journal-fails-hint"),
    )
}
