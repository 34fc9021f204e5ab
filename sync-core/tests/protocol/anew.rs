//! Anew: a server came back with a part of its history lost, and devices reset to the newest common state.

use sync_core::id::Hash;
use sync_core::limits::{CODE_LIFE_MS, MESSAGE_BYTES_AIM_POOR};
use sync_core::log::act::Role;
use sync_core::replica::NewOrder;
use sync_core::rows::Overlay;
use sync_core::state::keyspace;
use sync_core::state::local::CONTACT;

use crate::flows::{Town, invite, pump_order, town, work_a_day};
use crate::harness::Phone;
use crate::trust::{assert_rebuilds, device_of, notes};

/// The server, back in the state it had when it wrote those lines, `later_ms` after now.
fn restore(town: &mut Town, lines: Vec<Vec<u8>>, later_ms: i64) {
    town.server.restore(lines);
    town.server.now_ms += later_ms;
}

#[test]
fn orders_stay_in_view_while_the_ledger_is_read_anew() {
    let mut town = town();
    for number in 0..24 {
        let description = Some(format!("{number} {}", "sin agua desde el lunes ".repeat(60)));
        let new = NewOrder { kind: "bomba".into(), crew: Some("C-07".into()), ..NewOrder::default() };
        town.dispatch.act(|replica| replica.order_new(&NewOrder { description, ..new })).unwrap();
    }
    let folio = pump_order(&mut town);
    let backup = town.server.lines.0.clone();
    town.one.act(|replica| replica.note(&folio, "llegamos")).unwrap();
    town.one.sync(&mut town.server);
    town.two.sync(&mut town.server);
    restore(&mut town, backup, 0);
    let before = town.two.folios();
    assert_eq!(before.len(), 25);
    let other = before[0].clone();
    let mut trips = 0;
    loop {
        let request = town.two.request(MESSAGE_BYTES_AIM_POOR, false);
        let reply = town.server.serve(&request.frame, false).unwrap();
        let exchanged = town.two.act(|replica| replica.on_reply(&request, &reply)).unwrap();
        trips += 1;
        assert_eq!(town.two.folios(), before, "after {trips} round trips");
        // Whoever stops here can still work.
        town.two.act(|replica| replica.note(&other, &format!("aviso {trips}"))).unwrap();
        if !exchanged.more {
            break;
        }
    }
    town.two.sync(&mut town.server);
    assert!(trips > 2, "{trips}");
    assert_eq!(town.two.show(&folio)["kept"], false);
    assert!(notes(&mut town.two, &folio).is_empty(), "nobody has handed it in again");
    assert_eq!(notes(&mut town.two, &other).len(), trips);
    town.one.sync_whatever(&mut town.server);
    town.two.sync(&mut town.server);
    assert_eq!(notes(&mut town.two, &folio), ["llegamos"]);
    assert_eq!(town.one.show(&folio), town.two.show(&folio));
    assert_rebuilds(&town.server, &[&town.one, &town.two]);
}

#[test]
fn own_work_keeps_in_view_what_it_builds_on_though_no_ledger_has_it() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let backup = town.server.lines.0.clone();
    let new = NewOrder { kind: "fuga".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let [lost, worked] = [(); 2].map(|()| town.one.act(|replica| replica.order_new(&new)).unwrap().folio);
    town.one.sync(&mut town.server);
    town.two.sync(&mut town.server);
    town.two.act(|replica| replica.note(&worked, "cerramos la llave")).unwrap();
    restore(&mut town, backup, 0);
    town.two.sync_whatever(&mut town.server);
    assert_eq!(town.two.folios(), [folio.clone(), worked.clone()], "{lost} is not in the ledger");
    assert_eq!(notes(&mut town.two, &worked), ["cerramos la llave"]);
    assert_rebuilds(&town.server, &[&town.two]);
    // Its author comes, and all is as it was.
    town.one.sync_whatever(&mut town.server);
    town.two.sync_whatever(&mut town.server);
    town.one.sync(&mut town.server);
    assert_eq!(town.two.folios(), [folio, lost, worked.clone()]);
    assert_eq!(town.one.show(&worked), town.two.show(&worked));
    assert_rebuilds(&town.server, &[&town.one, &town.two]);
}

/// What a device was told before stands in the journal already, and is not written there again.
#[test]
fn reading_anew_does_not_write_the_journal_twice() {
    let mut town = town();
    let folio = pump_order(&mut town);
    for serial in 0..20 {
        town.one.act(|replica| replica.note(&folio, &format!("lectura {serial}"))).unwrap();
    }
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    let bytes = |phone: &Phone| phone.lines.0.iter().map(Vec::len).sum::<usize>();
    let first = bytes(&town.dispatch);
    town.server.write(|office, overlay, next, now| {
        office.start_epoch(overlay, next, now, &[7; 8], "a test").unwrap()
    });
    let shown = town.dispatch.show(&folio);
    town.dispatch.sync(&mut town.server);
    let more = bytes(&town.dispatch) - first;
    assert!(more * 3 < first, "{more} bytes more after {first}");
    assert_eq!(town.dispatch.show(&folio), shown);
    assert_rebuilds(&town.server, &[&town.dispatch]);
}

#[test]
fn a_lost_enrolment_comes_back_after_its_code_ended_if_an_administrator_brings_it() {
    let mut town = town();
    let code = invite(&mut town.admin, &mut town.server, Role::Crew, Some("C-08"));
    let backup = town.server.lines.0.clone();
    let mut late = Phone::new(9);
    late.enrol(&mut town.server, &code, "Cuadrilla 8");
    let folio = pump_order(&mut town);
    for phone in [&mut town.dispatch, &mut town.admin] {
        phone.sync(&mut town.server);
    }
    restore(&mut town, backup, 2 * CODE_LIFE_MS);
    let device = device_of(&mut late);
    // Dispatch may not invite, and may not bring back who was: it is told, and does not offer it for ever.
    let mut refused = Vec::new();
    for _ in 0..6 {
        refused.extend(town.dispatch.exchange(&mut town.server).carried_refused);
    }
    assert_eq!(refused, [(device, "code_expired".into())]);
    assert_eq!(town.dispatch.exchange(&mut town.server).pushed, 0);
    town.admin.sync_whatever(&mut town.server);
    late.now_ms = town.server.now_ms;
    late.sync_whatever(&mut town.server);
    late.act(|replica| replica.order_new(&NewOrder { kind: "fuga".into(), ..NewOrder::default() })).unwrap();
    assert_eq!(late.exchange(&mut town.server).accepted, 1);
    assert!(town.dispatch.folios().contains(&folio));
}

/// A code that ended stays ended: whoever finds an old one gets nowhere by having it carried.
#[test]
fn an_old_code_opens_nothing_where_nothing_was_lost() {
    for lost_before_the_invitation in [false, true] {
        let mut town = town();
        if lost_before_the_invitation {
            town.server.write(|office, overlay, next, now| {
                office.start_epoch(overlay, next, now, &[7; 8], "a test").unwrap()
            });
            town.admin.sync(&mut town.server);
        }
        let code = invite(&mut town.admin, &mut town.server, Role::Admin, None);
        let aside = town.server.lines.0.clone();
        let mut stranger = Phone::new(9);
        stranger.enrol(&mut town.server, &code, "Alguien");
        stranger
            .act(|replica| replica.order_new(&NewOrder { kind: "fuga".into(), ..NewOrder::default() }))
            .unwrap();
        // It enrolled with a server that nobody else knows; the true one has never heard of it.
        let mut contact = stranger.act(|replica| Ok(replica.view().contact()?)).unwrap();
        contact.head_seq = 0;
        let mut overlay = Overlay::new(&stranger.rows);
        CONTACT.write(&mut overlay, &contact);
        let batch = overlay.batch;
        stranger.rows.apply(batch);
        let bundle = stranger.bundle();
        restore(&mut town, aside, 2 * CODE_LIFE_MS);
        town.admin.act(|replica| replica.bundle_import(&bundle.bytes)).unwrap();
        let mut refused = Vec::new();
        for _ in 0..4 {
            refused.extend(town.admin.exchange(&mut town.server).carried_refused);
        }
        assert!(!refused.is_empty() && refused.iter().all(|(_, code)| code == "code_expired"), "{refused:?}");
    }
}

#[test]
fn who_was_revoked_does_not_carry_a_ledger_that_it_cannot_read() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let backup = town.server.lines.0.clone();
    work_a_day(&mut town.one, &folio, "A-1");
    for phone in [&mut town.one, &mut town.dispatch] {
        phone.sync(&mut town.server);
    }
    restore(&mut town, backup, 0);
    let device = device_of(&mut town.dispatch);
    town.admin.act(|replica| replica.revoke(&device, None, "se perdió")).unwrap();
    town.admin.sync_whatever(&mut town.server);
    let before = town.dispatch.folios();
    let recovered: u64 = (0..4).map(|_| town.dispatch.exchange(&mut town.server).recovered).sum();
    assert_eq!((recovered, town.dispatch.folios()), (0, before), "it keeps what it has");
}

#[test]
fn what_waited_is_judged_again_when_its_author_has_its_rights_back() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let code = invite(&mut town.admin, &mut town.server, Role::Crew, Some("C-08"));
    Phone::new(9).enrol(&mut town.server, &code, "Cuadrilla 8");
    for phone in [&mut town.dispatch, &mut town.admin] {
        phone.sync(&mut town.server);
    }
    let backup = town.server.lines.0.clone();
    let new = NewOrder { kind: "bomba".into(), crew: Some("C-08".into()), ..NewOrder::default() };
    let other = town.dispatch.act(|replica| replica.order_new(&new)).unwrap().folio;
    town.dispatch.sync(&mut town.server);
    let device = device_of(&mut town.one);
    town.admin
        .act(|replica| replica.assign_device(&device, Role::Crew, Some("C-08"), &[], "cambia de cuadrilla"))
        .unwrap();
    for phone in [&mut town.admin, &mut town.one] {
        phone.sync(&mut town.server);
    }
    work_a_day(&mut town.one, &other, "A-1");
    restore(&mut town, backup, 0);
    // The work comes first, then what it builds on, then the right to it.
    town.one.sync_whatever(&mut town.server);
    town.dispatch.sync_whatever(&mut town.server);
    town.dispatch.sync_whatever(&mut town.server);
    let held = |phone: &mut Phone| phone.act(|replica| Ok(replica.view().quarantine()?)).unwrap().len();
    assert_eq!(held(&mut town.dispatch), 6);
    town.admin.sync_whatever(&mut town.server);
    for phone in [&mut town.dispatch, &mut town.one] {
        phone.sync_whatever(&mut town.server);
        phone.sync(&mut town.server);
    }
    assert_eq!(held(&mut town.dispatch), 0);
    assert_eq!(notes(&mut town.dispatch, &other), ["instalamos A-1"]);
    assert_eq!(town.one.show(&other), town.dispatch.show(&other));
    assert_ne!(folio, other);
}

/// An anchor is the author's claim. One that this ledger never was in brings back no right from before its loss.
#[test]
fn a_claim_to_have_seen_a_lost_past_brings_no_older_right_back() {
    for replaced_before_the_loss in [true, false] {
        let mut town = town();
        let folio = pump_order(&mut town);
        let device = device_of(&mut town.one);
        let epoch = |town: &mut Town| {
            town.server.write(|office, overlay, next, now| {
                office.start_epoch(overlay, next, now, &[7; 8], "a test").unwrap()
            });
        };
        if !replaced_before_the_loss {
            epoch(&mut town);
            town.admin.sync(&mut town.server);
        }
        town.admin
            .act(|replica| replica.assign_device(&device, Role::Crew, None, &[], "cambia de cuadrilla"))
            .unwrap();
        town.admin.sync(&mut town.server);
        if replaced_before_the_loss {
            epoch(&mut town);
        }
        let mut contact = town.one.act(|replica| Ok(replica.view().contact()?)).unwrap();
        contact.anchor.root = Hash([7; 32]);
        let mut overlay = Overlay::new(&town.one.rows);
        CONTACT.write(&mut overlay, &contact);
        let batch = overlay.batch;
        town.one.rows.apply(batch);
        town.one.act(|replica| replica.note(&folio, "de antes")).unwrap();
        let mut refused = Vec::new();
        for _ in 0..3 {
            refused.extend(town.one.exchange(&mut town.server).quarantined);
        }
        let reasons: Vec<_> = refused.iter().map(|entry| entry.reason.as_str()).collect();
        let expected: &[&str] = if replaced_before_the_loss { &["out_of_scope"] } else { &[] };
        assert_eq!(reasons, expected);
    }
}

/// Who went on under a third name had written under the second again what it wrote under the first. The numbers of the
/// second name's entries are not those of the third's.
#[test]
fn what_is_written_a_third_time_keeps_when_it_was_written_first() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let mut copy = town.one.clone();
    copy.draws = 100;
    town.one.act(|replica| replica.note(&folio, "del original")).unwrap();
    town.one.sync(&mut town.server);
    copy.act(|replica| replica.step(&folio, "start", None)).unwrap();
    copy.act(|replica| replica.note(&folio, "de la copia")).unwrap();
    let written = copy.show(&folio)["notes"][0]["claimed_at"].clone();
    copy.finish(&mut town.server);
    // It is copied once more on the way to its new name: both go on under that one, and each writes it all again.
    copy.succeed_start();
    let mut again = copy.clone();
    again.draws = 200;
    again.act(|replica| replica.note(&folio, "de la copia de la copia")).unwrap();
    again.succeed(&mut town.server);
    again.sync_whatever(&mut town.server);
    copy.now_ms += 3_600_000;
    copy.succeed(&mut town.server);
    // The other one has begun the work: the first of the entries does nothing any more, and the others move up.
    copy.finish(&mut town.server);
    assert!(copy.act(|replica| replica.is_copy()).unwrap());
    copy.now_ms += 3_600_000;
    copy.succeed(&mut town.server);
    copy.sync_whatever(&mut town.server);
    for phone in [&mut town.dispatch, &mut town.two, &mut town.admin] {
        phone.sync_whatever(&mut town.server);
        let shown = phone.show(&folio);
        let all = shown["notes"].as_array().unwrap();
        let told: Vec<_> = all.iter().filter(|note| note["text"] == "de la copia").collect();
        assert!(told.iter().all(|note| note["claimed_at"] == written), "{written} {told:?}");
    }
    let third = device_of(&mut copy);
    let said =
        town.dispatch.rows.rows.keys().any(|key| key[2..].starts_with(&keyspace::again(&third, 0)[..18]));
    assert!(said, "the third name wrote something again");
}
