//! Home: the device's private folder with its key (`device.key`), its store and the lock of a running exchange.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sync_core::crypto::SecretKey;
use sync_core::limits::TICKET_CHARS_MAX;
use sync_core::people::{Names as _, People};
use sync_core::replica::ReplicaError;
use ureq::tls::{PemItem, RootCerts, parse_pem};

use crate::error::{CliError, exit};
use crate::persons::Persons;
use crate::{clock, files};
use words::say;

/// Names the folder where `--home` is not given.
pub const HOME_VARIABLE: &str = "CUADRILLA_HOME";
/// A key file is 64 hex digits and a line end.
const KEY_FILE_BYTES_MAX: u64 = 256;

/// The authority that vouches for the server, if it is not one that the platform trusts.
const AUTHORITY_FILE: &str = "ca.pem";
/// Largest such file, in bytes.
const AUTHORITY_BYTES_MAX: usize = 1024 * 1024;

/// By what the server knows the device before its signature is checked.
const TICKET_FILE: &str = "ticket";

/// The names behind the persons of entries. They are no part of the journal, so that they can be taken away.
const PEOPLE_FILE: &str = "people.json";
/// Largest such file, in bytes: the most names at their longest.
const PEOPLE_FILE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The device's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    folder: PathBuf,
}

/// Held while this process exchanges with the server; freed by the system however the process ends.
#[derive(Debug)]
pub struct ExchangeLock {
    _file: File,
}

impl Home {
    /// The folder given, or the platform's data folder.
    ///
    /// # Errors
    /// Usage, if neither a folder is given nor the platform names one.
    pub fn locate(given: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, CliError> {
        let absolute = |name: &str| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = given
            .map(Path::to_path_buf)
            .or_else(|| env(HOME_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from))
            .or_else(|| absolute("XDG_DATA_HOME").map(|data| data.join("cuadrilla")))
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share/cuadrilla")));
        folder.map(|folder| Self { folder }).ok_or_else(|| {
            CliError::usage(say!("home-unknown"), say!("home-unknown-hint", variable = HOME_VARIABLE))
        })
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the store is.
    pub fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    fn key_path(&self) -> PathBuf {
        self.folder.join("device.key")
    }

    /// Makes the folder, readable by nobody else.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn create(&self) -> Result<(), CliError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|error| CliError::file(&self.folder, &error))
    }

    /// The names that this device knows; none before the first.
    ///
    /// # Errors
    /// As the disk answers; integrity, if the file is not ours.
    pub fn people(&self) -> Result<People, CliError> {
        let path = self.folder.join(PEOPLE_FILE);
        if !path.exists() {
            return Ok(People::default());
        }
        let bytes = files::read_bounded(&path, PEOPLE_FILE_BYTES_MAX)?;
        let path = path.display();
        serde_json::from_slice(&bytes).map_err(|_| {
            let (message, hint) = (say!("people-damaged", path), say!("people-damaged-hint", path));
            CliError::new(exit::INTEGRITY, "bad_people", message, hint)
        })
    }

    /// Keeps the names that this device knows.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn keep_people(&self, people: &People) -> Result<(), CliError> {
        let path = self.folder.join(PEOPLE_FILE);
        let bytes = serde_json::to_vec(people).map_err(|error| CliError::file(&path, &error.into()))?;
        files::write_whole(&path, &bytes, 0o600).map_err(|error| CliError::file(&path, &error))
    }

    /// Who shares this device.
    ///
    /// # Errors
    /// As [`Persons::read`].
    pub fn persons(&self) -> Result<Persons, CliError> {
        Persons::read(&self.folder)
    }

    /// The seed of the device's key, where no persons share it.
    ///
    /// # Errors
    /// Not enrolled, if there is none; integrity, if the file is not a key.
    pub fn seed(&self) -> Result<[u8; 32], CliError> {
        self.read_seed(&self.key_path())
    }

    fn read_seed(&self, path: &Path) -> Result<[u8; 32], CliError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(CliError::not_enrolled(&self.folder));
            }
            Err(error) => return Err(CliError::file(path, &error)),
        };
        let mut text = String::new();
        file.take(KEY_FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| CliError::file(path, &error))?;
        let mut seed = [0; 32];
        hex::decode_to_slice(text.trim(), &mut seed).map_err(|_| bad_key(path))?;
        Ok(seed)
    }

    fn renewed_path(&self) -> PathBuf {
        self.folder.join("device.key.next")
    }

    /// The seed of a renewal under way, if there is one.
    ///
    /// # Errors
    /// Integrity, if the file is not a key; else as the disk answers.
    pub fn renewed_seed(&self) -> Result<Option<[u8; 32]>, CliError> {
        let path = self.renewed_path();
        if path.exists() { self.read_seed(&path).map(Some) } else { Ok(None) }
    }

    /// The seed to renew with: that of a renewal under way, or a new one, durable before it is used.
    ///
    /// # Errors
    /// As [`Home::renewed_seed`].
    pub fn renewed_or_new(&self) -> Result<[u8; 32], CliError> {
        if let Some(seed) = self.renewed_seed()? {
            return Ok(seed);
        }
        let (path, seed) = (self.renewed_path(), clock::entropy()?);
        let made = files::write_whole(&path, format!("{}\n", hex::encode(seed)).as_bytes(), 0o600);
        made.map_err(|error| CliError::file(&path, &error))?;
        Ok(seed)
    }

    /// The renewed seed is the device's from now on.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn take_renewed(&self) -> Result<(), CliError> {
        let path = self.key_path();
        std::fs::rename(self.renewed_path(), &path)
            .and_then(|()| File::open(&self.folder)?.sync_all())
            .map_err(|error| CliError::file(&path, &error))
    }

    /// Keeps the seed as it is, for the device's user alone.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn keep_plain_key(&self, seed: &[u8; 32]) -> Result<(), CliError> {
        let path = self.key_path();
        let made = files::write_whole(&path, format!("{}\n", hex::encode(seed)).as_bytes(), 0o600);
        made.map_err(|error| CliError::file(&path, &error))
    }

    /// Takes the plain key away, once vaults hold it.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn forget_plain_key(&self) -> Result<(), CliError> {
        let path = self.key_path();
        if !path.exists() {
            return Ok(());
        }
        std::fs::remove_file(&path)
            .and_then(|()| File::open(&self.folder)?.sync_all())
            .map_err(|error| CliError::file(&path, &error))
    }

    /// The device's key, made on first use and durable before it is used.
    ///
    /// # Errors
    /// As [`Home::seed`], or as the disk answers; rule, if the device is shared and so enrolled.
    pub fn key_or_new(&self) -> Result<SecretKey, CliError> {
        if self.key_path().exists() {
            return Ok(SecretKey::from_seed(&self.seed()?));
        }
        let persons = self.persons()?;
        if let Some(person) = persons.all.first() {
            let people = self.people()?;
            return Err(
                ReplicaError::AlreadyEnrolled(people.name_of(&person.id).unwrap_or_default().into()).into()
            );
        }
        let seed = clock::entropy()?;
        self.keep_plain_key(&seed)?;
        Ok(SecretKey::from_seed(&seed))
    }

    /// Who vouches for the server's certificate: the authority given at enrolment, or those the platform trusts.
    ///
    /// # Errors
    /// As the disk answers; integrity, if the file holds no certificate.
    pub fn roots(&self) -> Result<RootCerts, CliError> {
        let path = self.folder.join(AUTHORITY_FILE);
        if path.exists() { authorities(&path) } else { Ok(RootCerts::PlatformVerifier) }
    }

    /// Keeps a copy of the authority's PEM file, or forgets the one kept.
    ///
    /// # Errors
    /// Usage, if `file` holds no certificate; as the disk answers.
    pub fn keep_authority(&self, file: Option<&Path>) -> Result<(), CliError> {
        let path = self.folder.join(AUTHORITY_FILE);
        let done = match file {
            Some(file) => {
                let pem = files::read_bounded(file, AUTHORITY_BYTES_MAX)?;
                authorities(file)?;
                files::write_whole(&path, &pem, 0o600)
            }
            None if path.exists() => std::fs::remove_file(&path),
            None => Ok(()),
        };
        done.map_err(|error| CliError::file(&path, &error))
    }

    /// The ticket of the newest reply, if one is kept and is one.
    pub fn ticket(&self) -> Option<String> {
        let mut text = String::new();
        let file = File::open(self.folder.join(TICKET_FILE)).ok()?;
        file.take(TICKET_CHARS_MAX as u64).read_to_string(&mut text).ok()?;
        let is_usable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_usable.then_some(text)
    }

    /// Keeps the ticket of the newest reply. Without it the next exchange waits among strangers until its signature is
    /// checked, so that a disk that refuses is no reason to fail.
    pub fn keep_ticket(&self, ticket: &str) {
        let _ = files::write_whole(&self.folder.join(TICKET_FILE), ticket.as_bytes(), 0o600);
    }

    /// Keeps a second exchange out. The store itself stays free: work can be noted while the network is slow.
    ///
    /// # Errors
    /// Busy, if another process exchanges with the server right now.
    pub fn lock_exchange(&self) -> Result<ExchangeLock, CliError> {
        let path = self.folder.join("exchange.lock");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => CliError::not_enrolled(&self.folder),
                _ => CliError::file(&path, &error),
            })?;
        match file.try_lock() {
            Ok(()) => Ok(ExchangeLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(CliError::new(
                exit::OTHER,
                "busy",
                say!("home-sync-running"),
                say!("home-sync-running-hint"),
            )),
            Err(TryLockError::Error(error)) => Err(CliError::file(&path, &error)),
        }
    }
}

fn authorities(path: &Path) -> Result<RootCerts, CliError> {
    let pem = files::read_bounded(path, AUTHORITY_BYTES_MAX)?;
    let found: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        let path = path.display();
        return Err(CliError::usage(say!("home-no-certificate", path), say!("home-no-certificate-hint")));
    }
    Ok(RootCerts::new_with_certs(&found))
}

fn bad_key(path: &Path) -> CliError {
    let path = path.display();
    CliError::new(exit::INTEGRITY, "bad_key", say!("home-no-key", path), say!("home-no-key-hint"))
}

#[cfg(test)]
mod tests {
    use super::{Home, SecretKey};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    fn located(given: Option<&str>, vars: &[(&str, &str)]) -> Option<String> {
        let env =
            |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Home::locate(given.map(Path::new), &env).ok().map(|home| home.folder().display().to_string())
    }

    #[test]
    fn the_folder_given_counts_before_the_platforms() {
        let vars = [("CUADRILLA_HOME", "/c"), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(located(Some("/g"), &vars).as_deref(), Some("/g"));
        assert_eq!(located(None, &vars).as_deref(), Some("/c"));
        assert_eq!(located(None, &vars[1..]).as_deref(), Some("/x/cuadrilla"));
        assert_eq!(located(None, &vars[2..]).as_deref(), Some("/h/.local/share/cuadrilla"));
        assert_eq!(located(None, &[]), None);
    }

    #[test]
    fn a_key_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home { folder: folder.path().join("new") };
        assert_eq!(home.seed().err().unwrap().code, "not_enrolled");
        home.create().unwrap();
        let made = home.key_or_new().unwrap().public();
        assert_eq!(home.key_or_new().unwrap().public(), made);
        assert_eq!(SecretKey::from_seed(&home.seed().unwrap()).public(), made);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(home.folder()), mode(&home.key_path())), (0o700, 0o600));
    }

    #[test]
    fn a_key_file_that_is_no_key_is_an_integrity_failure() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home { folder: folder.path().into() };
        std::fs::write(home.key_path(), "hola").unwrap();
        assert_eq!(home.seed().err().unwrap().exit, 5);
    }

    #[test]
    fn one_exchange_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home { folder: folder.path().into() };
        let held = home.lock_exchange().unwrap();
        assert_eq!(home.lock_exchange().err().unwrap().code, "busy");
        drop(held);
        home.lock_exchange().unwrap();
    }
}
