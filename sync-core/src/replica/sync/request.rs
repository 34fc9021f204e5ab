//! Exchange: the device's half of a round trip.

use crate::wire::convert::NoRefs;
use crate::wire::convert::items_of;
use serde::Serialize;
use serde_bytes::ByteBuf;

use crate::crypto::Purpose;
use crate::id::{DeviceId, Hash, RecordId};
use crate::limits::{HELD_COMPARED_MAX, SEGMENT_ENTRIES_MAX, SEGMENTS_MAX};
use crate::log::chain::head_bytes;
use crate::log::entry::{Anchor, ChainedEntry};
use crate::log::line::{DeviceLine, read_entry};
use crate::record::row::RecordRow;
use crate::replica::{Replica, ReplicaError, Signed, Unsigned};
use crate::rows::read;
use crate::scope::Scope;
use crate::state::compare::{held_list, members, short_digest};
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::state::local::carried;
use crate::state::refs::RowRefs;
use crate::view::own::RefusedEntry;
use crate::wire::message::{
    Comparison, HeldList, Segment, SyncRequest, VERSION, close_request, frame_request, request_hash,
};
use crate::wire::pack::{Refs, pack};

/// A request that was made, with what is needed to hear its answer.
#[derive(Debug, Clone)]
pub struct Request {
    /// The frame to send.
    pub frame: Vec<u8>,
    /// Own entries in it.
    pub own: u64,
    /// Entries of others in it, carried.
    pub carried: u64,
    /// Whether own or carried entries wait for the next message.
    pub more: bool,
    pub(super) hash: Hash,
    pub(super) kept: Anchor,
}

/// What an exchange did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchanged {
    /// Own and carried entries sent.
    pub pushed: u64,
    /// Entries received.
    pub pulled: u64,
    /// Own entries that the server accepted just now.
    pub accepted: u64,
    /// Own entries that the server holds back since now.
    pub quarantined: Vec<RefusedEntry>,
    /// Whether another exchange is needed.
    pub more: bool,
    /// How far the server's ledger is.
    pub server_seq: u64,
    /// Carried segments that the server refused: device and reason.
    pub carried_refused: Vec<(DeviceId, String)>,
    /// The server's past is not the one this device kept a checkpoint of.
    pub parted: Option<PartedPast>,
    /// Entries of other devices that the server lost and this one still has: they are handed over again.
    pub recovered: u64,
    /// Own entries of this device that were decided about: `true` for released, and why.
    pub decided: Vec<DecidedEntry>,
    /// Scopes whose state differs from the server's: the next request compares one record by record, if `more` says that
    /// there is one; else comparing was in vain.
    pub differs: Vec<Scope>,
}

/// Two states of the log that cannot both be true of one history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PartedPast {
    /// What this device kept.
    pub kept: Anchor,
    /// What the server showed.
    pub shown: Anchor,
}

/// An own entry that was held back and then decided about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecidedEntry {
    /// The order, if it is one that has a name.
    pub folio: Option<String>,
    /// Whether it counts now; else it is set aside.
    pub released: bool,
    /// Why, in the words of who decided.
    pub reason: String,
}

/// How large a request and its reply may be, and how they name changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Bytes before compression that each of the two aims at.
    pub aim_bytes: usize,
    /// Whether every change is named by its whole hash: for a server that lost some of what this device knows.
    pub spell_out: bool,
}

/// This device's entries for one message, which its key has to vouch for.
#[derive(Debug, Clone)]
pub struct OwnEntries {
    device: DeviceId,
    entries: Vec<ChainedEntry>,
    /// Whether more of them wait for the next message.
    more: bool,
    spell_out: bool,
}

impl OwnEntries {
    /// Returns the numbers of the first and the last.
    pub(in crate::replica) fn span(&self) -> (u64, u64) {
        let seq = |one: Option<&ChainedEntry>| one.map_or(0, |one| one.entry.header.seq);
        (seq(self.entries.first()), seq(self.entries.last()))
    }

    /// Returns the hash of the entry before the first.
    pub(in crate::replica) fn prev(&self) -> Hash {
        self.entries.first().and_then(|first| first.prev).unwrap_or_default()
    }
}

/// A request that is whole but for its signature.
#[derive(Debug, Clone)]
pub struct Draft {
    frame: Vec<u8>,
    own: u64,
    carried: u64,
    more: bool,
    kept: Anchor,
}

impl Signed<Draft> {
    /// Returns the request to send.
    pub fn into_request(self) -> Request {
        let Draft { frame, own, carried, more, kept } = self.content;
        let frame = close_request(frame, &self.signature);
        let hash = request_hash(&frame);
        Request { frame, own, carried, more, hash, kept }
    }
}

impl Replica<'_> {
    /// Returns this device's entries that the server does not have, as many as fit; `None` if there are none.
    pub fn own_entries(&self, shape: Shape) -> Result<Option<Unsigned<OwnEntries>>, ReplicaError> {
        let contact = self.view().contact()?;
        let device = self.identity()?.device;
        let head = self.view().own_head()?;
        if contact.head_seq > head.seq {
            return Err(ReplicaError::Behind { ours: head.seq, theirs: contact.head_seq });
        }
        let first = self.view().first_unsent(&device, &contact)?;
        // Of two entries with one number the server takes the one of the other branch.
        let spell_out = shape.spell_out || self.view().knows_it_is_copy()?;
        let entries = self.entries_from(&device, first, head.seq, shape.aim_bytes)?;
        let more = entries.last().is_some_and(|last| last.entry.header.seq < head.seq);
        self.to_vouch_for(OwnEntries { device, entries, more, spell_out })
    }

    /// Writes the number of the next attempt, and returns the request with it. What was written must be durable before
    /// the request is sent: a number is used once.
    pub fn request(
        &mut self,
        own: Option<Signed<OwnEntries>>,
        shape: Shape,
    ) -> Result<Unsigned<Draft>, ReplicaError> {
        let aim_bytes = shape.aim_bytes;
        let identity = self.identity()?.clone();
        let contact = self.view().contact()?;
        let attempt = self.attempts()?.saturating_add(1);
        self.push_device_line(DeviceLine::Attempt(attempt))?;
        let own_count = own.as_ref().map_or(0, |own| own.content.entries.len() as u64);
        let own_more = own.as_ref().is_some_and(|own| own.content.more);
        let own = own.map(|own| self.segment(own)).transpose()?;
        let room = aim_bytes.saturating_sub(own.as_ref().map_or(0, |segment| segment.pack.len()));
        let (carried, carried_count, carried_more) = self.carried_segments(room)?;
        let reconcile = self.next_reconcile()?;
        let held = self.next_held(&identity.device)?;
        let evidence: Option<String> = read(self.rows(), &keyspace::fact("evidence"))?;
        // While two pasts stand against each other there is none to go on from.
        let kept = if evidence.is_some() { Anchor::default() } else { contact.anchor };
        let cursors = if self.reading_anew()? == Some(true) {
            Vec::new()
        } else {
            contact.cursors.into_iter().collect()
        };
        let request = SyncRequest {
            version: VERSION,
            municipality: identity.municipality,
            device: identity.device,
            attempt,
            epoch: contact.epoch,
            cursors,
            aim_bytes: u32::try_from(aim_bytes).unwrap_or(u32::MAX),
            own,
            carried,
            reconcile,
            clock_ms: self.moment.now_ms,
            kept,
            evidence: evidence.unwrap_or_default(),
            held,
        };
        let frame = frame_request(&request);
        let more = own_more || carried_more;
        let draft = Draft { frame: frame.clone(), own: own_count, carried: carried_count, more, kept };
        Ok(Unsigned::new(self.key_name(), Purpose::Request, frame, draft))
    }

    fn entries_from(
        &self,
        device: &DeviceId,
        first: u64,
        last: u64,
        aim_bytes: usize,
    ) -> Result<Vec<ChainedEntry>, ReplicaError> {
        let mut chosen = Vec::new();
        let mut bytes = 0;
        for seq in first..=last {
            if bytes >= aim_bytes || chosen.len() >= SEGMENT_ENTRIES_MAX {
                break;
            }
            let row: EntryRow = read(self.rows(), &keyspace::entry(device, seq))?
                .ok_or_else(|| ReplicaError::Index(format!("own entry {seq} is not in the index")))?;
            let (_, chained) = read_entry(&self.lines, row.line)?;
            bytes += chained.entry.body.bytes().len() + 32;
            chosen.push(chained);
        }
        Ok(chosen)
    }

    /// Returns entries that follow one another as what the key has to vouch for; `None` if there are none.
    fn to_vouch_for(&self, own: OwnEntries) -> Result<Option<Unsigned<OwnEntries>>, ReplicaError> {
        let Some(last) = own.entries.last() else { return Ok(None) };
        let head = last.hash().ok_or_else(|| ReplicaError::Index("an own entry lost its chain".into()))?;
        let bytes = head_bytes(&own.device, last.entry.header.seq, &head);
        Ok(Some(Unsigned::new(self.key_name(), Purpose::Segment, bytes, own)))
    }

    /// Returns a run of this device's entries for a bundle: nobody knows what the carrier's server will know by then, so
    /// every change is named by its whole hash.
    pub(in crate::replica) fn own_run(
        &self,
        device: &DeviceId,
        entries: Vec<ChainedEntry>,
    ) -> Result<Option<Unsigned<OwnEntries>>, ReplicaError> {
        self.to_vouch_for(OwnEntries { device: *device, entries, more: false, spell_out: true })
    }

    /// Returns the segment to send.
    pub(in crate::replica) fn segment(&self, own: Signed<OwnEntries>) -> Result<Segment, ReplicaError> {
        let prev = own.content.prev();
        let prev = std::array::from_fn(|index| prev.0[index]);
        let Signed { content: OwnEntries { device, entries, spell_out, .. }, signature } = own;
        let (mut items, hashes) = items_of(entries)?;
        if let Some(last) = items.last_mut() {
            last.signature = Some(signature);
        }
        let known = RowRefs { rows: self.rows(), is_known: &|_| Ok(None), has: &|_, _| Ok(true) };
        let refs: &dyn Refs = if spell_out { &NoRefs } else { &known };
        Ok(Segment { device, prev, pack: ByteBuf::from(pack(&items, &hashes, refs)?) })
    }

    fn carried_segments(&self, room: usize) -> Result<(Vec<Segment>, u64, bool), ReplicaError> {
        let mut segments = Vec::new();
        let (mut bytes, mut count, mut more) = (0, 0, false);
        let server_seq = self.view().contact()?.server_seq;
        for carried in carried(self.rows())? {
            // What the server refused is offered again once its ledger has moved on, and keeps nothing else back.
            let refused: Option<u64> = read(self.rows(), &keyspace::carried_refused(&carried.device))?;
            if refused == Some(server_seq) {
                continue;
            }
            if segments.len() >= SEGMENTS_MAX || (!segments.is_empty() && bytes + carried.bytes.len() > room)
            {
                more = true;
                break;
            }
            bytes += carried.bytes.len();
            count += carried.span.1 - carried.span.0 + 1;
            segments.push(
                rmp_serde::from_slice(&carried.bytes)
                    .map_err(|error| ReplicaError::Index(error.to_string()))?,
            );
        }
        Ok((segments, count, more))
    }

    fn next_held(&self, device: &DeviceId) -> Result<Option<HeldList>, ReplicaError> {
        if self.rows().get(&keyspace::fact("held_differs"))?.is_none() {
            return Ok(None);
        }
        Ok(Some(held_list(self.rows(), device)?.into_iter().take(HELD_COMPARED_MAX).collect()))
    }

    fn next_reconcile(&self) -> Result<Option<Comparison>, ReplicaError> {
        let Some(scope) = read::<Scope>(self.rows(), &keyspace::fact("differs"))? else { return Ok(None) };
        let digest = |(record, row): (RecordId, RecordRow)| (record, short_digest(&row.digest(&record)));
        let digests = members(self.rows(), &scope)?.into_iter().map(digest).collect();
        Ok(Some((scope, digests)))
    }
}
