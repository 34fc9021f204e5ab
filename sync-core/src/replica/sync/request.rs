//! Request: the first half of a round trip: own entries that the server lacks, carried ones, and how far this device has
//! read.

use serde_bytes::ByteBuf;

use crate::crypto::Purpose;
use crate::id::{DeviceId, Hash};
use crate::limits::{SEGMENT_ENTRIES_MAX, SEGMENTS_MAX};
use crate::log::chain::head_bytes;
use crate::log::entry::{Anchor, ChainedEntry};
use crate::log::line::{DeviceLine, read_entry};
use crate::replica::{Replica, ReplicaError, Signed, Unsigned};
use crate::rows::read;
use crate::state::keyspace;
use crate::state::local::{COPY, EVIDENCE, KEPT, ONE_BY_ONE, ROOM, carried, carried_refused, read_own};
use crate::state::refs::RowRefs;
use crate::wire::convert::{NoRefs, items_of};
use crate::wire::message::{
    About, BlobAsk, Segment, SyncRequest, VERSION, close_request, frame_request, request_hash,
};
use crate::wire::pack::{Refs, pack};

/// A request that was made, with what is needed to take its reply.
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
    pub(super) has_evidence: bool,
    pub(super) one_by_one: bool,
    pub(super) blobs: Vec<BlobAsk>,
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
    has_evidence: bool,
    one_by_one: bool,
    blobs: Vec<BlobAsk>,
}

impl Signed<Draft> {
    /// Returns the request to send.
    pub fn into_request(self) -> Request {
        let Draft { frame, own, carried, more, kept, has_evidence, one_by_one, blobs } = self.content;
        let frame = close_request(frame, &self.signature);
        let hash = request_hash(&frame);
        Request { frame, own, carried, more, hash, kept, has_evidence, one_by_one, blobs }
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
        let first = self.view().first_unsent()?;
        // Of two entries with one number the server takes the one of the other branch.
        let spell_out = shape.spell_out || COPY.read(&self.overlay)?.is_some();
        let mut entries = self.entries_from(&device, first, head.seq, shape.aim_bytes)?;
        if let Some(room) = ROOM.read(&self.overlay)? {
            entries.truncate(usize::try_from(room).unwrap_or(usize::MAX).max(1));
        }
        let more = entries.last().is_some_and(|last| last.entry.header.seq < head.seq);
        self.to_vouch_for(OwnEntries { device, entries, more, spell_out })
    }

    /// Writes the number of the next attempt, and returns the request with it. How much is unsent is counted here, whatever
    /// `about` says. What was written must be durable before
    /// the request is sent: a number is used once.
    pub fn request(
        &mut self,
        own: Option<Signed<OwnEntries>>,
        shape: Shape,
        about: Option<About>,
        blobs: Vec<BlobAsk>,
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
        let evidence = EVIDENCE.read(&self.overlay)?;
        // While two histories stand against each other there is none to go on from.
        let (kept, older) = match &evidence {
            Some(_) => (Anchor::default(), self.older_anchors()?),
            None => (contact.anchor, Vec::new()),
        };
        let has_evidence = evidence.is_some();
        let one_by_one = ONE_BY_ONE.read(&self.overlay)?.is_some();
        let unsent = (self.view().own_head()?.seq + 1).saturating_sub(self.view().first_unsent()?);
        let about = about.map(|about| About { unsent, ..about });
        let placed: Option<u64> = read(&self.reading(), &keyspace::placed(&identity.device))?;
        let request = SyncRequest {
            version: VERSION,
            municipality: identity.municipality,
            device: identity.device,
            office: identity.server_key.device(),
            attempt,
            written: self.view().own_head()?.seq,
            epoch: contact.epoch,
            cursors: self.cursors()?.into_iter().collect(),
            aim_bytes: u32::try_from(aim_bytes).unwrap_or(u32::MAX),
            own,
            carried,
            clock_ms: self.moment.now_ms,
            kept,
            evidence: evidence.unwrap_or_default(),
            older,
            placed: placed.unwrap_or(0),
            one_by_one,
            about,
            people: self.people.mark(),
            named: self.people.offers(),
            blobs: blobs.clone(),
        };
        let frame = frame_request(&request);
        let more = own_more || carried_more;
        let draft = Draft {
            frame: frame.clone(),
            own: own_count,
            carried: carried_count,
            more,
            kept,
            has_evidence,
            one_by_one,
            blobs,
        };
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
            let row = read_own(&self.overlay, device, seq)?
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
        let rows = self.rows();
        let known = RowRefs { rows: &rows, is_known: &|_| Ok(None), has: &|_, _| Ok(true) };
        let refs: &dyn Refs = if spell_out { &NoRefs } else { &known };
        Ok(Segment { device, prev, pack: ByteBuf::from(pack(&items, &hashes, refs)?) })
    }

    fn carried_segments(&self, room: usize) -> Result<(Vec<Segment>, u64, bool), ReplicaError> {
        let mut segments = Vec::new();
        let (mut bytes, mut count, mut more) = (0, 0, false);
        let server_seq = self.view().contact()?.server_seq;
        for carried in carried(&self.overlay)? {
            // What the server refused is offered again once its ledger has moved on, and keeps nothing else back.
            let refused: Option<u64> = read(&self.overlay, &carried_refused(&carried.device))?;
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

    /// Returns the states of the log that this device keeps, newest first.
    fn older_anchors(&self) -> Result<Vec<Anchor>, ReplicaError> {
        let kept = KEPT.read_or_default(&self.overlay)?;
        Ok(kept.iter().rev().map(|one| one.anchor).collect())
    }
}
