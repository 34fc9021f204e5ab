//! Flows: a municipality from its first day, with the server away, with conflicts, by bundle and after damage.

use cuadrilla_tests::{Town, json};

#[test]
fn work_without_signal_meets_and_the_office_settles_what_differs() {
    let mut town = Town::peopled();
    let crews = |device: &str| {
        let list = town.crew(device, &["order", "list"]);
        list.as_array().unwrap().iter().map(|order| order["crew"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(crews("office").len(), 22);
    assert_eq!(crews("one"), ["C-01"; 4]);
    assert_eq!(crews("three"), ["C-02"; 2]);
    let folio = town.folio("one", "pump_replacement");
    town.kill();
    for (device, serial, flow) in [("one", "SER-1", "10.50"), ("two", "SER-2", "11.50")] {
        town.crew(device, &["note", &folio, device]);
        town.crew(device, &["measure", &folio, "flow", flow, "L/s"]);
        town.crew(device, &["material", &folio, "BOMBA-SUM", "1", "pieza"]);
        town.crew(device, &["set", &folio, "new_pump_serial", serial]);
        town.crew(device, &["order", "start", &folio]);
        town.crew(device, &["order", "finish", &folio]);
        assert_eq!(town.crew(device, &["status"])["unsent"], 6);
        assert_eq!(town.refused(device, &["sync"]).0, 4);
    }
    town.serve();
    for device in ["one", "two", "office", "admin", "one", "two"] {
        assert_eq!(town.crew(device, &["sync"])["round_trips"], 1, "{device}");
    }
    let order = same_everywhere(&town, &folio);
    for list in ["notes", "measurements", "materials"] {
        assert_eq!(order[list].as_array().unwrap().len(), 2, "{list}");
    }
    assert_eq!(order["conflicts"][0]["field"], "new_pump_serial");
    assert_eq!(order["conflicts"][0]["values"].as_array().unwrap().len(), 2);
    let settle =
        ["conflict", "resolve", &folio, "new_pump_serial", "--take", "1", "--reason", "vio la placa"];
    assert_eq!(town.refused("one", &settle).0, 3);
    town.crew("office", &settle);
    for device in ["office", "one", "two", "admin"] {
        town.crew(device, &["sync"]);
    }
    let order = same_everywhere(&town, &folio);
    assert_eq!(order["conflicts"].as_array().unwrap().len(), 0);
    assert!(order["history"].to_string().contains("vio la placa"));
    assert!(town.server_run("verify", &[]).status.success());
}

fn same_everywhere(town: &Town, folio: &str) -> serde_json::Value {
    let server = json(&town.server_run("show", &[folio]));
    for device in ["one", "two", "office", "admin"] {
        assert_eq!(town.crew(device, &["order", "show", folio]), server, "{device}");
    }
    server
}

#[test]
fn a_bundle_brings_work_once_with_its_author() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    let file = town.path("b.cuadrilla").display().to_string();
    town.crew("one", &["note", &folio, "por memoria"]);
    town.crew("one", &["bundle", "export", &file]);
    assert_eq!(town.crew("one", &["status"])["unsent"], 1, "a bundle is no receipt");
    for _ in 0..2 {
        town.crew("three", &["bundle", "import", &file]);
        town.crew("three", &["sync"]);
    }
    town.crew("office", &["sync"]);
    let before = town.crew("office", &["order", "show", &folio]);
    assert_eq!(before["notes"].as_array().unwrap().len(), 1);
    assert_eq!(before["notes"][0]["person"], "one");
    town.crew("one", &["sync"]);
    town.crew("office", &["sync"]);
    assert_eq!(town.crew("office", &["order", "show", &folio]), before);
    assert_eq!(town.crew("one", &["status"])["unsent"], 0);
}

#[test]
fn an_index_comes_back_and_a_damaged_ledger_is_named() {
    let mut town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    town.kill();
    let before = json(&town.server_run("show", &[&folio]));
    std::fs::remove_dir_all(town.path("server/index")).unwrap();
    town.serve();
    town.crew("one", &["sync"]);
    town.kill();
    assert_eq!(json(&town.server_run("show", &[&folio])), before);
    let ledger = town.path("server/ledger/00000000000000000001.log");
    let mut bytes = std::fs::read(&ledger).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&ledger, bytes).unwrap();
    let verified = town.server_run("verify", &[]);
    assert_eq!(verified.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&verified.stdout).contains("\"first_bad\":"));
    assert_eq!(town.server_run("serve", &["--listen", "127.0.0.1:0"]).status.code(), Some(5));
}

#[test]
fn what_a_cut_ledger_lost_is_sent_again() {
    let mut town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    town.crew("one", &["note", &folio, "antes del corte"]);
    town.crew("one", &["sync"]);
    town.kill();
    let ledger = town.path("server/ledger/00000000000000000001.log");
    let bytes = std::fs::read(&ledger).unwrap();
    std::fs::write(&ledger, &bytes[..bytes.len() - 7]).unwrap();
    town.serve();
    // What was cut had been acknowledged: the phone that keeps the checkpoint says so, once, and gives it back.
    let (status, said) = town.refused("one", &["sync"]);
    assert_eq!((status, said["code"].as_str()), (5, Some("parted")), "{said}");
    town.crew("one", &["sync"]);
    town.crew("office", &["sync"]);
    let order = town.crew("office", &["order", "show", &folio]);
    assert_eq!(order["notes"].as_array().unwrap().len(), 1);
}
