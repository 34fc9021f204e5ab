//! Log: what an auditor can prove of a server that nobody believes, through the built programs.

use std::path::Path;
use std::process::Command;

use cuadrilla_tests::{Town, json, program, static_host, tamper};
use serde_json::Value;

/// The log's key, as the person who makes the data writes it down.
pub fn log_key(town: &Town) -> String {
    // What `init` printed; the page of the server has it too.
    let page = town.crew("office", &["audit", "checkpoint"]);
    assert_eq!(page["log"], "cuadrilla.invalid/log/14061");
    let (_, key) = curl(&format!("{}/about", town.url()));
    let at = key.find("cuadrilla.invalid/log/14061+").unwrap();
    key[at..].split('<').next().unwrap().to_owned()
}

/// Status and body of a GET, by hand.
pub fn curl(url: &str) -> (u16, String) {
    use std::io::{Read as _, Write as _};
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    (status, text)
}

/// Exit status, report and error of a command that found something wrong.
pub fn caught(town: &Town, device: &str, args: &[&str]) -> (i32, Value, String) {
    let output = town.command(device, args).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let said: Value = serde_json::from_slice(&output.stderr).unwrap_or_else(|_| panic!("{output:?}"));
    let message = said["error"]["message"].as_str().unwrap().to_owned();
    (output.status.code().unwrap(), report, message)
}

pub fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

fn words(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_kept_checkpoint_is_continued_and_a_restored_backup_is_caught_with_the_number() {
    let mut town = Town::peopled();
    let (url, key, kept) = (town.url(), log_key(&town), shown(&town.path("kept.txt")));
    let folio = town.folio("one", "pump_replacement");
    town.kill();
    copy(&town.path("server"), &town.path("backup"));
    town.serve();
    town.crew("one", &["note", &folio, "después del respaldo"]);
    town.crew("one", &["sync"]);
    town.crew("office", &["sync"]);
    // A machine without a home: the key is all it has.
    let stranger = |args: &[&str]| {
        let args = [&["audit"], args, &["--log-verifier", &key]].concat();
        json(&town.command("nobody", &args).output().unwrap())
    };
    let first = stranger(&["checkpoint", "--from", &url, "--out", &kept]);
    let verified = stranger(&["verify", "--from", &url, "--checkpoint", &kept]);
    assert_eq!((&verified["consistent"], &verified["entries"]), (&Value::Bool(true), &first["entries"]));
    town.crew("two", &["note", &folio, "más"]);
    town.crew("two", &["sync"]);
    let later = stranger(&["verify", "--from", &url, "--checkpoint", &kept]);
    assert_eq!(later["checkpoint_size"], first["entries"]);
    assert!(later["entries"].as_u64() > first["entries"].as_u64());
    assert!(!town.path("nobody").exists(), "nothing was made there");
    let data = shown(&town.path("server"));
    let offline = stranger(&["verify", "--data", &data, "--checkpoint", &kept]);
    assert_eq!((&offline["root"], &offline["entries"]), (&later["root"], &later["entries"]));

    town.kill();
    std::fs::rename(town.path("server"), town.path("lost")).unwrap();
    std::fs::rename(town.path("backup"), town.path("server")).unwrap();
    town.serve();
    let lost_from = first["entries"].as_u64().unwrap();
    let args = ["audit", "verify", "--from", &url, "--checkpoint", &kept];
    let (exit, report, message) = caught(&town, "office", &args);
    assert_eq!((exit, &report["consistent"]), (5, &Value::Bool(false)), "{message}");
    assert!(
        message.contains("some are missing") && message.contains(&format!("number {lost_from}")),
        "{message}"
    );
    // It goes on with a phone that never saw what was lost, and outgrows what was kept: the pasts part where the
    // backup ended.
    let list = town.crew("three", &["order", "list"]);
    let other = list[0]["folio"].as_str().unwrap();
    for text in ["a", "b", "c"] {
        town.crew("three", &["note", other, text]);
        town.crew("three", &["sync"]);
    }
    let (exit, report, message) = caught(&town, "office", &args);
    assert_eq!(
        (exit, &report["parted"]["from"], &report["parted"]["to"]),
        (5, &lost_from.into(), &lost_from.into()),
        "{message}"
    );
    let without_home = [&args[..], &["--log-verifier", &key]].concat();
    let (exit, report, _) = caught(&town, "nobody", &without_home);
    assert_eq!(
        (exit, &report["parted"]["from"]),
        (5, &Value::from(1)),
        "only a range can be known without a journal"
    );
    let data = ["audit", "verify", "--data", &data, "--checkpoint", &kept];
    let (exit, report, _) = caught(&town, "office", &data);
    assert_eq!((exit, &report["parted"]["to"]), (5, &lost_from.into()));
}

#[test]
fn an_edited_entry_is_caught_by_a_kept_checkpoint_a_witness_the_author_and_verify() {
    let mut town = Town::peopled();
    let (url, key) = (town.url(), log_key(&town));
    let path = |name: &str| shown(&town.path(name));
    let (kept, witnessed, witness_key) = (path("kept.txt"), path("witnessed.txt"), path("witness.key"));
    let data = path("server");
    let folio = town.folio("one", "pump_replacement");
    town.crew("one", &["set", &folio, "new_pump_serial", "SER-1"]);
    town.crew("one", &["sync"]);
    town.crew("two", &["sync"]);
    town.crew("two", &["note", &folio, "encima"]);
    town.crew("two", &["sync"]);
    town.crew("office", &["sync"]);
    let new_key = ["--new-key", "--name", "contraloria.example/testigo"];
    let cosign = ["audit", "cosign", "--from", &url, "--log-verifier", &key, "--key", &witness_key];
    let cosigned = town.crew("witness", &[&cosign[..], &new_key, &["--out", &witnessed]].concat());
    town.crew("office", &["audit", "checkpoint", "--from", &url, "--out", &kept]);
    let witness = cosigned["witness"].as_str().unwrap();
    let by_witness = ["audit", "verify", "--from", &url, "--checkpoint", &witnessed, "--witness", witness];
    let verified = town.crew("office", &by_witness);
    assert_eq!(verified["witnesses"][0]["name"], "contraloria.example/testigo");
    assert_eq!(
        caught(
            &town,
            "office",
            &["audit", "verify", "--from", &url, "--checkpoint", &kept, "--witness", witness]
        )
        .0,
        5,
        "a checkpoint that the witness did not sign"
    );
    let own = town.crew("one", &["audit", "verify", "--from", &url]);
    assert!(own["known_entries"].as_u64() > Some(1), "{own}");

    town.kill();
    let edited = tamper::edit(&town.path("server"), "SER-1", "SER-9");
    town.serve();
    let order = json(&town.server_run("show", &[&folio]));
    assert!(
        order.to_string().contains("SER-9") && !order.to_string().contains("SER-1\""),
        "the forgery took"
    );

    let by_kept = ["audit", "verify", "--from", &url, "--checkpoint", &kept, "--log-verifier", &key];
    assert_eq!(caught(&town, "nobody", &by_kept).0, 5);
    let (exit, report, message) = caught(&town, "office", &by_kept);
    assert_eq!(
        (exit, &report["parted"]["from"], &report["parted"]["to"]),
        (5, &edited.into(), &edited.into()),
        "{message}"
    );
    assert_eq!(caught(&town, "office", &by_witness).0, 5, "what the witness signed is not this past");
    let (exit, _, message) = caught(&town, "witness", &cosign);
    assert_eq!(exit, 5, "{message}");
    assert!(message.contains("not signed"), "{message}");
    let (exit, report, message) = caught(&town, "one", &["audit", "verify", "--from", &url]);
    assert_eq!(
        (exit, &report["parted"]["to"]),
        (5, &edited.into()),
        "the author knows its own entry: {message}"
    );
    let verified = town.server_run("verify", &[]);
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!((verified.status.code(), &report["first_bad"]), (Some(5), &edited.into()));
    let (exit, _, message) =
        caught(&town, "nobody", &["audit", "verify", "--data", &data, "--log-verifier", &key]);
    let expected = format!("number {edited} of the ledger does not hold: the signature does not match");
    assert_eq!((exit, message), (5, expected));
}

#[test]
fn a_witness_signs_what_goes_on_and_remembers_it() {
    let town = Town::peopled();
    let (url, key) = (town.url(), log_key(&town));
    let path = |name: &str| shown(&town.path(name));
    let (first, second, witness_key) = (path("1.txt"), path("2.txt"), path("w.key"));
    let base = ["audit", "cosign", "--log-verifier", &key, "--key", &witness_key];
    let cosign = |args: &[&str]| base.iter().chain(args).map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
    let run = |args: &[&str]| json(&town.command("witness", &words(&cosign(args))).output().unwrap());
    town.crew("office", &["audit", "checkpoint", "--from", &url, "--out", &first]);
    let made = run(&[&first, "--new-key", "--name", "jerez.example/testigo", "--out", &first]);
    assert_eq!((&made["before"], &made["log"]), (&0.into(), &"cuadrilla.invalid/log/14061".into()));
    let folio = town.folio("one", "pump_replacement");
    town.crew("one", &["note", &folio, "x"]);
    town.crew("one", &["sync"]);
    town.crew("office", &["audit", "checkpoint", "--from", &url, "--out", &second]);
    let (exit, _, message) = caught(&town, "witness", &words(&cosign(&[&second])));
    assert_eq!(exit, 2, "growth is not believed without tiles: {message}");
    let grown = run(&[&second, "--from", &url, "--out", &second]);
    assert_eq!(grown["before"], made["entries"]);
    let (exit, _, message) = caught(&town, "witness", &words(&cosign(&[&first, "--from", &url])));
    assert_eq!(exit, 5, "never back: {message}");
    let args = [
        "audit",
        "verify",
        "--from",
        &url,
        "--checkpoint",
        &second,
        "--witness",
        made["witness"].as_str().unwrap(),
    ];
    assert_eq!(town.crew("office", &args)["witnesses"][0]["at"], grown["at"]);
    assert_eq!(
        caught(&town, "witness", &words(&cosign(&[&first, "--new-key", "--name", "x"]))).0,
        2,
        "a key is never replaced"
    );
    std::fs::write(town.path("w.key.state"), "{").unwrap();
    assert_eq!(caught(&town, "witness", &words(&cosign(&["--from", &url]))).0, 5, "no memory, no signature");
}

#[test]
fn a_receipt_proves_an_order_without_us_and_nothing_else() {
    let town = Town::peopled();
    let key = log_key(&town);
    let folio = town.folio("one", "pump_replacement");
    for (device, text) in [("one", "se cambió"), ("two", "confirmado"), ("office", "visto")] {
        town.crew(device, &["note", &folio, text]);
        town.crew(device, &["note", &folio, "otra"]);
        town.crew(device, &["sync"]);
    }
    let file = shown(&town.path("comprobante.json"));
    town.crew("office", &["sync"]);
    let made = town.crew("office", &["audit", "receipt", &folio, "--out", &file]);
    let history = town.crew("office", &["order", "show", &folio])["history"].as_array().unwrap().len();
    assert_eq!(made["changes"], history);
    let check = |file: &str| ["audit", "receipt-check", file, "--log-verifier", &key].map(str::to_owned);
    let checked = |file: &str| {
        let args = check(file);
        town.command("nobody", &words(&args)).output().unwrap()
    };
    let report = json(&checked(&file));
    assert_eq!(report["changes"].as_array().unwrap().len(), history);
    assert!(report["changes"].to_string().contains("confirmado"));
    assert_eq!(report["entries"], made["entries"]);

    let kept = shown(&town.path("kept.txt"));
    let data = shown(&town.path("server"));
    town.crew("office", &["audit", "checkpoint", "--out", &kept]);
    let offline = shown(&town.path("offline.json"));
    town.crew(
        "nobody",
        &[
            "audit",
            "receipt",
            &folio,
            "--data",
            &data,
            "--checkpoint",
            &kept,
            "--log-verifier",
            &key,
            "--out",
            &offline,
        ],
    );
    assert_eq!(json(&checked(&offline))["changes"].as_array().unwrap().len(), history);

    // To a checkpoint kept earlier, though the log has grown and the order changed since.
    town.crew("two", &["note", &folio, "después"]);
    town.crew("two", &["sync"]);
    town.crew("office", &["sync"]);
    let earlier = shown(&town.path("earlier.json"));
    for source in [&["--data", &data][..], &["--from", &town.url()]] {
        let args = ["audit", "receipt", &folio, "--checkpoint", &kept, "--out", &earlier];
        town.crew("office", &[&args[..], source].concat());
        let report = json(&checked(&earlier));
        assert_eq!(
            (&report["entries"], report["changes"].as_array().unwrap().len()),
            (&made["entries"], history)
        );
    }

    let (exit, error) = town.refused("one", &["audit", "receipt", &folio]);
    assert_eq!((exit, &error["code"]), (3, &"sees_too_little".into()));
    // Whatever is changed in the file, it proves nothing any more.
    let whole: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let bent = shown(&town.path("bent.json"));
    let mut tries: Vec<(String, Value)> = Vec::new();
    for field in ["leaf", "entry", "body", "proof", "seq"] {
        let mut other = whole.clone();
        other["changes"][1][field] = whole["changes"][0][field].clone();
        tries.push((format!("changes {field}"), other));
        let mut other = whole.clone();
        other["keys"][0][field] = whole["changes"][0][field].clone();
        tries.push((format!("keys {field}"), other));
    }
    for (name, value) in [
        ("chains", Value::Array(whole["chains"].as_array().unwrap()[1..].to_vec())),
        ("keys", Value::Array(Vec::new())),
        ("changes", Value::Array(Vec::new())),
        ("record", Value::from("00".repeat(16))),
        ("municipality", Value::from(14_099)),
        ("checkpoint", Value::from(whole["checkpoint"].as_str().unwrap().replace("\n\n", "0\n\n"))),
    ] {
        let mut other = whole.clone();
        other[name] = value;
        tries.push((name.into(), other));
    }
    let mut other = whole.clone();
    other["chains"][0]["signature"] = whole["chains"][1]["signature"].clone();
    tries.push(("signature".into(), other));
    for (what, value) in tries {
        std::fs::write(&bent, value.to_string()).unwrap();
        let output = checked(&bent);
        assert_eq!(output.status.code(), Some(5), "{what}: {output:?}");
        // The example that checks by hand looks at no municipality.
        let (is_good, said) = crate::examples::run("check-proof", &[&key, &bent]);
        assert!(!is_good || what == "municipality", "{what}: {said}");
    }
}

#[test]
fn a_static_copy_is_as_good_as_the_server_and_is_never_overwritten_by_another_past() {
    let mut town = Town::peopled();
    let (key, kept) = (log_key(&town), shown(&town.path("kept.txt")));
    let folio = town.folio("one", "pump_replacement");
    town.crew("one", &["set", &folio, "new_pump_serial", "SER-1"]);
    town.crew("one", &["sync"]);
    let to = shown(&town.path("copy"));
    let exported = json(&town.server_run("log-export", &["--to", &to]));
    assert_eq!(json(&town.server_run("log-export", &["--to", &to]))["written"], 0);
    let copy = static_host::serve(&town.path("copy"));
    town.crew("office", &["sync"]);
    town.crew("office", &["audit", "checkpoint", "--from", &copy, "--out", &kept]);
    let args = |url: &str| {
        ["audit", "verify", "--from", url, "--checkpoint", &kept, "--log-verifier", &key].map(str::to_owned)
    };
    for url in [town.url(), copy.clone()] {
        let args = args(&url);
        let verified = town.crew("nobody", &words(&args));
        assert_eq!(verified["root"], exported["root"]);
    }
    let size = exported["entries"].as_u64().unwrap();
    for path in [
        "log/checkpoint".to_owned(),
        format!("log/tile/entries/000.p/{size}"),
        format!("log/tile/0/000.p/{size}"),
    ] {
        let (status, served) = curl(&format!("{}/{path}", town.url()));
        let file = std::fs::read(town.path("copy").join(&path)).unwrap();
        assert_eq!(status, 200, "{path}");
        assert!(served.ends_with(&*String::from_utf8_lossy(&file)), "{path} is the same file");
    }
    let file = shown(&town.path("comprobante.json"));
    town.crew("office", &["audit", "receipt", &folio, "--from", &copy, "--out", &file]);
    town.crew("nobody", &["audit", "receipt-check", &file, "--log-verifier", &key]);
    town.kill();
    tamper::edit(&town.path("server"), "SER-1", "SER-9");
    assert_eq!(town.server_run("log-export", &["--to", &to]).status.code(), Some(5));
    assert!(program("crew").is_file());
}
