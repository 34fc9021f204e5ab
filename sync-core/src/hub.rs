//! Hub: the server's side as pure code: check what arrives, judge it, fold it, answer.
//!
//! The shell drives three stages. `check_*` proves signatures and chains and may run anywhere in parallel; `admit`
//! judges and belongs to the one writer; `reply` reads and runs in parallel again, after the ledger is durable.

pub mod admit;
mod attempt;
mod beside;
pub mod check;
mod durable;
mod evidence;
pub mod fold;
pub mod found;
mod quota;
pub mod receipts;
pub mod reply;
pub mod rights;
mod rule_book;
pub mod usage;

pub use admit::{AdmitStats, Admitted};
pub use beside::Beside;
pub use check::{Authentic, Checked, RequestError};
pub use durable::Durable;
pub use evidence::{BlobGrant, BlobStanding};
pub use fold::fold_line;
pub use found::{Foundation, Founded, folio_prefix, found};
pub use quota::Quotas;
pub use rule_book::RuleBook;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::crypto::SecretKey;
use crate::id::{BootId, Epoch, Hash, PersonId, RecordId};
use crate::invitation::Secrets;
use crate::log::act::Act;
use crate::log::chain::{DecodedBody, VerifiedEntry, sign_head};
use crate::log::entry::{Anchor, Body, ChainedEntry, Entry, Header};
use crate::log::line::Line;
use crate::log::verdict::{Receipt, Verdict};
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::rules::{Rules, RulesError};
use crate::scope::Scope;
use crate::state::authority::enrol::EnrolError;
use crate::state::authority::{AppVersion, DeviceRow, GenesisRow, apps};
use crate::state::keyspace;
use crate::time::TimeMs;

/// The hub: its key, its municipality and the rules in force.
pub struct Hub {
    key: SecretKey,
    genesis: GenesisRow,
    book: RuleBook,
    quotas: Quotas,
    /// The checkpoint signed last: all replies to one batch name the same.
    signed: Mutex<Option<(Anchor, String)>>,
}

/// What stops the hub itself (not a request).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// The index could not be read.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// A rule file in the ledger no longer reads.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// There is no genesis act.
    #[error("this ledger has no founding entry")]
    NotFounded,
    /// The key file belongs to another ledger.
    #[error("the log key is not the key of this ledger")]
    OtherKey,
    /// Another request of the device took the number while this one was being checked.
    #[error("attempt {attempt} of this device was already answered; the last one was {last}")]
    Replayed {
        /// The number that arrived.
        attempt: u64,
        /// The highest number seen.
        last: u64,
    },
    /// Another request took the code while this one was being checked.
    #[error(transparent)]
    Enrol(EnrolError),
    /// A message could not be built.
    #[error("the answer could not be built: {0}")]
    Answer(String),
}

impl Hub {
    /// The office of a ledger, from its rows and its key.
    pub fn open(rows: &dyn Rows, seed: &[u8; 32], quotas: Quotas) -> Result<Self, HubError> {
        let genesis: GenesisRow = read(rows, &keyspace::genesis())?.ok_or(HubError::NotFounded)?;
        let key = SecretKey::from_seed(seed);
        if key.public() != genesis.key {
            return Err(HubError::OtherKey);
        }
        Ok(Self { key, genesis, book: RuleBook::open(rows)?, quotas, signed: Mutex::default() })
    }

    /// The municipality.
    pub fn genesis(&self) -> &GenesisRow {
        &self.genesis
    }

    /// The rules in force.
    pub fn rules(&self) -> &Rules {
        self.book.now()
    }

    /// The rules in force, and those of before.
    pub fn rule_book(&self) -> &RuleBook {
        &self.book
    }

    /// Publishes the rule files that differ from those in force. Answers the lines to append.
    pub fn publish_rules(
        &mut self,
        overlay: &mut Overlay<'_>,
        next_seq: u64,
        now_ms: TimeMs,
        files: &[(String, String)],
    ) -> Result<Vec<Vec<u8>>, HubError> {
        // All are read before any is published: a bad file publishes nothing.
        let mut tried = self.book.now().clone();
        for (name, json) in files {
            tried.add(name, json)?;
        }
        let mut lines = Vec::new();
        for (name, json) in files {
            if overlay.get(&keyspace::rule(name))?.as_deref() == Some(json.as_bytes()) {
                continue;
            }
            let act = Act::Rule { name: name.clone(), json: json.clone() };
            lines.push(self.write_act(overlay, next_seq + lines.len() as u64, now_ms, act)?.0);
        }
        Ok(lines)
    }

    /// Says in the ledger which app for browsers the office serves, if the newest that it said is another. Returns the
    /// lines to append.
    ///
    /// # Errors
    /// The index does not read.
    pub fn publish_app(
        &mut self,
        overlay: &mut Overlay<'_>,
        next_seq: u64,
        now_ms: TimeMs,
        app: &AppVersion,
    ) -> Result<Vec<Vec<u8>>, HubError> {
        if apps(overlay)?.last().is_some_and(|newest| newest.hash == app.hash) {
            return Ok(Vec::new());
        }
        let act = Act::App { hash: app.hash, version: app.version.clone() };
        Ok(vec![self.write_act(overlay, next_seq, now_ms, act)?.0])
    }

    /// Starts a new life of the ledger. Devices find out by their kept states whether it lost what they were told.
    pub fn start_epoch(
        &mut self,
        overlay: &mut Overlay<'_>,
        next_seq: u64,
        now_ms: TimeMs,
        entropy: &[u8; 8],
        reason: &str,
    ) -> Result<Vec<Vec<u8>>, HubError> {
        let act = Act::Epoch { epoch: Epoch(*entropy), reason: reason.into(), lost: None, lost_epoch: None };
        Ok(vec![self.write_act(overlay, next_seq, now_ms, act)?.0])
    }

    /// Makes an administrator's invitation at the server itself: how a municipality without administrator recovers.
    pub fn invite_admin(
        &mut self,
        overlay: &mut Overlay<'_>,
        next_seq: u64,
        now_ms: TimeMs,
        secrets: &Secrets,
    ) -> Result<Vec<Vec<u8>>, HubError> {
        let locks = secrets.locks(&self.genesis.office);
        Ok(vec![self.write_act(overlay, next_seq, now_ms, found::admin_invitation(&locks))?.0])
    }

    /// The signed checkpoint over the first `size` entries: C2SP `tlog-checkpoint` as a `signed-note`.
    pub fn checkpoint(&self, rows: &dyn Rows, size: u64) -> Result<String, HubError> {
        let state = Anchor { size, root: crate::log::merkle::root(rows, size)? };
        // A note is put into the place whole, so that a panic leaves a good one or none.
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, note)) = signed.as_ref().filter(|(of, _)| *of == state) {
            return Ok(note.clone());
        }
        let note = crate::log::checkpoint::sign(&self.key, self.genesis.municipality, size, &state.root)
            .map_err(HubError::Answer)?;
        *signed = Some((state, note.clone()));
        Ok(note)
    }

    /// A checkpoint that this log signed and that is no state of it now: what was lost. `None` if the log has it.
    fn lost_past(&self, rows: &dyn Rows, size: u64, evidence: &str) -> Result<Option<Anchor>, RowsError> {
        if evidence.is_empty() {
            return Ok(None);
        }
        // What this log did not sign proves nothing.
        let Ok(kept) = crate::log::checkpoint::verify(evidence, &self.genesis.log_verifier) else {
            return Ok(None);
        };
        let is_ours = kept.size <= size && crate::log::merkle::root(rows, kept.size)? == kept.root;
        // What was acted upon once is no news: else anybody who saved it could start epochs at will.
        let is_known = rows.get(&keyspace::lost(kept.size, &kept.root))?.is_some();
        Ok((!is_ours && !is_known).then_some(kept))
    }

    /// An act of the office itself, chained, signed and folded. Returns its line and the scopes that have news. It is not judged, so that only what
    /// the office may always do comes this way; a decision about held work comes from a person's device.
    pub(crate) fn write_act(
        &mut self,
        overlay: &mut Overlay<'_>,
        seq: u64,
        now_ms: TimeMs,
        act: Act,
    ) -> Result<(Vec<u8>, BTreeSet<Scope>), HubError> {
        let office = self.genesis.office;
        let row: DeviceRow = read(overlay, &keyspace::device(&office))?.ok_or(HubError::NotFounded)?;
        let written = OwnAct { genesis: &self.genesis, key: &self.key, seq, now_ms };
        let (verified, receipt) = written.write(row.head_seq, row.head, act);
        let line =
            Line::Entry { receipt: Some(receipt.clone()), chained: verified.chained.clone() }.to_bytes();
        let news = fold::fold_entry(self.book.now_mut(), overlay, seq, &receipt, &verified, None)?;
        if matches!(verified.decoded, DecodedBody::Act(Act::Rule { .. })) {
            self.book.publish(seq);
        }
        Ok((line, news))
    }
}

/// What an act of the office needs beside the act.
struct OwnAct<'o> {
    genesis: &'o GenesisRow,
    key: &'o SecretKey,
    seq: u64,
    now_ms: TimeMs,
}

impl OwnAct<'_> {
    fn write(&self, head_seq: u64, head: Hash, act: Act) -> (VerifiedEntry, Receipt) {
        let header = Header {
            municipality: self.genesis.municipality,
            device: self.genesis.office,
            seq: head_seq + 1,
            record: RecordId::ZERO,
            person: PersonId::ZERO,
            claimed_at_ms: self.now_ms,
            boot: BootId::ZERO,
            monotonic_ms: 0,
            anchor: Anchor::default(),
        };
        let entry = Entry { header, body: Body::Act(act.to_bytes()) };
        let hash = entry.hash(&head);
        let signature = sign_head(self.key, &self.genesis.office, head_seq + 1, &hash);
        let chained = ChainedEntry { entry, prev: Some(head), signature: Some(signature) };
        let receipt =
            Receipt { seq: self.seq, received_at_ms: self.now_ms, carrier: None, verdict: Verdict::Accepted };
        (VerifiedEntry { chained, hash, decoded: DecodedBody::Act(act) }, receipt)
    }
}
