//! Anew: a server came back with a part of its past lost, and devices read its ledger from the beginning.

use sync_core::act::Role;
use sync_core::id::Hash;
use sync_core::keys;
use sync_core::limits::{CODE_LIFE_MS, MESSAGE_BYTES_AIM_POOR};
use sync_core::notebook::NewOrder;
use sync_core::rows::Overlay;

use crate::flows::{Valley, invite, pump_order, valley, work_a_day};
use crate::harness::{Phone, Server};
use crate::trust::{assert_rebuilds, device_of, notes};

/// The server, back in the state it had when it wrote those lines, `later_ms` after now.
fn restore(valley: &mut Valley, lines: Vec<Vec<u8>>, later_ms: i64) {
    let now_ms = valley.server.now_ms + later_ms;
    valley.server = Server::from_lines(lines);
    valley.server.now_ms = now_ms;
}

#[test]
fn orders_stay_in_view_while_the_ledger_is_read_anew() {
    let mut valley = valley();
    for number in 0..24 {
        let description = Some(format!("{number} {}", "sin agua desde el lunes ".repeat(60)));
        let new = NewOrder { kind: "bomba".into(), crew: Some("C-07".into()), ..NewOrder::default() };
        valley.dispatch.act(|notebook| notebook.order_new(&NewOrder { description, ..new })).unwrap();
    }
    let folio = pump_order(&mut valley);
    let backup = valley.server.lines.0.clone();
    valley.one.act(|notebook| notebook.note(&folio, "llegamos")).unwrap();
    valley.one.sync(&mut valley.server);
    valley.two.sync(&mut valley.server);
    restore(&mut valley, backup, 0);
    let before = valley.two.folios();
    assert_eq!(before.len(), 25);
    let (key, other) = (valley.two.key(), before[0].clone());
    let (mut trips, mut was_kept) = (0, false);
    loop {
        let request =
            valley.two.act(|notebook| notebook.request(&key, MESSAGE_BYTES_AIM_POOR, false)).unwrap();
        let reply = valley.server.serve(&request.frame, false).unwrap();
        let exchanged = valley.two.act(|notebook| notebook.on_reply(&request, &reply)).unwrap();
        trips += 1;
        assert_eq!(valley.two.folios(), before, "after {trips} round trips");
        was_kept |= valley.two.show(&folio)["kept"] == true;
        // Whoever stops here can still work.
        valley.two.act(|notebook| notebook.note(&other, &format!("aviso {trips}"))).unwrap();
        if trips > 3 && !exchanged.more {
            break;
        }
    }
    valley.two.sync(&mut valley.server);
    assert!(trips > 3 && was_kept, "{trips}");
    assert_eq!(valley.two.show(&folio)["kept"], false);
    assert!(notes(&mut valley.two, &folio).is_empty(), "nobody has handed it in again");
    assert_eq!(notes(&mut valley.two, &other).len(), trips);
    valley.one.sync_whatever(&mut valley.server);
    valley.two.sync(&mut valley.server);
    assert_eq!(notes(&mut valley.two, &folio), ["llegamos"]);
    assert_eq!(valley.one.show(&folio), valley.two.show(&folio));
    assert_rebuilds(&valley.server, &[&valley.one, &valley.two]);
}

#[test]
fn own_work_keeps_in_view_what_it_builds_on_though_no_ledger_has_it() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let backup = valley.server.lines.0.clone();
    let new = NewOrder { kind: "fuga".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let [lost, worked] = [(); 2].map(|()| valley.one.act(|notebook| notebook.order_new(&new)).unwrap().folio);
    valley.one.sync(&mut valley.server);
    valley.two.sync(&mut valley.server);
    valley.two.act(|notebook| notebook.note(&worked, "cerramos la llave")).unwrap();
    restore(&mut valley, backup, 0);
    valley.two.sync_whatever(&mut valley.server);
    assert_eq!(valley.two.folios(), [folio.clone(), worked.clone()], "{lost} is not in the ledger");
    assert_eq!(notes(&mut valley.two, &worked), ["cerramos la llave"]);
    assert_rebuilds(&valley.server, &[&valley.two]);
    // Its author comes, and all is as it was.
    valley.one.sync_whatever(&mut valley.server);
    valley.two.sync_whatever(&mut valley.server);
    valley.one.sync(&mut valley.server);
    assert_eq!(valley.two.folios(), [folio, lost, worked.clone()]);
    assert_eq!(valley.one.show(&worked), valley.two.show(&worked));
    assert_rebuilds(&valley.server, &[&valley.one, &valley.two]);
}

/// Nearly all that is read anew stands in the journal already: a line says so, and does not repeat it.
#[test]
fn reading_anew_does_not_write_the_journal_twice() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    for serial in 0..20 {
        valley.one.act(|notebook| notebook.note(&folio, &format!("lectura {serial}"))).unwrap();
    }
    valley.one.sync(&mut valley.server);
    valley.dispatch.sync(&mut valley.server);
    let bytes = |phone: &Phone| phone.lines.0.iter().map(Vec::len).sum::<usize>();
    let first = bytes(&valley.dispatch);
    valley.server.write(|office, overlay, next, now| {
        office.start_epoch(overlay, next, now, &[7; 8], "a test").unwrap()
    });
    let shown = valley.dispatch.show(&folio);
    valley.dispatch.sync(&mut valley.server);
    let more = bytes(&valley.dispatch) - first;
    assert!(more * 3 < first, "{more} bytes more after {first}");
    assert_eq!(valley.dispatch.show(&folio), shown);
    assert_rebuilds(&valley.server, &[&valley.dispatch]);
}

#[test]
fn a_lost_enrolment_comes_back_after_its_code_ended_if_an_administrator_brings_it() {
    let mut valley = valley();
    let code = invite(&mut valley.admin, &mut valley.server, Role::Crew, Some("C-08"));
    let backup = valley.server.lines.0.clone();
    let mut late = Phone::new(9);
    late.enrol(&mut valley.server, &code, "Cuadrilla 8");
    let folio = pump_order(&mut valley);
    for phone in [&mut valley.dispatch, &mut valley.admin] {
        phone.sync(&mut valley.server);
    }
    restore(&mut valley, backup, 2 * CODE_LIFE_MS);
    let device = device_of(&mut late);
    // Dispatch may not invite, and may not bring back who was: it is told, and does not offer it for ever.
    let mut refused = Vec::new();
    for _ in 0..6 {
        refused.extend(valley.dispatch.exchange(&mut valley.server).carried_refused);
    }
    assert_eq!(refused, [(device, "code_expired".into())]);
    assert_eq!(valley.dispatch.exchange(&mut valley.server).pushed, 0);
    valley.admin.sync_whatever(&mut valley.server);
    late.now_ms = valley.server.now_ms;
    late.sync_whatever(&mut valley.server);
    late.act(|notebook| notebook.order_new(&NewOrder { kind: "fuga".into(), ..NewOrder::default() }))
        .unwrap();
    assert_eq!(late.exchange(&mut valley.server).accepted, 1);
    assert!(valley.dispatch.folios().contains(&folio));
}

/// A code that ended stays ended: whoever finds an old one gets nowhere by having it carried.
#[test]
fn an_old_code_opens_nothing_where_nothing_was_lost() {
    for lost_before_the_invitation in [false, true] {
        let mut valley = valley();
        if lost_before_the_invitation {
            valley.server.write(|office, overlay, next, now| {
                office.start_epoch(overlay, next, now, &[7; 8], "a test").unwrap()
            });
            valley.admin.sync(&mut valley.server);
        }
        let code = invite(&mut valley.admin, &mut valley.server, Role::Admin, None);
        let aside = valley.server.lines.0.clone();
        let mut stranger = Phone::new(9);
        stranger.enrol(&mut valley.server, &code, "Alguien");
        let key = stranger.key();
        stranger
            .act(|notebook| notebook.order_new(&NewOrder { kind: "fuga".into(), ..NewOrder::default() }))
            .unwrap();
        // It enrolled with a server that nobody else knows; the true one has never heard of it.
        let mut contact = stranger.act(|notebook| notebook.contact()).unwrap();
        contact.head_seq = 0;
        let mut overlay = Overlay::new(&stranger.rows);
        overlay.write(keys::fact("contact"), &contact);
        let batch = overlay.batch;
        stranger.rows.apply(batch);
        let bundle = stranger.act(|notebook| notebook.bundle_export(&key)).unwrap();
        restore(&mut valley, aside, 2 * CODE_LIFE_MS);
        valley.admin.act(|notebook| notebook.bundle_import(&bundle.bytes)).unwrap();
        let mut refused = Vec::new();
        for _ in 0..4 {
            refused.extend(valley.admin.exchange(&mut valley.server).carried_refused);
        }
        assert!(!refused.is_empty() && refused.iter().all(|(_, code)| code == "code_expired"), "{refused:?}");
    }
}

#[test]
fn who_was_revoked_does_not_carry_a_ledger_that_it_cannot_read() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let backup = valley.server.lines.0.clone();
    work_a_day(&mut valley.one, &folio, "A-1");
    for phone in [&mut valley.one, &mut valley.dispatch] {
        phone.sync(&mut valley.server);
    }
    restore(&mut valley, backup, 0);
    let device = device_of(&mut valley.dispatch);
    valley.admin.act(|notebook| notebook.revoke(&device, None, "se perdió")).unwrap();
    valley.admin.sync_whatever(&mut valley.server);
    let before = valley.dispatch.folios();
    let recovered: u64 = (0..4).map(|_| valley.dispatch.exchange(&mut valley.server).recovered).sum();
    assert_eq!((recovered, valley.dispatch.folios()), (0, before), "it keeps what it has");
}

#[test]
fn what_waited_is_judged_again_when_its_author_has_its_rights_back() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let code = invite(&mut valley.admin, &mut valley.server, Role::Crew, Some("C-08"));
    Phone::new(9).enrol(&mut valley.server, &code, "Cuadrilla 8");
    for phone in [&mut valley.dispatch, &mut valley.admin] {
        phone.sync(&mut valley.server);
    }
    let backup = valley.server.lines.0.clone();
    let new = NewOrder { kind: "bomba".into(), crew: Some("C-08".into()), ..NewOrder::default() };
    let other = valley.dispatch.act(|notebook| notebook.order_new(&new)).unwrap().folio;
    valley.dispatch.sync(&mut valley.server);
    let device = device_of(&mut valley.one);
    valley
        .admin
        .act(|notebook| notebook.assign_device(&device, Role::Crew, Some("C-08"), &[], "cambia de cuadrilla"))
        .unwrap();
    for phone in [&mut valley.admin, &mut valley.one] {
        phone.sync(&mut valley.server);
    }
    work_a_day(&mut valley.one, &other, "A-1");
    restore(&mut valley, backup, 0);
    // The work comes first, then what it builds on, then the right to it.
    valley.one.sync_whatever(&mut valley.server);
    valley.dispatch.sync_whatever(&mut valley.server);
    valley.dispatch.sync_whatever(&mut valley.server);
    let held = |phone: &mut Phone| phone.act(|notebook| notebook.quarantine()).unwrap().len();
    assert_eq!(held(&mut valley.dispatch), 6);
    valley.admin.sync_whatever(&mut valley.server);
    for phone in [&mut valley.dispatch, &mut valley.one] {
        phone.sync_whatever(&mut valley.server);
        phone.sync(&mut valley.server);
    }
    assert_eq!(held(&mut valley.dispatch), 0);
    assert_eq!(notes(&mut valley.dispatch, &other), ["instalamos A-1"]);
    assert_eq!(valley.one.show(&other), valley.dispatch.show(&other));
    assert_ne!(folio, other);
}

/// An anchor is the author's claim. One that this ledger never was in brings back no right from before its loss.
#[test]
fn a_claim_to_have_seen_a_lost_past_brings_no_older_right_back() {
    for replaced_before_the_loss in [true, false] {
        let mut valley = valley();
        let folio = pump_order(&mut valley);
        let device = device_of(&mut valley.one);
        let epoch = |valley: &mut Valley| {
            valley.server.write(|office, overlay, next, now| {
                office.start_epoch(overlay, next, now, &[7; 8], "a test").unwrap()
            });
        };
        if !replaced_before_the_loss {
            epoch(&mut valley);
            valley.admin.sync(&mut valley.server);
        }
        valley
            .admin
            .act(|notebook| notebook.assign_device(&device, Role::Crew, None, &[], "cambia de cuadrilla"))
            .unwrap();
        valley.admin.sync(&mut valley.server);
        if replaced_before_the_loss {
            epoch(&mut valley);
        }
        let mut contact = valley.one.act(|notebook| notebook.contact()).unwrap();
        contact.anchor.root = Hash([7; 32]);
        let mut overlay = Overlay::new(&valley.one.rows);
        overlay.write(keys::fact("contact"), &contact);
        let batch = overlay.batch;
        valley.one.rows.apply(batch);
        valley.one.act(|notebook| notebook.note(&folio, "de antes")).unwrap();
        let mut refused = Vec::new();
        for _ in 0..3 {
            refused.extend(valley.one.exchange(&mut valley.server).quarantined);
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
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let mut copy = valley.one.clone();
    copy.draws = 100;
    valley.one.act(|notebook| notebook.note(&folio, "del original")).unwrap();
    valley.one.sync(&mut valley.server);
    copy.act(|notebook| notebook.step(&folio, "start", None)).unwrap();
    copy.act(|notebook| notebook.note(&folio, "de la copia")).unwrap();
    let written = copy.show(&folio)["notes"][0]["claimed_at"].clone();
    copy.exchange(&mut valley.server);
    // It is copied once more on the way to its new name: both go on under that one, and each writes it all again.
    copy.act(|notebook| notebook.succeed_start(&[3; 32], None)).unwrap();
    let mut again = copy.clone();
    again.draws = 200;
    again.act(|notebook| notebook.note(&folio, "de la copia de la copia")).unwrap();
    again.succeed(&mut valley.server);
    again.sync_whatever(&mut valley.server);
    copy.now_ms += 3_600_000;
    copy.succeed(&mut valley.server);
    // The other one has begun the work: the first of the entries does nothing any more, and the others move up.
    copy.exchange(&mut valley.server);
    assert!(copy.act(|notebook| notebook.is_copy()).unwrap());
    copy.now_ms += 3_600_000;
    copy.succeed(&mut valley.server);
    copy.sync_whatever(&mut valley.server);
    for phone in [&mut valley.dispatch, &mut valley.two, &mut valley.admin] {
        phone.sync_whatever(&mut valley.server);
        let shown = phone.show(&folio);
        let all = shown["notes"].as_array().unwrap();
        let told: Vec<_> = all.iter().filter(|note| note["text"] == "de la copia").collect();
        assert!(told.iter().all(|note| note["claimed_at"] == written), "{written} {told:?}");
    }
    let third = device_of(&mut copy);
    let said = valley.dispatch.rows.rows.keys().any(|key| key.starts_with(&keys::again(&third, 0)[..18]));
    assert!(said, "the third name wrote something again");
}
