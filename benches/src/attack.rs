//! Attack: everything at once against the built server, first from addresses of the attackers' own, then from the
//! crews' own address, while enrolled crews sync. No crew may be turned away, `readyz` must stay true, memory and what
//! is ahead of a crew's request must stay below stated numbers.

mod crews;
mod crowd;
mod hostile;
mod poison;
mod watch;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use sync_core::limits::REQUEST_ROW_BYTES_MAX;
use tokio::sync::watch as signal;
use tokio::task::JoinSet;

use crate::load::figures::{heading, line};
use crate::load::town::{Size, Town};
use crowd::{Counts, Target};
use watch::Ahead;

/// Devices that are hostile: one with poisoned records, one that is revoked and floods, one whose ticket opens streams.
const HOSTILE: usize = 3;
/// Requests that one device may have in progress, as the server's setting is.
const DEVICE_REQUESTS: usize = 4;

/// Bytes of rows that judging one request may move: what ends a request early, and what one entry may take beyond it.
const ROW_BYTES: u64 = REQUEST_ROW_BYTES_MAX + 4 * 1024 * 1024;
/// Bytes of rows that are one unit of a device's budget.
const UNIT_BYTES: u64 = 4_096;

/// Requests of one address among strangers, as the server's limits are.
const STRANGERS: u64 = 64;

/// How large an attack is.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// The server's program
    #[arg(long)]
    pub server: PathBuf,
    /// Seed of what devices draw
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// A small attack for CI
    #[arg(long)]
    pub quick: bool,
    /// How long each of the two attacks lasts, in seconds
    #[arg(long)]
    pub seconds: Option<u64>,
    /// Folder for the scratch store; otherwise the system's
    #[arg(long)]
    pub folder: Option<PathBuf>,
}

/// How many of each kind attack at once, and what must hold.
#[derive(Debug, Clone, Copy)]
struct Plan {
    half_bodies: usize,
    never_reading: usize,
    streams: usize,
    readers: usize,
    crews: usize,
    /// Changes that the poisoned record has before.
    chain: usize,
    lasts: Duration,
    /// The server's `connections_max`: fewer than attack, so that the door is full all the time.
    connections: usize,
    memory_mib: u64,
}

impl Plan {
    fn new(options: &Options) -> Self {
        let lasts = |full: u64, quick: u64| {
            Duration::from_secs(options.seconds.unwrap_or(if options.quick { quick } else { full }))
        };
        if options.quick {
            return Self {
                half_bodies: 100,
                never_reading: 100,
                streams: 400,
                readers: 50,
                crews: 5,
                chain: 3_000,
                lasts: lasts(60, 8),
                connections: 200,
                memory_mib: 256,
            };
        }
        Self {
            half_bodies: 1_000,
            never_reading: 1_000,
            streams: 4_096,
            readers: 500,
            crews: 10,
            // With what follows the record is full: 20,000.
            chain: 16_000,
            lasts: lasts(60, 8),
            connections: 2_000,
            memory_mib: 512,
        }
    }

    /// Requests of devices that may be ahead of a crew's, wherever it waits.
    fn ahead_max(&self) -> u64 {
        (HOSTILE * DEVICE_REQUESTS + self.crews) as u64
    }
}

/// Runs both attacks and prints a table.
///
/// # Errors
/// If one of the conditions does not hold.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    raise_handles()?;
    let plan = Plan::new(options);
    for (place, from) in
        [("addresses of their own", None), ("the crews' own address", Some(Ipv4Addr::LOCALHOST))]
    {
        heading(&format!("=== attack from {place}, --seed {}", options.seed));
        let scratch = match &options.folder {
            Some(folder) => tempfile::tempdir_in(folder),
            None => tempfile::tempdir(),
        };
        let scratch = scratch.context("a folder for the scratch store")?;
        attack(options, plan, scratch.path(), from).await.with_context(|| format!("from {place}"))?;
    }
    Ok(())
}

/// Asks the system for as many handles as this process may have: it holds both ends' worth of sockets.
fn raise_handles() -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
        .context("handles for thousands of sockets")
}

async fn attack(
    options: &Options,
    plan: Plan,
    folder: &std::path::Path,
    from: Option<Ipv4Addr>,
) -> anyhow::Result<()> {
    let settings =
        [format!("--connections-max={}", plan.connections), format!("--events-max={}", plan.connections / 2)];
    let size = Size { devices: plan.crews + HOSTILE, per_crew: 1, orders_per_crew: 4 };
    let mut town = Town::found(&options.server, folder, &settings, options.seed, size).await?;
    let calm = crews::sync_for(&town, plan.crews, plan.lasts / 4).await?;
    let (stop, stopped) = signal::channel(false);
    let target = Target { address: town.field.address, from, counts: Arc::default(), stop: stopped.clone() };
    let mut attackers = JoinSet::new();
    hostile::begin(&town, plan.crews, plan.chain, &target, &mut attackers).await?;
    crowd::begin(&plan, &town, &target, &mut attackers).await?;
    let watching = tokio::spawn(watch::readiness(town.field.address, stopped));
    let under = crews::sync_for(&town, plan.crews, plan.lasts).await;
    let usage = town.server.usage()?;
    stop.send_replace(true);
    while attackers.join_next().await.is_some() {}
    let readiness = watching.await?;
    let under = under?;
    let ids = crews::ids(&town, plan.crews).await?;
    let alarms = watch::alarms(&town).await?;
    town.server.stop()?;
    let ahead = watch::ahead(&town.server.log_text()?, &ids);
    print_calm_and_attack(&calm, &under);
    print_attackers(&target.counts);
    for (kind, count) in &alarms {
        line(&format!("alarm {kind}"), &count.to_string());
    }
    line("readyz asked, cut off, not ready, longest", &readiness.to_string());
    let memory_mib = usage.peak_kib / 1024;
    line("server memory, highest", &format!("{memory_mib} MiB (bound {})", plan.memory_mib));
    line("processor of the server", &format!("{:.1} s", usage.cpu_s));
    print_ahead(&ahead, plan.ahead_max());
    let (units, most) = (ahead.row_bytes / UNIT_BYTES, ROW_BYTES / UNIT_BYTES);
    line("longest judgement, in units of 4 KiB of rows", &format!("{units} (bound {most})"));
    let verified = town.server.verify()?;
    line("`verify` proved afterwards", &format!("{verified} entries"));
    under.check()?;
    readiness.check()?;
    ensure!(memory_mib <= plan.memory_mib, "memory grew to {memory_mib} MiB");
    ensure!(ahead.requests > 0, "the server's log tells nothing of the crews' requests");
    let most = plan.ahead_max();
    ensure!(ahead.devices <= most && ahead.writer <= most, "more was ahead of a crew's request than {most}");
    ensure!(ahead.row_bytes > 0, "the server's log tells nothing of what judging took");
    ensure!(ahead.row_bytes <= ROW_BYTES, "one request moved {} bytes of rows", ahead.row_bytes);
    ensure!(ahead.strangers <= STRANGERS, "more strangers were ahead of a crew than {STRANGERS}");
    target.counts.check()
}

fn print_calm_and_attack(calm: &crews::Syncs, under: &crews::Syncs) {
    for (name, syncs) in [("before", calm), ("under attack", under)] {
        line(&format!("crews' syncs {name}"), &syncs.to_string());
    }
}

fn print_attackers(counts: &Counts) {
    for (what, count) in counts.all() {
        line(&format!("attack: {what}"), &count.to_string());
    }
}

fn print_ahead(ahead: &Ahead, most: u64) {
    let told = format!("{} requests, {} at the writer (bound {most})", ahead.devices, ahead.writer);
    line("ahead of a crew's request, at most", &told);
    let before_tickets = "only before their first ticket";
    line("  among strangers", &format!("{} (bound {STRANGERS}; {before_tickets})", ahead.strangers));
    line("  crews' requests counted", &ahead.requests.to_string());
}
