//! `crew audit verify`: proves what there is to prove. Without arguments this device's journal; with `--from` a server's
//! log against what was kept of it; with `--data` a whole ledger, offline.

mod folder;
mod journal;
pub mod known;
pub mod parting;
pub mod remote;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use sync_core::id::Hash;
use sync_core::log::checkpoint::Signed;
use sync_core::log::checkpoint::cosign::verify_cosignature;
use sync_core::log::entry::Anchor;

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::log;
use crate::output::Report;
use known::Known;
use parting::{Compared, Parting, Past};
use words::say;

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Check the log of this server, or of a static copy of it
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    pub from: Option<String>,
    /// Check the ledger in this folder, without the network
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A checkpoint kept earlier: what is checked must go on from it
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Key of the log (otherwise the one this device pinned when it enrolled)
    #[arg(long, value_name = "KEY")]
    pub log_verifier: Option<String>,
    /// Require the cosignature of this witness on the kept checkpoint; may be repeated
    #[arg(long, value_name = "KEY", requires = "checkpoint")]
    pub witness: Vec<String>,
    /// Refuse a cosignature that is older than this many days
    #[arg(long, value_name = "DAYS", requires = "witness")]
    pub witness_age_max: Option<u32>,
}

const DAY_MS: i64 = 86_400_000;

/// A witness's word on the kept checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Witnessed {
    /// The witness's name.
    name: String,
    /// When it cosigned.
    at: String,
}

/// What was kept, and who cosigned it.
struct Kept {
    signed: Signed,
    witnesses: Vec<Witnessed>,
}

/// What was proven about a log.
#[derive(Debug, Serialize)]
struct Proven {
    /// Entries in it.
    entries: u64,
    /// Its root.
    root: Hash,
    /// It goes on from everything that was kept or seen of it.
    consistent: bool,
    /// Size of the kept checkpoint.
    checkpoint_size: Option<u64>,
    /// Who cosigned that.
    witnesses: Vec<Witnessed>,
    /// Checkpoints this device was shown and that were compared.
    seen_checkpoints: u64,
    /// Entries whose places and verdicts this device knows and that were compared.
    known_entries: u64,
    /// Where the pasts part, if they do: the first number that differs is one of these.
    parted: Option<Parting>,
}

/// Proves what the arguments ask for.
///
/// # Errors
/// Integrity, with the first thing that does not hold; connection; usage.
pub fn run(cx: &Context, args: &VerifyArgs) -> Result<Report, CliError> {
    if args.from.is_none() && args.data.is_none() {
        if args.checkpoint.is_some() || args.log_verifier.is_some() {
            return Err(CliError::usage(
                say!("verify-nothing-to-compare"),
                say!("verify-nothing-to-compare-hint"),
            ));
        }
        return journal::run(cx);
    }
    let known = known::of_device(cx)?;
    let key = log::verifier(cx, args.log_verifier.as_deref())?;
    // What this device saw of another log says nothing about this one.
    let known = known.filter(|known| known.log_verifier == key);
    let kept = args
        .checkpoint
        .as_ref()
        .map(|path| kept(path, &key, &args.witness, args.witness_age_max))
        .transpose()?;
    match (&args.from, &args.data) {
        (Some(url), _) => remote::run(cx, url, &key, kept, known.as_ref()),
        (None, Some(folder)) => folder::run(cx, folder, &key, kept, known.as_ref()),
        (None, None) => journal::run(cx),
    }
}

fn kept(
    path: &std::path::Path,
    key: &str,
    witnesses: &[String],
    days_max: Option<u32>,
) -> Result<Kept, CliError> {
    let now_ms = crate::clock::now_ms()?;
    let signed = log::kept(path, key)?;
    let witnessed = |witness: &String| {
        let name = witness.split('+').next().unwrap_or_default().to_owned();
        match verify_cosignature(&signed.note, witness) {
            Ok(time_s) => {
                let at = i64::try_from(time_s).unwrap_or(i64::MAX).saturating_mul(1_000);
                let days = now_ms.saturating_sub(at) / DAY_MS;
                if let Some(max) = days_max.filter(|max| days > i64::from(*max)) {
                    return Err(CliError::new(
                        exit::INTEGRITY,
                        "cosignature_old",
                        say!("verify-cosignature-old", name, days, max),
                        say!("verify-cosignature-old-hint"),
                    ));
                }
                Ok(Witnessed { name, at: sync_core::time::rfc3339(at) })
            }
            Err(detail) => Err(CliError::new(
                exit::INTEGRITY,
                "no_cosignature",
                say!("verify-no-cosignature", name, detail),
                say!("verify-no-cosignature-hint"),
            )),
        }
    };
    let witnesses = witnesses.iter().map(witnessed).collect::<Result<Vec<_>, _>>()?;
    Ok(Kept { signed, witnesses })
}

/// Holds a past to what was kept of it and to what this device knows.
fn hold(
    cx: &Context,
    past: &dyn Past,
    root: Hash,
    kept: Option<Kept>,
    known: Option<&Known>,
) -> Result<Report, CliError> {
    let mut compared = Compared::default();
    if let Some(Kept { signed, .. }) = &kept
        && !parting::begins_with(past, &signed.anchor)?
    {
        compared.bad = Some((signed.anchor, parting::find(past, &signed.anchor, known)?));
    }
    if let (None, Some(known)) = (&compared.bad, known) {
        compared = parting::against_known(past, known)?;
    }
    let proven = Proven {
        entries: past.size(),
        root,
        consistent: true,
        checkpoint_size: kept.as_ref().map(|kept| kept.signed.anchor.size),
        witnesses: kept.map(|kept| kept.witnesses).unwrap_or_default(),
        seen_checkpoints: compared.checkpoints,
        known_entries: compared.leaves,
        parted: None,
    };
    report(cx, proven, compared.bad)
}

/// The report of a log that goes on from what was kept, or of one that does not.
fn report(cx: &Context, mut proven: Proven, bad: Option<(Anchor, Parting)>) -> Result<Report, CliError> {
    let (entries, known) = (proven.entries, proven.known_entries);
    let Some((old, parting)) = bad else {
        let mut text = match proven.checkpoint_size {
            Some(size) => say!("verify-log-extends", entries, size),
            None => {
                say!("verify-log-holds", entries)
            }
        };
        if known > 0 {
            text = say!("verify-log-as-seen", holds = text, seen = proven.seen_checkpoints, known);
        }
        return Report::new(&proven, format!("{}\n", text.of(cx.screen.lang)));
    };
    proven.consistent = false;
    let was = old.size;
    let place = parting.words();
    let message = if entries < was {
        say!("verify-log-shorter", entries, was, place)
    } else {
        say!("verify-log-split", entries, was, place)
    };
    proven.parted = Some(parting);
    let mut report = Report::new(&proven, String::new())?;
    report.failure = Some(log::inconsistent(message));
    Ok(report)
}
