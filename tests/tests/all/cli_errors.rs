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

/// The two lines that a person reads, in a language.
fn said(town: &Town, device: &str, lang: &str, args: &[&str]) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(cuadrilla_tests::program("crew"));
    command.args(["--lang", lang, "--home"]).arg(town.path(device)).args(args);
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn one_slip_has_one_status_and_one_language_whatever_the_command() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    let slips: [&[&str]; 4] = [
        &["measure", &folio, "cloro", "1,5", "mg/L"],
        &["material", &folio, "CAL", "1,5", "kg"],
        &["set", &folio, "dosis", "1,5"],
        &["order", "new", "--kind", "chlorination", "--field", "dosis=1,5"],
    ];
    for args in slips {
        let device = if args[0] == "order" { "office" } else { "one" };
        let (exit, es) = said(&town, device, "es", args);
        assert!(exit == Some(2) && es.contains("no de una coma") && !es.contains("comma"), "{args:?}: {es}");
        let (exit, en) = said(&town, device, "en", args);
        assert!(exit == Some(2) && en.contains("comma") && !en.contains("coma:"), "{args:?}: {en}");
    }
    let code = town.crew("admin", &["invite", "--role", "crew", "--crew", "C-01"])["code"].clone();
    town.crew("again", &["enrol", &town.url(), code.as_str().unwrap(), "--name", "two"]);
    town.crew("admin", &["sync"]);
    let (exit, es) = said(&town, "admin", "es", &["device", "revoke", "two", "--reason", "x"]);
    assert!(exit == Some(2) && es.contains("letras") && !es.contains("crew sync"), "{es}");
}

#[test]
fn a_filter_that_names_nothing_says_what_there_is() {
    let town = Town::peopled();
    let folio = town.folio("office", "chlorination");
    town.crew("one", &["note", &folio, "x"]);
    town.crew("one", &["sync"]);
    town.crew("admin", &["sync"]);
    for word in ["one", "ONE"] {
        let log = town.crew("admin", &["audit", "log", "--device", word]);
        assert!(!log.as_array().unwrap().is_empty(), "{word}");
    }
    let unknown: [&[&str]; 9] = [
        &["audit", "log", "--device", "nobody"],
        &["audit", "log", "--order", "MZQ-26-ZZ-0001"],
        &["audit", "diff", "1", "9", "--order", "MZQ-26-ZZ-0001"],
        &["audit", "replay", "--at-seq", "9", "--order", "MZQ-26-ZZ-0001"],
        &["order", "list", "--status", "nope"],
        &["order", "list", "--crew", "C-99"],
        &["order", "list", "--locality", "nowhere"],
        &["quarantine", "release", "--device", "nobody", "--reason", "x"],
        &["invite", "--role", "boss"],
    ];
    for args in unknown {
        let (exit, error) = town.refused("admin", args);
        assert_eq!(exit, 2, "{args:?}: {error}");
    }
    let listed = |args: &[&str]| town.refused("admin", args).1.to_string();
    assert!(listed(&["audit", "log", "--device", "nobody"]).contains("three"));
    assert!(listed(&["invite", "--role", "boss"]).contains("dispatcher"));
    assert!(listed(&["invite", "--role", "crew"]).contains("C-01"));
    town.crew("admin", &["invite", "--role", "Despacho", "--no-sync"]);
    town.crew(
        "admin",
        &["device", "assign", "three", "--role", "Cuadrilla", "--crew", "c-02", "--reason", "x"],
    );
    town.crew("admin", &["device", "revoke", "three", "--fate", "Extraviado", "--reason", "-no hay"]);
}

#[test]
fn what_people_write_may_begin_with_a_hyphen_and_a_cancellation_needs_a_reason() {
    let town = Town::peopled();
    let new = ["order", "new", "--kind", "leak_repair", "--locality", "mezquitic", "--title", "-Fuga"];
    let folio = town.crew("office", &new)["folio"].as_str().unwrap().to_owned();
    assert_eq!(town.crew("office", &["order", "show", &folio])["title"], "-Fuga");
    for args in [&["cancel", &folio][..], &["cancel", &folio, "--reason", " "]] {
        let (exit, error) = town.refused("office", args);
        assert!(exit == 2 && error["hint"].as_str().unwrap().contains("--reason"), "{error}");
    }
    town.crew("office", &["cancel", &folio, "--reason", "-no hay"]);
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
