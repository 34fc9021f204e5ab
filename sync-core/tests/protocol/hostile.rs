//! Hostile: an enrolled device that signs what is not its to do. It is held back under its name, and nobody else notices.

use sync_core::crypto::SecretKey;
use sync_core::hub::RequestError;
use sync_core::id::{Hash, PersonId, RecordId};
use sync_core::log::act::{Act, Again, Role};
use sync_core::log::chain::sign_head;
use sync_core::log::entry::Body;
use sync_core::log::line::Line;
use sync_core::log::verdict::{Reason, Verdict};
use sync_core::msgpack;
use sync_core::record::change::Change;
use sync_core::replica::NewOrder;
use sync_core::rows::read;
use sync_core::state::authority::DeviceRow;
use sync_core::state::keyspace;
use sync_core::state::refs::receiver;
use sync_core::wire::convert::{ChainError, decode_item};
use sync_core::wire::message::{Segment, SyncRequest, seal_request};
use sync_core::wire::pack::{PackBody, PackItem, change_hashes, pack, unpack};

use crate::flows::{Town, invite, pump_order, town};
use crate::harness::Phone;

/// Device one, a crew's, claims the newest change of the ledger as its own next entry, spoiled further.
pub fn claim(town: &mut Town, spoil: impl FnOnce(&mut PackItem)) -> Result<Vec<u8>, RequestError> {
    let key = SecretKey::from_seed(&[3; 32]);
    let frame = town.one.request(1024, false).frame;
    let mut request: SyncRequest = msgpack::from_slice(&frame[4..frame.len() - 64]).unwrap();
    let device = request.device;
    let rows = &town.server.rows;
    let author: DeviceRow = read(rows, &keyspace::device(&device)).unwrap().unwrap();
    let newest = |line: &Vec<u8>| match Line::from_bytes(line).unwrap() {
        Line::Entry { chained, .. } => match chained.entry.body {
            Body::Change(raw) => Some((chained.entry.header, Change::from_raw(&raw.bytes).unwrap())),
            Body::Act(_) => None,
        },
        Line::Device(_) => None,
    };
    let (mut header, mut change) = town.server.lines.0.iter().rev().find_map(newest).unwrap();
    (header.device, header.seq) = (device, author.head_seq + 1);
    (change.device, change.seq) = (device, 1);
    let mut item = PackItem { header, body: PackBody::Change(change), receipt: None, signature: None };
    spoil(&mut item);
    let hashes = change_hashes(std::slice::from_ref(&item)).unwrap();
    let unsigned = pack(std::slice::from_ref(&item), &hashes, &receiver(rows)).unwrap();
    let mut head = author.head;
    for item in unpack(&unsigned, &receiver(rows)).unwrap() {
        head = decode_item(item).map_or(head, |(entry, ..)| entry.hash(&head));
    }
    item.signature = Some(sign_head(&key, &device, item.header.seq, &head));
    let bytes = pack(&[item], &hashes, &receiver(rows)).unwrap();
    let prev = std::array::from_fn(|index| author.head.0[index]);
    request.own = Some(Segment { device, prev, pack: bytes.into() });
    town.server.serve(&seal_request(&key, &request), false)
}

pub fn last_verdict(town: &Town) -> Verdict {
    match Line::from_bytes(town.server.lines.0.last().unwrap()).unwrap() {
        Line::Entry { receipt: Some(receipt), .. } => receipt.verdict,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_device_claims_of_others_is_held_back_and_nobody_else_notices() {
    let mut town = town();
    let own = pump_order(&mut town);
    let own_record = town.one.act(|replica| Ok(replica.view().find_order(&own)?)).unwrap();
    let code = invite(&mut town.admin, &mut town.server, Role::Crew, Some("C-08"));
    Phone::new(5).enrol(&mut town.server, &code, "Cuadrilla 8");
    town.dispatch.sync(&mut town.server);
    let new = NewOrder { kind: "bomba".into(), crew: Some("C-08".into()), ..NewOrder::default() };
    let folio = town.dispatch.act(|replica| replica.order_new(&new)).unwrap().folio;
    town.dispatch.act(|replica| replica.note(&folio, "de la otra cuadrilla")).unwrap();
    town.dispatch.sync(&mut town.server);
    let (before, lines) = (town.dispatch.show(&folio), town.server.seq());

    let dispatch = town.dispatch.act(|replica| Ok(replica.identity()?.device)).unwrap();
    let as_another = claim(&mut town, |item| {
        if let PackBody::Change(change) = &mut item.body {
            change.device = dispatch;
        }
    });
    assert!(matches!(as_another, Err(RequestError::Chain(ChainError::Actor(_)))), "another's name");
    assert_eq!(town.server.seq(), lines, "nothing of it is kept");

    claim(&mut town, |_| {}).unwrap();
    assert_eq!(last_verdict(&town), Verdict::Quarantined(Reason::OutOfScope), "another crew's order");
    // On an order of its own, but upon the past of another.
    claim(&mut town, |item| item.header.record = own_record).unwrap();
    assert!(matches!(last_verdict(&town), Verdict::Quarantined(Reason::Held { .. })), "another record");
    assert_eq!(town.server.seq(), lines + 2);

    for phone in [&mut town.dispatch, &mut town.two, &mut town.admin] {
        phone.sync(&mut town.server);
    }
    assert_eq!(town.dispatch.show(&folio), before);
    let held = town.admin.act(|replica| Ok(replica.view().quarantine()?)).unwrap();
    assert_eq!(held.len(), 2, "{held:?}");
    assert!(held.iter().all(|item| item.device_name.as_deref() == Some("Cuadrilla 7")), "{held:?}");
}

/// A word that an entry of one's own repeats another's, as body of a device's next entry.
fn says_again(again: Again) -> impl FnOnce(&mut PackItem) {
    move |item| {
        item.header.record = RecordId::ZERO;
        item.body = PackBody::Act(Act::Again { pairs: vec![again] }.to_bytes());
    }
}

#[test]
fn nobody_writes_in_the_name_of_another_by_saying_that_an_entry_repeats_one() {
    let mut town = town();
    let folio = pump_order(&mut town);
    town.one.act(|replica| replica.note(&folio, "me llevé la bomba")).unwrap();
    town.one.sync(&mut town.server);
    let device = town.one.act(|replica| Ok(replica.identity()?.device)).unwrap();
    let seq = town.one.act(|replica| Ok(replica.view().own_head()?.seq)).unwrap();
    let dispatch = town.dispatch.act(|replica| Ok(replica.identity()?.device)).unwrap();
    // An entry that never was, one that was and says something else, and the author's own.
    let invented = Again {
        seq,
        device: dispatch,
        of_seq: 77,
        of: Hash([7; 32]),
        person: PersonId([8; 16]),
        claimed_at_ms: 1_700_000_000_000,
    };
    let real: DeviceRow = read(&town.server.rows, &keyspace::device(&dispatch)).unwrap().unwrap();
    let of_another = Again { of_seq: real.head_seq, of: real.head, ..invented };
    for forged in [invented.clone(), of_another] {
        claim(&mut town, says_again(forged)).unwrap();
        assert!(
            matches!(last_verdict(&town), Verdict::Quarantined(Reason::Role { .. })),
            "{:?}",
            last_verdict(&town)
        );
    }
    let of_nothing = Again { seq: 10_000, device, ..invented };
    claim(&mut town, says_again(of_nothing)).unwrap();
    assert!(
        matches!(last_verdict(&town), Verdict::Quarantined(Reason::Rule { rule, .. }) if rule == "again")
    );
    town.dispatch.sync(&mut town.server);
    assert!(!town.dispatch.show(&folio).to_string().contains("La directora"));
}
