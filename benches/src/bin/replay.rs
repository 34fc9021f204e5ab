//! Measures replay on a journal of any size: one order at a moment, the whole municipality at a moment.
//!
//! `cargo xtask bench replay --entries 1000000`
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::path::PathBuf;
use std::time::Instant;

use anyhow::ensure;
use clap::Parser;
use cuadrilla_benches::journal::Journal;
use cuadrilla_benches::orders::{START_MS, STEP_MS, folio, moment, rules};
use cuadrilla_benches::processor_s;
use sync_core::replica::Replica;
use sync_core::view::replay::At;

/// What to measure.
#[derive(Parser)]
struct Args {
    /// Entries in the journal
    #[arg(long, default_value_t = 20_000)]
    entries: u64,
    /// Folder for the journal; otherwise a temporary one
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Also the whole orders of the whole municipality, as `--json` gives them
    #[arg(long)]
    whole: bool,
}

const SAMPLES: u64 = 200;
const ONE_BUDGET_MS: f64 = 100.0;
const ALL_BUDGET_S: f64 = 4.0;

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let scratch = tempfile::tempdir()?;
    let folder = args.folder.clone().unwrap_or_else(|| scratch.path().join("journal"));
    let rules = rules()?;
    let started = Instant::now();
    let (device, orders) = Journal::write(&folder, &rules, args.entries)?;
    println!(
        "journal: {} entries, {orders} orders, written and folded in {:.1} s",
        args.entries,
        seconds(started)
    );
    let (rows, lines) = (device.store().rows(), device.store().lines());
    let replica = Replica::open(&rows, &lines, device.store().end(), &rules, moment(1))?;
    one_order(&replica, args.entries, orders)?;
    let middle = args.entries / 2;
    let middle_ms = START_MS + i64::try_from(middle)? * STEP_MS;
    for (what, at) in [
        ("at the last number", At::Seq(args.entries)),
        ("at the middle number", At::Seq(middle)),
        ("known in the middle", At::Known(middle_ms)),
        ("claimed in the middle", At::Claimed(middle_ms)),
    ] {
        let (started, used) = (Instant::now(), processor_s());
        let found = replica.view().replay_list(at)?.orders.len();
        let used = processor_s() - used;
        row(&format!("municipality {what} ({found} orders), processor"), "s", used, ALL_BUDGET_S);
        println!("  by the wall clock: {:.2} s", seconds(started));
    }
    if args.whole {
        let started = Instant::now();
        let bytes = serde_json::to_vec(&replica.view().replay(None, At::Seq(middle))?)?.len();
        println!("municipality, whole orders in JSON, middle ({bytes} bytes)  {:.2} s", seconds(started));
    }
    Ok(())
}

/// Returns one order at many moments: the slowest counts.
fn one_order(replica: &Replica<'_>, entries: u64, orders: u64) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for sample in 0..SAMPLES {
        let number = sample * 7_919 % orders;
        let at = At::Seq(entries - sample * 31 % entries);
        let started = Instant::now();
        let replay = replica.view().replay(Some(&folio(number)), at)?;
        times.push(seconds(started) * 1_000.0);
        ensure!(replay.orders.len() <= 1, "one order at most");
    }
    times.sort_by(f64::total_cmp);
    row("one order, median", "ms", times[times.len() / 2], ONE_BUDGET_MS);
    row("one order, slowest of 200", "ms", times[times.len() - 1], ONE_BUDGET_MS);
    Ok(())
}

fn seconds(started: Instant) -> f64 {
    started.elapsed().as_secs_f64()
}

fn row(what: &str, unit: &str, measured: f64, budget: f64) {
    println!("{what:<58} {measured:>9.2} {unit:<2}  budget {budget:>5.0}  ratio {:.3}", measured / budget);
}
