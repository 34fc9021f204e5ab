//! `crew audit checkpoint`: keeps the newest checkpoint this device was shown, or a server's. A person who keeps one can hold
//! the log to it for ever.

mod compare;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use sync_core::id::Hash;
use sync_core::log::checkpoint::{self, Signed};

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::files;
use crate::log::{self, LogHost};
use crate::output::Report;
use crate::qr;
use words::say;

/// Arguments of `audit checkpoint`.
#[derive(Debug, Args)]
pub struct CheckpointArgs {
    /// Ask this server, or a static copy (otherwise: the newest this device was shown)
    #[arg(long, value_name = "URL")]
    pub from: Option<String>,
    /// The two checkpoints of the newest parting that this device noticed: FILE.kept and FILE.shown
    #[arg(long, conflicts_with = "from", requires = "out")]
    pub parted: bool,
    /// Draw it as a QR, with a short form to read aloud
    #[arg(long)]
    pub qr: bool,
    /// Compare with what another person shows or reads aloud: the text, its file, or the short form
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["from", "parted", "out", "qr"])]
    pub compare: Option<String>,
    /// Write it to this file (otherwise to the screen)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Key of the log (otherwise the one this device pinned when it enrolled)
    #[arg(long, value_name = "KEY")]
    pub log_verifier: Option<String>,
}

#[derive(Serialize)]
struct Kept<'k> {
    entries: u64,
    root: Hash,
    log: &'k str,
    checkpoint: &'k str,
}

/// Keeps a checkpoint.
///
/// # Errors
/// Connection; integrity, if it is not the log's; as the disk answers.
pub fn run(cx: &Context, args: &CheckpointArgs) -> Result<Report, CliError> {
    if let (true, Some(path)) = (args.parted, &args.out) {
        return parted(cx, path);
    }
    let key = log::verifier(cx, args.log_verifier.as_deref())?;
    if let Some(theirs) = &args.compare {
        return compare::run(cx, theirs, &key);
    }
    let signed = match &args.from {
        Some(url) => LogHost::new(cx, url)?.checkpoint(&key)?,
        None => newest(cx, &key)?,
    };
    let Signed { origin, anchor, note } = &signed;
    let kept = Kept { entries: anchor.size, root: anchor.root, log: origin, checkpoint: note };
    let Some(path) = &args.out else {
        let picture = if args.qr { qr::picture(note, cx.screen.style)? } else { String::new() };
        let short = say!("checkpoint-short", short = compare::short(anchor)).of(cx.screen.lang);
        let short = if args.qr { format!("{short}\n") } else { String::new() };
        return Report::new(&kept, format!("{note}{picture}{short}"));
    };
    files::write_whole(path, note.as_bytes(), 0o644).map_err(|error| CliError::file(path, &error))?;
    let (entries, shown) = (anchor.size, path.display());
    let text = say!("checkpoint-kept", entries, shown);
    Report::new(&kept, format!("{}\n", text.of(cx.screen.lang)))
}

/// Writes the evidence of a parting: two checkpoints that one log signed and that cannot both be true.
fn parted(cx: &Context, path: &std::path::Path) -> Result<Report, CliError> {
    let partings = cx.read(|replica| Ok(replica.view().splits()?))?;
    let Some(newest) = partings.last() else {
        return Err(CliError::new(
            exit::OTHER,
            "no_parting",
            say!("checkpoint-no-split"),
            say!("checkpoint-no-split-hint"),
        ));
    };
    let file = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    for (ending, note) in [(".kept", &newest.kept), (".shown", &newest.shown)] {
        let path = file(ending);
        files::write_whole(&path, note.as_bytes(), 0o644).map_err(|error| CliError::file(&path, &error))?;
    }
    let (kept, shown) = (file(".kept"), file(".shown"));
    let (kept, shown) = (kept.display(), shown.display());
    let text = say!("checkpoint-both-kept", kept, shown);
    let json = serde_json::json!({
        "at": sync_core::time::rfc3339(newest.at_ms), "kept": newest.kept, "shown": newest.shown,
    });
    Report::new(&json, format!("{}\n", text.of(cx.screen.lang)))
}

/// The newest checkpoint that this device was shown.
///
/// # Errors
/// If there is none yet.
pub fn newest(cx: &Context, key: &str) -> Result<Signed, CliError> {
    let note = cx.read(|replica| {
        replica.identity()?;
        Ok(replica.view().contact()?.checkpoint)
    })?;
    checkpoint::open(&note, key).map_err(|detail| {
        CliError::new(
            exit::OTHER,
            "no_checkpoint",
            say!("checkpoint-none", detail),
            say!("checkpoint-none-hint"),
        )
    })
}
