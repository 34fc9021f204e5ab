//! Deciding: what a supervisor does about quarantined work, and an administrator about devices.

use crate::log::chain::decode_body;
use crate::state::held::QuarantineRow;
use crate::state::held::held_rows;
use crate::state::interpret::missing_dependency;
use std::collections::BTreeSet;

use serde::Serialize;

use super::orders::check_length;
use super::rewrite::{Original, Repeated};
use super::{Replica, ReplicaError};
use crate::id::{DeviceId, Hash, RecordId};
use crate::judge::ungrounded;
use crate::log::act::{Act, Fate, Role};
use crate::log::chain::DecodedBody;
use crate::log::entry::ChainedEntry;
use crate::record::change::Change;
use crate::record::row::RecordRow;
use crate::state::authority::CarriedHead;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::state::local::{Pending, pending_of, repeating};

use crate::rows::{all_under, number_in, read};

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 1_000;

/// What a decision on held entries came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Decisions {
    /// Entries that will count once the server has heard of it, by ledger number.
    pub released: Vec<u64>,
    /// Entries dismissed.
    pub dismissed: Vec<u64>,
    /// Entries whose ground is gone: their content was written again by this device, now or since its last exchange.
    pub written_again: Vec<u64>,
    /// How that went.
    #[serde(flatten)]
    pub repeated: Repeated,
}

impl Replica<'_> {
    /// Releases held entries. One whose ground was dismissed, or that stands on a branch of a forked chain, cannot
    /// count as it is: its content is written again by this device, in its author's name.
    pub fn release(&mut self, seqs: &[u64], reason: &str) -> Result<Decisions, ReplicaError> {
        check_length("the reason", reason, REASON_CHARS_MAX)?;
        self.may_decide("release")?;
        let mut decisions = Decisions::default();
        let mut free: BTreeSet<Hash> = BTreeSet::new();
        let mut again = Vec::new();
        let mut rewritten: BTreeSet<Hash> = BTreeSet::new();
        let ordered: BTreeSet<u64> = seqs.iter().copied().collect();
        for seq in ordered {
            let (row, chained) = self.held(seq)?;
            let hash = chained.entry.body.hash();
            let DecodedBody::Change(change) = decode_body(&chained.entry.body)? else {
                return Err(ReplicaError::NotReleasable { seq });
            };
            let ground = self.missing_ground(&row, &change, &free)?;
            let is_on_rewritten = change.deps.iter().any(|dep| rewritten.contains(dep));
            let is_passed = self.is_passed(&row, &change)?;
            if row.reason.is_fork() || is_on_rewritten || is_passed || self.is_gone(&ground)? {
                rewritten.insert(hash);
                let entry_hash = chained.hash().unwrap_or_default();
                decisions.written_again.push(seq);
                if !self.is_being_repeated(&row.record, &entry_hash)? {
                    again.push(Original { hash: entry_hash, chained, is_told: true });
                }
                continue;
            }
            if let Some(on) = ground.first() {
                return Err(ReplicaError::GroundHeld { seq, on: self.held_seq_of(on)? });
            }
            free.insert(hash);
            self.write_act(Act::Release { seq, reason: reason.into() })?;
            decisions.released.push(seq);
        }
        if !again.is_empty() {
            decisions.repeated = self.write_again(&again)?;
        }
        Ok(decisions)
    }

    /// Dismisses quarantined entries. Their author keeps a copy.
    pub fn dismiss(&mut self, seqs: &[u64], reason: &str) -> Result<Decisions, ReplicaError> {
        check_length("the reason", reason, REASON_CHARS_MAX)?;
        self.may_decide("dismiss")?;
        let mut decisions = Decisions::default();
        for seq in seqs.iter().copied().collect::<BTreeSet<u64>>() {
            self.held(seq)?;
            self.write_act(Act::Dismiss { seq, reason: reason.into() })?;
            decisions.dismissed.push(seq);
        }
        Ok(decisions)
    }

    /// All held entries of a device; only those that a carrier had taken over, if `carried` says so.
    pub fn held_of(&self, device: &DeviceId, carried: bool) -> Result<Vec<u64>, ReplicaError> {
        let limit = if carried { self.carried_up_to(device)? } else { u64::MAX };
        let mut found = Vec::new();
        for (seq, row) in held_rows(&self.rows())? {
            if row.device == *device && row.device_seq <= limit {
                found.push(seq);
            }
        }
        Ok(found)
    }

    /// How far a carrier's word vouches for a device's chain: up to the newest cosigned signature that the ledger has.
    fn carried_up_to(&self, device: &DeviceId) -> Result<u64, ReplicaError> {
        let heads: Vec<(Vec<u8>, Vec<CarriedHead>)> =
            all_under(&self.rows(), &keyspace::carried_heads(device))?;
        let mut limit = 0;
        for (tail, words) in heads {
            let seq = number_in(&tail)?;
            let Some(row) = read::<EntryRow>(&self.rows(), &keyspace::entry(device, seq))? else { continue };
            if words.iter().any(|word| row.hash == Some(word.head)) {
                limit = limit.max(seq);
            }
        }
        Ok(limit)
    }

    fn may_decide(&self, what: &str) -> Result<(), ReplicaError> {
        let role = self.identity()?.role;
        match role {
            Role::Supervisor | Role::Admin => Ok(()),
            _ => Err(self.no_role(what)),
        }
    }

    fn held(&self, seq: u64) -> Result<(QuarantineRow, ChainedEntry), ReplicaError> {
        let row: QuarantineRow = read(&self.rows(), &keyspace::quarantined(seq))?.ok_or_else(|| {
            ReplicaError::Unknown { what: "held entry", word: seq.to_string(), known: Vec::new() }
        })?;
        let chained = row.entry()?;
        Ok((row, chained))
    }

    /// Changes that a held one builds on and that do not count, nor will with what is being released.
    fn missing_ground(
        &self,
        row: &QuarantineRow,
        change: &Change,
        free: &BTreeSet<Hash>,
    ) -> Result<Vec<Hash>, ReplicaError> {
        if missing_dependency(&self.rows(), &row.record, change)?.is_none() {
            return Ok(Vec::new());
        }
        let applied = crate::state::applied::applied_changes(&self.rows(), &row.record)?;
        let is_missing = |dep: &&Hash| !free.contains(dep) && !applied.iter().any(|one| one.hash == **dep);
        Ok(change.deps.iter().filter(is_missing).copied().collect())
    }

    /// Whether all that it builds on counts, and its author went on without it, so that its numbers are taken.
    fn is_passed(&self, row: &QuarantineRow, change: &Change) -> Result<bool, ReplicaError> {
        if missing_dependency(&self.rows(), &row.record, change)?.is_some() {
            return Ok(false);
        }
        let known: Option<RecordRow> = read(&self.rows(), &keyspace::record(&row.record))?;
        let reason = ungrounded(&self.rows(), &row.record, known.as_ref(), change)?;
        Ok(known.is_some() && reason.is_some())
    }

    /// Whether this device wrote the entry again already, and the ledger has not said what became of that.
    fn is_being_repeated(&self, record: &RecordId, of: &Hash) -> Result<bool, ReplicaError> {
        let me = self.identity()?.device;
        for (tail, _) in all_under::<Pending>(&self.overlay, &pending_of(record))? {
            let seq = number_in(&tail)?;
            let entry: Option<EntryRow> = read(&self.reading(), &keyspace::entry(&me, seq))?;
            let repeats: Vec<Hash> = read(&self.overlay, &repeating(&me, seq))?.unwrap_or_default();
            if repeats.contains(of) && entry.is_none_or(|entry| entry.receipt.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether some of the ground is not even held any more: it was dismissed.
    fn is_gone(&self, ground: &[Hash]) -> Result<bool, ReplicaError> {
        for on in ground {
            if self.held_seq_of(on)?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The ledger number of the held entry that makes a change.
    fn held_seq_of(&self, change: &Hash) -> Result<Option<u64>, ReplicaError> {
        for (seq, row) in held_rows(&self.rows())? {
            let chained = row.entry()?;
            if chained.entry.body.hash() == *change {
                return Ok(Some(seq));
            }
        }
        Ok(None)
    }

    /// Takes a device's right to write away. It counts from its place in the ledger on.
    pub fn revoke(
        &mut self,
        device: &DeviceId,
        fate: Option<Fate>,
        reason: &str,
    ) -> Result<(), ReplicaError> {
        check_length("the reason", reason, REASON_CHARS_MAX)?;
        self.write_act(Act::Revoke { device: *device, fate, reason: reason.into() })
    }

    /// Gives a device other rights. What it wrote before it could know is judged by those it had.
    pub fn assign_device(
        &mut self,
        device: &DeviceId,
        role: Role,
        crew: Option<&str>,
        localities: &[String],
        reason: &str,
    ) -> Result<(), ReplicaError> {
        check_length("the reason", reason, REASON_CHARS_MAX)?;
        let crew = crew.map(|word| self.view().find_crew(word)).transpose()?;
        let localities =
            localities.iter().map(|word| self.view().find_locality(word)).collect::<Result<Vec<_>, _>>()?;
        self.write_act(Act::Assign { device: *device, role, crew, localities, reason: reason.into() })
    }
}
