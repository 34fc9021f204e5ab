//! Witness: a server brings the checkpoint of each day to a witness, and a rewritten ledger is not cosigned.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use cuadrilla_tests::witness::Witness;
use cuadrilla_tests::{Town, tamper};

use crate::log::{caught, curl, log_key, shown};

/// Waits until `found` is true.
fn wait(what: &str, found: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !found() {
        assert!(Instant::now() < end, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The body of the newest cosigned checkpoint; `None` if there is none.
fn cosigned(town: &Town) -> Option<String> {
    let (status, text) = curl(&format!("{}/log/cosigned", town.url()));
    (status == 200).then(|| text.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// How often the server raised the alarm.
fn alarms(town: &Town, kind: &str) -> u64 {
    let (_, text) = curl(&format!("{}/metrics", town.url()));
    let name = format!("cuadrilla_alarms_total{{kind=\"{kind}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap()
}

/// Calls what was kept today another day's, as it is a day later.
fn a_day_later(town: &Town, day: &str) {
    for file in std::fs::read_dir(town.path("server.checkpoints")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("2001-01-") {
            std::fs::rename(&path, path.with_file_name(format!("{day}{}", &name[day.len()..]))).unwrap();
        }
    }
}

fn kept(town: &Town, ending: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(town.path("server.checkpoints")).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| path.to_str().unwrap().ends_with(ending)).collect()
}

/// A town whose server asks a witness, with the first day cosigned.
fn witnessed() -> (Town, Witness, String) {
    let mut town = Town::peopled();
    let key = log_key(&town);
    let witness = Witness::start(&key);
    town.kill();
    town.settings = vec!["--witness".to_owned(), witness.setting()];
    town.serve();
    wait("the first cosignature", || cosigned(&town).is_some());
    (town, witness, key)
}

#[test]
fn the_checkpoint_of_each_day_is_cosigned_kept_and_served_with_a_proof_that_it_goes_on() {
    let (mut town, witness, key) = witnessed();
    let (first, _) = witness.seen().last.unwrap();
    assert_eq!(witness.seen().asked, [(0, first, 200)]);
    town.kill();
    a_day_later(&town, "2001-01-01");
    town.serve();
    wait("the second cosignature", || witness.seen().asked.len() == 2);
    let (second, _) = witness.seen().last.unwrap();
    assert!(second > first);
    assert_eq!(witness.seen().asked[1], (first, second, 200), "it knows what was cosigned last");
    wait("the file", || kept(&town, ".cosigned.txt").len() == 2);
    let (_, metrics) = curl(&format!("{}/metrics", town.url()));
    assert!(metrics.contains(&format!("cuadrilla_witness_records {second}\n")), "{metrics}");
    let note = cosigned(&town).unwrap();
    assert!(kept(&town, ".cosigned.txt").iter().any(|path| std::fs::read_to_string(path).unwrap() == note));
    assert!(!note.contains("jerez"), "a line of another key is not kept");
    // What is served is what an auditor requires of a witness.
    std::fs::write(town.path("cosigned.txt"), &note).unwrap();
    let (url, file) = (town.url(), shown(&town.path("cosigned.txt")));
    let verify = ["audit", "verify", "--from", &url, "--log-verifier", &key, "--witness", &witness.key];
    let verified = town.crew("nobody", &[&verify[..], &["--checkpoint", &file]].concat());
    assert_eq!(verified["witnesses"][0]["name"], "contraloria.example/testigo");
    assert_eq!(verified["checkpoint_size"], second);
    // A folder that was lost costs one more question: the witness says itself where it stands.
    town.kill();
    std::fs::remove_dir_all(town.path("server.checkpoints")).unwrap();
    town.server_run("invite", &[]);
    town.serve();
    wait("the third cosignature", || witness.seen().asked.len() == 4);
    let asked = witness.seen().asked;
    let third = asked[3].1;
    assert!(third > second);
    assert_eq!(asked[2..], [(0, third, 409), (second, third, 200)]);
    assert_eq!((alarms(&town, "witness_away"), alarms(&town, "witness_refused")), (0, 0));
}

#[test]
fn a_ledger_that_the_holder_of_the_log_key_rewrote_is_not_cosigned_and_is_told() {
    let (mut town, witness, key) = witnessed();
    let folio = town.folio("one", "pump_replacement");
    town.crew("one", &["set", &folio, "new_pump_serial", "SER-1"]);
    town.crew("one", &["sync"]);
    town.kill();
    a_day_later(&town, "2001-01-01");
    town.serve();
    wait("the second cosignature", || witness.seen().asked.len() == 2);
    let held = witness.seen().last;
    wait("its file", || kept(&town, ".cosigned.txt").len() == 2);
    let before = cosigned(&town).unwrap();
    town.kill();
    // The operator has the log key and the folder of kept checkpoints; it rewrites an entry under what was cosigned, and
    // adds one.
    tamper::edit(&town.path("server"), "SER-1", "SER-9");
    town.server_run("invite", &[]);
    a_day_later(&town, "2001-01-02");
    town.serve();
    wait("the refusal", || alarms(&town, "witness_refused") == 1);
    assert_eq!(witness.seen().last, held, "nothing was cosigned");
    let (old, size, status) = witness.seen().asked[2];
    assert!(size > old);
    assert_eq!((old, status), (held.unwrap().0, 422));
    let log = std::fs::read_to_string(town.path("server.log")).unwrap();
    assert!(log.contains("did not cosign"), "{log}");
    // Without the folder it has to ask, and is told the same.
    town.kill();
    std::fs::remove_dir_all(town.path("server.checkpoints")).unwrap();
    town.serve();
    wait("the second refusal", || alarms(&town, "witness_refused") == 1);
    assert_eq!((cosigned(&town), witness.seen().last), (None, held));
    assert!(witness.seen().asked.iter().skip(3).all(|(_, _, status)| matches!(status, 409 | 422)));
    let (url, file) = (town.url(), shown(&town.path("before.txt")));
    std::fs::write(&file, before).unwrap();
    let verify = ["audit", "verify", "--from", &url, "--log-verifier", &key, "--checkpoint", &file];
    let (exit, _, message) = caught(&town, "nobody", &verify);
    assert_eq!(exit, 5, "what the witness signed convicts it: {message}");
}

#[test]
fn a_witness_that_is_away_or_of_another_log_is_told_and_nobody_waits_for_it() {
    let mut town = Town::peopled();
    let key = log_key(&town);
    let (away, other) = (Witness::start(&key), Witness::start(&key.replace("14061", "14099")));
    town.kill();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    town.settings = vec!["--witness".to_owned(), format!("http://{nobody} {}", away.key)];
    town.serve();
    wait("the alarm", || alarms(&town, "witness_away") == 1);
    town.crew("one", &["sync"]);
    let (ready, _) = curl(&format!("{}/readyz", town.url()));
    assert_eq!((ready, cosigned(&town)), (200, None));
    town.kill();
    town.settings = vec!["--witness".to_owned(), other.setting()];
    town.serve();
    wait("the refusal", || alarms(&town, "witness_refused") == 1);
    assert_eq!(other.seen().last, None);
    town.kill();
    for wrong in [format!("http://w.example {}", other.key), "http://127.0.0.1:9".to_owned()] {
        let said = town.server_run("serve", &["--witness", &wrong]);
        assert_eq!(said.status.code(), Some(2), "{said:?}");
    }
}
