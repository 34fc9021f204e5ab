//! Trust: revoked, copied and restored, through the built programs.

use cuadrilla_tests::{Town, json};
use serde_json::Value;

fn notes(town: &Town, device: &str, folio: &str) -> Vec<String> {
    let order = town.crew(device, &["order", "show", folio]);
    let text = |note: &Value| note["text"].as_str().unwrap().to_owned();
    order["notes"].as_array().unwrap().iter().map(text).collect()
}

#[test]
fn forty_entries_of_a_revoked_phone_are_held_told_and_decided() {
    let town = Town::peopled();
    town.enrol("boss", &["supervisor"]);
    let folio = town.folio("one", "pump_replacement");
    for number in 1..=40 {
        town.crew("one", &["note", &folio, &format!("nota {number}")]);
    }
    for device in ["admin", "office"] {
        town.crew(device, &["sync"]);
    }
    let reason = "perdido en el arroyo";
    assert_eq!(town.refused("office", &["device", "revoke", "one", "--reason", reason]).0, 3);
    town.crew("admin", &["device", "revoke", "one", "--fate", "lost", "--reason", reason]);
    let synced = town.crew("one", &["sync"]);
    assert_eq!(synced["quarantined"].as_array().unwrap().len(), 40);
    assert_eq!(town.crew("one", &["status"])["revoked"], reason);
    assert_eq!(town.refused("one", &["note", &folio, "otra"]).0, 3);
    town.crew("boss", &["sync"]);
    let inbox = town.crew("boss", &["quarantine", "list"]);
    let ids: Vec<String> = inbox.as_array().unwrap().iter().map(|item| item["id"].to_string()).collect();
    assert_eq!(ids.len(), 40);
    assert!(inbox[16]["summary"].as_str().unwrap().contains("nota 17"), "{}", inbox[16]);
    assert_eq!(town.refused("office", &["quarantine", "dismiss", &ids[16], "--reason", "x"]).0, 3);
    town.crew("boss", &["quarantine", "dismiss", &ids[16], "--reason", "no es de esta obra"]);
    let rest: Vec<&str> =
        ids.iter().enumerate().filter(|(at, _)| *at != 16).map(|(_, id)| id.as_str()).collect();
    let release =
        [&["quarantine", "release"], rest.as_slice(), &["--reason", "verificado en sitio"]].concat();
    let decided = town.crew("boss", &release);
    assert_eq!(decided["released"].as_array().unwrap().len(), 16);
    assert_eq!(decided["written_again"].as_array().unwrap().len(), 23);
    let told = town.crew("one", &["sync"]);
    let decisions = told["decided"].as_array().unwrap();
    assert!(decisions.iter().any(|one| one["released"] == false && one["reason"] == "no es de esta obra"));
    assert_eq!(decisions.iter().filter(|one| one["released"] == true).count(), 16);
    for device in ["office", "two", "admin"] {
        town.crew(device, &["sync"]);
    }
    let shared = notes(&town, "office", &folio);
    assert_eq!(shared.len(), 39);
    assert!(!shared.contains(&"nota 17".to_owned()));
    for device in ["two", "boss", "admin"] {
        assert_eq!(notes(&town, device, &folio), shared, "{device}");
    }
    let server = json(&town.server_run("show", &[&folio]));
    assert_eq!(server, town.crew("office", &["order", "show", &folio]));
    let aside = town.crew("one", &["quarantine", "list", "--dismissed"]);
    assert!(aside.to_string().contains("nota 17"), "its author keeps a copy: {aside}");
    assert!(town.server_run("verify", &[]).status.success());
}

#[test]
fn a_copied_home_goes_on_under_its_own_name() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    town.crew("one", &["note", &folio, "antes"]);
    copy_folder(&town.path("one"), &town.path("copy"));
    town.crew("one", &["note", &folio, "del original"]);
    town.crew("copy", &["note", &folio, "de la copia"]);
    town.crew("copy", &["order", "new", "--kind", "leak_repair", "--title", "fuga nueva"]);
    town.crew("one", &["sync"]);
    let synced = town.crew("copy", &["sync"]);
    assert_eq!(synced["renamed"]["repeated"], 2, "{synced}");
    town.crew("copy", &["note", &folio, "sigue trabajando"]);
    for device in ["copy", "one", "copy", "admin", "office", "two"] {
        assert_eq!(town.crew(device, &["sync"])["renamed"], Value::Null, "{device}");
    }
    let all = notes(&town, "office", &folio);
    for note in ["antes", "del original", "de la copia", "sigue trabajando"] {
        assert_eq!(all.iter().filter(|one| *one == note).count(), 1, "{note}: {all:?}");
    }
    assert_eq!(notes(&town, "one", &folio), notes(&town, "copy", &folio));
    assert!(town.crew("office", &["order", "list"]).to_string().contains("fuga nueva"));
    let devices = town.crew("admin", &["device", "list"]);
    let was = &synced["renamed"]["was"];
    assert!(devices.as_array().unwrap().iter().any(|item| item["continues"] == *was), "{devices}");
    assert_eq!(town.crew("admin", &["quarantine", "list"]).as_array().unwrap().len(), 0);
    assert!(town.server_run("verify", &[]).status.success());
}

#[test]
fn a_carrier_is_told_what_a_restored_server_does_not_take() {
    let mut town = Town::peopled();
    town.kill();
    copy_folder(&town.path("server"), &town.path("backup"));
    town.serve();
    town.enrol("late", &["crew", "--crew", "C-01"]);
    let folio = town.folio("late", "pump_replacement");
    town.crew("late", &["note", &folio, "del que llegó después"]);
    let bundle = town.path("late.cuadrilla").display().to_string();
    town.crew("late", &["bundle", "export", &bundle]);
    town.kill();
    std::fs::rename(town.path("server"), town.path("lost")).unwrap();
    copy_folder(&town.path("backup"), &town.path("server"));
    town.serve();
    town.crew("two", &["bundle", "import", &bundle]);
    let mut sync = std::process::Command::new(cuadrilla_tests::program("crew"));
    let synced = sync.args(["--lang", "en", "--home"]).arg(town.path("two")).arg("sync").output().unwrap();
    let told = String::from_utf8_lossy(&synced.stdout);
    let line =
        told.lines().find(|line| line.starts_with("not handed over, of")).unwrap_or_else(|| panic!("{told}"));
    assert!(line.ends_with("the office does not know that device"), "{line}");
    assert_eq!(town.crew("two", &["status"])["carried"], 1, "it stays with the carrier");
}

#[test]
fn a_restored_server_is_found_out_and_gets_back_what_devices_hold() {
    let mut town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    town.kill();
    copy_folder(&town.path("server"), &town.path("backup"));
    town.serve();
    for device in ["one", "two"] {
        town.crew(device, &["note", &folio, &format!("de {device}")]);
        town.crew(device, &["sync"]);
    }
    for device in ["office", "admin", "one", "two"] {
        town.crew(device, &["sync"]);
    }
    town.kill();
    std::fs::rename(town.path("server"), town.path("lost")).unwrap();
    copy_folder(&town.path("backup"), &town.path("server"));
    town.serve();
    let (status, said) = town.refused("one", &["sync"]);
    assert_eq!((status, said["code"].as_str()), (5, Some("parted")), "{said}");
    assert!(said["message"].as_str().unwrap().contains("the histories part"), "it says where: {said}");
    // A command that tells the server on the way says it too, and goes on.
    let invited = town.command("admin", &["invite", "--role", "crew", "--crew", "C-05"]).output().unwrap();
    let warned = String::from_utf8_lossy(&invited.stderr);
    assert!(invited.status.success() && warned.contains("another history"), "{warned}");
    // The second phone never comes back; dispatch still has its work.
    let (status, said) = town.refused("office", &["sync"]);
    assert_eq!(status, 5);
    assert!(said["message"].as_str().unwrap().contains("part at number"), "it knows every number: {said}");
    assert_eq!(town.crew("office", &["sync"])["parted"], Value::Null, "it is said once, and kept");
    assert_eq!(town.crew("office", &["status"])["partings"].as_array().unwrap().len(), 1);
    let server = json(&town.server_run("show", &[&folio]));
    assert_eq!(server["notes"].as_array().unwrap().len(), 2, "{server}");
    town.crew("one", &["sync"]);
    assert_eq!(notes(&town, "one", &folio), notes(&town, "office", &folio));
    assert!(town.server_run("verify", &[]).status.success());
}

#[test]
fn the_auditor_and_the_servers_log_are_told_of_a_restored_ledger() {
    let mut town = Town::peopled();
    town.enrol("auditor", &["auditor"]);
    town.kill();
    copy_folder(&town.path("server"), &town.path("backup"));
    town.serve();
    let folio = town.folio("one", "pump_replacement");
    town.crew("one", &["note", &folio, "después del respaldo"]);
    town.crew("one", &["sync"]);
    town.crew("auditor", &["sync"]);
    town.kill();
    std::fs::rename(town.path("server"), town.path("lost")).unwrap();
    copy_folder(&town.path("backup"), &town.path("server"));
    town.serve();
    // A phone that knows nothing of what was lost hears nothing; the auditor does, without being asked.
    town.crew("three", &["sync"]);
    let (status, said) = town.refused("auditor", &["sync"]);
    assert_eq!((status, said["code"].as_str()), (5, Some("parted")), "{said}");
    assert!(said["message"].as_str().unwrap().contains("part at number"), "{said}");
    let partings = town.crew("auditor", &["status"])["partings"].clone();
    assert_eq!(partings.as_array().unwrap().len(), 1);
    town.crew("auditor", &["sync"]);
    let log = std::fs::read_to_string(town.path("server.log")).unwrap();
    assert!(log.contains("a new epoch was started"), "{log}");
    let acts = town.crew("auditor", &["audit", "log"]).to_string();
    assert!(acts.contains("keeps a checkpoint of"), "the epoch's reason is in the log");
}

#[test]
fn a_renewed_key_ends_the_old_one_and_loses_nothing() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    town.crew("one", &["note", &folio, "con la llave vieja"]);
    copy_folder(&town.path("one"), &town.path("thief"));
    let renewed = town.crew("one", &["device", "rekey"]);
    assert_ne!(renewed["was"], renewed["device"]);
    town.crew("one", &["note", &folio, "con la llave nueva"]);
    town.crew("one", &["sync"]);
    // Whoever has the old key has the key of a device that has ended.
    town.crew("thief", &["note", &folio, "del ladrón"]);
    let thief = town.crew("thief", &["sync"]);
    assert_eq!(thief["quarantined"].as_array().unwrap().len(), 1, "{thief}");
    assert_eq!(town.refused("thief", &["note", &folio, "otra"]).0, 3);
    town.crew("office", &["sync"]);
    assert_eq!(notes(&town, "office", &folio), ["con la llave vieja", "con la llave nueva"]);
    assert!(town.server_run("verify", &[]).status.success());
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
