//! Kill: programs that end without warning keep what they confirmed. `CUADRILLA_KILL_ROUNDS` sets how often.

use std::process::Stdio;
use std::time::Duration;

use cuadrilla_tests::Town;

fn rounds() -> u64 {
    std::env::var("CUADRILLA_KILL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[test]
fn a_killed_server_keeps_what_it_acknowledged() {
    let mut town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    let mut noted = 0;
    for round in 0..rounds() {
        let mut running = Vec::new();
        for device in ["one", "two"] {
            town.crew(device, &["note", &folio, &format!("{device} {round}")]);
            noted += 1;
            let mut sync = town.command(device, &["sync"]);
            running.push(sync.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        }
        std::thread::sleep(Duration::from_millis(40 + round * 37 % 160));
        town.kill();
        for mut sync in running {
            sync.wait().unwrap();
        }
        town.serve();
    }
    for device in ["one", "two", "office"] {
        town.crew(device, &["sync"]);
    }
    let order = town.crew("office", &["order", "show", &folio]);
    assert_eq!(order["notes"].as_array().unwrap().len(), noted);
    assert!(town.server_run("verify", &[]).status.success());
}

#[test]
fn a_killed_device_keeps_what_it_said_was_saved() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    let mut saved = Vec::new();
    for round in 0..rounds() * 4 {
        let text = format!("note {round}");
        let mut note = town.command("one", &["note", &folio, &text]);
        let mut child = note.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(20 + round * 29 % 150));
        // It may be done already; then there is nothing to kill.
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        saved.extend((!output.stdout.is_empty()).then_some(text));
    }
    let order = town.crew("one", &["order", "show", &folio]);
    let notes: Vec<_> = order["notes"].as_array().unwrap().iter().map(|note| note["text"].clone()).collect();
    for text in &saved {
        assert_eq!(notes.iter().filter(|note| *note == text.as_str()).count(), 1, "{text}");
    }
}
