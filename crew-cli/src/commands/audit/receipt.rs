//! `crew audit receipt FOLIO`: a file that proves one order to a third party without us. What it needs of the entries
//! stands in this device's journal, if it sees everything, or in a ledger's folder; the places in the log come by tiles.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use store_disk::Ledger;
use sync_core::crypto::SecretKey;
use sync_core::hub::fold_line;
use sync_core::id::Hash;
use sync_core::log::checkpoint::Signed;
use sync_core::log::line::Line;
use sync_core::log::merkle;
use sync_core::log::proof_file::{About, CollectError, Collector, ProofFile};
use sync_core::record::schema::RecordKind;
use sync_core::rows::{MemoryRows, Overlay, read};
use sync_core::rules::Rules;
use sync_core::state::keyspace;
use sync_core::state::summary::ListRow;

use super::checkpoint::newest;
use super::verify::known;
use crate::context::Context;
use crate::error::{CliError, exit};
use crate::files;
use crate::log::{self, LogHost};
use crate::output::Report;
use words::say;

/// Lines folded before their rows are moved from the overlay.
const STEP: u64 = 1_000;

/// Arguments of `audit receipt`.
#[derive(Debug, Args)]
pub struct ReceiptArgs {
    /// The order, by folio
    pub folio: String,
    /// Write it to this file (otherwise to the screen)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The server, or a static copy, to read the log from (otherwise the one this device is enrolled with)
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    pub from: Option<String>,
    /// Make it from the ledger in this folder, without the network
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The checkpoint to prove to, cosigned perhaps (otherwise the newest)
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Key of the log (otherwise the one this device pinned when it enrolled)
    #[arg(long, value_name = "KEY")]
    pub log_verifier: Option<String>,
}

#[derive(Serialize)]
struct Made {
    folio: String,
    entries: u64,
    root: Hash,
    changes: usize,
    bytes: usize,
    file: Option<String>,
}

/// Writes the proof file.
///
/// # Errors
/// No such order; this device does not see everything; integrity, if what it knows is not in the log.
pub fn run(cx: &Context, args: &ReceiptArgs) -> Result<Report, CliError> {
    let key = log::verifier(cx, args.log_verifier.as_deref())?;
    let (file, signed) = match &args.data {
        Some(folder) => from_folder(cx, args, folder, &key)?,
        None => from_journal(cx, args, &key)?,
    };
    // The receiver will check it; so it is checked before it is given out.
    file.check(&key).map_err(|error| not_in_the_log(&error.to_string()))?;
    let mut bytes = serde_json::to_vec_pretty(&file).map_err(|error| not_in_the_log(&error.to_string()))?;
    bytes.push(b'\n');
    let made = Made {
        folio: file.folio.clone(),
        entries: signed.anchor.size,
        root: signed.anchor.root,
        changes: file.changes.len(),
        bytes: bytes.len(),
        file: args.out.as_ref().map(|path| path.display().to_string()),
    };
    let Some(path) = &args.out else {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return Report::new(&file, text);
    };
    files::write_whole(path, &bytes, 0o644).map_err(|error| CliError::file(path, &error))?;
    let (folio, changes, entries, shown) = (&made.folio, made.changes, made.entries, path.display());
    let text = say!("receipt-made", folio, changes, entries, shown);
    Report::new(&made, format!("{}\n", text.of(cx.screen.lang)))
}

fn from_journal(cx: &Context, args: &ReceiptArgs, key: &str) -> Result<(ProofFile, Signed), CliError> {
    let (record, identity) =
        cx.read(|replica| Ok((replica.view().find_order(&args.folio)?, replica.identity()?.clone())))?;
    if !identity.role.sees_everything() {
        return Err(sees_too_little());
    }
    let known = known::of_device(cx)?.ok_or_else(sees_too_little)?;
    let device_key = SecretKey::of_name(&cx.seed()?, &identity.salts);
    let host = LogHost::new(cx, args.from.as_deref().unwrap_or(&identity.url))?;
    let newest = host.checkpoint(key)?;
    let state = host.state(newest.anchor)?;
    let signed = match &args.checkpoint {
        Some(path) => log::kept(path, key)?,
        None => newest,
    };
    let size = signed.anchor.size;
    if !state.begins_with(&signed.anchor).map_err(|error| host.failed(error))? {
        return Err(log::inconsistent(say!("receipt-log-split", size)));
    }
    let mut collector = Collector::new(record, size, Some((identity.device, &device_key)));
    let reader = Ledger::open_read_only(&cx.home.store())?.reader;
    reader.read_range(1, reader.end(), &mut |_, bytes| {
        if let Ok(Line::Entry { chained, .. }) = Line::from_bytes(bytes) {
            collector.take(known.receipt(&chained), &chained);
        }
        true
    })?;
    let about = about(identity.municipality, args, key, &signed);
    let file = collector
        .finish(about, &mut |seq| state.prove_inclusion(size, seq).map_err(|error| host.failed(error)))
        .map_err(uncollected)?;
    Ok((file, signed))
}

fn from_folder(
    cx: &Context,
    args: &ReceiptArgs,
    folder: &Path,
    key: &str,
) -> Result<(ProofFile, Signed), CliError> {
    let signed = match &args.checkpoint {
        Some(path) => log::kept(path, key)?,
        None => newest(cx, key)?,
    };
    let reader = Ledger::open_read_only(folder)?.reader;
    let (rows, mut rules, mut from) = (&mut MemoryRows::default(), Rules::default(), 1);
    while from < reader.end() {
        let mut overlay = Overlay::new(rows);
        let mut failed = None;
        reader.read_range(from, from + STEP, &mut |seq, line| {
            failed = fold_line(&mut rules, &mut overlay, seq, line).err();
            failed.is_none()
        })?;
        if let Some(error) = failed {
            return Err(not_in_the_log(&error.0));
        }
        let batch = overlay.batch;
        rows.apply(batch);
        from += STEP;
    }
    let size = signed.anchor.size;
    if size >= reader.end() || merkle::root(rows, size)? != signed.anchor.root {
        return Err(not_in_the_log("the ledger in that folder is not the one that the checkpoint signs"));
    }
    let folio = args.folio.trim().to_uppercase();
    let listed: Option<ListRow> = read(rows, &keyspace::name(RecordKind::Order, &folio))?;
    let record = listed.ok_or_else(|| unknown(&folio))?.record;
    let mut collector = Collector::new(record, size, None);
    let mut municipality = 0;
    reader.read_range(1, reader.end(), &mut |_, bytes| {
        if let Ok(Line::Entry { receipt, chained }) = Line::from_bytes(bytes) {
            municipality = municipality.max(chained.entry.header.municipality);
            collector.take(receipt.as_ref(), &chained);
        }
        true
    })?;
    let file = collector
        .finish(about(municipality, args, key, &signed), &mut |seq| {
            merkle::prove_inclusion(rows, size, seq).map_err(CliError::from)
        })
        .map_err(uncollected)?;
    Ok((file, signed))
}

fn about(municipality: u32, args: &ReceiptArgs, key: &str, signed: &Signed) -> About {
    About {
        municipality,
        folio: args.folio.trim().to_uppercase(),
        log_verifier: key.to_owned(),
        checkpoint: signed.note.clone(),
    }
}

fn unknown(folio: &str) -> CliError {
    CliError::new(exit::OTHER, "unknown", say!("receipt-no-order", folio), say!("receipt-no-order-hint"))
}

fn sees_too_little() -> CliError {
    CliError::new(
        exit::RULE,
        "sees_too_little",
        say!("receipt-not-everything"),
        say!("receipt-not-everything-hint"),
    )
}

fn uncollected(error: CollectError<CliError>) -> CliError {
    match error {
        CollectError::Proof(error) => error,
        CollectError::Nothing => CliError::new(
            exit::OTHER,
            "not_in_the_log",
            say!("receipt-not-in-log"),
            say!("receipt-not-in-log-hint"),
        ),
        CollectError::Unsigned(device) | CollectError::NoKey(device) => CliError::new(
            exit::OTHER,
            "chain_unknown",
            say!("receipt-chain-missing", device = device.to_string()),
            say!("receipt-chain-missing-hint"),
        ),
    }
}

fn not_in_the_log(detail: &str) -> CliError {
    CliError::new(
        exit::INTEGRITY,
        "not_in_the_log",
        say!("receipt-other-log", detail),
        say!("receipt-other-log-hint"),
    )
}
