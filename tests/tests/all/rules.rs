//! Rules: a folder of rules is seen while the server serves, and checked before it is published.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use cuadrilla_tests::{Town, json, repository};
use serde_json::Value;

/// How long a folder may take to be seen; it is looked at every two seconds.
const SEEN_WITHIN: Duration = Duration::from_secs(20);

fn built_in(kind: &str) -> Value {
    let path = repository().join(format!("schemas/work/{kind}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Writes a file into the data folder's rules. Returns the folder.
fn write(town: &Town, kind: &str, text: &str) -> PathBuf {
    let folder = town.path("server").join("schemas");
    std::fs::create_dir_all(folder.join("work")).unwrap();
    std::fs::write(folder.join(format!("work/{kind}.json")), text).unwrap();
    folder
}

/// Waits until the server's log says it.
fn wait_for(town: &Town, word: &str) -> String {
    let begun = Instant::now();
    loop {
        let log = std::fs::read_to_string(town.path("server.log")).unwrap();
        if let Some(line) = log.lines().find(|line| line.contains(word)) {
            return line.to_owned();
        }
        assert!(begun.elapsed() < SEEN_WITHIN, "the log does not say {word}: {log}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_folder_made_after_serve_began_is_seen_and_a_bad_file_of_it_changes_nothing() {
    let town = Town::peopled();
    let mut kind = built_in("chlorination");
    kind["version"] = 2.into();
    kind["labels"]["es"] = "Cloración de tanque o depósito".into();
    let folder = write(&town, "chlorination", &kind.to_string());
    let folder = folder.display().to_string();
    wait_for(&town, "rule files were published");
    let checked = json(&town.server_run("check-rules", &[&folder]));
    assert_eq!(checked["publishes"], serde_json::json!([]), "it is in force");

    let mut other = built_in("leak_repair");
    other["kind"] = "bacheo".into();
    other["labels"] = serde_json::json!({"es": "Bacheo", "en": "Pothole repair"});
    other["aliases"] = serde_json::json!(["fuga", "bache"]);
    write(&town, "bacheo", &serde_json::to_string_pretty(&other).unwrap());
    let line = wait_for(&town, "bacheo.json");
    assert!(line.contains("fuga") && line.contains("line") && line.contains("taken"), "{line}");
    let refused = town.server_run("check-rules", &[&folder]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let said: Value = serde_json::from_slice(&refused.stdout).unwrap();
    let one = &said["refused"][0];
    assert!(one["file"].as_str().unwrap().ends_with("bacheo.json") && one["code"] == "taken", "{said}");
    assert!(one["line"].as_u64().unwrap() > 1 && !one["todo"].as_str().unwrap().is_empty(), "{said}");
    town.crew("office", &["sync"]);
    let new = town.crew("office", &["order", "new", "--kind", "fuga", "--locality", "mezquitic"]);
    let folio = new["folio"].as_str().unwrap();
    assert_eq!(town.crew("office", &["order", "show", folio])["kind"], "leak_repair");
    let shown = town.crew("office", &["order", "show", &town.folio("office", "chlorination")]);
    assert!(shown.to_string().contains("Cloración de tanque o depósito"), "{shown}");
}

#[test]
fn rules_are_checked_against_what_is_in_force_and_held() {
    let town = Town::peopled();
    let folio = town.folio("office", "chlorination");
    town.crew("office", &["set", &folio, "dosis", "100"]);
    town.crew("office", &["set", &folio, "lote", "007"]);
    town.crew("office", &["sync"]);
    let folder = town.path("rules");
    std::fs::create_dir_all(folder.join("work")).unwrap();
    let check = |edit: &dyn Fn(&mut Value)| {
        let mut kind = built_in("chlorination");
        kind["version"] = 2.into();
        edit(&mut kind);
        std::fs::write(folder.join("work/chlorination.json"), kind.to_string()).unwrap();
        let run = town.server_run("check-rules", &[&folder.display().to_string()]);
        let said: Value = serde_json::from_slice(&run.stdout).unwrap();
        let codes =
            said["refused"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned());
        (run.status.code().unwrap(), codes.collect::<Vec<_>>())
    };
    let field = |kind: &Value, key: &str| {
        kind["fields"].as_array().unwrap().iter().position(|field| field["key"] == key).unwrap()
    };
    let dose_max = |max: &'static str| {
        move |kind: &mut Value| {
            let dose =
                kind["fields"].as_array().unwrap().iter().position(|field| field["key"] == "dose").unwrap();
            kind["fields"][dose]["max"] = max.into();
        }
    };
    assert_eq!(check(&dose_max("50")), (3, vec!["stricter".to_owned()]));
    assert_eq!(check(&dose_max("100")), (0, vec![]));
    assert_eq!(check(&|kind| kind["version"] = 1.into()), (0, vec![]), "it is the one in force");
    let to_whole = |kind: &mut Value| {
        let lot = field(kind, "reagent_lot");
        let field = kind["fields"][lot].as_object_mut().unwrap();
        field.remove("chars_max");
        field.insert("type".into(), "integer".into());
        field.insert("min".into(), "0".into());
        field.insert("max".into(), "9".into());
    };
    assert_eq!(check(&to_whole), (3, vec!["type".to_owned()]));
    let without = |kind: &mut Value| {
        let lot = field(kind, "reagent_lot");
        drop(kind["fields"].as_array_mut().unwrap().remove(lot));
    };
    assert_eq!(check(&without), (3, vec!["gone".to_owned()]));
    let turned = |kind: &mut Value| {
        dose_max("-1")(kind);
        kind["required_measures"] = serde_json::json!(["flavour"]);
    };
    let (exit, codes) = check(&turned);
    assert!(
        exit == 3 && codes.contains(&"above".to_owned()) && codes.contains(&"unknown".to_owned()),
        "{codes:?}"
    );
}
