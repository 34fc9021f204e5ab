//! `cargo xtask peers`: the reconnect workload against what users would otherwise pick. A device holds N orders in
//! sync; while apart it edits 50 of them and others edit 200 others, six changes each; both sides are restarted and
//! connect through one proxy that counts and delays. Every value is read on both sides before a figure counts.
#![expect(clippy::print_stdout, reason = "the table is what the command is for")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use crate::run::{build, cargo, root, run, target_dir};
use measure::{Line, Outcome};
use proxy::Proxy;
use workload::Workload;

mod measure;
mod ours;
mod picture;
mod program;
mod proxy;
mod side;
mod table;
mod workload;

/// Orders that only our programs are asked to hold: the others' first sync takes too long.
const ORDERS_OURS_ONLY: usize = 20_000;
/// A reconnect that took longer is measured once.
const REPEAT_BELOW: Duration = Duration::from_secs(20);
/// Where a run keeps what came of it.
const KEPT: &str = "measured.jsonl";
/// Orders of a quick run.
const ORDERS_QUICK: usize = 90;

/// What to measure.
#[derive(Args)]
pub struct Peers {
    /// Orders that the device holds; above 20,000 only ours is measured.
    #[arg(long, value_delimiter = ',', default_value = "1000,3000,10000")]
    orders: Vec<usize>,
    /// Round-trip delays of the line, in milliseconds, half of it each way.
    #[arg(long, value_delimiter = ',', default_value = "0,600")]
    delay_ms: Vec<u64>,
    /// One peer only: automerge-repo, samod, pouchdb or cuadrilla.
    #[arg(long)]
    only: Option<String>,
    /// 90 orders, once, without delay: whether everything still runs.
    #[arg(long)]
    quick: bool,
    /// Reconnects of one kind, of which the middle one counts; those over 20 s are measured once.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Longest time of one reconnect, in seconds; then it counts as not converged.
    #[arg(long, default_value_t = 240)]
    limit_s: u64,
    /// Keep what was prepared and what came of it, and take up what an earlier run prepared.
    #[arg(long)]
    keep: bool,
    /// Measure nothing: the table and the picture of what earlier runs kept, the newest of each.
    #[arg(long)]
    kept: bool,
    /// The proxy's port, below those that connections take at random. It is part of what is prepared: a
    /// replication's checkpoint names the address.
    #[arg(long, default_value_t = 18_614)]
    port: u16,
    /// Measure our programs that were built into this folder, instead of building them.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Also draw the picture into this file.
    #[arg(long)]
    picture: Option<PathBuf>,
}

/// A peer that keeps a device and a server in sync.
trait Peer {
    /// Returns its name in the table.
    fn name(&self) -> &'static str;
    /// Makes, in `folder`, a device and a server that were in sync and have gone apart.
    fn prepare(&self, folder: &Path, workload: &Workload, proxy: &Proxy) -> anyhow::Result<()>;
    /// Starts both sides on such a folder and measures.
    fn reconnect(&self, folder: &Path, setting: &Setting<'_>) -> anyhow::Result<Outcome>;
}

/// What a reconnect is measured under.
struct Setting<'s> {
    workload: &'s Workload,
    proxy: &'s Proxy,
    /// How long a piece is delayed in one direction.
    each_way: Duration,
    limit: Duration,
}

impl Peers {
    /// Builds, prepares, measures, prints.
    pub fn run(&self) -> anyhow::Result<()> {
        let folder = target_dir().join("peers");
        std::fs::create_dir_all(&folder).context("cannot make the folder of the measurements")?;
        if self.kept {
            return self.show(measure::kept(&folder.join(KEPT))?);
        }
        let peers = self.peers(&folder)?;
        let proxy = Proxy::open(self.port)?;
        let (orders, delays) = match self.quick {
            true => (vec![ORDERS_QUICK], vec![0]),
            false => (self.orders.clone(), self.delay_ms.clone()),
        };
        let mut lines = Vec::new();
        for orders in orders {
            let workload = Workload::new(orders);
            for peer in &peers {
                if orders <= ORDERS_OURS_ONLY || peer.name() == "Cuadrilla" {
                    lines.extend(self.measure(&**peer, &workload, &delays, &proxy, &folder)?);
                }
            }
        }
        self.show(lines)
    }

    fn show(&self, mut lines: Vec<Line>) -> anyhow::Result<()> {
        lines.sort_by_key(|line| (line.orders, line.delay_ms));
        println!("{}", table::markdown(&lines));
        if let Some(file) = &self.picture {
            std::fs::write(file, picture::svg(&lines)).context("cannot write the picture")?;
        }
        Ok(())
    }

    fn is_asked(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(name))
    }

    /// Returns the requested peers, built and installed.
    fn peers(&self, folder: &Path) -> anyhow::Result<Vec<Box<dyn Peer>>> {
        let sources = root().join("benches/peers");
        let node = folder.join("node");
        let samod = target_dir().join("peers-samod");
        let mut peers: Vec<Box<dyn Peer>> = Vec::new();
        for program in program::all(&node, &samod.join("release/peer-samod")) {
            if !self.is_asked(program.name) {
                continue;
            }
            if program.command[0] == "node" {
                install(&sources.join("node"), &node)?;
            } else {
                let manifest = sources.join("samod/Cargo.toml");
                let build = ["build", "--release", "--locked", "--manifest-path"];
                run(cargo().args(build).arg(manifest).env("CARGO_TARGET_DIR", &samod))?;
            }
            peers.push(Box::new(program));
        }
        if self.is_asked("Cuadrilla") {
            let programs = match &self.programs {
                Some(built) => built.clone(),
                None => build(&["cuadrilla-server", "crew-cli"], !self.quick)?,
            };
            peers.push(Box::new(ours::Ours { programs }));
        }
        anyhow::ensure!(!peers.is_empty(), "there is no such peer");
        Ok(peers)
    }

    /// Prepares one peer and measures it under every delay.
    fn measure(
        &self,
        peer: &dyn Peer,
        workload: &Workload,
        delays: &[u64],
        proxy: &Proxy,
        folder: &Path,
    ) -> anyhow::Result<Vec<Line>> {
        let orders = workload.orders.len();
        let prepared = folder.join(format!("{}-{orders}-{}", peer.name(), self.port));
        let done = prepared.join("prepared");
        if !done.exists() {
            measure::remove(&prepared)?;
            std::fs::create_dir_all(&prepared)?;
            eprintln!("{}: preparing {orders} orders", peer.name());
            peer.prepare(&prepared, workload, proxy)?;
            std::fs::write(&done, "")?;
        }
        let mut lines = Vec::new();
        for delay_ms in delays {
            let each_way = Duration::from_millis(*delay_ms) / 2;
            let setting = Setting { workload, proxy, each_way, limit: Duration::from_secs(self.limit_s) };
            let outcomes = self.reconnects(peer, &prepared, &setting)?;
            let runs = outcomes.len();
            let outcome = measure::middle(outcomes)?;
            eprintln!("{}: {orders} orders, {delay_ms} ms, {runs} runs: {outcome:?}", peer.name());
            let line = Line { peer: peer.name().into(), orders, delay_ms: *delay_ms, runs, outcome };
            if self.keep {
                measure::keep(&folder.join(KEPT), &line)?;
            }
            lines.push(line);
        }
        if !self.keep {
            measure::remove(&prepared)?;
        }
        Ok(lines)
    }

    fn reconnects(
        &self,
        peer: &dyn Peer,
        prepared: &Path,
        setting: &Setting<'_>,
    ) -> anyhow::Result<Vec<Outcome>> {
        let mut outcomes = Vec::new();
        let runs = if self.quick { 1 } else { self.runs.max(1) };
        for _ in 0..runs {
            let folder = prepared.with_extension("run");
            measure::remove(&folder)?;
            measure::copy(prepared, &folder)?;
            let outcome = peer.reconnect(&folder, setting)?;
            measure::remove(&folder)?;
            let is_long = match &outcome {
                Outcome::Converged(measured) => measured.whole_s > REPEAT_BELOW.as_secs_f64(),
                Outcome::NotConverged { .. } => true,
            };
            outcomes.push(outcome);
            if is_long {
                break;
            }
        }
        Ok(outcomes)
    }
}

/// Installs the Node packages by their lock file, beside copies of the scripts: nothing is installed in the sources.
fn install(sources: &Path, node: &Path) -> anyhow::Result<()> {
    let lock = std::fs::read(sources.join("package-lock.json")).context("package-lock.json")?;
    let installed = std::fs::read(node.join("installed.json")).is_ok_and(|before| before == lock);
    measure::copy(sources, node)?;
    if !installed {
        run(std::process::Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(node))?;
        std::fs::write(node.join("installed.json"), lock)?;
    }
    Ok(())
}
