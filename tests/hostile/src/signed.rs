//! Signed: bytes that count only under a signature, signed by a hostile device with a valid key.

use sync_core::crypto::SecretKey;
use sync_core::hub::{Checked, Durable, Hub, Quotas};
use sync_core::id::{Hash, RecordId};
use sync_core::log::act::Act;
use sync_core::log::chain::sign_head;
use sync_core::log::line::Line;
use sync_core::msgpack;
use sync_core::rows::Overlay;
use sync_core::state::refs::receiver;
use sync_core::view::replay::At;
use sync_core::wire::convert::decode_item;
use sync_core::wire::message::{EnrolRequest, Segment, SyncRequest, request_hash, seal_request};
use sync_core::wire::pack::{PackBody, change_hashes, pack as packed, unpack};

use crate::harness::{self, Phone};
use crate::world::{HOSTILE, NOW_MS, World, body_of, replica, sign_reply, sign_request, with};

/// Tries the body of a sync request, signed by an enrolled device.
pub fn request(bytes: &[u8]) {
    with(|world| {
        let frame = sign_request(bytes);
        let checked = world.town.server.hub.check_sync(&world.town.server.rows, &frame, NOW_MS);
        if let Ok(checked) = checked {
            admit(world, checked);
        }
        let Ok(mut body) = msgpack::from_slice::<SyncRequest>(bytes) else { return };
        (body.version, body.municipality, body.device) = (1, 14061, world.device);
        body.attempt = body.attempt.max(1_000);
        let frame = seal_request(&SecretKey::from_seed(&[HOSTILE; 32]), &body);
        let checked = world.town.server.hub.check_sync(&world.town.server.rows, &frame, NOW_MS);
        if let Ok(checked) = checked {
            admit(world, checked);
        }
    });
}

/// Admits a checked request and answers it, in an overlay that is dropped.
fn admit(world: &mut World, checked: Checked) {
    let server = &world.town.server;
    let mut hub = Hub::open(&server.rows, &harness::SEED, Quotas::default()).expect("its own rows read");
    let mut overlay = Overlay::new(&server.rows);
    let next = server.seq() + 1;
    let Ok(admitted) = hub.admit(&mut overlay, &server.lines, next, NOW_MS, checked) else { return };
    let mut lines = server.lines.clone();
    for line in admitted.lines() {
        let read = Line::from_bytes(line).expect("the ledger reads what it keeps");
        assert_eq!(read.to_bytes(), *line, "a line of the ledger is canonical");
    }
    let append = |new: &[Vec<u8>]| -> Result<(), ()> {
        lines.0.extend_from_slice(new);
        Ok(())
    };
    let (durable, ()) = Durable::append(vec![admitted], append).expect("memory takes everything");
    let seq = lines.0.len() as u64;
    hub.reply(&overlay, &lines, seq, NOW_MS, &durable[0], "").expect("what was taken in can be answered");
}

/// Tries a pack whose entries are chained and signed again by an enrolled device, so that they reach the
/// judge.
pub fn segment(bytes: &[u8]) {
    with(|world| {
        let Some(segment) = chained_again(world, bytes, Claim::default()) else { return };
        let own = segment.device == world.device;
        let mut body: SyncRequest =
            msgpack::from_slice(&body_of(&world.asked.frame)).expect("our own request");
        body.attempt = 1_000_000;
        (body.own, body.carried) = if own { (Some(segment), vec![]) } else { (None, vec![segment]) };
        let frame = seal_request(&SecretKey::from_seed(&[HOSTILE; 32]), &body);
        let checked = world.town.server.hub.check_sync(&world.town.server.rows, &frame, NOW_MS);
        if let Ok(checked) = checked {
            admit(world, checked);
        }
    });
}

/// What the entries of a hostile device say about themselves.
#[derive(Debug, Clone, Copy, Default)]
struct Claim {
    /// Their changes may name another actor than the device.
    other_actors: bool,
    /// All of them are of the record that the device was working on, whichever they name.
    one_record: bool,
}

/// Tries work that a hostile device chains and signs correctly, whatever it does. The office accepts or
/// refuses it, what it accepted can be proven, and all other devices go on and see the same. The first byte
/// chooses the claim.
pub fn work(bytes: &[u8]) {
    work_is_taken(bytes);
}

/// Tries what [`work`] tries. Returns whether the office accepted it.
pub fn work_is_taken(bytes: &[u8]) -> bool {
    let Some((choice, bytes)) = bytes.split_first() else { return false };
    let claim = Claim { other_actors: choice & 1 == 1, one_record: choice & 2 == 0 };
    with(|world| {
        let Some(segment) = chained_again(world, bytes, claim) else { return false };
        let mut body: SyncRequest =
            msgpack::from_slice(&body_of(&world.asked.frame)).expect("our own request");
        body.own = Some(segment);
        let frame = seal_request(&SecretKey::from_seed(&[HOSTILE; 32]), &body);
        let mut server = world.server();
        if server.serve(&frame, false).is_err() {
            return false;
        }
        let town = &world.town;
        for (reader, journal) in [&town.dispatch, &town.two, &town.admin].into_iter().zip(&world.journals) {
            let mut reader = reader.clone();
            reader.sync(&mut server);
            looked_at(&mut reader);
            journal.proves(&reader);
        }
        world.ledger.proves(&server);
        true
    })
}

/// Checks that every order can be shown, and that the replay of the newest moment shows the same.
fn looked_at(phone: &mut Phone) {
    let last = phone.act(|replica| Ok(replica.view().contact()?.server_seq)).expect("a contact");
    for folio in phone.folios() {
        let shown = phone.show(&folio);
        let then = phone.act(|replica| Ok(replica.view().replay(Some(&folio), At::Seq(last))?));
        // A crew has not all that a replay needs.
        let Ok(then) = then else { continue };
        let then = then.orders.first().map(|order| serde_json::to_value(order).expect("views have a form"));
        assert_eq!(then.as_ref(), Some(&shown), "{folio}: the replay is not what is shown");
    }
}

/// Returns the items of a pack as the next entries of the hostile device's chain.
fn chained_again(world: &World, bytes: &[u8], claim: Claim) -> Option<Segment> {
    let rows = &world.town.server.rows;
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
        match &mut item.body {
            PackBody::Change(change) => {
                if !claim.other_actors {
                    change.device = world.device;
                }
                if claim.one_record {
                    item.header.record = first.record;
                }
            }
            PackBody::Act(_) if claim.one_record => item.header.record = RecordId::ZERO,
            PackBody::Act(_) => {}
        }
    }
    let hashes = change_hashes(&items).ok()?;
    let unsigned = packed(&items, &hashes, &receiver(rows)).ok()?;
    let prev_row = sync_core::state::keyspace::entry(&world.device, first.seq - 1);
    let row: sync_core::state::fold::EntryRow = sync_core::rows::read(rows, &prev_row).ok()??;
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

/// Tries the body of a reply, signed by the server.
pub fn reply(bytes: &[u8]) {
    with(|world| {
        let frame = sign_reply(&request_hash(&world.asked.frame), bytes);
        let phone = &world.town.one;
        let mut replica = replica(phone);
        if replica.on_reply(&world.asked, &frame).is_ok() {
            let written = replica.finish();
            let mut lines = phone.lines.clone();
            lines.0.extend(written.lines.iter().cloned());
            for line in &written.lines {
                Line::from_bytes(line).expect("the journal reads what it keeps");
            }
        }
    });
}

/// Tries the entry of an enrolment with an unused code, signed as it must be.
pub fn enrolment(bytes: &[u8]) {
    let seed = [77; 32];
    let key = SecretKey::from_seed(&seed);
    with(|world| {
        let server = &world.town.server;
        let _ = server.hub.check_enrol(&server.rows, bytes, NOW_MS);
        let Some(segment) = enrolling(world, bytes, &key) else { return };
        let frame = seal_request(&key, &EnrolRequest { version: 1, own: segment });
        let checked = world.town.server.hub.check_enrol(&world.town.server.rows, &frame, NOW_MS);
        if let Ok(checked) = checked {
            assert_eq!(checked.request, request_hash(&frame));
            admit(world, checked);
        }
    });
}

fn enrolling(world: &World, bytes: &[u8], key: &SecretKey) -> Option<Segment> {
    let rows = &world.town.server.rows;
    let mut items: Vec<_> = unpack(bytes, &receiver(rows)).ok()?.into_iter().map(|one| one.item).collect();
    items.truncate(2);
    let device = items.first()?.header.device;
    for item in &mut items {
        (item.receipt, item.signature) = (None, None);
        if let PackBody::Act(act) = &mut item.body
            && let Ok(Act::Enrol { office, opening, key: theirs, name, continues }) = Act::from_bytes(act)
        {
            let is_good = opening.is_none_or(|opening| opening.0.0[0] % 2 == 0);
            let opening = if is_good { Some(world.opening) } else { opening };
            let _ = theirs;
            *act = Act::Enrol { office, opening, key: key.public(), name, continues }.to_bytes();
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
