//! One value of each act, line and message, every field said. Keys and bytes in them are public and used nowhere else.

use serde_bytes::ByteBuf;
use sync_core::crypto::{KeySalt, Purpose, SecretKey, Signature};
use sync_core::id::{BootId, DeviceId, Epoch, Fingerprint, Hash, NameKey, PersonId, RecordId};
use sync_core::invitation::Opening;
use sync_core::log::act::{Act, Again, Continues, Erasure, Fate, Role, StoredBlob};
use sync_core::log::chain::sign_head;
use sync_core::log::entry::{Anchor, Body, ChainedEntry, Entry, Header};
use sync_core::log::line::{
    Carried, CarriedAck, CarriedBlob, Contact, Copy, DeviceLine, Enrolled, Enrolling, Identity, Own, OwnRun,
    Reset, Revoked, Split, Standing,
};
use sync_core::log::verdict::{Decision, Reason, Receipt, Verdict};
use sync_core::people::{PeopleMark, PeopleNews, PersonName};
use sync_core::scope::Scope;
use sync_core::wire::message::{
    About, BlobAsk, BlobUse, CarriedResult, EnrolReply, EnrolRequest, Offer, PreviewReply, PreviewRequest,
    Segment, SyncReply, SyncRequest, VERSION,
};

pub const DEVICE_SEED: [u8; 32] = [3; 32];
pub const SERVER_SEED: [u8; 32] = [42; 32];
/// The request that the sample replies answer.
pub const ANSWERED: Hash = Hash([0x51; 32]);

const AT_MS: i64 = 1_795_000_000_000;
pub const SERVER: DeviceId = DeviceId([0x16; 16]);
const DEVICE: DeviceId = DeviceId([0x0a; 16]);
const OTHER: DeviceId = DeviceId([0x0b; 16]);
const RECORD: RecordId = RecordId([0x0c; 16]);
const EPOCH: Epoch = Epoch([0x0d; 8]);
const HASH: Hash = Hash([0x0e; 32]);
const ANCHOR: Anchor = Anchor { size: 140, root: Hash([0x0f; 32]) };
const CHECKPOINT: &str = "cuadrilla.invalid/log/14061\n140\nDw8=\n\n— cuadrilla.invalid/log/14061 AAAA\n";
const VERIFIER: &str = "cuadrilla.invalid/log/14061+f2fe3815+Af3qzNCyBbnZ6ZikNCZiLyt6D4jS4OiRkTfEPAZ2zpI1";

pub fn device_key() -> SecretKey {
    SecretKey::from_seed(&DEVICE_SEED)
}

pub fn server_key() -> SecretKey {
    SecretKey::from_seed(&SERVER_SEED)
}

fn continues() -> Continues {
    let signature: Signature = device_key().sign(Purpose::Succession, &[&OTHER.0, &DEVICE.0]);
    Continues { device: OTHER, signature, retires: true }
}

pub fn acts() -> Vec<Act> {
    let reason = || "Se extravió en El Mortero".to_owned();
    vec![
        Act::Genesis {
            municipality: 14061,
            name: "Mezquitic".into(),
            folio_prefix: "MZQ".into(),
            utc_offset_min: sync_core::time::UtcOffset::usual(14_061),
            key: server_key().public(),
            log_verifier: VERIFIER.into(),
        },
        Act::Epoch { epoch: EPOCH, reason: "respaldo".into(), lost: Some(ANCHOR), lost_epoch: Some(EPOCH) },
        Act::Invite {
            code_lock: Some(HASH),
            link_lock: HASH,
            role: Role::Crew,
            crew: Some("C-07".into()),
            localities: vec!["mezquitic".into()],
            until_ms: Some(AT_MS),
        },
        Act::Enrol {
            office: SERVER,
            opening: Some(Opening(HASH)),
            key: device_key().public(),
            name: "Cuadrilla 7".into(),
            continues: Some(continues()),
        },
        Act::Revoke { device: OTHER, fate: Some(Fate::Lost), reason: reason() },
        Act::Assign {
            device: OTHER,
            role: Role::Supervisor,
            crew: None,
            localities: vec!["nostic".into(), "mezquitic".into()],
            reason: "cambio de turno".into(),
        },
        Act::Carry { device: OTHER, seq: 17, head: HASH },
        Act::Clock { device: OTHER, clock_ms: AT_MS - 86_400_000 },
        Act::Again {
            pairs: vec![Again {
                seq: 3,
                device: OTHER,
                of_seq: 9,
                of: HASH,
                person: PersonId([8; 16]),
                claimed_at_ms: AT_MS,
                claim: true,
            }],
        },
        Act::BlobStored { blobs: vec![StoredBlob { sha256: HASH, bytes: 312_400, of: OTHER }] },
        Act::BlobMissing { blobs: vec![StoredBlob { sha256: HASH, bytes: 312_400, of: OTHER }] },
        Act::BlobErased { sha256: HASH, reason: Erasure::Bystander },
        Act::Rule { name: "measures".into(), json: r#"{"measures":[]}"#.into() },
        Act::App { hash: HASH, version: "1.4.0".into() },
        Act::Release { seq: 141, reason: "llegó antes de la baja".into() },
        Act::Dismiss { seq: 142, reason: "duplicado".into() },
    ]
}

pub fn reasons() -> Vec<Reason> {
    vec![
        Reason::Revoked,
        Reason::OutOfScope,
        Reason::Role { what: "status".into() },
        Reason::Fork { after: HASH },
        Reason::Held { on: HASH },
        Reason::Rule { rule: "step".into(), what: "done".into() },
    ]
}

pub fn verdicts() -> Vec<Verdict> {
    reasons().into_iter().map(Verdict::Quarantined).chain([Verdict::Accepted]).collect()
}

pub fn receipt(verdict: Verdict) -> Receipt {
    Receipt { seq: 141, received_at_ms: AT_MS + 600, carrier: Some(OTHER), verdict }
}

/// An entry with that body, in a chain whose head is signed.
pub fn entry(body: Body) -> ChainedEntry {
    let record = if matches!(body, Body::Change(_)) { RECORD } else { RecordId::ZERO };
    let header = Header {
        municipality: 14061,
        device: DEVICE,
        seq: 7,
        record,
        person: PersonId([8; 16]),
        claimed_at_ms: AT_MS,
        boot: BootId([0x10; 8]),
        monotonic_ms: 123_456,
        anchor: ANCHOR,
    };
    let entry = Entry { header, body };
    let signature = sign_head(&device_key(), &DEVICE, 7, &entry.hash(&HASH));
    ChainedEntry { entry, prev: Some(HASH), signature: Some(signature) }
}

fn decision() -> Decision {
    Decision { seq: 143, at_ms: AT_MS, releases: true, by: OTHER, reason: "revisado".into() }
}

/// A run of own entries for each verdict.
fn runs() -> Vec<OwnRun> {
    let run = |(number, verdict): (u64, Verdict)| OwnRun {
        at: 2,
        name: 1,
        first: 3 + number,
        count: 1,
        seq: 136 + number,
        received_at_ms: AT_MS,
        carrier: Some(OTHER),
        decision: (!verdict.is_accepted()).then(decision),
        verdict,
        tail: [0x0e; 8],
    };
    (0..).zip(verdicts()).map(run).collect()
}

fn standing() -> Standing {
    Standing {
        role: Role::Crew,
        crew: Some("C-07".into()),
        localities: vec!["mezquitic".into()],
        revoked: Some(revoked()),
    }
}

fn revoked() -> Revoked {
    Revoked { seq: 139, reason: "Se extravió en El Mortero".into() }
}

fn segment() -> Segment {
    Segment { device: DEVICE, prev: [0x0e; 8], pack: ByteBuf::from(vec![1, 0, 0]) }
}

/// One line of each variant, every field said.
pub fn device_lines() -> Vec<DeviceLine> {
    let carried =
        Carried { device: OTHER, span: (2, 4), bytes: ByteBuf::from(vec![1, 2, 3]), prev: Some(HASH) };
    vec![
        DeviceLine::Enrolling(Enrolling {
            url: "https://cuadrilla.example".into(),
            municipality: 14061,
            office: SERVER,
            opening: Some(Opening(HASH)),
            salt: Some(KeySalt([8; 16])),
            name: "Cuadrilla 7".into(),
            label: PersonId([8; 16]),
            started_at_ms: AT_MS,
            continues: Some(continues()),
        }),
        DeviceLine::Enrolled(Enrolled {
            identity: identity(),
            epoch: EPOCH,
            at_ms: AT_MS,
            server_at_ms: AT_MS + 600,
        }),
        DeviceLine::Attempt(12),
        DeviceLine::Own(Own { device: DEVICE, runs: runs() }),
        DeviceLine::Contact(contact()),
        DeviceLine::Reset(Reset { to_line: 33, is_lost: true }),
        DeviceLine::Split(Split {
            at_ms: AT_MS,
            kept: CHECKPOINT.into(),
            shown: CHECKPOINT.replace("140", "139"),
        }),
        DeviceLine::Copy(Copy { runs: runs(), is_whole: true, revoked: Some(revoked()) }),
        DeviceLine::Receipt(ack()),
        DeviceLine::Carried(carried.clone()),
        DeviceLine::CarriedReceipt(Carried { prev: None, ..carried }),
        DeviceLine::CarriedBlob(CarriedBlob { sha256: HASH, bytes: 312_400, is_thumb: false, of: OTHER }),
    ]
}

fn identity() -> Identity {
    Identity {
        device: DEVICE,
        url: "https://cuadrilla.example".into(),
        municipality: 14061,
        municipality_name: "Mezquitic".into(),
        folio_prefix: "MZQ".into(),
        utc_offset: sync_core::time::UtcOffset::usual(14_061),
        letters: "A3".into(),
        name: "Cuadrilla 7".into(),
        label: PersonId([8; 16]),
        role: Role::Crew,
        crew: Some("C-07".into()),
        localities: vec!["mezquitic".into()],
        server_key: server_key().public(),
        log_verifier: VERIFIER.into(),
        salts: vec![KeySalt([8; 16])],
        names_before: vec![OTHER],
    }
}

fn contact() -> Contact {
    Contact {
        at_ms: AT_MS,
        server_at_ms: AT_MS + 600,
        epoch: EPOCH,
        server_seq: 140,
        cursors: scopes().into_iter().zip([140, 139, 138, 137, 136]).collect(),
        head_seq: 7,
        moves: vec![(Scope::Crew("C-07".into()), RECORD, false)],
        standing: standing(),
        checkpoint: CHECKPOINT.into(),
        is_whole: true,
    }
}

pub fn scopes() -> Vec<Scope> {
    vec![
        Scope::Catalog,
        Scope::Municipality,
        Scope::Crew("C-07".into()),
        Scope::Locality("mezquitic".into()),
        Scope::Device(DEVICE),
    ]
}

pub fn request() -> SyncRequest {
    SyncRequest {
        version: VERSION,
        municipality: 14061,
        device: DEVICE,
        office: SERVER,
        attempt: 12,
        written: 9,
        epoch: EPOCH,
        cursors: scopes().into_iter().map(|scope| (scope, 140)).collect(),
        aim_bytes: 262_144,
        own: Some(segment()),
        carried: vec![Segment { device: OTHER, ..segment() }],
        clock_ms: AT_MS,
        kept: ANCHOR,
        evidence: CHECKPOINT.into(),
        older: vec![Anchor { size: 120, ..ANCHOR }, Anchor { size: 90, ..ANCHOR }],
        placed: 2,
        one_by_one: true,
        about: Some(About {
            unsent: 5,
            photos: 1,
            program: "0.1.0".into(),
            program_hash: Some(HASH),
            free_bytes: Some(2_000_000_000),
            is_persistent: Some(true),
        }),
        people: people_mark(),
        named: vec![person()],
        blobs: vec![
            BlobAsk { sha256: HASH, r#use: BlobUse::Bring, of: Some(OTHER) },
            BlobAsk { sha256: HASH, r#use: BlobUse::Read, of: None },
        ],
    }
}

fn person() -> PersonName {
    PersonName { name: "Ana Ruiz".into(), key: NameKey([0x15; 32]) }
}

fn people_mark() -> PeopleMark {
    PeopleMark { count: 12, state: [0x16; 8] }
}

pub fn reply() -> SyncReply {
    SyncReply {
        version: VERSION,
        epoch: EPOCH,
        server_seq: 145,
        server_at_ms: AT_MS + 600,
        head_seq: 7,
        own: runs(),
        carried: vec![CarriedResult {
            device: OTHER,
            head_seq: 4,
            receipt: ByteBuf::from(carried_ack()),
            refused: Some("gap".into()),
        }],
        cursor: 145,
        scopes: scopes(),
        moves: vec![(2, RECORD, true)],
        pack: ByteBuf::from(vec![1, 0, 0]),
        more: true,
        fingerprints: vec![Fingerprint([0x13; 16]); 5],
        checkpoint: CHECKPOINT.into(),
        consistency: Some(vec![HASH]),
        standing: standing(),
        over_quota: false,
        from: Some(ANCHOR),
        ticket: "0123abcd".into(),
        people: Some(PeopleNews { mark: people_mark(), is_whole: true, names: vec![person()] }),
        blobs: vec![Some("00ff".into()), None],
        room: Some(40),
    }
}

fn ack() -> CarriedAck {
    CarriedAck {
        device: OTHER,
        epoch: EPOCH,
        head_seq: 4,
        runs: runs(),
        server_at_ms: AT_MS,
        head: [0x16; 8],
    }
}

/// A [`CarriedAck`] as it travels: its bytes, then the server's signature over them.
pub fn carried_ack() -> Vec<u8> {
    signed_ack(&ack())
}

pub fn signed_ack(ack: &CarriedAck) -> Vec<u8> {
    let mut bytes = rmp_serde::to_vec(ack).unwrap();
    let signature = server_key().sign(Purpose::Receipt, &[&bytes]);
    bytes.extend_from_slice(&signature.bytes);
    bytes
}

pub fn preview_request() -> PreviewRequest {
    PreviewRequest { version: VERSION, nonce: [0x15; 16], lock: Some(HASH) }
}

pub fn preview_reply() -> PreviewReply {
    PreviewReply {
        version: VERSION,
        municipality: 14061,
        name: "Mezquitic".into(),
        server_key: server_key().public(),
        offer: Some(Offer {
            role: "crew".into(),
            crew: Some("C-07".into()),
            localities: vec!["mezquitic".into()],
            expires_at_ms: AT_MS,
            is_open: true,
        }),
    }
}

pub fn enrol_request() -> EnrolRequest {
    EnrolRequest { version: VERSION, own: segment() }
}

pub fn enrol_reply() -> EnrolReply {
    EnrolReply {
        version: VERSION,
        municipality: 14061,
        name: "Mezquitic".into(),
        folio_prefix: "MZQ".into(),
        utc_offset_min: sync_core::time::UtcOffset::usual(14_061),
        letters: "A3".into(),
        role: "crew".into(),
        crew: Some("C-07".into()),
        localities: vec!["mezquitic".into()],
        server_key: server_key().public(),
        log_verifier: VERIFIER.into(),
        epoch: EPOCH,
        server_at_ms: AT_MS,
    }
}
