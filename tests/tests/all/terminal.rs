//! Terminal: what others typed reaches no terminal as it is, whatever the command, in both programs.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use cuadrilla_tests::{Town, program};
use words::{Lang, visible};

/// Turns the direction, hides, clears the screen, rings, begins a control sequence with one byte, and forges a line.
const POISON: &str = "a\u{202e}b\u{200b}c\u{1b}[2Jd\u{7}e\u{9b}31mf\u{2066}g\u{e0041}h";

/// Every command of the device's program, as words; `:` stands for the order's folio, `?` for the poison, `/` for a path.
const COMMANDS: &[&str] = &[
    "status",
    "sync",
    "order new --kind leak_repair --locality mezquitic --title ? --description ?",
    "order list",
    "order show :",
    "note : ?",
    "measure : cloro 0.8 mg/L --where ? --instrument ?",
    "material : ? 1 kg",
    "set : reagent_lot ?",
    "check : ?",
    "correct : ? --void --reason ?",
    "start :",
    "pause : --reason ?",
    "step : ?",
    "finish :",
    "cancel : --reason ?",
    "reopen : --reason ?",
    "approve :",
    "assign : ?",
    "conflict list",
    "conflict resolve : ? --value ? --reason ?",
    "quarantine list",
    "quarantine list --dismissed",
    "quarantine release --device ? --reason ?",
    "quarantine dismiss --device ? --reason ?",
    "bundle export /bundle",
    "bundle inspect /bundle",
    "bundle import /bundle",
    "import /hostile.yaml",
    "invite --role dispatcher --locality ?",
    "device list",
    "device revoke ? --reason ?",
    "device assign ? --role crew --crew ? --reason ?",
    "device rekey",
    "person list",
    "person use ?",
    "person lock",
    "person remove ?",
    "audit log",
    "audit log --order : --device ?",
    "audit replay --at-seq 9999",
    "audit replay --order : --at-seq 9999",
    "audit verify",
    "audit checkpoint",
    "audit cosign --key /witness --new-key --name ? --from ?",
    "audit receipt : --out /proof",
    "audit receipt-check /proof",
    "audit diff 1 9999",
    "audit history :",
    "audit case : --out /case.html",
    "photo : /nothing.jpg",
    "order photo : /nothing.jpg",
    "blob status",
    "blob get ? /photo",
    "blob free",
    "blob erase : 1 --reason mistaken",
    "completions bash",
    "man /man",
    "enrol ? ? --name ?",
    "person add ?",
];

fn hidden(bytes: &[u8]) -> Vec<char> {
    let text = String::from_utf8_lossy(bytes);
    let mut before = None;
    let mut found = Vec::new();
    for c in text.chars() {
        if visible::is_hidden(c, before) && !matches!(c, '\n' | '\t') {
            found.push(c);
        }
        before = Some(c);
    }
    found
}

fn assert_plain(what: &str, output: &Output) {
    for (stream, bytes) in [("out", &output.stdout), ("err", &output.stderr)] {
        let found = hidden(bytes);
        assert!(found.is_empty(), "{what}: {found:?} on std{stream}: {}", String::from_utf8_lossy(bytes));
    }
}

/// The ways to every command that does something: `order new`, `audit log`.
fn leaves(command: &clap::Command, way: &str, found: &mut BTreeSet<String>) {
    if command.get_subcommands().next().is_none() {
        found.insert(way.trim().to_owned());
    }
    for sub in command.get_subcommands() {
        leaves(sub, &format!("{way} {}", sub.get_name()), found);
    }
}

#[test]
fn every_command_is_tried() {
    let mut leaf = BTreeSet::new();
    leaves(&crew_cli::help::command(Lang::En), "", &mut leaf);
    let is_tried = |leaf: &String| {
        let leaf = leaf.strip_prefix("order ").filter(|rest| !["new", "list", "show"].contains(rest));
        leaf.is_some_and(|short| COMMANDS.iter().any(|line| line.starts_with(short)))
    };
    let missing: Vec<&String> = leaf
        .iter()
        .filter(|leaf| !COMMANDS.iter().any(|line| line.starts_with(leaf.as_str())) && !is_tried(leaf))
        .collect();
    assert!(missing.is_empty(), "no line of COMMANDS runs {missing:?}");
}

/// A town in which every free text is poison; answers with the folio of an order full of it.
fn poisoned() -> (Town, String) {
    let town = Town::peopled();
    let code = town.crew("admin", &["invite", "--role", "crew", "--crew", "C-01"])["code"].clone();
    town.crew("bad", &["enrol", &town.url(), code.as_str().unwrap(), "--name", POISON]);
    let hostile = format!(
        "localities:\n  - {{ key: hostil, name: {name} }}\nassets:\n  - {{ key: tq-h, type: tank, name: {name}, locality: hostil }}\n",
        // YAML knows no pairs of surrogates.
        name = visible::json(&serde_json::json!(POISON.replace('\u{e0041}', "")).to_string())
    );
    std::fs::write(town.path("hostile.yaml"), hostile).unwrap();
    town.crew("office", &["import", &town.path("hostile.yaml").display().to_string()]);
    let new = ["order", "new", "--kind", "chlorination", "--locality", "hostil", "--asset", "tq-h"];
    let more = ["--crew", "C-01", "--title", POISON, "--description", POISON];
    let folio = town.crew("office", &[&new[..], &more[..]].concat())["folio"].as_str().unwrap().to_owned();
    for device in ["office", "bad", "one", "two"] {
        town.crew(device, &["sync"]);
    }
    for device in ["bad", "one"] {
        town.crew(device, &["note", &folio, POISON]);
        town.crew(device, &["measure", &folio, "cloro", "0.80", "mg/L", "--where", POISON]);
        town.crew(device, &["set", &folio, "reagent_lot", &format!("{POISON}{device}")]);
        town.crew(device, &["set", &folio, "description", &format!("{POISON}{device}")]);
    }
    town.crew("bad", &["start", &folio]);
    town.crew("bad", &["pause", &folio, "--reason", POISON]);
    town.crew("admin", &["device", "revoke", "two", "--fate", "lost", "--reason", POISON]);
    town.crew("two", &["note", &folio, POISON]);
    for device in ["bad", "one", "office", "admin", "bad", "one"] {
        town.crew(device, &["sync"]);
    }
    town.command("two", &["sync"]).output().unwrap();
    for device in ["office", "admin"] {
        town.crew(device, &["sync"]);
    }
    (town, folio)
}

fn run(town: &Town, device: &str, format: &[&str], line: &str, folio: &str) {
    let words: Vec<String> = line
        .split(' ')
        .map(|word| match word {
            ":" => folio.to_owned(),
            "?" => POISON.to_owned(),
            word => match word.strip_prefix('/') {
                Some(name) => town.path(&format!("{device}-{name}")).display().to_string(),
                None => word.to_owned(),
            },
        })
        .collect();
    let mut command = Command::new(program("crew"));
    command.args(format).arg("--home").arg(town.path(device)).args(&words);
    command.env("CREW_PIN", "123456").env("CREW_PIN_BY", "123456");
    let output = command.output().unwrap();
    assert_plain(&format!("{device}: {format:?} {line}"), &output);
}

#[test]
fn what_others_typed_drives_no_terminal() {
    let (mut town, folio) = poisoned();
    let sheet = town.command("office", &["order", "show", &folio]).output().unwrap();
    assert!(String::from_utf8_lossy(&sheet.stdout).contains("\\u202e"), "the poison is there, as an escape");
    let (text, json) = (&["--lang", "es"][..], &["--lang", "en", "--json"][..]);
    for (device, format) in [("office", text), ("one", text), ("two", text), ("admin", json)] {
        std::fs::copy(town.path("hostile.yaml"), town.path(&format!("{device}-hostile.yaml"))).unwrap();
        for line in COMMANDS {
            run(&town, device, format, line, &folio);
        }
    }
    // A refusal repeats what was typed.
    run(&town, "office", &["--lang", "es"], "? ?", &folio);
    run(&town, "office", &["--lang", "es"], "order list --status ? --crew ?", &folio);
    town.kill();
    let to = town.path("static").display().to_string();
    for (command, args) in [
        ("show", vec![folio.as_str()]),
        ("show", vec![POISON]),
        ("config", vec!["--listen", POISON]),
        ("log-export", vec!["--to", to.as_str()]),
        ("verify", vec![]),
        ("rebuild", vec![]),
        ("invite", vec!["--url", POISON]),
        ("init", vec!["--municipality", "14061", "--name", POISON]),
    ] {
        for format in [text, json] {
            let mut server = Command::new(program("cuadrilla-server"));
            server.args(format).arg(command).arg("--data").arg(town.path("server")).args(&args);
            assert_plain(&format!("server {command} {format:?}"), &server.output().unwrap());
        }
    }
}
