//! Request: the first half of a round trip: own entries that the server lacks, carried ones, and how far this device has
//! read.

use serde_bytes::ByteBuf;

use crate::crypto::SecretKey;
use crate::id::{DeviceId, Hash};
use crate::limits::{SEGMENT_ENTRIES_MAX, SEGMENTS_MAX};
use crate::log::chain::sign_head;
use crate::log::entry::{Anchor, ChainedEntry};
use crate::log::line::{DeviceLine, read_entry};
use crate::replica::{Replica, ReplicaError};
use crate::rows::read;
use crate::state::keyspace;
use crate::state::local::{COPY, ContactRow, EVIDENCE, KEPT, ONE_BY_ONE, carried, carried_refused, read_own};
use crate::state::refs::RowRefs;
use crate::wire::convert::{NoRefs, items_of};
use crate::wire::message::{Segment, SyncRequest, VERSION, request_hash, seal_request};
use crate::wire::pack::{Refs, pack};

/// A request that was made, with what is needed to hear its answer.
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
}

impl Replica<'_> {
    /// Makes the next request. `spell_out` names every change by its whole hash, for a server that lost some of what
    /// this device knows. Keep what was written before sending.
    pub fn request(
        &mut self,
        key: &SecretKey,
        aim_bytes: usize,
        spell_out: bool,
    ) -> Result<Request, ReplicaError> {
        let identity = self.identity()?.clone();
        let contact = self.view().contact()?;
        let attempt = self.attempts()?.saturating_add(1);
        self.push_device_line(DeviceLine::Attempt(attempt))?;
        let (own, own_count, own_more) = self.own_segment(key, &contact, aim_bytes, spell_out)?;
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
        let placed: Option<u64> = read(&self.reading(), &keyspace::placed(&identity.device))?;
        let request = SyncRequest {
            version: VERSION,
            municipality: identity.municipality,
            device: identity.device,
            attempt,
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
            about: self.about.clone(),
        };
        let frame = seal_request(key, &request);
        let hash = request_hash(&frame);
        let more = own_more || carried_more;
        let (own, carried) = (own_count, carried_count);
        Ok(Request { frame, own, carried, more, hash, kept, has_evidence, one_by_one })
    }

    /// Own entries that the server does not have, as a segment.
    fn own_segment(
        &self,
        key: &SecretKey,
        contact: &ContactRow,
        aim_bytes: usize,
        spell_out: bool,
    ) -> Result<(Option<Segment>, u64, bool), ReplicaError> {
        let device = self.identity()?.device;
        let head = self.view().own_head()?;
        if contact.head_seq > head.seq {
            return Err(ReplicaError::Behind { ours: head.seq, theirs: contact.head_seq });
        }
        let first = self.view().first_unsent()?;
        // Of two entries with one number the server takes the one of the other branch.
        let spell_out = spell_out || COPY.read(&self.overlay)?.is_some();
        let chosen = self.own_entries(&device, first, head.seq, aim_bytes)?;
        let more = chosen.last().is_some_and(|last| last.entry.header.seq < head.seq);
        let count = chosen.len() as u64;
        Ok((self.segment(key, &device, chosen, spell_out)?, count, more))
    }

    fn own_entries(
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

    /// A signed segment of entries that follow one another.
    pub(in crate::replica) fn segment(
        &self,
        key: &SecretKey,
        device: &DeviceId,
        entries: Vec<ChainedEntry>,
        spell_out: bool,
    ) -> Result<Option<Segment>, ReplicaError> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(None) };
        let prev = std::array::from_fn(|index| first.prev.unwrap_or_default().0[index]);
        let head = last.hash().ok_or_else(|| ReplicaError::Index("an own entry lost its chain".into()))?;
        let signature = sign_head(key, device, last.entry.header.seq, &head);
        let (mut items, hashes) = items_of(entries)?;
        if let Some(last) = items.last_mut() {
            last.signature = Some(signature);
        }
        let rows = self.rows();
        let known = RowRefs { rows: &rows, is_known: &|_| Ok(None), has: &|_, _| Ok(true) };
        let refs: &dyn Refs = if spell_out { &NoRefs } else { &known };
        Ok(Some(Segment { device: *device, prev, pack: ByteBuf::from(pack(&items, &hashes, refs)?) }))
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
