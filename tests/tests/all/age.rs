//! Age: what was signed says since when, witnesses renew their word, two people compare, and the server keeps checkpoints
//! outside of its data.

use std::process::{Command, Stdio};

use cuadrilla_tests::{Town, json, program};

fn note(town: &Town, folio: &str) {
    town.crew("one", &["note", folio, "x"]);
    town.crew("one", &["sync"]);
}

#[test]
fn a_device_says_since_when_nothing_new_was_signed() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    town.crew("office", &["sync"]);
    let since = |device: &str| town.crew(device, &["status"])["signed_since"].as_str().unwrap().to_owned();
    let first = since("office");
    std::thread::sleep(std::time::Duration::from_millis(20));
    town.crew("office", &["sync"]);
    assert_eq!(since("office"), first, "a contact that shows nothing new does not count");
    note(&town, &folio);
    town.crew("office", &["sync"]);
    assert!(since("office") > first);
    assert_eq!(town.crew("office", &["status"])["is_signed_long_ago"], false);
}

#[test]
fn two_people_compare_their_checkpoints() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    for device in ["one", "office"] {
        town.crew(device, &["sync"]);
    }
    let shown = |device: &str| {
        let mut command = Command::new(program("crew"));
        command.args(["--lang", "en", "--home"]).arg(town.path(device));
        let output = command.args(["audit", "checkpoint", "--qr"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let one = shown("one");
    assert!(one.contains('█'), "{one}");
    let short = one.lines().last().unwrap().split_once(": ").unwrap().1.to_owned();
    let whole = town.crew("one", &["audit", "checkpoint"])["checkpoint"].as_str().unwrap().to_owned();
    for typed in [&short, &whole, &whole.trim_end().to_owned()] {
        assert_eq!(town.crew("office", &["audit", "checkpoint", "--compare", typed])["relation"], "same");
    }
    note(&town, &folio);
    let newer = town.crew("one", &["audit", "checkpoint"])["checkpoint"].as_str().unwrap().to_owned();
    assert_eq!(town.crew("office", &["audit", "checkpoint", "--compare", &newer])["relation"], "ahead");
    town.crew("office", &["sync"]);
    assert_eq!(town.crew("office", &["audit", "checkpoint", "--compare", &whole])["relation"], "behind");
    // The same size with another root, and a text that this log never signed.
    let (size, _) = short.split_once(' ').unwrap();
    let other = format!("{size} 0000 0000 0000 0000");
    let (exit, error) = town.refused("office", &["audit", "checkpoint", "--compare", &other]);
    assert_eq!((exit, &error["code"]), (5, &"inconsistent".into()));
    let forged = whole.replacen(&format!("\n{size}\n"), "\n7\n", 1);
    assert_eq!(town.refused("office", &["audit", "checkpoint", "--compare", &forged]).0, 5);
    assert_eq!(town.refused("office", &["audit", "checkpoint", "--compare", "hola"]).0, 2);
}

#[test]
fn an_auditors_device_cosigns_at_each_sync_and_an_old_cosignature_is_refused() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    town.enrol("auditor", &["auditor"]);
    let cosigned = town.path("auditor/cosigned.txt");
    let size = || std::fs::read_to_string(&cosigned).unwrap().lines().nth(1).unwrap().parse::<u64>().unwrap();
    let first = size();
    note(&town, &folio);
    let synced = town.crew("auditor", &["sync"]);
    assert_eq!(synced["cosigned"].as_str(), cosigned.to_str());
    assert!(size() > first);
    assert!(town.crew("office", &["sync"])["cosigned"].is_null(), "only an auditor's device does");
    let key = town.path("auditor/witness.key").display().to_string();
    let witness = town.crew("auditor", &["audit", "cosign", "--from", &town.url(), "--key", &key]);
    let witness = witness["witness"].as_str().unwrap().to_owned();
    let file = cosigned.display().to_string();
    let url = town.url();
    let verify = ["audit", "verify", "--from", &url, "--checkpoint", &file, "--witness", &witness];
    let verify = [&verify[..], &["--witness-age-max", "7"]].concat();
    assert_eq!(town.crew("auditor", &verify)["consistent"], true);
    let mut later = town.command("auditor", &verify);
    let output = later.env("CUADRILLA_NOW", "2099-01-01T00:00:00Z").output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cosignature_old"), "{output:?}");
}

#[test]
fn a_restored_ledger_is_told_by_the_checkpoint_that_was_kept_outside() {
    let mut town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    let kept = town.path("server.checkpoints");
    let files = || std::fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert_eq!(files().len(), 1, "one a day, by default beside the data");
    town.kill();
    let copied =
        Command::new("cp").arg("-r").arg(town.path("server")).arg(town.path("older")).status().unwrap();
    assert!(copied.success());
    town.serve();
    note(&town, &folio);
    town.kill();
    // Tomorrow's, as it were.
    std::fs::remove_file(&files()[0]).unwrap();
    town.serve();
    for _ in 0..100 {
        if files().iter().any(|path| path.extension().is_some_and(|ending| ending == "txt")) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(files().len(), 1);
    town.kill();
    std::fs::remove_dir_all(town.path("server")).unwrap();
    std::fs::rename(town.path("older"), town.path("server")).unwrap();
    let log = town.path("log");
    let mut child = Command::new(program("cuadrilla-server"))
        .args(["--json", "serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(town.path("server"))
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("does not go on from a checkpoint that was kept outside"), "{said}");
    let verified = json(&town.server_run("verify", &[]));
    assert_eq!(verified["time_contradictions"], 0, "{verified}");
}
