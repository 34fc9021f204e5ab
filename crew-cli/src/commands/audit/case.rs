//! `crew audit case FOLIO`: the case file (expediente) of an order: a page that prints, one JSON value, a table of
//! what happened. Only what this device holds, and it says so.

pub(crate) mod csv;
mod html;
pub(crate) mod page;
#[cfg(test)]
mod sample;

use std::path::{Path, PathBuf};

use clap::Args;
use page::Pictures;
use sync_core::id::Hash;
use sync_core::view::case::CaseFile;
use words::say;

use crate::commands::order::{Photo, items};
use crate::context::Context;
use crate::error::CliError;
use crate::evidence::BlobFiles;
use crate::exchange;
use crate::files;
use crate::labels;
use crate::output::Report;
use crate::table::clean;

/// Who may read what is written: the file holds names.
const FILE_MODE: u32 = 0o600;

/// Arguments of `audit case`.
#[derive(Debug, Args)]
pub struct CaseArgs {
    /// The order's folio
    pub folio: String,
    /// Write the page to this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the table of what happened to this file
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// With the photos themselves on the page, not only their small forms
    #[arg(long, requires = "html")]
    pub photos: bool,
}

/// Makes the case file.
///
/// # Errors
/// Usage, if there is no such order here; what the disk answers.
pub fn run(cx: &Context, args: &CaseArgs) -> Result<Report, CliError> {
    let pictures = if args.html.is_some() { pictures(cx, args)? } else { Pictures::new() };
    cx.read(|replica| {
        let case = replica.view().case_file(&args.folio)?;
        if let Some(path) = &args.html {
            write(
                path,
                &page::render(
                    &cx.when.here(replica.identity()?.utc_offset),
                    replica.rules(),
                    &case,
                    &pictures,
                ),
            )?;
        }
        if let Some(path) = &args.csv {
            write(path, &csv::render(&case))?;
        }
        Report::new(&case, told(cx, args, &case))
    })
}

/// The pictures for the page: those on this device, and the others from the office, if it can be reached.
fn pictures(cx: &Context, args: &CaseArgs) -> Result<Pictures, CliError> {
    let order = cx.read(|replica| Ok(replica.view().case_file(&args.folio)?.order))?;
    let photos: Vec<Photo> = order.map(|order| items(&order.photos)).unwrap_or_default();
    let shown = photos.iter().filter(|photo| photo.erased.is_none());
    let names = shown.flat_map(|photo| {
        let whole = args.photos || photo.thumb_sha256.is_empty();
        [Some(&photo.thumb_sha256), whole.then_some(&photo.sha256)].into_iter().flatten()
    });
    let kept = BlobFiles::of(cx.home.folder());
    let (mut pictures, mut missing) = (Pictures::new(), Vec::new());
    for name in names.filter_map(|name| name.parse::<Hash>().ok()) {
        match kept.read(&name)? {
            Some(bytes) => drop(pictures.insert(name.to_string(), bytes)),
            None => missing.push(name),
        }
    }
    match exchange::fetch_blobs(cx, &missing) {
        Ok(found) => pictures.extend(found.into_iter().map(|(name, bytes)| (name.to_string(), bytes))),
        // The page says of each picture that it is not here.
        Err(error) => cx.screen.warn(&error.message),
    }
    Ok(pictures)
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    files::write_whole(path, text.as_bytes(), FILE_MODE).map_err(|error| CliError::file(path, &error))
}

fn told(cx: &Context, args: &CaseArgs, case: &CaseFile) -> String {
    let lang = cx.screen.lang;
    let title = case.order.as_ref().and_then(|order| order.title.as_deref()).unwrap_or_default();
    let counts = [
        say!("count-happenings", count = case.happenings.len()),
        say!("count-differences", count = case.differences.len()),
        say!("count-devices", count = case.devices.len()),
    ];
    let counts = counts.map(|text| text.of(lang)).join(", ");
    let mut text = format!("{}  {}\n{counts}\n", cx.screen.style.bold(&case.folio), clean(title));
    for limit in &case.limits {
        text.push_str(&format!("{}\n", clean(labels::sentence(limit, lang))));
    }
    for path in args.html.iter().chain(&args.csv) {
        text.push_str(&format!("{}\n", say!("case-wrote", path).of(lang)));
    }
    if args.html.is_none() && args.csv.is_none() {
        let hint = say!("case-how-to-print").of(lang);
        text.push_str(&format!("{}\n", cx.screen.style.dim(&hint)));
    }
    text
}
