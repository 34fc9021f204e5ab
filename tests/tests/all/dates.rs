//! Dates: days and years are the municipality's, whatever the zone and the clock of the device.

use cuadrilla_tests::Town;
use serde_json::Value;

fn at(town: &Town, device: &str, zone: &str, now: &str, args: &[&str]) -> Value {
    let mut command = town.command(device, args);
    command.env("TZ", zone).env("CUADRILLA_NOW", now);
    cuadrilla_tests::json(&command.output().unwrap())
}

#[test]
fn a_folio_has_the_year_of_the_municipality() {
    let town = Town::peopled();
    let new = ["order", "new", "--kind", "leak_repair", "--locality", "mezquitic"];
    for (zone, now, year) in [
        ("CST6", "2026-12-31T18:01:00-06:00", "MZQ-26-"),
        ("UTC", "2026-12-31T18:01:00-06:00", "MZQ-26-"),
        ("Asia/Tokyo", "2026-12-31T23:59:59-06:00", "MZQ-26-"),
        ("CST6", "2027-01-01T00:00:00-06:00", "MZQ-27-"),
    ] {
        let made = at(&town, "office", zone, now, &new);
        assert!(made["folio"].as_str().unwrap().starts_with(year), "{zone} {now}: {made}");
    }
}

#[test]
fn a_day_of_the_audit_is_the_municipalitys_in_every_zone() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    // An evening that is the next day in UTC.
    at(&town, "one", "UTC", "2027-03-04T20:00:00-06:00", &["note", &folio, "de noche"]);
    town.crew("one", &["sync"]);
    town.crew("admin", &["sync"]);
    for zone in ["UTC", "CST6", "Asia/Tokyo"] {
        let changed = |from: &str, to: &str| {
            let args = ["audit", "diff", from, to, "--claimed", "--order", &folio];
            at(&town, "admin", zone, "2027-03-06T12:00:00-06:00", &args)["orders"].as_array().unwrap().len()
        };
        assert_eq!(changed("2027-03-04", "2027-03-04"), 1, "{zone}");
        assert_eq!(changed("2027-03-05", "2027-03-05"), 0, "{zone}");
    }
}

#[test]
fn a_named_zone_shows_the_same_times_as_its_offset() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    town.crew("one", &["note", &folio, "x"]);
    let shown = |zone: &str| {
        let mut command = std::process::Command::new(cuadrilla_tests::program("crew"));
        command.args(["--lang", "es", "--home"]).arg(town.path("one")).args(["order", "show", &folio]);
        command.env("TZ", zone).env("CUADRILLA_NOW", "2026-11-30T12:00:00Z");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert_eq!(shown("America/Mexico_City"), shown("CST6"));
    assert_ne!(shown("America/Mexico_City"), shown("UTC"));
}
