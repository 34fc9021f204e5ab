//! Collect: takes the parts of a proof file out of the entries of a ledger or journal, read once from first
//! to last.

use std::collections::{BTreeMap, BTreeSet};

use super::{Base64, ChainPiece, FORMAT, Logged, ProofFile, TlogProof};
use crate::crypto::{SecretKey, Signature};
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::act::Act;
use crate::log::chain::sign_head;
use crate::log::entry::{Body, ChainedEntry, hash_canonical};
use crate::log::merkle::leaf::Leaf;
use crate::log::verdict::Receipt;

/// Why no proof file can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectError<E> {
    /// Nothing of the record is in the log yet.
    #[error("no change of the order is in the log yet")]
    Nothing,
    /// This reader does not hold the author's chain.
    #[error("the chain of device {0} is not known here as far as its signature")]
    Unsigned(DeviceId),
    /// The entry that brought an author's key is not here.
    #[error("the enrolment of device {0} is not known here")]
    NoKey(DeviceId),
    /// The log gave no proof.
    #[error(transparent)]
    Proof(E),
}

/// Gathers one record's entries.
pub struct Collector<'k> {
    record: RecordId,
    /// Entries of the log that the checkpoint signs.
    size: u64,
    own: Option<(DeviceId, &'k SecretKey)>,
    /// Runs of entries not signed yet, by device and hash of the last; only from an entry that is wanted on.
    runs: BTreeMap<(DeviceId, Hash), Run>,
    pieces: Vec<Run>,
    changes: BTreeMap<(DeviceId, Hash), Wanted>,
    keys: BTreeMap<DeviceId, Wanted>,
}

struct Run {
    device: DeviceId,
    first: u64,
    entries: Vec<Vec<u8>>,
    signature: Option<Signature>,
}

struct Wanted {
    receipt: Receipt,
    hash: Hash,
    device_seq: u64,
    canonical: Vec<u8>,
    body: Vec<u8>,
}

impl Wanted {
    fn leaf(&self, device: DeviceId) -> Leaf {
        Leaf::with(self.hash, (device, self.device_seq), &self.receipt, || &self.canonical)
    }
}

impl<'k> Collector<'k> {
    /// Returns a collector for one record, as far as a log of `size` entries has it. `own` is the reader's
    /// device and key: a journal keeps no signatures of its device.
    pub fn new(record: RecordId, size: u64, own: Option<(DeviceId, &'k SecretKey)>) -> Self {
        Self {
            record,
            size,
            own,
            runs: BTreeMap::new(),
            pieces: Vec::new(),
            changes: BTreeMap::new(),
            keys: BTreeMap::new(),
        }
    }

    /// Takes an entry in the ledger's order, with its receipt as it was given. Skips entries whose chain is
    /// not known, and entries without a receipt.
    pub fn take(&mut self, receipt: Option<&Receipt>, chained: &ChainedEntry) {
        let (Some(prev), Some(receipt)) = (chained.prev, receipt) else { return };
        let header = &chained.entry.header;
        let canonical = chained.entry.canonical(&prev);
        let hash = hash_canonical(&canonical);
        // What came later is not under the checkpoint, but a signature there may still reach back.
        let is_under = receipt.seq <= self.size;
        let is_key = is_under && brings_key(&chained.entry.body);
        let is_change =
            is_under && header.record == self.record && matches!(chained.entry.body, Body::Change(_));
        if is_key || is_change {
            let wanted = Wanted {
                receipt: receipt.clone(),
                hash,
                device_seq: header.seq,
                canonical: canonical.clone(),
                body: chained.entry.body.bytes().to_vec(),
            };
            if is_key {
                self.keys.insert(header.device, wanted);
            } else {
                self.changes.insert((header.device, hash), wanted);
            }
        }
        self.chain(
            header.device,
            header.seq,
            (prev, hash),
            canonical,
            is_key || is_change,
            chained.signature,
        );
    }

    fn chain(
        &mut self,
        device: DeviceId,
        seq: u64,
        (prev, hash): (Hash, Hash),
        canonical: Vec<u8>,
        is_wanted: bool,
        signature: Option<Signature>,
    ) {
        let mut run = match self.runs.remove(&(device, prev)) {
            Some(run) => run,
            None if is_wanted => Run { device, first: seq, entries: Vec::new(), signature: None },
            None => return,
        };
        run.entries.push(canonical);
        let own = self.own.filter(|(own, _)| *own == device && is_wanted);
        run.signature = signature.or_else(|| own.map(|(_, key)| sign_head(key, &device, seq, &hash)));
        if run.signature.is_some() {
            self.pieces.push(run);
        } else {
            self.runs.insert((device, hash), run);
        }
    }

    /// Returns the file, with proofs to `checkpoint` that `prove` makes.
    ///
    /// # Errors
    /// Something is not known here; see [`CollectError`].
    pub fn finish<E>(
        self,
        about: About,
        prove: &mut dyn FnMut(u64) -> Result<Vec<Hash>, E>,
    ) -> Result<ProofFile, CollectError<E>> {
        if self.changes.is_empty() {
            return Err(CollectError::Nothing);
        }
        let authors: BTreeSet<DeviceId> = self.changes.keys().map(|(device, _)| *device).collect();
        let mut keys = Vec::new();
        for device in &authors {
            let wanted = self.keys.get(device).ok_or(CollectError::NoKey(*device))?;
            keys.push((*device, wanted));
        }
        let mut changes: Vec<_> =
            self.changes.iter().map(|((device, _), wanted)| (*device, wanted)).collect();
        let covered: BTreeSet<Hash> =
            self.pieces.iter().flat_map(|run| &run.entries).map(|bytes| hash_canonical(bytes)).collect();
        if let Some((device, _)) =
            keys.iter().chain(&changes).find(|(_, wanted)| !covered.contains(&wanted.hash))
        {
            return Err(CollectError::Unsigned(*device));
        }
        for list in [&mut keys, &mut changes] {
            list.sort_by_key(|(_, wanted)| wanted.receipt.seq);
        }
        let mut logged = |(device, wanted): (DeviceId, &Wanted)| {
            let seq = wanted.receipt.seq;
            let path = prove(seq).map_err(CollectError::Proof)?;
            let checkpoint = about.checkpoint.clone();
            Ok(Logged {
                seq,
                leaf: Base64(wanted.leaf(device).to_bytes()),
                entry: Base64(wanted.canonical.clone()),
                body: Base64(wanted.body.clone()),
                proof: TlogProof { seq, path, checkpoint }.to_text(),
            })
        };
        let keys = keys.into_iter().map(&mut logged).collect::<Result<Vec<_>, _>>()?;
        let changes = changes.into_iter().map(&mut logged).collect::<Result<Vec<_>, _>>()?;
        let chains =
            self.pieces.into_iter().filter(|run| authors.contains(&run.device)).map(Run::piece).collect();
        Ok(ProofFile {
            format: FORMAT.into(),
            municipality: about.municipality,
            folio: about.folio,
            record: self.record.to_string(),
            log_verifier: about.log_verifier,
            checkpoint: about.checkpoint,
            changes,
            keys,
            chains,
        })
    }
}

/// The parts of the file other than the entries.
pub struct About {
    /// INEGI key of the municipality.
    pub municipality: u32,
    /// The name of the record, for people.
    pub folio: String,
    /// The log's key.
    pub log_verifier: String,
    /// The checkpoint to prove to.
    pub checkpoint: String,
}

impl Run {
    fn piece(self) -> ChainPiece {
        ChainPiece {
            device: self.device.to_string(),
            first: self.first,
            entries: self.entries.into_iter().map(Base64).collect(),
            signature: Base64(self.signature.map(|signature| signature.bytes.to_vec()).unwrap_or_default()),
        }
    }
}

fn brings_key(body: &Body) -> bool {
    match body {
        Body::Act(bytes) => {
            matches!(Act::from_bytes(bytes), Ok(Act::Enrol { .. } | Act::Genesis { .. }))
        }
        Body::Change(_) => false,
    }
}
