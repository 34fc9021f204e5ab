//! Hostile: an enrolled device that signs what is not its to do. It is held back under its name, and nobody else notices.

use sync_core::act::Role;
use sync_core::authority::DeviceRow;
use sync_core::chain::{ChainError, decode_item, sign_head};
use sync_core::change::Change;
use sync_core::crypto::SecretKey;
use sync_core::entry::Body;
use sync_core::keys;
use sync_core::line::Line;
use sync_core::notebook::NewOrder;
use sync_core::office::RequestError;
use sync_core::office::refs::receiver;
use sync_core::rows::read;
use sync_core::verdict::{Reason, Verdict};
use sync_core::wire::message::{Segment, SyncRequest, seal_request};
use sync_core::wire::msgpack;
use sync_core::wire::pack::{PackBody, PackItem, change_hashes, pack, unpack};

use crate::flows::{Valley, invite, pump_order, valley};
use crate::harness::Phone;

/// Device one, a crew's, claims the newest change of the ledger as its own next entry, spoiled further.
fn claim(valley: &mut Valley, spoil: impl FnOnce(&mut PackItem)) -> Result<Vec<u8>, RequestError> {
    let key = SecretKey::from_seed(&[3; 32]);
    let frame = valley.one.act(|notebook| notebook.request(&key, 1024, false)).unwrap().frame;
    let mut request: SyncRequest = msgpack::from_slice(&frame[4..frame.len() - 64]).unwrap();
    let device = request.device;
    let rows = &valley.server.rows;
    let author: DeviceRow = read(rows, &keys::device(&device)).unwrap().unwrap();
    let newest = |line: &Vec<u8>| match Line::from_bytes(line).unwrap() {
        Line::Entry { chained, .. } => match chained.entry.body {
            Body::Change(raw) => Some((chained.entry.header, Change::from_raw(&raw.bytes).unwrap())),
            Body::Act(_) => None,
        },
        Line::Device(_) => None,
    };
    let (mut header, mut change) = valley.server.lines.0.iter().rev().find_map(newest).unwrap();
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
    valley.server.serve(&seal_request(&key, &request), false)
}

fn last_verdict(valley: &Valley) -> Verdict {
    match Line::from_bytes(valley.server.lines.0.last().unwrap()).unwrap() {
        Line::Entry { receipt: Some(receipt), .. } => receipt.verdict,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_device_claims_of_others_is_held_back_and_nobody_else_notices() {
    let mut valley = valley();
    let own = pump_order(&mut valley);
    let own_record = valley.one.act(|notebook| notebook.find_order(&own)).unwrap();
    let code = invite(&mut valley.admin, &mut valley.server, Role::Crew, Some("C-08"));
    Phone::new(5).enrol(&mut valley.server, &code, "Cuadrilla 8");
    valley.dispatch.sync(&mut valley.server);
    let new = NewOrder { kind: "bomba".into(), crew: Some("C-08".into()), ..NewOrder::default() };
    let folio = valley.dispatch.act(|notebook| notebook.order_new(&new)).unwrap().folio;
    valley.dispatch.act(|notebook| notebook.note(&folio, "de la otra cuadrilla")).unwrap();
    valley.dispatch.sync(&mut valley.server);
    let (before, lines) = (valley.dispatch.show(&folio), valley.server.seq());

    let dispatch = valley.dispatch.act(|notebook| Ok(notebook.identity()?.device)).unwrap();
    let as_another = claim(&mut valley, |item| {
        if let PackBody::Change(change) = &mut item.body {
            change.device = dispatch;
        }
    });
    assert!(matches!(as_another, Err(RequestError::Chain(ChainError::Actor(_)))), "another's name");
    assert_eq!(valley.server.seq(), lines, "nothing of it is kept");

    claim(&mut valley, |_| {}).unwrap();
    assert_eq!(last_verdict(&valley), Verdict::Quarantined(Reason::OutOfScope), "another crew's order");
    // On an order of its own, but upon the past of another.
    claim(&mut valley, |item| item.header.record = own_record).unwrap();
    assert!(matches!(last_verdict(&valley), Verdict::Quarantined(Reason::Held { .. })), "another record");
    assert_eq!(valley.server.seq(), lines + 2);

    for phone in [&mut valley.dispatch, &mut valley.two, &mut valley.admin] {
        phone.sync(&mut valley.server);
    }
    assert_eq!(valley.dispatch.show(&folio), before);
    let held = valley.admin.act(|notebook| notebook.quarantine()).unwrap();
    assert_eq!(held.len(), 2, "{held:?}");
    assert!(held.iter().all(|item| item.device_name.as_deref() == Some("Cuadrilla 7")), "{held:?}");
}
