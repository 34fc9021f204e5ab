//! Door: links, TLS, persons and secrets, through the programs.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use cuadrilla_tests::{Town, json, program};
use serde_json::Value;

/// A server on TLS, with its log in a file. Killed at the end.
struct Secure {
    child: Child,
    url: String,
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Serves the town's data once more, with `extra` arguments, and answers where.
fn serve(town: &mut Town, extra: &[String], log: &str) -> Secure {
    town.kill();
    let mut command = Command::new(program("cuadrilla-server"));
    command
        .args(["--json", "serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(town.path("server"))
        .args(extra);
    command.env("RUST_LOG", "debug").stderr(std::fs::File::create(town.path(log)).unwrap());
    let mut child = command.current_dir(town.folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    Secure { child, url: said["listening"].as_str().unwrap().replace("127.0.0.1", "localhost") }
}

#[test]
fn a_link_enrols_over_tls_with_the_municipalitys_own_authority_and_pins_the_key() {
    let mut town = Town::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let [cert, key] = ["tls.crt", "tls.key"].map(|name| town.path(name).display().to_string());
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let invited = town.crew("admin", &["invite", "--role", "dispatcher"]);
    let link = invited["link"].as_str().unwrap().to_owned();
    assert!(link.starts_with(&format!("cuadrilla:{}#{}.", town.url(), invited["code"].as_str().unwrap())));
    let extra = ["--tls-cert".into(), cert.clone(), "--tls-key".into(), key];
    let secure = serve(&mut town, &extra, "log");
    assert!(secure.url.starts_with("https://"), "{}", secure.url);
    let link = link.replace(&town.url(), &secure.url);
    let enrol = |device: &str, link: &str, ca: &[&str]| {
        town.command(device, &[&["enrol", link, "--name", "x"], ca].concat()).output().unwrap()
    };
    let error = |output: &Output| {
        let said: Value = serde_json::from_slice(&output.stderr).unwrap_or_else(|_| panic!("{output:?}"));
        (output.status.code(), said["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    // Nobody vouches for it; then the authority does, but the link names another key; then all is well.
    assert_eq!(error(&enrol("one", &link, &[])), (Some(4), "tls".into()));
    let (first, pin) = link.rsplit_once('.').unwrap();
    let other: String = pin.chars().rev().collect();
    let forged = enrol("one", &format!("{first}.{other}"), &["--ca", &cert]);
    assert_eq!(error(&forged), (Some(5), "forged_answer".into()));
    assert_eq!(town.refused("one", &["status"]).1["code"], "not_enrolled");
    let enrolled = json(&enrol("one", &link, &["--ca", &cert]));
    assert_eq!((&enrolled["role"], &enrolled["caught_up"]), (&"dispatcher".into(), &true.into()));
    // The authority is kept in the home.
    town.crew("one", &["sync"]);
    let drawn = Command::new(program("crew"))
        .args(["invite", "--role", "admin", "--no-sync", "--qr", "--home"])
        .arg(town.path("admin"))
        .output()
        .unwrap();
    assert!(String::from_utf8(drawn.stdout).unwrap().matches('█').count() > 50);
}

#[test]
fn a_certificate_that_is_none_stops_the_server_with_its_name() {
    let town = Town::new();
    let bad = town.path("bad.pem").display().to_string();
    std::fs::write(&bad, "hola").unwrap();
    for args in [vec!["--tls-cert", &bad], vec!["--tls-cert", &bad, "--tls-key", &bad]] {
        let output = town.server_run("serve", &args);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("tls_cert") && said.contains("tls_key"), "{said}");
    }
}

/// Variables of the environment.
type Pins<'p> = &'p [(&'p str, &'p str)];

/// Runs a command with PINs in its environment.
fn with_pins(town: &Town, args: &[&str], pins: Pins<'_>) -> Output {
    town.command("one", args).envs(pins.iter().copied()).output().unwrap()
}

#[test]
fn persons_share_a_device_by_pin_and_the_key_is_encrypted() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    let run = |args: &[&str], pins: Pins<'_>| with_pins(&town, args, pins);
    let refused = |output: Output| {
        let said: Value = serde_json::from_slice(&output.stderr).unwrap_or_else(|_| panic!("{output:?}"));
        (output.status.code(), said["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(refused(run(&["person", "add", "Ana"], &[("CREW_PIN", "12345")])).0, Some(2));
    json(&run(&["person", "add", "Ana"], &[("CREW_PIN", "482913")]));
    assert!(!town.path("one/device.key").exists(), "the plain key is gone");
    let beto = [("CREW_PIN", "735501"), ("CREW_PIN_BY", "000000")];
    assert_eq!(refused(run(&["person", "add", "Beto"], &beto)), (Some(3), "wrong_pin".into()));
    json(&run(&["person", "add", "Beto"], &[("CREW_PIN", "735501"), ("CREW_PIN_BY", "482913")]));
    // Noting needs no PIN; exchanging does.
    json(&run(&["note", &folio, "de Ana"], &[]));
    json(&run(&["person", "use", "beto"], &[("CREW_PIN", "735501")]));
    json(&run(&["note", &folio, "de Beto"], &[]));
    assert_eq!(refused(run(&["sync"], &[])), (Some(3), "pin_needed".into()));
    assert_eq!(refused(run(&["sync"], &[("CREW_PIN", "482913")])), (Some(3), "wrong_pin".into()));
    json(&run(&["person", "lock"], &[]));
    assert_eq!(refused(run(&["note", &folio, "de nadie"], &[])), (Some(3), "no_person".into()));
    assert_eq!(refused(run(&["sync"], &[("CREW_PIN", "482913")])), (Some(3), "no_person".into()));
    std::fs::write(town.path("pin"), "482913\n").unwrap();
    let file = town.path("pin").display().to_string();
    json(&run(&["person", "use", "Ana", "--pin-file", &file], &[]));
    assert_eq!(json(&run(&["sync"], &[("CREW_PIN", "482913")]))["pushed"], 2);
    town.crew("office", &["sync"]);
    let log = town.crew("office", &["audit", "log", "--order", &folio]);
    let persons: Vec<&str> =
        log.as_array().unwrap().iter().filter_map(|row| row["person"].as_str()).collect();
    assert!(persons.contains(&"Ana") && persons.contains(&"Beto"), "{persons:?}");
    assert_eq!(refused(run(&["enrol", &town.url(), "AAAA", "--name", "x"], &[])).1, "already_enrolled");
    // The last one who goes leaves the key as it was before the first came.
    json(&run(&["person", "remove", "Beto"], &[("CREW_PIN", "482913")]));
    json(&run(&["person", "remove", "Ana"], &[("CREW_PIN", "482913")]));
    town.crew("one", &["sync"]);
}

#[test]
fn wrong_pins_in_a_row_must_wait_and_lose_nothing() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    json(&with_pins(&town, &["person", "add", "Ana"], &[("CREW_PIN", "482913")]));
    town.crew("one", &["note", &folio, "x"]);
    let code = |pin: &str| {
        let output = with_pins(&town, &["sync"], &[("CREW_PIN", pin)]);
        if output.status.success() {
            return "done".to_owned();
        }
        let said: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3));
        said["error"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(["1", "2", "3"].map(code), ["wrong_pin"; 3]);
    assert_eq!(code("482913"), "pin_wait", "even the right one waits");
    assert_eq!(town.crew("one", &["status"])["unsent"], 1);
    std::thread::sleep(std::time::Duration::from_secs(6));
    assert_eq!(code("482913"), "done");
}

#[test]
fn secrets_are_in_no_output_no_log_and_no_command_line() {
    let mut town = Town::peopled();
    let secure = serve(&mut town, &[], "log");
    let invited = town.crew("admin", &["invite", "--role", "crew", "--crew", "C-01", "--no-sync"]);
    let code = invited["code"].as_str().unwrap().to_owned();
    let mut secrets = vec!["482913".to_owned(), "735501".to_owned(), "000111".to_owned(), code.clone()];
    for file in ["one/device.key", "server/log.key"] {
        let bytes = std::fs::read(town.path(file)).unwrap();
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        secrets.push(text.lines().last().unwrap_or_default().to_owned());
    }
    assert!(secrets.iter().all(|secret| secret.len() >= 6), "they were found");
    let url = secure.url.replace("localhost", "127.0.0.1");
    let commands: [(&[&str], Pins<'_>); 8] = [
        (&["enrol", &url, &code, "--name", "again"], &[]),
        (&["person", "add", "Ana"], &[("CREW_PIN", "482913")]),
        (&["person", "add", "Beto"], &[("CREW_PIN", "735501"), ("CREW_PIN_BY", "482913")]),
        (&["person", "add", "Caro"], &[("CREW_PIN", "735501"), ("CREW_PIN_BY", "000111")]),
        (&["person", "use", "Beto"], &[("CREW_PIN", "000111")]),
        (&["sync"], &[("CREW_PIN", "482913")]),
        (&["person", "list"], &[]),
        (&["status"], &[]),
    ];
    let mut said = Vec::new();
    for (args, pins) in commands {
        for json in [true, false] {
            let mut command = Command::new(program("crew"));
            command.arg("--home").arg(town.path("one")).args(json.then_some("--json")).args(args);
            let shown = format!("{:?}", command.get_args().collect::<Vec<_>>());
            let output = command.envs(pins.iter().copied()).output().unwrap();
            said.push((args.to_vec(), [output.stdout, output.stderr].concat()));
            // The code is the one secret that a command line may hold: it is used up at once.
            let pins = &secrets[..3];
            assert!(pins.iter().all(|pin| !shown.contains(pin)), "{shown}");
        }
    }
    // A code that is wrong, and one that is right, at the server.
    said.push((
        vec!["refused"],
        town.refused("new", &["enrol", &url, "ZZZZ-ZZZZ-ZZZZ", "--name", "x"]).1.to_string().into(),
    ));
    town.crew("admin", &["status"]);
    drop(secure);
    said.push((vec!["the server's log"], std::fs::read(town.path("log")).unwrap()));
    for (what, text) in said {
        let text = String::from_utf8_lossy(&text);
        let found: Vec<&String> = secrets.iter().filter(|secret| text.contains(secret.as_str())).collect();
        assert!(found.is_empty(), "{what:?} says {found:?}");
    }
    // Nor does what is kept beside the vaults.
    for entry in std::fs::read_dir(town.path("one")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(secrets.iter().all(|secret| !text.contains(secret.as_str())), "{}", path.display());
        }
    }
}
