//! Kept: one signed checkpoint a day, in a folder outside the data. Whoever restores an old copy of the data, or edits it,
//! meets what this folder says of it: at the start the ledger is held to the newest one.

use std::io;
use std::path::{Path, PathBuf};

use sync_core::log::checkpoint;
use sync_core::log::merkle::root;
use sync_core::time::rfc3339;

use crate::app_state::View;
use crate::whole;

/// The setting that keeps none.
pub const NONE: &str = "none";
/// Characters of `YYYY-MM-DD`.
const DAY_CHARS: usize = 10;
/// Ending of a kept checkpoint's file, after its day.
pub const ENDING: &str = ".txt";
/// Largest file read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Returns the folder of the setting; an empty one stands beside the data folder, `DATA.checkpoints`.
pub fn folder(setting: &str, data: &Path) -> Option<PathBuf> {
    match setting {
        NONE => None,
        "" => {
            let mut name = data.file_name()?.to_owned();
            name.push(".checkpoints");
            Some(data.with_file_name(name))
        }
        given => Some(PathBuf::from(given)),
    }
}

/// Writes today's checkpoint, unless there is one. Returns whether it wrote.
///
/// # Errors
/// As the disk answers, or if the log cannot be read.
pub fn keep(folder: &Path, view: &View, now_ms: i64) -> io::Result<bool> {
    let path = folder.join(format!("{}.txt", &rfc3339(now_ms)[..DAY_CHARS]));
    if path.exists() || view.seq == 0 {
        return Ok(false);
    }
    let note = view.hub.checkpoint(&*view.rows, view.seq).map_err(io::Error::other)?;
    store_disk::make_folder(folder)?;
    whole::write(&path, note.as_bytes())?;
    Ok(true)
}

/// Reads a file of the folder.
///
/// # Errors
/// As the disk answers, or if it is larger than any checkpoint.
pub fn read(path: &Path) -> io::Result<String> {
    if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("{} is no checkpoint", path.display())));
    }
    std::fs::read_to_string(path)
}

/// What the newest kept checkpoint says of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// There is none yet.
    Nothing,
    /// The ledger goes on from it.
    GoesOn {
        /// Its entries.
        entries: u64,
    },
    /// The ledger does not: it lost entries, or another history stands in its place.
    Contradicts {
        /// Its entries.
        entries: u64,
        /// Where it is.
        path: PathBuf,
    },
}

/// Holds the ledger to the newest checkpoint in the folder.
///
/// # Errors
/// As the disk answers, or if the file is no checkpoint of this log.
pub fn hold(folder: &Path, view: &View) -> io::Result<Held> {
    let Some(path) = days(folder, ENDING)?.pop() else { return Ok(Held::Nothing) };
    let note = read(&path)?;
    let anchor = checkpoint::verify(&note, &view.hub.genesis().log_verifier).map_err(io::Error::other)?;
    let entries = anchor.size;
    let is_same = entries <= view.seq && root(&*view.rows, entries).is_ok_and(|root| root == anchor.root);
    Ok(if is_same { Held::GoesOn { entries } } else { Held::Contradicts { entries, path } })
}

/// Returns the folder's files of that ending after a day, oldest first.
///
/// # Errors
/// As the disk answers; a folder that is not there has none.
pub fn days(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let listed = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed?,
    };
    let mut days: Vec<PathBuf> = Vec::new();
    for entry in listed {
        let entry = entry?;
        let name = entry.file_name();
        let day = name.to_str().and_then(|name| name.strip_suffix(ending));
        days.extend(day.filter(|day| day.len() == DAY_CHARS).map(|_| entry.path()));
    }
    days.sort_unstable();
    Ok(days)
}

/// Returns the file of another ending beside that of a day.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let day = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    path.with_file_name(format!("{day}{ending}"))
}

/// Holds the ledger to what was kept, and says in the log what came of it.
pub fn hold_and_tell(folder: &Path, view: &View) {
    match hold(folder, view) {
        Ok(Held::Nothing | Held::GoesOn { .. }) => {}
        Ok(Held::Contradicts { entries, path }) => {
            let (path, has) = (path.display().to_string(), view.seq);
            tracing::error!(
                entries,
                has,
                path,
                "the ledger does not go on from a checkpoint that was kept outside: it lost entries, or another history \
                 stands in its place; tell the auditor, OPERATING.md, Restore"
            );
        }
        Err(error) => {
            tracing::warn!(%error, folder = %folder.display(), "the kept checkpoints cannot be read");
        }
    }
}

/// Keeps today's checkpoint, and says in the log if that fails.
pub fn keep_and_tell(folder: &Path, view: &View, now_ms: i64) {
    match keep(folder, view, now_ms) {
        Ok(_) => {}
        Err(error) => tracing::warn!(
            %error,
            folder = %folder.display(),
            "no checkpoint could be kept outside the data; set checkpoints to a folder that the server may write to"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{ENDING, beside, days, folder};
    use crate::whole::write;

    #[test]
    fn the_folder_stands_beside_the_data_unless_it_is_set() {
        let data = Path::new("/var/lib/cuadrilla");
        assert_eq!(folder("", data), Some(PathBuf::from("/var/lib/cuadrilla.checkpoints")));
        assert_eq!(folder("/mnt/usb", data), Some(PathBuf::from("/mnt/usb")));
        assert_eq!(folder("none", data), None);
    }
    #[test]
    fn the_days_are_listed_oldest_first_and_what_is_beside_them_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["2026-11-29.txt", "2026-11-28.txt", "2026-11-28.cosigned.txt", "notes.txt"] {
            write(&path(name), b"x").unwrap();
        }
        assert_eq!(days(folder.path(), ENDING).unwrap(), [path("2026-11-28.txt"), path("2026-11-29.txt")]);
        let cosigned = beside(&path("2026-11-28.txt"), ".cosigned.txt");
        assert_eq!(days(folder.path(), ".cosigned.txt").unwrap(), [cosigned]);
        assert!(days(&path("none"), ENDING).unwrap().is_empty());
    }
}
