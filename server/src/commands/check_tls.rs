//! `check-tls`: whether a phone trusts the certificate of a server, at an address as phones use it, or of the one that the
//! settings describe.

use std::io;
use std::path::Path;

use axum::http::Uri;
use serde_json::json;
use sync_core::time::rfc3339;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::ServerName;
use words::{Lang, Text, say, system_text, visible};

use super::{Report, Shell};
use crate::cli::CheckTls;
use crate::clock::now_ms;
use crate::config::{Config, Layer};
use crate::failure::{EXIT_CONNECTION, EXIT_RULE, Failure};
use crate::tls;
use crate::tls_check::about::About;
use crate::tls_check::talk::{Heard, Unheard, hear};
use crate::tls_check::{Found, Voucher, examine};

/// Where to connect, and which name the certificate has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    name: String,
    host: String,
    port: u16,
}

pub(super) fn run(args: &CheckTls, shell: &Shell<'_>, lang: Lang) -> Result<Report, Failure> {
    let target = match &args.address {
        Some(url) => of_url(url)?,
        None => of_settings(args, shell)?,
    };
    let own = args.ca.as_deref().map_or_else(|| Ok(RootCertStore::empty()), authorities)?;
    let bad = || Failure::usage("url", say!("tls-check-url", url = &target.name), say!("tls-check-url-hint"));
    let name = ServerName::try_from(target.name.clone()).map_err(|_| bad())?;
    let heard = hear(&target.host, target.port, name.clone()).map_err(|error| not_heard(&error, &target))?;
    let found = examine(&heard.chain, &name, &own, now_ms()).map_err(|error| no_tls(&error.to_string()))?;
    Ok(report(&target, &heard, &found, args.ca.as_deref(), lang))
}

fn of_url(url: &str) -> Result<Target, Failure> {
    let bad = || Failure::usage("url", say!("tls-check-url", url), say!("tls-check-url-hint"));
    let parsed: Uri = url.parse().map_err(|_| bad())?;
    let host = parsed.host().filter(|host| !host.is_empty()).ok_or_else(bad)?;
    if parsed.scheme_str() != Some("https") {
        return Err(Failure::usage("url", say!("tls-check-plain", url), say!("tls-check-plain-hint")));
    }
    let host = host.trim_matches(['[', ']']).to_owned();
    Ok(Target { name: host.clone(), host, port: parsed.port_u16().unwrap_or(443) })
}

/// The server that the settings describe, under the first name of its certificate.
fn of_settings(args: &CheckTls, shell: &Shell<'_>) -> Result<Target, Failure> {
    let (config, _) = Config::load(Layer::default(), args.config.as_ref(), shell.env)?;
    let none = || Failure::usage("url", say!("tls-check-no-url"), say!("tls-check-url-hint"));
    if config.tls_cert.is_empty() {
        return Err(none());
    }
    let chain = tls::read_chain(Path::new(&config.tls_cert)).map_err(|what| tls::unusable(&what))?;
    let about = chain.first().and_then(|der| About::read(der)).ok_or_else(none)?;
    // A name with a star is a pattern, and no name.
    let name = about.names.iter().find(|name| !name.starts_with('*')).ok_or_else(none)?;
    let (host, port) = config.listen.rsplit_once(':').ok_or_else(none)?;
    let host = match host.trim_matches(['[', ']']) {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        other => other,
    };
    Ok(Target { name: name.clone(), host: host.into(), port: port.parse().map_err(|_| none())? })
}

/// The authorities of a file, as a phone would install them.
fn authorities(path: &Path) -> Result<RootCertStore, Failure> {
    let mut store = RootCertStore::empty();
    for der in tls::read_chain(path).map_err(|what| tls::unusable(&what))? {
        let is_authority = About::read(&der).is_some_and(|about| about.is_authority);
        if !is_authority || store.add(der).is_err() {
            let (what, hint) = (say!("tls-check-no-authority", path), say!("tls-check-no-authority-hint"));
            return Err(Failure::usage("ca", what, hint));
        }
    }
    Ok(store)
}

fn not_heard(error: &Unheard, target: &Target) -> Failure {
    match error {
        Unheard::Link(error) => Failure {
            code: "no_connection",
            message: say!(
                "tls-check-no-connection",
                host = &target.host,
                port = u64::from(target.port),
                why = why(error)
            ),
            hint: say!("tls-check-no-connection-hint"),
            exit: EXIT_CONNECTION,
        },
        Unheard::Tls(detail) => no_tls(detail),
    }
}

/// What kept a connection from being made.
fn why(error: &io::Error) -> Text {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable};
    match error.kind() {
        ConnectionRefused => say!("link-refused"),
        HostUnreachable | NetworkDown | NetworkUnreachable => say!("link-no-network"),
        _ if error.to_string().contains("lookup address") => say!("link-no-such-name"),
        _ => system_text(error),
    }
}

fn no_tls(detail: &str) -> Failure {
    Failure {
        code: "no_tls",
        message: say!("tls-check-no-tls", detail),
        hint: say!("tls-check-no-tls-hint"),
        exit: EXIT_RULE,
    }
}

fn report(target: &Target, heard: &Heard, found: &Found, ca: Option<&Path>, lang: Lang) -> Report {
    let (leaf, now) = (&found.chain[0], now_ms());
    let names = leaf.names.join(", ");
    let rows = [
        (say!("tls-check-server"), format!("{} ({})", target.name, heard.address)),
        (say!("tls-check-version"), heard.version.to_owned()),
        (say!("tls-check-subject"), leaf.subject.clone()),
        (say!("tls-check-names"), names.clone()),
        (say!("tls-check-issuer"), leaf.issuer.clone()),
        (say!("tls-check-valid"), format!("{} – {}", rfc3339(leaf.from_ms), rfc3339(leaf.until_ms))),
        (say!("tls-check-days"), leaf.days_left(now).to_string()),
        (say!("tls-check-sent"), found.chain.len().to_string()),
    ];
    let said = said(target, heard, found, &names, ca);
    let mut report = Report::table(json(target, heard, found, &names, lang), &rows);
    let text = |lang: Lang| {
        let lines = said.iter().map(|line| format!("{}\n", visible::line(&line.of(lang))));
        [report.text.of(lang)].into_iter().chain(lines).collect::<String>()
    };
    report.text = Text::both(text(Lang::Es), text(Lang::En));
    report.failure = (!found.faults.is_empty()).then(|| Failure {
        code: "tls",
        message: say!("tls-check-bad", count = found.faults.len()),
        hint: say!("tls-check-bad-hint"),
        exit: EXIT_RULE,
    });
    report
}

/// What a person reads below the table.
fn said(target: &Target, heard: &Heard, found: &Found, names: &str, ca: Option<&Path>) -> Vec<Text> {
    let faults = found
        .faults
        .iter()
        .map(|fault| say!("tls-check-fault", what = fault.message(&target.name, names), hint = fault.hint()));
    let cautions = found.cautions.iter().map(|caution| caution.message());
    let other = (!heard.is_cuadrilla).then(|| say!("tls-check-not-cuadrilla"));
    let good = match found.voucher.filter(|_| found.faults.is_empty()) {
        Some(Voucher::Public) => Some(say!("tls-check-good")),
        Some(Voucher::Own) => Some(say!("tls-check-good-own", path = ca.unwrap_or_else(|| Path::new("")))),
        None => None,
    };
    faults.chain(cautions).chain(other).chain(good).collect()
}

fn json(target: &Target, heard: &Heard, found: &Found, names: &str, lang: Lang) -> serde_json::Value {
    let voucher = found.voucher.map(|voucher| match voucher {
        Voucher::Public => "public",
        Voucher::Own => "ca",
    });
    let faults = found.faults.iter().map(|fault| {
        let (what, hint) = (fault.message(&target.name, names), fault.hint());
        json!({"fault": fault.word(), "message": what.of(lang), "hint": hint.of(lang)})
    });
    json!({
        "name": target.name,
        "address": heard.address.to_string(),
        "tls": heard.version,
        "is_cuadrilla": heard.is_cuadrilla,
        "trusted": found.faults.is_empty(),
        "trusted_by": voucher,
        "days_left": found.chain[0].days_left(now_ms()),
        "chain": found.chain.iter().map(About::to_json).collect::<Vec<_>>(),
        "faults": faults.collect::<Vec<_>>(),
        "cautions": found.cautions.iter().map(|caution| caution.word()).collect::<Vec<_>>(),
    })
}
