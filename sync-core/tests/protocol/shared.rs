//! Shared: two offices import one file before they meet, and end with one set of records and all work on them.

use serde_json::json;
use sync_core::log::act::Role;
use sync_core::replica::{Choice, ImportFile, Instead};
use sync_core::state::local::is_in_no_line;

use crate::flows::{Town, invite, town};
use crate::harness::{Phone, Server};

const FILE: &str = r#"{
    "localities": [{"key": "mezquitic", "name": "Mezquitic", "aliases": ["Mez"]}, {"key": "el-mortero", "name": "El Mortero"}],
    "crews": [{"code": "C-07", "localities": ["mezquitic"]}],
    "materials": [{"sku": "CAL", "name": "Cal", "unit": "kg"}],
    "assets": [{"key": "tq-1", "type": "tank", "name": "Tanque", "locality": "mezquitic"}],
    "plans": [{"key": "p1", "activity": "Cloración", "unit": "obra", "annual_goal": 12, "planned": [1,1,1,1,1,1,1,1,1,1,1,1]}],
    "orders": [{"key": "o1", "kind": "chlorination", "locality": "mezquitic", "title": "Tanque norte", "crew": "C-07"}]
}"#;

/// Returns the town with a second dispatcher that has not met the first one's import.
fn offices() -> (Town, Phone) {
    let mut town = town();
    let code = invite(&mut town.admin, &mut town.server, Role::Dispatcher, None);
    let mut second = Phone::new(9);
    second.enrol(&mut town.server, &code, "Despacho 2");
    (town, second)
}

fn import(phone: &mut Phone, text: &str) {
    let file: ImportFile = serde_json::from_str(text).unwrap();
    phone.act(|replica| replica.import(&file)).unwrap();
}

fn only_folio(phone: &mut Phone) -> String {
    let folios = phone.folios();
    assert_eq!(folios.len(), 1, "{folios:?}");
    folios[0].clone()
}

fn as_rebuilt(phone: &Phone) {
    let mut kept = phone.rows.rows.clone();
    kept.retain(|key, _| !is_in_no_line(key));
    assert_eq!(phone.rebuilt(), kept, "device {}", phone.number);
}

#[test]
fn one_file_imported_twice_is_one_set_of_records_with_all_notes() {
    let (mut town, mut second) = offices();
    import(&mut town.dispatch, FILE);
    import(&mut second, FILE);
    let (first, later) = (only_folio(&mut town.dispatch), only_folio(&mut second));
    assert_ne!(first, later);
    town.dispatch.act(|replica| replica.note(&first, "nota de A")).unwrap();
    second.act(|replica| replica.note(&later, "nota de B")).unwrap();
    second.act(|replica| replica.set(&later, "due", "2026-12-24")).unwrap();
    second.act(|replica| replica.step(&later, "start", None)).unwrap();
    town.dispatch.sync(&mut town.server);
    second.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    town.one.sync(&mut town.server);
    let shown = second.show(&later);
    assert_eq!((&shown["folio"], &shown["folios"]), (&json!(first), &json!([later])));
    let notes: Vec<_> = shown["notes"].as_array().unwrap().iter().map(|note| &note["text"]).collect();
    assert_eq!(notes, ["nota de A", "nota de B"]);
    assert_eq!((&shown["due"], &shown["status"]), (&json!("2026-12-24"), &json!("in_progress")));
    assert_eq!(shown["conflicts"], json!([]));
    for phone in [&mut town.dispatch, &mut town.one, &mut second] {
        assert_eq!(only_folio(phone), first);
        for folio in [&first, &later] {
            let seen = phone.show(folio);
            assert_eq!((&seen["notes"], &seen["history"]), (&shown["notes"], &shown["history"]));
        }
        assert_eq!(phone.act(|replica| Ok(replica.view().quarantine()?)).unwrap(), vec![]);
        assert_eq!(phone.act(|replica| Ok(replica.view().conflicts()?)).unwrap(), vec![]);
        let status = phone.act(|replica| Ok(replica.view().status()?)).unwrap();
        assert_eq!((status.unsent, status.quarantined, status.dismissed), (0, 0, 0));
        as_rebuilt(phone);
    }
    let again = Server::from_lines(town.server.lines.0.clone());
    let mut kept = town.server.rows.rows.clone();
    kept.retain(|key, _| !is_in_no_line(key));
    assert!(again.rows.rows == kept, "the hub's rows differ");
    // Nothing is left to do, and nothing is done twice.
    let seq = town.server.seq();
    second.sync(&mut town.server);
    import(&mut second, FILE);
    second.sync(&mut town.server);
    assert_eq!(town.server.seq(), seq);
}

#[test]
fn files_that_differ_meet_in_a_conflict_and_not_in_silence() {
    let (mut town, mut second) = offices();
    let place = |name: &str| format!(r#"{{"localities": [{{"key": "rr-1", "name": "{name}"}}]}}"#);
    import(&mut town.dispatch, &place("Nombre D"));
    import(&mut second, &place("Nombre E"));
    town.dispatch.sync(&mut town.server);
    second.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    for phone in [&mut town.dispatch, &mut second] {
        let conflicts = phone.act(|replica| Ok(replica.view().conflicts()?)).unwrap();
        assert_eq!(conflicts.len(), 1);
        let values: Vec<_> = conflicts[0].conflict.values.iter().map(|one| one.value.clone()).collect();
        assert_eq!(
            (conflicts[0].folio.as_str(), values),
            ("locality:rr-1", vec![json!("Nombre D"), json!("Nombre E")])
        );
        assert_eq!(phone.act(|replica| Ok(replica.view().quarantine()?)).unwrap(), vec![]);
    }
    let take = Choice::Take(1);
    second.act(|replica| replica.resolve("locality:rr-1", "name", &take, "acta de cabildo")).unwrap();
    second.sync(&mut town.server);
    assert_eq!(second.act(|replica| Ok(replica.view().locality_name("rr-1")?)).unwrap(), "Nombre D");
}

#[test]
fn what_both_did_to_the_order_stays_beside_each_other() {
    let (mut town, mut second) = offices();
    import(&mut town.dispatch, FILE);
    import(&mut second, FILE);
    let (first, later) = (only_folio(&mut town.dispatch), only_folio(&mut second));
    for (phone, folio, day, step) in
        [(&mut town.dispatch, &first, "2026-12-01", "cancel"), (&mut second, &later, "2026-12-02", "start")]
    {
        phone.act(|replica| replica.set(folio, "due", day)).unwrap();
        phone.act(|replica| replica.step(folio, step, None)).unwrap();
        phone.act(|replica| replica.measure(folio, "cloro", "80", "mg/L", None, None)).unwrap();
        let id = phone.show(folio)["measurements"][0]["number"].as_str().unwrap().to_string();
        let value = Instead::Value { value: "0.80".into(), unit: None };
        phone.act(|replica| replica.correct(folio, &id, &value, "faltó el punto")).unwrap();
    }
    town.dispatch.sync(&mut town.server);
    second.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    let shown = town.dispatch.show(&later);
    assert_eq!(shown["history"], second.show(&first)["history"]);
    let fields: Vec<_> = shown["conflicts"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
    assert_eq!(fields, ["due", "status"], "{shown:#}");
    let readings: Vec<_> =
        shown["measurements"].as_array().unwrap().iter().map(|one| &one["value"]).collect();
    assert_eq!(readings, ["0.80", "0.80"], "a correction follows its reading");
    assert_eq!(second.act(|replica| Ok(replica.view().quarantine()?)).unwrap(), vec![]);
    as_rebuilt(&second);
}
