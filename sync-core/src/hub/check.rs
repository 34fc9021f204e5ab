//! Check: stage one. Signatures, bounds and chains; read-only, in parallel. What passes is who it says it is.

use super::{Hub, attempt};
use crate::crypto::PublicKey;
use crate::id::{DeviceId, Hash};
use crate::limits::{ENROL_BYTES_MAX, PROGRAM_BYTES_MAX, SEGMENTS_MAX};
use crate::log::act::Act;
use crate::log::chain::{DecodedBody, VerifiedEntry};
use crate::rows::{Rows, RowsError, decode, read};
use crate::state::authority::{
    DeviceRow, InviteRow,
    enrol::{EnrolError, check_enrolment},
};
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::state::refs::receiver;
use crate::time::TimeMs;
use crate::wire::convert::{ChainError, UnverifiedSegment};
use crate::wire::message::{
    EnrolRequest, FrameError, Offer, PreviewReply, PreviewRequest, Segment, SyncRequest, VERSION,
    open_request, read_preview, request_hash, seal_reply,
};
use crate::wire::pack::{PackError, unpack};

/// A request that is signed by the device it names. What it brings is not looked at yet.
pub struct Authentic {
    /// Who asks.
    pub device: DeviceId,
    key: PublicKey,
    request: Hash,
    sync: SyncRequest,
}

/// A request whose signatures and chains hold.
pub struct Checked {
    /// Who asks.
    pub device: DeviceId,
    /// The hash that the reply is bound to.
    pub request: Hash,
    /// The request; `None` for an enrolment.
    pub(super) sync: Option<SyncRequest>,
    /// Own entries.
    pub(super) own: Vec<VerifiedEntry>,
    /// Carried entries, or why a carried segment was refused.
    pub(super) carried: Vec<(DeviceId, Result<Vec<VerifiedEntry>, String>)>,
}

impl Checked {
    /// How many entries it brings.
    pub fn entries(&self) -> usize {
        let carried = self.carried.iter().filter_map(|(_, result)| result.as_ref().ok()).map(Vec::len);
        self.own.len() + carried.sum::<usize>()
    }

    /// How many operations are in them.
    pub fn operations(&self) -> usize {
        let carried = self.carried.iter().filter_map(|(_, result)| result.as_ref().ok()).flatten();
        let operations = |entry: &VerifiedEntry| match &entry.decoded {
            DecodedBody::Change(change) => change.ops.len(),
            DecodedBody::Act(_) => 0,
        };
        self.own.iter().chain(carried).map(operations).sum()
    }
}

/// Why a request is refused. Nothing of it is kept; the device keeps everything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not a message, or not signed as it must be.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Nobody we know.
    #[error("device {0} is not enrolled here")]
    UnknownDevice(DeviceId),
    /// Another municipality's device.
    #[error("this device belongs to municipality {theirs}, this server is {ours}")]
    OtherMunicipality {
        /// What the device says.
        theirs: u32,
        /// Who this is.
        ours: u32,
    },
    /// It was meant for another server: who relays it is found out.
    #[error("this request was made for a server with another key")]
    OtherServer,
    /// The entries do not hold together.
    #[error("the entries do not hold together: {0}")]
    Chain(#[from] ChainError),
    /// Entries before these are missing here.
    #[error("entry {first} arrived, but the ledger has this device's chain only up to {have}")]
    Gap {
        /// The first entry that arrived.
        first: u64,
        /// The last one known.
        have: u64,
    },
    /// More than one request may hold.
    #[error("the request carries {0} segments, at most {SEGMENTS_MAX} are allowed")]
    TooManySegments(usize),
    /// More than a program's name may have.
    #[error("the program's version has {0} bytes, at most {PROGRAM_BYTES_MAX} are allowed")]
    LongProgram(usize),
    /// The code does not open.
    #[error(transparent)]
    Enrol(EnrolError),
    /// The same attempt arrived before.
    #[error("attempt {attempt} of this device was already answered; the last one was {last}")]
    Replayed {
        /// The number that arrived.
        attempt: u64,
        /// The highest number seen.
        last: u64,
    },
    /// Our own trouble.
    #[error(transparent)]
    Rows(#[from] RowsError),
}

impl RequestError {
    /// The stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Frame(FrameError::Signature(_)) => "bad_signature",
            Self::Frame(FrameError::TooLong(_)) => "too_large",
            Self::Frame(FrameError::Version(_)) => "unknown_version",
            Self::Frame(_) => "malformed",
            Self::UnknownDevice(_) => "unknown_device",
            Self::OtherMunicipality { .. } => "other_municipality",
            Self::OtherServer | Self::Enrol(EnrolError::OtherServer) => "other_server",
            Self::Chain(ChainError::Pack(PackError::UnknownRef(_))) => "unknown_reference",
            Self::Chain(_) => "bad_chain",
            Self::Gap { .. } => "gap",
            Self::TooManySegments(_) | Self::LongProgram(_) => "too_large",
            Self::Enrol(EnrolError::UnknownCode) => "code_unknown",
            Self::Enrol(EnrolError::UsedCode) => "code_used",
            Self::Enrol(EnrolError::ExpiredCode) => "code_expired",
            Self::Enrol(EnrolError::DeviceTaken) => "device_taken",
            Self::Enrol(EnrolError::Key(_)) => "device_key",
            Self::Enrol(EnrolError::NoPredecessor) => "no_predecessor",
            Self::Enrol(EnrolError::PredecessorRevoked) => "predecessor_revoked",
            Self::Enrol(EnrolError::TooManySuccessors) => "too_many_successors",
            Self::Replayed { .. } => "replayed",
            Self::Rows(_) | Self::Enrol(EnrolError::Rows(_)) => "internal",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self.code() {
            "bad_signature" | "unknown_device" => "enrol the device again with a new code",
            "code_unknown" => "check the code letter by letter, or ask the administrator for a new one",
            "code_used"
            | "code_expired"
            | "no_predecessor"
            | "predecessor_revoked"
            | "too_many_successors" => "ask the administrator for a new code",
            "other_municipality" | "other_server" => {
                "check the server's address: another machine may stand between"
            }
            "gap" | "replayed" | "unknown_reference" => {
                "send again: the device repeats what the server lacks"
            }
            "internal" => "try again later; nothing is lost",
            "unknown_version" => "update the server",
            _ => "nothing was kept; the device still has everything",
        }
    }
}

impl Hub {
    /// Checks a sync request.
    pub fn check_sync(
        &self,
        rows: &dyn Rows,
        frame: &[u8],
        _now_ms: TimeMs,
    ) -> Result<Checked, RequestError> {
        self.check_entries(rows, self.authenticate(rows, frame)?)
    }

    /// Checks who sends a sync request, and that it is a new one. Nothing of it is decoded before its signature holds.
    pub fn authenticate(&self, rows: &dyn Rows, frame: &[u8]) -> Result<Authentic, RequestError> {
        let unverified = open_request(frame)?;
        let device = unverified.claimed_device()?;
        let row: DeviceRow =
            read(rows, &keyspace::device(&device))?.ok_or(RequestError::UnknownDevice(device))?;
        let sync: SyncRequest = unverified.verify(&row.key)?;
        let (theirs, ours) = (sync.municipality, self.genesis.municipality);
        if theirs != ours {
            return Err(RequestError::OtherMunicipality { theirs, ours });
        }
        if sync.office != self.genesis.office {
            return Err(RequestError::OtherServer);
        }
        let found = sync.about.as_ref().map_or(0, |about| about.program.len());
        if found > PROGRAM_BYTES_MAX {
            return Err(RequestError::LongProgram(found));
        }
        if sync.carried.len() > SEGMENTS_MAX {
            return Err(RequestError::TooManySegments(sync.carried.len()));
        }
        attempt::check(rows, &device, sync.attempt)?;
        Ok(Authentic { device, key: row.key, request: request_hash(frame), sync })
    }

    /// Checks what an authentic request brings: packs, chains, signatures.
    pub fn check_entries(&self, rows: &dyn Rows, authentic: Authentic) -> Result<Checked, RequestError> {
        let Authentic { device, key, request, mut sync } = authentic;
        let own = match sync.own.take() {
            Some(segment) if segment.device == device => {
                match self.check_segment(rows, &key, &segment) {
                    // The ledger lost what came before: the answer says how far it has the chain, and the device
                    // offers again from there.
                    Err(RequestError::Gap { .. }) => Vec::new(),
                    entries => entries?,
                }
            }
            Some(_) => return Err(ChainError::Gap(0).into()),
            None => Vec::new(),
        };
        let carried = std::mem::take(&mut sync.carried);
        let carried =
            carried.iter().map(|segment| (segment.device, self.check_carried(rows, segment))).collect();
        Ok(Checked { device, request, sync: Some(sync), own, carried })
    }

    fn check_carried(&self, rows: &dyn Rows, segment: &Segment) -> Result<Vec<VerifiedEntry>, String> {
        let row: Option<DeviceRow> =
            read(rows, &keyspace::device(&segment.device)).map_err(|_| "internal".to_string())?;
        let key =
            row.map_or_else(|| enrolment_key(rows, segment).ok_or("unknown_device"), |row| Ok(row.key))?;
        self.check_segment(rows, &key, segment).map_err(|error| error.code().to_string())
    }

    fn check_segment(
        &self,
        rows: &dyn Rows,
        key: &PublicKey,
        segment: &Segment,
    ) -> Result<Vec<VerifiedEntry>, RequestError> {
        let refs = receiver(rows);
        let unpacked = unpack(&segment.pack, &refs).map_err(ChainError::from)?;
        let unverified = UnverifiedSegment::new(segment.device, unpacked)?;
        let prev = prev_hash(rows, &segment.device, unverified.first_seq(), &segment.prev)?;
        let entries = unverified.verify(key, prev)?;
        for entry in &entries {
            let theirs = entry.chained.entry.header.municipality;
            if theirs != self.genesis.municipality {
                return Err(RequestError::OtherMunicipality { theirs, ours: self.genesis.municipality });
            }
        }
        Ok(entries)
    }

    /// Answers what an invitation gives, to who shows its lock. Nothing is spent by it.
    ///
    /// # Errors
    /// It is no such question, or there is no such invitation.
    pub fn preview(&self, rows: &dyn Rows, frame: &[u8], now_ms: TimeMs) -> Result<Vec<u8>, RequestError> {
        let PreviewRequest { lock, .. } = read_preview(frame)?;
        let offer = match lock {
            Some(lock) => Some(offer(rows, &lock, now_ms)?),
            None => None,
        };
        let reply = PreviewReply {
            version: VERSION,
            municipality: self.genesis.municipality,
            name: self.genesis.name.clone(),
            server_key: self.key.public(),
            offer,
        };
        Ok(seal_reply(&self.key, &request_hash(frame), &reply))
    }

    /// Checks an enrolment request.
    pub fn check_enrol(
        &self,
        rows: &dyn Rows,
        frame: &[u8],
        now_ms: TimeMs,
    ) -> Result<Checked, RequestError> {
        if frame.len() > ENROL_BYTES_MAX {
            return Err(FrameError::TooLong(frame.len()).into());
        }
        let unverified = open_request(frame)?;
        let mut found = None;
        let enrol: EnrolRequest = unverified.verify_self_signed(|request: &EnrolRequest| {
            let refs = receiver(rows);
            let unpacked = unpack(&request.own.pack, &refs).ok()?;
            let segment = UnverifiedSegment::new(request.own.device, unpacked).ok()?;
            let key = segment.enrolment_key()?;
            found = Some((segment, key));
            Some(key)
        })?;
        let Some((segment, key)) = found else { return Err(FrameError::Foreign.into()) };
        if enrol.version != VERSION {
            return Err(FrameError::Version(enrol.version).into());
        }
        let own = segment.verify(&key, Hash::ZERO)?;
        let [VerifiedEntry { decoded: DecodedBody::Act(act @ Act::Enrol { .. }), chained, .. }] =
            own.as_slice()
        else {
            return Err(ChainError::Gap(2).into());
        };
        let (theirs, ours) = (chained.entry.header.municipality, self.genesis.municipality);
        if theirs != ours {
            return Err(RequestError::OtherMunicipality { theirs, ours });
        }
        check_enrolment(rows, &enrol.own.device, act, now_ms, false).map_err(RequestError::Enrol)?;
        Ok(Checked {
            device: enrol.own.device,
            request: request_hash(frame),
            sync: None,
            own,
            carried: Vec::new(),
        })
    }
}

fn offer(rows: &dyn Rows, lock: &Hash, now_ms: TimeMs) -> Result<Offer, RequestError> {
    let invite: InviteRow =
        read(rows, &keyspace::invite(lock))?.ok_or(RequestError::Enrol(EnrolError::UnknownCode))?;
    Ok(Offer {
        role: invite.role.key().into(),
        crew: invite.crew,
        localities: invite.localities,
        expires_at_ms: invite.expires_at_ms,
        is_open: invite.used_by.is_none() && now_ms <= invite.expires_at_ms,
    })
}

/// The key in a segment that starts with an enrolment: one that the ledger lost, and another device still had.
fn enrolment_key(rows: &dyn Rows, segment: &Segment) -> Option<PublicKey> {
    let unpacked = unpack(&segment.pack, &receiver(rows)).ok()?;
    UnverifiedSegment::new(segment.device, unpacked).ok()?.enrolment_key()
}

/// The hash of the entry before `first`, among the branches the ledger has, by its first eight bytes.
fn prev_hash(rows: &dyn Rows, device: &DeviceId, first: u64, prefix: &[u8; 8]) -> Result<Hash, RequestError> {
    if first <= 1 {
        return Ok(Hash::ZERO);
    }
    let matches = |row: &EntryRow| row.hash.filter(|hash| hash.0.starts_with(prefix));
    if let Some(hash) =
        read::<EntryRow>(rows, &keyspace::entry(device, first - 1))?.as_ref().and_then(matches)
    {
        return Ok(hash);
    }
    let branches = keyspace::forks(device, first - 1);
    let mut found = None;
    rows.scan(&branches, &branches, &mut |_, value| {
        found = decode::<EntryRow>(value).ok().as_ref().and_then(matches);
        found.is_none()
    })?;
    let have = read::<DeviceRow>(rows, &keyspace::device(device))?.map_or(0, |row| row.head_seq);
    found.ok_or(RequestError::Gap { first, have })
}
