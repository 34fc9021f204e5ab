//! Forge: what a dishonest operator can make of a proof file with the log's key alone: any leaf, tree and checkpoint, and
//! keys of its own. It has no author's key.

use sync_core::crypto::SecretKey;
use sync_core::id::{DeviceId, Hash};
use sync_core::log::act::Act;
use sync_core::log::chain::sign_head;
use sync_core::log::checkpoint;
use sync_core::log::entry::{Body, Entry, Named};
use sync_core::log::merkle::leaf::Leaf;
use sync_core::log::merkle::{append, prove_inclusion, root};
use sync_core::log::proof_file::{Base64, ChainPiece, Logged, ProofFile, TlogProof};
use sync_core::record::change::{Action, Change, Obj, Op, Place, Scalar};
use sync_core::rows::{MemoryRows, Overlay};

/// A proof file that the operator made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgery {
    /// What it claims.
    pub what: &'static str,
    /// The file.
    pub file: String,
    /// It is true, for want of a lie: the operator may enrol a device of its own and write under its name.
    pub is_true: bool,
}

/// Returns what the holder of the log's key makes of an honest proof file. The first shows that the forger's tools make
/// what checkers take; each of the others must be refused.
///
/// # Panics
/// If the file is no proof file of an order.
pub fn forgeries(honest: &[u8], log_seed: &[u8; 32]) -> Vec<Forgery> {
    let file = ProofFile::from_bytes(honest).expect("a proof file");
    let operator = Operator { log: SecretKey::from_seed(log_seed), own: SecretKey::from_seed(&[66; 32]) };
    let made = |what, file: ProofFile, is_true| {
        let file = serde_json::to_string(&file).expect("a proof file has a form");
        Forgery { what, file, is_true }
    };
    let (true_id, own_id) = (author(&file), operator.own.public().device());
    let mut relabelled = file.clone();
    relabelled.folio = "MZQ-26-ZZ-9999".into();
    vec![
        made("work of a device that the operator enrolled for itself", operator.enrols(&file, own_id), true),
        made(
            "an enrolled device, enrolled once more with a key of the operator",
            operator.enrols(&file, true_id),
            false,
        ),
        made("another title, under the author's signature", operator.rewrites(&file, "title", None), false),
        made(
            "another title, signed by the operator",
            operator.rewrites(&file, "title", Some(&operator.own)),
            false,
        ),
        made(
            "another title, signed with the log's key",
            operator.rewrites(&file, "title", Some(&operator.log)),
            false,
        ),
        made("another folio, in the change and on the file", operator.rewrites(&file, "folio", None), false),
        made("another folio on the file only", relabelled, false),
    ]
}

/// The author of the first change.
fn author(file: &ProofFile) -> DeviceId {
    opened(&file.changes[0]).0.header.device
}

/// An entry and the hash of the one before it.
fn opened(logged: &Logged) -> (Entry, Hash) {
    let named = Named::from_canonical(&logged.entry.0).expect("canonical bytes");
    let prev = named.prev;
    (named.with_body(logged.body.0.clone()).expect("its body"), prev)
}

/// An entry with its place in the log.
struct Made {
    leaf: Leaf,
    entry: Entry,
    prev: Hash,
}

impl Made {
    /// In the place of another entry.
    fn at(place: &Logged, entry: Entry, prev: Hash) -> Self {
        let leaf = Leaf::from_bytes(&place.leaf.0).expect("a leaf");
        let (device, device_seq) = (entry.header.device, entry.header.seq);
        let leaf = Leaf { entry: entry.hash(&prev), device, device_seq, ..leaf };
        Self { leaf, entry, prev }
    }

    fn hash(&self) -> Hash {
        self.leaf.entry
    }
}

struct Operator {
    log: SecretKey,
    own: SecretKey,
}

impl Operator {
    /// Enrols a device under that id with the operator's own key, and makes the order under its name.
    fn enrols(&self, file: &ProofFile, device: DeviceId) -> ProofFile {
        let first = &file.changes[0];
        let (creation, _) = opened(first);
        let enrolment = file.keys.iter().map(|key| (key, opened(key).0));
        let of_author =
            enrolment.into_iter().find(|(_, entry)| entry.header.device == creation.header.device);
        let (place, mut enrolment) = of_author.expect("the author's enrolment");
        let Body::Act(bytes) = &enrolment.body else { panic!("an enrolment is an act") };
        let Ok(Act::Enrol { office, opening, name, continues, .. }) = Act::from_bytes(bytes) else {
            panic!("an enrolment")
        };
        let act = Act::Enrol { office, opening, key: self.own.public(), name, continues };
        enrolment.body = Body::Act(act.to_bytes());
        enrolment.header.device = device;
        let enrolment = Made::at(place, enrolment, Hash::ZERO);
        let put = |name: &str, text: &str| Op {
            obj: Obj::Root,
            place: Place::Prop(name.into()),
            insert: false,
            action: Action::Put(Scalar::Str(text.into())),
            preds: Vec::new(),
        };
        let ops = vec![put("folio", &file.folio), put("title", "Lo que el juez debe creer")];
        let change = Change { device, seq: 1, start_op: 1, deps: Vec::new(), ops };
        let mut creation = creation;
        creation.body = Body::Change(change.to_raw().expect("a change"));
        (creation.header.device, creation.header.seq) = (device, 2);
        let creation = Made::at(first, creation, enrolment.hash());
        let piece =
            self.piece(&[&enrolment, &creation], &sign_head(&self.own, &device, 2, &creation.hash()).bytes);
        self.publish(file, &[enrolment], &[creation], vec![piece])
    }

    /// Changes a text of the first change, and makes again all that the log's key can. The end of the chain is signed by
    /// `signer`, or carries the author's own signature on what was there.
    fn rewrites(&self, file: &ProofFile, register: &str, signer: Option<&SecretKey>) -> ProofFile {
        let first = &file.changes[0];
        let (mut creation, prev) = opened(first);
        let mut change = Change::read(creation.body.bytes()).expect("a change");
        let mut is_found = false;
        for op in &mut change.ops {
            if let (Place::Prop(name), Action::Put(Scalar::Str(text))) = (&op.place, &mut op.action)
                && name == register
            {
                *text = "MZQ-26-ZZ-9999".into();
                is_found = true;
            }
        }
        assert!(is_found, "the first change writes {register}");
        creation.body = Body::Change(change.to_raw().expect("a change"));
        let device = creation.header.device;
        let creation = Made::at(first, creation, prev);
        let old = Leaf::from_bytes(&first.leaf.0).expect("a leaf").entry;
        let mut pieces = file.chains.clone();
        for piece in pieces.iter_mut().filter(|piece| piece.device == device.to_string()) {
            let (mut was, mut now) = (old, creation.hash());
            let mut last = None;
            for canonical in &mut piece.entries {
                let hash = sync_core::log::entry::hash_canonical(&canonical.0);
                if hash == old {
                    canonical.0 = creation.entry.canonical(&creation.prev);
                } else if let Some(at) = find(&canonical.0, &was.0) {
                    canonical.0[at..at + 32].copy_from_slice(&now.0);
                    (was, now) = (hash, sync_core::log::entry::hash_canonical(&canonical.0));
                }
                let named = Named::from_canonical(&canonical.0).expect("canonical bytes");
                last = Some((named.header.seq, sync_core::log::entry::hash_canonical(&canonical.0)));
            }
            if let (Some(signer), Some((seq, hash))) = (signer, last) {
                piece.signature = Base64(sign_head(signer, &device, seq, &hash).bytes.to_vec());
            }
        }
        let keys: Vec<Made> = file.keys.iter().map(made_of).collect();
        let changes = [creation];
        let mut forged = self.publish(file, &keys, &changes, pieces);
        if register == "folio" {
            forged.folio = "MZQ-26-ZZ-9999".into();
        }
        forged
    }

    fn piece(&self, entries: &[&Made], signature: &[u8]) -> ChainPiece {
        let canonical = |made: &&Made| Base64(made.entry.canonical(&made.prev));
        ChainPiece {
            device: entries[0].entry.header.device.to_string(),
            first: entries[0].entry.header.seq,
            entries: entries.iter().map(canonical).collect(),
            signature: Base64(signature.to_vec()),
        }
    }

    /// A log with these entries in their places, signed.
    fn publish(
        &self,
        file: &ProofFile,
        keys: &[Made],
        changes: &[Made],
        chains: Vec<ChainPiece>,
    ) -> ProofFile {
        let all = || keys.iter().chain(changes);
        let size = all().map(|made| made.leaf.seq).max().unwrap_or(0) + 3;
        let mut rows = MemoryRows::default();
        for seq in 1..=size {
            let leaf = all().find(|made| made.leaf.seq == seq).map_or(vec![7], |made| made.leaf.to_bytes());
            let mut overlay = Overlay::new(&rows);
            append(&mut overlay, seq, &leaf).expect("a tree in memory");
            let batch = overlay.batch;
            rows.apply(batch);
        }
        let root = root(&rows, size).expect("a tree in memory");
        let note = checkpoint::sign(&self.log, file.municipality, size, &root).expect("a checkpoint");
        let logged = |made: &Made| Logged {
            seq: made.leaf.seq,
            leaf: Base64(made.leaf.to_bytes()),
            entry: Base64(made.entry.canonical(&made.prev)),
            body: Base64(made.entry.body.bytes().to_vec()),
            proof: TlogProof {
                seq: made.leaf.seq,
                path: prove_inclusion(&rows, size, made.leaf.seq).expect("a tree in memory"),
                checkpoint: note.clone(),
            }
            .to_text(),
        };
        ProofFile {
            keys: keys.iter().map(logged).collect(),
            changes: changes.iter().map(logged).collect(),
            checkpoint: note.clone(),
            chains,
            ..file.clone()
        }
    }
}

/// An entry as it is.
fn made_of(logged: &Logged) -> Made {
    let (entry, prev) = opened(logged);
    Made::at(logged, entry, prev)
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
