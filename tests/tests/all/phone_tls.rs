//! Phone and TLS: `check-tls` against servers as town halls set them up, and the manual's recipe for an authority.

use std::path::Path;
use std::process::{Command, Output};

use cuadrilla_tests::{Town, json, program, repository};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use serde_json::Value;

use crate::door::serve;

fn check(args: &[&str]) -> Output {
    let mut run = Command::new(program("cuadrilla-server"));
    run.args(["--json", "--lang", "en", "check-tls"]).args(args).output().unwrap()
}

/// The exit status, the code and the words of what is wrong.
fn refused(output: &Output) -> (Option<i32>, String, Vec<String>) {
    let said: Value = serde_json::from_slice(&output.stderr).unwrap_or_else(|_| panic!("{output:?}"));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let faults = report["faults"]
        .as_array()
        .map(|faults| faults.iter().map(|fault| fault["fault"].as_str().unwrap().to_owned()).collect());
    (output.status.code(), said["error"]["code"].as_str().unwrap().to_owned(), faults.unwrap_or_default())
}

fn write(town: &Town, name: &str, text: &str) -> String {
    std::fs::write(town.path(name), text).unwrap();
    town.path(name).display().to_string()
}

fn named(common: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common);
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2090, 1, 1));
    params
}

#[test]
fn a_phone_trusts_the_chain_of_an_installed_authority_and_nothing_less() {
    let mut town = Town::new();
    let mut authority = named("Autoridad", &[]);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(authority.clone(), KeyPair::generate().unwrap()).unwrap();
    authority.distinguished_name.push(DnType::CommonName, "Intermedia");
    let middle = CertifiedIssuer::signed_by(authority, KeyPair::generate().unwrap(), &root).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = named("servidor", &["localhost"]).signed_by(&key, &middle).unwrap();
    let by_itself = named("servidor", &["localhost"]).self_signed(&key).unwrap();
    let ca = write(&town, "ca.pem", &root.pem());
    let key = write(&town, "tls.key", &key.serialize_pem());
    let whole = leaf.pem() + &middle.pem();
    for (text, faults) in
        [(whole.as_str(), &[][..]), (&leaf.pem(), &["incomplete"]), (&by_itself.pem(), &["self_signed"])]
    {
        let cert = write(&town, "tls.crt", text);
        let extra = ["--tls-cert".to_owned(), cert, "--tls-key".into(), key.clone()];
        let secure = serve(&mut town, &extra, "log");
        let output = check(&[&secure.url, "--ca", &ca]);
        if faults.is_empty() {
            let report = json(&output);
            assert_eq!((&report["trusted"], &report["trusted_by"]), (&true.into(), &"ca".into()), "{report}");
            assert_eq!((&report["tls"], &report["is_cuadrilla"]), (&"1.3".into(), &true.into()), "{report}");
            assert_eq!(report["cautions"], serde_json::json!(["long"]), "{report}");
            // Where it is not installed, and under another name.
            assert_eq!(refused(&check(&[&secure.url])).2, ["incomplete"]);
            let by_address = secure.url.replace("localhost", "127.0.0.1");
            assert_eq!(refused(&check(&[&by_address, "--ca", &ca])).2, ["name"]);
        } else {
            assert_eq!(
                refused(&output),
                (Some(3), "tls".into(), faults.iter().map(ToString::to_string).collect())
            );
        }
    }
    // The server that the settings describe.
    let cert = write(&town, "tls.crt", &whole);
    let settings =
        |port: &str| format!("listen = \"0.0.0.0:{port}\"\ntls_cert = \"{cert}\"\ntls_key = \"{key}\"\n");
    let config = write(&town, "cuadrilla.toml", &settings("1"));
    assert_eq!(refused(&check(&["--config", &config, "--ca", &ca])).1, "no_connection");
    let secure = serve(&mut town, &["--config".into(), config], "log");
    let config = write(&town, "cuadrilla.toml", &settings(secure.url.rsplit(':').next().unwrap()));
    assert_eq!(json(&check(&["--config", &config, "--ca", &ca]))["name"], "localhost");
    // A phone installs no certificate that is none of an authority.
    assert_eq!(refused(&check(&["--config", &config, "--ca", &cert])).1, "ca");
}

#[test]
fn what_is_no_secure_server_is_told_apart() {
    let town = Town::new();
    let code = |args: &[&str]| {
        let (exit, code, _) = refused(&check(args));
        (exit, code)
    };
    assert_eq!(code(&[&town.url()]), (Some(2), "url".into()));
    assert_eq!(code(&["cuadrilla.example"]), (Some(2), "url".into()));
    assert_eq!(code(&[]), (Some(2), "url".into()));
    assert_eq!(code(&["https://localhost:1"]), (Some(4), "no_connection".into()));
    // Plain words where a phone expects TLS.
    let plain = town.url().replace("http://127.0.0.1", "https://localhost");
    assert_eq!(code(&[&plain]), (Some(3), "no_tls".into()));
    let text = Command::new(program("cuadrilla-server")).args(["check-tls", &town.url()]).output().unwrap();
    let said = String::from_utf8(text.stderr).unwrap();
    assert!(said.contains("https") && said.contains("localhost"), "{said}");
}

#[test]
fn the_manuals_recipe_for_an_authority_makes_what_phones_trust() {
    let manual = std::fs::read_to_string(repository().join("docs/OPERATING.md")).unwrap();
    let recipe = manual.split("```sh\nTOWN=").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let recipe = format!("TOWN={}", recipe.replacen("cuadrilla.example", "localhost", 1));
    let mut town = Town::new();
    let folder = town.path("pki");
    std::fs::create_dir(&folder).unwrap();
    // A person types a pass phrase for the authority's key.
    let recipe = recipe
        .replace("-aes256", "-pass pass:prueba -aes256")
        .replace("-CAkey", "-passin pass:prueba -CAkey");
    let recipe = recipe.replace("-key authority.key", "-passin pass:prueba -key authority.key");
    let made = Command::new("sh").args(["-e", "-c", &recipe]).current_dir(&folder).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let path = |name: &str| Path::new(&folder).join(name).display().to_string();
    let extra = ["--tls-cert".to_owned(), path("fullchain.pem"), "--tls-key".into(), path("privkey.pem")];
    let secure = serve(&mut town, &extra, "log");
    let report = json(&check(&[&secure.url, "--ca", &path("authority.crt")]));
    assert_eq!((&report["trusted"], &report["cautions"]), (&true.into(), &serde_json::json!([])), "{report}");
    // Devices of the terminal take the same file.
    let link = town.crew("admin", &["invite", "--role", "dispatcher", "--no-sync"]);
    assert!(link["link"].is_string() || link["code"].is_string());
}
