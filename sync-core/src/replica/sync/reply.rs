//! Hearing: the second half of a round trip. Nothing of a reply is taken over that is not whole, signed by the pinned key,
//! and the continuation of the past this device kept.

use std::collections::{BTreeMap, BTreeSet};

use super::request::{Exchanged, PartedPast, Request};
use crate::id::{DeviceId, Hash, RecordId};
use crate::limits::{MESSAGE_BYTES_MAX, SEGMENT_ENTRIES_MAX};
use crate::log::act::Act;
use crate::log::entry::{Anchor, Body, ChainedEntry, Header};
use crate::log::line::{Anew, Carried, Contact, DeviceLine, Line, Lines, Parted};
use crate::log::merkle::check_consistency;
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::msgpack;
use crate::record::change::Change;
use crate::replica::anew::is_reading;
use crate::replica::fold::receive::entry_key;
use crate::replica::{Replica, ReplicaError};
use crate::rows::{RowsError, read};
use crate::state::compare::short_digest;
use crate::state::fold::{EntryRow, is_applied};
use crate::state::keyspace;
use crate::state::refs::receiver;
use crate::wire::convert::decode_item;
use crate::wire::message::{CarriedAck, FrameError, SyncReply, VERSION, open_reply};
use crate::wire::pack::{PackBody, PackError, Unpacked, unpack};

fn is_consistent(kept: &Anchor, shown: &Anchor, proof: Option<&[Hash]>) -> bool {
    proof.is_some_and(|proof| check_consistency(proof, kept, shown).is_ok())
}

/// The last carried entry that the ledger has now: on a branch of a forked chain it lies beyond the chain's head.
fn taken_to(receipt: &[u8]) -> Result<u64, ReplicaError> {
    let Some((body, _)) = receipt.split_last_chunk::<64>() else { return Ok(0) };
    let ack: CarriedAck =
        msgpack::from_slice(body).map_err(|error| ReplicaError::Forged(error.to_string()))?;
    Ok(ack.acks.iter().map(|ack| ack.first.saturating_add(ack.count).saturating_sub(1)).max().unwrap_or(0))
}

impl Replica<'_> {
    /// Hears the answer. Nothing of an answer that is not whole and signed by the pinned key is taken over.
    pub fn on_reply(&mut self, request: &Request, reply: &[u8]) -> Result<Exchanged, ReplicaError> {
        if reply.len() > MESSAGE_BYTES_MAX {
            return Err(ReplicaError::Foreign(FrameError::TooLong(reply.len())));
        }
        let identity = self.identity()?.clone();
        let mut answer: SyncReply = open_reply(reply, &request.hash)?.verify(&identity.server_key)?;
        if answer.version != VERSION {
            return Err(ReplicaError::Foreign(FrameError::Version(answer.version)));
        }
        let shown = crate::log::checkpoint::verify(&answer.checkpoint, &identity.log_verifier)
            .map_err(ReplicaError::Forged)?;
        let mut exchanged = Exchanged {
            pushed: request.own + request.carried,
            server_seq: answer.server_seq,
            ..Exchanged::default()
        };
        if self.parts(request, &answer, shown, &mut exchanged)? {
            return Ok(exchanged);
        }
        let decided_before = self.view().own_decided()?;
        let is_branch = self.take_back_foreign_places(&mut answer)?;
        let is_copy = is_branch || self.learns_it_is_copy(&answer)?;
        self.count_acks(&identity.device, &answer, &mut exchanged)?;
        self.begin_anew(&answer, is_branch)?;
        exchanged.pulled = match self.take_entries(&answer, is_copy) {
            // What was taken before stays. Who reads from the beginning is told everything in full.
            Err(ReplicaError::OutOfStep(PackError::UnknownRef(_))) if self.reading_anew()?.is_none() => {
                self.overlay.write(keyspace::fact("anew"), &true);
                exchanged.more = true;
                return Ok(exchanged);
            }
            taken => taken?,
        };
        match self.reading_anew()? {
            Some(_) if answer.more => self.overlay.write(keyspace::fact("anew"), &false),
            _ => self.overlay.delete(keyspace::fact("anew")),
        }
        let dropped = self.no_longer_counts(&answer)?;
        self.take_contact(&answer, dropped, is_branch)?;
        self.take_carried(&answer, &mut exchanged)?;
        exchanged.decided = self.newly_decided(&decided_before)?;
        self.compare(&answer, &mut exchanged)?;
        if !answer.more {
            exchanged.recovered = self.carry_lost()?;
            exchanged.more |= exchanged.recovered > 0;
        }
        // What the server lost is offered again as soon as its head is known to have moved back.
        // A copy goes on under a new name first: on this one the server is further, or elsewhere.
        // One that was revoked as well does not go on, and has nothing more to say either.
        let offers = self.view().own_head()?.seq > answer.head_seq && !is_copy;
        exchanged.more |= request.more || answer.more || offers;
        if is_copy {
            // Under this name there is nothing more to say.
            exchanged.more = false;
            self.overlay.delete(keyspace::fact("differs"));
            self.overlay.delete(keyspace::fact("held_differs"));
        }
        Ok(exchanged)
    }

    /// Writes down that the server's past is not the one that was kept, if so. Answers whether the reply is to be left
    /// at that: the server does not know yet, and the next request shows it what it had signed.
    fn parts(
        &mut self,
        request: &Request,
        answer: &SyncReply,
        shown: Anchor,
        exchanged: &mut Exchanged,
    ) -> Result<bool, ReplicaError> {
        if is_consistent(&request.kept, &shown, answer.consistency.as_deref()) {
            return Ok(false);
        }
        exchanged.parted = Some(PartedPast { kept: request.kept, shown });
        let before = self.view().contact()?;
        self.push_device_line(DeviceLine::Parted(Parted {
            at_ms: self.moment.now_ms,
            kept: before.checkpoint,
            shown: answer.checkpoint.clone(),
            epoch: before.epoch,
        }))?;
        exchanged.more = answer.epoch == before.epoch;
        Ok(exchanged.more)
    }

    /// Whether the answer tells the place of an own act for the first time.
    fn tells_of_an_act(&self, answer: &SyncReply) -> Result<bool, ReplicaError> {
        let device = self.identity()?.device;
        for ack in &answer.acks {
            let most = ack.first.saturating_add(SEGMENT_ENTRIES_MAX as u64);
            for seq in ack.first..ack.first.saturating_add(ack.count).min(most) {
                let row: Option<EntryRow> = read(self.rows(), &keyspace::entry(&device, seq))?;
                if row.is_some_and(|row| row.receipt.is_none() && row.change == Hash::ZERO) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Forgets what another life of the ledger told, if the answer comes from a new one. Otherwise own acts that it tells
    /// of for the first time are noted, to count in their place among what others wrote meanwhile.
    fn begin_anew(&mut self, answer: &SyncReply, is_branch: bool) -> Result<(), ReplicaError> {
        if answer.epoch == self.view().contact()?.epoch {
            return if self.tells_of_an_act(answer)? {
                self.push_device_line(DeviceLine::Places(answer.acks.clone(), answer.refused.clone()))
            } else {
                Ok(())
            };
        }
        self.push_device_line(DeviceLine::Anew(Anew {
            epoch: answer.epoch,
            acks: answer.acks.clone(),
            refused: answer.refused.clone(),
            head_seq: answer.head_seq,
            is_branch,
        }))
    }

    /// Whether a reply spoke of what is not known here, so that everything is read from the beginning; `true` if that
    /// is still to be asked for.
    pub(in crate::replica) fn reading_anew(&self) -> Result<Option<bool>, RowsError> {
        read(self.rows(), &keyspace::fact("anew"))
    }

    /// In a ledger's new life another device may have handed in other entries under this one's name. Their places are
    /// not those of the own entries; answers whether there are such.
    fn take_back_foreign_places(&self, answer: &mut SyncReply) -> Result<bool, ReplicaError> {
        let device = self.identity()?.device;
        let (told, _) = answer.own_hashes.as_chunks::<8>();
        let mut parts_at = None;
        for (seq, theirs) in (1..).zip(told) {
            let row: Option<EntryRow> = read(self.rows(), &keyspace::entry(&device, seq))?;
            if row.and_then(|row| row.hash).is_some_and(|hash| short_digest(&hash) != *theirs) {
                parts_at = Some(seq);
                break;
            }
        }
        let Some(parts_at) = parts_at else { return Ok(false) };
        let told_to = told.len() as u64;
        let is_own = |seq: u64| seq < parts_at || seq > told_to;
        for ack in answer.acks.iter_mut().filter(|ack| ack.first <= told_to) {
            ack.count = ack.count.min(parts_at.saturating_sub(ack.first));
        }
        answer.acks.retain(|ack| ack.count > 0);
        answer.refused.retain(|(seq, _)| is_own(*seq));
        Ok(true)
    }

    /// Whether another device writes under this one's name, as far as was known or is told now.
    fn learns_it_is_copy(&self, answer: &SyncReply) -> Result<bool, ReplicaError> {
        let is_branch = answer.refused.iter().any(|(_, reason)| *reason == Reason::Fork);
        Ok(self.view().knows_it_is_copy()? || is_branch || answer.head_seq > self.view().own_head()?.seq)
    }

    /// A copy takes acts only: changes may build on what the other one did under this name, which nobody sends to it.
    /// Under its new name it reads everything anew.
    fn take_entries(&mut self, answer: &SyncReply, is_copy: bool) -> Result<u64, ReplicaError> {
        let refs = receiver(self.rows());
        let unpacked = unpack(&answer.pack, &refs)?;
        let count = unpacked.len() as u64;
        for item in unpacked {
            if !is_copy || matches!(item.item.body, PackBody::Act(_)) {
                self.take_entry(item, &answer.branches)?;
            }
        }
        Ok(count)
    }

    /// What others wrote, counts here and is held back by the server, by record. What own work builds on stays with
    /// that, until it is decided.
    fn no_longer_counts(
        &self,
        answer: &SyncReply,
    ) -> Result<BTreeMap<RecordId, BTreeSet<Hash>>, ReplicaError> {
        let mut dropped: BTreeMap<RecordId, BTreeSet<Hash>> = BTreeMap::new();
        for (record, hash) in &answer.held_changes {
            if is_applied(self.rows(), record, hash)? && !self.has_own_upon(record, hash)? {
                dropped.entry(*record).or_default().insert(*hash);
            }
        }
        Ok(dropped)
    }

    fn take_entry(&mut self, unpacked: Unpacked, branches: &[(u64, Hash)]) -> Result<(), ReplicaError> {
        let Some(receipt) = unpacked.item.receipt.clone() else {
            return Err(ReplicaError::Forged("an entry has no receipt".into()));
        };
        let (entry, _, signature) =
            decode_item(unpacked).map_err(|error| ReplicaError::Forged(error.to_string()))?;
        let header = &entry.header;
        let known: Option<EntryRow> = read(self.rows(), &keyspace::entry(&header.device, header.seq))?;
        let prev = self.prev_of(header, &receipt, branches)?;
        let chained = ChainedEntry { entry, prev, signature };
        if let Some(known) = known
            && self.changes_nothing(&known, &receipt, &chained)?
        {
            return Ok(());
        }
        if receipt.verdict.is_accepted()
            && let Body::Change(raw) = &chained.entry.body
            && self.rows().get(&keyspace::record(&chained.entry.header.record))?.is_none()
            && Change::read(&raw.bytes).is_ok_and(|change| !change.deps.is_empty())
        {
            if self.reading_anew()?.is_some() {
                // It does not come from the beginning either: comparing the scope says so, and the rest goes on.
                return Ok(());
            }
            let record = chained.entry.header.record.short();
            return Err(PackError::UnknownRef(format!("the beginning of record {record}")).into());
        }
        let before = self.line_before(&receipt, &chained)?;
        let line = Line::Entry { receipt: Some(receipt), chained };
        if let Some(before) = before
            && self.lines.line(before)? == line.to_bytes()
        {
            return self.push_device_line(DeviceLine::Still(before));
        }
        let number = self.push_line(&line);
        crate::replica::fold_line(&mut self.rules, &mut self.overlay, &self.lines, number, &line.to_bytes())?;
        Ok(())
    }

    /// The line on which an entry that is read anew may stand already.
    fn line_before(&self, receipt: &Receipt, chained: &ChainedEntry) -> Result<Option<u64>, RowsError> {
        if !is_reading(self.rows())? {
            return Ok(None);
        }
        let past: Option<EntryRow> = read(self.rows(), &keyspace::past(&entry_key(receipt, chained)))?;
        Ok(past.map(|past| past.line))
    }

    /// Whether an entry and its receipt are here already, and have had their effect.
    fn changes_nothing(
        &self,
        known: &EntryRow,
        receipt: &Receipt,
        chained: &ChainedEntry,
    ) -> Result<bool, ReplicaError> {
        let hash = chained.hash();
        let is_act = matches!(chained.entry.body, Body::Act(_));
        let change = if is_act { Hash::ZERO } else { chained.entry.body.hash() };
        let is_same = known.is_same(hash.as_ref(), &change);
        if is_same && hash.is_some() && chained.entry.header.device == self.identity()?.device {
            // The places of own entries are told apart from them.
            return Ok(true);
        }
        if known.receipt.as_ref() != Some(receipt) || !is_same || !receipt.verdict.is_accepted() {
            // What is held back may be known by another name of this device, and not be listed.
            return Ok(false);
        }
        match &chained.entry.body {
            // It may have come before what it decides about: to a crew that may see that only now, to a copy that took no
            // changes under its old name.
            Body::Act(bytes) => Ok(!Act::from_bytes(bytes).is_ok_and(|act| act.decides())),
            // It may have been set aside with what it builds on.
            Body::Change(_) => Ok(is_applied(self.rows(), &known.record, &known.change)?),
        }
    }

    /// The hash of the entry before; known only to those who see all of the author's work. On a branch of a forked
    /// chain the reply says it.
    fn prev_of(
        &self,
        header: &Header,
        receipt: &Receipt,
        branches: &[(u64, Hash)],
    ) -> Result<Option<Hash>, ReplicaError> {
        if header.seq <= 1 {
            return Ok(Some(Hash::ZERO));
        }
        if receipt.verdict == Verdict::Quarantined(Reason::Fork) {
            return Ok(branches.iter().find(|(seq, _)| *seq == receipt.seq).map(|(_, prev)| *prev));
        }
        let before: Option<EntryRow> = read(self.rows(), &keyspace::entry(&header.device, header.seq - 1))?;
        Ok(before.and_then(|row| row.hash))
    }

    fn count_acks(
        &self,
        device: &DeviceId,
        answer: &SyncReply,
        exchanged: &mut Exchanged,
    ) -> Result<(), ReplicaError> {
        for ack in &answer.acks {
            for seq in
                ack.first..ack.first.saturating_add(ack.count).min(ack.first + SEGMENT_ENTRIES_MAX as u64)
            {
                let row: Option<EntryRow> = read(self.rows(), &keyspace::entry(device, seq))?;
                let Some(row) = row.filter(|row| row.receipt.is_none()) else { continue };
                match answer.refused.iter().find(|(refused, _)| *refused == seq) {
                    Some((_, reason)) => {
                        exchanged.quarantined.push(self.view().refused_entry(&row.record, reason)?);
                    }
                    None => exchanged.accepted += 1,
                }
            }
        }
        Ok(())
    }

    fn take_contact(
        &mut self,
        answer: &SyncReply,
        dropped: BTreeMap<RecordId, BTreeSet<Hash>>,
        is_branch: bool,
    ) -> Result<(), ReplicaError> {
        let scope_at = |index: u32| answer.scopes.get(usize::try_from(index).unwrap_or(usize::MAX));
        let moves = answer
            .moves
            .iter()
            .filter_map(|(index, record, entered)| Some((scope_at(*index)?.clone(), *record, *entered)))
            .collect();
        let contact = Contact {
            at_ms: self.moment.now_ms,
            server_at_ms: answer.server_at_ms,
            epoch: answer.epoch,
            server_seq: answer.server_seq,
            cursors: answer.scopes.iter().map(|scope| (scope.clone(), answer.cursor)).collect(),
            head_seq: answer.head_seq,
            acks: answer.acks.clone(),
            refused: answer.refused.clone(),
            moves,
            checkpoint: answer.checkpoint.clone(),
            dropped,
            decided: answer.decided.clone(),
            held_again: answer.held_again.clone(),
            is_branch,
            whole: Some(!answer.more),
        };
        self.push_device_line(DeviceLine::Contact(contact))
    }

    fn take_carried(&mut self, answer: &SyncReply, exchanged: &mut Exchanged) -> Result<(), ReplicaError> {
        for result in &answer.carried {
            if let Some(code) = &result.refused {
                exchanged.carried_refused.push((result.device, code.clone()));
                self.overlay.write(keyspace::carried_refused(&result.device), &answer.server_seq);
                continue;
            }
            let (device, span) = (result.device, (0, result.head_seq.max(taken_to(&result.receipt)?)));
            let receipt = Carried { device, span, bytes: result.receipt.clone(), prev: None };
            self.push_device_line(DeviceLine::CarriedReceipt(receipt))?;
        }
        Ok(())
    }
}
