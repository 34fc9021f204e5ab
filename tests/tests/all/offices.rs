//! Offices: two dispatchers import one file before they meet, and end with one set of records and all notes on them.

use cuadrilla_tests::{Town, repository};
use serde_json::{Value, json};

fn folios(town: &Town, device: &str) -> Vec<String> {
    let list = town.crew(device, &["order", "list"]);
    list.as_array().unwrap().iter().map(|one| one["folio"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_example_imported_twice_is_one_town() {
    let town = Town::new();
    let example = repository().join("schemas/examples/mezquitic.yaml").display().to_string();
    for device in ["a", "b"] {
        town.enrol(device, &["dispatcher"]);
    }
    for device in ["a", "b"] {
        town.crew(device, &["import", &example]);
    }
    let (of_a, of_b) = (folios(&town, "a"), folios(&town, "b"));
    assert!(!of_a.is_empty() && of_a.len() == of_b.len() && !of_a.contains(&of_b[0]));
    town.crew("a", &["note", &of_a[0], "nota de A"]);
    for folio in &of_b {
        town.crew("b", &["note", folio, "nota de B"]);
    }
    for device in ["a", "b", "a"] {
        town.crew(device, &["sync"]);
    }
    for device in ["a", "b"] {
        assert_eq!(folios(&town, device), of_a, "one set of records");
        assert_eq!(town.crew(device, &["quarantine", "list"]), json!([]));
        assert_eq!(town.crew(device, &["conflict", "list"]), json!([]));
        let notes = |folio: &String| -> Vec<String> {
            let shown: Value = town.crew(device, &["order", "show", folio]);
            shown["notes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|note| note["text"].as_str().unwrap().into())
                .collect()
        };
        assert_eq!(notes(&of_a[0]).first().map(String::as_str), Some("nota de A"));
        for folio in of_a.iter().chain(&of_b) {
            assert!(notes(folio).contains(&"nota de B".to_owned()), "{device} {folio}");
        }
    }
    let status = town.crew("b", &["status"]);
    assert_eq!(
        (&status["unsent"], &status["quarantined"], &status["dismissed"]),
        (&json!(0), &json!(0), &json!(0))
    );
}
