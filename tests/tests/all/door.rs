//! Door: links, TLS, persons and secrets, through the programs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use sync_core::id::DeviceId;
use sync_core::link::InvitationLink;

use cuadrilla_tests::{Town, json, program};
use serde_json::Value;

/// A server on TLS, with its log in a file. Killed at the end.
pub(crate) struct Secure {
    child: Child,
    pub(crate) url: String,
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Serves the town's data once more, with `extra` arguments, and answers where.
pub(crate) fn serve(town: &mut Town, extra: &[String], log: &str) -> Secure {
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
    assert!(link.starts_with(&format!("{}/#enrol=", town.url())) && link.len() <= 120, "{link}");
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
    let parsed: InvitationLink = link.parse().unwrap();
    let other = InvitationLink { office: DeviceId([7; 16]), ..parsed };
    let forged = enrol("one", &other.to_string(), &["--ca", &cert]);
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

/// Serves with a certificate and tries to enrol with `--ca`; the error, or the reply.
fn enrol_with(cert: &str, key: &str, ca: &str) -> Result<Value, String> {
    let mut town = Town::new();
    let files = [("tls.crt", cert), ("tls.key", key), ("ca.crt", ca)].map(|(name, text)| {
        std::fs::write(town.path(name), text).unwrap();
        town.path(name).display().to_string()
    });
    let link = town.crew("admin", &["invite", "--role", "dispatcher"])["link"].as_str().unwrap().to_owned();
    let extra = ["--tls-cert".into(), files[0].clone(), "--tls-key".into(), files[1].clone()];
    let secure = serve(&mut town, &extra, "log");
    let link = link.replace(&town.url(), &secure.url);
    let output = town.command("one", &["enrol", &link, "--name", "x", "--ca", &files[2]]).output().unwrap();
    if output.status.success() {
        return Ok(json(&output));
    }
    let said: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((output.status.code(), &said["error"]["code"]), (Some(4), &"tls".into()), "{said}");
    Err(format!("{} · {}", said["error"]["message"], said["error"]["hint"]))
}

#[test]
fn a_certificate_that_does_not_do_is_named_with_what_would() {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
    let key = KeyPair::generate().unwrap();
    let params = |years: [i32; 2]| {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(years[0], 1, 1);
        params.not_after = date_time_ymd(years[1], 1, 1);
        params
    };
    let own = |params: CertificateParams| {
        let pem = params.self_signed(&key).unwrap().pem();
        enrol_with(&pem, &key.serialize_pem(), &pem)
    };
    own(params([2020, 2090])).unwrap();
    // Made again under the same name, with another key, while the device has the one before.
    for another in [KeyPair::generate().unwrap(), KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap()] {
        let (fresh, old) = (params([2020, 2090]).self_signed(&another).unwrap(), params([2020, 2090]));
        let old = old.self_signed(&key).unwrap().pem();
        let error = enrol_with(&fresh.pem(), &another.serialize_pem(), &old).unwrap_err();
        assert!(error.contains("--ca FILE") && error.contains("signed itself"), "{error}");
    }
    // The same difference as a clock that is off: the person is told the device's date.
    let today = sync_core::time::rfc3339(
        i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap(),
    );
    for years in [[2020, 2021], [2080, 2090]] {
        let error = own(params(years)).unwrap_err();
        assert!(error.contains(&today[..8]) && error.contains("clock"), "{error}");
    }
    let mut authority = params([2020, 2090]);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let error = own(authority.clone()).unwrap_err();
    assert!(error.contains("CA:TRUE") && error.contains("--ca"), "{error}");
    // The server's own certificate in the place of its authority's.
    let above = KeyPair::generate().unwrap();
    authority.distinguished_name.push(rcgen::DnType::CommonName, "Autoridad de Mezquitic");
    let issuer = Issuer::from_params(&authority, &above);
    let leaf = params([2020, 2090]).signed_by(&key, &issuer).unwrap().pem();
    let error = enrol_with(&leaf, &key.serialize_pem(), &leaf).unwrap_err();
    assert!(error.contains("authority that signed the server's"), "{error}");
    enrol_with(&leaf, &key.serialize_pem(), &authority.self_signed(&above).unwrap().pem()).unwrap();
}

#[test]
fn the_manuals_recipe_for_a_certificate_works() {
    let manual = std::fs::read_to_string(cuadrilla_tests::repository().join("docs/OPERATING.md")).unwrap();
    let recipe = manual.split("```sh\nHOST=").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let recipe = format!("HOST={}", recipe.replacen("cuadrilla.example", "localhost", 1));
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("sh").args(["-e", "-c", &recipe]).current_dir(folder.path()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let [cert, key] = ["fullchain.pem", "privkey.pem"]
        .map(|name| std::fs::read_to_string(folder.path().join(name)).unwrap());
    enrol_with(&cert, &key, &cert).unwrap();
}

/// A proxy that asks its server for `gzip, deflate`, whatever the client asked for, and closes after each answer.
fn gzip_proxy(server: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut reader = BufReader::new(client.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if !lower.starts_with("accept-encoding:") && !lower.starts_with("connection:") {
                    head.push_str(&line);
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let mut upstream = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let head = format!("{head}Accept-Encoding: gzip, deflate\r\nConnection: close\r\n\r\n");
            upstream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
            let mut answer = Vec::new();
            upstream.read_to_end(&mut answer).unwrap();
            // A device that hung up is no matter of the proxy's.
            let _ = client.write_all(&answer);
        }
    });
    url
}

#[test]
fn a_proxy_that_lets_only_gzip_through_brings_everything() {
    let town = Town::peopled();
    let url = gzip_proxy(town.port);
    let code = town.crew("admin", &["invite", "--role", "crew", "--crew", "C-01"])["code"].clone();
    let enrolled = town.crew("gz", &["enrol", &url, code.as_str().unwrap(), "--name", "gz"]);
    assert_eq!(enrolled["caught_up"], true);
    let folio = town.folio("gz", "chlorination");
    town.crew("gz", &["note", &folio, "por el proxy"]);
    assert_eq!(town.crew("gz", &["sync"])["accepted"], 1);
    town.crew("admin", &["audit", "verify", "--from", &url]);
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
    assert_eq!(refused(run(&["person", "add", "Ana Zepeda"], &[("CREW_PIN", "12345")])).0, Some(2));
    json(&run(&["person", "add", "Ana Zepeda"], &[("CREW_PIN", "482913")]));
    assert!(!town.path("one/device.key").exists(), "the plain key is gone");
    let beto = [("CREW_PIN", "735501"), ("CREW_PIN_BY", "000000")];
    assert_eq!(refused(run(&["person", "add", "Beto Montes"], &beto)), (Some(3), "wrong_pin".into()));
    json(&run(&["person", "add", "Beto Montes"], &[("CREW_PIN", "735501"), ("CREW_PIN_BY", "482913")]));
    // Noting needs no PIN; exchanging does.
    json(&run(&["note", &folio, "de Ana"], &[]));
    json(&run(&["person", "use", "beto montes"], &[("CREW_PIN", "735501")]));
    json(&run(&["note", &folio, "de Beto"], &[]));
    assert_eq!(refused(run(&["sync"], &[])), (Some(3), "pin_needed".into()));
    assert_eq!(refused(run(&["sync"], &[("CREW_PIN", "482913")])), (Some(3), "wrong_pin".into()));
    json(&run(&["person", "lock"], &[]));
    assert_eq!(refused(run(&["note", &folio, "de nadie"], &[])), (Some(3), "no_person".into()));
    assert_eq!(refused(run(&["sync"], &[("CREW_PIN", "482913")])), (Some(3), "no_person".into()));
    std::fs::write(town.path("pin"), "482913\n").unwrap();
    let file = town.path("pin").display().to_string();
    json(&run(&["person", "use", "Ana Zepeda", "--pin-file", &file], &[]));
    assert_eq!(json(&run(&["sync"], &[("CREW_PIN", "482913")]))["pushed"], 2);
    town.crew("office", &["sync"]);
    let log = town.crew("office", &["audit", "log", "--order", &folio]);
    let persons: Vec<&str> =
        log.as_array().unwrap().iter().filter_map(|row| row["person"].as_str()).collect();
    assert!(persons.contains(&"Ana Zepeda") && persons.contains(&"Beto Montes"), "{persons:?}");
    // The names are beside the history, in a file that can forget, and nowhere in it.
    for place in ["server", "one/store", "office/store", "admin/store"] {
        for path in files_under(&town.path(place)) {
            let bytes = std::fs::read(&path).unwrap();
            let holds = |name: &str| bytes.windows(name.len()).any(|part| part == name.as_bytes());
            let is_named = holds("Ana Zepeda") && holds("Beto Montes");
            assert_eq!(is_named, path.ends_with("server/people.json"), "{}", path.display());
            assert!(is_named || !holds("Zepeda") && !holds("Montes"), "{}", path.display());
        }
    }
    let case = town.crew("office", &["audit", "case", &folio]);
    let told: Vec<&str> =
        case["people"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert!(told.contains(&"Ana Zepeda"), "a case file opens the ids: {told:?}");
    assert_eq!(refused(run(&["enrol", &town.url(), "AAAA", "--name", "x"], &[])).1, "already_enrolled");
    // The last one who goes leaves the key as it was before the first came.
    json(&run(&["person", "remove", "Beto Montes"], &[("CREW_PIN", "482913")]));
    json(&run(&["person", "remove", "Ana Zepeda"], &[("CREW_PIN", "482913")]));
    town.crew("one", &["sync"]);
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
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
