//! Seeds: valid bytes of each form, to begin from.

use sync_core::crypto::SecretKey;
use sync_core::log::entry::Body;
use sync_core::log::line::Line;
use sync_core::log::merkle::prove_inclusion;
use sync_core::log::proof_file::{About, Collector};
use sync_core::msgpack;
use sync_core::record::change::Change;
use sync_core::replica::preview::Host;
use sync_core::state::refs::receiver;
use sync_core::wire::message::{EnrolRequest, SyncRequest};
use sync_core::wire::pack::{PackBody, PackItem, change_hashes, pack};

use crate::world::{World, body_of, replica, with};

/// Name of a target, and bytes.
pub type Seed = (&'static str, Vec<u8>);

/// Returns all of them.
///
/// # Panics
/// If the world does not work.
pub fn all() -> Vec<Seed> {
    with(make)
}

fn make(world: &mut World) -> Vec<Seed> {
    let request = world.asked.frame.clone();
    let reply = world.answered();
    let body: SyncRequest = msgpack::from_slice(&body_of(&request)).expect("our own request");
    let pack = body.own.expect("it brings work").pack.into_vec();
    let mut seeds = vec![
        ("frame", request.clone()),
        ("request", body_of(&request)),
        ("reply", body_of(&reply)),
        ("pack", pack.clone()),
        ("work", [&[0], pack.as_slice()].concat()),
        ("segment", pack),
    ];
    let bundle = world.town.one.bundle().bytes;
    seeds.push(("bundle", bundle[40..].to_vec()));
    seeds.push(("bundle", bundle));
    for line in &world.town.server.lines.0 {
        seeds.push(("entry", line.clone()));
        if let Ok(Line::Entry { chained, .. }) = Line::from_bytes(line) {
            let form = if chained.entry.header.record.0 == [0; 16] { "act" } else { "change" };
            seeds.push((form, chained.entry.body.bytes().to_vec()));
            seeds.push(("entry", chained.to_bytes()));
        }
    }
    let server = &world.town.server;
    let note = server.hub.checkpoint(&server.rows, server.seq()).expect("a checkpoint");
    seeds.push(("checkpoint", note.into_bytes()));
    seeds.push(("checkpoint", server.hub.genesis().log_verifier.clone().into_bytes()));
    seeds.extend(others(world));
    seeds.push(("proof", proof(world)));
    seeds.push(("link", b"cuadrilla:https://cuadrilla.example#K7QM-2XWD-9RTF.FN5SWAVH5JAGA3DT".to_vec()));
    seeds.push(("link", b"tile/1/x001/234.p/56".to_vec()));
    // A question of each kind; with a byte of each answer changed; and with each kind of lie in the first.
    for kind in 0..5 {
        let question = [1, 2, 3, 1, 2, 2, 1, 2, 1, kind];
        let lying = |answer, how| ("tiles", [question.as_slice(), &[answer, how, 0, 9, 1]].concat());
        seeds.push(("tiles", question.to_vec()));
        seeds.extend((0..5).map(|answer| lying(answer, 0)));
        seeds.push(lying(0, 1 + kind));
    }
    seeds.push(("enrolment", enrolment(world)));
    seeds.extend(ledger(&world.town.server.lines.0));
    seeds
}

/// Returns what others wrote and did, each as if the hostile device had: it is signed again on its way.
fn others(world: &World) -> Vec<Seed> {
    let lines = &world.town.server.lines.0;
    let packed = |line: &Vec<u8>| {
        let Ok(Line::Entry { chained, .. }) = Line::from_bytes(line) else { return None };
        let body = match chained.entry.body {
            Body::Change(raw) => PackBody::Change(Change::from_raw(&raw.bytes).ok()?),
            Body::Act(bytes) => PackBody::Act(bytes),
        };
        let item = PackItem { header: chained.entry.header, body, receipt: None, signature: None };
        let items = [item];
        let bytes = pack(&items, &change_hashes(&items).ok()?, &receiver(&world.town.server.rows)).ok()?;
        // Of the record that the entry names.
        Some(("work", [&[2], bytes.as_slice()].concat()))
    };
    lines.iter().filter_map(packed).collect()
}

/// Returns the pack of a new device's first entry.
fn enrolment(world: &World) -> Vec<u8> {
    let key = SecretKey::from_seed(&[77; 32]);
    let phone = crate::harness::Phone::new(77);
    let mut replica = replica(&phone);
    let genesis = world.town.server.hub.genesis();
    let host = Host { municipality: genesis.municipality, name: genesis.name.clone(), key: genesis.key };
    replica.enrol_start("http://x", &host, world.opening, "Nuevo").expect("an enrolment");
    let signed = replica.enrolment(&key.public()).expect("an entry").by(&key);
    let frame = signed.into_draft().expect("a request").by(&key).into_frame();
    let request: EnrolRequest = msgpack::from_slice(&body_of(&frame)).expect("our own request");
    request.own.pack.into_vec()
}

/// Returns the proof file of the order that was worked on, made from the ledger.
fn proof(world: &World) -> Vec<u8> {
    let server = &world.town.server;
    let size = server.seq();
    let entries: Vec<_> = server
        .lines
        .0
        .iter()
        .filter_map(|line| match Line::from_bytes(line) {
            Ok(Line::Entry { receipt, chained }) => Some((receipt, chained)),
            _ => None,
        })
        .collect();
    let worked_on = entries.iter().rfind(|(_, chained)| matches!(chained.entry.body, Body::Change(_)));
    let (_, worked_on) = worked_on.expect("a ledger with work");
    let mut collector = Collector::new(worked_on.entry.header.record, size, None);
    entries.iter().for_each(|(receipt, chained)| collector.take(receipt.as_ref(), chained));
    let about = About {
        municipality: server.hub.genesis().municipality,
        folio: "MZQ-26-AA-0001".into(),
        log_verifier: server.hub.genesis().log_verifier.clone(),
        checkpoint: server.hub.checkpoint(&server.rows, size).expect("a checkpoint"),
    };
    let prove = &mut |seq| prove_inclusion(&server.rows, size, seq);
    serde_json::to_vec(&collector.finish(about, prove).expect("a proof file")).expect("it has a form")
}

/// Returns a chunk file, whole and cut.
fn ledger(lines: &[Vec<u8>]) -> Vec<Seed> {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut ledger, _) =
        store_disk::Ledger::open(folder.path(), &store_disk::LedgerOptions::default()).expect("a ledger");
    for append in lines.chunks(2).take(4) {
        let short: Vec<Vec<u8>> = append.iter().map(|line| line[..line.len().min(60)].to_vec()).collect();
        ledger.append(&short).expect("an append");
    }
    let bytes = std::fs::read(folder.path().join("ledger/00000000000000000001.log")).expect("the chunk");
    vec![("ledger", bytes[..bytes.len() - 7].to_vec()), ("ledger", bytes)]
}
