//! Photos: who may bring and read one, what the ledger says of them, and what is left of one that was erased.

use sync_core::id::{DeviceId, Hash};
use sync_core::limits::BLOB_ASKS_MAX;
use sync_core::log::act::{Erasure, Role, StoredBlob};
use sync_core::replica::evidence::NewPhoto;
use sync_core::replica::sync::driver::{BlobWants, Driver, End, Goal, Terms};
use sync_core::replica::sync::reply::BlobTicket;
use sync_core::replica::{Bundle, BundledPhoto, ReplicaError};
use sync_core::wire::message::BlobUse;

use crate::flows::{Town, invite, pump_order, town};
use crate::harness::{Phone, Server, served};

fn hash(name: u8) -> Hash {
    Hash([name; 32])
}

fn photo(name: u8) -> NewPhoto {
    NewPhoto {
        what: "after".into(),
        sha256: hash(name),
        bytes: 300_000,
        media_type: "image/jpeg".into(),
        size: (1_600, 1_200),
        thumb: Some((hash(name + 100), 9_000)),
        original: None,
        taken_at_ms: 1_795_000_000_000,
        place: None,
        caption: Some("el tanque".into()),
        post: None,
    }
}

fn device(phone: &mut Phone) -> DeviceId {
    phone.act(|replica| Ok(replica.identity()?.device)).unwrap()
}

/// Syncs, and returns the tickets of the last reply: what for, by blob.
fn tickets(phone: &mut Phone, server: &mut Server, wants: BlobWants) -> Vec<BlobTicket> {
    let mut driver = Driver::new(Goal::Sync, Terms::default()).wanting(wants);
    let end = phone.drive(&mut driver, &mut |route, frame| served(server, route, frame)).unwrap();
    assert_eq!(end, End::Finished);
    driver.outcome().blobs.clone()
}

fn bring(phone: &mut Phone, server: &mut Server) -> Vec<Hash> {
    let wants = BlobWants { photos: true, ..BlobWants::default() };
    let all = tickets(phone, server, wants);
    all.iter().filter(|one| one.r#use == BlobUse::Bring).map(|one| one.sha256).collect()
}

fn may_read(phone: &mut Phone, server: &mut Server, name: u8) -> bool {
    let wants = BlobWants { reads: vec![hash(name)], ..BlobWants::default() };
    let all = tickets(phone, server, wants);
    all.iter().any(|one| one.r#use == BlobUse::Read && one.sha256 == hash(name))
}

fn keep(server: &mut Server, of: DeviceId, names: &[u8]) {
    let blobs: Vec<StoredBlob> =
        names.iter().map(|name| StoredBlob { sha256: hash(*name), bytes: 300_000, of }).collect();
    server.write(|hub, overlay, next, now| hub.say_stored(overlay, next, now, &blobs).unwrap());
}

/// A bundle with the photos that the device has to bring.
fn bundle_of(phone: &mut Phone) -> Bundle {
    let seed = [phone.number; 32];
    phone
        .act(|replica| {
            let key = replica.key(&seed);
            let runs = replica.bundle_runs()?.into_iter().map(|run| run.by(&key)).collect();
            let blobs = replica.blobs_to_bring(true)?.into_iter();
            let photos = blobs.map(|blob| BundledPhoto { blob, bytes: vec![0; 8].into() });
            replica.bundle_export_with(runs, photos.collect())
        })
        .unwrap()
}

fn noted() -> (Town, String) {
    let mut town = town();
    let folio = pump_order(&mut town);
    town.one.act(|replica| replica.add_photo(&folio, &photo(1))).unwrap();
    town.one.act(|replica| replica.add_photo(&folio, &photo(2))).unwrap();
    (town, folio)
}

#[test]
fn the_author_brings_small_forms_first_and_stops_when_the_ledger_says_that_they_are_there() {
    let (mut town, folio) = noted();
    let one = device(&mut town.one);
    // One round trip: the entries, and with its reply the tickets.
    assert_eq!(bring(&mut town.one, &mut town.server), [hash(102), hash(101), hash(2), hash(1)]);
    assert_eq!(town.dispatch.sync(&mut town.server), 1);
    let shown = town.dispatch.show(&folio);
    assert_eq!(
        (&shown["photos"][0]["at_office"], &shown["photos"][0]["erased"]),
        (&false.into(), &().into())
    );

    // What is not on the device any more takes no room among the few that a request asks for.
    let wants = BlobWants { photos: true, absent: vec![hash(101), hash(1)], ..BlobWants::default() };
    let here = tickets(&mut town.one, &mut town.server, wants);
    assert_eq!(here.iter().map(|one| one.sha256).collect::<Vec<_>>(), [hash(102), hash(2)]);

    keep(&mut town.server, one, &[101, 102, 2]);
    assert_eq!(bring(&mut town.one, &mut town.server), [hash(1)]);
    let free = town.one.act(|replica| replica.to_free(&[hash(1), hash(2)])).unwrap();
    assert_eq!(free, [hash(2)], "only what the ledger says may go");
    let lines = town.server.seq();
    keep(&mut town.server, one, &[2]);
    assert_eq!(town.server.seq(), lines, "it is said once");
    keep(&mut town.server, one, &[1]);
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    assert!(bring(&mut town.one, &mut town.server).is_empty());
    for phone in [&mut town.one, &mut town.dispatch] {
        assert_eq!(phone.show(&folio)["photos"][1]["at_office"], true);
    }
    assert_eq!(
        town.one.rebuilt(),
        crate::harness::swept(town.one.rows.clone()),
        "it follows from the journal"
    );
}

#[test]
fn nobody_else_brings_or_reads() {
    let (mut town, folio) = noted();
    town.one.sync(&mut town.server);
    let one = device(&mut town.one);
    // Before the author brought it, it is nowhere to be read; to name it oneself opens nothing.
    assert!(!may_read(&mut town.dispatch, &mut town.server, 1));
    let secret = invite(&mut town.admin, &mut town.server, Role::Crew, Some("C-09"));
    let mut stranger = Phone::new(9);
    stranger.enrol(&mut town.server, &secret, "Cuadrilla 9");
    keep(&mut town.server, one, &[1, 101]);
    assert!(!may_read(&mut stranger, &mut town.server, 1), "another crew's order");
    assert!(may_read(&mut town.two, &mut town.server, 1), "a colleague of the crew");
    assert!(may_read(&mut town.dispatch, &mut town.server, 1));
    assert!(!may_read(&mut town.dispatch, &mut town.server, 77), "what nobody names");
    // Naming another's photo on an order of one's own gives no right to its bytes.
    let order = sync_core::replica::NewOrder {
        kind: "bomba".into(),
        crew: Some("C-09".into()),
        ..Default::default()
    };
    let own = town.dispatch.act(|replica| replica.order_new(&order)).unwrap();
    town.dispatch.sync(&mut town.server);
    stranger.sync(&mut town.server);
    stranger.act(|replica| replica.add_photo(&own.folio, &photo(1))).unwrap();
    stranger.sync(&mut town.server);
    assert!(!may_read(&mut stranger, &mut town.server, 1), "its author did not bring it");
    assert_eq!(bring(&mut stranger, &mut town.server).len(), 2, "it may bring its own copy");
    let _ = folio;
}

#[test]
fn a_carrier_brings_what_the_entries_that_it_carried_name_after_its_own() {
    let (mut town, folio) = noted();
    town.two.sync(&mut town.server);
    town.two.act(|replica| replica.add_photo(&folio, &photo(3))).unwrap();
    let one = device(&mut town.one);
    let bundle = bundle_of(&mut town.one);
    assert_eq!(bundle.counts.photos, 4);
    assert!(
        matches!(sync_core::replica::bundle::photos(&bundle.bytes), Err(ReplicaError::Bundle(_))),
        "not those"
    );
    town.two.act(|replica| replica.bundle_import(&bundle.bytes)).unwrap();
    let asked = bring(&mut town.two, &mut town.server);
    assert_eq!((asked.len(), &asked[..2]), (6, &[hash(103), hash(3)][..]), "its own are older, and go first");
    let two = device(&mut town.two);
    keep(&mut town.server, two, &[3, 103]);
    keep(&mut town.server, one, &[1, 2, 101, 102]);
    town.one.sync(&mut town.server);
    assert!(bring(&mut town.one, &mut town.server).is_empty(), "the author hears that they are there");
    assert!(bring(&mut town.two, &mut town.server).is_empty());
}

/// The author brought its entries over a poor link, without photos, and may never come again.
#[test]
fn who_carries_a_photo_whose_entry_came_another_way_brings_it_and_hears_of_it() {
    let (mut town, folio) = noted();
    town.one.act(|replica| replica.add_photo(&folio, &photo(3))).unwrap();
    let secret = invite(&mut town.admin, &mut town.server, Role::Crew, Some("C-09"));
    let mut other = Phone::new(9);
    other.enrol(&mut town.server, &secret, "Cuadrilla 9");
    let one = device(&mut town.one);
    let bundle = bundle_of(&mut town.one);
    town.one.sync(&mut town.server);
    other.act(|replica| replica.bundle_import(&bundle.bytes)).unwrap();
    let all = [hash(103), hash(102), hash(101), hash(3), hash(2), hash(1)];
    assert_eq!(bring(&mut other, &mut town.server), all);
    keep(&mut town.server, one, &[1, 101]);
    town.admin.sync(&mut town.server);
    let second = town.admin.show(&folio)["photos"][1]["number"].as_str().unwrap().to_owned();
    town.admin.act(|replica| replica.erase_photo(&folio, &second, Erasure::Asked)).unwrap();
    town.admin.sync(&mut town.server);
    // It sees nothing of that order: what became of what it carries, it is told because it asks.
    assert_eq!(bring(&mut other, &mut town.server), [hash(103), hash(3)]);
    assert_eq!(other.act(|replica| replica.to_free(&all)).unwrap(), [hash(101), hash(1)]);
    assert_eq!(other.act(|replica| replica.unnamed(&[hash(3), hash(9)])).unwrap(), [hash(9)]);
    // Who carried it keeps no copy of what is there, and none of what was erased.
    let gone = other.act(|replica| replica.to_delete(&all)).unwrap();
    assert_eq!(gone, [hash(102), hash(101), hash(2), hash(1)]);
    crate::trust::assert_rebuilds(&town.server, &[&other]);
    // A revoked one brings only what it carried to the office itself.
    let name = device(&mut other);
    town.admin.act(|replica| replica.revoke(&name, None, "robado")).unwrap();
    town.admin.sync(&mut town.server);
    assert!(bring(&mut other, &mut town.server).is_empty());
}

/// A device that was revoked built a photo on a note that is dismissed: the supervisor's device writes the photo again,
/// and never had its bytes.
#[test]
fn a_photo_that_is_written_again_is_its_authors_to_bring_and_its_readers_to_read() {
    for is_kept_first in [true, false] {
        let mut town = town();
        let folio = pump_order(&mut town);
        town.one.act(|replica| replica.note(&folio, "otra bomba")).unwrap();
        town.one.act(|replica| replica.add_photo(&folio, &photo(1))).unwrap();
        let one = device(&mut town.one);
        town.admin.act(|replica| replica.revoke(&one, None, "robado")).unwrap();
        town.admin.sync(&mut town.server);
        assert_eq!(bring(&mut town.one, &mut town.server).len(), 2);
        if is_kept_first {
            keep(&mut town.server, one, &[1, 101]);
        }
        town.admin.sync(&mut town.server);
        let held: Vec<u64> = town
            .admin
            .act(|replica| Ok(replica.view().quarantine()?))
            .unwrap()
            .iter()
            .map(|one| one.id)
            .collect();
        town.admin.act(|replica| replica.dismiss(&held[..1], "no es de esta bomba")).unwrap();
        town.admin.sync(&mut town.server);
        let decided = town.admin.act(|replica| replica.release(&held[1..], "sí se hizo")).unwrap();
        assert_eq!(decided.written_again.len(), 1);
        town.admin.sync(&mut town.server);
        town.two.sync(&mut town.server);
        if !is_kept_first {
            assert!(!may_read(&mut town.two, &mut town.server, 1));
            assert_eq!(bring(&mut town.one, &mut town.server).len(), 2);
            keep(&mut town.server, one, &[1, 101]);
        }
        for phone in [&mut town.two, &mut town.dispatch, &mut town.admin] {
            phone.sync(&mut town.server);
            assert_eq!(phone.show(&folio)["photos"][0]["at_office"], true);
            assert!(may_read(phone, &mut town.server, 1));
        }
        assert!(bring(&mut town.admin, &mut town.server).is_empty());
        let waits = town.admin.act(|replica| replica.to_bring(true)).unwrap();
        assert_eq!(waits, [], "it never had the bytes");
        crate::trust::assert_rebuilds(&town.server, &[&town.two, &town.admin, &town.dispatch]);
    }
}

#[test]
fn a_revoked_device_reads_nothing_and_brings_what_its_kept_entries_name() {
    let (mut town, _) = noted();
    let one = device(&mut town.one);
    town.admin.act(|replica| replica.revoke(&one, None, "robado")).unwrap();
    town.admin.sync(&mut town.server);
    assert_eq!(bring(&mut town.one, &mut town.server).len(), 4);
    keep(&mut town.server, one, &[1]);
    assert!(!may_read(&mut town.one, &mut town.server, 1));
    assert!(may_read(&mut town.admin, &mut town.server, 1), "who decides about it sees it");
    assert!(!may_read(&mut town.two, &mut town.server, 1), "for the crew it does not count");
}

#[test]
fn what_is_erased_is_gone_for_good_and_the_history_says_so() {
    let (mut town, folio) = noted();
    let secret = invite(&mut town.admin, &mut town.server, Role::Supervisor, None);
    let mut boss = Phone::new(8);
    boss.enrol(&mut town.server, &secret, "Supervisión");
    town.one.sync(&mut town.server);
    let one = device(&mut town.one);
    keep(&mut town.server, one, &[1, 2, 101, 102]);
    boss.sync(&mut town.server);
    let number = boss.show(&folio)["photos"][0]["number"].as_str().unwrap().to_owned();
    let refused = town.two.act(|replica| replica.erase_photo(&folio, &number, Erasure::Bystander));
    assert!(refused.is_err(), "a crew erases nothing");
    let gone = boss.act(|replica| replica.erase_photo(&folio, &number, Erasure::Bystander)).unwrap();
    assert_eq!(gone, [hash(1), hash(101)]);
    boss.sync(&mut town.server);
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    for phone in [&mut town.one, &mut town.dispatch, &mut boss] {
        assert!(!may_read(phone, &mut town.server, 1));
        assert_eq!(phone.show(&folio)["photos"][0]["erased"]["reason"], "bystander");
        assert_eq!(phone.act(|replica| replica.to_delete(&[hash(1), hash(2)])).unwrap(), [hash(1)]);
    }
    assert!(bring(&mut town.one, &mut town.server).is_empty(), "and is not brought again");
    // A crew that gets the order later is told as well.
    let secret = invite(&mut town.admin, &mut town.server, Role::Crew, Some("C-12"));
    let mut later = Phone::new(12);
    later.enrol(&mut town.server, &secret, "Cuadrilla 12");
    town.dispatch.sync(&mut town.server);
    town.dispatch.act(|replica| replica.assign(&folio, "C-12")).unwrap();
    town.dispatch.sync(&mut town.server);
    later.sync(&mut town.server);
    let shown = later.show(&folio);
    assert_eq!(
        (&shown["photos"][0]["erased"]["reason"], &shown["photos"][1]["at_office"]),
        (&"bystander".into(), &true.into())
    );
}

#[test]
fn asks_are_bounded_and_a_signature_needs_a_post() {
    let (mut town, folio) = noted();
    for name in 3..60 {
        town.one.act(|replica| replica.add_photo(&folio, &photo(name))).unwrap();
    }
    assert_eq!(bring(&mut town.one, &mut town.server).len(), BLOB_ASKS_MAX);
    let signature = NewPhoto { what: "signature".into(), ..photo(70) };
    assert_eq!(town.one.act(|replica| replica.add_photo(&folio, &signature)), Err(ReplicaError::NoPost));
}

#[test]
fn what_an_older_copy_has_not_is_brought_again_by_who_still_has_it() {
    let (mut town, folio) = noted();
    let one = device(&mut town.one);
    bring(&mut town.one, &mut town.server);
    keep(&mut town.server, one, &[101, 102, 1, 2]);
    town.one.sync(&mut town.server);
    let free = |phone: &mut Phone| phone.act(|replica| replica.to_free(&[hash(1), hash(2)])).unwrap();
    assert_eq!(free(&mut town.one), [hash(1), hash(2)]);

    // The office put back photos of last week, and says so; of what it never had it says nothing.
    let gone = [1, 9].map(|name| StoredBlob { sha256: hash(name), bytes: 300_000, of: one });
    town.server.write(|hub, overlay, next, now| hub.say_missing(overlay, next, now, &gone).unwrap());
    assert_eq!(bring(&mut town.one, &mut town.server), [], "it hears of it with this reply");
    assert_eq!(bring(&mut town.one, &mut town.server), [hash(1)]);
    assert_eq!(free(&mut town.one), [hash(2)], "and keeps its copy until it is there again");
    assert!(!may_read(&mut town.dispatch, &mut town.server, 1));
    keep(&mut town.server, one, &[1]);
    assert_eq!(bring(&mut town.one, &mut town.server), []);
    assert_eq!(bring(&mut town.one, &mut town.server), []);
    town.dispatch.sync(&mut town.server);
    assert_eq!(town.dispatch.show(&folio)["photos"][0]["at_office"], true);
}

#[test]
fn of_two_erasures_the_first_counts_for_everybody() {
    let (mut town, folio) = noted();
    town.one.sync(&mut town.server);
    town.admin.sync(&mut town.server);
    let number = town.admin.show(&folio)["photos"][0]["number"].as_str().unwrap().to_owned();
    for reason in [Erasure::Bystander, Erasure::Ordered] {
        town.admin.act(|replica| replica.erase_photo(&folio, &number, reason)).unwrap();
        town.admin.sync(&mut town.server);
    }
    town.dispatch.sync(&mut town.server);
    // A crew's device that joins later is told the whole record first, then what befell it.
    let secret = invite(&mut town.admin, &mut town.server, Role::Crew, Some("C-07"));
    let mut later = Phone::new(13);
    later.enrol(&mut town.server, &secret, "Cuadrilla 7 ter");
    later.sync(&mut town.server);
    for phone in [&mut town.admin, &mut town.dispatch, &mut later] {
        assert_eq!(phone.show(&folio)["photos"][0]["erased"]["reason"], "bystander");
    }
}
