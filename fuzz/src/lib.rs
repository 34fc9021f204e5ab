//! What is done with hostile bytes: one function for each parser that outside bytes reach. Where a signature or a checksum
//! would stop them at the door, the harness signs them again, because an enrolled device may be hostile too.
//!
//! What decodes must encode to the same bytes where the form is canonical. Everything else: no panic, no overflow, and the
//! bounds on memory and time that the runner sets.

#[path = "../../sync-core/tests/valley/flows.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the core's own tests, of which this needs a part")]
mod flows;
#[path = "../../sync-core/tests/valley/harness.rs"]
mod harness;
pub mod seeds;
pub mod world;

use sync_core::act::Act;
use sync_core::chain::{decode_item, sign_head};
use sync_core::change::Change;
use sync_core::checkpoint::cosign::verify_cosignature;
use sync_core::checkpoint::{self, cosign::Witness};
use sync_core::crypto::SecretKey;
use sync_core::entry::ChainedEntry;
use sync_core::id::Hash;
use sync_core::line::Line;
use sync_core::link::InvitationLink;
use sync_core::notebook::{ImportFile, bundle as bundles};
use sync_core::office::refs::receiver;
use sync_core::office::{Checked, Office};
use sync_core::proof_file::ProofFile;
use sync_core::rows::{MemoryRows, Overlay};
use sync_core::rules::Rules;
use sync_core::wire::message::{
    EnrolRequest, Segment, SyncRequest, open_reply, open_request, request_hash, seal_request,
};
use sync_core::wire::msgpack;
use sync_core::wire::pack::{PackBody, change_hashes, pack as packed, unpack};

use world::{HOSTILE, NOW_MS, World, body_of, notebook, sign_reply, sign_request, with};

/// A frame as it comes over the network, request or reply.
pub fn frame(bytes: &[u8]) {
    let key = SecretKey::from_seed(&[HOSTILE; 32]).public();
    if let Ok(unverified) = open_request(bytes) {
        // Its errors are answers too.
        let _ = unverified.claimed_device();
        let _ = unverified.verify::<SyncRequest>(&key);
    }
    if let Ok(unverified) = open_reply(bytes, &Hash::ZERO) {
        let _ = unverified.verify::<SyncRequest>(&key);
    }
    with(|world| {
        let server = &world.valley.server;
        let _ = server.office.check_sync(&server.rows, bytes, NOW_MS);
        let _ = server.office.check_enrol(&server.rows, bytes, NOW_MS);
    });
}

/// The body of a sync request, signed by an enrolled device.
pub fn request(bytes: &[u8]) {
    with(|world| {
        let frame = sign_request(bytes);
        let checked = world.valley.server.office.check_sync(&world.valley.server.rows, &frame, NOW_MS);
        if let Ok(checked) = checked {
            admit(world, checked);
        }
        let Ok(mut body) = msgpack::from_slice::<SyncRequest>(bytes) else { return };
        (body.version, body.municipality, body.device) = (1, 14061, world.device);
        body.attempt = body.attempt.max(1_000);
        let frame = seal_request(&SecretKey::from_seed(&[HOSTILE; 32]), &body);
        let checked = world.valley.server.office.check_sync(&world.valley.server.rows, &frame, NOW_MS);
        if let Ok(checked) = checked {
            admit(world, checked);
        }
    });
}

/// Takes a checked request in and answers it, in an overlay that is thrown away.
fn admit(world: &mut World, checked: Checked) {
    let server = &world.valley.server;
    let mut office = Office::open(&server.rows, &harness::SEED).expect("its own rows read");
    let mut overlay = Overlay::new(&server.rows);
    let next = server.seq() + 1;
    let Ok(admitted) = office.admit(&mut overlay, next, NOW_MS, checked) else { return };
    let mut lines = server.lines.clone();
    lines.0.extend(admitted.lines.iter().cloned());
    for line in &admitted.lines {
        let read = Line::from_bytes(line).expect("the ledger reads what it keeps");
        assert_eq!(read.to_bytes(), *line, "a line of the ledger is canonical");
    }
    let seq = lines.0.len() as u64;
    office.reply(&overlay, &lines, seq, NOW_MS, &admitted).expect("what was taken in can be answered");
}

/// A pack whose entries are chained and signed again by an enrolled device: what it says goes before the judge.
pub fn segment(bytes: &[u8]) {
    with(|world| {
        let Some(segment) = chained_again(world, bytes) else { return };
        let own = segment.device == world.device;
        let mut body: SyncRequest =
            msgpack::from_slice(&body_of(&world.asked.frame)).expect("our own request");
        body.attempt = 1_000_000;
        (body.own, body.carried) = if own { (Some(segment), vec![]) } else { (None, vec![segment]) };
        let frame = seal_request(&SecretKey::from_seed(&[HOSTILE; 32]), &body);
        let checked = world.valley.server.office.check_sync(&world.valley.server.rows, &frame, NOW_MS);
        if let Ok(checked) = checked {
            admit(world, checked);
        }
    });
}

/// The items of a pack as the next entries of the hostile device's chain.
fn chained_again(world: &World, bytes: &[u8]) -> Option<Segment> {
    let rows = &world.valley.server.rows;
    let mut items: Vec<_> = unpack(bytes, &receiver(rows)).ok()?.into_iter().map(|one| one.item).collect();
    if items.is_empty() || items.len() > 64 {
        return None;
    }
    let asked: SyncRequest = msgpack::from_slice(&body_of(&world.asked.frame)).ok()?;
    let mine = asked.own?;
    let first = unpack(&mine.pack, &receiver(rows)).ok()?.first()?.item.header.clone();
    for (seq, item) in (first.seq..).zip(&mut items) {
        (item.receipt, item.signature) = (None, None);
        (item.header.device, item.header.seq, item.header.municipality) =
            (world.device, seq, first.municipality);
        if let PackBody::Change(change) = &mut item.body {
            change.device = world.device;
        }
    }
    let hashes = change_hashes(&items).ok()?;
    let unsigned = packed(&items, &hashes, &receiver(rows)).ok()?;
    let prev_row = sync_core::keys::entry(&world.device, first.seq - 1);
    let row: sync_core::fold::EntryRow = sync_core::rows::read(rows, &prev_row).ok()??;
    let mut head = row.hash?;
    for item in unpack(&unsigned, &receiver(rows)).ok()? {
        head = decode_item(item).ok()?.0.hash(&head);
    }
    let key = SecretKey::from_seed(&[HOSTILE; 32]);
    let last = items.last_mut()?;
    last.signature = Some(sign_head(&key, &world.device, last.header.seq, &head));
    let pack = packed(&items, &hashes, &receiver(rows)).ok()?;
    Some(Segment { device: world.device, prev: mine.prev, pack: pack.into() })
}

/// The body of a reply, signed by the server.
pub fn reply(bytes: &[u8]) {
    with(|world| {
        let frame = sign_reply(&request_hash(&world.asked.frame), bytes);
        let phone = &world.valley.one;
        let mut notebook = notebook(phone);
        if notebook.on_reply(&world.asked, &frame).is_ok() {
            let written = notebook.finish();
            let mut lines = phone.lines.clone();
            lines.0.extend(written.lines.iter().cloned());
            for line in &written.lines {
                Line::from_bytes(line).expect("the journal reads what it keeps");
            }
        }
    });
}

/// A pack.
pub fn pack(bytes: &[u8]) {
    let rows = MemoryRows::default();
    let Ok(items) = unpack(bytes, &receiver(&rows)) else { return };
    let items: Vec<_> = items.into_iter().map(|one| one.item).collect();
    let Ok(hashes) = change_hashes(&items) else { return };
    let Ok(again) = packed(&items, &hashes, &receiver(&rows)) else { return };
    let read = unpack(&again, &receiver(&rows)).expect("what was packed unpacks");
    assert!(read.into_iter().map(|one| one.item).eq(items), "a pack is read as it was written");
}

/// An entry, in the ledger's line and in its canonical bytes.
pub fn entry(bytes: &[u8]) {
    if let Ok(chained) = ChainedEntry::from_bytes(bytes) {
        let again = ChainedEntry::from_bytes(&chained.to_bytes()).expect("what was written reads");
        assert_eq!(again, chained);
    }
    if let Ok(line) = Line::from_bytes(bytes) {
        let again = Line::from_bytes(&line.to_bytes()).expect("what was written reads");
        assert_eq!(again, line);
    }
    let _ = sync_core::entry::Named::from_canonical(bytes);
    // Somebody else's ledger, as an auditor checks it.
    let _ = sync_core::verify::Verifier::default().take(1, bytes);
}

/// A change as a raw chunk.
pub fn change(bytes: &[u8]) {
    if let Ok(change) = Change::from_raw(bytes) {
        let raw = change.to_raw().expect("what was read can be rebuilt");
        assert_eq!(raw.bytes, bytes);
    }
    let _ = Change::read(bytes);
}

/// An act.
pub fn act(bytes: &[u8]) {
    if let Ok(act) = Act::from_bytes(bytes) {
        let again = Act::from_bytes(&act.to_bytes()).expect("what was written reads");
        assert_eq!(again, act);
    }
}

/// The body of a bundle file, under a checksum that holds.
pub fn bundle(bytes: &[u8]) {
    let _ = bundles::inspect(bytes);
    let mut sealed = b"CUADRB01".to_vec();
    sealed.extend_from_slice(&Hash::tagged("cuadrilla/bundle/v1", &[bytes]).0);
    sealed.extend_from_slice(bytes);
    if bundles::inspect(&sealed).is_ok() {
        with(|world| {
            let _ = notebook(&world.valley.two).bundle_import(&sealed);
        });
    }
}

/// A checkpoint with any signatures, a witness's key file and a proof in text.
pub fn checkpoint(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    with(|world| {
        let verifier = &world.valley.server.office.genesis().log_verifier;
        if let Ok(signed) = checkpoint::open(text, verifier)
            && let Ok(witness) = Witness::new("testigo", &[7; 32])
            && let Ok(cosigned) = witness.cosign(&signed, 1_795_000_000)
        {
            verify_cosignature(&cosigned, &witness.verifier()).expect("what was cosigned verifies");
            checkpoint::verify(&cosigned, verifier).expect("a cosignature spoils nothing");
        }
        let _ = verify_cosignature(text, verifier);
    });
    // A key of anybody's, in place of the log's.
    let _ = checkpoint::verify("x", text);
    let _ = Witness::from_text(text);
    if let Some(proof) = sync_core::proof_file::TlogProof::from_text(text) {
        let again = sync_core::proof_file::TlogProof::from_text(&proof.to_text()).expect("it reads again");
        assert_eq!(again, proof);
    }
}

/// A proof file.
pub fn proof(bytes: &[u8]) {
    if let Ok(file) = ProofFile::from_bytes(bytes) {
        with(|world| {
            let _ = file.check(&world.valley.server.office.genesis().log_verifier);
        });
        let _ = file.check(&file.log_verifier);
    }
}

/// An invitation link.
pub fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(link) = text.parse::<InvitationLink>() {
        let again: InvitationLink = link.to_string().parse().expect("what was written reads");
        assert_eq!(again, link);
    }
    if let Some(place) = sync_core::merkle::tile::Place::from_path(text) {
        assert_eq!(sync_core::merkle::tile::Place::from_path(&place.path()), Some(place));
    }
}

/// A rule file: a kind of work, the steps or the measures.
pub fn rule(bytes: &[u8]) {
    let Ok(json) = std::str::from_utf8(bytes) else { return };
    for name in ["steps", "measures", "work/bomba"] {
        let mut rules = Rules::default();
        if rules.add(name, json).is_ok() {
            let _ = (rules.find_kind("bomba"), rules.find_measure("caudal"));
        }
    }
}

/// An import file, YAML or JSON, and what the notebook makes of it.
pub fn import(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // As `crew import` reads it: JSON by its first character, else YAML within a budget.
    let file: Option<ImportFile> = if text.trim_start().starts_with(['{', '[']) {
        serde_json::from_str(text).ok()
    } else {
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_nodes: 2_000_000,
                max_events: 4_000_000,
                max_depth: 32,
                max_documents: 1,
            },
            with_snippet: false,
        };
        serde_saphyr::from_str_with_options(text, options).ok()
    };
    let Some(file) = file else { return };
    with(|world| {
        let _ = notebook(&world.valley.dispatch).import(&file);
    });
}

/// The entry of an enrolment by somebody who has an unused code, signed as it must be.
pub fn enrolment(bytes: &[u8]) {
    let seed = [77; 32];
    let key = SecretKey::from_seed(&seed);
    with(|world| {
        let server = &world.valley.server;
        let _ = server.office.check_enrol(&server.rows, bytes, NOW_MS);
        let Some(segment) = enrolling(world, bytes, &key) else { return };
        let frame = seal_request(&key, &EnrolRequest { version: 1, own: segment });
        let checked = world.valley.server.office.check_enrol(&world.valley.server.rows, &frame, NOW_MS);
        if let Ok(checked) = checked {
            assert_eq!(checked.request, request_hash(&frame));
            admit(world, checked);
        }
    });
}

fn enrolling(world: &World, bytes: &[u8], key: &SecretKey) -> Option<Segment> {
    let rows = &world.valley.server.rows;
    let mut items: Vec<_> = unpack(bytes, &receiver(rows)).ok()?.into_iter().map(|one| one.item).collect();
    items.truncate(2);
    let device = items.first()?.header.device;
    for item in &mut items {
        (item.receipt, item.signature) = (None, None);
        if let PackBody::Act(act) = &mut item.body
            && let Ok(Act::Enrol { code, key: theirs, name, continues }) = Act::from_bytes(act)
        {
            let code = if code.len() % 2 == 0 { world.code.clone() } else { code };
            let _ = theirs;
            *act = Act::Enrol { code, key: key.public(), name, continues }.to_bytes();
        }
    }
    let hashes = change_hashes(&items).ok()?;
    let unsigned = packed(&items, &hashes, &receiver(rows)).ok()?;
    let mut head = Hash::ZERO;
    for item in unpack(&unsigned, &receiver(rows)).ok()? {
        head = decode_item(item).ok()?.0.hash(&head);
    }
    let last = items.last_mut()?;
    last.signature = Some(sign_head(key, &device, last.header.seq, &head));
    let pack = packed(&items, &hashes, &receiver(rows)).ok()?;
    Some(Segment { device, prev: [0; 8], pack: pack.into() })
}

/// A chunk file of a ledger: reading only and opening must agree, and a second opening finds nothing to mend.
pub fn ledger(bytes: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder");
    }
    FOLDER.with(|folder| {
        let ledger = folder.path().join("ledger");
        let _ = std::fs::remove_dir_all(folder.path().join("set-aside"));
        std::fs::create_dir_all(&ledger).expect("a folder");
        std::fs::write(ledger.join("00000000000000000001.log"), bytes).expect("a file");
        let read_only = store::Ledger::open_read_only(folder.path());
        let opened = store::Ledger::open(folder.path(), &store::LedgerOptions::default());
        match (read_only, opened) {
            (Ok(seen), Ok((mut opened, repair))) => {
                assert_eq!(seen.reader.end(), opened.end());
                assert_eq!(seen.tail_bytes_ignored, repair.map_or(0, |repair| repair.bytes));
                opened.append(&[b"on".to_vec()]).expect("it goes on");
                let end = opened.end();
                drop(opened);
                let (again, repair) =
                    store::Ledger::open(folder.path(), &store::LedgerOptions::default()).expect("it opens");
                assert_eq!((again.end(), repair), (end, None));
            }
            (Err(_), Err(_)) => {}
            (seen, opened) => panic!("reading only and opening differ: {seen:?}, {opened:?}"),
        }
        std::fs::remove_dir_all(&ledger).expect("the folder goes");
    });
}
