//! Reply: stage three. What is new for a device since its cursors, from one snapshot of the rows; read-only.

mod known;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use state::{consistency, fingerprints, is_among, moves_by_index, own_places, split_event};

use super::fold::ScopeEvent;
use super::{Admitted, Hub, HubError};
use crate::id::{DeviceId, Epoch, Hash, RecordId};
use crate::limits::{MESSAGE_BYTES_AIM_POOR, MESSAGE_BYTES_MAX, PACK_ENTRIES_MAX};
use crate::log::act::Act;
use crate::log::chain::DecodedBody;
use crate::log::line::{Ack, Lines, read_entry};
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::rows::{Rows, RowsError, read};
use crate::scope::Scope;
use crate::state::authority::{AgainRow, DeviceRow};
use crate::state::fold::applied_changes;
use crate::state::held::held_of_others;
use crate::state::keyspace;
use crate::time::TimeMs;
use crate::wire::message::{EnrolReply, SyncReply, SyncRequest, VERSION, seal_reply};
use crate::wire::pack::{PackBody, PackItem};

/// Most scope events looked at for one reply; the rest waits for the next.
const EVENTS_MAX: usize = 20_000;
/// Space for everything in a reply but its entries.
const ENVELOPE_BYTES: usize = 64 * 1024;

/// What happened in a device's scopes, by ledger number.
type Events = BTreeMap<u64, BTreeMap<RecordId, BTreeMap<Scope, ScopeEvent>>>;

pub(super) struct Reading<'a> {
    pub(super) rows: &'a dyn Rows,
    pub(super) lines: &'a dyn Lines,
    pub(super) device: DeviceId,
    row: DeviceRow,
    pub(super) cursors: BTreeMap<Scope, u64>,
    pub(super) server_seq: u64,
    /// Lines to send, in this order; each once.
    chosen: Vec<u64>,
    seen: BTreeSet<u64>,
    whole: BTreeSet<RecordId>,
    pub(super) moves: BTreeMap<(Scope, RecordId), bool>,
    bytes: usize,
    items: Vec<PackItem>,
    hashes: Vec<Hash>,
    /// What entries of forked chains follow on.
    branches: Vec<(u64, Hash)>,
    /// Places of own entries that are told once more.
    pub(super) own_places: BTreeMap<u64, Receipt>,
    pub(super) held_changes: Vec<(RecordId, Hash)>,
    pub(super) held_again: Vec<u64>,
    /// Places of own entries that came with this very request.
    brought: Vec<Ack>,
    /// Whether all of those are changes: then the device has nothing to hear of them.
    brought_changes: bool,
}

impl Hub {
    /// The answer to an admitted request. Call it when the lines are durable and the rows applied, with rows that
    /// nobody changes meanwhile.
    pub fn reply(
        &self,
        rows: &dyn Rows,
        lines: &dyn Lines,
        server_seq: u64,
        now_ms: TimeMs,
        admitted: &Admitted,
    ) -> Result<Vec<u8>, HubError> {
        let row: DeviceRow = read(rows, &keyspace::device(&admitted.device))?
            .ok_or_else(|| HubError::Answer("the device is not enrolled".into()))?;
        let epoch: Epoch = read(rows, &keyspace::epoch())?.unwrap_or_default();
        let Some(sync) = &admitted.sync else {
            return self.enrol_reply(&row, epoch, now_ms, admitted);
        };
        let mut reading = Reading::new(rows, lines, admitted.device, row, server_seq, sync, epoch);
        reading.brought.clone_from(&admitted.own.acks);
        reading.brought_changes = admitted.own_changes;
        let aim = usize::try_from(sync.aim_bytes).unwrap_or(MESSAGE_BYTES_MAX);
        let aim = aim.clamp(MESSAGE_BYTES_AIM_POOR, MESSAGE_BYTES_MAX - ENVELOPE_BYTES);
        let cursor = match &sync.reconcile {
            Some((scope, digests)) => reading.reconcile(scope, digests)?,
            None => reading.collect(aim)?,
        };
        let decided = match &sync.held {
            Some(listed) => reading.compare_held(listed, aim)?,
            None => Vec::new(),
        };
        let scopes: Vec<Scope> = reading.cursors.keys().cloned().collect();
        let (mut own, own_hashes) = if sync.epoch == epoch {
            (admitted.own.clone(), Vec::new())
        } else {
            // In another life of the ledger its entries stand at other places, or came by another way.
            own_places(rows, &admitted.device, &admitted.own)?
        };
        for (seq, receipt) in &reading.own_places {
            if !own.acks.iter().any(|ack| ack.tells(*seq)) {
                own.add(*seq, receipt);
            }
        }
        let more = cursor < server_seq;
        let reply = SyncReply {
            version: VERSION,
            epoch,
            server_seq,
            server_at_ms: now_ms,
            head_seq: reading.row.head_seq,
            acks: own.acks,
            refused: own.refused,
            carried: self.carried_results(rows, epoch, now_ms, admitted)?,
            cursor,
            moves: moves_by_index(&reading.moves, &scopes),
            pack: reading.pack()?,
            more,
            fingerprints: if more { Vec::new() } else { fingerprints(rows, &scopes)? },
            scopes,
            checkpoint: self.checkpoint(rows, server_seq)?,
            consistency: consistency(rows, &sync.kept, server_seq)?,
            held: if more || !reading.sees_everything() {
                None
            } else {
                Some(held_of_others(rows, &admitted.device)?)
            },
            decided,
            held_changes: reading.held_changes,
            held_again: reading.held_again,
            own_hashes: own_hashes.into(),
            branches: reading.branches,
        };
        Ok(seal_reply(&self.key, &admitted.request, &reply))
    }

    fn enrol_reply(
        &self,
        row: &DeviceRow,
        epoch: Epoch,
        now_ms: TimeMs,
        admitted: &Admitted,
    ) -> Result<Vec<u8>, HubError> {
        let ack = admitted.own.acks.first().cloned();
        let reply = EnrolReply {
            version: VERSION,
            municipality: self.genesis.municipality,
            name: self.genesis.name.clone(),
            folio_prefix: self.genesis.folio_prefix.clone(),
            letters: row.letters.clone(),
            role: row.role.key().into(),
            crew: row.crew.clone(),
            localities: row.localities.clone(),
            server_key: self.key.public(),
            log_verifier: self.genesis.log_verifier.clone(),
            ack: ack.ok_or_else(|| HubError::Answer("the enrolment was not admitted".into()))?,
            epoch,
            server_at_ms: now_ms,
        };
        Ok(seal_reply(&self.key, &admitted.request, &reply))
    }
}

impl<'a> Reading<'a> {
    fn new(
        rows: &'a dyn Rows,
        lines: &'a dyn Lines,
        device: DeviceId,
        row: DeviceRow,
        server_seq: u64,
        sync: &SyncRequest,
        epoch: Epoch,
    ) -> Self {
        // Cursors of another life of the ledger, or beyond its end, count for nothing.
        let asked: BTreeMap<_, _> =
            if sync.epoch == epoch { sync.cursors.iter().cloned().collect() } else { BTreeMap::new() };
        let cursor_of =
            |scope: &Scope| asked.get(scope).copied().filter(|seq| *seq <= server_seq).unwrap_or(0);
        // A revoked device may hand its work in, and hears how it fared, but no news.
        let scopes = if row.revoked.is_some() { BTreeSet::new() } else { row.scopes() };
        // What was decided about its entries it hears in any case.
        let sees_all = row.role.sees_everything() && row.revoked.is_none();
        let scopes = scopes.into_iter().chain((!sees_all).then_some(Scope::Device(device)));
        let cursors = scopes.map(|scope| (scope.clone(), cursor_of(&scope))).collect();
        Self {
            rows,
            lines,
            device,
            row,
            cursors,
            server_seq,
            chosen: Vec::new(),
            seen: BTreeSet::new(),
            whole: BTreeSet::new(),
            moves: BTreeMap::new(),
            bytes: 0,
            items: Vec::new(),
            hashes: Vec::new(),
            brought: Vec::new(),
            branches: Vec::new(),
            own_places: BTreeMap::new(),
            held_changes: Vec::new(),
            held_again: Vec::new(),
            brought_changes: false,
        }
    }

    /// Chooses lines until `aim` bytes; answers how far all scopes are then read.
    fn collect(&mut self, aim: usize) -> Result<u64, HubError> {
        if let Some(cursor) = self.cursors.get(&Scope::Municipality).copied() {
            for seq in cursor + 1..=self.server_seq {
                self.choose(seq)?;
                if self.is_full(aim) {
                    return Ok(seq);
                }
            }
            return Ok(self.server_seq);
        }
        let (events, read_to) = self.events()?;
        for (seq, records) in events.range(..=read_to) {
            for (record, scopes) in records {
                self.take_event(*seq, record, scopes)?;
            }
            if self.is_full(aim) {
                return Ok(*seq);
            }
        }
        Ok(read_to)
    }

    /// Whether the device is told of all that is held back.
    pub(super) fn sees_everything(&self) -> bool {
        self.row.role.sees_everything() && self.row.revoked.is_none()
    }

    pub(super) fn is_full(&self, aim: usize) -> bool {
        self.bytes >= aim || self.chosen.len() >= PACK_ENTRIES_MAX / 2
    }

    /// Events after the cursors, and up to where they are complete.
    fn events(&self) -> Result<(Events, u64), RowsError> {
        let mut events: Events = BTreeMap::new();
        let mut read_to = self.server_seq;
        for (scope, cursor) in &self.cursors {
            let prefix = keyspace::events(scope);
            let mut from = prefix.clone();
            from.extend((cursor + 1).to_be_bytes());
            let (mut count, mut failure) = (0, None);
            self.rows.scan(&prefix, &from, &mut |key, value| {
                let Some((seq, record)) = split_event(&key[prefix.len()..]) else {
                    failure = Some(RowsError("a scope event has a malformed key".into()));
                    return false;
                };
                let event = match ScopeEvent::from_bytes(value) {
                    Ok(event) => event,
                    Err(error) => {
                        failure = Some(error);
                        return false;
                    }
                };
                if count >= EVENTS_MAX {
                    read_to = read_to.min(seq - 1);
                    return false;
                }
                count += 1;
                events.entry(seq).or_default().entry(record).or_default().insert(scope.clone(), event);
                true
            })?;
            failure.map_or(Ok(()), Err)?;
        }
        Ok((events, read_to))
    }

    fn take_event(
        &mut self,
        seq: u64,
        record: &RecordId,
        scopes: &BTreeMap<Scope, ScopeEvent>,
    ) -> Result<(), HubError> {
        if *record == RecordId::ZERO {
            return self.choose(seq);
        }
        if self.has_brought(seq) && scopes.values().all(|event| *event == ScopeEvent::Entry) {
            return Ok(());
        }
        let mut enters = false;
        let mut is_member = false;
        for (scope, event) in scopes {
            let member_since: Option<u64> = read(self.rows, &keyspace::member(scope, record))?;
            is_member |= member_since.is_some();
            if *event != ScopeEvent::Entry {
                // Only what is true now is told: a record that came and went in between needs no mention.
                self.moves.insert((scope.clone(), *record), member_since.is_some());
                enters |= member_since.is_some();
            }
        }
        if enters {
            self.choose_whole(record)
        } else if is_member {
            self.choose(seq)
        } else {
            Ok(())
        }
    }

    /// Chooses the whole history of a record.
    pub(super) fn choose_whole(&mut self, record: &RecordId) -> Result<(), HubError> {
        if !self.whole.insert(*record) {
            return Ok(());
        }
        for change in applied_changes(self.rows, record)? {
            self.choose(change.line)?;
            let again: Option<AgainRow> = read(self.rows, &keyspace::again(&change.device, change.seq))?;
            again.map_or(Ok(()), |row| self.choose(row.line))?;
        }
        Ok(())
    }

    /// Whether that line is a change that the device handed in just now: it is not read back from the ledger.
    fn has_brought(&self, line: u64) -> bool {
        self.brought_changes && is_among(&self.brought, line)
    }

    pub(super) fn choose(&mut self, line: u64) -> Result<(), HubError> {
        if self.has_brought(line) || !self.seen.insert(line) {
            return Ok(());
        }
        let (receipt, chained) = read_entry(self.lines, line)?;
        let receipt = receipt.ok_or_else(|| RowsError(format!("line {line} has no receipt")))?;
        let released = match &chained.entry.body {
            crate::log::entry::Body::Act(bytes) => match Act::from_bytes(bytes) {
                Ok(Act::Release { seq, .. }) => Some(seq),
                _ => None,
            },
            crate::log::entry::Body::Change(_) => None,
        };
        if let Some(released) = released
            && !self.row.role.sees_everything()
            && !self.push_released(released)?
        {
            return Ok(());
        }
        // A device has its own entries and was told their places. Another one may have written under its name.
        let is_branch = receipt.verdict == Verdict::Quarantined(Reason::Fork);
        if chained.entry.header.device != self.device || (is_branch && self.sees_everything()) {
            self.push(line, receipt, chained)?;
        }
        Ok(())
    }

    /// A crew is sent what was released rather than the act. Answers whether the entry is its own: then it has the
    /// entry, and needs the act.
    fn push_released(&mut self, line: u64) -> Result<bool, HubError> {
        let (receipt, chained) = read_entry(self.lines, line)?;
        if chained.entry.header.device == self.device {
            return Ok(true);
        }
        let is_new = self.seen.insert(line) || !self.chosen.contains(&line);
        let is_visible = self.row.revoked.is_none();
        if is_new && is_visible {
            let receipt = receipt.ok_or_else(|| RowsError(format!("line {line} has no receipt")))?;
            self.push(line, receipt, chained)?;
        }
        Ok(false)
    }

    fn push(
        &mut self,
        line: u64,
        mut receipt: Receipt,
        chained: crate::log::entry::ChainedEntry,
    ) -> Result<(), HubError> {
        let decoded = crate::log::chain::decode_body(&chained.entry.body)?;
        let body_bytes = chained.entry.body.bytes().len();
        if !self.row.role.sees_everything() {
            // A crew is sent what is accepted now, whatever was first decided.
            receipt.verdict = Verdict::Accepted;
        }
        if receipt.verdict == Verdict::Quarantined(Reason::Fork) {
            self.branches.extend(chained.prev.map(|prev| (receipt.seq, prev)));
        }
        self.hashes.push(chained.entry.body.hash());
        let body = match (decoded, chained.entry.body) {
            (DecodedBody::Change(change), _) => PackBody::Change(change),
            (DecodedBody::Act(_), crate::log::entry::Body::Act(bytes)) => PackBody::Act(bytes),
            (DecodedBody::Act(_), crate::log::entry::Body::Change(_)) => {
                return Err(HubError::Answer("an act that is a change".into()));
            }
        };
        self.items.push(PackItem {
            header: chained.entry.header,
            body,
            receipt: Some(receipt),
            signature: chained.signature,
        });
        self.chosen.push(line);
        self.bytes += body_bytes + 64;
        Ok(())
    }
}
