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
const NONE: &str = "none";
/// Characters of `YYYY-MM-DD`.
const DAY_CHARS: usize = 10;
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
    std::fs::create_dir_all(folder)?;
    whole::write(&path, note.as_bytes())?;
    Ok(true)
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
    let Some(path) = newest(folder)? else { return Ok(Held::Nothing) };
    if std::fs::metadata(&path)?.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("{} is no checkpoint", path.display())));
    }
    let note = std::fs::read_to_string(&path)?;
    let anchor = checkpoint::verify(&note, &view.hub.genesis().log_verifier).map_err(io::Error::other)?;
    let entries = anchor.size;
    let is_same = entries <= view.seq && root(&*view.rows, entries).is_ok_and(|root| root == anchor.root);
    Ok(if is_same { Held::GoesOn { entries } } else { Held::Contradicts { entries, path } })
}

fn newest(folder: &Path) -> io::Result<Option<PathBuf>> {
    let listed = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        listed => listed?,
    };
    let mut days: Vec<PathBuf> = Vec::new();
    for entry in listed {
        let path = entry?.path();
        let is_day = path.extension().is_some_and(|ending| ending == "txt")
            && path.file_stem().is_some_and(|stem| stem.len() == DAY_CHARS);
        days.extend(is_day.then_some(path));
    }
    Ok(days.into_iter().max())
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

    use super::folder;

    #[test]
    fn the_folder_stands_beside_the_data_unless_it_is_set() {
        let data = Path::new("/var/lib/cuadrilla");
        assert_eq!(folder("", data), Some(PathBuf::from("/var/lib/cuadrilla.checkpoints")));
        assert_eq!(folder("/mnt/usb", data), Some(PathBuf::from("/mnt/usb")));
        assert_eq!(folder("none", data), None);
    }
}
