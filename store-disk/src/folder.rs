//! A store's folder: the `lock` that keeps a second writer out, and the `FORMAT` that says what is inside.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::disk::{Disk, OsDisk, create_private_folder, open_private};
use store::{Result, StoreError};

/// Format of a store's folder as this program writes it.
pub(crate) const STORE_FORMAT: u32 = 1;

const RETRY_EVERY: Duration = Duration::from_millis(10);

/// Returns whether a system call failed because the file system lacks what a store needs of it: locks, or making a
/// folder durable.
pub fn is_unfit(error: &std::io::Error) -> bool {
    use rustix::io::Errno;
    let lacking = [Errno::NOLCK, Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOTSUP];
    error.kind() == std::io::ErrorKind::Unsupported
        || error.raw_os_error().is_some_and(|code| lacking.iter().any(|one| one.raw_os_error() == code))
}

/// Held as long as a store is open for writing. The system frees it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

/// Makes the folder, or where `create` is false insists that it exists.
pub(crate) fn ensure_folder(folder: &Path, create: bool) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if !create {
        return Err(StoreError::Missing { path: folder.to_owned() });
    }
    create_private_folder(folder).map_err(|error| StoreError::from_io("create", folder, 0, error))
}

/// Takes `folder/lock`, trying again until `wait_ms` milliseconds have passed.
pub(crate) fn lock(folder: &Path, wait_ms: u64) -> Result<FolderLock> {
    let path = folder.join("lock");
    let mut file = open_private(&path).map_err(|error| StoreError::from_io("open", &path, 0, error))?;
    let deadline = Instant::now() + Duration::from_millis(wait_ms);
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(RETRY_EVERY),
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked { path: folder.to_owned(), pid: read_pid(&mut file) });
            }
            Err(TryLockError::Error(error)) => {
                return Err(StoreError::from_io("lock", &path, 0, error));
            }
        }
    }
    // The number only helps a person; on a full disk the lock holds without it.
    let _ =
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(FolderLock { _file: file })
}

/// Reads `folder/FORMAT`, writing it into a folder that holds no store yet if `create` allows.
pub(crate) fn check_format(disk: &dyn Disk, folder: &Path, create: bool) -> Result<()> {
    let path = folder.join("FORMAT");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return if folder.join("ledger").exists() {
                let detail = "it has a ledger but no FORMAT file".to_owned();
                Err(StoreError::NotAStore { path: folder.to_owned(), detail })
            } else if create {
                write_format(disk, folder).map_err(|error| StoreError::from_io("write to", &path, 20, error))
            } else {
                Err(StoreError::Missing { path: folder.to_owned() })
            };
        }
        Err(error) => return Err(StoreError::from_io("read", &path, 0, error)),
    };
    let found = text.strip_prefix("cuadrilla-store ").and_then(|rest| rest.trim_end().parse().ok());
    match found {
        Some(STORE_FORMAT) => Ok(()),
        Some(found) if found > STORE_FORMAT => {
            Err(StoreError::NewerFormat { path, found, known: STORE_FORMAT })
        }
        _ => Err(StoreError::NotAStore { path, detail: "its FORMAT file says something else".to_owned() }),
    }
}

/// Writes the file under another name first: a torn FORMAT would make the store unreadable. Where there is a FORMAT, the
/// folder's own name is durable too.
fn write_format(disk: &dyn Disk, folder: &Path) -> std::io::Result<()> {
    let fresh = folder.join("FORMAT.new");
    let mut file = open_private(&fresh)?;
    file.set_len(0)?;
    file.write_all(format!("cuadrilla-store {STORE_FORMAT}\n").as_bytes())?;
    file.sync_all()?;
    sync_names_above(disk, folder)?;
    std::fs::rename(&fresh, folder.join("FORMAT"))?;
    disk.sync_folder(folder)
}

/// Makes a folder, readable by nobody else, and what lies above it, where there is none. When this returns the names that
/// lead to it are durable, whoever made them: a file in a folder whose name is lost is lost.
///
/// # Errors
/// As the disk answers.
pub fn make_folder(folder: &Path) -> std::io::Result<()> {
    create_private_folder(folder)?;
    sync_names_above(&OsDisk, folder)
}

/// Makes the names that lead to `folder` durable: the process that made one of them may have ended before that.
fn sync_names_above(disk: &dyn Disk, folder: &Path) -> std::io::Result<()> {
    use std::io::ErrorKind::{InvalidInput, PermissionDenied, ReadOnlyFilesystem, Unsupported};
    for above in std::path::absolute(folder)?.ancestors().skip(1) {
        match disk.sync_folder(above) {
            Ok(()) => {}
            // Nothing of ours was made in a folder that does not let us in or cannot be written.
            Err(error)
                if matches!(
                    error.kind(),
                    PermissionDenied | ReadOnlyFilesystem | InvalidInput | Unsupported
                ) =>
            {
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{check_format, ensure_folder};
    use crate::faulty::{Faults, FaultyDisk};

    #[test]
    fn the_names_that_lead_to_a_new_store_are_durable_before_its_format_is() {
        let scratch = tempfile::tempdir().unwrap();
        let (middle, folder) = (scratch.path().join("a"), scratch.path().join("a/b"));
        ensure_folder(&folder, true).unwrap();
        let disk = FaultyDisk::default();
        disk.set(Faults { sync_folder: true, ..Faults::default() });
        assert!(check_format(&disk, &folder, true).is_err());
        assert!(!folder.join("FORMAT").exists(), "a FORMAT says that the names above are durable");
        check_format(&disk, &folder, true).unwrap();
        let synced = disk.synced_folders();
        for above in [scratch.path(), &middle, &folder] {
            assert!(synced.contains(above), "{} is not durable", above.display());
        }
    }
}
