//! What the auditor reads, through the built programs: replay, diff, the case file, clocks that are wrong.

use cuadrilla_tests::{Town, json};
use serde_json::Value;

/// This machine's time, as the server has it too.
fn now() -> String {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    sync_core::time::rfc3339(i64::try_from(since.as_millis()).unwrap())
}

/// Runs a command with the device's clock set.
fn at(town: &Town, clock: &str, device: &str, args: &[&str]) -> Value {
    json(&town.command(device, args).env("CUADRILLA_NOW", clock).output().unwrap())
}

fn synced(town: &Town, device: &str) -> String {
    town.crew(device, &["sync"])["server_seq"].as_u64().unwrap().to_string()
}

/// Two crews note two serials for one pump; answers the folio and the ledger number when dispatch saw both.
fn clash(town: &Town) -> (String, String) {
    let folio = town.folio("one", "pump_replacement");
    for (device, serial) in [("one", "SER-1"), ("two", "SER-2")] {
        town.crew(device, &["set", &folio, "new_pump_serial", serial]);
    }
    town.crew("one", &["sync"]);
    town.crew("two", &["sync"]);
    let seq = synced(town, "office");
    (folio, seq)
}

fn settle(town: &Town, folio: &str) -> String {
    let settle = ["conflict", "resolve", folio, "new_pump_serial", "--take", "1", "--reason", "vio la placa"];
    town.crew("office", &settle);
    synced(town, "office")
}

#[test]
fn replay_shows_what_dispatch_saw_before_and_after_a_conflict_was_settled() {
    let town = Town::peopled();
    let (folio, open_seq) = clash(&town);
    let open_time = now();
    let seen_open = town.crew("office", &["order", "show", &folio]);
    std::thread::sleep(std::time::Duration::from_millis(5));
    let settled_seq = settle(&town, &folio);
    let replay =
        |args: &[&str]| town.crew("office", &[&["audit", "replay", "--order", &folio], args].concat());
    for args in [["--at-seq", &open_seq], ["--known-at", &open_time]] {
        let then = replay(&args);
        assert_eq!(then["orders"], serde_json::json!([seen_open]), "{args:?}");
        assert_eq!(then["orders"][0]["conflicts"].as_array().unwrap().len(), 1);
    }
    let seen_settled = town.crew("office", &["order", "show", &folio]);
    assert_eq!(replay(&["--at-seq", &settled_seq])["orders"], serde_json::json!([seen_settled]));
    assert_eq!(replay(&["--known-at", &now()])["orders"][0]["conflicts"], serde_json::json!([]));
    let nothing = replay(&["--at-seq", "1"]);
    assert_eq!(nothing["orders"], serde_json::json!([]));
    assert!(nothing["note"]["en"].as_str().unwrap().contains("did not exist yet"), "{nothing}");
    assert_eq!(
        town.refused("office", &["audit", "replay", "--order", "MZQ-26-ZZ-9999", "--at-seq", "1"]).0,
        2
    );
    whole_municipality(&town, &settled_seq);
    diffs(&town, &folio, &open_seq, &settled_seq);
}

fn whole_municipality(town: &Town, last: &str) {
    let all = town.crew("office", &["audit", "replay", "--at-seq", last]);
    let list = town.crew("office", &["order", "list"]);
    let listed = town.crew("office", &["audit", "replay", "--list", "--at-seq", last]);
    assert_eq!(listed["orders"], list);
    assert_eq!(all["orders"].as_array().unwrap().len(), list.as_array().unwrap().len());
    for order in all["orders"].as_array().unwrap().iter().take(5) {
        let folio = order["folio"].as_str().unwrap();
        assert_eq!(*order, town.crew("office", &["order", "show", folio]));
    }
    let crew = town.crew("one", &["audit", "replay", "--at-seq", last]);
    assert_eq!(crew["sees_everything"], false);
    assert!(crew["note"]["en"].as_str().unwrap().contains("only its own scopes"), "{}", crew["note"]);
}

fn diffs(town: &Town, folio: &str, open_seq: &str, settled_seq: &str) {
    let diff = town.crew("office", &["audit", "diff", open_seq, settled_seq]);
    assert_eq!(diff["orders"].as_array().unwrap().len(), 1, "{diff}");
    let order = &diff["orders"][0];
    assert_eq!(order["folio"], folio);
    assert_eq!(order["conflicts_closed"][0]["field"], "new_pump_serial");
    assert_eq!(order["conflicts_opened"], serde_json::json!([]));
    assert!(order["text"].to_string().contains("vio la placa"), "{order}");
    let text = town.command("office", &["audit", "diff", open_seq, settled_seq]).output().unwrap();
    assert!(text.status.success());
    let mut plain = std::process::Command::new(cuadrilla_tests::program("crew"));
    plain.args(["--lang", "es", "--home"]).arg(town.path("office"));
    let said = plain.args(["audit", "diff", open_seq, settled_seq, "--order", folio]).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("vuelve a tener un solo valor") && said.contains(folio), "{said}");
    assert_eq!(town.refused("office", &["audit", "diff", settled_seq, open_seq]).0, 2);
    assert_eq!(town.refused("office", &["audit", "diff", "1", "2", "--claimed"]).0, 2);
}

#[test]
fn the_case_file_tells_the_whole_story_and_nothing_in_it_runs() {
    let town = Town::peopled();
    let (folio, _) = clash(&town);
    settle(&town, &folio);
    let bundle = town.path("b.cuadrilla").display().to_string();
    town.crew("one", &["note", &folio, "<script>alert('x')</script>"]);
    town.crew("one", &["note", &folio, "=HYPERLINK(\"http://x\",\"y\")"]);
    town.crew("one", &["bundle", "export", &bundle]);
    town.crew("three", &["bundle", "import", &bundle]);
    town.crew("three", &["sync"]);
    town.crew("office", &["sync"]);
    let (page, table) = (town.path("e.html"), town.path("e.csv"));
    let files =
        ["--html", &page.display().to_string(), "--csv", &table.display().to_string()].map(String::from);
    let mut args = vec!["audit", "case", &folio];
    args.extend(files.iter().map(String::as_str));
    let case = town.crew("office", &args);
    assert_eq!(case["differences"][0]["values"].as_array().unwrap().len(), 2);
    assert_eq!(case["differences"][0]["settled"]["reason"], "vio la placa");
    let happenings = case["happenings"].as_array().unwrap();
    assert!(happenings.iter().any(|one| one["carrier"]["device_name"] == "three"), "{case}");
    assert!(happenings.iter().all(|one| one["entry_hash"].is_string() && one["time"].is_string()));
    assert!(case["proof"]["checkpoint"].as_str().unwrap().starts_with("cuadrilla.invalid/log/14061\n"));
    assert_eq!(case["order"], town.crew("office", &["order", "show", &folio]));
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") && !page.contains("<script"));
    for words in
        [folio.as_str(), "SER-1", "SER-2", "vio la placa", "lo trajo three", "cuadrilla.invalid/log/14061"]
    {
        assert!(page.contains(words), "{words} is not on the page");
    }
    let table = std::fs::read_to_string(table).unwrap();
    assert_eq!(table.matches("\r\n").count(), happenings.len() + 1);
    assert!(!table.contains(",=HYPERLINK") && !table.contains(",\"=HYPERLINK"), "{table}");
    let crew = town.crew("one", &["audit", "case", &folio]);
    assert_eq!(crew["sees_everything"], false);
    assert!(crew["limits"].to_string().contains("not told of everything"), "{}", crew["limits"]);
    let history = town.crew("office", &["audit", "history", &folio]);
    assert_eq!(history["happenings"], case["happenings"]);
}

#[test]
fn wrong_clocks_lose_nothing_and_are_shown_for_what_they_are() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    at(&town, "1970-01-01T00:00:10Z", "one", &["note", &folio, "en 1970"]);
    at(&town, "1970-01-01T02:00:10Z", "one", &["note", &folio, "dos horas después"]);
    at(&town, "1970-01-01T01:00:10Z", "one", &["note", &folio, "una hora antes"]);
    at(&town, "2030-06-01T12:00:00Z", "two", &["note", &folio, "en 2030"]);
    at(&town, "1970-01-01T02:00:20Z", "one", &["sync"]);
    at(&town, "2030-06-01T12:00:10Z", "two", &["sync"]);
    town.crew("office", &["note", &folio, "a su hora"]);
    town.crew("office", &["sync"]);
    let order = town.crew("office", &["order", "show", &folio]);
    let texts: Vec<&str> =
        order["notes"].as_array().unwrap().iter().filter_map(|n| n["text"].as_str()).collect();
    assert_eq!(texts.len(), 5, "{texts:?}");
    assert!(texts.iter().position(|t| *t == "en 1970") < texts.iter().position(|t| *t == "una hora antes"));
    let log = town.crew("office", &["audit", "log", "--order", &folio]);
    let told: Vec<_> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["action"] == "note")
        .map(|line| {
            (
                line["time"].as_str().unwrap(),
                line["clock_jump_ms"].as_i64().map(|ms| (ms + 30_000).div_euclid(60_000)),
            )
        })
        .collect();
    let expected = [("before_bracket", 120), ("before_bracket", -60)];
    assert_eq!(told[1..3], expected.map(|(time, jump)| (time, Some(jump))), "{told:?}");
    assert_eq!(
        (told[0].0, told[3].0, told[4]),
        ("before_bracket", "after_bracket", ("consistent", None)),
        "{told:?}"
    );
    assert!(log.as_array().unwrap().iter().all(|line| line["verdict"] == "accepted"));
}
