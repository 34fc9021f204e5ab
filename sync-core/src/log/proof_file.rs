//! Proof file: everything that a third party needs to check one order without this program. It holds each
//! change with its bytes, the chain to its author's signature, the author's key as the log has it, and its
//! place under one signed checkpoint.
//!
//! The file is JSON, and its parts are those of standards, so that other programs can check it too.

mod collect;
mod tlog_proof;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use collect::{About, CollectError, Collector};
pub use tlog_proof::TlogProof;

use crate::crypto::{PublicKey, Signature};
use crate::id::{DeviceId, Hash, RecordId};
use crate::limits::PROOF_FILE_BYTES_MAX;
use crate::log::act::Act;
use crate::log::chain::decode_body;
use crate::log::chain::{DecodedBody, verify_head};
use crate::log::checkpoint;
use crate::log::entry::{Anchor, Body, Entry, Named, hash_canonical};
use crate::log::merkle::{check_inclusion, leaf::Leaf};
use crate::record::change::{Action, Op, Place, Scalar};

/// The format that the file names.
pub const FORMAT: &str = "cuadrilla-proof/1";

/// Bytes that JSON holds as base64.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Base64(pub Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofFile {
    /// [`FORMAT`].
    pub format: String,
    /// INEGI key of the municipality.
    pub municipality: u32,
    /// The name of the record, for people.
    pub folio: String,
    /// The record's id, in hex.
    pub record: String,
    /// The log's key, as the maker of the file knew it. A checker takes it from another source.
    pub log_verifier: String,
    /// The checkpoint that all proofs lead to.
    pub checkpoint: String,
    /// The record's changes, in the order of the ledger.
    pub changes: Vec<Logged>,
    /// The entries that brought the authors' keys, in the order of the ledger.
    pub keys: Vec<Logged>,
    /// Pieces of the authors' chains, each up to a signature.
    pub chains: Vec<ChainPiece>,
}

/// One entry and its place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// Ledger number.
    pub seq: u64,
    /// The leaf's bytes.
    pub leaf: Base64,
    /// The entry's canonical bytes.
    pub entry: Base64,
    /// The body's bytes: an Automerge change, or an act.
    pub body: Base64,
    /// C2SP `tlog-proof`.
    pub proof: String,
}

/// A piece of one device's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainPiece {
    /// The device, in hex.
    pub device: String,
    /// Number of the first entry.
    pub first: u64,
    /// Canonical bytes, one entry after another.
    pub entries: Vec<Base64>,
    /// The Ed25519 signature over the last one's place, 64 bytes.
    pub signature: Base64,
}

/// Why a proof file proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// Not a proof file.
    #[error("this is no proof file: {0}")]
    Malformed(String),
    /// The checkpoint is not the log's.
    #[error("the checkpoint does not hold: {0}")]
    Checkpoint(String),
    /// An entry does not hold.
    #[error("ledger number {seq} does not hold: {detail}")]
    Entry {
        /// Its number.
        seq: u64,
        /// What is wrong.
        detail: String,
    },
    /// A piece of a chain does not hold.
    #[error("the chain of device {device} from entry {first} on does not hold: {detail}")]
    Chain {
        /// The device.
        device: String,
        /// Its first entry here.
        first: u64,
        /// What is wrong.
        detail: String,
    },
}

/// What a proof file proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The log's state that all of it is in.
    pub anchor: Anchor,
    /// The changes.
    pub changes: Vec<CheckedChange>,
}

/// One change that is in the log, by its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedChange {
    /// What the log says of it.
    pub leaf: Leaf,
    /// The entry.
    pub entry: Entry,
    /// Its hash.
    pub hash: Hash,
    /// Its decoded body.
    pub decoded: DecodedBody,
    /// The author's name, as it enrolled.
    pub device_name: String,
}

impl ProofFile {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// Too long, or no proof file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProofFileError> {
        if bytes.len() > PROOF_FILE_BYTES_MAX {
            return Err(ProofFileError::Malformed(format!("over {PROOF_FILE_BYTES_MAX} bytes")));
        }
        let file: Self =
            serde_json::from_slice(bytes).map_err(|error| ProofFileError::Malformed(error.to_string()))?;
        if file.format != FORMAT {
            return Err(ProofFileError::Malformed(format!("its format is {:?}", file.format)));
        }
        Ok(file)
    }

    /// Checks the whole file against the log's key, which the caller has from another source.
    ///
    /// # Errors
    /// The first part that does not hold.
    pub fn check(&self, log_verifier: &str) -> Result<Checked, ProofFileError> {
        let anchor =
            checkpoint::verify(&self.checkpoint, log_verifier).map_err(ProofFileError::Checkpoint)?;
        let record: RecordId =
            self.record.parse().map_err(|error| ProofFileError::Malformed(format!("record: {error}")))?;
        if self.changes.is_empty() {
            return Err(ProofFileError::Malformed("it holds no change".into()));
        }
        let office = checkpoint::office_of(log_verifier).map_err(ProofFileError::Checkpoint)?;
        let mut authors = BTreeMap::new();
        let mut open = Vec::new();
        for logged in &self.keys {
            let wrong = |detail: String| ProofFileError::Entry { seq: logged.seq, detail };
            let checked = self.check_logged(logged, &anchor).map_err(wrong)?;
            let (key, name) = key_of(&checked, &office).map_err(wrong)?;
            authors.insert(checked.entry.header.device, (key, name));
            open.push((logged.seq, checked.hash, checked.entry.header.device));
        }
        let mut changes: Vec<CheckedChange> = Vec::new();
        for logged in &self.changes {
            let wrong = |detail: &str| ProofFileError::Entry { seq: logged.seq, detail: detail.into() };
            let mut checked = self.check_logged(logged, &anchor).map_err(|detail| wrong(&detail))?;
            let header = &checked.entry.header;
            let (_, name) =
                authors.get(&header.device).ok_or_else(|| wrong("its author's key is not here"))?;
            checked.device_name.clone_from(name);
            if header.record != record || !matches!(checked.decoded, DecodedBody::Change(_)) {
                return Err(wrong("it is no change of this record"));
            }
            if changes.last().is_some_and(|before| before.leaf.seq >= logged.seq) {
                return Err(wrong("it does not stand in the ledger's order"));
            }
            open.push((logged.seq, checked.hash, header.device));
            changes.push(checked);
        }
        self.check_folio(&changes)?;
        let mut signed = BTreeMap::new();
        for piece in &self.chains {
            piece.check(&authors, &mut signed).map_err(|detail| ProofFileError::Chain {
                device: piece.device.clone(),
                first: piece.first,
                detail,
            })?;
        }
        for (seq, hash, device) in open {
            if signed.get(&hash) != Some(&device) {
                let detail = "no signature of its author reaches it".into();
                return Err(ProofFileError::Entry { seq, detail });
            }
        }
        Ok(Checked { anchor, changes })
    }

    /// Checks that the file gives the record the name that its first change gave it: a label alone proves
    /// nothing.
    fn check_folio(&self, changes: &[CheckedChange]) -> Result<(), ProofFileError> {
        let wrong = |detail: &str| ProofFileError::Malformed(detail.into());
        let Some(CheckedChange { decoded: DecodedBody::Change(first), .. }) = changes.first() else {
            return Err(wrong("it holds no change"));
        };
        if !first.deps.is_empty() {
            return Err(wrong("the change that made the record is not in it"));
        }
        let is_folio = |op: &Op| match (&op.place, &op.action) {
            (Place::Prop(name), Action::Put(Scalar::Str(folio))) => name == "folio" && *folio == self.folio,
            _ => false,
        };
        if first.ops.iter().any(is_folio) {
            Ok(())
        } else {
            Err(wrong("its folio is not the one that the record was made with"))
        }
    }

    /// Checks that the bytes of one entry belong together and stand in the log where it says.
    fn check_logged(&self, logged: &Logged, anchor: &Anchor) -> Result<CheckedChange, String> {
        let proof = TlogProof::from_text(&logged.proof).ok_or("its proof is no tlog-proof")?;
        if proof.checkpoint != self.checkpoint || proof.seq != logged.seq {
            return Err("its proof is for another checkpoint or another number".into());
        }
        check_inclusion(&proof.path, anchor, logged.seq, &logged.leaf.0)
            .map_err(|error| error.to_string())?;
        let leaf = Leaf::from_bytes(&logged.leaf.0).ok_or("its leaf does not read")?;
        if leaf.seq != logged.seq {
            return Err(format!("its leaf is that of number {}", leaf.seq));
        }
        let hash = hash_canonical(&logged.entry.0);
        if hash != leaf.entry {
            return Err("its bytes are not those that the log names".into());
        }
        let named = Named::from_canonical(&logged.entry.0).map_err(|error| error.to_string())?;
        let prev = named.prev;
        let entry = named.with_body(logged.body.0.clone()).map_err(|error| error.to_string())?;
        let header = &entry.header;
        if header.municipality != self.municipality {
            return Err(format!("it belongs to municipality {}", header.municipality));
        }
        if (header.device, header.seq) != (leaf.device, leaf.device_seq)
            || entry.canonical(&prev) != logged.entry.0
        {
            return Err("its bytes are not those of an entry".into());
        }
        let decoded = decode_body(&entry.body).map_err(|error| error.0)?;
        if let (DecodedBody::Change(change), Body::Change(raw)) = (&decoded, &entry.body) {
            let rebuilt = change.to_raw().map_err(|error| error.to_string())?;
            if rebuilt.hash != raw.hash || rebuilt.bytes != raw.bytes || change.device != header.device {
                return Err("its change is not the one that the entry names".into());
            }
        }
        Ok(CheckedChange { leaf, entry, hash, decoded, device_name: String::new() })
    }
}

/// Returns the key that an enrolment, or the founding of the ledger, brings. A device's id is that of its key: an
/// operator with the log's key cannot enrol another one under it.
fn key_of(checked: &CheckedChange, office: &DeviceId) -> Result<(PublicKey, String), String> {
    let (key, name) = match &checked.decoded {
        DecodedBody::Act(Act::Enrol { office: meant, .. }) if meant != office => {
            return Err("it was made for a server with another key".into());
        }
        DecodedBody::Act(Act::Enrol { key, name, .. })
            if checked.leaf.is_accepted() && checked.entry.header.seq == 1 =>
        {
            (*key, name.clone())
        }
        DecodedBody::Act(Act::Genesis { key, name, .. }) if checked.leaf.seq == 1 => (*key, name.clone()),
        _ => return Err("it brings no key".into()),
    };
    key.check_first_of(&checked.entry.header.device).map_err(|error| error.to_string())?;
    Ok((key, name))
}

impl ChainPiece {
    /// Checks that each entry names the one before and that the author signed the last. Adds the hashes of
    /// all of them to `whose`.
    fn check(
        &self,
        authors: &BTreeMap<DeviceId, (PublicKey, String)>,
        signed: &mut BTreeMap<Hash, DeviceId>,
    ) -> Result<(), String> {
        let device: DeviceId = self.device.parse().map_err(|_| "its device is no id")?;
        let (key, _) = authors.get(&device).ok_or("its author's key is not here")?;
        let mut last: Option<(u64, Hash)> = None;
        for canonical in &self.entries {
            let named = Named::from_canonical(&canonical.0).map_err(|error| error.to_string())?;
            let seq = named.header.seq;
            let follows = match last {
                None => seq == self.first,
                Some((before, hash)) => before.checked_add(1) == Some(seq) && named.prev == hash,
            };
            if !follows || named.header.device != device {
                return Err(format!("entry {seq} does not follow"));
            }
            let hash = hash_canonical(&canonical.0);
            signed.insert(hash, device);
            last = Some((seq, hash));
        }
        let (seq, hash) = last.ok_or("it is empty")?;
        let bytes = self.signature.0.as_slice().try_into().map_err(|_| "its signature has not 64 bytes")?;
        let signature = Signature { alg: crate::crypto::ALG_ED25519, bytes };
        verify_head(key, &device, seq, &hash, &signature).map_err(|error| error.to_string())
    }
}
