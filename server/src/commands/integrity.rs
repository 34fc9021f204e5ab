//! `verify` and `rebuild`: proving the ledger, and remaking what is derived from it.

use std::time::Instant;

use serde_json::{Value, json};
use store::StoreError;
use store_disk::Ledger;
use sync_core::log::verify::{Bad, Proven, TimeDoubts, Verifier};

use super::{Report, integrity};
use crate::cli::Data;
use crate::config::LogFormat;
use crate::failure::Failure;
use crate::{logging, start};
use words::say;

/// Reads the ledger only, and changes nothing: it may be run while the server serves.
pub(super) fn verify(args: &Data) -> Result<Report, Failure> {
    start::require(&args.data)?;
    let ledger = match Ledger::open_read_only(&args.data) {
        Ok(ledger) => ledger,
        Err(StoreError::Corrupt { seq, path, offset, detail }) => {
            let detail = format!("{} @ {offset}: {detail}", path.display());
            return Ok(report(seq - 1, None, &Err(Bad { seq, detail }), 0));
        }
        Err(error) => return Err(error.into()),
    };
    let mut verifier = Verifier::default();
    let mut bad = None;
    let read = ledger.reader.read_range(1, ledger.reader.end(), &mut |seq, line| {
        bad = verifier.take(seq, line).err();
        bad.is_none()
    });
    match read {
        Err(StoreError::Corrupt { seq, detail, .. }) => bad = bad.or(Some(Bad { seq, detail })),
        other => other?,
    }
    let (entries, devices) = (verifier.entries(), verifier.devices());
    let proven = match bad {
        Some(bad) => Err(bad),
        None => verifier.finish(),
    };
    Ok(report(entries, Some(devices), &proven, ledger.tail_bytes_ignored))
}

/// Records whose devices say they had seen another past, and the first of them.
fn doubted(proven: &Result<Proven, Bad>) -> Option<String> {
    let proven = proven.as_ref().ok()?;
    Some(match proven.first_doubt {
        Some(first) => format!("{} (n.º {first})", proven.doubts),
        None => "0".into(),
    })
}

/// Receipts whose times contradict what their entries had seen, and the first of them.
fn contradicted(times: &TimeDoubts) -> String {
    match times.first_contradiction {
        Some(first) => format!("{} (n.º {first})", times.contradictions),
        None => "0".into(),
    }
}

fn report(entries: u64, devices: Option<u64>, proven: &Result<Proven, Bad>, tail_bytes: u64) -> Report {
    let root = proven.as_ref().ok().map(|proven| proven.root.to_string());
    let bad = proven.as_ref().err();
    let times = proven.as_ref().ok().map(|proven| &proven.times);
    let json = json!({
        "entries": entries,
        "devices": devices,
        "root": root,
        "first_bad": bad.map(|bad| bad.seq),
        "detail": bad.map(|bad| bad.detail.clone()),
        "tail_bytes_ignored": tail_bytes,
        "doubts": proven.as_ref().ok().map(|proven| proven.doubts),
        "first_doubt": proven.as_ref().ok().and_then(|proven| proven.first_doubt),
        "time_contradictions": times.map(|times| times.contradictions),
        "first_time_contradiction": times.and_then(|times| times.first_contradiction),
        "early_claims": times.map(|times| times.early),
        "early_devices": times.map(|times| times.early_devices),
    });
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let rows = [
        (say!("server-entries"), entries.to_string()),
        (say!("server-devices"), or_none(devices.map(|count| count.to_string()))),
        (say!("server-root"), or_none(root)),
        (say!("server-other-history"), or_none(doubted(proven))),
        (say!("server-times"), or_none(times.map(contradicted))),
        (say!("server-first-bad"), or_none(bad.map(|bad| bad.seq.to_string()))),
    ];
    // A record that was never whole looks like one that was damaged: a person must see it, and may know which it is.
    let tail = (say!("server-tail"), tail_bytes.to_string());
    let rows: Vec<_> = rows.into_iter().chain((tail_bytes > 0).then_some(tail)).collect();
    let mut report = Report::table(json, &rows);
    report.failure = bad.map(|bad| integrity(bad.seq, &bad.detail));
    report
}

pub(super) fn rebuild(args: &Data) -> Result<Report, Failure> {
    logging::start(LogFormat::Text);
    start::require(&args.data)?;
    let started = Instant::now();
    let (mut store, _) = store_disk::open(&args.data, &start::options(false))?;
    store.rebuild()?;
    let entries = start::catch_up(&mut store)?;
    let stats = store.stats();
    store.close()?;
    let seconds = started.elapsed().as_secs_f64();
    let json = json!({
        "entries": entries,
        "seconds": Value::from((seconds * 1000.0).round() / 1000.0),
        "index_rows": stats.rows_written,
        "index_bytes": stats.row_bytes_written,
    });
    let rows =
        [(say!("server-entries"), entries.to_string()), (say!("server-seconds"), format!("{seconds:.1}"))];
    Ok(Report::table(json, &rows))
}
