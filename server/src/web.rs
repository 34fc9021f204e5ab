//! Web: the files of the app, as the program holds them, or as they lie in a folder while the app is being made.
//!
//! ```text
//!  web/dist ──build script──► Embedded ──once──► File ──► an answer
//!  --web DIR ─────────────each request──────────► File ──►
//! ```
//! Absent here: any name that the app made up. What there is, is served, and nothing stands for what is not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};

use crate::config::WEB_FILE_BYTES_MAX;
use crate::failure::Failure;
use crate::problem::Problem;
use words::say;

/// The file that a browser opens first.
pub const INDEX: &str = "index.html";
/// The list of all files of the app with their hashes.
pub const MANIFEST: &str = "assets.json";

/// A file as the program holds it.
struct Embedded {
    name: &'static str,
    bytes: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// What `cargo xtask web` had made when this program was built.
#[cfg(not(test))]
static EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/app.rs"));
/// Tests do not depend on what lies in a folder.
#[cfg(test)]
use tests::EMBEDDED;
static BUILT: LazyLock<BTreeMap<&'static str, File>> = LazyLock::new(|| by_name(EMBEDDED));

/// A file of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its media type.
    pub kind: &'static str,
    /// Whether its name changes with its bytes.
    pub is_named_by_content: bool,
    hash: [u8; 32],
    bytes: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

/// A file as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The content coding; none for the file as it is.
    pub coding: Option<&'static str>,
    /// Names these bytes, in quotes.
    pub tag: String,
    /// The bytes.
    pub bytes: Bytes,
}

/// Where the files of the app are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Web {
    /// In the program.
    Built,
    /// In a folder, read at each request.
    Folder(PathBuf),
}

impl Web {
    /// Returns what the setting `web` says.
    pub fn of_setting(setting: &str) -> Self {
        if setting.is_empty() { Self::Built } else { Self::Folder(setting.into()) }
    }

    /// Checks that a folder that was asked for holds an app.
    ///
    /// # Errors
    /// Usage, if it has no `index.html`.
    pub fn check(&self) -> Result<(), Failure> {
        match self {
            Self::Folder(path) if !path.join(INDEX).is_file() => {
                Err(Failure::usage("web", say!("server-web-none", path), say!("server-web-none-hint")))
            }
            _ => Ok(()),
        }
    }

    /// Returns the SHA-256 of the app's manifest, if this program holds an app.
    pub fn manifest(&self) -> Option<[u8; 32]> {
        match self {
            Self::Built => BUILT.get(MANIFEST).map(|file| file.hash),
            Self::Folder(_) => None,
        }
    }
}

/// Returns the file of that name that the program holds.
pub fn built(name: &str) -> Option<&'static File> {
    BUILT.get(name)
}

/// Reads the file of that name in a folder. A name leads nowhere but to a plain file below the folder.
///
/// # Errors
/// `internal`, if it is there and does not read, or is longer than [`WEB_FILE_BYTES_MAX`].
pub fn read(folder: &Path, name: &str) -> Result<Option<File>, Problem> {
    if !name.split('/').all(is_plain) {
        return Ok(None);
    }
    let failed = |error: std::io::Error| Problem::logged("a file of the app cannot be read", &error);
    let root = folder.canonicalize().map_err(failed)?;
    // A link may lead out of the folder.
    let Ok(path) = root.join(name).canonicalize() else { return Ok(None) };
    if !path.starts_with(&root) || !path.is_file() {
        return Ok(None);
    }
    if path.metadata().map_err(failed)?.len() > WEB_FILE_BYTES_MAX {
        return Err(Problem::logged("a file of the app is too long", &path.display()));
    }
    let bytes = std::fs::read(&path).map_err(failed)?;
    Ok(Some(File::new(name, bytes.into(), None, None)))
}

/// Returns whether a part of a name is neither hidden, nor empty, nor a way up.
fn is_plain(part: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_known)
}

fn by_name(files: &'static [Embedded]) -> BTreeMap<&'static str, File> {
    let held = |one: &'static Embedded| {
        let [brotli, gzip] = [one.brotli, one.gzip].map(|bytes| bytes.map(Bytes::from_static));
        (one.name, File::new(one.name, Bytes::from_static(one.bytes), brotli, gzip))
    };
    files.iter().map(held).collect()
}

impl File {
    fn new(name: &str, bytes: Bytes, brotli: Option<Bytes>, gzip: Option<Bytes>) -> Self {
        Self {
            kind: kind_of(name),
            is_named_by_content: name.starts_with("assets/"),
            hash: Sha256::digest(&bytes).into(),
            bytes,
            brotli,
            gzip,
        }
    }

    /// Returns whether the form depends on what the asker reads.
    pub fn has_forms(&self) -> bool {
        self.brotli.is_some() || self.gzip.is_some()
    }

    /// Returns the shortest form that the asker reads.
    pub fn form(&self, headers: &HeaderMap) -> Form {
        let candidates = [("br", &self.brotli), ("gzip", &self.gzip)];
        let found = candidates
            .into_iter()
            .find_map(|(coding, bytes)| bytes.clone().filter(|_| reads(headers, coding)).zip(Some(coding)));
        let name = hex::encode(&self.hash[..16]);
        match found {
            Some((bytes, coding)) => {
                Form { coding: Some(coding), tag: format!("\"{name}-{coding}\""), bytes }
            }
            None => Form { coding: None, tag: format!("\"{name}\""), bytes: self.bytes.clone() },
        }
    }
}

/// Returns whether the asker reads a content coding.
fn reads(headers: &HeaderMap, coding: &str) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.unwrap_or_default().split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case(coding) && !is_refused
    })
}

/// Returns the media type of a file, by the end of its name. A browser runs and shows nothing of another type.
fn kind_of(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "ftl" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
