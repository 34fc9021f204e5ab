//! `crew order photo FOLIO FILE`: a photo or a signature as evidence. Its bytes are durable before the entry that names
//! them, and both before "saved" is said.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;
use sync_core::id::Hash;
use sync_core::limits::{BLOB_BYTES_MAX, BLOB_PIXELS_MAX};
use sync_core::replica::evidence::{NewPhoto, PHOTO_KINDS, PhotoPlace};
use words::{Text, say};

use crate::clock;
use crate::context::Context;
use crate::error::{CliError, exit};
use crate::evidence::{BlobFiles, Picture, PictureTrouble, prepare};
use crate::files;
use crate::output::Report;

/// Arguments of `order photo`.
#[derive(Debug, Args)]
pub struct PhotoArgs {
    /// The order's folio
    pub folio: String,
    /// The picture: JPEG, PNG or WebP
    pub file: PathBuf,
    /// What it shows
    #[arg(long, value_parser = PossibleValuesParser::new(PHOTO_KINDS), default_value = "during")]
    pub what: String,
    /// What it is of, in a few words
    #[arg(long, value_name = "TEXT")]
    pub caption: Option<String>,
    /// Of a signature: the post of who signed, never a name
    #[arg(long, value_name = "TEXT")]
    pub post: Option<String>,
    /// Degrees north
    #[arg(long, requires = "lng", allow_hyphen_values = true)]
    pub lat: Option<String>,
    /// Degrees east
    #[arg(long, requires = "lat", allow_hyphen_values = true)]
    pub lng: Option<String>,
    /// How far off the place may be, in metres
    #[arg(long, value_name = "METRES", requires = "lat")]
    pub accuracy: Option<u32>,
    /// Where the camera looked, in degrees from north
    #[arg(long, value_name = "DEGREES", requires = "lat")]
    pub heading: Option<u32>,
    /// Keep the file as it is too, on this device
    #[arg(long)]
    pub keep_original: bool,
}

/// Adds the photo.
///
/// # Errors
/// Usage, if the file is no picture that can be kept; rule, if the device may not; as the disk answers.
pub fn run(cx: &Context, args: &PhotoArgs) -> Result<Report, CliError> {
    let path = args.file.display().to_string();
    // One byte more than fits, so that a file that is too large is told from one that just fits.
    let file = files::read_bounded(&args.file, BLOB_BYTES_MAX + 1).map_err(|error| {
        if error.code == "file_too_large" {
            refused(&path, &PictureTrouble::TooLarge(BLOB_BYTES_MAX + 1))
        } else {
            error
        }
    })?;
    // The order and the right to write are asked for before anything is kept.
    cx.read(|replica| Ok(replica.view().order_show(&args.folio)?))?;
    let picture = prepare(&file, args.what == "signature").map_err(|trouble| refused(&path, &trouble))?;
    let kept = BlobFiles::of(cx.home.folder());
    let photo = new_photo(args, &kept, &picture, &file)?;
    cx.write(|replica| Ok(replica.add_photo(&args.folio, &photo)?))?;
    let lang = cx.screen.lang;
    let (width, height) = photo.size;
    let said = say!("order-photo-added", width, height, kb = photo.bytes.div_ceil(1_000));
    let text = format!("{}: {}\n{}\n", args.folio, said.of(lang), cx.saved());
    let json = json!({
        "folio": args.folio,
        "sha256": photo.sha256.to_string(),
        "bytes": photo.bytes,
        "thumb_sha256": photo.thumb.map(|(sha256, _)| sha256.to_string()),
        "original_sha256": photo.original.map(|sha256| sha256.to_string()),
    });
    Report::new(&json, text)
}

fn new_photo(
    args: &PhotoArgs,
    kept: &BlobFiles,
    picture: &Picture,
    file: &[u8],
) -> Result<NewPhoto, CliError> {
    let (sha256, thumb) = (kept.keep(&picture.bytes)?, kept.keep(&picture.thumb)?);
    let original: Option<Hash> = args.keep_original.then(|| kept.keep_original(&sha256, file)).transpose()?;
    let place = args.lat.clone().zip(args.lng.clone()).map(|(lat, lng)| PhotoPlace {
        lat,
        lng,
        accuracy_m: args.accuracy,
        heading: args.heading,
    });
    Ok(NewPhoto {
        what: args.what.clone(),
        sha256,
        bytes: picture.bytes.len() as u64,
        media_type: picture.media_type.into(),
        size: picture.size,
        thumb: Some((thumb, picture.thumb.len() as u64)),
        original,
        taken_at_ms: clock::now_ms()?,
        place,
        caption: args.caption.clone(),
        post: args.post.clone(),
    })
}

fn refused(path: &str, trouble: &PictureTrouble) -> CliError {
    let mib = BLOB_BYTES_MAX / 1024 / 1024;
    let (message, hint): (Text, Text) = match trouble {
        PictureTrouble::Empty => (say!("photo-empty", path), say!("photo-empty-hint")),
        PictureTrouble::TooLarge(_) => (say!("photo-too-large", path, mib), say!("photo-smaller-hint")),
        PictureTrouble::Foreign => (say!("photo-foreign", path), say!("photo-foreign-hint")),
        PictureTrouble::TooManyPixels(width, height) => {
            let megapixels = BLOB_PIXELS_MAX / 1_000_000;
            (say!("photo-too-many-pixels", path, width, height, megapixels), say!("photo-smaller-hint"))
        }
        PictureTrouble::Damaged(detail) => (say!("photo-damaged", path, detail), say!("photo-damaged-hint")),
    };
    CliError::new(exit::USAGE, "no_picture", message, hint)
}
