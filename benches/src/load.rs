//! Load: thousands of simulated devices, each with the real replica and a key of its own, against the built server
//! over HTTP. What they were told is compared with the ledger afterwards: a load that checks nothing proves nothing.

mod audit;
pub(crate) mod child;
pub(crate) mod device;
pub(crate) mod dice;
pub(crate) mod figures;
pub(crate) mod http;
pub(crate) mod link;
pub(crate) mod people;
pub(crate) mod profile;
pub(crate) mod stream;
pub(crate) mod talk;
pub(crate) mod tally;
pub(crate) mod town;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use audit::Told;
use figures::{Figures, heading, line, print_found};
use profile::ingest::Plan;
use profile::steady::Mix;
use profile::{herd, idle, ingest, soak, steady};
use town::{Size, Town};

/// Devices of a crew.
const PER_CREW: usize = 10;
/// The budget of ingest: entries a second, and the 99th percentile of the acknowledgement in milliseconds.
const INGEST_PER_S: f64 = 10_000.0;
const INGEST_P99_MS: f64 = 100.0;

/// A kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// Visits at a constant rate, everybody listening, the office at work.
    Steady,
    /// A valley's tower comes back: everybody connects within seconds, with work to hand in.
    Herd,
    /// As steady, with links of 1 kB/s and 2 s of delay, a share of which die under way.
    Slow,
    /// Accepted changes as fast as they become durable, and at the rate of the budget.
    Ingest,
    /// Memory of devices that only listen.
    Idle,
    /// A moderate mix for a long time, with devices that come and go.
    Soak,
}

/// How large a run is.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// The server's program
    #[arg(long)]
    pub server: PathBuf,
    /// Seed of what devices draw; a new one where none is given
    #[arg(long)]
    pub seed: Option<u64>,
    /// Crew devices (of ingest: senders)
    #[arg(long)]
    pub devices: Option<usize>,
    /// How long, in seconds (steady, slow, soak), or within which time everybody comes (herd)
    #[arg(long)]
    pub seconds: Option<u64>,
    /// Visits a second (steady, slow, soak)
    #[arg(long)]
    pub rate: Option<f64>,
    /// Visits of each device (herd, ingest); streams (idle)
    #[arg(long)]
    pub visits: Option<usize>,
    /// Visits in one request (ingest)
    #[arg(long, default_value_t = 1)]
    pub per_request: usize,
    /// A small run for CI, which holds nobody to a budget
    #[arg(long)]
    pub quick: bool,
    /// Folder for the scratch store; otherwise the system's
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// A setting of the server, as NAME=VALUE; again for more
    #[arg(long = "set")]
    pub settings: Vec<String>,
}

/// Runs one profile and prints its figures.
///
/// # Errors
/// If the server fails, if the ledger is not what devices were told, or if a budget does not hold.
pub async fn run(profile: Profile, options: &Options) -> anyhow::Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let seed = options.seed.unwrap_or(u64::from(now.subsec_nanos()));
    heading(&format!("=== {profile:?}, --seed {seed}"));
    let scratch = match &options.folder {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let scratch = scratch.context("a folder for the scratch store")?;
    let mut more = Vec::new();
    for setting in &options.settings {
        let (name, value) = setting.split_once('=').context("a setting is NAME=VALUE")?;
        more.extend([format!("--{name}"), value.to_owned()]);
    }
    if profile == Profile::Idle {
        // Few devices stand for many: what a stream costs is measured, not how many one may have.
        more.extend(["--device-streams-max".into(), "1000".into()]);
    }
    let size = size(profile, options);
    let begun = std::time::Instant::now();
    let mut town = Town::found(&options.server, scratch.path(), &more, seed, size).await?;
    let count = town.crews.len();
    let enrolled = format!("enrolled and brought up to date in {:.1} s", begun.elapsed().as_secs_f64());
    line(&format!("{count} crew devices"), &enrolled);
    let mut verdict = Ok(());
    let told = play(profile, options, &mut town, &mut verdict).await?;
    check(&mut town, told).await?;
    verdict
}

fn size(profile: Profile, options: &Options) -> Size {
    let (devices, quick) = match profile {
        Profile::Steady => (1_000, 40),
        Profile::Herd => (2_000, 60),
        Profile::Slow | Profile::Soak => (200, 30),
        Profile::Ingest => (64, 16),
        Profile::Idle => (20, 10),
    };
    let devices = options.devices.unwrap_or(if options.quick { quick } else { devices });
    // A device of ingest has a crew of its own: what others do is then no news for it.
    let per_crew = if profile == Profile::Ingest { 1 } else { PER_CREW };
    let orders_per_crew = if profile == Profile::Ingest || options.quick { 4 } else { 20 };
    Size { devices, per_crew, orders_per_crew }
}

/// Plays a profile. Answers what devices without a replica were told; the others are asked afterwards.
/// A verdict on what grew waits until the ledger is audited.
async fn play(
    profile: Profile,
    options: &Options,
    town: &mut Town,
    verdict: &mut anyhow::Result<()>,
) -> anyhow::Result<Option<Vec<Told>>> {
    let pick = |full: u64, quick: u64| options.seconds.unwrap_or(if options.quick { quick } else { full });
    let mix = |rate: f64, seconds: u64, poor_percent: u64| Mix {
        visits_per_s: options.rate.unwrap_or(rate),
        lasts: Duration::from_secs(seconds),
        per_crew: PER_CREW,
        poor_percent,
    };
    let devices = town.crews.len();
    match profile {
        Profile::Steady => steady::run(town, mix(10.0, pick(60, 3), 0)).await?.print(devices),
        Profile::Slow => steady::run(town, mix(3.0, pick(120, 4), 60)).await?.print(devices),
        Profile::Soak => {
            let (figures, judged) = soak::run(town, mix(3.0, pick(3_600, 60), 10)).await?;
            figures.print(devices);
            *verdict = judged;
        }
        Profile::Idle => {
            let streams = options.visits.unwrap_or(if options.quick { 200 } else { 4_000 });
            idle::run(town, streams).await?;
        }
        Profile::Herd => {
            let within = Duration::from_secs(pick(10, 2));
            let visits = options.visits.unwrap_or(2) as u64;
            let (figures, took) = herd::run(town, visits, within).await?;
            line("everybody acknowledged after", &format!("{:.1} s", took.as_secs_f64()));
            figures.print(devices);
        }
        Profile::Ingest => return ingest_twice(town, options).await.map(Some),
    }
    Ok(None)
}

/// As fast as it goes, then at the rate of the budget.
async fn ingest_twice(town: &Town, options: &Options) -> anyhow::Result<Vec<Told>> {
    let visits = options.visits.unwrap_or(if options.quick { 10 } else { 300 });
    let devices = town.crews.len();
    let plan = Plan { visits: 2 * visits, per_request: options.per_request, offered_per_s: None };
    let mut senders = ingest::prepare(town, plan).await?;
    let rest = ingest::second_half(&mut senders);
    let (fast, senders) = ingest::run(town, plan, senders).await?;
    heading(&format!("as fast as it goes: {devices} devices, {} visits a request", plan.per_request));
    fast.print(devices);
    let offered = options.rate.unwrap_or(INGEST_PER_S);
    let plan = Plan { offered_per_s: Some(offered), ..plan };
    let (paced, senders) = ingest::run(town, plan, ingest::with(senders, rest)).await?;
    heading(&format!("at {offered:.0} entries a second"));
    paced.print(devices);
    let told = ingest::told(senders);
    if !options.quick {
        hold(&fast, &paced, offered);
    }
    Ok(told)
}

/// Says whether the budget of ingest holds.
fn hold(fast: &Figures, paced: &Figures, offered: f64) {
    let says = |holds: bool| if holds { "holds" } else { "DOES NOT HOLD" };
    heading("the budget of ingest");
    let rate = fast.rate();
    line("entries a second", &format!("{rate:.0} >= {INGEST_PER_S:.0}: {}", says(rate >= INGEST_PER_S)));
    let (p99, kept) = (paced.p99_ms(), paced.rate() >= 0.98 * offered);
    let holds = says(p99 < INGEST_P99_MS && kept);
    line(&format!("p99 at {offered:.0} a second"), &format!("{p99:.1} < {INGEST_P99_MS:.0} ms: {holds}"));
}

/// Stops the server, proves its ledger, and compares it with what devices were told.
async fn check(town: &mut Town, told: Option<Vec<Told>>) -> anyhow::Result<()> {
    let mut all = told.unwrap_or_default();
    let known: std::collections::BTreeSet<_> = all.iter().map(|told| told.device).collect();
    for device in town.everybody() {
        let device = device.lock().await;
        let Some(id) = device.id() else { continue };
        // A device whose work was prepared is spoken for.
        if known.contains(&id) {
            continue;
        }
        let own = device.own_entries()?;
        all.extend(
            own.iter().map(|one| Told::new(id, one.seq, one.hash.unwrap_or_default(), one.receipt.as_ref())),
        );
    }
    let last = town.field.tally.take();
    town.server.stop()?;
    let verified = town.server.verify()?;
    let found = audit::compare(&town.server.data, &all)?;
    print_found(&found, verified);
    ensure!(verified == found.ledger, "verify proved {verified} of {} entries", found.ledger);
    ensure!(last.parted == 0, "a device was shown another past");
    for (text, count) in town.server.complaints()? {
        line("the server's log says", &format!("{count} times: {text}"));
    }
    Ok(())
}
