//! Files: what the spool asks of a folder. The simulator brings a folder of its own, on a disk that forgets what was not
//! synced.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it was last written.
    pub changed: SystemTime,
}

/// The files of one folder. All answer as the disk does.
#[expect(clippy::missing_errors_doc, reason = "each fails as the disk does, and no other way")]
pub trait Files: Debug {
    /// Makes an empty file, unless there is one. When this returns its name is durable.
    fn make(&self, name: &str) -> io::Result<()>;

    /// Returns how many bytes a file has; `None` if there is none.
    fn bytes(&self, name: &str) -> io::Result<Option<u64>>;

    /// Cuts a file at byte `at`, and writes a piece there. A file that is not there is not made.
    fn write(&self, name: &str, at: u64, piece: &[u8]) -> io::Result<()>;

    /// Makes a file's bytes durable.
    fn sync(&self, name: &str) -> io::Result<()>;

    /// Reads a file, of a longer one the first `most` bytes.
    fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>>;

    /// Deletes a file, if it is there.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes it durable which files there are.
    fn sync_names(&self) -> io::Result<()>;

    /// Returns all files.
    fn list(&self) -> io::Result<Vec<Listed>>;
}

/// A folder of this machine, for this user alone.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, if it is not there.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn make(path: &Path) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Ok(Self(path.to_owned()))
    }
}

fn unless_missing<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Files for Folder {
    fn make(&self, name: &str) -> io::Result<()> {
        match OpenOptions::new().create_new(true).write(true).mode(0o600).open(self.0.join(name)) {
            Ok(_) => self.sync_names(),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn bytes(&self, name: &str) -> io::Result<Option<u64>> {
        Ok(unless_missing(std::fs::metadata(self.0.join(name)))?.map(|found| found.len()))
    }

    fn write(&self, name: &str, at: u64, piece: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).truncate(false).open(self.0.join(name))?;
        file.set_len(at)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(piece)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        File::open(self.0.join(name))?.sync_all()
    }

    fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.0.join(name))?.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        unless_missing(std::fs::remove_file(self.0.join(name))).map(drop)
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }

    fn list(&self) -> io::Result<Vec<Listed>> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            let found = entry.metadata()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            all.push(Listed { name, bytes: found.len(), changed: found.modified()? });
        }
        Ok(all)
    }
}
