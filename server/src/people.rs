//! People: the names behind the persons of entries, in a file beside the ledger. The ledger is kept for ever; this file
//! can forget.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sync_core::hub::Admitted;
use sync_core::people::{PeopleBook, PeopleNews};

use crate::whole;

/// The file, in the data folder.
const FILE: &str = "people.json";
/// Largest file read, in bytes: the most names at their longest.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The office's names.
#[derive(Debug, Default)]
pub struct People {
    book: Mutex<PeopleBook>,
    /// Where they are kept; nowhere, for a server that keeps nothing.
    path: Option<PathBuf>,
}

/// Reads the names of a data folder; none if there is no file.
///
/// # Errors
/// As the disk answers, or if the file is no list of names.
pub fn read(data: &Path) -> io::Result<PeopleBook> {
    match whole::read(&data.join(FILE), FILE_BYTES_MAX)? {
        Some(bytes) => Ok(serde_json::from_slice(&bytes)?),
        None => Ok(PeopleBook::default()),
    }
}

impl People {
    /// Opens the names of a data folder. A file that cannot be read is put away and is no reason to stay closed: the devices
    /// bring their names again.
    pub fn open(data: Option<&Path>) -> Self {
        let Some(data) = data else { return Self::default() };
        let path = data.join(FILE);
        let book = read(data).unwrap_or_else(|error| {
            let kept = path.with_extension("damaged");
            let moved = std::fs::rename(&path, &kept);
            tracing::error!(%error, kept = %kept.display(), is_kept = moved.is_ok(), "the names of persons do not read");
            PeopleBook::default()
        });
        Self { book: Mutex::new(book), path: Some(path) }
    }

    /// Keeps the names that a request brings, and returns those that its device lacks. Names that cannot be kept are not
    /// taken: the device brings them again.
    pub fn exchange(&self, admitted: &Admitted) -> Option<PeopleNews> {
        let (mark, named) = admitted.people()?;
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if !named.is_empty() {
            let mut changed = book.clone();
            if changed.take(&admitted.device, named) {
                match self.keep(&changed) {
                    Ok(()) => *book = changed,
                    Err(error) => tracing::warn!(%error, "names of persons could not be kept"),
                }
            }
        }
        book.news(&mark)
    }

    fn keep(&self, book: &PeopleBook) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        whole::write(path, &serde_json::to_vec(book)?)
    }
}
