//! Names and import files through the program: nothing becomes one in silence, and what is wrong has a place.

use cuadrilla_tests::Town;
use serde_json::{Value, json};

fn said(error: &Value) -> &str {
    error["message"].as_str().unwrap()
}

fn write(town: &Town, name: &str, text: &str) -> String {
    let path = town.path(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn what_is_wrong_with_an_import_file_has_its_line_and_member() {
    let town = Town::peopled();
    for (text, exit, words) in [
        (
            "localities:\n  - { name: La Palma, lat: \"21.944012\" }\n  - { name: La Palma, lat: \"22.1\" }\n",
            2,
            &["line 2", "localities[0]", "localities[1]"][..],
        ),
        ("localities:\n  - { name: La Peña }\n  - { name: La Pena }\n", 2, &["line 2", "localities[1]"]),
        ("localities:\n  - { name: \"—\" }\n  - { name: \"   \" }\n", 2, &["localities[0]"]),
        ("municipality: 14019\n", 3, &["line 1", "14019", "Mezquitic"]),
        ("localities:\n  - key: k1\n    name: Uno\n    lat: \"22,39\"\n", 2, &["line 4, column 5", "22,39"]),
        ("localities:\n  - { key: k1, name: Uno, lng: 200 }\n", 2, &["line 2", "lng", "180"]),
        ("localities:\n  - { key: k1, name: Uno, inegi: \"10010001\" }\n", 2, &["inegi"]),
        (
            "orders:\n  - { key: o1, kind: leak_repair, due: 01/12/2026 }\n",
            2,
            &["orders[0].due", "01/12/2026"],
        ),
        (
            "orders:\n  - { key: o1, kind: leak_repair, locality: Atlantis }\n",
            2,
            &["orders[0].locality", "Atlantis"],
        ),
        (
            "orders:\n  - { key: o1, kind: chlorination, fields: { dosis: 9000 } }\n",
            3,
            &["orders[0].fields", "9000"],
        ),
    ] {
        let file = write(&town, "x.yaml", text);
        let (found, error) = town.refused("office", &["import", &file]);
        assert_eq!(found, exit, "{text}: {error}");
        for word in words {
            assert!(said(&error).contains(word), "{word}: {error}");
        }
    }
}

#[test]
fn digits_of_a_file_stay_as_they_are_written() {
    let town = Town::peopled();
    let order = "orders: [{ key: o2, kind: chlorination, locality: mezquitic, title: Lote, fields: { lote: 007, dosis: 0.80 } }]";
    town.crew("office", &["import", &write(&town, "x.yaml", order)]);
    let list = town.crew("office", &["order", "list"]);
    let made = list.as_array().unwrap().iter().find(|order| order["title"] == "Lote").unwrap();
    let shown = town.crew("office", &["order", "show", made["folio"].as_str().unwrap()]).to_string();
    assert!(shown.contains("\"007\"") && shown.contains("\"0.80\""), "{shown}");
    let other = order.replace("title: Lote", "title: Otro").replace("007", "008");
    let again = town.crew("office", &["import", &write(&town, "x.yaml", &other)]);
    assert_eq!(
        (&again["unchanged"], &again["differing"][0]["what"]),
        (&json!(1), &json!(["title", "fields.reagent_lot"]))
    );
}

#[test]
fn names_that_look_alike_are_one() {
    let town = Town::peopled();
    for place in ["El\u{a0}Mortero", "El  Mortero", "el mor\u{200b}tero", "EL_MORTERO"] {
        let new = ["order", "new", "--kind", "chlorination", "--locality", place];
        let folio = town.crew("office", &new)["folio"].as_str().unwrap().to_owned();
        assert_eq!(town.crew("office", &["order", "show", &folio])["locality_key"], "el-mortero", "{place}");
    }
    let persons = |args: &[&str], pins: &[(&str, &str)]| {
        town.command("one", args).envs(pins.iter().copied()).output().unwrap()
    };
    let (pin, by) = (("CREW_PIN", "482913"), ("CREW_PIN_BY", "482913"));
    assert!(persons(&["person", "add", "José Peña"], &[pin]).status.success());
    let again = persons(&["person", "add", "Jose\u{301} Pen\u{303}a"], &[pin, by]);
    assert_eq!(again.status.code(), Some(2), "{again:?}");
    assert!(persons(&["person", "use", "jose pena"], &[pin]).status.success());
    assert_eq!(persons(&["person", "add", "—"], &[pin, by]).status.code(), Some(2));
}

#[test]
fn units_that_look_alike_are_one_and_a_material_that_is_not_known_is_told() {
    let town = Town::peopled();
    let folio = town.folio("office", "chlorination");
    for unit in ["\u{b5}S/cm", "\u{3bc}S/cm"] {
        town.crew("office", &["measure", &folio, "conductividad", "420", unit]);
    }
    for unit in ["°C", "\u{2103}"] {
        town.crew("office", &["measure", &folio, "temperatura", "21.5", unit]);
    }
    let done =
        town.command("office", &["material", &folio, "cloro-que-no-hay", "1.5", "kg"]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let warned = String::from_utf8_lossy(&done.stderr);
    assert!(warned.contains("cloro-que-no-hay") && warned.contains("There are:"), "{warned}");
}

#[test]
fn the_letters_of_a_folio_are_its_author_s() {
    let town = Town::peopled();
    let folio = town.folio("office", "chlorination");
    let said = folio.replace('0', "O").replace('-', "\u{2013}");
    assert_eq!(town.crew("office", &["order", "show", &said])["folio"], folio);
    let list = town.crew("office", &["order", "list"]);
    let folios: Vec<&str> =
        list.as_array().unwrap().iter().map(|order| order["folio"].as_str().unwrap()).collect();
    assert!(folios.is_sorted(), "{folios:?}");
}
