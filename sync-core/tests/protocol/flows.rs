//! The whole way of a record: work, clash, carry, lose, recover.

use sync_core::hub::RequestError;
use sync_core::invitation::LinkSecret;
use sync_core::log::act::Role;
use sync_core::replica::NewInvitation;
use sync_core::replica::{Choice, NewOrder, ReplicaError};
use sync_core::rules::measure::ReadingError;
use sync_core::state::local::is_in_no_line;
use sync_core::view::lists::Filter;
use sync_core::view::replay::At;

use crate::harness::{Phone, Server, rule_files};

pub struct Town {
    pub server: Server,
    pub admin: Phone,
    pub dispatch: Phone,
    pub one: Phone,
    pub two: Phone,
}

pub fn invite(admin: &mut Phone, server: &mut Server, role: Role, crew: Option<&str>) -> LinkSecret {
    let new = NewInvitation { crew, ..NewInvitation::of(role) };
    let invitation = admin.act(|replica| replica.invite(&new)).unwrap();
    admin.sync(server);
    invitation.secrets.secret
}

pub fn town() -> Town {
    town_with(&rule_files())
}

/// A municipality with these rule files.
pub fn town_with(rules: &[(String, String)]) -> Town {
    let (mut server, code) = Server::found(rules);
    let mut admin = Phone::new(1);
    admin.enrol(&mut server, &code, "Administración");
    let mut phones = vec![];
    for (number, role, crew, name) in [
        (2, Role::Dispatcher, None, "Despacho"),
        (3, Role::Crew, Some("C-07"), "Cuadrilla 7"),
        (4, Role::Crew, Some("C-07"), "Cuadrilla 7 bis"),
    ] {
        let code = invite(&mut admin, &mut server, role, crew);
        let mut phone = Phone::new(number);
        phone.enrol(&mut server, &code, name);
        phones.push(phone);
    }
    let (two, one, dispatch) = (phones.pop().unwrap(), phones.pop().unwrap(), phones.pop().unwrap());
    Town { server, admin, dispatch, one, two }
}

pub fn pump_order(town: &mut Town) -> String {
    let new = NewOrder { kind: "bomba".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let folio = town.dispatch.act(|replica| replica.order_new(&new)).unwrap().folio;
    town.dispatch.sync(&mut town.server);
    town.one.sync(&mut town.server);
    town.two.sync(&mut town.server);
    folio
}

pub fn work_a_day(phone: &mut Phone, folio: &str, serial: &str) {
    phone.act(|replica| replica.step(folio, "start", None)).unwrap();
    phone.act(|replica| replica.note(folio, &format!("instalamos {serial}"))).unwrap();
    phone.act(|replica| replica.measure(folio, "caudal", "12.5", "L/s", None, None)).unwrap();
    phone.act(|replica| replica.use_material(folio, "TUB-2", "3", "m")).unwrap();
    phone.act(|replica| replica.set(folio, "pump_serial", serial)).unwrap();
    phone.act(|replica| replica.step(folio, "finish", None)).unwrap();
}

#[test]
fn two_crews_clash_and_everybody_sees_the_same() {
    let mut town = town();
    let folio = pump_order(&mut town);
    work_a_day(&mut town.one, &folio, "A-1");
    work_a_day(&mut town.two, &folio, "B-2");
    assert_eq!(town.one.act(|replica| Ok(replica.view().status()?)).unwrap().unsent, 6);
    assert_eq!(town.one.sync(&mut town.server), 1, "a day's work is one round trip");
    assert_eq!(town.two.sync(&mut town.server), 1);
    assert_eq!(town.one.sync(&mut town.server), 1);
    town.dispatch.sync(&mut town.server);
    let shown = town.one.show(&folio);
    assert_eq!(shown, town.two.show(&folio));
    assert_eq!(shown, town.dispatch.show(&folio));
    assert_eq!(shown["conflicts"][0]["field"], "new_pump_serial");
    assert_eq!(shown["conflicts"].as_array().unwrap().len(), 1, "{shown:#}");
    assert_eq!(shown["conflicts"][0]["values"].as_array().unwrap().len(), 2);
    assert_eq!(shown["notes"].as_array().unwrap().len(), 2);
    assert_eq!(shown["measurements"].as_array().unwrap().len(), 2);
    assert_eq!(shown["materials"].as_array().unwrap().len(), 2);
    assert_eq!(shown["status"], "done");
    let before = town.server.seq();
    town.dispatch
        .act(|replica| replica.resolve(&folio, "pump_serial", &Choice::Take(1), "lo dice la placa"))
        .unwrap();
    town.dispatch.sync(&mut town.server);
    town.one.sync(&mut town.server);
    let shown = town.one.show(&folio);
    assert_eq!(shown["conflicts"].as_array().unwrap().len(), 0);
    assert!(shown["history"].to_string().contains("lo dice la placa"));
    let then =
        town.dispatch.act(|replica| Ok(replica.view().replay(Some(&folio), At::Seq(before))?)).unwrap();
    assert_eq!(then.orders[0].conflicts.len(), 1);
}

#[test]
fn an_index_rebuilt_from_the_journal_is_the_same() {
    let mut town = town();
    let folio = pump_order(&mut town);
    work_a_day(&mut town.one, &folio, "A-1");
    town.one.sync(&mut town.server);
    town.two.sync(&mut town.server);
    for phone in [&town.dispatch, &town.one, &town.two] {
        let mut kept = phone.rows.rows.clone();
        kept.retain(|key, _| !is_in_no_line(key));
        assert_eq!(phone.rebuilt(), kept);
    }
    let again = Server::from_lines(town.server.lines.0.clone());
    let mut kept = town.server.rows.rows.clone();
    kept.retain(|key, _| !is_in_no_line(key));
    assert!(again.rows.rows == kept, "the office's rows differ");
}

#[test]
fn a_crew_sees_its_scope_and_an_order_that_leaves_it_goes() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let new = NewOrder { kind: "chlorination".into(), ..NewOrder::default() };
    let other = town.dispatch.act(|replica| replica.order_new(&new)).unwrap().folio;
    town.dispatch.sync(&mut town.server);
    town.one.sync(&mut town.server);
    assert_eq!(town.one.folios(), std::slice::from_ref(&folio));
    town.dispatch.act(|replica| replica.assign(&other, "C-07")).unwrap();
    town.dispatch.act(|replica| replica.step(&folio, "cancel", None)).unwrap();
    town.dispatch.sync(&mut town.server);
    town.one.sync(&mut town.server);
    assert_eq!(town.one.folios(), [folio, other]);
}

#[test]
fn a_carried_bundle_brings_the_work_under_its_own_name_once() {
    let mut town = town();
    let folio = pump_order(&mut town);
    work_a_day(&mut town.two, &folio, "B-2");
    let bundle = town.two.bundle();
    assert_eq!((bundle.counts.segments, bundle.counts.entries), (1, 6));
    for _ in 0..2 {
        town.one.act(|replica| replica.bundle_import(&bundle.bytes)).unwrap();
    }
    town.one.sync(&mut town.server);
    let entries = town.server.seq();
    assert_eq!(town.one.show(&folio)["notes"][0]["person"], "Cuadrilla 7 bis");
    town.one.act(|replica| replica.bundle_import(&bundle.bytes)).unwrap();
    town.one.sync(&mut town.server);
    let back = town.one.bundle();
    town.two.act(|replica| replica.bundle_import(&back.bytes)).unwrap();
    assert_eq!(
        town.two.act(|replica| Ok(replica.view().status()?)).unwrap().unsent,
        0,
        "the receipt came back by file"
    );
    town.two.sync(&mut town.server);
    assert_eq!(town.server.seq(), entries, "nothing is there twice");
    assert_eq!(town.two.show(&folio), town.one.show(&folio));
    let mut damaged = bundle.bytes;
    damaged.truncate(damaged.len() / 2);
    assert!(matches!(town.one.act(|replica| replica.bundle_import(&damaged)), Err(ReplicaError::Bundle(_))));
}

#[test]
fn what_a_cut_ledger_lost_is_sent_again() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let cut_at = usize::try_from(town.server.seq()).unwrap();
    work_a_day(&mut town.one, &folio, "A-1");
    town.one.sync(&mut town.server);
    town.two.sync(&mut town.server);
    town.two.act(|replica| replica.note(&folio, "encima de lo de la 7")).unwrap();
    town.one.act(|replica| replica.note(&folio, "sin enviar cuando se perdió")).unwrap();
    let whole = town.server.lines.0.clone();
    town.server.restore(whole[..cut_at + 2].to_vec());
    town.server.write(|office, overlay, next, now| {
        office.start_epoch(overlay, next, now, &[7; 8], "two lines lost").unwrap()
    });
    town.two.sync_whatever(&mut town.server);
    town.one.sync_whatever(&mut town.server);
    town.two.sync_whatever(&mut town.server);
    town.dispatch.sync_whatever(&mut town.server);
    town.one.sync(&mut town.server);
    town.two.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    let shown = town.one.show(&folio);
    assert_eq!(shown["notes"].as_array().unwrap().len(), 3);
    assert_eq!(shown, town.dispatch.show(&folio));
    assert_eq!(shown, town.two.show(&folio));
}

#[test]
fn a_restored_home_gets_past_the_attempts_it_forgot_and_one_request_counts_once() {
    let mut town = town();
    let (lines, rows) = (town.one.lines.0.clone(), town.one.rows.rows.clone());
    for _ in 0..3 {
        town.one.sync(&mut town.server);
    }
    (town.one.lines.0, town.one.rows.rows) = (lines, rows);
    let request = town.one.request(256 * 1024, false);
    let refused = town.server.serve(&request.frame, false).unwrap_err();
    let RequestError::Replayed { attempt, last } = refused else { panic!("{refused}") };
    assert_eq!(last, attempt + 2);
    // What nobody signed may not use the numbers up, and a lower number is no reason to go back.
    for odd in [u64::MAX, attempt - 1, 0] {
        assert!(!town.one.act(|replica| replica.skip_attempts(odd)).unwrap());
    }
    assert!(town.one.act(|replica| replica.skip_attempts(last)).unwrap());
    town.one.sync(&mut town.server);
}

/// What an order has itself is set by the names that its sheet shows, as the fields of its kind are.
#[test]
fn an_orders_own_registers_are_set_by_their_spanish_names() {
    let mut town = town();
    let new = NewOrder { kind: "chlorination".into(), ..NewOrder::default() };
    let folio = town.dispatch.act(|replica| replica.order_new(&new)).unwrap().folio;
    for (word, value) in [
        ("título", "Cloración del tanque"),
        ("vence", "2026-12-01"),
        ("Fecha límite", "2026-12-02"),
        ("prioridad", "high"),
    ] {
        town.dispatch.act(|replica| replica.set(&folio, word, value)).unwrap();
    }
    let listed = town.dispatch.act(|replica| Ok(replica.view().order_list(&Filter::default())?)).unwrap();
    let order = listed.iter().find(|order| order.folio == folio).unwrap();
    assert_eq!((order.title.as_str(), order.due.as_deref()), ("Cloración del tanque", Some("2026-12-02")));
}

/// A refusal names things as people do: a shell has labels and deeds at hand.
#[test]
fn a_refusal_brings_labels_units_and_deeds() {
    let mut town = town();
    let new = NewOrder { kind: "chlorination".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let folio = town.dispatch.act(|replica| replica.order_new(&new)).unwrap().folio;
    town.dispatch.sync(&mut town.server);
    town.one.sync(&mut town.server);
    let error = town.one.act(|replica| replica.measure(&folio, "cloro", "1", "kg", None, None)).unwrap_err();
    let ReplicaError::Reading { label, units, error: ReadingError::Unit { .. }, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(label.es, "Cloro residual libre");
    assert!(units.contains(&"mg/L".to_owned()), "{units:?}");
    let error = town.one.act(|replica| replica.set(&folio, "dosis", "mucha")).unwrap_err();
    assert!(matches!(&error, ReplicaError::Value { label, .. } if label.es == "Dosis"), "{error:?}");
    let error = town.one.act(|replica| replica.invite(&NewInvitation::of(Role::Admin))).unwrap_err();
    let ReplicaError::Role { deed, .. } = error else { panic!("{error:?}") };
    assert_eq!(deed.es, "invitar a otro equipo");
}

/// A crew that used what the catalogue lacks is shown what is like it first.
#[test]
fn a_material_that_is_not_known_is_answered_with_the_nearest_and_all_others() {
    let mut town = town();
    let materials = ["hipoclorito-calcio", "abrazadera", "hipoclorito-sodio", "tubo"];
    let items = materials.map(|key| serde_json::json!({ "sku": key, "name": key, "unit": "kg" }));
    let file = sync_core::replica::ImportFile::try_from(serde_json::json!({ "materials": items })).unwrap();
    town.dispatch.act(|replica| replica.import(&file)).unwrap();
    let new = NewOrder { kind: "chlorination".into(), ..NewOrder::default() };
    let folio = town.dispatch.act(|replica| replica.order_new(&new)).unwrap().folio;
    let known = town.dispatch.act(|replica| replica.use_material(&folio, "HIPOCLORITO", "1", "kg")).unwrap();
    let known = known.unwrap();
    let keys: Vec<&str> = known.iter().map(|one| one.split(' ').next().unwrap()).collect();
    assert_eq!(keys, ["hipoclorito-calcio", "hipoclorito-sodio", "abrazadera", "tubo"]);
}

/// An order may be at an asset of another place, but nobody should find that out in the field.
#[test]
fn an_asset_of_another_locality_is_told() {
    let mut town = town();
    let file = serde_json::json!({
        "localities": [{ "key": "ocota", "name": "Ocota" }, { "key": "popote", "name": "El Popote" }],
        "assets": [{ "key": "t-1", "name": "Tanque 1", "type": "tank", "locality": "ocota" }],
    });
    let file = sync_core::replica::ImportFile::try_from(file).unwrap();
    town.dispatch.act(|replica| replica.import(&file)).unwrap();
    let mut elsewhere = |locality: &str| {
        let (kind, asset) = ("chlorination".to_owned(), Some("t-1".to_owned()));
        let new = NewOrder { kind, asset, locality: Some(locality.into()), ..NewOrder::default() };
        let act = |replica: &mut sync_core::replica::Replica<'_>| {
            let folio = replica.order_new(&new)?.folio;
            Ok(replica.view().asset_elsewhere(&folio)?)
        };
        town.dispatch.act(act).unwrap()
    };
    assert_eq!(elsewhere("popote"), Some(("Tanque 1".into(), "Ocota".into())));
    assert_eq!(elsewhere("ocota"), None);
}
