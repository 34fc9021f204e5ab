//! Values, rules and names go through one door, from the command line, a file or a decision; each question gets a true answer.

use cuadrilla_tests::Town;
use serde_json::{Value, json};

fn said(error: &Value) -> &str {
    error["message"].as_str().unwrap()
}

#[test]
fn a_day_is_a_day_of_the_calendar_and_a_priority_a_known_one() {
    let town = Town::peopled();
    let folio = town.folio("office", "chlorination");
    for day in ["mañana", "2027-02-29", "01/12/2026", "2026-1-1"] {
        assert_eq!(town.refused("office", &["set", &folio, "due", day]).0, 3, "{day}");
    }
    let (exit, error) = town.refused("office", &["set", &folio, "priority", "enorme"]);
    assert!(exit == 2 && said(&error).contains("urgent"), "{error}");
    town.crew("office", &["set", &folio, "due", "2028-02-29"]);
    town.crew("office", &["set", &folio, "priority", "Urgente"]);
    let order = town.crew("office", &["order", "show", &folio]);
    assert_eq!((&order["due"], &order["priority"]), (&json!("2028-02-29"), &json!("urgent")));
    let new = ["order", "new", "--kind", "chlorination", "--locality", "mezquitic", "--priority", "alta"];
    assert_eq!(town.refused("office", &[&new[..], &["--due", "mañana"]].concat()).0, 3);
    let made = town.crew("office", &new)["folio"].as_str().unwrap().to_owned();
    assert_eq!(town.crew("office", &["order", "show", &made])["priority"], "high");
}

#[test]
fn a_filter_takes_labels_and_any_case_and_refuses_what_nothing_is_called() {
    let town = Town::peopled();
    let listed = |args: &[&str]| town.crew("office", &[&["order", "list"], args].concat());
    let count = |args: &[&str]| listed(args).as_array().unwrap().len();
    let all = count(&[]);
    assert_eq!(count(&["--status", "asignada"]), count(&["--status", "assigned"]));
    assert_eq!(count(&["--status", "ASSIGNED"]), count(&["--status", "assigned"]));
    assert!((1..=all).contains(&count(&["--status", "assigned"])), "{all}");
    assert_eq!(count(&["--status", "Cancelada"]), 0, "a state that no order is in is no slip");
    assert_eq!(listed(&["--crew", "c-01"]), listed(&["--crew", "C-01"]));
    assert!(count(&["--crew", "C-01"]) > 0);
    for args in [["--status", "nope"], ["--crew", "C-99"], ["--locality", "Atlantis"]] {
        let (exit, error) = town.refused("office", &[&["order", "list"], &args[..]].concat());
        assert_eq!(exit, 2, "{args:?}: {error}");
    }
}

#[test]
fn a_name_of_two_assets_is_no_guess() {
    let town = Town::peopled();
    let file = town.path("tanks.yaml").display().to_string();
    let tanks = "assets:\n  - { key: tq-a, type: tank, name: Tanque elevado, locality: mezquitic }\n  \
                 - { key: tq-b, type: tank, name: Tanque elevado, locality: el-mortero }\n";
    std::fs::write(&file, tanks).unwrap();
    town.crew("office", &["import", &file]);
    let new = ["order", "new", "--kind", "chlorination", "--locality", "el-mortero", "--asset"];
    let (exit, error) = town.refused("office", &[&new[..], &["Tanque elevado"]].concat());
    assert!(exit == 2 && said(&error).contains("tq-a") && said(&error).contains("tq-b"), "{error}");
    town.crew("office", &[&new[..], &["TQ-B"]].concat());
}

#[test]
fn a_decision_says_what_the_field_may_hold() {
    let town = Town::peopled();
    town.enrol("second", &["dispatcher"]);
    town.crew("second", &["sync"]);
    let folio = town.folio("office", "pump_replacement");
    town.crew("office", &["assign", &folio, "C-03"]);
    town.crew("second", &["assign", &folio, "C-04"]);
    for device in ["office", "second", "office"] {
        town.crew(device, &["sync"]);
    }
    let run = |value: &str| {
        let args = ["conflict", "resolve", &folio, "crew", "--value", value, "--reason", "es de la dos"];
        town.command("office", &args).output().unwrap()
    };
    let unknown = run("C-77");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("C-05"), "{unknown:?}");
    let done = run("c-02");
    assert!(done.status.success(), "{done:?}");
    assert_eq!(town.crew("office", &["order", "show", &folio])["crew"], "C-02");
}

#[test]
fn an_invitation_names_a_crew_that_is_known_as_it_is_known() {
    // The administrator's device has not heard of the crews yet: it asks before it invites.
    let town = Town::peopled();
    assert_eq!(town.refused("admin", &["invite", "--role", "crew", "--crew", "C-99"]).0, 2);
    let code = town.crew("admin", &["invite", "--role", "crew", "--crew", "c-01"])["code"].clone();
    let enrolled = town.crew("third", &["enrol", &town.url(), code.as_str().unwrap(), "--name", "Tercera"]);
    assert!(enrolled["scopes"].to_string().contains("crew:C-01"), "{enrolled}");
}

#[test]
fn a_folio_is_found_as_it_is_said() {
    let town = Town::peopled();
    let folio = town.folio("office", "chlorination");
    let (before, number) = folio.rsplit_once('-').unwrap();
    let letters = before.rsplit_once('-').unwrap().1.to_lowercase();
    let short = number.trim_start_matches('0');
    for typed in
        [short.to_owned(), format!("{letters}-{short}"), folio.to_lowercase(), folio.replace('-', "–")]
    {
        assert_eq!(town.crew("office", &["order", "show", &typed])["folio"], folio, "{typed}");
    }
    assert_eq!(town.refused("office", &["order", "show", "9999"]).0, 2);
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let town = Town::peopled();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let done = town.command("office", &["audit", "log", "--json"]).stdout(full()).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("\"output\""), "{done:?}");
}

#[test]
fn a_code_lasts_until_the_day_that_is_said() {
    let town = Town::peopled();
    let invite = |day: &'static str| ["invite", "--role", "crew", "--crew", "C-01", "--until", day];
    let code = town.crew("admin", &invite("2027-03-01"));
    assert!(code["expires_at"].as_str().unwrap().starts_with("2027-03-0"), "{code}");
    let enrolled = ["enrol", &town.url(), code["code"].as_str().unwrap(), "--name", "Otra"];
    town.crew("other", &enrolled);
    for day in ["2020-01-01", "mañana", "2027-02-30"] {
        assert_eq!(town.refused("admin", &invite(day)).0, 2, "{day}");
    }
}

#[test]
fn a_crew_is_not_shown_an_empty_list_of_devices() {
    let town = Town::peopled();
    assert_eq!(town.refused("one", &["device", "list"]).0, 3);
    assert!(!town.crew("office", &["device", "list"]).as_array().unwrap().is_empty());
}

#[test]
fn a_zone_by_name_is_that_zone_without_a_database_of_the_system() {
    let town = Town::peopled();
    let folio = town.folio("office", "chlorination");
    let told = |zone: &str| {
        let mut shown = std::process::Command::new(cuadrilla_tests::program("crew"));
        shown.arg("--home").arg(town.path("office")).args(["order", "show", &folio]);
        let done = shown.env("TZ", zone).env("TZDIR", "/nowhere").output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    assert_ne!(told("UTC0"), told("CST6"));
    assert_eq!(told("America/Mexico_City"), told("CST6"));
}

#[test]
fn a_status_that_differs_waits_for_a_decision_and_so_does_a_place() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    town.crew("one", &["start", &folio]);
    for device in ["one", "office"] {
        town.crew(device, &["sync"]);
    }
    town.crew("one", &["pause", &folio]);
    town.crew("office", &["cancel", &folio, "--reason", "no hay bomba"]);
    for device in ["one", "office", "one"] {
        town.crew(device, &["sync"]);
    }
    for (device, step) in [("one", "start"), ("one", "finish"), ("office", "reopen")] {
        let (exit, error) = town.refused(device, &[step, &folio]);
        assert!(exit == 3 && error["code"] == "conflict", "{step}: {error}");
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains(&format!("crew conflict resolve {folio} status")), "{hint}");
    }
    town.enrol("second", &["dispatcher"]);
    for (device, name) in [("office", "Nombre D"), ("second", "Nombre E")] {
        let file = town.path("place.yaml").display().to_string();
        std::fs::write(&file, format!("localities:\n  - {{ key: mezquitic, name: {name} }}\n")).unwrap();
        town.crew(device, &["import", &file]);
        town.crew(device, &["sync"]);
    }
    town.crew("office", &["sync"]);
    let listed = town.crew("office", &["conflict", "list"]);
    let place = listed.as_array().unwrap().iter().find(|one| one["field"] == "name").unwrap();
    assert_eq!(place["folio"], "locality:mezquitic");
    let args = ["conflict", "resolve", "locality:mezquitic", "name", "--take", "2", "--reason", "acta 12"];
    town.crew("office", &args);
    let args = ["conflict", "resolve", &folio, "status", "--value", "paused", "--reason", "sigue"];
    town.crew("office", &args);
    town.crew("office", &["sync"]);
    assert_eq!(town.crew("office", &["conflict", "list"]), json!([]));
    town.crew("one", &["sync"]);
    assert_eq!(town.crew("one", &["start", &folio])["status"], "in_progress");
}

#[test]
fn a_slip_is_corrected_by_the_number_that_the_order_shows() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    town.crew("one", &["measure", &folio, "cloro", "80", "mg/L"]);
    town.crew("one", &["note", &folio, "de otra orden"]);
    let shown = town.crew("one", &["order", "show", &folio]);
    let number = shown["measurements"][0]["number"].as_str().unwrap().to_owned();
    let note = shown["notes"][0]["id"].as_str().unwrap().to_owned();
    let said = town
        .crew("one", &["order", "correct", &folio, &number, "--value", "0.80", "mg/L", "--reason", "punto"]);
    assert_eq!(said["id"], shown["measurements"][0]["id"]);
    town.crew("one", &["correct", &folio, &note, "--void", "--reason", "es de otra"]);
    for device in ["one", "two"] {
        town.crew(device, &["sync"]);
    }
    let shown = town.crew("two", &["order", "show", &folio]);
    assert_eq!((&shown["measurements"][0]["value"], &shown["notes"]), (&json!("0.80"), &json!([])));
    let args = |item: &'static str| ["correct", &folio, item, "--void", "--reason", "x"].map(str::to_owned);
    let refused = |device: &str, args: &[String]| {
        town.refused(device, &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(refused("one", &args("9999")).0, 2);
    assert_eq!(town.refused("two", &["correct", &folio, &number, "--void", "--reason", "x"]).0, 3);
    assert_eq!(town.refused("one", &["correct", &folio, &note, "--void", "--reason", "x"]).0, 3);
    assert_eq!(town.refused("one", &["correct", &folio, &number, "--reason", "x"]).0, 2);
}
