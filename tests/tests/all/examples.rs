//! The programs of `examples/` run and say what they should.

use std::process::Command;

use cuadrilla_tests::{Town, program};

/// Runs an example: whether it succeeded, and what it said.
pub fn run(name: &str, args: &[&str]) -> (bool, String) {
    let output = Command::new(program(name)).args(args).output().expect("the example starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn two_devices_see_the_same_order() {
    let (is_good, said) = run("two-devices", &[]);
    assert!(is_good, "{said}");
    let (crew, office) = said.split_once("office sees ").unwrap();
    for seen in [crew, office] {
        assert!(seen.contains("La tapa del tanque no cierra") && seen.contains("in_progress"), "{seen}");
    }
}

#[test]
fn a_proof_is_checked_by_hand_step_by_step() {
    let town = Town::peopled();
    let key = crate::log::log_key(&town);
    let folio = town.folio("one", "pump_replacement");
    for device in ["one", "two"] {
        town.crew(device, &["note", &folio, "se cambió el equipo"]);
        town.crew(device, &["sync"]);
    }
    town.crew("office", &["sync"]);
    let file = town.path("proof.json").display().to_string();
    let made = town.crew("office", &["audit", "receipt", &folio, "--out", &file]);
    let (is_good, said) = run("check-proof", &[&key, &file]);
    assert!(is_good, "{said}");
    assert!(said.contains(&format!("5. {folio}: {} changes hold", made["changes"])), "{said}");

    // Another log's key opens nothing. What is bent in the file is noticed: `log.rs` bends it.
    let (is_good, said) = run("check-proof", &[&key.replace("14061", "14099"), &file]);
    assert!(!is_good && said.contains("is no log key"), "{said}");
}
