//! Files: the bytes of photos in the device's folder, each under its content address.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use sync_core::id::Hash;
use sync_core::limits::BLOB_BYTES_MAX;

use crate::error::CliError;
use crate::files;

/// Where they are kept, in the device's folder.
const FOLDER: &str = "photos";
/// Where the files lie that cameras made.
const ORIGINALS: &str = "originals";

/// The photos on this device.
#[derive(Debug, Clone)]
pub struct BlobFiles {
    folder: PathBuf,
}

impl BlobFiles {
    /// The photos of a device's folder.
    pub fn of(home: &Path) -> Self {
        Self { folder: home.join(FOLDER) }
    }

    fn path(&self, sha256: &Hash) -> PathBuf {
        self.folder.join(sha256.to_string())
    }

    /// Keeps bytes under their content address. When this returns they are durable.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn keep(&self, bytes: &[u8]) -> Result<Hash, CliError> {
        let sha256 = Hash(Sha256::digest(bytes).into());
        keep_at(&self.folder, &sha256.to_string(), bytes)?;
        Ok(sha256)
    }

    /// Keeps the file that a camera made, of which `photo` was made. Its name says both, so that who erases the photo finds
    /// the file.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn keep_original(&self, photo: &Hash, bytes: &[u8]) -> Result<Hash, CliError> {
        let sha256 = Hash(Sha256::digest(bytes).into());
        let name = format!("{photo}.{sha256}");
        keep_at(&self.folder.join(ORIGINALS), &name, bytes)?;
        Ok(sha256)
    }

    /// Whether a blob is here.
    pub fn has(&self, sha256: &Hash) -> bool {
        self.path(sha256).is_file()
    }

    /// Reads a blob that is here; `None` if it is not, or is damaged.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn read(&self, sha256: &Hash) -> Result<Option<Vec<u8>>, CliError> {
        if !self.has(sha256) {
            return Ok(None);
        }
        let bytes = files::read_bounded(&self.path(sha256), BLOB_BYTES_MAX)?;
        Ok(Some(bytes).filter(|bytes| Hash(Sha256::digest(bytes).into()) == *sha256))
    }

    /// Returns how long ago a blob was kept; `None` if it is not here. Zero, if the clock was set back since.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn age(&self, sha256: &Hash) -> Result<Option<Duration>, CliError> {
        let path = self.path(sha256);
        match std::fs::metadata(&path).and_then(|metadata| metadata.modified()) {
            Ok(kept_at) => Ok(Some(kept_at.elapsed().unwrap_or_default())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CliError::file(&path, &error)),
        }
    }

    /// Returns all that are here.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn all(&self) -> Result<Vec<Hash>, CliError> {
        let mut all: Vec<Hash> =
            names_in(&self.folder)?.iter().filter_map(|name| name.parse().ok()).collect();
        all.sort();
        Ok(all)
    }

    /// Returns all that are here, or of which the camera's file is.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn all_with_originals(&self) -> Result<Vec<Hash>, CliError> {
        let originals = names_in(&self.folder.join(ORIGINALS))?;
        let of = originals.iter().filter_map(|name| name.split_once('.')?.0.parse().ok());
        let mut all: Vec<Hash> = self.all()?.into_iter().chain(of).collect();
        all.sort();
        all.dedup();
        Ok(all)
    }

    /// Erases a blob, and the camera's file that it was made of.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn erase(&self, sha256: &Hash) -> Result<(), CliError> {
        self.delete(sha256)?;
        let (folder, begins) = (self.folder.join(ORIGINALS), format!("{sha256}."));
        for name in names_in(&folder)?.iter().filter(|name| name.starts_with(&begins)) {
            let path = folder.join(name);
            std::fs::remove_file(&path).map_err(|error| CliError::file(&path, &error))?;
        }
        Ok(())
    }

    /// Deletes the copy here; the camera's file stays.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn delete(&self, sha256: &Hash) -> Result<(), CliError> {
        let path = self.path(sha256);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CliError::file(&path, &error)),
            _ => Ok(()),
        }
    }
}

fn keep_at(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), CliError> {
    let path = folder.join(name);
    store_disk::make_folder(folder)
        .and_then(|()| {
            if !path.exists() {
                return files::write_whole(&path, bytes, 0o600);
            }
            // What was begun before counts as begun now, or another program might take it for left over.
            File::options().append(true).open(&path)?.set_modified(SystemTime::now())?;
            // The program that wrote it may have been killed before its name was durable.
            File::open(folder)?.sync_all()
        })
        .map_err(|error| CliError::file(&path, &error))
}

fn names_in(folder: &Path) -> Result<Vec<String>, CliError> {
    match std::fs::read_dir(folder) {
        Ok(listed) => {
            Ok(listed.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into())).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(CliError::file(folder, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::BlobFiles;

    #[test]
    fn bytes_lie_under_their_name_and_damaged_ones_are_none() {
        let home = tempfile::tempdir().unwrap();
        let files = BlobFiles::of(home.path());
        assert!(files.all().unwrap().is_empty());
        let name = files.keep(b"a photo").unwrap();
        assert_eq!(files.keep(b"a photo").unwrap(), name, "twice is once");
        files.keep_original(&name, b"the camera's").unwrap();
        assert_eq!(
            (files.all().unwrap(), files.read(&name).unwrap()),
            (vec![name], Some(b"a photo".to_vec()))
        );
        std::fs::write(home.path().join("photos").join(name.to_string()), b"other bytes").unwrap();
        assert_eq!(files.read(&name).unwrap(), None);
        files.delete(&name).unwrap();
        files.delete(&name).unwrap();
        assert!(!files.has(&name) && files.all().unwrap().is_empty());
        assert_eq!(files.all_with_originals().unwrap(), [name], "the camera's file stays");
        files.erase(&name).unwrap();
        assert!(files.all_with_originals().unwrap().is_empty(), "until the photo is erased");
    }
}
