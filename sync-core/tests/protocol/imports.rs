//! Imports: what a file may say, which record an item is, and what an import costs.

use serde_json::{Value, json};
use sync_core::replica::{ImportCounts, ImportFile, ImportProblem, Replica, ReplicaError};
use sync_core::rows::CountedRows;

use crate::flows::{Town, town};

fn file(json: Value) -> ImportFile {
    serde_json::from_value(json).unwrap()
}

fn import(town: &mut Town, json: Value) -> Result<ImportCounts, ReplicaError> {
    town.dispatch.act(|replica| replica.import(&file(json)))
}

fn problem(town: &mut Town, json: Value) -> (String, ImportProblem) {
    match import(town, json) {
        Err(ReplicaError::Import { path, problem }) => (sync_core::json_schema::path_text(&path), problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_items_of_a_file_never_become_one() {
    let mut town = town();
    let twice = json!({"localities": [{"name": "La Palma"}, {"name": "La Palma"}]});
    let (place, found) = problem(&mut town, twice);
    assert_eq!(place, "localities[0]");
    assert!(matches!(found, ImportProblem::SameName { other, .. } if other == "localities[1]"));
    let alike = json!({"localities": [{"name": "La Peña", "key": "a"}, {"name": "La Pena"}]});
    assert!(matches!(problem(&mut town, alike).1, ImportProblem::SameName { .. }));
    for (list, first, second) in [
        ("localities", json!({"name": "Uno", "key": "k-1"}), json!({"name": "Dos", "key": "K-1"})),
        ("crews", json!({"code": "C-50"}), json!({"code": "c-50"})),
        (
            "materials",
            json!({"sku": "a", "name": "A", "unit": "m"}),
            json!({"sku": "A", "name": "B", "unit": "m"}),
        ),
        ("orders", json!({"key": "o", "kind": "bomba"}), json!({"key": "o", "kind": "bomba"})),
    ] {
        let (place, found) = problem(&mut town, json!({list: [first, second]}));
        assert_eq!(place, format!("{list}[1]"));
        assert!(
            matches!(found, ImportProblem::SameKey { other, .. } if other == format!("{list}[0]")),
            "{list}"
        );
    }
    let people = json!({"people": [{"name": "José Peña"}, {"name": "Jose Pen\u{303}a"}]});
    assert!(matches!(problem(&mut town, people).1, ImportProblem::SameName { .. }));
    for name in ["—", "   ", "日本"] {
        let (place, found) = problem(&mut town, json!({"localities": [{"name": name}]}));
        assert_eq!((place.as_str(), found), ("localities[0]", ImportProblem::NoKey { name: name.into() }));
    }
    let twins = json!({"localities": [{"name": "La Palma", "key": "palma-1"}, {"name": "La Palma", "key": "palma-2"}]});
    assert_eq!(import(&mut town, twins).unwrap().localities, 2, "two keys are two places");
}

#[test]
fn an_item_that_is_known_otherwise_is_not_made_again() {
    let mut town = town();
    import(&mut town, json!({"localities": [{"name": "La Peña"}, {"name": "El Sauz", "key": "sauz-7"}]}))
        .unwrap();
    for (name, held) in
        [("La Pena", "La Peña (la-pena)"), ("El Sauz", "El Sauz (sauz-7)"), ("Sauz 7", "El Sauz (sauz-7)")]
    {
        let (_, found) = problem(&mut town, json!({"localities": [{"name": name}]}));
        assert!(
            matches!(&found, ImportProblem::Known { held: found, .. } if found == held),
            "{name}: {found:?}"
        );
    }
    let renamed = json!({"localities": [{"name": "El Sauz de Abajo", "key": "sauz-7"}]});
    assert_eq!(import(&mut town, renamed).unwrap().updated, 1, "its key says which it is");
}

#[test]
fn what_the_file_leaves_out_is_named_and_what_it_says_is_empty_is_emptied() {
    let mut town = town();
    let place = |extra: Value| {
        let mut item = json!({"key": "rr-1", "name": "R"});
        item.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"localities": [item]})
    };
    import(&mut town, place(json!({"aliases": ["Mal"], "certainty": "probable"}))).unwrap();
    let counts = import(&mut town, place(json!({}))).unwrap();
    assert_eq!((counts.unchanged, counts.updated), (1, 0));
    assert_eq!(counts.differing[0].what, ["aliases", "certainty"]);
    assert_eq!(counts.differing[0].place, "localities[0]");
    let counts = import(&mut town, place(json!({"aliases": [], "certainty": null}))).unwrap();
    assert_eq!((counts.updated, counts.differing.len()), (1, 0));
    assert!(town.dispatch.act(|replica| Ok(replica.view().find_locality("Mal")?)).is_err());
    assert_eq!(import(&mut town, place(json!({}))).unwrap().differing, []);
    let order = |due: &str| json!({"orders": [{"key": "o-1", "kind": "bomba", "due": due}]});
    import(&mut town, order("2026-12-01")).unwrap();
    assert_eq!(import(&mut town, order("2026-12-01")).unwrap().differing, []);
    let counts = import(&mut town, order("2026-12-02")).unwrap();
    assert_eq!((counts.unchanged, counts.differing[0].what.as_slice()), (1, ["due".to_string()].as_slice()));
}

#[test]
fn a_file_of_another_municipality_is_refused() {
    let mut town = town();
    for own in [json!(14061), json!("14061"), json!("mezquitic"), json!({"inegi": "14061"})] {
        import(&mut town, json!({"municipality": own})).unwrap();
    }
    for other in [json!(14019), json!("Bolaños"), json!({"inegi": "14019", "name": "Mezquitic"})] {
        let (place, found) = problem(&mut town, json!({"municipality": other}));
        assert_eq!((place.as_str(), found.exit()), ("municipality", 3), "{found}");
    }
}

#[test]
fn a_file_is_held_to_its_schema() {
    for (item, place) in [
        (json!({"localities": [{"name": "Uno", "lat": "22,39"}]}), "localities[0].lat"),
        (json!({"localities": [{"name": "Uno", "lng": 200}]}), "localities[0].lng"),
        (json!({"localities": [{"name": "Uno", "lat": "91"}]}), "localities[0].lat"),
        (json!({"localities": [{"name": "Uno", "inegi": "10010001"}]}), "localities[0].inegi"),
        (
            json!({"plans": [{"year": 26, "activity": "A", "unit": "u", "annual_goal": 1, "planned": [1]}]}),
            "plans[0].planned",
        ),
        (json!({"orders": [{"kind": "bomba", "due": "01/12/2026"}]}), "orders[0].due"),
        (json!({"orders": [{"kind": "bomba", "due": "2027-02-29"}]}), "orders[0].due"),
        (json!({"assets": [{"key": "a", "id": "a", "type": "tank", "name": "A"}]}), "assets[0]"),
        (json!({"orders": {}}), "orders"),
    ] {
        let wrong = ImportFile::try_from(item.clone()).unwrap_err();
        assert_eq!(sync_core::json_schema::path_text(&wrong.path), place, "{item}: {wrong}");
    }
    let texts = ImportFile::try_from(json!({"materials": [{"sku": 1234, "name": 5, "unit": "m"}]}));
    assert_eq!(
        texts,
        ImportFile::try_from(json!({"materials": [{"sku": "1234", "name": "5", "unit": "m"}]}))
    );
}

/// Imports places, then as many orders, each of which names a place. Returns the rows read for the orders.
fn rows_read(count: usize) -> u64 {
    let mut town = town();
    let places: Vec<Value> =
        (0..count).map(|n| json!({"key": format!("l-{n}"), "name": format!("Rancho {n}")})).collect();
    import(&mut town, json!({"localities": places})).unwrap();
    let orders: Vec<Value> = (0..count)
        .map(|n| json!({"key": format!("o-{n}"), "kind": "bomba", "locality": format!("rancho {n}")}))
        .collect();
    let orders = file(json!({"orders": orders}));
    let phone = &town.dispatch;
    let counting = CountedRows::new(&phone.rows);
    let clocks = sync_core::replica::Clocks {
        now_ms: 1_795_000_000_000,
        boot: sync_core::id::BootId([1; 8]),
        monotonic_ms: 9,
        entropy: [9; 32],
    };
    let end = sync_core::log::line::Lines::end(&phone.lines);
    let mut replica = Replica::open(&counting, &phone.lines, end, &[], clocks).unwrap();
    assert_eq!(replica.import(&orders).unwrap().orders, count as u64);
    counting.rows_read()
}

#[test]
fn an_order_reads_as_many_rows_however_many_orders_and_places_there_are() {
    let (few, many) = (rows_read(50), rows_read(200));
    println!("rows read: {few} for 50 orders, {many} for 200");
    assert!(many < few * 5, "{few} for 50, {many} for 200");
}
