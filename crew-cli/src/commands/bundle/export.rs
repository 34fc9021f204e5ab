//! `crew bundle export FILE`: what is still to be delivered, in one file that anybody may carry.

use super::{ExportArgs, counted};
use crate::context::Context;
use crate::error::CliError;
use crate::evidence::BlobFiles;
use crate::files;
use crate::output::Report;
use sync_core::replica::BundledPhoto;
use words::say;

/// Writes the file: whole, or not at all.
///
/// # Errors
/// As the replica or the disk answers.
pub fn run(cx: &Context, args: &ExportArgs) -> Result<Report, CliError> {
    let (seed, kept) = (cx.seed()?, BlobFiles::of(cx.home.folder()));
    let bundle = cx.write(|replica| {
        let key = replica.key(&seed);
        let runs = replica.bundle_runs()?.into_iter().map(|run| run.by(&key)).collect();
        let mut photos = Vec::new();
        for blob in replica.blobs_to_bring(args.photos)? {
            if let Some(bytes) = kept.read(&blob.sha256)? {
                photos.push(BundledPhoto { blob, bytes: bytes.into() });
            }
        }
        Ok(replica.bundle_export_with(runs, photos)?)
    })?;
    files::write_whole(&args.file, &bundle.bytes, 0o600)
        .map_err(|error| CliError::file(&args.file, &error))?;
    let path = args.file.display();
    let counts = counted(cx.screen.lang, &bundle.counts);
    let still = say!("bundle-not-sent-yet").of(cx.screen.lang);
    Report::new(&bundle.counts, format!("{path}: {counts}\n{still}\n"))
}
