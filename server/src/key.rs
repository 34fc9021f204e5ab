//! Key: the seed of the log key, in a private file beside the store. A program that has it can speak as this server.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use words::say;

/// Where the key lies.
pub fn path(data: &Path) -> PathBuf {
    data.join("log.key")
}

/// Writes a new key, durably, readable by its owner only. An existing one is never replaced, and what an earlier attempt
/// left in part is no key: it only gets its name once it is whole. The caller holds the store's lock.
pub fn create(data: &Path, seed: &[u8; 32]) -> Result<(), Failure> {
    let path = path(data);
    let what = say!("server-not-created", path);
    write_new(data, &path, seed).map_err(|error| Failure::io(&what, &error))
}

fn write_new(data: &Path, path: &Path, seed: &[u8; 32]) -> std::io::Result<()> {
    if path.try_exists()? {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let draft = data.join("log.key.new");
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", hex::encode(seed))?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    File::open(data)?.sync_all()
}

/// Reads the key; others must not be able to.
pub fn read(data: &Path) -> Result<[u8; 32], Failure> {
    let path = path(data);
    let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => missing(&path),
        _ => Failure::io(&say!("server-not-read", path), &error),
    })?;
    let mode = std::fs::metadata(&path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        return Err(Failure::other(
            "key_exposed",
            say!("server-key-exposed", path, mode = format!("{:o}", mode & 0o777)),
            say!("server-key-exposed-hint", path),
        ));
    }
    let mut seed = [0; 32];
    hex::decode_to_slice(text.trim(), &mut seed).map_err(|_| {
        Failure::other(
            "key_unreadable",
            say!("server-key-unreadable", path),
            say!("server-key-unreadable-hint"),
        )
    })?;
    Ok(seed)
}

fn missing(path: &Path) -> Failure {
    Failure::usage("no_store", say!("server-key-missing", path), say!("server-key-missing-hint"))
}

/// Random bytes from the system.
pub fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::other(
            "no_randomness",
            say!("server-no-randomness", error = error.to_string()),
            say!("server-no-randomness-hint"),
        )
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_private_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        super::create(folder.path(), &[7; 32]).unwrap();
        assert_eq!(super::read(folder.path()), Ok([7; 32]));
        assert!(super::create(folder.path(), &[8; 32]).is_err());
        assert_eq!(super::read(folder.path()), Ok([7; 32]));
        let path = super::path(folder.path());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(super::read(folder.path()).unwrap_err().code, "key_exposed");
    }
    #[test]
    fn a_key_that_could_not_be_written_whole_does_not_have_its_name() {
        let folder = tempfile::tempdir().unwrap();
        // What a full disk, or a power cut, left of an earlier attempt.
        std::fs::write(folder.path().join("log.key.new"), "0707").unwrap();
        super::create(folder.path(), &[7; 32]).unwrap();
        assert_eq!(super::read(folder.path()), Ok([7; 32]));
        let unwritable = tempfile::tempdir().unwrap();
        std::fs::create_dir(unwritable.path().join("log.key.new")).unwrap();
        assert!(super::create(unwritable.path(), &[7; 32]).is_err());
        assert!(!super::path(unwritable.path()).exists());
    }
}
