//! `sweep-photos`: deletes the bytes that no entry names and that nobody goes on bringing. Nothing that an entry names goes,
//! whether the entry counts, is held, or was dismissed: evidence goes by an erasure only.

use std::time::SystemTime;

use blobs::sweep::{Kept, ORPHAN_DAYS, PARTIAL_DAYS, PARTIAL_IDLE, orphans};
use blobs::{Store, StoreError};
use serde_json::json;
use sync_core::id::Hash;
use sync_core::log::line::Lines;
use sync_core::rows::Rows;

use super::Report;
use crate::cli::SweepPhotos;
use crate::config::LogFormat;
use crate::evidence::places;
use crate::failure::Failure;
use crate::{logging, start};
use words::say;

/// What was found in the store.
#[derive(Debug, Default)]
struct Found {
    orphans: Vec<Hash>,
    orphan_bytes: u64,
    /// Those that stay: an entry names them, or they are young.
    kept: u64,
}

/// The server must be stopped: an upload that ends in the middle of a sweep would not be seen.
pub(super) fn run(args: &SweepPhotos) -> Result<Report, Failure> {
    logging::start(LogFormat::Text);
    let data = &args.data.data;
    start::require(data)?;
    let (mut ledger, _) = store_disk::open(data, &start::options(false))?;
    start::catch_up(&mut ledger)?;
    let (store, spool) = places(data, &args.blobs).map_err(|error| unreached(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io(&say!("server-photos"), &error))?;
    let now = SystemTime::now();
    let found = runtime.block_on(find(&store, &ledger.rows(), &ledger.lines(), now))?;
    if args.delete {
        let gone = async {
            for blob in &found.orphans {
                store.delete(blob).await?;
            }
            Ok(())
        };
        runtime.block_on(gone).map_err(|error: StoreError| unreached(&error))?;
    }
    let partials = spool.sweep(now, PARTIAL_IDLE, !args.delete);
    let partials = partials.map_err(|error| Failure::io(&say!("server-photos"), &error))?;
    ledger.close()?;
    let orphans = found.orphans.len() as u64;
    let json = json!({
        "orphans": orphans,
        "orphan_bytes": found.orphan_bytes,
        "partials": partials.partials,
        "partial_bytes": partials.bytes,
        "kept": found.kept,
        "deleted": args.delete,
    });
    let counted = |count: u64, bytes: u64| format!("{count} ({} kB)", bytes.div_ceil(1_000));
    let done = if args.delete { say!("server-photos-deleted") } else { say!("server-photos-rehearsal") };
    let rows = [
        (say!("server-photos-orphans", days = ORPHAN_DAYS), counted(orphans, found.orphan_bytes)),
        (say!("server-photos-partials", days = PARTIAL_DAYS), counted(partials.partials, partials.bytes)),
        (say!("server-photos-kept"), found.kept.to_string()),
        (done, String::new()),
    ];
    Ok(Report::table(json, &rows))
}

async fn find(store: &Store, rows: &dyn Rows, lines: &dyn Lines, now: SystemTime) -> Result<Found, Failure> {
    let mut all = Vec::new();
    let visit = |blob, bytes, at_ms| all.push(Kept { blob, bytes, at_ms });
    store.each(visit).await.map_err(|error| unreached(&error))?;
    let now_ms = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let now_ms = i64::try_from(now_ms).unwrap_or(i64::MAX);
    let orphans = orphans(rows, lines, &all, now_ms).map_err(|error| Failure::rows(&error))?;
    Ok(Found {
        kept: (all.len() - orphans.len()) as u64,
        orphan_bytes: orphans.iter().map(|kept| kept.bytes).sum(),
        orphans: orphans.iter().map(|kept| kept.blob).collect(),
    })
}

fn unreached(error: &StoreError) -> Failure {
    let detail = error.to_string();
    Failure::other("photos", say!("server-photos-unreached", detail), say!("server-photos-unreached-hint"))
}
