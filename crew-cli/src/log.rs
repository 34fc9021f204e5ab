//! Log: a transparency log on a server or any static host, read by checkpoint and tiles. The host is not believed: what
//! is read here counts once the core has held it against a signed root.

use std::cell::RefCell;
use std::path::Path;

use sync_core::limits::CHECKPOINT_BYTES_MAX;
use sync_core::log::checkpoint::{self, Signed};
use sync_core::log::entry::Anchor;
use sync_core::log::merkle::remote::{RemoteError, RemoteLog, Tiles, TilesFailed};
use sync_core::log::merkle::tile::{Place, TILE_BYTES_MAX};

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::files;
use crate::http::{HttpError, Patience, Server};
use words::Text;
use words::say;

/// A host of a log.
#[derive(Debug)]
pub struct LogHost {
    server: Server,
    /// Why the last tile did not come.
    failure: RefCell<Option<HttpError>>,
}

impl LogHost {
    /// The log under `url`/log.
    ///
    /// # Errors
    /// Usage, if it is no address; what this home's own authority file is.
    pub fn new(cx: &Context, url: &str) -> Result<Self, CliError> {
        let server = Server::trusting(url, Patience::ordinary(), cx.home.roots()?).map_err(unread)?;
        Ok(Self { server, failure: RefCell::default() })
    }

    /// Its newest checkpoint, once the log's signature on it holds.
    ///
    /// # Errors
    /// Connection; integrity, if it is not the log's.
    pub fn checkpoint(&self, log_verifier: &str) -> Result<Signed, CliError> {
        let bytes = self.server.get("/log/checkpoint", CHECKPOINT_BYTES_MAX).map_err(unread)?;
        let note = String::from_utf8_lossy(&bytes);
        checkpoint::open(&note, log_verifier).map_err(|detail| not_signed(&detail))
    }

    /// The log in the state that a checkpoint names.
    ///
    /// # Errors
    /// If no log is that large.
    pub fn state(&self, anchor: Anchor) -> Result<RemoteLog<'_>, CliError> {
        RemoteLog::new(anchor, self).map_err(|error| self.failed(error))
    }

    /// The error for a person.
    pub fn failed(&self, error: RemoteError) -> CliError {
        match (error, self.failure.take()) {
            (RemoteError::Unavailable, Some(HttpError::Missing(path))) => CliError::new(
                exit::INTEGRITY,
                "tile_missing",
                say!("log-tile-missing", path),
                say!("log-tile-missing-hint"),
            ),
            (RemoteError::Unavailable, Some(error)) => unread(error),
            (RemoteError::Forged, _) => {
                CliError::new(exit::INTEGRITY, "forged_tiles", say!("log-forged"), say!("log-forged-hint"))
            }
            (error, _) => CliError::new(
                exit::OTHER,
                "log",
                say!("log-unread", error = error.to_string()),
                say!("log-unread-hint"),
            ),
        }
    }
}

impl Tiles for LogHost {
    fn tile(&self, place: &Place) -> Result<Vec<u8>, TilesFailed> {
        self.server.get(&format!("/log/{}", place.path()), TILE_BYTES_MAX).map_err(|error| {
            self.failure.replace(Some(error));
            TilesFailed
        })
    }
}

fn unread(error: HttpError) -> CliError {
    error.into_cli(&say!("log-safe"))
}

/// The key to check a log by: the one given, or the one this device pinned when it enrolled.
///
/// # Errors
/// Usage, if there is neither.
pub fn verifier(cx: &Context, given: Option<&str>) -> Result<String, CliError> {
    if let Some(given) = given {
        return Ok(given.trim().to_owned());
    }
    cx.read(|replica| Ok(replica.identity()?.log_verifier.clone())).map_err(|error| {
        if error.code != "not_enrolled" {
            return error;
        }
        CliError::usage(say!("log-no-key"), say!("log-no-key-hint"))
    })
}

/// A kept checkpoint, once the log's signature on it holds.
///
/// # Errors
/// As the disk answers; integrity, if it is not the log's.
pub fn kept(path: &Path, log_verifier: &str) -> Result<Signed, CliError> {
    let bytes = files::read_bounded(path, CHECKPOINT_BYTES_MAX)?;
    let note = String::from_utf8_lossy(&bytes);
    checkpoint::open(&note, log_verifier).map_err(|detail| {
        let shown = path.display();
        not_signed(&format!("{shown}: {detail}"))
    })
}

/// What is signed by no log that this device knows.
pub fn not_signed(detail: &str) -> CliError {
    CliError::new(
        exit::INTEGRITY,
        "bad_checkpoint",
        say!("log-bad-checkpoint", detail),
        say!("log-bad-checkpoint-hint"),
    )
}

/// Two states of the log of which neither begins the other.
pub fn inconsistent(message: Text) -> CliError {
    CliError::new(exit::INTEGRITY, "inconsistent", message, say!("log-split-hint"))
}
