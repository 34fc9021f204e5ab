//! Fold: how an entry becomes index rows. The hub folds its ledger, a device what it was told and what it wrote; all
//! through here, so that all see the same record.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::applied::{ChangeRow, note_applied};
use super::authority::{DeviceRow, apply_act};
use super::decide::{Decided, Settles, decide, note_carried, settle_rewritten};
use super::elements::note_elements;
use super::evidence::{ErasedRow, note_erased, note_named, note_stored};
use super::held::{QuarantineRow, list};
use super::interpret::{Acceptable, missing_upon, read_upon};
use super::keyspace;
use super::summary::store_row;
use crate::id::{Hash, RecordId};
use crate::log::act::Act;
use crate::log::chain::DecodedBody;
use crate::log::entry::{ChainedEntry, Header};
use crate::log::verdict::{Decision, Receipt, Verdict};
use crate::record::change::Change;
use crate::record::row::RecordRow;
use crate::record::schema::{RecordKind, RecordSchemas};
use crate::rows::{Overlay, RowsError, read};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::time::TimeMs;

/// One entry of a device chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    /// Its hash, where the chain before it is known.
    pub hash: Option<Hash>,
    /// The line it stands on.
    pub line: u64,
    /// The record it changes; zero for an act.
    pub record: RecordId,
    /// The change it makes; `None` for an act.
    pub change: Option<Hash>,
    /// The server's first word, once there is one. It never changes.
    pub receipt: Option<Receipt>,
    /// What was decided later, if that word quarantined the entry.
    pub decided: Option<Decision>,
}

impl EntryRow {
    /// Whether the row is that of an entry with this hash, as far as it is known, and this change.
    pub fn is_same(&self, hash: Option<&Hash>, change: Option<&Hash>) -> bool {
        let is_same_hash = self.hash.as_ref().zip(hash).is_none_or(|(known, hash)| known == hash);
        is_same_hash && self.change.as_ref() == change
    }

    /// Checks whether it was quarantined and dismissed.
    pub fn is_dismissed(&self) -> bool {
        self.decided.as_ref().is_some_and(|decision| !decision.releases)
    }

    /// Checks whether it is in quarantine.
    pub fn is_quarantined(&self) -> bool {
        let verdict = self.receipt.as_ref().map(|receipt| &receipt.verdict);
        verdict.is_some_and(|verdict| !verdict.is_accepted()) && self.decided.is_none()
    }

    /// Since which ledger number and time the entry counts; `None` if it does not.
    pub fn accepted(&self) -> Option<(u64, TimeMs)> {
        let receipt = self.receipt.as_ref()?;
        match &self.decided {
            _ if receipt.verdict.is_accepted() => Some((receipt.seq, receipt.received_at_ms)),
            Some(decision) if decision.releases => Some((decision.seq, decision.at_ms)),
            _ => None,
        }
    }

    /// The receipt as it would be given today: after a release the entry is accepted.
    pub fn receipt_now(&self) -> Option<Receipt> {
        let mut receipt = self.receipt.clone()?;
        if self.accepted().is_some() {
            receipt.verdict = Verdict::Accepted;
        }
        Some(receipt)
    }
}

/// An entry with the ledger's word on it, to be folded.
pub struct Received<'e> {
    /// The line it stands on, here.
    pub line: u64,
    /// The ledger's word.
    pub receipt: &'e Receipt,
    /// The entry.
    pub chained: &'e ChainedEntry,
    /// Its hash, where the chain before it is known.
    pub hash: Option<Hash>,
    /// What it does.
    pub decoded: &'e DecodedBody,
}

impl Received<'_> {
    /// Returns the key under which the entry is kept: beside the chain, if it stands on another branch.
    pub fn key(&self) -> Vec<u8> {
        let header = &self.chained.entry.header;
        match self.hash {
            Some(hash) if self.receipt.verdict.is_fork() => keyspace::fork(&header.device, header.seq, &hash),
            _ => keyspace::entry(&header.device, header.seq),
        }
    }

    fn row(&self) -> EntryRow {
        let entry = &self.chained.entry;
        EntryRow {
            hash: self.hash,
            line: self.line,
            record: entry.header.record,
            change: self.decoded.change_hash(&entry.body),
            receipt: Some(self.receipt.clone()),
            decided: None,
        }
    }
}

/// What folding an entry did.
pub enum Folded {
    /// The entry is in quarantine.
    Quarantined,
    /// A record changed.
    Changed(Moved),
    /// A change that was accepted could not be applied: what it builds on is not here.
    NoGround,
    /// An act took effect; with the entries that it decided about.
    Acted(Vec<Decided>),
}

/// Folds an entry with the ledger's word on it: how hub and device see it alike. `judged` is what judging already found
/// out about an accepted change; `scopes_after` says in which scopes a record is then.
pub fn fold_entry(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    received: &Received<'_>,
    judged: Option<Acceptable<'_>>,
    scopes_after: &dyn Fn(&RecordRow) -> BTreeSet<Scope>,
) -> Result<Folded, RowsError> {
    let header = &received.chained.entry.header;
    // A release finds the row of what it decides about: of its own entry there is none yet.
    overlay.write(received.key(), &received.row());
    if let DecodedBody::Change(change) = received.decoded {
        note_named(overlay, &header.device, header.seq, &header.record, change);
    }
    match (&received.receipt.verdict, received.decoded) {
        (Verdict::Quarantined(reason), _) => {
            let row = QuarantineRow {
                device: header.device,
                device_seq: header.seq,
                record: header.record,
                reason: reason.clone(),
                chained: ByteBuf::from(received.chained.to_bytes()),
            };
            list(overlay, received.receipt.seq, &row);
            Ok(Folded::Quarantined)
        }
        (Verdict::Accepted, DecodedBody::Act(act)) => {
            fold_act(rules, overlay, received.receipt, header, act, scopes_after).map(Folded::Acted)
        }
        (Verdict::Accepted, DecodedBody::Change(change)) => {
            let applied = Applied {
                record: header.record,
                change,
                hash: received.chained.entry.body.hash(),
                device_seq: header.seq,
                line: received.line,
                accepted_as: Some(received.receipt.seq),
            };
            let moved = match judged {
                Some(acceptable) => Some(apply_change(overlay, acceptable, &applied, scopes_after)?),
                None => apply_if_grounded(rules, overlay, &applied, scopes_after)?,
            };
            Ok(moved.map_or(Folded::NoGround, Folded::Changed))
        }
    }
}

/// Applies a change, if all that it builds on is here. Returns the scopes before and after if it was applied.
pub fn apply_if_grounded(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    applied: &Applied<'_>,
    scopes_after: &dyn Fn(&RecordRow) -> BTreeSet<Scope>,
) -> Result<Option<Moved>, RowsError> {
    // The summary is the largest row that this reads: it is decoded once.
    let known: Option<RecordRow> = read(overlay, &keyspace::record(&applied.record))?;
    if missing_upon(known.as_ref(), overlay, &applied.record, applied.change)?.is_some() {
        return Ok(None);
    }
    match read_upon(known, rules, applied.change) {
        Ok(acceptable) => apply_change(overlay, acceptable, applied, scopes_after).map(Some),
        Err(_) => Ok(None),
    }
}

fn fold_act(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    receipt: &Receipt,
    header: &Header,
    act: &Act,
    scopes_after: &dyn Fn(&RecordRow) -> BTreeSet<Scope>,
) -> Result<Vec<Decided>, RowsError> {
    let author = &header.device;
    apply_act(overlay, receipt.seq, receipt.received_at_ms, author, act)?;
    match act {
        Act::Rule { name, json } => {
            rules.add(name, json).map_err(|error| RowsError(error.to_string()))?;
        }
        Act::Release { seq, reason } | Act::Dismiss { seq, reason } => {
            let decision = Decision {
                seq: receipt.seq,
                at_ms: receipt.received_at_ms,
                releases: matches!(act, Act::Release { .. }),
                by: *author,
                reason: reason.clone(),
            };
            return Ok(decide(rules, overlay, *seq, &decision, scopes_after)?.into_iter().collect());
        }
        Act::Carry { device, seq, head } => note_carried(overlay, receipt, header, device, *seq, head)?,
        Act::Again { pairs } => {
            let row: Option<DeviceRow> = read(overlay, &keyspace::device(author))?;
            let settles = row.map_or_else(Settles::default, |row| Settles::of(row.role, row.continues));
            return settle_rewritten(rules, overlay, receipt, author, &settles, pairs);
        }
        Act::BlobStored { blobs } => note_stored(overlay, receipt.seq, blobs, false)?,
        Act::BlobMissing { blobs } => note_stored(overlay, receipt.seq, blobs, true)?,
        Act::BlobErased { sha256, reason } => {
            let (seq, at_ms) = (receipt.seq, receipt.received_at_ms);
            note_erased(overlay, sha256, ErasedRow { seq, at_ms, reason: *reason, by: *author })?;
        }
        // These change authority alone.
        Act::Genesis { .. }
        | Act::Epoch { .. }
        | Act::Invite { .. }
        | Act::Enrol { .. }
        | Act::Revoke { .. }
        | Act::Assign { .. }
        | Act::App { .. }
        | Act::Clock { .. } => {}
    }
    Ok(Vec::new())
}

/// Where an applied change came from.
pub struct Applied<'c> {
    /// The record.
    pub record: RecordId,
    /// The change.
    pub change: &'c Change,
    /// Its hash.
    pub hash: Hash,
    /// Its place in its device's chain.
    pub device_seq: u64,
    /// The line it stands on.
    pub line: u64,
    /// Its ledger number, if a server accepted it.
    pub accepted_as: Option<u64>,
}

/// Applies a change to its record's rows: summary, change, number, name, and the fingerprints of its scopes.
/// `scopes_after` says which scopes the record is in afterwards. Answers the scopes before and after.
pub fn apply_change(
    overlay: &mut Overlay<'_>,
    acceptable: Acceptable<'_>,
    applied: &Applied<'_>,
    scopes_after: &dyn Fn(&RecordRow) -> BTreeSet<Scope>,
) -> Result<Moved, RowsError> {
    let Acceptable { row: before, patches, is_creation } = acceptable;
    let mut row = before.clone();
    let number = row.changes;
    row.apply(applied.change, &applied.hash, &patches);
    if let Some(seq) = applied.accepted_as {
        row.fingerprint.toggle(&applied.hash);
        if is_creation {
            row.created_seq = seq;
            overlay.write(keyspace::number(seq), &applied.record);
        }
    }
    row.scopes = scopes_after(&row);
    row.scopes_ever.extend(row.scopes.iter().cloned());
    let change_row = ChangeRow {
        device: applied.change.device,
        seq: applied.device_seq,
        start_op: applied.change.start_op,
        ops: applied.change.ops.len() as u64,
        hash: applied.hash,
        line: applied.line,
    };
    note_applied(overlay, &applied.record, number, &change_row);
    note_elements(overlay, &applied.record, RecordSchemas::built_in().of(row.kind), &patches);
    store_row(overlay, &applied.record, Some(&before), &row)?;
    Ok(Moved { before: before.scopes, after: row.scopes, kind: row.kind })
}

/// The scopes of a record before and after something.
pub struct Moved {
    /// Before.
    pub before: BTreeSet<Scope>,
    /// After.
    pub after: BTreeSet<Scope>,
    /// The record's kind.
    pub kind: RecordKind,
}
