//! `cargo xtask bench`: measures budgets with the built programs, over real HTTP on loopback, and prints a table.
//!
//! Counts (bytes, round trips) are exact. Times are whole processes, the median of several, beside a calibration
//! loop of the same run: on a shared machine only their ratio means anything.
#![expect(clippy::print_stdout, reason = "the table is what the command is for")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::Value;

mod day;
mod ledger;

use crate::demo::stage::Stage;
use crate::run::{build, cargo, run};

/// What to measure.
#[derive(Args)]
pub struct Bench {
    /// One part of it.
    #[command(subcommand)]
    part: Option<Part>,
    /// Orders in the store.
    #[arg(long, default_value_t = 10_000)]
    orders: usize,
    /// A small run for CI: 300 orders, and the dev profile.
    #[arg(long)]
    quick: bool,
}

/// What can be measured alone.
#[derive(Subcommand)]
enum Part {
    /// Replay, over a journal of any size.
    Replay {
        /// Entries in the journal.
        #[arg(long, default_value_t = 20_000)]
        entries: u64,
        /// Also whole orders of the whole municipality.
        #[arg(long)]
        whole: bool,
    },
    /// Imports of several sizes, by the processor's time and the rows read.
    Import {
        /// Orders of each import.
        #[arg(long, default_value = "5000,20000,50000")]
        orders: String,
    },
    /// A crew's day on a mobile link of 50 kbit/s that breaks: entries first, then photos.
    Day,
    /// The server's own commands, on a ledger of any size: `verify`, `rebuild`, start.
    Ledger {
        /// Entries in the ledger.
        #[arg(long, default_value_t = 20_000)]
        entries: u64,
    },
}

/// The reconnect workload: orders edited by the device itself and by others, changes a visit.
const OWN_VISITS: usize = 50;
const OTHER_VISITS: usize = 200;
const REPEATS: usize = 9;

/// One line of the table.
struct Row {
    what: String,
    budget: String,
    measured: String,
    ratio: Option<f64>,
}

impl Bench {
    /// Builds, measures, prints.
    pub fn run(&self) -> anyhow::Result<()> {
        match &self.part {
            Some(Part::Replay { entries, whole }) => {
                let program = ["run", "--release", "--package", "cuadrilla-benches", "--bin", "replay", "--"];
                let whole: &[&str] = if *whole { &["--whole"] } else { &[] };
                return run(cargo().args(program).args(["--entries", &entries.to_string()]).args(whole));
            }
            Some(Part::Import { orders }) => {
                let program = ["run", "--release", "--package", "cuadrilla-benches", "--bin", "import", "--"];
                return run(cargo().args(program).args(["--orders", orders]));
            }
            Some(Part::Day) => return day::run_all(self.quick),
            Some(Part::Ledger { entries }) => return ledger::run_all(*entries),
            None => {}
        }
        let release = !self.quick;
        build(&["cuadrilla-server", "crew-cli"], release)?;
        let orders = if self.quick { 300 } else { self.orders };
        let (own, others) = if self.quick { (5, 20) } else { (OWN_VISITS, OTHER_VISITS) };
        let mut stage = Stage::open("bench", release)?;
        let result = measure(&mut stage, orders, own, others);
        stage.end_server()?;
        let rows = result?;
        let what =
            format!("{orders} orders; {own} visited by the device, {others} by others, 6 changes a visit");
        print_table(&what, &rows);
        Ok(())
    }
}

fn measure(stage: &mut Stage, orders: usize, own: usize, others: usize) -> anyhow::Result<Vec<Row>> {
    let code = stage.init()?;
    stage.serve()?;
    stage.enrol("admin", &code, "Administración")?;
    for (home, name) in [("one", "Despacho uno"), ("two", "Despacho dos")] {
        let code = stage.invite(&["--role", "dispatcher"])?;
        stage.enrol(home, &code, name)?;
        stage.crew_json(home, &["sync"])?;
    }
    let mut rows = Vec::new();
    let file = stage.path("orders.yaml");
    std::fs::write(&file, plan(orders)).context("cannot write the generated plan")?;
    stage.crew_json("one", &["import", &file])?;
    let pushed = timed(|| stage.crew_json("one", &["sync"]))?;
    rows.push(per_second("ingest of one device's import (entries/s)", &pushed.1["pushed"], pushed.0));
    stage.crew_json("two", &["sync"])?;
    let folios = folios(&stage.crew_json("one", &["order", "list"])?);
    anyhow::ensure!(folios.len() >= own + others, "the import made {} orders", folios.len());
    for (index, folio) in folios.iter().take(others).enumerate() {
        visit(stage, "one", folio, index)?;
    }
    stage.crew_json("one", &["sync"])?;
    for (index, folio) in folios.iter().skip(others).take(own).enumerate() {
        visit(stage, "two", folio, index)?;
    }
    rows.extend(reconnect(&stage.crew_json("two", &["sync"])?, own, others));
    rows.extend(commands(stage, &folios[0])?);
    stage.end_server()?;
    let data = stage.path("oficina");
    for (what, command, budget) in
        [("verify (entries/s)", "verify", 33_334.0), ("rebuild of the index (entries/s)", "rebuild", 8_334.0)]
    {
        let (took, answer) = timed(|| stage.call_json("cuadrilla-server", &[command, "--data", &data]))?;
        let rate = number(&answer["entries"]) / took.as_secs_f64();
        rows.push(row(what, format!(">= {budget:.0}"), format!("{rate:.0}"), Some(rate / budget)));
    }
    let (took, started) = timed(|| stage.serve())?;
    let () = started;
    rows.push(row("server start, good index (s)", "< 1".into(), format!("{:.2}", took.as_secs_f64()), None));
    Ok(rows)
}

/// Returns one visit: start, two readings, a material, a note, finish: six changes.
fn visit(stage: &Stage, home: &str, folio: &str, index: usize) -> anyhow::Result<()> {
    let flow = format!("{}.{}", 3 + index % 9, index % 10);
    let note = format!(
        "Visita {index}: se revisó el tramo {} y quedó {}",
        index * 7 % 53,
        ["bien", "con fuga leve", "pendiente"][index % 3]
    );
    let commands: [&[&str]; 6] = [
        &["order", "start", folio],
        &["order", "measure", folio, "flow", &flow, "L/s"],
        &["order", "measure", folio, "pressure", "210", "kPa"],
        &["order", "material", folio, "TUBO-PVC-2", "3", "m"],
        &["order", "note", folio, &note],
        &["order", "finish", folio],
    ];
    for command in commands {
        stage.crew_json(home, command)?;
    }
    Ok(())
}

fn plan(orders: usize) -> String {
    let mut text = String::from("localities:\n");
    for index in 0..50 {
        let _ = writeln!(
            text,
            "  - {{ name: Localidad {index}, lat: \"22.{index:02}\", lng: \"-103.{index:02}\" }}"
        );
    }
    text.push_str("orders:\n");
    for index in 0..orders {
        let _ = writeln!(
            text,
            "  - {{ key: o-{index}, kind: leak_repair, locality: Localidad {}, crew: C-01, title: Fuga {index} }}",
            index % 50
        );
    }
    text
}

fn folios(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|order| order["folio"].as_str())
        .map(String::from)
        .collect()
}

fn reconnect(answer: &Value, own: usize, others: usize) -> Vec<Row> {
    let bytes = number(&answer["bytes_up"]) + number(&answer["bytes_down"]);
    let trips = number(&answer["round_trips"]);
    let changes = 6 * (own + others);
    // The budget is for 1,500 changes; a smaller run is held to its share.
    let budget = 28.0 * 1024.0 * (f64::from(u32::try_from(changes).unwrap_or(u32::MAX)) / 1_500.0).max(0.1);
    vec![
        row("reconnect: round trips", "1".into(), format!("{trips:.0}"), Some(trips)),
        row(
            "reconnect: bytes up + down (bodies)",
            format!("<= {budget:.0}"),
            format!("{} + {}", answer["bytes_up"], answer["bytes_down"]),
            Some(bytes / budget),
        ),
        row("reconnect: bytes a change", "-".into(), format!("{:.1}", bytes / changes as f64), None),
    ]
}

fn commands(stage: &Stage, folio: &str) -> anyhow::Result<Vec<Row>> {
    let median = |args: &[&str]| -> anyhow::Result<f64> {
        let mut times = Vec::new();
        for _ in 0..REPEATS {
            times.push(timed(|| stage.crew_json("one", args))?.0.as_secs_f64() * 1_000.0);
        }
        times.sort_by(f64::total_cmp);
        Ok(times[REPEATS / 2])
    };
    let note = median(&["order", "note", folio, "Nota de medición: todo en orden"])?;
    let list = median(&["order", "list"])?;
    let millis = |what: &str, budget: f64, took: f64| {
        row(what, format!("< {budget} ms"), format!("{took:.1} ms"), Some(took / budget))
    };
    Ok(vec![
        millis("crew order note (whole process)", 50.0, note),
        millis("crew order list (whole process)", 100.0, list),
        row("calibration: 100 million additions", "-".into(), format!("{:.1} ms", calibrate()), None),
    ])
}

/// Returns a loop whose time tells how fast this machine is right now.
fn calibrate() -> f64 {
    let begun = Instant::now();
    let mut sum = 0_u64;
    for number in 0..100_000_000_u64 {
        sum = std::hint::black_box(sum.wrapping_add(number));
    }
    begun.elapsed().as_secs_f64() * 1_000.0
}

fn per_second(what: &str, count: &Value, took: Duration) -> Row {
    row(what, "-".into(), format!("{:.0}", number(count) / took.as_secs_f64()), None)
}

fn row(what: &str, budget: String, measured: String, ratio: Option<f64>) -> Row {
    Row { what: what.into(), budget, measured, ratio }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn timed<T>(act: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(Duration, T)> {
    let begun = Instant::now();
    let done = act()?;
    Ok((begun.elapsed(), done))
}

fn print_table(what: &str, rows: &[Row]) {
    println!("\n{what}\n");
    println!("{:<42} {:>14} {:>18} {:>9}", "budget of", "budget", "measured", "ratio");
    for row in rows {
        let ratio = row.ratio.map_or_else(|| "-".into(), |ratio| format!("{ratio:.2}"));
        println!("{:<42} {:>14} {:>18} {:>9}", row.what, row.budget, row.measured, ratio);
    }
}
