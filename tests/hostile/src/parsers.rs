//! Parsers: bytes as they come. If the form is canonical, what decodes must encode to the same bytes.

use sync_core::crypto::SecretKey;
use sync_core::id::Hash;
use sync_core::link::InvitationLink;
use sync_core::log::act::Act;
use sync_core::log::checkpoint::cosign::verify_cosignature;
use sync_core::log::checkpoint::{self, cosign::Witness};
use sync_core::log::entry::ChainedEntry;
use sync_core::log::line::{Line, Lines as _};
use sync_core::log::merkle::leaf_of_line;
use sync_core::log::proof_file::ProofFile;
use sync_core::record::change::Change;
use sync_core::replica::{ImportFile, bundle as bundles};
use sync_core::rows::MemoryRows;
use sync_core::rules::Rules;
use sync_core::source::{self, Form};
use sync_core::state::refs::receiver;
use sync_core::wire::message::{SyncRequest, open_reply, open_request};
use sync_core::wire::pack::{change_hashes, pack as packed, unpack};

use crate::world::{HOSTILE, NOW_MS, replica, with};

/// Tries a signed message as it comes over the network, request or reply.
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
        let server = &world.town.server;
        let _ = server.hub.check_sync(&server.rows, bytes, NOW_MS);
        let _ = server.hub.check_enrol(&server.rows, bytes, NOW_MS);
    });
}

/// Tries a pack.
pub fn pack(bytes: &[u8]) {
    let rows = MemoryRows::default();
    let Ok(items) = unpack(bytes, &receiver(&rows)) else { return };
    let items: Vec<_> = items.into_iter().map(|one| one.item).collect();
    let Ok(hashes) = change_hashes(&items) else { return };
    let Ok(again) = packed(&items, &hashes, &receiver(&rows)) else { return };
    let read = unpack(&again, &receiver(&rows)).expect("what was packed unpacks");
    assert!(read.into_iter().map(|one| one.item).eq(items), "a pack is read as it was written");
}

/// Tries an entry, in the ledger's line and in its canonical bytes.
pub fn entry(bytes: &[u8]) {
    if let Ok(chained) = ChainedEntry::from_bytes(bytes) {
        let again = ChainedEntry::from_bytes(&chained.to_bytes()).expect("what was written reads");
        assert_eq!(again, chained);
    }
    if let Ok(line) = Line::from_bytes(bytes) {
        let again = Line::from_bytes(&line.to_bytes()).expect("what was written reads");
        assert_eq!(again, line);
    }
    let _ = sync_core::log::entry::Named::from_canonical(bytes);
    // Another party's ledger, as an auditor checks it.
    let _ = sync_core::log::verify::Verifier::default().take(1, bytes);
}

/// Tries a change as a raw chunk.
pub fn change(bytes: &[u8]) {
    if let Ok(change) = Change::from_raw(bytes) {
        let raw = change.to_raw().expect("what was read can be rebuilt");
        assert_eq!(raw.bytes, bytes);
    }
    let _ = Change::read(bytes);
}

/// Tries an act.
pub fn act(bytes: &[u8]) {
    if let Ok(act) = Act::from_bytes(bytes) {
        let again = Act::from_bytes(&act.to_bytes()).expect("what was written reads");
        assert_eq!(again, act);
    }
}

/// Tries the body of a bundle file, under a checksum that holds.
pub fn bundle(bytes: &[u8]) {
    let _ = bundles::inspect(bytes);
    let mut sealed = b"CUADRB01".to_vec();
    sealed.extend_from_slice(&Hash::tagged("cuadrilla/bundle/v1", &[bytes]).0);
    sealed.extend_from_slice(bytes);
    if bundles::inspect(&sealed).is_ok() {
        with(|world| {
            let _ = replica(&world.town.two).bundle_import(&sealed);
        });
    }
}

/// Tries a checkpoint with any signatures, a witness's key file and a proof in text.
pub fn checkpoint(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    with(|world| {
        let verifier = &world.town.server.hub.genesis().log_verifier;
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
    if let Some(proof) = sync_core::log::proof_file::TlogProof::from_text(text) {
        let again =
            sync_core::log::proof_file::TlogProof::from_text(&proof.to_text()).expect("it reads again");
        assert_eq!(again, proof);
    }
}

/// Tries a proof file. Whatever it contains, what it proves under the log's key is in the log.
pub fn proof(bytes: &[u8]) {
    let Ok(file) = ProofFile::from_bytes(bytes) else { return };
    with(|world| {
        let server = &world.town.server;
        let Ok(checked) = file.check(&server.hub.genesis().log_verifier) else { return };
        for change in checked.changes {
            let line = server.lines.line(change.leaf.seq).expect("a number that the log has");
            let leaf = leaf_of_line(&line).expect("the log has an entry there");
            assert_eq!(leaf, change.leaf.to_bytes(), "a proof of a lie");
            let Ok(Line::Entry { chained, .. }) = Line::from_bytes(&line) else { unreachable!() };
            assert_eq!(chained.entry, change.entry, "a proof of a lie");
        }
    });
    let _ = file.check(&file.log_verifier);
}

/// Tries an invitation link.
pub fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(link) = text.parse::<InvitationLink>() {
        let again: InvitationLink = link.to_string().parse().expect("what was written reads");
        assert_eq!(again, link);
    }
    if let Some(place) = sync_core::log::merkle::tile::Place::from_path(text) {
        assert_eq!(sync_core::log::merkle::tile::Place::from_path(&place.path()), Some(place));
    }
}

/// Tries a rule file: a kind of work, the steps or the measures.
pub fn rule(bytes: &[u8]) {
    let Ok(json) = std::str::from_utf8(bytes) else { return };
    for name in ["steps", "measures", "work/bomba"] {
        let mut rules = Rules::default();
        if rules.add(name, json).is_ok() {
            let _ = (rules.find_kind("bomba"), rules.find_measure("caudal"));
        }
    }
}

/// Tries an import file, YAML or JSON, and what the replica makes of it.
pub fn import(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // As `crew import` reads it: JSON by its first character, else YAML within a budget.
    let form = if text.trim_start().starts_with(['{', '[']) { Form::Json } else { Form::Yaml };
    let Ok(value) = source::read(text, form) else { return };
    let file = match ImportFile::try_from(value) {
        Ok(file) => file,
        Err(violation) => {
            let spot = source::spot(text, &violation.path);
            return assert!(spot.line > 0 && spot.column > 0, "a place has a line and a column");
        }
    };
    with(|world| {
        let _ = replica(&world.town.dispatch).import(&file);
    });
}

/// Tries a chunk file of a ledger: reading only and opening must agree, and a second opening finds nothing to
/// repair.
pub fn ledger(bytes: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder");
    }
    FOLDER.with(|folder| {
        let ledger = folder.path().join("ledger");
        let _ = std::fs::remove_dir_all(folder.path().join("set-aside"));
        std::fs::create_dir_all(&ledger).expect("a folder");
        std::fs::write(ledger.join("00000000000000000001.log"), bytes).expect("a file");
        let read_only = store_disk::Ledger::open_read_only(folder.path());
        let opened = store_disk::Ledger::open(folder.path(), &store_disk::LedgerOptions::default());
        match (read_only, opened) {
            (Ok(seen), Ok((mut opened, repair))) => {
                assert_eq!(seen.reader.end(), opened.end());
                assert_eq!(seen.tail_bytes_ignored, repair.map_or(0, |repair| repair.bytes));
                opened.append(&[b"on".to_vec()]).expect("it goes on");
                let end = opened.end();
                drop(opened);
                let (again, repair) =
                    store_disk::Ledger::open(folder.path(), &store_disk::LedgerOptions::default())
                        .expect("it opens");
                assert_eq!((again.end(), repair), (end, None));
            }
            (Err(_), Err(_)) => {}
            (seen, opened) => panic!("reading only and opening differ: {seen:?}, {opened:?}"),
        }
        std::fs::remove_dir_all(&ledger).expect("the folder goes");
    });
}
