//! Whole: files that are whole or not there.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Reads a file of at most `bytes_max` bytes; `None` if there is none.
///
/// # Errors
/// As the disk answers, or if it is larger.
pub fn read(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("{} has more than {bytes_max} bytes", path.display())));
    }
    Ok(Some(bytes))
}

/// Writes a file beside its place, makes it durable, and renames it over what was there. Only its owner may read it.
///
/// # Errors
/// As the disk answers; what was there, if anything, is untouched then.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A name of its own, so that a file is whole or not there.
    let draft = path.with_extension("new");
    if let Err(error) = std::fs::remove_file(&draft)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
