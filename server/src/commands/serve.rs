//! `serve` and `config`: settings, start, the address on standard output, and a clean end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use sync_core::id::Hash;
use sync_core::state::authority::AppVersion;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Report, Shell};
use crate::cli::Serve;
use crate::config::{Config, HANDLES_RESERVE, Shown, Source};
use crate::failure::Failure;
use crate::service::{Foundations, Service};
use crate::tls::{self, Tls};
use crate::web::Web;
use crate::writer::disk_bytes;
use crate::{key, listen, logging, rule_files, start};
use words::{Lang, Text, say};

/// Free space kept when nobody says otherwise, in bytes: a share of the disk, within these.
const RESERVE_BYTES_MIN: u64 = 4 * 1024 * 1024;
const RESERVE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long tasks may take that nothing depends on, once the ledger is closed.
const STOP_WAIT: Duration = Duration::from_secs(1);

pub(super) fn config(args: Serve, shell: &mut Shell<'_>) -> Result<Report, Failure> {
    let (_, shown) = Config::load(args.settings, args.config.as_ref(), shell.env)?;
    let settings: Value = shown.iter().map(|one| (one.name.to_owned(), json!(one))).collect();
    let json = json!({"data": args.data.data, "config": args.config, "settings": settings});
    let column = |pick: fn(&Shown) -> usize| shown.iter().map(pick).max().unwrap_or(0);
    let (names, values) = (column(|one| one.name.len()), column(|one| one.value.chars().count()));
    let line = |one: &Shown, lang: Lang| {
        let source = match one.source {
            Source::Flag => say!("server-source-flag").of(lang),
            Source::Env => one.env.to_owned(),
            Source::File => say!("server-source-file").of(lang),
            Source::Default => say!("server-source-default").of(lang),
        };
        format!("{}  {}  {source}\n", super::pad(one.name, names), super::pad(&one.value, values))
    };
    let text = |lang: Lang| shown.iter().map(|one| line(one, lang)).collect::<String>();
    Ok(Report::new(json, Text::both(text(Lang::Es), text(Lang::En))))
}

pub(super) fn run(args: Serve, shell: &mut Shell<'_>, is_json: bool, lang: Lang) -> Result<Report, Failure> {
    let (mut config, _) = Config::load(args.settings, args.config.as_ref(), shell.env)?;
    logging::start(config.log_format);
    config.connections_max = within_handles(config.connections_max, raise_handles());
    let data = args.data.data;
    start::require(&data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io(&say!("server-no-threads"), &error))?;
    let served = runtime.block_on(serve(&data, config, shell, is_json, lang));
    // The ledger is closed. A witness that is slow is not waited for: its file is written whole or not at all.
    runtime.shutdown_timeout(STOP_WAIT);
    served?;
    Ok(Report::new(Value::Null, Text::same("")))
}

async fn serve(
    data: &Path,
    config: Config,
    shell: &mut Shell<'_>,
    is_json: bool,
    lang: Lang,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(&say!("server-signals"), &error);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let tls = Tls::from_config(&config)?.map(Arc::new);
    let (listener, address) = bind(&config.listen).await?;
    let service = open(data, config)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    if let Some(tls) = tls.clone() {
        tokio::spawn(look_at_certificate(tls));
    }
    let said = if is_json {
        writeln!(shell.out, "{}", json!({"listening": format!("{scheme}://{address}")}))
    } else {
        let address = format!("{scheme}://{address}");
        writeln!(shell.out, "{}", say!("server-listening", address).of(lang))
    };
    // A parent that reads no output is served all the same.
    let _ = said.and_then(|()| shell.out.flush());
    tracing::info!(%address, "serving");
    if scheme == "http" && !address.ip().is_loopback() {
        tracing::warn!(%address, "plain http beyond this machine: devices refuse it; set tls_cert and tls_key, or serve https by a proxy");
    }
    let stopping = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: what was accepted is finished first");
        service.begin_stop();
    };
    let (cut_off, ()) = tokio::join!(listen::serve(listener, Arc::clone(&service.app), tls), stopping);
    if cut_off > 0 {
        tracing::warn!(cut_off, "connections did not finish in time");
    }
    service.finish().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Takes up a renewed certificate, for as long as the process lives.
async fn look_at_certificate(tls: Arc<Tls>) {
    loop {
        tokio::time::sleep(tls::LOOK_EVERY).await;
        let tls = Arc::clone(&tls);
        // It logs what went wrong; a panic ends this look only.
        let _ = tokio::task::spawn_blocking(move || tls.look()).await;
    }
}

/// Asks the system for as many handles as this process may have. Returns how many that is.
fn raise_handles() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let granted = if setrlimit(Resource::Nofile, raised).is_ok() { raised } else { limit };
    granted.current
}

/// Returns how many connections fit: where handles run out, the system would turn crews away, not this server.
fn within_handles(connections_max: usize, handles: Option<u64>) -> usize {
    let Some(handles) = handles else { return connections_max };
    let fit = usize::try_from(handles.saturating_sub(HANDLES_RESERVE)).unwrap_or(usize::MAX).max(1);
    if fit < connections_max {
        tracing::warn!(handles, connections_max, fit, "too few handles (LimitNOFILE) for connections_max");
    }
    fit.min(connections_max)
}

async fn bind(listen: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let bound = async {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound.await.map_err(|error: std::io::Error| {
        Failure::other(
            "listen",
            say!("server-not-listening", address = listen, error),
            say!("server-not-listening-hint"),
        )
    })
}

/// Logs which app browsers get. Returns the one that this program holds, if they get that.
fn which_app(web: &Web) -> Result<Option<AppVersion>, Failure> {
    web.check()?;
    match (web, web.manifest()) {
        (Web::Folder(folder), _) => tracing::info!(folder = %folder.display(), "the app is served from here"),
        (Web::Built, Some(manifest)) => {
            tracing::info!(manifest = hex::encode(manifest), "the app is served");
            let version = env!("CARGO_PKG_VERSION").to_owned();
            return Ok(Some(AppVersion { hash: Hash(manifest), version }));
        }
        (Web::Built, None) => {
            tracing::info!("this program holds no app for browsers: `cargo xtask web` makes it");
        }
    }
    Ok(None)
}

/// Opens the store and starts the service over it. Nothing else runs yet, so waiting for the disk is fine.
fn open(data: &Path, config: Config) -> Result<Service, Failure> {
    let seed = key::read(data)?;
    // A folder that was asked for must exist now; one in the data folder may be made later.
    rule_files::find_folder(&config.schemas, data)?;
    let (asked, beside) = (config.schemas.clone(), data.to_owned());
    let rules = Box::new(move || rule_files::find_folder(&asked, &beside).ok().flatten());
    let app = which_app(&Web::of_setting(&config.web))?;
    let opened = start::open(data)?;
    let total = disk_bytes(data).map_or(0, |(_, total)| total);
    let reserve_bytes = match config.reserve_bytes {
        0 => (total / 20).clamp(RESERVE_BYTES_MIN, RESERVE_BYTES_MAX),
        asked => asked,
    };
    let folder = data.to_owned();
    let foundations = Foundations {
        opened,
        open: start::opener(data.to_owned()),
        seed,
        config,
        data: Some(data.to_owned()),
        free_bytes: Box::new(move || disk_bytes(&folder).map(|(free, _)| free)),
        reserve_bytes,
        rules,
        web: app,
    };
    Service::start(foundations).map_err(|error| start::office_failure(&error))
}

#[cfg(test)]
mod tests {
    use super::within_handles;

    #[test]
    fn connections_leave_handles_for_the_store() {
        assert_eq!(within_handles(8_192, None), 8_192);
        assert_eq!(within_handles(8_192, Some(16_384)), 8_192);
        assert_eq!(within_handles(8_192, Some(1_024)), 896);
        assert_eq!(within_handles(8_192, Some(10)), 1);
    }
}
