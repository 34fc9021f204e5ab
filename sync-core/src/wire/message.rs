//! Messages: the request and the reply of one round trip, framed and signed.
//!
//! A frame is four magic bytes, a MessagePack body and a 64-byte Ed25519 signature. A request is signed by the
//! device; a reply by the server, over the hash of the request it answers, so that nothing else can pass for it. A
//! question about an invitation comes from who has no key yet, and is not signed.

mod preview;

pub use preview::{Offer, PreviewReply, PreviewRequest, frame_preview, read_preview};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::crypto::{ALG_ED25519, PublicKey, Purpose, SecretKey, Signature, SignatureError};
use crate::id::{DeviceId, Epoch, Fingerprint, Hash, RecordId};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::log::entry::Anchor;
use crate::log::line::{OwnRun, Standing};
use crate::msgpack::{self, MsgpackError};
use crate::people::{PeopleMark, PeopleNews, PersonName};
use crate::scope::Scope;
use crate::time::{TimeMs, UtcOffset};

/// The version of requests and replies.
pub const VERSION: u8 = 2;
const REQUEST_MAGIC: &[u8; 4] = b"CQA1";
const REPLY_MAGIC: &[u8; 4] = b"CQB1";
const SIGNATURE_BYTES: usize = 64;

/// A run of one device's entries.
///
/// ```
/// use sync_core::id::{DeviceId, Hash};
/// use sync_core::wire::convert::spelled_out;
/// use sync_core::wire::message::Segment;
/// use sync_core::wire::pack::unpack;
/// # use sync_core::crypto::SecretKey;
/// # use sync_core::id::{BootId, PersonId, RecordId};
/// # use sync_core::log::{act::Act, chain::sign_head};
/// # use sync_core::log::entry::{Anchor, Body, ChainedEntry, Entry, Header};
/// # use sync_core::wire::convert::NoRefs;
/// # let device = DeviceId([3; 16]);
/// # let header = Header {
/// #     municipality: 14061, device, seq: 1, record: RecordId::ZERO, person: PersonId([8; 16]),
/// #     claimed_at_ms: 0, boot: BootId([1; 8]), monotonic_ms: 0, anchor: Anchor::default(),
/// # };
/// # let entry = Entry { header, body: Body::Act(Act::Clock { device, clock_ms: 0 }.to_bytes()) };
/// # let hash = entry.hash(&Hash::ZERO);
/// # let signature = sign_head(&SecretKey::from_seed(&[7; 32]), &device, 1, &hash);
/// # let chained = ChainedEntry { entry, prev: Some(Hash::ZERO), signature: Some(signature) };
///
/// // Entries become a pack; whatever the receiver can compute, hashes above all, is left out of it.
/// let segment = Segment { device, prev: [0; 8], pack: spelled_out(vec![chained])? };
/// let unpacked = unpack(&segment.pack, &NoRefs)?;
/// assert_eq!(unpacked.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Whose.
    pub device: DeviceId,
    /// The first eight bytes of the hash of the entry before the first, to tell branches of a forked chain apart.
    pub prev: [u8; 8],
    /// The entries; the last one carries the signature.
    pub pack: ByteBuf,
}

/// What a device sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// [`VERSION`].
    pub version: u8,
    /// INEGI key of the municipality.
    pub municipality: u32,
    /// Who.
    pub device: DeviceId,
    /// The office that it is meant for: the hash of the server's key. Another server takes nothing from it.
    pub office: DeviceId,
    /// Number of the attempt: never used twice, so that a recorded request is worth nothing.
    pub attempt: u64,
    /// How many entries it has written: those that it writes later know what it keeps now.
    pub written: u64,
    /// The ledger's life that the device knows; zero before the first reply. It says only whether evidence begins
    /// another one: whether cursors hold follows from `kept`.
    pub epoch: Epoch,
    /// How far each scope was read.
    pub cursors: Vec<(Scope, u64)>,
    /// How large a reply may be, in bytes before compression.
    pub aim_bytes: u32,
    /// Own entries that no server has confirmed.
    pub own: Option<Segment>,
    /// Entries of other devices, carried.
    pub carried: Vec<Segment>,
    /// The device's clock.
    pub clock_ms: TimeMs,
    /// Size and root of the newest checkpoint it keeps: the reply proves that the log only grew since.
    pub kept: Anchor,
    /// That checkpoint as it was signed, once a reply could not prove it; else empty.
    pub evidence: String,
    /// Earlier states of the log that it keeps, newest first; only with `evidence`.
    pub older: Vec<Anchor>,
    /// Up to which of its own entries all places are told.
    pub placed: u64,
    /// Whether each run of own entries shall hold one entry, so that it sees where another device's begin.
    pub one_by_one: bool,
    /// What it says of itself, if it does.
    pub about: Option<About>,
    /// How far it knows the office's names.
    pub people: PeopleMark,
    /// Names behind persons of its entries that the office did not tell of yet, at most
    /// [`PEOPLE_AT_ONCE_MAX`](crate::limits::PEOPLE_AT_ONCE_MAX).
    pub named: Vec<PersonName>,
    /// Blobs that it wants to bring or to read, at most [`BLOB_ASKS_MAX`](crate::limits::BLOB_ASKS_MAX).
    pub blobs: Vec<BlobAsk>,
}

/// What a device wants to do with a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlobUse {
    /// Send its bytes.
    Bring,
    /// Get them.
    Read,
}

/// A blob that a device asks a ticket for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobAsk {
    /// Its content address.
    pub sha256: Hash,
    /// What for.
    pub r#use: BlobUse,
    /// To bring it: the device whose entry names it, as the one that asks knows.
    pub of: Option<DeviceId>,
}

/// What a device says of itself: the office tells a silent phone from a full one by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Own entries that no server has received, this request's included.
    pub unsent: u64,
    /// Photos that no server has received.
    pub photos: u64,
    /// The program's version, e.g. `0.1.0`.
    pub program: String,
    /// SHA-256 of the program, where it knows.
    pub program_hash: Option<Hash>,
    /// Free bytes where its work is kept, where it knows.
    pub free_bytes: Option<u64>,
    /// Whether its browser promised to keep what it stores; `None` where there is no browser.
    pub is_persistent: Option<bool>,
}

/// How a carried segment fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedResult {
    /// Whose.
    pub device: DeviceId,
    /// Entry numbers that are now in the ledger, up to this one; 0 for none.
    pub head_seq: u64,
    /// The server's signed [`CarriedAck`](crate::log::line::CarriedAck), to be carried back; empty if nothing can be said.
    pub receipt: ByteBuf,
    /// Why it was refused, if it was: a stable word.
    pub refused: Option<String>,
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReply {
    /// [`VERSION`].
    pub version: u8,
    /// The ledger's life.
    pub epoch: Epoch,
    /// How far the ledger is.
    pub server_seq: u64,
    /// The server's clock.
    pub server_at_ms: TimeMs,
    /// How far the ledger has the device's chain.
    pub head_seq: u64,
    /// Places and verdicts of the device's own entries, in the ledger's order among those in `pack`.
    pub own: Vec<OwnRun>,
    /// Carried segments.
    pub carried: Vec<CarriedResult>,
    /// How far the scopes are read with this reply: the same for all.
    pub cursor: u64,
    /// The device's scopes.
    pub scopes: Vec<Scope>,
    /// Records that entered (`true`) or left a scope, by its place in `scopes`.
    pub moves: Vec<(u32, RecordId, bool)>,
    /// Entries.
    pub pack: ByteBuf,
    /// Whether there is more to read.
    pub more: bool,
    /// The fingerprint of each scope, once there is no more.
    pub fingerprints: Vec<Fingerprint>,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// The proof that the log in the request's `kept` state is the beginning of this one; `None` if it is not.
    pub consistency: Option<Vec<Hash>>,
    /// What the device may do.
    pub standing: Standing,
    /// Whether the server takes no more of this device for now, because it filled its share of the ledger.
    pub over_quota: bool,
    /// In answer to `evidence`: the newest of the states in `older` that this log was in; the empty one if it was in none.
    pub from: Option<Anchor>,
    /// What the device shows when it opens its event stream or sends a body, at most
    /// [`TICKET_CHARS_MAX`](crate::limits::TICKET_CHARS_MAX) letters and digits; empty for a revoked device. It means
    /// something to the server only.
    pub ticket: String,
    /// Names that the device lacks; none for a revoked one.
    pub people: Option<PeopleNews>,
    /// A ticket for each blob that the request asks for, in its order; nothing where it may not, for whatever reason. It
    /// means something to the server only, and has at most [`BLOB_TICKET_CHARS_MAX`](crate::limits::BLOB_TICKET_CHARS_MAX)
    /// letters and digits.
    pub blobs: Vec<Option<String>>,
    /// That the device's own entries were more than the server takes in one request, or has room for, and how many it would
    /// have taken: none was, and the device signs that many and sends them.
    pub room: Option<u32>,
}

/// What a new device sends: its first entry, which is the enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// [`VERSION`].
    pub version: u8,
    /// The first entry.
    pub own: Segment,
}

/// What the server answers a new device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolReply {
    /// [`VERSION`].
    pub version: u8,
    /// INEGI key of the municipality.
    pub municipality: u32,
    /// Its name.
    pub name: String,
    /// Letters folios start with.
    pub folio_prefix: String,
    /// How far the municipality's clocks are from UTC, in minutes.
    pub utc_offset_min: UtcOffset,
    /// The device's letters in folios.
    pub letters: String,
    /// The role, as its key.
    pub role: String,
    /// The crew.
    pub crew: Option<String>,
    /// The localities.
    pub localities: Vec<String>,
    /// The server's key, to pin.
    pub server_key: PublicKey,
    /// The same as a `signed-note` verifier.
    pub log_verifier: String,
    /// The ledger's life.
    pub epoch: Epoch,
    /// The server's clock.
    pub server_at_ms: TimeMs,
}

/// Why bytes are not a frame of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It does not start as a frame does: a web page, say.
    #[error("these bytes are not a Cuadrilla message")]
    Foreign,
    /// Over the limit.
    #[error("the message has {0} bytes, at most {MESSAGE_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// The signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The body does not decode.
    #[error(transparent)]
    Malformed(#[from] MsgpackError),
    /// Made by a newer version.
    #[error("message version {0} is not known to this version")]
    Version(u8),
}

/// A frame whose signature is not checked yet: nothing but what is needed to find the key can be read.
pub struct Unverified<'f> {
    signed: &'f [u8],
    body: &'f [u8],
    signature: Signature,
    bound_to: Vec<u8>,
    purpose: Purpose,
}

fn body_of<T: Serialize>(magic: &[u8; 4], body: &T) -> Vec<u8> {
    let mut frame = magic.to_vec();
    frame.extend(rmp_serde::to_vec(body).expect("a message always has a MessagePack form"));
    frame
}

/// Returns a request (of a device, or a new device's enrolment) as it is signed for [`Purpose::Request`];
/// [`close_request`] adds the signature.
pub fn frame_request<T: Serialize>(body: &T) -> Vec<u8> {
    body_of(REQUEST_MAGIC, body)
}

/// Returns the frame to send: what [`frame_request`] made, with its signature.
pub fn close_request(mut frame: Vec<u8>, signature: &Signature) -> Vec<u8> {
    frame.extend_from_slice(&signature.bytes);
    frame
}

fn open<'f>(
    magic: &[u8; 4],
    purpose: Purpose,
    bound_to: &[u8],
    frame: &'f [u8],
) -> Result<Unverified<'f>, FrameError> {
    if frame.len() > MESSAGE_BYTES_MAX {
        return Err(FrameError::TooLong(frame.len()));
    }
    let (signed, signature) = frame.split_last_chunk::<SIGNATURE_BYTES>().ok_or(FrameError::Foreign)?;
    let body = signed.strip_prefix(magic).ok_or(FrameError::Foreign)?;
    let signature = Signature { alg: ALG_ED25519, bytes: *signature };
    Ok(Unverified { signed, body, signature, bound_to: bound_to.to_vec(), purpose })
}

/// Signs and frames a request (of a device, or a new device's enrolment).
pub fn seal_request<T: Serialize>(key: &SecretKey, body: &T) -> Vec<u8> {
    let frame = frame_request(body);
    let signature = key.sign(Purpose::Request, &[&frame]);
    close_request(frame, &signature)
}

/// Opens a request frame.
pub fn open_request(frame: &[u8]) -> Result<Unverified<'_>, FrameError> {
    open(REQUEST_MAGIC, Purpose::Request, &[], frame)
}

/// Signs and frames the reply to the request with that hash.
pub fn seal_reply<T: Serialize>(key: &SecretKey, request: &Hash, body: &T) -> Vec<u8> {
    let mut frame = body_of(REPLY_MAGIC, body);
    let signature = key.sign(Purpose::Reply, &[&request.0, &frame]);
    frame.extend_from_slice(&signature.bytes);
    frame
}

/// Opens a reply frame to the request with that hash.
pub fn open_reply<'f>(frame: &'f [u8], request: &Hash) -> Result<Unverified<'f>, FrameError> {
    open(REPLY_MAGIC, Purpose::Reply, &request.0, frame)
}

/// The hash of a request frame that its reply is bound to.
pub fn request_hash(frame: &[u8]) -> Hash {
    Hash::tagged("cuadrilla/request-frame/v1", &[frame])
}

impl Unverified<'_> {
    /// The body, once the signature holds for `key`.
    pub fn verify<T: DeserializeOwned>(&self, key: &PublicKey) -> Result<T, FrameError> {
        key.verify(self.purpose, &[&self.bound_to, self.signed], &self.signature)?;
        Ok(msgpack::from_slice(self.body)?)
    }

    /// The device that a [`SyncRequest`] claims to come from: only to look its key up. Its first fields are read, at
    /// most 25 bytes; the rest of a stranger's body is never decoded.
    pub fn claimed_device(&self) -> Result<DeviceId, FrameError> {
        let missing = || MsgpackError("it does not begin with version, municipality and device".into());
        let mut body = self.body;
        let fields = rmp::decode::read_array_len(&mut body).map_err(|_| missing())?;
        let version: u8 = rmp::decode::read_int(&mut body).map_err(|_| missing())?;
        if version != VERSION {
            return Err(FrameError::Version(version));
        }
        let _municipality: u32 = rmp::decode::read_int(&mut body).map_err(|_| missing())?;
        let id_bytes = rmp::decode::read_bin_len(&mut body).map_err(|_| missing())?;
        match body.first_chunk::<16>() {
            Some(id) if fields > 2 && id_bytes == 16 => Ok(DeviceId(*id)),
            _ => Err(missing().into()),
        }
    }

    /// A body that carries the very key it is signed with, checked against that key.
    pub fn verify_self_signed<T: DeserializeOwned>(
        &self,
        key_of: impl FnOnce(&T) -> Option<PublicKey>,
    ) -> Result<T, FrameError> {
        let body: T = msgpack::from_slice(self.body)?;
        let key = key_of(&body).ok_or(FrameError::Foreign)?;
        key.verify(self.purpose, &[&self.bound_to, self.signed], &self.signature)?;
        Ok(body)
    }
}
