//! Trust: revoked, copied and restored; what is held back, carried, and given other rights.

use sync_core::id::DeviceId;
use sync_core::log::act::{Fate, Role};
use sync_core::log::verdict::Reason;
use sync_core::replica::{NewInvitation, NewOrder, ReplicaError};
use sync_core::state::local::is_in_no_line;
use sync_core::view::replay::At;

use crate::flows::{invite, pump_order, town, work_a_day};
use crate::harness::{Phone, Server, swept};

pub fn device_of(phone: &mut Phone) -> DeviceId {
    phone.act(|replica| Ok(replica.identity()?.device)).unwrap()
}

pub fn notes(phone: &mut Phone, folio: &str) -> Vec<String> {
    let shown = phone.show(folio);
    let text = |note: &serde_json::Value| note["text"].as_str().unwrap().to_owned();
    shown["notes"].as_array().unwrap().iter().map(text).collect()
}

/// Everything rebuilt from journal and ledger is what is there.
pub fn assert_rebuilds(server: &Server, phones: &[&Phone]) {
    let mut kept = server.rows.rows.clone();
    kept.retain(|key, _| !is_in_no_line(key));
    assert_eq!(Server::from_lines(server.lines.0.clone()).rows.rows, kept);
    for phone in phones {
        let (mut kept, mut rebuilt) = (swept(phone.rows.clone()), phone.rebuilt());
        for rows in [&mut kept, &mut rebuilt] {
            rows.retain(|key, _| !is_in_no_line(key));
        }
        let differs: Vec<_> = rebuilt.iter().filter(|(key, value)| kept.get(*key) != Some(value)).collect();
        assert!(differs.is_empty(), "{:?}", String::from_utf8_lossy(differs[0].0));
        assert_eq!(rebuilt.len(), kept.len());
    }
}

#[test]
fn a_phone_revoked_while_away_loses_nothing() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let new = NewOrder { kind: "chlorination".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let other = town.dispatch.act(|replica| replica.order_new(&new)).unwrap().folio;
    town.dispatch.sync(&mut town.server);
    town.one.sync(&mut town.server);
    for number in 0..20 {
        town.one.act(|replica| replica.note(&folio, &format!("bomba {number}"))).unwrap();
        town.one.act(|replica| replica.note(&other, &format!("cloro {number}"))).unwrap();
    }
    let device = device_of(&mut town.one);
    town.admin.sync(&mut town.server);
    town.admin.act(|replica| replica.revoke(&device, Some(Fate::Lost), "se extravió en La Ciénega")).unwrap();
    town.admin.sync(&mut town.server);
    let exchanged = town.one.exchange(&mut town.server);
    assert_eq!(exchanged.quarantined.len(), 40);
    assert!(exchanged.quarantined.iter().all(|entry| entry.reason == "revoked" && entry.folio.is_some()));
    let status = town.one.act(|replica| Ok(replica.view().status()?)).unwrap();
    assert_eq!((status.quarantined, status.unsent), (40, 0));
    assert_eq!(status.revoked.as_deref(), Some("se extravió en La Ciénega"));
    let refused = town.one.act(|replica| replica.note(&folio, "otra"));
    assert_eq!(refused, Err(ReplicaError::Refused(Reason::Revoked)));

    town.admin.sync(&mut town.server);
    let inbox = town.admin.act(|replica| Ok(replica.view().quarantine()?)).unwrap();
    assert_eq!(inbox.len(), 40);
    assert!(inbox.iter().all(|item| item.summary.contains("bomba") || item.summary.contains("cloro")));
    let bad = inbox.iter().find(|item| item.summary.contains("bomba 7")).unwrap().clone();
    assert_eq!(bad.needed_by.len(), 1, "the next note on that order builds on it");
    let rest: Vec<u64> = inbox.iter().map(|item| item.id).filter(|id| *id != bad.id).collect();
    let early = town.admin.act(|replica| replica.release(&[bad.needed_by[0]], "x"));
    assert!(matches!(early, Err(ReplicaError::GroundHeld { on: Some(on), .. }) if on == bad.id), "{early:?}");
    let before = town.server.seq();
    town.admin.act(|replica| replica.dismiss(&[bad.id], "no es de esta bomba")).unwrap();
    town.admin.sync(&mut town.server);
    let decisions = town.admin.act(|replica| replica.release(&rest, "trabajo verificado en sitio")).unwrap();
    assert_eq!(decisions.released.len() + decisions.written_again.len(), 39);
    assert_eq!(decisions.written_again.len(), 12, "what built on the dismissed one is written again");
    town.admin.sync(&mut town.server);

    let told = town.one.exchange(&mut town.server);
    assert_eq!(told.decided.iter().filter(|one| one.released).count(), 27, "{told:?}");
    assert!(told.decided.iter().any(|one| !one.released && one.reason == "no es de esta bomba"));
    town.two.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    let shared = notes(&mut town.dispatch, &folio);
    assert_eq!(shared.len(), 19);
    assert!(!shared.iter().any(|note| note == "bomba 7"));
    assert_eq!(notes(&mut town.two, &folio), shared);
    assert_eq!(notes(&mut town.admin, &folio), shared);
    assert_eq!(town.dispatch.show(&other)["notes"].as_array().unwrap().len(), 20);
    assert_eq!(town.two.show(&folio), town.dispatch.show(&folio));
    let aside = town.one.act(|replica| Ok(replica.view().dismissed()?)).unwrap();
    assert!(aside.iter().any(|item| item.summary.contains("bomba 7")), "its author keeps a copy");
    let again = town.dispatch.show(&folio)["notes"][10].clone();
    assert_eq!(again["person"], "Cuadrilla 7", "who wrote it first is who is named: {again}");
    assert!(town.admin.act(|replica| Ok(replica.view().quarantine()?)).unwrap().is_empty());

    let then =
        town.dispatch.act(|replica| Ok(replica.view().replay(Some(&folio), At::Seq(before))?)).unwrap();
    assert!(then.orders[0].notes.is_empty(), "before the release none of it counted");
    assert_rebuilds(&town.server, &[&town.one, &town.two, &town.dispatch, &town.admin]);
}

#[test]
fn a_copy_goes_on_under_a_new_name_and_nothing_of_either_is_lost() {
    let mut town = town();
    let folio = pump_order(&mut town);
    town.one.act(|replica| replica.note(&folio, "antes de la copia")).unwrap();
    let mut copy = town.one.clone();
    copy.draws = 100;
    let new =
        |title: &str| NewOrder { kind: "fuga".into(), title: Some(title.into()), ..NewOrder::default() };
    let made = town.one.act(|replica| replica.order_new(&new("la del original"))).unwrap().folio;
    work_a_day(&mut town.one, &folio, "A-1");
    let twice = copy.act(|replica| replica.order_new(&new("la de la copia"))).unwrap().folio;
    assert_eq!(made, twice, "both give out the same folio");
    copy.act(|replica| replica.note(&twice, "junto al puente")).unwrap();
    copy.act(|replica| replica.note(&folio, "desde la copia")).unwrap();
    town.one.sync(&mut town.server);
    let exchanged = copy.finish(&mut town.server);
    assert!(exchanged.quarantined.iter().all(|entry| entry.reason == "fork"), "{exchanged:?}");
    assert!(copy.act(|replica| replica.is_copy()).unwrap());
    assert!(!town.one.act(|replica| replica.is_copy()).unwrap());
    let succeeded = copy.succeed(&mut town.server);
    assert_eq!((succeeded.repeated.repeated, succeeded.repeated.left), (3, 0), "{succeeded:?}");
    copy.sync_whatever(&mut town.server);
    copy.sync(&mut town.server);
    for phone in [&mut town.one, &mut town.dispatch, &mut town.two, &mut town.admin] {
        phone.sync(&mut town.server);
    }
    let folios = town.dispatch.folios();
    assert_eq!(folios.len(), 3, "{folios:?}");
    let renamed = folios.iter().find(|one| **one != folio && **one != made).unwrap().clone();
    let shown = town.dispatch.show(&renamed);
    assert_eq!(shown["title"], "la de la copia");
    let told = shown["notes"].to_string();
    assert!(told.contains(&made) && told.contains("junto al puente"), "{told}");
    let all = notes(&mut town.dispatch, &folio);
    for note in ["antes de la copia", "instalamos A-1", "desde la copia"] {
        assert_eq!(all.iter().filter(|one| *one == note).count(), 1, "{note}: {all:?}");
    }
    assert_eq!(copy.show(&folio), town.one.show(&folio));
    assert_eq!(copy.show(&renamed), town.dispatch.show(&renamed));
    assert!(
        town.admin.act(|replica| Ok(replica.view().quarantine()?)).unwrap().is_empty(),
        "the fork is settled"
    );
    let items = town.admin.act(|replica| Ok(replica.view().devices()?)).unwrap();
    let named = items.iter().find(|item| item.device == succeeded.device.to_string()).unwrap();
    assert_eq!(named.continues, Some(succeeded.was.to_string()));
    assert_rebuilds(&town.server, &[&copy, &town.one, &town.admin]);
}

#[test]
fn a_phone_restored_from_a_backup_goes_on_under_a_new_name() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let mut restored = town.one.clone();
    work_a_day(&mut town.one, &folio, "A-1");
    town.one.sync(&mut town.server);
    restored.draws = 150;
    restored.finish(&mut town.server);
    assert!(restored.act(|replica| replica.is_copy()).unwrap(), "the server has more of it than itself");
    restored.succeed(&mut town.server);
    restored.sync_whatever(&mut town.server);
    assert_eq!(restored.show(&folio), town.one.show(&folio));
}

#[test]
fn a_server_restored_from_a_backup_is_found_out_and_gets_everything_back() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let backup = town.server.lines.0.clone();
    work_a_day(&mut town.one, &folio, "A-1");
    work_a_day(&mut town.two, &folio, "B-2");
    for phone in [&mut town.one, &mut town.two, &mut town.dispatch, &mut town.admin] {
        phone.sync(&mut town.server);
    }
    let before = town.dispatch.show(&folio);
    town.server.restore(backup);
    let exchanged = town.one.exchange(&mut town.server);
    let split = exchanged.split.expect("the first device to come notices");
    assert!(split.kept.size > split.shown.size);
    town.one.sync_whatever(&mut town.server);
    // Device two never comes back; dispatch still holds its work.
    town.dispatch.sync_whatever(&mut town.server);
    town.admin.sync_whatever(&mut town.server);
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    let after = town.dispatch.show(&folio);
    for key in ["notes", "measurements", "materials"] {
        assert_eq!(after[key].as_array().unwrap().len(), before[key].as_array().unwrap().len(), "{key}");
    }
    assert_eq!(town.dispatch.act(|replica| Ok(replica.view().status()?)).unwrap().partings.len(), 1);
    let log = town.dispatch.act(|replica| Ok(replica.view().audit_log(None, None)?)).unwrap();
    let epochs = log.iter().filter(|line| line.action == "epoch").count();
    assert_eq!(epochs, 2, "one at the founding, one for the lost past, not one for each device");
    town.two.sync_whatever(&mut town.server);
    assert_eq!(town.two.show(&folio), town.one.show(&folio));
}

#[test]
fn rights_that_change_while_a_crew_is_away_orphan_nothing() {
    let mut town = town();
    let folio = pump_order(&mut town);
    town.one.act(|replica| replica.note(&folio, "trabajo de antes")).unwrap();
    let device = device_of(&mut town.one);
    town.admin.sync(&mut town.server);
    town.admin
        .act(|replica| replica.assign_device(&device, Role::Crew, None, &[], "cambia de cuadrilla"))
        .unwrap();
    town.admin.sync(&mut town.server);
    let exchanged = town.one.exchange(&mut town.server);
    assert_eq!((exchanged.accepted, exchanged.quarantined.len()), (1, 0));
    assert!(town.one.folios().is_empty(), "the order is no longer on it");
    town.dispatch.sync(&mut town.server);
    assert_eq!(notes(&mut town.dispatch, &folio), ["trabajo de antes"]);
    assert_rebuilds(&town.server, &[&town.one]);
}

#[test]
fn a_carrier_vouches_for_what_it_took_over() {
    let mut town = town();
    let folio = pump_order(&mut town);
    work_a_day(&mut town.two, &folio, "B-2");
    let bundle = town.two.bundle();
    town.one.act(|replica| replica.bundle_import(&bundle.bytes)).unwrap();
    let device = device_of(&mut town.two);
    town.admin.sync(&mut town.server);
    town.admin.act(|replica| replica.revoke(&device, Some(Fate::Stolen), "robado")).unwrap();
    town.admin.sync(&mut town.server);
    // The thief writes on.
    town.two.act(|replica| replica.note(&folio, "del ladrón")).unwrap();
    town.two.sync_whatever(&mut town.server);
    town.one.sync(&mut town.server);
    town.admin.sync(&mut town.server);
    let all = town.admin.act(|replica| replica.held_of(&device, false)).unwrap();
    let vouched = town.admin.act(|replica| replica.held_of(&device, true)).unwrap();
    assert_eq!((all.len(), vouched.len()), (7, 6), "what a carrier had before the theft is known apart");
    town.admin.act(|replica| replica.release(&vouched, "lo llevó la otra cuadrilla")).unwrap();
    town.admin.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    assert_eq!(notes(&mut town.dispatch, &folio), ["instalamos B-2"]);
}

#[test]
fn two_who_make_the_same_record_while_apart_both_go_on() {
    let mut town = town();
    let id = sync_core::id::RecordId([9; 16]);
    let new = |title: &str| NewOrder {
        kind: "fuga".into(),
        title: Some(title.into()),
        id: Some(id),
        ..NewOrder::default()
    };
    town.dispatch.act(|replica| replica.order_new(&new("primero"))).unwrap();
    let folio = town.admin.act(|replica| replica.order_new(&new("segundo"))).unwrap().folio;
    town.admin.act(|replica| replica.note(&folio, "encima del segundo")).unwrap();
    town.dispatch.sync(&mut town.server);
    town.admin.sync_whatever(&mut town.server);
    town.admin.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    let folio = town.dispatch.folios()[0].clone();
    assert_eq!(town.admin.show(&folio), town.dispatch.show(&folio));
    let held = town.admin.act(|replica| Ok(replica.view().quarantine()?)).unwrap();
    assert_eq!(held, vec![], "the later one wrote its own again upon the first");
    assert!(notes(&mut town.dispatch, &folio).contains(&"encima del segundo".to_string()));
    let conflicts = town.dispatch.act(|replica| Ok(replica.view().conflicts()?)).unwrap();
    assert_eq!(conflicts.iter().map(|one| one.conflict.field.as_str()).collect::<Vec<_>>(), ["title"]);
    assert_rebuilds(&town.server, &[&town.admin, &town.dispatch]);
}

#[test]
fn nobody_becomes_the_office_and_a_demotion_counts_at_once_for_acts() {
    let mut town = town();
    let device = device_of(&mut town.admin);
    let office = town.admin.act(|replica| replica.assign_device(&device, Role::Office, None, &[], "x"));
    assert!(matches!(office, Err(ReplicaError::Role { .. })), "{office:?}");
    assert!(town.admin.act(|replica| replica.invite(&NewInvitation::of(Role::Office))).is_err());
    let code = invite(&mut town.admin, &mut town.server, Role::Admin, None);
    let mut second = Phone::new(9);
    second.enrol(&mut town.server, &code, "Otra administración");
    second.act(|replica| replica.assign_device(&device, Role::Auditor, None, &[], "baja de papel")).unwrap();
    second.sync(&mut town.server);
    // It does not know yet, and its anchor is from before: work would count, a new invitation must not.
    town.admin.act(|replica| replica.invite(&NewInvitation::of(Role::Admin))).unwrap();
    let exchanged = town.admin.exchange(&mut town.server);
    assert_eq!(exchanged.quarantined.len(), 1, "{exchanged:?}");
}

#[test]
fn a_copy_is_told_although_the_ledger_began_a_new_life() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let mut copy = town.one.clone();
    copy.draws = 100;
    town.server.write(|office, overlay, next, now| {
        office.start_epoch(overlay, next, now, &[7; 8], "a test").unwrap()
    });
    for note in ["uno", "dos"] {
        town.one.act(|replica| replica.note(&folio, note)).unwrap();
        copy.act(|replica| replica.note(&folio, &format!("copia {note}"))).unwrap();
    }
    town.one.sync_whatever(&mut town.server);
    let exchanged = copy.finish(&mut town.server);
    assert_eq!((exchanged.accepted, exchanged.quarantined.len(), exchanged.more), (0, 2, false));
    copy.succeed(&mut town.server);
    copy.sync_whatever(&mut town.server);
    town.dispatch.sync_whatever(&mut town.server);
    let all = notes(&mut town.dispatch, &folio);
    for note in ["uno", "dos", "copia uno", "copia dos"] {
        assert_eq!(all.iter().filter(|one| *one == note).count(), 1, "{note}: {all:?}");
    }
}

#[test]
fn what_a_supervisor_wrote_again_the_copy_does_not_write_a_third_time() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let mut copy = town.one.clone();
    copy.draws = 100;
    town.one.act(|replica| replica.note(&folio, "del original")).unwrap();
    copy.act(|replica| replica.note(&folio, "de la copia")).unwrap();
    town.one.sync(&mut town.server);
    let bundle = copy.bundle();
    town.two.act(|replica| replica.bundle_import(&bundle.bytes)).unwrap();
    town.two.sync(&mut town.server);
    town.admin.sync(&mut town.server);
    let held = town.admin.act(|replica| Ok(replica.view().quarantine()?)).unwrap();
    assert_eq!((held.len(), held[0].reason.as_str()), (1, "fork"));
    let decided = town.admin.act(|replica| replica.release(&[held[0].id], "sí se hizo")).unwrap();
    assert_eq!(decided.written_again.len(), 1);
    // A decision that is repeated before the office has heard of it writes nothing a second time.
    let unsent = town.admin.act(|replica| Ok(replica.view().status()?.unsent)).unwrap();
    let repeated = town.admin.act(|replica| replica.release(&[held[0].id], "sí se hizo")).unwrap();
    assert_eq!(repeated.written_again, decided.written_again);
    assert_eq!(town.admin.act(|replica| Ok(replica.view().status()?.unsent)).unwrap(), unsent);
    town.admin.sync(&mut town.server);
    copy.finish(&mut town.server);
    assert!(copy.act(|replica| replica.is_copy()).unwrap());
    copy.succeed(&mut town.server);
    copy.sync_whatever(&mut town.server);
    town.dispatch.sync(&mut town.server);
    let all = notes(&mut town.dispatch, &folio);
    assert_eq!(all.iter().filter(|note| *note == "de la copia").count(), 1, "{all:?}");
}

#[test]
fn a_lineage_ends() {
    let mut town = town();

    for _ in 0..sync_core::limits::SUCCESSORS_MAX {
        town.one.succeed(&mut town.server);
    }
    let frame = town.one.succeed_start();
    let refused = town.server.serve(&frame, true).unwrap_err();
    assert_eq!(refused.code(), "too_many_successors");
}

#[test]
fn a_lost_past_is_told_once_and_not_by_the_revoked() {
    let mut town = town();
    pump_order(&mut town);
    let backup = town.server.lines.0.clone();
    for phone in [&mut town.dispatch, &mut town.admin] {
        phone.act(|replica| replica.invite(&NewInvitation::of(Role::Crew))).ok();
        phone.sync(&mut town.server);
    }
    town.server.restore(backup);
    let mut saved = town.admin.clone();
    town.admin.sync_whatever(&mut town.server);
    let epochs = |phone: &mut Phone| {
        let log = phone.act(|replica| Ok(replica.view().audit_log(None, None)?)).unwrap();
        log.iter().filter(|line| line.action == "epoch").count()
    };
    assert_eq!(epochs(&mut town.admin), 2);
    // The same evidence again, by whoever kept it.
    saved.draws = 200;
    saved.sync_whatever(&mut town.server);
    town.admin.sync_whatever(&mut town.server);
    assert_eq!(epochs(&mut town.admin), 2);
}

/// Two restores from one backup begin in the same epoch. The second one went unnoticed: the devices were in an epoch that
/// the ledger did not have, and their evidence was taken for that of the first.
#[test]
fn a_server_restored_twice_from_one_backup_is_found_out_twice() {
    let mut town = town();
    let folio = pump_order(&mut town);
    town.admin.sync(&mut town.server);
    let backup = town.server.lines.0.clone();
    for round in 1..=3 {
        for phone in [&mut town.one, &mut town.two] {
            phone.act(|replica| replica.note(&folio, &format!("vuelta {round}"))).unwrap();
            phone.sync_whatever(&mut town.server);
        }
        town.server.restore(backup.clone());
        for phone in [&mut town.one, &mut town.two, &mut town.admin] {
            phone.sync_whatever(&mut town.server);
        }
        let log = town.admin.act(|replica| Ok(replica.view().audit_log(None, None)?)).unwrap();
        let epochs = log.iter().filter(|line| line.action == "epoch").count();
        assert_eq!(epochs, 2, "restore {round}: one at the founding, one for the lost past");
        town.one.sync(&mut town.server);
        assert_eq!(notes(&mut town.one, &folio).len(), 2 * round);
    }
    assert_rebuilds(&town.server, &[&town.one, &town.two]);
}

#[test]
fn dispatch_hears_of_an_order_that_was_released_and_worked_on_in_one_reply() {
    let mut town = town();
    let device = device_of(&mut town.one);
    town.admin.act(|replica| replica.revoke(&device, None, "se perdió")).unwrap();
    town.admin.sync(&mut town.server);
    // It does not know yet, and its new order is held back; dispatch reads that far.
    let new = NewOrder { kind: "fuga".into(), ..NewOrder::default() };
    let folio = town.one.act(|replica| replica.order_new(&new)).unwrap().folio;
    town.one.sync(&mut town.server);
    for phone in [&mut town.dispatch, &mut town.admin] {
        phone.sync(&mut town.server);
    }
    let held = town.admin.act(|replica| Ok(replica.view().quarantine()?)).unwrap();
    town.admin.act(|replica| replica.release(&[held[0].id], "sí hay fuga")).unwrap();
    town.admin.sync(&mut town.server);
    town.two.sync(&mut town.server);
    town.two.act(|replica| replica.note(&folio, "ya se cerró la llave")).unwrap();
    town.two.sync(&mut town.server);
    // The release and the note come together: the order has no number on this side before the release is folded.
    town.dispatch.sync(&mut town.server);
    assert_eq!(town.dispatch.show(&folio), town.two.show(&folio));
    assert_rebuilds(&town.server, &[&town.dispatch, &town.two]);
}
