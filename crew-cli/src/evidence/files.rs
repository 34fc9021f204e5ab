//! Files: the bytes of photos in the device's folder, each under its content address.

use std::io;
use std::path::{Path, PathBuf};

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
        self.keep_in(&self.folder, bytes)
    }

    /// Keeps the file that a camera made.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn keep_original(&self, bytes: &[u8]) -> Result<Hash, CliError> {
        self.keep_in(&self.folder.join(ORIGINALS), bytes)
    }

    fn keep_in(&self, folder: &Path, bytes: &[u8]) -> Result<Hash, CliError> {
        let sha256 = Hash(Sha256::digest(bytes).into());
        let path = folder.join(sha256.to_string());
        let made = std::fs::create_dir_all(folder)
            .and_then(|()| if path.exists() { Ok(()) } else { files::write_whole(&path, bytes, 0o600) });
        made.map_err(|error| CliError::file(&path, &error))?;
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

    /// Returns all that are here.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn all(&self) -> Result<Vec<Hash>, CliError> {
        let listed = match std::fs::read_dir(&self.folder) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(CliError::file(&self.folder, &error)),
        };
        let names = listed.filter_map(|entry| entry.ok()?.file_name().to_string_lossy().parse().ok());
        let mut all: Vec<Hash> = names.collect();
        all.sort();
        Ok(all)
    }

    /// Deletes a blob.
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
        files.keep_original(b"the camera's").unwrap();
        assert_eq!(
            (files.all().unwrap(), files.read(&name).unwrap()),
            (vec![name], Some(b"a photo".to_vec()))
        );
        std::fs::write(home.path().join("photos").join(name.to_string()), b"other bytes").unwrap();
        assert_eq!(files.read(&name).unwrap(), None);
        files.delete(&name).unwrap();
        files.delete(&name).unwrap();
        assert!(!files.has(&name));
    }
}
