//! Trust: revoked, copied and restored; what is held back, carried, and given other rights.

use sync_core::act::{Fate, Role};
use sync_core::crypto::SecretKey;
use sync_core::id::DeviceId;
use sync_core::keys;
use sync_core::notebook::{NewOrder, NotebookError};
use sync_core::verdict::Reason;
use sync_core::view::replay::At;

use crate::flows::{invite, pump_order, valley, work_a_day};
use crate::harness::{Phone, Server};

pub fn device_of(phone: &mut Phone) -> DeviceId {
    phone.act(|notebook| Ok(notebook.identity()?.device)).unwrap()
}

pub fn notes(phone: &mut Phone, folio: &str) -> Vec<String> {
    let shown = phone.show(folio);
    let text = |note: &serde_json::Value| note["text"].as_str().unwrap().to_owned();
    shown["notes"].as_array().unwrap().iter().map(text).collect()
}

/// Everything rebuilt from journal and ledger is what is there.
pub fn assert_rebuilds(server: &Server, phones: &[&Phone]) {
    let mut kept = server.rows.rows.clone();
    kept.retain(|key, _| !keys::is_in_no_line(key));
    assert_eq!(Server::from_lines(server.lines.0.clone()).rows.rows, kept);
    for phone in phones {
        let (mut kept, mut rebuilt) = (phone.rows.rows.clone(), phone.rebuilt());
        for rows in [&mut kept, &mut rebuilt] {
            rows.retain(|key, _| !keys::is_in_no_line(key));
        }
        let differs: Vec<_> = rebuilt.iter().filter(|(key, value)| kept.get(*key) != Some(value)).collect();
        assert!(differs.is_empty(), "{:?}", String::from_utf8_lossy(differs[0].0));
        assert_eq!(rebuilt.len(), kept.len());
    }
}

#[test]
fn a_phone_revoked_while_away_loses_nothing() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let new = NewOrder { kind: "chlorination".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let other = valley.dispatch.act(|notebook| notebook.order_new(&new)).unwrap().folio;
    valley.dispatch.sync(&mut valley.server);
    valley.one.sync(&mut valley.server);
    for number in 0..20 {
        valley.one.act(|notebook| notebook.note(&folio, &format!("bomba {number}"))).unwrap();
        valley.one.act(|notebook| notebook.note(&other, &format!("cloro {number}"))).unwrap();
    }
    let device = device_of(&mut valley.one);
    valley.admin.sync(&mut valley.server);
    valley
        .admin
        .act(|notebook| notebook.revoke(&device, Some(Fate::Lost), "se extravió en La Ciénega"))
        .unwrap();
    valley.admin.sync(&mut valley.server);
    let exchanged = valley.one.exchange(&mut valley.server);
    assert_eq!(exchanged.quarantined.len(), 40);
    assert!(exchanged.quarantined.iter().all(|entry| entry.reason == "revoked" && entry.folio.is_some()));
    let status = valley.one.act(|notebook| notebook.status()).unwrap();
    assert_eq!((status.quarantined, status.unsent), (40, 0));
    assert_eq!(status.revoked.as_deref(), Some("se extravió en La Ciénega"));
    let refused = valley.one.act(|notebook| notebook.note(&folio, "otra"));
    assert_eq!(refused, Err(NotebookError::Refused(Reason::Revoked)));

    valley.admin.sync(&mut valley.server);
    let inbox = valley.admin.act(|notebook| notebook.quarantine()).unwrap();
    assert_eq!(inbox.len(), 40);
    assert!(inbox.iter().all(|item| item.summary.contains("bomba") || item.summary.contains("cloro")));
    let bad = inbox.iter().find(|item| item.summary.contains("bomba 7")).unwrap().clone();
    assert_eq!(bad.needed_by.len(), 1, "the next note on that order builds on it");
    let rest: Vec<u64> = inbox.iter().map(|item| item.id).filter(|id| *id != bad.id).collect();
    let early = valley.admin.act(|notebook| notebook.release(&[bad.needed_by[0]], "x"));
    assert!(
        matches!(early, Err(NotebookError::GroundHeld { on: Some(on), .. }) if on == bad.id),
        "{early:?}"
    );
    let before = valley.server.seq();
    valley.admin.act(|notebook| notebook.dismiss(&[bad.id], "no es de esta bomba")).unwrap();
    valley.admin.sync(&mut valley.server);
    let decisions =
        valley.admin.act(|notebook| notebook.release(&rest, "trabajo verificado en sitio")).unwrap();
    assert_eq!(decisions.released.len() + decisions.written_again.len(), 39);
    assert_eq!(decisions.written_again.len(), 12, "what built on the dismissed one is written again");
    valley.admin.sync(&mut valley.server);

    let told = valley.one.exchange(&mut valley.server);
    assert_eq!(told.decided.iter().filter(|one| one.released).count(), 27, "{told:?}");
    assert!(told.decided.iter().any(|one| !one.released && one.reason == "no es de esta bomba"));
    valley.two.sync(&mut valley.server);
    valley.dispatch.sync(&mut valley.server);
    let shared = notes(&mut valley.dispatch, &folio);
    assert_eq!(shared.len(), 19);
    assert!(!shared.iter().any(|note| note == "bomba 7"));
    assert_eq!(notes(&mut valley.two, &folio), shared);
    assert_eq!(notes(&mut valley.admin, &folio), shared);
    assert_eq!(valley.dispatch.show(&other)["notes"].as_array().unwrap().len(), 20);
    assert_eq!(valley.two.show(&folio), valley.dispatch.show(&folio));
    let aside = valley.one.act(|notebook| notebook.dismissed()).unwrap();
    assert!(aside.iter().any(|item| item.summary.contains("bomba 7")), "its author keeps a copy");
    let again = valley.dispatch.show(&folio)["notes"][10].clone();
    assert_eq!(again["person"], "Cuadrilla 7", "who wrote it first is who is named: {again}");
    assert!(valley.admin.act(|notebook| notebook.quarantine()).unwrap().is_empty());

    let then = valley.dispatch.act(|notebook| notebook.replay(Some(&folio), At::Seq(before))).unwrap();
    assert!(then.orders[0].notes.is_empty(), "before the release none of it counted");
    assert_rebuilds(&valley.server, &[&valley.one, &valley.two, &valley.dispatch, &valley.admin]);
}

#[test]
fn a_copy_goes_on_under_a_new_name_and_nothing_of_either_is_lost() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    valley.one.act(|notebook| notebook.note(&folio, "antes de la copia")).unwrap();
    let mut copy = valley.one.clone();
    copy.draws = 100;
    let new =
        |title: &str| NewOrder { kind: "fuga".into(), title: Some(title.into()), ..NewOrder::default() };
    let made = valley.one.act(|notebook| notebook.order_new(&new("la del original"))).unwrap().folio;
    work_a_day(&mut valley.one, &folio, "A-1");
    let twice = copy.act(|notebook| notebook.order_new(&new("la de la copia"))).unwrap().folio;
    assert_eq!(made, twice, "both give out the same folio");
    copy.act(|notebook| notebook.note(&twice, "junto al puente")).unwrap();
    copy.act(|notebook| notebook.note(&folio, "desde la copia")).unwrap();
    valley.one.sync(&mut valley.server);
    let exchanged = copy.exchange(&mut valley.server);
    assert!(exchanged.quarantined.iter().all(|entry| entry.reason == "fork"), "{exchanged:?}");
    assert!(copy.act(|notebook| notebook.is_copy()).unwrap());
    assert!(!valley.one.act(|notebook| notebook.is_copy()).unwrap());
    let succeeded = copy.succeed(&mut valley.server);
    assert_eq!((succeeded.repeated.repeated, succeeded.repeated.left), (3, 0), "{succeeded:?}");
    copy.sync_whatever(&mut valley.server);
    copy.sync(&mut valley.server);
    for phone in [&mut valley.one, &mut valley.dispatch, &mut valley.two, &mut valley.admin] {
        phone.sync(&mut valley.server);
    }
    let folios = valley.dispatch.folios();
    assert_eq!(folios.len(), 3, "{folios:?}");
    let renamed = folios.iter().find(|one| **one != folio && **one != made).unwrap().clone();
    let shown = valley.dispatch.show(&renamed);
    assert_eq!(shown["title"], "la de la copia");
    let told = shown["notes"].to_string();
    assert!(told.contains(&made) && told.contains("junto al puente"), "{told}");
    let all = notes(&mut valley.dispatch, &folio);
    for note in ["antes de la copia", "instalamos A-1", "desde la copia"] {
        assert_eq!(all.iter().filter(|one| *one == note).count(), 1, "{note}: {all:?}");
    }
    assert_eq!(copy.show(&folio), valley.one.show(&folio));
    assert_eq!(copy.show(&renamed), valley.dispatch.show(&renamed));
    assert!(valley.admin.act(|notebook| notebook.quarantine()).unwrap().is_empty(), "the fork is settled");
    let items = valley.admin.act(|notebook| notebook.devices()).unwrap();
    let named = items.iter().find(|item| item.device == succeeded.device.to_string()).unwrap();
    assert_eq!(named.continues, Some(succeeded.was.to_string()));
    assert_rebuilds(&valley.server, &[&copy, &valley.one, &valley.admin]);
}

#[test]
fn a_phone_restored_from_a_backup_goes_on_under_a_new_name() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let mut restored = valley.one.clone();
    work_a_day(&mut valley.one, &folio, "A-1");
    valley.one.sync(&mut valley.server);
    restored.draws = 150;
    restored.exchange(&mut valley.server);
    assert!(restored.act(|notebook| notebook.is_copy()).unwrap(), "the server has more of it than itself");
    restored.succeed(&mut valley.server);
    restored.sync_whatever(&mut valley.server);
    assert_eq!(restored.show(&folio), valley.one.show(&folio));
}

#[test]
fn a_server_restored_from_a_backup_is_found_out_and_gets_everything_back() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let backup = valley.server.lines.0.clone();
    work_a_day(&mut valley.one, &folio, "A-1");
    work_a_day(&mut valley.two, &folio, "B-2");
    for phone in [&mut valley.one, &mut valley.two, &mut valley.dispatch, &mut valley.admin] {
        phone.sync(&mut valley.server);
    }
    let before = valley.dispatch.show(&folio);
    let now_ms = valley.server.now_ms;
    valley.server = Server::from_lines(backup);
    valley.server.now_ms = now_ms;
    let exchanged = valley.one.exchange(&mut valley.server);
    let parted = exchanged.parted.expect("the first device to come notices");
    assert!(parted.kept.size > parted.shown.size);
    valley.one.sync_whatever(&mut valley.server);
    // Device two never comes back; dispatch still holds its work.
    valley.dispatch.sync_whatever(&mut valley.server);
    valley.admin.sync_whatever(&mut valley.server);
    valley.one.sync(&mut valley.server);
    valley.dispatch.sync(&mut valley.server);
    let after = valley.dispatch.show(&folio);
    for key in ["notes", "measurements", "materials"] {
        assert_eq!(after[key].as_array().unwrap().len(), before[key].as_array().unwrap().len(), "{key}");
    }
    assert_eq!(valley.dispatch.act(|notebook| notebook.status()).unwrap().partings.len(), 1);
    let log = valley.dispatch.act(|notebook| notebook.audit_log(None, None)).unwrap();
    let epochs = log.iter().filter(|line| line.action == "epoch").count();
    assert_eq!(epochs, 2, "one at the founding, one for the lost past, not one for each device");
    valley.two.sync_whatever(&mut valley.server);
    assert_eq!(valley.two.show(&folio), valley.one.show(&folio));
}

#[test]
fn rights_that_change_while_a_crew_is_away_orphan_nothing() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    valley.one.act(|notebook| notebook.note(&folio, "trabajo de antes")).unwrap();
    let device = device_of(&mut valley.one);
    valley.admin.sync(&mut valley.server);
    valley
        .admin
        .act(|notebook| notebook.assign_device(&device, Role::Crew, None, &[], "cambia de cuadrilla"))
        .unwrap();
    valley.admin.sync(&mut valley.server);
    let exchanged = valley.one.exchange(&mut valley.server);
    assert_eq!((exchanged.accepted, exchanged.quarantined.len()), (1, 0));
    assert!(valley.one.folios().is_empty(), "the order is no longer on it");
    valley.dispatch.sync(&mut valley.server);
    assert_eq!(notes(&mut valley.dispatch, &folio), ["trabajo de antes"]);
    assert_rebuilds(&valley.server, &[&valley.one]);
}

#[test]
fn a_carrier_vouches_for_what_it_took_over() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    work_a_day(&mut valley.two, &folio, "B-2");
    let bundle = valley.two.act(|notebook| notebook.bundle_export(&SecretKey::from_seed(&[4; 32]))).unwrap();
    valley.one.act(|notebook| notebook.bundle_import(&bundle.bytes)).unwrap();
    let device = device_of(&mut valley.two);
    valley.admin.sync(&mut valley.server);
    valley.admin.act(|notebook| notebook.revoke(&device, Some(Fate::Stolen), "robado")).unwrap();
    valley.admin.sync(&mut valley.server);
    // The thief writes on.
    valley.two.act(|notebook| notebook.note(&folio, "del ladrón")).unwrap();
    valley.two.sync_whatever(&mut valley.server);
    valley.one.sync(&mut valley.server);
    valley.admin.sync(&mut valley.server);
    let all = valley.admin.act(|notebook| notebook.held_of(&device, false)).unwrap();
    let vouched = valley.admin.act(|notebook| notebook.held_of(&device, true)).unwrap();
    assert_eq!((all.len(), vouched.len()), (7, 6), "what a carrier had before the theft is known apart");
    valley.admin.act(|notebook| notebook.release(&vouched, "lo llevó la otra cuadrilla")).unwrap();
    valley.admin.sync(&mut valley.server);
    valley.dispatch.sync(&mut valley.server);
    assert_eq!(notes(&mut valley.dispatch, &folio), ["instalamos B-2"]);
}

#[test]
fn two_who_make_the_same_record_while_apart_both_go_on() {
    let mut valley = valley();
    let id = sync_core::id::RecordId([9; 16]);
    let new = |title: &str| NewOrder {
        kind: "fuga".into(),
        title: Some(title.into()),
        id: Some(id),
        ..NewOrder::default()
    };
    valley.dispatch.act(|notebook| notebook.order_new(&new("primero"))).unwrap();
    let folio = valley.admin.act(|notebook| notebook.order_new(&new("segundo"))).unwrap().folio;
    valley.admin.act(|notebook| notebook.note(&folio, "encima del segundo")).unwrap();
    valley.dispatch.sync(&mut valley.server);
    valley.admin.sync_whatever(&mut valley.server);
    valley.admin.sync(&mut valley.server);
    valley.dispatch.sync(&mut valley.server);
    let folio = valley.dispatch.folios()[0].clone();
    assert_eq!(valley.admin.show(&folio), valley.dispatch.show(&folio));
    let held = valley.admin.act(|notebook| notebook.quarantine()).unwrap();
    assert_eq!(held.len(), 2, "the own ones are told as held: {held:?}");
    assert_rebuilds(&valley.server, &[&valley.admin, &valley.dispatch]);
}

#[test]
fn nobody_becomes_the_office_and_a_demotion_counts_at_once_for_acts() {
    let mut valley = valley();
    let device = device_of(&mut valley.admin);
    let office = valley.admin.act(|notebook| notebook.assign_device(&device, Role::Office, None, &[], "x"));
    assert!(matches!(office, Err(NotebookError::Role { .. })), "{office:?}");
    assert!(valley.admin.act(|notebook| notebook.invite(Role::Office, None, &[])).is_err());
    let code = invite(&mut valley.admin, &mut valley.server, Role::Admin, None);
    let mut second = Phone::new(9);
    second.enrol(&mut valley.server, &code, "Otra administración");
    second
        .act(|notebook| notebook.assign_device(&device, Role::Auditor, None, &[], "baja de papel"))
        .unwrap();
    second.sync(&mut valley.server);
    // It does not know yet, and its anchor is from before: work would count, a new invitation must not.
    valley.admin.act(|notebook| notebook.invite(Role::Admin, None, &[])).unwrap();
    let exchanged = valley.admin.exchange(&mut valley.server);
    assert_eq!(exchanged.quarantined.len(), 1, "{exchanged:?}");
}

#[test]
fn a_copy_is_told_although_the_ledger_began_a_new_life() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let mut copy = valley.one.clone();
    copy.draws = 100;
    valley.server.write(|office, overlay, next, now| {
        office.start_epoch(overlay, next, now, &[7; 8], "a test").unwrap()
    });
    for note in ["uno", "dos"] {
        valley.one.act(|notebook| notebook.note(&folio, note)).unwrap();
        copy.act(|notebook| notebook.note(&folio, &format!("copia {note}"))).unwrap();
    }
    valley.one.sync_whatever(&mut valley.server);
    let exchanged = copy.exchange(&mut valley.server);
    assert_eq!((exchanged.accepted, exchanged.quarantined.len(), exchanged.more), (0, 2, false));
    copy.succeed(&mut valley.server);
    copy.sync_whatever(&mut valley.server);
    valley.dispatch.sync_whatever(&mut valley.server);
    let all = notes(&mut valley.dispatch, &folio);
    for note in ["uno", "dos", "copia uno", "copia dos"] {
        assert_eq!(all.iter().filter(|one| *one == note).count(), 1, "{note}: {all:?}");
    }
}

#[test]
fn what_a_supervisor_wrote_again_the_copy_does_not_write_a_third_time() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let mut copy = valley.one.clone();
    copy.draws = 100;
    valley.one.act(|notebook| notebook.note(&folio, "del original")).unwrap();
    copy.act(|notebook| notebook.note(&folio, "de la copia")).unwrap();
    valley.one.sync(&mut valley.server);
    let key = SecretKey::from_seed(&[3; 32]);
    let bundle = copy.act(|notebook| notebook.bundle_export(&key)).unwrap();
    valley.two.act(|notebook| notebook.bundle_import(&bundle.bytes)).unwrap();
    valley.two.sync(&mut valley.server);
    valley.admin.sync(&mut valley.server);
    let held = valley.admin.act(|notebook| notebook.quarantine()).unwrap();
    assert_eq!((held.len(), held[0].reason.as_str()), (1, "fork"));
    let decided = valley.admin.act(|notebook| notebook.release(&[held[0].id], "sí se hizo")).unwrap();
    assert_eq!(decided.written_again.len(), 1);
    valley.admin.sync(&mut valley.server);
    copy.exchange(&mut valley.server);
    assert!(copy.act(|notebook| notebook.is_copy()).unwrap());
    copy.succeed(&mut valley.server);
    copy.sync_whatever(&mut valley.server);
    valley.dispatch.sync(&mut valley.server);
    let all = notes(&mut valley.dispatch, &folio);
    assert_eq!(all.iter().filter(|note| *note == "de la copia").count(), 1, "{all:?}");
}

#[test]
fn a_lineage_ends() {
    let mut valley = valley();
    let seed = [3; 32];
    for _ in 0..sync_core::limits::SUCCESSORS_MAX {
        valley.one.succeed(&mut valley.server);
    }
    let frame = valley.one.act(|notebook| notebook.succeed_start(&seed, None)).unwrap();
    let refused = valley.server.serve(&frame, true).unwrap_err();
    assert_eq!(refused.code(), "too_many_successors");
}

#[test]
fn a_lost_past_is_told_once_and_not_by_the_revoked() {
    let mut valley = valley();
    pump_order(&mut valley);
    let backup = valley.server.lines.0.clone();
    for phone in [&mut valley.dispatch, &mut valley.admin] {
        phone.act(|notebook| notebook.invite(Role::Crew, None, &[])).ok();
        phone.sync(&mut valley.server);
    }
    let now_ms = valley.server.now_ms;
    valley.server = Server::from_lines(backup);
    valley.server.now_ms = now_ms;
    let mut saved = valley.admin.clone();
    valley.admin.sync_whatever(&mut valley.server);
    let epochs = |phone: &mut Phone| {
        let log = phone.act(|notebook| notebook.audit_log(None, None)).unwrap();
        log.iter().filter(|line| line.action == "epoch").count()
    };
    assert_eq!(epochs(&mut valley.admin), 2);
    // The same evidence again, by whoever kept it.
    saved.draws = 200;
    saved.sync_whatever(&mut valley.server);
    valley.admin.sync_whatever(&mut valley.server);
    assert_eq!(epochs(&mut valley.admin), 2);
}

#[test]
fn dispatch_hears_of_an_order_that_was_released_and_worked_on_in_one_reply() {
    let mut valley = valley();
    let device = device_of(&mut valley.one);
    valley.admin.act(|notebook| notebook.revoke(&device, None, "se perdió")).unwrap();
    valley.admin.sync(&mut valley.server);
    // It does not know yet, and its new order is held back; dispatch reads that far.
    let new = NewOrder { kind: "fuga".into(), ..NewOrder::default() };
    let folio = valley.one.act(|notebook| notebook.order_new(&new)).unwrap().folio;
    valley.one.sync(&mut valley.server);
    for phone in [&mut valley.dispatch, &mut valley.admin] {
        phone.sync(&mut valley.server);
    }
    let held = valley.admin.act(|notebook| notebook.quarantine()).unwrap();
    valley.admin.act(|notebook| notebook.release(&[held[0].id], "sí hay fuga")).unwrap();
    valley.admin.sync(&mut valley.server);
    valley.two.sync(&mut valley.server);
    valley.two.act(|notebook| notebook.note(&folio, "ya se cerró la llave")).unwrap();
    valley.two.sync(&mut valley.server);
    // The release and the note come together: the order has no number on this side before the release is folded.
    valley.dispatch.sync(&mut valley.server);
    assert_eq!(valley.dispatch.show(&folio), valley.two.show(&folio));
    assert_rebuilds(&valley.server, &[&valley.dispatch, &valley.two]);
}
