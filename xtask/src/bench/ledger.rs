//! `cargo xtask bench ledger`: the server's commands on a ledger of any size, without its index at first.

use anyhow::Context;

use super::{Row, number, print_table, row, timed};
use crate::demo::stage::Stage;
use crate::run::{cargo, run};

/// Budgets for 1,000,000 entries, held to the share of what is there: seconds to verify and to rebuild.
const VERIFY_BUDGET_S: f64 = 30.0;
const REBUILD_BUDGET_S: f64 = 120.0;
/// However large the ledger is.
const START_BUDGET_S: f64 = 1.0;
const STARTS: usize = 5;

/// Writes the ledger, measures, prints.
pub fn run_all(entries: u64) -> anyhow::Result<()> {
    let packages = ["build", "--release", "--package", "cuadrilla-server", "--package", "cuadrilla-benches"];
    run(cargo().args(packages))?;
    let mut stage = Stage::open("bench-ledger", true)?;
    let rows = measure(&mut stage, entries);
    stage.end_server()?;
    print_table(&format!("a ledger of {entries} entries, ten changes an order, forty devices"), &rows?);
    stage.remove()
}

fn measure(stage: &mut Stage, entries: u64) -> anyhow::Result<Vec<Row>> {
    let data = stage.path("oficina");
    let made = stage.call_json_plain("ledger", &["--entries", &entries.to_string(), "--data", &data])?;
    let entries = made.as_f64().context("the ledger has a count")?;
    let share = entries / 1e6;
    let mut rows = Vec::new();
    for (what, command, budget) in [
        ("verify (s)", "verify", VERIFY_BUDGET_S * share),
        ("rebuild of the index (s)", "rebuild", REBUILD_BUDGET_S * share),
    ] {
        let (took, answer) = timed(|| stage.call_json("cuadrilla-server", &[command, "--data", &data]))?;
        anyhow::ensure!((number(&answer["entries"]) - entries).abs() < 0.5, "{command} saw {answer}");
        let took = took.as_secs_f64();
        rows.push(row(what, format!("<= {budget:.1}"), format!("{took:.1}"), Some(took / budget)));
        rows.push(row("  entries/s", "-".into(), format!("{:.0}", entries / took), None));
        if command == "rebuild" {
            let an_entry = |count: &serde_json::Value| format!("{:.2}", number(count) / entries);
            rows.push(row("  keys written (an entry)", "-".into(), an_entry(&answer["index_rows"]), None));
            rows.push(row("  bytes of keys and values", "-".into(), an_entry(&answer["index_bytes"]), None));
        }
    }
    let counted = stage.call_json_plain("ledger", &["--count", "--data", &data])?;
    let an_entry = |count: &serde_json::Value| format!("{:.2}", number(count) / entries);
    rows.push(row("keys in the index (an entry)", "-".into(), an_entry(&counted["rows"]), None));
    rows.push(row("  bytes of keys and values", "-".into(), an_entry(&counted["bytes"]), None));
    let mut starts = Vec::new();
    let mut memory = 0.0;
    for _ in 0..STARTS {
        starts.push(timed(|| stage.serve())?.0.as_secs_f64());
        memory = stage.server_memory_mb()?;
        stage.end_server()?;
    }
    starts.sort_by(f64::total_cmp);
    let start = starts[STARTS / 2];
    rows.push(row(
        "server start, good index (s)",
        "< 1".into(),
        format!("{start:.2}"),
        Some(start / START_BUDGET_S),
    ));
    rows.push(row("server memory after the start (MB)", "-".into(), format!("{memory:.1}"), None));
    for (what, folder) in
        [("ledger on disk (bytes/entry)", "ledger"), ("index on disk (bytes/entry)", "index")]
    {
        let bytes = folder_bytes(&std::path::Path::new(&data).join(folder))?;
        rows.push(row(what, "-".into(), format!("{:.0}", bytes as f64 / entries), None));
    }
    Ok(rows)
}

fn folder_bytes(folder: &std::path::Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { folder_bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
