//! `crew blob …`: the bytes of photos and signatures: where they are, getting one, letting go of copies, erasing.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;
use sync_core::id::Hash;
use sync_core::log::act::Erasure;
use words::say;

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::evidence::BlobFiles;
use crate::exchange;
use crate::files;
use crate::output::Report;

/// Commands on blobs.
#[derive(Debug, Subcommand)]
pub enum BlobCommand {
    /// How many are here, are to be sent, and are with the office
    Status,
    /// Get a photo's bytes: from this device, or from the office
    Get(GetArgs),
    /// Delete the copies here of what the office has
    Free,
    /// Erase a photo everywhere; that it was there stays in the history
    Erase(EraseArgs),
}

/// Arguments of `blob get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// The photo's name, 64 hexadecimal digits
    pub sha256: String,
    /// Where to write it
    pub file: PathBuf,
}

/// Arguments of `blob erase`.
#[derive(Debug, Args)]
pub struct EraseArgs {
    /// The order's folio
    pub folio: String,
    /// The number of the photo, as the order shows it
    pub item: String,
    /// Why: asked, bystander, mistaken or ordered
    #[arg(long, value_name = "CODE", value_parser = PossibleValuesParser::new(Erasure::ALL.map(Erasure::key)))]
    pub reason: String,
}

/// Counts of blobs and their bytes.
#[derive(Debug, Default, Serialize)]
struct Counts {
    here: u64,
    here_bytes: u64,
    to_send: u64,
    to_send_bytes: u64,
    missing_here: u64,
    at_office: u64,
}

/// Runs `crew blob …`.
///
/// # Errors
/// Usage, if there is no such photo; connection; rule, if the role may not.
pub fn run(cx: &Context, command: &BlobCommand) -> Result<Report, CliError> {
    match command {
        BlobCommand::Status => status(cx),
        BlobCommand::Get(args) => get(cx, args),
        BlobCommand::Free => free(cx),
        BlobCommand::Erase(args) => erase(cx, args),
    }
}

fn status(cx: &Context) -> Result<Report, CliError> {
    let kept = BlobFiles::of(cx.home.folder());
    let here = kept.all()?;
    let (to_bring, at_office) =
        cx.read(|replica| Ok((replica.to_bring(true)?, replica.to_free(&here)?.len() as u64)))?;
    let mut counts = Counts { here: here.len() as u64, at_office, ..Counts::default() };
    for sha256 in &here {
        counts.here_bytes += kept.read(sha256)?.map_or(0, |bytes| bytes.len() as u64);
    }
    for blob in &to_bring {
        if kept.has(&blob.sha256) {
            counts.to_send += 1;
            counts.to_send_bytes += blob.bytes;
        } else {
            counts.missing_here += 1;
        }
    }
    let Counts { here, to_send, missing_here, at_office, .. } = counts;
    let kb = |bytes: u64| bytes.div_ceil(1_000);
    let mut said = vec![
        say!("blob-here", count = here, kb = kb(counts.here_bytes)),
        say!("blob-to-send", count = to_send, kb = kb(counts.to_send_bytes)),
        say!("blob-at-office", count = at_office),
    ];
    if missing_here > 0 {
        said.push(say!("blob-missing-here", count = missing_here));
    }
    let text: String = said.iter().map(|text| format!("{}\n", text.of(cx.screen.lang))).collect();
    Report::new(&counts, text)
}

fn get(cx: &Context, args: &GetArgs) -> Result<Report, CliError> {
    let sha256: Hash =
        args.sha256.trim().to_lowercase().parse().map_err(|_| {
            CliError::usage(say!("blob-no-name", name = &args.sha256), say!("blob-no-name-hint"))
        })?;
    let here = BlobFiles::of(cx.home.folder()).read(&sha256)?;
    let bytes = match here {
        Some(bytes) => bytes,
        None => exchange::fetch_blobs(cx, &[sha256])?.remove(&sha256).ok_or_else(|| {
            CliError::new(exit::OTHER, "no_such_blob", say!("blob-not-there"), say!("blob-not-there-hint"))
        })?,
    };
    files::write_whole(&args.file, &bytes, 0o600).map_err(|error| CliError::file(&args.file, &error))?;
    let path = args.file.display().to_string();
    let text = say!("blob-written", path = &path, kb = bytes.len().div_ceil(1_000)).of(cx.screen.lang);
    Report::new(
        &json!({ "sha256": sha256.to_string(), "bytes": bytes.len(), "file": path }),
        format!("{text}\n"),
    )
}

fn free(cx: &Context) -> Result<Report, CliError> {
    let kept = BlobFiles::of(cx.home.folder());
    let here = kept.all()?;
    let free = cx.read(|replica| Ok(replica.to_free(&here)?))?;
    for sha256 in &free {
        kept.delete(sha256)?;
    }
    let count = free.len() as u64;
    Report::new(&json!({ "freed": count }), format!("{}\n", say!("blob-freed", count).of(cx.screen.lang)))
}

fn erase(cx: &Context, args: &EraseArgs) -> Result<Report, CliError> {
    let reason = Erasure::ALL.into_iter().find(|reason| reason.key() == args.reason);
    let reason = reason.ok_or_else(|| {
        CliError::usage(say!("blob-no-reason", reason = &args.reason), say!("blob-no-reason-hint"))
    })?;
    let erased = cx.write(|replica| Ok(replica.erase_photo(&args.folio, &args.item, reason)?))?;
    let kept = BlobFiles::of(cx.home.folder());
    for sha256 in &erased {
        kept.erase(sha256)?;
    }
    let said = say!("blob-erased", item = &args.item).of(cx.screen.lang);
    let names: Vec<String> = erased.iter().map(ToString::to_string).collect();
    let text = format!("{}: {said}\n{}\n", args.folio, cx.saved());
    Report::new(&json!({ "folio": args.folio, "erased": names }), text)
}
