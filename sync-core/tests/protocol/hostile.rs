//! Hostile: an enrolled device that signs what is not its to do. It is held back under its name, and nobody else notices.

use serde_json::json;
use sync_core::crypto::SecretKey;
use sync_core::hub::RequestError;
use sync_core::id::{DeviceId, Hash, PersonId, RecordId};
use sync_core::log::act::{Act, Again, Role};
use sync_core::log::chain::sign_head;
use sync_core::log::entry::Body;
use sync_core::log::line::{Line, read_entry};
use sync_core::log::verdict::{Reason, Verdict};
use sync_core::msgpack;
use sync_core::record::change::Change;
use sync_core::replica::NewOrder;
use sync_core::rows::read;
use sync_core::state::authority::DeviceRow;
use sync_core::state::fold::EntryRow;
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
        claim: false,
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
    let shown = town.dispatch.show(&folio).to_string();
    let invented = [PersonId([8; 16]).to_string(), "1700000000000".into(), "2023-11-1".into()];
    assert!(shown.contains(&folio), "{shown}");
    assert!(invented.iter().all(|words| !shown.contains(words)), "{shown}");
}

/// Returns the pair that says of `seq` that it repeats the device's entry `of_seq`, with person and time as they are.
fn pair(town: &Town, device: DeviceId, seq: u64, of_seq: u64) -> Again {
    let row: EntryRow = read(&town.server.rows, &keyspace::entry(&device, of_seq)).unwrap().unwrap();
    let (_, chained) = read_entry(&town.server.lines, row.line).unwrap();
    let header = chained.entry.header;
    let (person, claimed_at_ms) = (header.person, header.claimed_at_ms);
    Again { seq, device, of_seq, of: row.hash.unwrap(), person, claimed_at_ms, claim: false }
}

#[test]
fn an_entry_takes_the_name_and_time_of_none_that_says_something_else() {
    let mut town = town();
    let folio = pump_order(&mut town);
    town.one.act(|replica| replica.note(&folio, "sin novedad")).unwrap();
    town.one.act(|replica| replica.set(&folio, "pump_serial", "A-1")).unwrap();
    town.one.act(|replica| replica.note(&folio, "me llevé la bomba")).unwrap();
    town.one.act(|replica| replica.note(&folio, "No se pudo repetir: la directora la pidió")).unwrap();
    town.one.act(|replica| replica.note(&folio, "sin novedad")).unwrap();
    town.one.sync(&mut town.server);
    let device = town.one.act(|replica| Ok(replica.identity()?.device)).unwrap();
    let last = town.one.act(|replica| Ok(replica.view().own_head()?.seq)).unwrap();
    let [first, other, _, note, same] = [4, 3, 2, 1, 0].map(|back| last - back);
    let refused = |town: &Town, what: &str| match last_verdict(town) {
        Verdict::Quarantined(Reason::Rule { rule, what: why }) => {
            assert!(rule == "again" && why.contains(what), "{why}");
        }
        verdict => panic!("{verdict:?}"),
    };
    for of_seq in [first, other] {
        let forged = pair(&town, device, last - 2, of_seq);
        claim(&mut town, says_again(forged)).unwrap();
        refused(&town, "says something else");
    }
    let mut early = pair(&town, device, same, first);
    early.claimed_at_ms -= 86_400_000;
    claim(&mut town, says_again(early)).unwrap();
    refused(&town, "another person or time");
    let mut named = pair(&town, device, same, first);
    named.person = PersonId([8; 16]);
    claim(&mut town, says_again(named)).unwrap();
    refused(&town, "another person or time");
    let told_as_note = pair(&town, device, note, first);
    claim(&mut town, says_again(told_as_note)).unwrap();
    refused(&town, "is a note about");
    // Nothing that its own chain lacks is its own.
    let nothing = Again { of: Hash([7; 32]), claim: true, ..pair(&town, device, same, first) };
    claim(&mut town, says_again(nothing)).unwrap();
    refused(&town, "has no such entry");
    let shown = town.one.show(&folio);
    assert_eq!(shown["notes"].as_array().unwrap().len(), 4, "no work is lost by it");
    town.dispatch.sync(&mut town.server);
    assert!(!town.dispatch.show(&folio).to_string().contains("\"claim\""));
    // What says the same may be told, and a note may say of itself that it is one.
    for again in [pair(&town, device, same, first), Again { claim: true, ..pair(&town, device, note, first) }]
    {
        claim(&mut town, says_again(again)).unwrap();
        assert_eq!(last_verdict(&town), Verdict::Accepted);
    }
    town.dispatch.sync(&mut town.server);
    let shown = town.dispatch.show(&folio);
    let claims: Vec<_> = shown["notes"].as_array().unwrap().iter().map(|note| &note["claim"]).collect();
    assert_eq!(claims, [&json!(null), &json!(null), &json!(true), &json!(null)]);
}

/// What a copy wrote and nobody else has seen is taken under its new name, and marked for all.
#[test]
fn what_only_a_copy_says_to_have_written_before_is_a_claim() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let mut copy = town.one.clone();
    copy.draws = 100;
    town.one.act(|replica| replica.note(&folio, "del original")).unwrap();
    copy.act(|replica| replica.note(&folio, "que llegó")).unwrap();
    town.one.sync(&mut town.server);
    copy.finish(&mut town.server);
    copy.act(|replica| replica.note(&folio, "que nadie vio")).unwrap();
    let bundle = copy.clone().bundle();
    copy.succeed(&mut town.server);
    copy.sync_whatever(&mut town.server);
    let claims = |phone: &mut Phone| {
        let shown = phone.show(&folio);
        let notes = shown["notes"].as_array().unwrap().clone();
        let is_claim = |note: &serde_json::Value| note["claim"] == json!(true);
        let marked = shown["history"].as_array().unwrap().iter().filter(|one| is_claim(one)).count();
        let told = |note: &serde_json::Value| (note["text"].as_str().unwrap().to_string(), is_claim(note));
        (notes.iter().map(told).collect::<std::collections::BTreeMap<_, _>>(), marked)
    };
    for phone in [&mut town.dispatch, &mut town.two, &mut town.admin, &mut town.one, &mut copy] {
        phone.sync_whatever(&mut town.server);
        let (notes, marked) = claims(phone);
        assert_eq!(
            (notes["que llegó"], notes["que nadie vio"], marked),
            (false, true, 1),
            "{}",
            phone.number
        );
    }
    // Its old phone's entries come after all: who sees everything finds them to be the same.
    town.admin.act(|replica| replica.bundle_import(&bundle.bytes)).unwrap();
    town.admin.sync_whatever(&mut town.server);
    town.dispatch.sync_whatever(&mut town.server);
    assert_eq!(claims(&mut town.dispatch).1, 0);
}
