//! Measures imports by the processor's time and by the rows that are read: an order takes the same, however many there
//! are.
//!
//! `cargo xtask bench import`
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use anyhow::ensure;
use clap::Parser;
use cuadrilla_benches::journal::{begun, keep};
use cuadrilla_benches::orders::{moment, rules};
use cuadrilla_benches::processor_s;
use serde_json::{Value, json};
use sync_core::replica::{ImportFile, Replica};
use sync_core::rows::CountedRows;
use sync_core::source::{self, Form};

/// What to measure.
#[derive(Parser)]
struct Args {
    /// Orders of each import
    #[arg(long, value_delimiter = ',', default_values_t = [5_000, 20_000, 50_000])]
    orders: Vec<usize>,
    /// Localities that they name
    #[arg(long, default_value_t = 5_000)]
    localities: usize,
}

/// The budget for 50,000 orders, in seconds of the processor.
const BUDGET_S: f64 = 180.0;
const BUDGET_ORDERS: f64 = 50_000.0;
/// Assets of the import by key, and orders after it.
const ASSETS: usize = 20_000;
const LATER_ORDERS: usize = 2_000;

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let rules = rules()?;
    println!(
        "{:<58} {:>10} {:>12} {:>10} {:>8}",
        "import", "processor s", "ms an item", "rows/item", "ratio"
    );
    for count in &args.orders {
        let what = format!("{count} orders, {} localities by name", args.localities);
        measure(&rules, &what, &[by_name(*count, args.localities)])?;
    }
    let keys = json!({"localities": localities(5_000), "assets": assets()});
    let what = format!("5000 localities, {ASSETS} assets by key");
    measure(&rules, &what, std::slice::from_ref(&keys))?;
    let orders: Vec<Value> = (0..LATER_ORDERS).map(|number| order(number, 5_000)).collect();
    measure(
        &rules,
        &format!("  then {LATER_ORDERS} orders, a locality by name"),
        &[keys, json!({"orders": orders})],
    )
}

/// Imports the files one after the other; the last one is measured.
fn measure(rules: &[(String, String)], what: &str, files: &[Value]) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let mut store = begun(&scratch.path().join("journal"))?;
    for (index, file) in files.iter().enumerate() {
        let text = file.to_string();
        let started = processor_s();
        let items: usize =
            file.as_object().into_iter().flatten().map(|(_, list)| list.as_array().map_or(0, Vec::len)).sum();
        let file = ImportFile::try_from(source::read(&text, Form::Json)?)
            .map_err(|wrong| anyhow::anyhow!("{wrong}"))?;
        let (rows, lines, end) = (store.rows(), store.lines(), store.end());
        let counting = CountedRows::new(&rows);
        let mut replica = Replica::open(&counting, &lines, end, rules, moment(u8::try_from(index + 1)?))?;
        let counts = replica.import(&file)?;
        ensure!(counts.unchanged + counts.updated == 0, "everything is new: {counts:?}");
        let written = replica.finish();
        keep(&mut store, &written.lines)?;
        let (used, read) = (processor_s() - started, counting.rows_read());
        if index + 1 == files.len() {
            #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
            let (count, read) = (items as f64, read as f64);
            let ratio = used / (BUDGET_S * count / BUDGET_ORDERS);
            println!(
                "{what:<58} {used:>10.1} {:>12.3} {:>10.1} {ratio:>8.3}",
                used * 1_000.0 / count,
                read / count
            );
        }
    }
    Ok(())
}

fn by_name(orders: usize, places: usize) -> Value {
    let orders: Vec<Value> = (0..orders).map(|number| order(number, places)).collect();
    json!({"localities": localities(places), "orders": orders})
}

fn localities(count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| json!({"key": format!("loc-{number}"), "name": format!("Rancho {number}"), "aliases": [format!("R {number}")]}))
        .collect()
}

fn assets() -> Vec<Value> {
    let asset = |number: usize| {
        json!({"key": format!("tq-{number}"), "type": "tank", "name": format!("Tanque {number}"),
               "locality": format!("loc-{}", number % 5_000)})
    };
    (0..ASSETS).map(asset).collect()
}

fn order(number: usize, places: usize) -> Value {
    json!({"key": format!("o-{number}"), "kind": "fuga", "locality": format!("rancho {}", number % places),
           "title": format!("Fuga {number}"), "due": "2026-12-01"})
}
