//! Schemas: every rule file is valid, agrees with its name and with the files it refers to.

use std::collections::BTreeSet;
use std::path::Path;

use cuadrilla_tests::repository;
use serde_json::Value;
use sync_core::record::schema::RecordKind;

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn check(schema: &str, file: &str, value: &Value) {
    let schema = jsonschema::validator_for(&read(&repository().join("schemas").join(schema))).unwrap();
    let errors: Vec<_> =
        schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path)).collect();
    assert!(errors.is_empty(), "{file}: {errors:#?}");
}

#[test]
fn the_shared_files_and_the_example_are_valid() {
    let folder = repository().join("schemas");
    for name in ["steps", "measures", "asset-types"] {
        check(&format!("{name}.schema.json"), name, &read(&folder.join(format!("{name}.json"))));
    }
    let text = std::fs::read_to_string(folder.join("examples/mezquitic.yaml")).unwrap();
    let example: Value = serde_saphyr::from_str(&text).unwrap();
    check("import.schema.json", "mezquitic.yaml", &example);
}

#[test]
fn the_records_are_valid_schemas_and_each_is_that_of_a_kind() {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(repository().join("schemas/record")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let schema = read(&path);
        jsonschema::validator_for(&schema)
            .unwrap_or_else(|error| panic!("{name} is no JSON Schema: {error}"));
        let id = schema["$id"].as_str().unwrap();
        assert!(id.ends_with(&format!("/record/{name}")), "{name} says that it is {id}");
        found.insert(name.trim_end_matches(".schema.json").to_owned());
    }
    assert_eq!(found, RecordKind::ALL.map(|kind| kind.key().to_owned()).into());
}

#[test]
fn every_kind_is_valid_and_its_words_are_its_own() {
    let folder = repository().join("schemas");
    let measures = read(&folder.join("measures.json")).to_string();
    let states = read(&folder.join("steps.json")).to_string();
    let mut words = BTreeSet::new();
    let mut rules = sync_core::rules::Rules::default();
    for entry in std::fs::read_dir(folder.join("work")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let kind = read(&path);
        check("work-kind.schema.json", &name, &kind);
        rules.add(&format!("work/{name}"), &kind.to_string()).unwrap();
        assert_eq!(kind["kind"], name.as_str());
        for word in kind["aliases"].as_array().unwrap().iter().chain([&kind["kind"]]) {
            assert!(words.insert(word.as_str().unwrap().to_owned()), "{name}: {word} is another kind's too");
        }
        for measure in kind["measures"].as_array().unwrap() {
            assert!(measures.contains(&measure.to_string()), "{name}: no measure {measure}");
        }
        for required in kind["required_measures"].as_array().unwrap() {
            assert!(kind["measures"].as_array().unwrap().contains(required), "{name}: {required}");
        }
        for step in kind["steps"].as_array().into_iter().flatten() {
            assert!(states.contains(&step["to"].to_string()), "{name}: no state {}", step["to"]);
        }
    }
}
