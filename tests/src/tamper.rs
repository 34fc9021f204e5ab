//! Tamper: a dishonest operator. Edits one accepted entry of a ledger folder and remakes everything that the server's
//! own key can: frames and checksums, the chains, what later changes name, the Merkle tree, the checkpoint. It has no
//! author's key, so the author's signature is all it cannot make.

use std::collections::BTreeMap;
use std::path::Path;

use store_disk::{Ledger, LedgerOptions};
use sync_core::crypto::SecretKey;
use sync_core::id::{DeviceId, Hash};
use sync_core::log::chain::sign_head;
use sync_core::log::entry::{Body, ChainedEntry};
use sync_core::log::line::Line;
use sync_core::record::change::{Action, Change, Scalar};

/// Replaces the text `old` by `new` in the first change that writes it, wherever it is; answers its ledger number. The
/// index is thrown away, so the next start derives everything from the edited ledger.
///
/// # Panics
/// If no change writes that text, or the folder is no server's.
pub fn edit(data: &Path, old: &str, new: &str) -> u64 {
    let reader = Ledger::open_read_only(data).expect("a ledger").reader;
    let seed = std::fs::read_to_string(data.join("log.key")).expect("the server's key");
    let seed: [u8; 32] = hex::decode(seed.trim()).expect("hex").try_into().expect("32 bytes");
    let mut forger = Forger { key: SecretKey::from_seed(&seed), ..Forger::default() };
    let mut edited = None;
    let mut lines = Vec::new();
    reader
        .read_range(1, reader.end(), &mut |seq, bytes| {
            let Ok(Line::Entry { receipt, mut chained }) = Line::from_bytes(bytes) else {
                panic!("line {seq} is no entry")
            };
            if edited.is_none() && rewrite(&mut chained, old, new, &mut forger.changes) {
                edited = Some(seq);
            }
            forger.follow(&mut chained);
            lines.push(Line::Entry { receipt, chained }.to_bytes());
            true
        })
        .expect("the ledger reads");
    drop(reader);
    for folder in ["ledger", "index"] {
        std::fs::remove_dir_all(data.join(folder)).expect("the folder goes");
    }
    let (mut ledger, _) = Ledger::open(data, &LedgerOptions::default()).expect("an empty ledger");
    ledger.append(&lines).expect("it takes the lines");
    edited.expect("a change that writes the text")
}

/// Changes the text in one change; notes its new hash.
fn rewrite(chained: &mut ChainedEntry, old: &str, new: &str, changes: &mut BTreeMap<Hash, Hash>) -> bool {
    let Body::Change(raw) = &chained.entry.body else { return false };
    let mut change = Change::read(&raw.bytes).expect("a change");
    let mut is_found = false;
    for op in &mut change.ops {
        if let Action::Put(Scalar::Str(text)) = &mut op.action
            && text == old
        {
            new.clone_into(text);
            is_found = true;
        }
    }
    if is_found {
        let forged = change.to_raw().expect("a change");
        changes.insert(raw.hash, forged.hash);
        chained.entry.body = Body::Change(forged);
    }
    is_found
}

struct Forger {
    key: SecretKey,
    /// What a change is called now.
    changes: BTreeMap<Hash, Hash>,
    /// What an entry is called now.
    entries: BTreeMap<Hash, Hash>,
    office: Option<DeviceId>,
}

impl Default for Forger {
    fn default() -> Self {
        Self {
            key: SecretKey::from_seed(&[0; 32]),
            changes: BTreeMap::new(),
            entries: BTreeMap::new(),
            office: None,
        }
    }
}

impl Forger {
    /// Makes an entry name what was renamed before it.
    fn follow(&mut self, chained: &mut ChainedEntry) {
        let prev = chained.prev.expect("a ledger knows its chains");
        let office = *self.office.get_or_insert(chained.entry.header.device);
        if let Body::Change(raw) = &chained.entry.body {
            let mut change = Change::read(&raw.bytes).expect("a change");
            let before = change.deps.clone();
            change.deps = before.iter().map(|dep| *self.changes.get(dep).unwrap_or(dep)).collect();
            if change.deps != before {
                change.deps.sort();
                let forged = change.to_raw().expect("a change");
                self.changes.insert(raw.hash, forged.hash);
                chained.entry.body = Body::Change(forged);
            }
        }
        // The hash that it had is not known any more once the body is another; the chain goes by number instead.
        let header = &chained.entry.header;
        let was = self.entries.get(&place(&header.device, header.seq - 1)).copied().unwrap_or(prev);
        chained.prev = Some(was);
        let hash = chained.entry.hash(&was);
        self.entries.insert(place(&header.device, header.seq), hash);
        if header.device == office {
            chained.signature = Some(sign_head(&self.key, &office, header.seq, &hash));
        }
    }
}

/// A place in a device's chain, as a key.
fn place(device: &DeviceId, number: u64) -> Hash {
    Hash::tagged("place", &[&device.0, &number.to_be_bytes()])
}
