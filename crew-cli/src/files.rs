//! Files: reading what a person names within a limit, and writing files that are whole or not there.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::error::{CliError, exit};
use words::say;

/// Reads a file of at most `bytes_max` bytes.
///
/// # Errors
/// As the disk answers, or if it is larger.
pub fn read_bounded(path: &Path, bytes_max: usize) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(bytes_max as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| CliError::file(path, &error))?;
    if bytes.len() > bytes_max {
        let (path, mib) = (path.display(), bytes_max / 1024 / 1024);
        return Err(CliError::new(
            exit::OTHER,
            "file_too_large",
            say!("files-too-large", path, mib),
            say!("files-too-large-hint"),
        ));
    }
    Ok(bytes)
}

/// What stands at a path is no file: a pipe, a device, a folder, or a link to something.
#[derive(Debug)]
pub struct NotAFile;

impl std::fmt::Display for NotAFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a regular file")
    }
}

impl std::error::Error for NotAFile {}

/// Writes a file whole: beside its place first, made durable, then renamed over what was there. What is no regular file
/// is neither followed nor replaced: a link may lead where no export belongs, and behind a pipe a program waits.
///
/// # Errors
/// As the disk answers, or [`NotAFile`]; what was there, if anything, is untouched then.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => return Err(io::Error::other(NotAFile)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    let mut draft_name = OsString::from(".");
    draft_name.push(name);
    draft_name.push(format!(".{}.new", std::process::id()));
    let draft = folder.join(draft_name);
    let written = write_draft(&draft, bytes, mode)
        .and_then(|()| std::fs::rename(&draft, path))
        .and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        // The draft may not exist; then there is nothing to clean up.
        let _ = std::fs::remove_file(&draft);
    }
    written
}

fn write_draft(draft: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // A draft of that name is a rest of a program that ended, or a link that was laid out: neither is written to.
    match std::fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(draft)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{read_bounded, write_whole};

    #[test]
    fn a_file_is_replaced_whole_and_no_draft_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.cuadrilla");
        write_whole(&path, b"one", 0o600).unwrap();
        write_whole(&path, b"two", 0o600).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_whole(&folder.path().join("no/such"), b"x", 0o600).is_err());
    }

    #[test]
    fn what_is_no_regular_file_is_neither_followed_nor_replaced() {
        use std::os::unix::fs::{FileTypeExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("target"), b"mine").unwrap();
        symlink(at("target"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let device = std::path::PathBuf::from("/dev/null");
        for path in [at("link"), at("dangling"), at("folder"), at("pipe"), device.clone()] {
            let error = write_whole(&path, b"x", 0o600).unwrap_err();
            let said = crate::error::CliError::file(&path, &error);
            assert_eq!((said.exit, said.code.as_str()), (1, "not_a_file"), "{}", path.display());
        }
        assert_eq!(std::fs::read(at("target")).unwrap(), b"mine");
        assert!(std::fs::symlink_metadata(at("pipe")).unwrap().file_type().is_fifo());
        assert!(std::fs::symlink_metadata(device).unwrap().file_type().is_char_device());
        assert!(!at("nowhere").exists());
        // A link laid out under the draft's name leads nowhere either.
        symlink(at("target"), at(&format!(".whole.{}.new", std::process::id()))).unwrap();
        write_whole(&at("whole"), b"x", 0o600).unwrap();
        assert_eq!(std::fs::read(at("target")).unwrap(), b"mine");
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, [0; 11]).unwrap();
        assert_eq!(read_bounded(&path, 11).unwrap().len(), 11);
        assert_eq!(read_bounded(&path, 10).unwrap_err().code, "file_too_large");
        assert_eq!(read_bounded(&folder.path().join("y"), 10).unwrap_err().code, "file_missing");
    }
}
