//! Bundle: segments in a file, for a USB stick or another phone. The carrier adds nothing to their authority.
//!
//! A bundle is eight magic bytes, the SHA-256 of what follows, and a MessagePack body. Only the authors' signatures
//! count; the hash tells a cut or damaged copy apart from a foreign file.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use sha2::{Digest as _, Sha256};

use super::sync::request::OwnEntries;
use super::{Replica, ReplicaError, Signed, Unsigned};
use crate::crypto::{ALG_ED25519, Purpose, Signature};
use crate::id::{DeviceId, Hash};
use crate::limits::{BUNDLE_BYTES_MAX, PEOPLE_AT_ONCE_MAX, SEGMENTS_MAX};
use crate::log::act::Act;
use crate::log::line::{Carried, CarriedAck, CarriedBlob, DeviceLine};
use crate::media;
use crate::msgpack;
use crate::people::PersonName;
use crate::rows::{all_under, read};
use crate::state::local::{CARRIED_RECEIPTS, carried, carried_from, carried_receipt, read_own};
use crate::wire::convert::{NoRefs, decode_item};
use crate::wire::message::Segment;
use crate::wire::pack::unpack;

const MAGIC: &[u8; 8] = b"CUADRB01";
const HASH_BYTES: usize = 32;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    municipality: u32,
    segments: Vec<BundledSegment>,
    receipts: Vec<(DeviceId, u64, ByteBuf)>,
    /// Names behind persons of the entries that the office may not know yet.
    named: Vec<PersonName>,
    /// Photos and signatures that the entries name.
    photos: Vec<BundledPhoto>,
}

/// A photo or signature in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledPhoto {
    /// Which, and whose.
    pub blob: CarriedBlob,
    /// Its bytes.
    pub bytes: ByteBuf,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct BundledSegment {
    span: (u64, u64),
    segment: Segment,
    /// Hash of the entry before the first, whole: with it a carrier can name what it took over.
    prev: Hash,
}

/// A bundle to write to a file.
pub struct Bundle {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// What is in it.
    pub counts: BundleCounts,
}

/// What is in a bundle, or what an import took from one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BundleCounts {
    /// Segments.
    pub segments: u64,
    /// Entries in them.
    pub entries: u64,
    /// Their authors, by device id.
    pub devices: Vec<String>,
    /// Receipts of the server for authors that have no connection.
    pub receipts: u64,
    /// Photos and signatures, small forms included.
    pub photos: u64,
}

fn seal(body: &Body) -> Vec<u8> {
    let body = rmp_serde::to_vec(body).expect("a bundle always has a MessagePack form");
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&Hash::tagged("cuadrilla/bundle/v1", &[&body]).0);
    bytes.extend(body);
    bytes
}

fn open(bytes: &[u8]) -> Result<Body, ReplicaError> {
    let wrong = |what: &str| ReplicaError::Bundle(what.to_string());
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(ReplicaError::Bundle(format!(
            "it has {} bytes, at most {BUNDLE_BYTES_MAX} are allowed",
            bytes.len()
        )));
    }
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| wrong("it is not a Cuadrilla bundle"))?;
    let (hash, body) = rest.split_first_chunk::<HASH_BYTES>().ok_or_else(|| wrong("it is cut short"))?;
    if Hash(*hash) != Hash::tagged("cuadrilla/bundle/v1", &[body]) {
        return Err(wrong("it is cut short or damaged"));
    }
    let body: Body = msgpack::from_slice(body).map_err(|error| ReplicaError::Bundle(error.to_string()))?;
    if body.segments.len() > SEGMENTS_MAX {
        return Err(ReplicaError::Bundle(format!(
            "it has {} segments, at most {SEGMENTS_MAX}",
            body.segments.len()
        )));
    }
    if body.segments.iter().any(|one| one.span.0 == 0 || one.span.1 < one.span.0) {
        return Err(wrong("a segment says it holds no entries"));
    }
    Ok(body)
}

fn damaged(error: &dyn std::fmt::Display) -> ReplicaError {
    ReplicaError::Bundle(format!("a segment in it cannot be read: {error}"))
}

fn counts(body: &Body) -> BundleCounts {
    let devices: BTreeSet<String> = body.segments.iter().map(|one| one.segment.device.to_string()).collect();
    BundleCounts {
        segments: body.segments.len() as u64,
        entries: body
            .segments
            .iter()
            .map(|one| one.span.1.saturating_sub(one.span.0).saturating_add(1))
            .sum(),
        devices: devices.into_iter().collect(),
        receipts: body.receipts.len() as u64,
        photos: body.photos.len() as u64,
    }
}

/// What is in a bundle, without taking anything over.
pub fn inspect(bytes: &[u8]) -> Result<BundleCounts, ReplicaError> {
    open(bytes).map(|body| counts(&body))
}

/// Returns the photos in a bundle, to be kept before it is imported. Each has the bytes of its name, and is a picture and
/// nothing else.
///
/// # Errors
/// The bundle is damaged, or a photo in it is not what it says.
pub fn photos(bytes: &[u8]) -> Result<Vec<BundledPhoto>, ReplicaError> {
    let photos = open(bytes)?.photos;
    for photo in &photos {
        let is_named = Hash(Sha256::digest(&photo.bytes).into()) == photo.blob.sha256;
        if !is_named || photo.bytes.len() as u64 != photo.blob.bytes {
            return Err(damaged(&"a photo in it is not the one that it says"));
        }
        media::check(&photo.bytes).map_err(|error| damaged(&error))?;
    }
    Ok(photos)
}

impl Replica<'_> {
    /// Returns runs of this device's entries that the server lacks as far as is known, each to be signed for
    /// [`Replica::bundle_export`].
    pub fn bundle_runs(&self) -> Result<Vec<Unsigned<OwnEntries>>, ReplicaError> {
        let identity = self.identity()?;
        let mut runs = Vec::new();
        let head = self.view().own_head()?.seq;
        let mut first = self.view().contact()?.head_seq + 1;
        while first <= head {
            let entries = self.own_chunk(&identity.device, first, head)?;
            let last = entries.last().map_or(head, |last| last.entry.header.seq);
            runs.extend(self.own_run(&identity.device, entries)?);
            first = last + 1;
        }
        Ok(runs)
    }

    /// Returns everything that the server lacks as far as this device knows: its entries, as [`Replica::bundle_runs`]
    /// names them, entries it carries for others, and receipts.
    pub fn bundle_export(&self, runs: Vec<Signed<OwnEntries>>) -> Result<Bundle, ReplicaError> {
        self.bundle_export_with(runs, Vec::new())
    }

    /// As [`Replica::bundle_export`], with photos that [`Replica::blobs_to_bring`] names.
    ///
    /// # Errors
    /// As [`Replica::bundle_export`]; the file would be too large.
    pub fn bundle_export_with(
        &self,
        runs: Vec<Signed<OwnEntries>>,
        photos: Vec<BundledPhoto>,
    ) -> Result<Bundle, ReplicaError> {
        let identity = self.identity()?;
        let mut segments = Vec::new();
        for run in runs {
            let (span, prev) = (run.content.span(), run.content.prev());
            segments.push(BundledSegment { span, segment: self.segment(run)?, prev });
        }
        for carried in carried(&self.overlay)? {
            let segment = msgpack::from_slice(&carried.bytes)
                .map_err(|error| ReplicaError::Index(error.to_string()))?;
            let prev = carried.prev.unwrap_or_default();
            segments.push(BundledSegment { span: carried.span, segment, prev });
        }
        let receipts = self.receipts()?;
        let named = self.people.offers();
        let body = Body { municipality: identity.municipality, segments, receipts, named, photos };
        let bytes = seal(&body);
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(ReplicaError::Length {
                what: "the bundle",
                found: bytes.len(),
                max: BUNDLE_BYTES_MAX,
            });
        }
        Ok(Bundle { counts: counts(&body), bytes })
    }

    fn own_chunk(
        &self,
        device: &DeviceId,
        first: u64,
        last: u64,
    ) -> Result<Vec<crate::log::entry::ChainedEntry>, ReplicaError> {
        let last = last.min(first + crate::limits::SEGMENT_ENTRIES_MAX as u64 - 1);
        let mut entries = Vec::new();
        for seq in first..=last {
            let row = read_own(&self.overlay, device, seq)?
                .ok_or_else(|| ReplicaError::Index(format!("own entry {seq} is not in the index")))?;
            entries.push(crate::log::line::read_entry(&self.lines, row.line)?.1);
        }
        Ok(entries)
    }

    fn receipts(&self) -> Result<Vec<(DeviceId, u64, ByteBuf)>, ReplicaError> {
        let receipts: Vec<(Vec<u8>, Carried)> = all_under(&self.overlay, CARRIED_RECEIPTS)?;
        Ok(receipts.into_iter().map(|(_, receipt)| (receipt.device, receipt.span.1, receipt.bytes)).collect())
    }

    /// Takes a bundle's segments to carry, and a receipt that is for this device. Taking it twice changes nothing.
    pub fn bundle_import(&mut self, bytes: &[u8]) -> Result<BundleCounts, ReplicaError> {
        let identity = self.identity()?.clone();
        let body = open(bytes)?;
        if body.municipality != identity.municipality {
            let what = format!(
                "it belongs to municipality {}, this device to {}",
                body.municipality, identity.municipality
            );
            return Err(ReplicaError::Bundle(what));
        }
        let mut taken = Body { municipality: body.municipality, ..Body::default() };
        if !body.named.is_empty() {
            self.people.to_mut().add(body.named.into_iter().take(PEOPLE_AT_ONCE_MAX));
        }
        for one in body.segments {
            let is_own = one.segment.device == identity.device;
            if is_own || self.is_carried(&one.segment.device, one.span)? {
                continue;
            }
            let bytes = rmp_serde::to_vec(&one.segment).expect("a segment always has a MessagePack form");
            let (device, bytes) = (one.segment.device, ByteBuf::from(bytes));
            let carried = Carried { device, span: one.span, bytes, prev: Some(one.prev) };
            self.push_device_line(DeviceLine::Carried(carried))?;
            self.cosign(&one)?;
            taken.segments.push(one);
        }
        let mine: BTreeSet<DeviceId> =
            identity.names_before.iter().copied().chain([identity.device]).collect();
        // The bundle has the newest first; what is taken over last is the newest here.
        for photo in body.photos.into_iter().rev().filter(|photo| !mine.contains(&photo.blob.of)) {
            self.carry_blob(photo.blob)?;
            taken.photos.push(photo);
        }
        for (device, head_seq, bytes) in body.receipts {
            if device == identity.device {
                self.take_receipt(&bytes)?;
                taken.receipts.push((device, head_seq, bytes));
            }
        }
        Ok(counts(&taken))
    }

    /// Says in the own chain that this much of the author's work is in hand now: nothing of it can be made up later.
    fn cosign(&mut self, one: &BundledSegment) -> Result<(), ReplicaError> {
        let (mut seq, mut head) = (0, one.prev);
        for item in unpack(&one.segment.pack, &NoRefs).map_err(|error| damaged(&error))? {
            let (entry, _, _) = decode_item(item).map_err(|error| damaged(&error))?;
            let is_next = if seq == 0 { entry.header.seq == one.span.0 } else { entry.header.seq == seq + 1 };
            if !is_next || entry.header.device != one.segment.device {
                return Err(damaged(&"it is not what its label says"));
            }
            (seq, head) = (entry.header.seq, entry.hash(&head));
        }
        if seq != one.span.1 {
            return Err(damaged(&"it is not what its label says"));
        }
        let act = Act::Carry { device: one.segment.device, seq, head };
        match self.write_act(act) {
            // Who may not write any more may still carry.
            Err(error) if error.is_refusal() => Ok(()),
            written => written,
        }
    }

    /// Whether the segment is carried already, or is known to be with the server.
    fn is_carried(&self, device: &DeviceId, span: (u64, u64)) -> Result<bool, ReplicaError> {
        let known: Option<Carried> = read(&self.overlay, &carried_from(device, span.0))?;
        let receipt: Option<Carried> = read(&self.overlay, &carried_receipt(device))?;
        Ok(known.is_some_and(|known| known.span.1 >= span.1) || receipt.is_some_and(|r| r.span.1 >= span.1))
    }

    fn take_receipt(&mut self, bytes: &[u8]) -> Result<(), ReplicaError> {
        let identity = self.identity()?.clone();
        let (body, signature) = bytes
            .split_last_chunk::<64>()
            .ok_or_else(|| ReplicaError::Bundle("a receipt in it is cut short".into()))?;
        let signature = Signature { alg: ALG_ED25519, bytes: *signature };
        identity
            .server_key
            .verify(Purpose::Receipt, &[body], &signature)
            .map_err(|error| ReplicaError::Bundle(format!("a receipt in it is not the server's: {error}")))?;
        let ack: CarriedAck =
            msgpack::from_slice(body).map_err(|error| ReplicaError::Bundle(error.to_string()))?;
        let before = self.view().contact()?;
        let is_news =
            ack.device == identity.device && ack.epoch == before.epoch && ack.head_seq > before.head_seq;
        if is_news { self.push_device_line(DeviceLine::Receipt(ack)) } else { Ok(()) }
    }
}
