//! CLI errors: a slip says what is wrong and what to do, with the right exit status, and loses nothing.

use cuadrilla_tests::Town;

#[test]
fn slips_are_refused_and_lose_nothing() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    let new = |kind, place| ["order", "new", "--kind", kind, "--locality", place];
    town.crew("one", &["order", "start", &folio]);
    let long = "x".repeat(100_000);
    let slips: [(i32, Vec<&str>); 9] = [
        (2, new("zzz", "mezquitic").to_vec()),
        (3, vec!["measure", &folio, "cloro", "0.8", "kg"]),
        (2, vec!["measure", &folio, "cloro", "0,8", "mg/L"]),
        (3, vec!["measure", &folio, "cloro", "-1", "mg/L"]),
        (3, vec!["measure", &folio, "ph", "15", "pH"]),
        (3, vec!["order", "finish", &folio]),
        (3, vec!["order", "approve", &folio]),
        (2, vec!["note", &folio, &long]),
        (2, vec!["note", &folio]),
    ];
    for (exit, args) in &slips {
        let (found, error) = town.refused("one", args);
        assert_eq!(found, *exit, "{args:?}: {error}");
    }
    let (exit, error) = town.refused("office", &new("leak_repair", "Ocota"));
    let message = error["message"].as_str().unwrap();
    assert!(exit == 2 && message.contains("ocota-de-la-sierra") && message.contains("ocota-de-los-llanos"));
    assert_eq!(town.crew("one", &["status"])["unsent"], 1);
    let wide = "ñ💧".repeat(5_000);
    town.crew("one", &["note", &folio, &wide]);
    let order = town.crew("one", &["order", "show", &folio]);
    assert_eq!(order["notes"][0]["text"], wide.as_str());
}

#[test]
fn wrong_codes_and_damaged_bundles_are_named() {
    let town = Town::peopled();
    assert_eq!(town.refused("new", &["enrol", &town.url(), "AAAA-BBBB-CCCC", "--name", "x"]).0, 3);
    let folio = town.folio("one", "chlorination");
    let whole = town.path("whole").display().to_string();
    town.crew("one", &["note", &folio, "x"]);
    town.crew("one", &["bundle", "export", &whole]);
    let bytes = std::fs::read(&whole).unwrap();
    for damaged in [&bytes[..bytes.len() - 9], b"PK\x03\x04 something else"] {
        let file = town.path("damaged").display().to_string();
        std::fs::write(&file, damaged).unwrap();
        assert_eq!(town.refused("two", &["bundle", "import", &file]).0, 5);
    }
}

#[test]
fn a_store_from_a_newer_version_is_left_alone() {
    let town = Town::peopled();
    std::fs::write(town.path("one/store/FORMAT"), "cuadrilla-store 9\n").unwrap();
    let (exit, error) = town.refused("one", &["status"]);
    assert_ne!(exit, 0);
    assert!(error["message"].as_str().unwrap().contains('9'), "{error}");
}
