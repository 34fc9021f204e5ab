//! Reply: stage three. What is new for a device since its cursors, from one snapshot of the rows; read-only.

mod known;
mod own;
mod photos;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use state::{consistency, fingerprints, moves_by_index, newest_common, split_event};

use super::fold::ScopeEvent;
use super::{Admitted, Beside, Durable, Hub, HubError};
use crate::id::{DeviceId, Epoch, Hash, RecordId};
use crate::limits::{MESSAGE_BYTES_AIM_POOR, MESSAGE_BYTES_MAX, PACK_ENTRIES_MAX};
use crate::log::act::Act;
use crate::log::chain::{DecodedBody, decode_body};
use crate::log::entry::{Body, ChainedEntry};
use crate::log::line::{Lines, OwnRun, Revoked, Standing, read_entry};
use crate::log::verdict::{Receipt, Verdict};
use crate::rows::{Rows, RowsError, read};
use crate::scope::Scope;
use crate::state::applied::applied_changes;
use crate::state::authority::{AgainRow, DeviceRow, names};
use crate::state::evidence::blobs_of;
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
    rows: &'a dyn Rows,
    lines: &'a dyn Lines,
    device: DeviceId,
    row: DeviceRow,
    /// The device's names: its own, then those it had before.
    names: Vec<DeviceId>,
    cursors: BTreeMap<Scope, u64>,
    server_seq: u64,
    /// Lines that were chosen or passed over.
    seen: BTreeSet<u64>,
    /// Ledger numbers of own entries whose places this reply tells.
    told: BTreeSet<u64>,
    whole: BTreeSet<RecordId>,
    moves: BTreeMap<(Scope, RecordId), bool>,
    bytes: usize,
    items: Vec<PackItem>,
    hashes: Vec<Hash>,
    runs: Vec<OwnRun>,
    one_by_one: bool,
}

impl Hub {
    /// Returns the signed answer to an admitted request, from rows that contain its lines and hold still until it returns.
    /// What is `beside` the ledger is handed out with it, but not to a revoked device.
    pub fn reply(
        &self,
        rows: &dyn Rows,
        lines: &dyn Lines,
        server_seq: u64,
        now_ms: TimeMs,
        admitted: &Durable<Admitted>,
        beside: impl Into<Beside>,
    ) -> Result<Vec<u8>, HubError> {
        let row: DeviceRow = read(rows, &keyspace::device(&admitted.device))?
            .ok_or_else(|| HubError::Answer("the device is not enrolled".into()))?;
        let epoch: Epoch = read(rows, &keyspace::epoch())?.unwrap_or_default();
        let Some(sync) = &admitted.sync else {
            return self.enrol_reply(&row, epoch, now_ms, admitted);
        };
        let beside: Beside = beside.into();
        let beside = if row.revoked.is_none() { beside } else { beside.of_revoked() };
        let mut reading = Reading::new(rows, lines, admitted.device, row, server_seq, sync)?;
        let from = newest_common(rows, sync, server_seq)?;
        let cursor = if from.is_some() { 0 } else { reading.read(sync, &admitted.own)? };
        let scopes: Vec<Scope> = reading.cursors.keys().cloned().collect();
        let more = cursor < server_seq;
        let reply = SyncReply {
            version: VERSION,
            epoch,
            server_seq,
            server_at_ms: now_ms,
            head_seq: reading.row.head_seq,
            carried: self.carried_results(rows, epoch, now_ms, admitted)?,
            cursor,
            moves: moves_by_index(&reading.moves, &scopes),
            pack: reading.pack()?,
            more,
            fingerprints: if more { Vec::new() } else { fingerprints(rows, &scopes)? },
            scopes,
            checkpoint: self.checkpoint(rows, server_seq)?,
            consistency: consistency(rows, &sync.kept, server_seq)?,
            standing: standing(&reading.row),
            over_quota: admitted.room == Some(0),
            room: admitted.room.filter(|room| *room > 0).and_then(|room| u32::try_from(room).ok()),
            from,
            ticket: beside.ticket,
            people: beside.people,
            blobs: beside.blobs,
            own: reading.runs,
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
        if admitted.own.is_empty() {
            return Err(HubError::Answer("the enrolment was not admitted".into()));
        }
        let reply = EnrolReply {
            version: VERSION,
            municipality: self.genesis.municipality,
            name: self.genesis.name.clone(),
            folio_prefix: self.genesis.folio_prefix.clone(),
            utc_offset_min: self.genesis.utc_offset,
            letters: row.letters.clone(),
            role: row.role.key().into(),
            crew: row.crew.clone(),
            localities: row.localities.clone(),
            server_key: self.key.public(),
            log_verifier: self.genesis.log_verifier.clone(),
            epoch,
            server_at_ms: now_ms,
        };
        Ok(seal_reply(&self.key, &admitted.request, &reply))
    }
}

fn standing(row: &DeviceRow) -> Standing {
    Standing {
        role: row.role,
        crew: row.crew.clone(),
        localities: row.localities.clone(),
        revoked: row.revoked.clone().map(|(seq, reason)| Revoked { seq, reason }),
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
    ) -> Result<Self, RowsError> {
        let names = names(rows, device, &row)?;
        let asked: BTreeMap<_, _> = sync.cursors.iter().cloned().collect();
        // A cursor beyond the ledger's end counts for nothing.
        let cursor_of =
            |scope: &Scope| asked.get(scope).copied().filter(|seq| *seq <= server_seq).unwrap_or(0);
        // A revoked device may hand its work in, and is told how it fared, but no news.
        let scopes = if row.revoked.is_some() { BTreeSet::new() } else { row.scopes() };
        // What was decided about its entries it is told in any case, under whatever name it wrote them.
        let sees_all = row.role.sees_everything() && row.revoked.is_none();
        let of_names = names.iter().filter(|_| !sees_all).map(|name| Scope::Device(*name));
        let scopes = scopes.into_iter().chain(of_names);
        let cursors = scopes.map(|scope| (scope.clone(), cursor_of(&scope))).collect();
        Ok(Self {
            rows,
            lines,
            device,
            row,
            names,
            cursors,
            server_seq,
            seen: BTreeSet::new(),
            told: BTreeSet::new(),
            whole: BTreeSet::new(),
            moves: BTreeMap::new(),
            bytes: 0,
            items: Vec::new(),
            hashes: Vec::new(),
            runs: Vec::new(),
            one_by_one: sync.one_by_one,
        })
    }

    /// Chooses what the reply brings. Returns how far all scopes are then read.
    fn read(&mut self, sync: &SyncRequest, brought: &[OwnRun]) -> Result<u64, HubError> {
        let aim = usize::try_from(sync.aim_bytes).unwrap_or(MESSAGE_BYTES_MAX);
        let aim = aim.clamp(MESSAGE_BYTES_AIM_POOR, MESSAGE_BYTES_MAX - ENVELOPE_BYTES);
        let cursor = self.collect(aim, sync.placed)?;
        if cursor == self.server_seq {
            self.choose_asked(&sync.blobs, aim)?;
        }
        // What stands on a branch is no part of the chain that the ledger has: only the request itself says that it is
        // the asking device's.
        if self.one_by_one {
            self.choose_branches()?;
            return Ok(cursor);
        }
        for run in brought.iter().filter(|run| run.verdict.is_fork()) {
            let at = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
            self.push_run(OwnRun { at, ..run.clone() });
        }
        Ok(cursor)
    }

    /// Chooses lines until `aim` bytes. Returns how far all scopes are then read.
    fn collect(&mut self, aim: usize, placed: u64) -> Result<u64, HubError> {
        if let Some(cursor) = self.cursors.get(&Scope::Municipality).copied() {
            for seq in cursor + 1..=self.server_seq {
                self.choose(seq)?;
                if self.is_full(aim) {
                    return Ok(seq);
                }
            }
            return Ok(self.server_seq);
        }
        let (events, events_to) = self.events()?;
        let (own, own_to) = self.own_entries(placed)?;
        let read_to = events_to.min(own_to);
        let numbers: BTreeSet<u64> = events.keys().chain(own.keys()).copied().collect();
        for seq in numbers.range(..=read_to) {
            if let Some(own_seq) = own.get(seq) {
                self.choose_own(0, *own_seq, false)?;
            }
            for (record, scopes) in events.get(seq).into_iter().flatten() {
                self.take_event(*seq, record, scopes)?;
            }
            if self.is_full(aim) {
                return Ok(*seq);
            }
        }
        Ok(read_to)
    }

    /// Checks whether the device is told of everything, acts and quarantined entries included.
    fn sees_everything(&self) -> bool {
        self.row.role.sees_everything() && self.row.revoked.is_none()
    }

    fn is_full(&self, aim: usize) -> bool {
        self.bytes >= aim || self.items.len() >= PACK_ENTRIES_MAX / 2
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
            return self.choose_outcome(seq);
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

    /// Chooses the whole history of a record, in the order in which it was applied.
    fn choose_whole(&mut self, record: &RecordId) -> Result<(), HubError> {
        if !self.whole.insert(*record) {
            return Ok(());
        }
        for change in applied_changes(self.rows, record)? {
            if change.device == self.device {
                self.choose_own_of_whole(change.seq)?;
            } else {
                self.choose(change.line)?;
            }
            let again: Option<AgainRow> = read(self.rows, &keyspace::again(&change.device, change.seq))?;
            again.map_or(Ok(()), |row| self.choose(row.line))?;
        }
        // What became of its photos was told to the scopes that it was in then.
        blobs_of(self.rows, record)?.iter().try_for_each(|(sha256, naming)| self.choose_said(sha256, naming))
    }

    fn choose(&mut self, line: u64) -> Result<(), HubError> {
        if !self.seen.insert(line) {
            return Ok(());
        }
        let (receipt, chained) = read_entry(self.lines, line)?;
        let receipt = receipt.ok_or_else(|| RowsError(format!("line {line} has no receipt")))?;
        if let Some(released) = released_by(&chained)
            && !self.sees_everything()
        {
            return self.choose_released(released);
        }
        // Another device may have written on a branch under this one's name.
        if chained.entry.header.device == self.device && !receipt.verdict.is_fork() {
            return self.choose_own(0, chained.entry.header.seq, false);
        }
        self.push(receipt, chained)
    }

    /// Sends a crew what was released rather than the act; of its own entries it is told the outcome.
    fn choose_released(&mut self, line: u64) -> Result<(), HubError> {
        let (receipt, chained) = read_entry(self.lines, line)?;
        if chained.entry.header.device == self.device {
            return self.choose_own(0, chained.entry.header.seq, true);
        }
        if self.seen.insert(line) && self.row.revoked.is_none() {
            let receipt = receipt.ok_or_else(|| RowsError(format!("line {line} has no receipt")))?;
            self.push(receipt, chained)?;
        }
        Ok(())
    }

    fn push(&mut self, mut receipt: Receipt, chained: ChainedEntry) -> Result<(), HubError> {
        let decoded = decode_body(&chained.entry.body)?;
        let body_bytes = chained.entry.body.bytes().len();
        if !self.sees_everything() {
            // A crew is sent what is accepted now, whatever was first decided.
            receipt.verdict = Verdict::Accepted;
        }
        self.hashes.push(chained.entry.body.hash());
        let body = match (decoded, chained.entry.body) {
            (DecodedBody::Change(change), _) => PackBody::Change(change),
            (DecodedBody::Act(_), Body::Act(bytes)) => PackBody::Act(bytes),
            (DecodedBody::Act(_), Body::Change(_)) => {
                return Err(HubError::Answer("an act that is a change".into()));
            }
        };
        self.items.push(PackItem {
            header: chained.entry.header,
            body,
            receipt: Some(receipt),
            signature: chained.signature,
        });
        self.bytes += body_bytes + 64;
        Ok(())
    }
}

/// Returns the ledger number of the entry that a release releases.
fn released_by(chained: &ChainedEntry) -> Option<u64> {
    match &chained.entry.body {
        Body::Act(bytes) => match Act::from_bytes(bytes) {
            Ok(Act::Release { seq, .. }) => Some(seq),
            _ => None,
        },
        Body::Change(_) => None,
    }
}
