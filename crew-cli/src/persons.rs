//! Persons: who shares this device. Each has a PIN, and a vault that holds the same device key. Who works is chosen
//! once, with the PIN, and stays chosen; the key itself is needed only to exchange.

use std::fs::File;
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sync_core::id::{NameKey, PersonId};
use sync_core::limits::PERSON_BYTES_MAX;
use sync_core::people::{Names as _, People, PersonName};
use sync_core::replica::Author;
use sync_core::time::TimeMs;

use crate::error::{CliError, exit};
use crate::vault::{self, VAULT_BYTES_MAX, VaultError};
use crate::{clock, files};
use words::say;

/// Where they are kept, in the device's folder.
const FILE: &str = "persons.json";
const FILE_BYTES_MAX: usize = 64 * 1024;
/// Persons on one device.
const PERSONS_MAX: usize = 32;
/// Wrong PINs before there is a wait, the first wait, and the longest.
const FREE_TRIES: u32 = 3;
const WAIT_FIRST_MS: i64 = 5_000;
const WAIT_MS_MAX: i64 = 15 * 60_000;

/// One who shares the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// As entries name them; the name is among [`Home::people`](crate::home::Home::people).
    pub id: PersonId,
    /// Their vault, in the device's folder.
    vault: String,
}

/// All who share the device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persons {
    /// In the order they came.
    pub all: Vec<Person>,
    /// Whose work is being written down.
    pub in_use: Option<PersonId>,
    /// Wrong PINs since the last right one.
    wrong: u32,
    /// When the next one may be tried, by the device's clock.
    wait_until_ms: TimeMs,
}

impl Persons {
    /// Reads who there is; nobody, if nobody was ever added.
    ///
    /// # Errors
    /// As the disk answers; integrity, if the file is not ours.
    pub fn read(folder: &Path) -> Result<Self, CliError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = files::read_bounded(&path, FILE_BYTES_MAX)?;
        serde_json::from_slice(&bytes).map_err(|_| damaged(&path))
    }

    fn write(&self, folder: &Path) -> Result<(), CliError> {
        let path = folder.join(FILE);
        let bytes = serde_json::to_vec_pretty(self).map_err(|_| damaged(&path))?;
        files::write_whole(&path, &bytes, 0o600).map_err(|error| CliError::file(&path, &error))
    }

    /// Whether the device is shared, and so its key encrypted.
    pub fn is_shared(&self) -> bool {
        !self.all.is_empty()
    }

    /// Who works, as entries say it.
    pub fn author(&self) -> Author {
        match (&self.in_use, self.is_shared()) {
            (Some(person), _) => Author::Person(*person),
            (None, true) => Author::Nobody,
            (None, false) => Author::Device,
        }
    }

    /// The person of that name, whatever its case and accents.
    ///
    /// # Errors
    /// Usage, if there is none.
    pub fn find(&self, people: &People, name: &str) -> Result<Person, CliError> {
        let found = people.find(name);
        let person = self.all.iter().find(|person| found.contains(&person.id));
        person.cloned().ok_or_else(|| {
            let there: Vec<&str> = self.all.iter().filter_map(|person| people.name_of(&person.id)).collect();
            let there = there.join(", ");
            CliError::usage(say!("person-unknown", name), say!("person-unknown-hint", there))
        })
    }

    /// Checks that somebody of that name can be added. Returns the name as it is kept.
    ///
    /// # Errors
    /// Usage, if the name is taken or no name, or there are too many.
    pub fn check_new(&self, people: &People, name: &str) -> Result<String, CliError> {
        let name = name.trim();
        if !(PersonName { name: name.into(), key: NameKey::ZERO }).is_sound() {
            return Err(CliError::usage(
                say!("person-bad-name"),
                say!("person-bad-name-hint", bytes = PERSON_BYTES_MAX),
            ));
        }
        if self.find(people, name).is_ok() {
            return Err(CliError::usage(say!("person-exists", name), say!("person-exists-hint")));
        }
        if self.all.len() >= PERSONS_MAX {
            return Err(CliError::usage(
                say!("person-too-many", count = PERSONS_MAX),
                say!("person-too-many-hint"),
            ));
        }
        Ok(name.to_owned())
    }

    /// Adds a person who may open the device's key, and chooses them if nobody was there.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn add(
        &mut self,
        folder: &Path,
        id: PersonId,
        pin: &SecretString,
        seed: &[u8; 32],
    ) -> Result<(), CliError> {
        let made = vault::seal(seed, pin, vault::WORK_LOG_N).map_err(|error| {
            CliError::new(
                exit::OTHER,
                "vault",
                say!("person-no-vault", error = error.to_string()),
                say!("repeat"),
            )
        })?;
        let random = clock::entropy()?;
        let file = format!("person-{}.age", hex::encode(&random[..8]));
        let path = folder.join(&file);
        files::write_whole(&path, &made, 0o600).map_err(|error| CliError::file(&path, &error))?;
        if !self.is_shared() {
            self.in_use = Some(id);
        }
        self.all.push(Person { id, vault: file });
        self.write(folder)
    }

    /// Chooses who works; nobody, for `None`.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn choose(&mut self, folder: &Path, person: Option<&Person>) -> Result<(), CliError> {
        self.in_use = person.map(|person| person.id);
        self.write(folder)
    }

    /// Takes a person off the list and their vault away.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn remove(&mut self, folder: &Path, person: &Person) -> Result<(), CliError> {
        self.all.retain(|other| other != person);
        if self.in_use == Some(person.id) {
            self.in_use = None;
        }
        self.write(folder)?;
        let path = folder.join(&person.vault);
        std::fs::remove_file(&path)
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(|error| CliError::file(&path, &error))
    }

    /// The person in use, whose PIN opens the key.
    ///
    /// # Errors
    /// Rule, if nobody is chosen.
    pub fn person_in_use(&self) -> Result<Person, CliError> {
        let in_use = self.all.iter().find(|person| Some(person.id) == self.in_use);
        in_use.cloned().ok_or_else(|| CliError::from(sync_core::replica::ReplicaError::NoPerson))
    }

    /// Opens the device's key as one of `persons`, whose PIN this should be. The try is counted before it is made.
    ///
    /// # Errors
    /// Rule, if the PIN is wrong or it is too early for another; integrity, if a vault is damaged.
    pub fn open(
        &mut self,
        folder: &Path,
        persons: &[Person],
        pin: &SecretString,
    ) -> Result<[u8; 32], CliError> {
        let now = clock::now_ms()?;
        let wait = self.wait_until_ms.saturating_sub(now).min(WAIT_MS_MAX);
        if self.wrong >= FREE_TRIES && wait > 0 {
            return Err(too_early(wait / 1_000 + 1));
        }
        let before = (self.wrong, self.wait_until_ms);
        self.wrong = self.wrong.saturating_add(1);
        self.wait_until_ms = now.saturating_add(wait_after(self.wrong));
        self.write(folder)?;
        let opened = self.try_all(folder, persons, pin);
        match opened {
            Ok(seed) => {
                (self.wrong, self.wait_until_ms) = (0, 0);
                self.write(folder)?;
                Ok(seed)
            }
            Err((path, VaultError::Damaged)) => {
                (self.wrong, self.wait_until_ms) = before;
                self.write(folder)?;
                Err(damaged(&path))
            }
            Err((_, VaultError::WrongPin)) => {
                // From when the answer is given: a slow phone takes longer to try a PIN than the first wait lasts.
                self.wait_until_ms = clock::now_ms()?.saturating_add(wait_after(self.wrong));
                self.write(folder)?;
                Err(wrong_pin(wait_after(self.wrong) / 1_000))
            }
        }
    }

    fn try_all(
        &self,
        folder: &Path,
        persons: &[Person],
        pin: &SecretString,
    ) -> Result<[u8; 32], (PathBuf, VaultError)> {
        let mut failed = (folder.join(FILE), VaultError::WrongPin);
        for person in persons {
            let path = folder.join(&person.vault);
            let opened = files::read_bounded(&path, VAULT_BYTES_MAX)
                .map_err(|_| VaultError::Damaged)
                .and_then(|bytes| vault::open(&bytes, pin));
            match opened {
                Ok(seed) => return Ok(seed),
                Err(error) => failed = (path, error),
            }
        }
        Err(failed)
    }
}

/// How long nothing may be tried after so many wrong PINs in a row, in milliseconds.
fn wait_after(wrong: u32) -> i64 {
    match wrong.checked_sub(FREE_TRIES) {
        None => 0,
        Some(over) => WAIT_FIRST_MS.checked_shl(over.min(20)).unwrap_or(WAIT_MS_MAX).min(WAIT_MS_MAX),
    }
}

fn wrong_pin(wait_s: i64) -> CliError {
    let hint = if wait_s > 0 { say!("person-wrong-pin-wait", wait_s) } else { say!("person-wrong-pin-hint") };
    CliError::new(exit::RULE, "wrong_pin", say!("person-wrong-pin"), hint)
}

fn too_early(seconds: i64) -> CliError {
    CliError::new(exit::RULE, "pin_wait", say!("person-pin-wait"), say!("person-pin-wait-hint", seconds))
}

fn damaged(path: &Path) -> CliError {
    let path = path.display();
    CliError::new(exit::INTEGRITY, "bad_key", say!("person-bad-vault", path), say!("person-bad-vault-hint"))
}

#[cfg(test)]
mod tests {
    use super::{NameKey, People, PersonName, Persons, wait_after};
    use sync_core::replica::Author;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<i64> = (1..=12).map(|wrong| wait_after(wrong) / 1_000).collect();
        assert_eq!(waits, [0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert_eq!(wait_after(u32::MAX), 900_000);
    }

    #[test]
    fn a_device_is_a_persons_only_once_somebody_shares_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut persons = Persons::read(folder.path()).unwrap();
        assert_eq!(persons.author(), Author::Device);
        let named = PersonName { name: "Ana".into(), key: NameKey([3; 32]) };
        let mut people = People::default();
        people.add([named.clone()]);
        let pin = "482913".to_owned().into();
        assert_eq!(persons.check_new(&people, " Ana ").unwrap(), "Ana");
        persons.add(folder.path(), named.id(), &pin, &[7; 32]).unwrap();
        assert_eq!(Persons::read(folder.path()).unwrap(), persons);
        assert_eq!(persons.author(), Author::Person(named.id()));
        assert_eq!(persons.check_new(&people, "ana").unwrap_err().exit, 2);
        persons.choose(folder.path(), None).unwrap();
        assert_eq!(persons.author(), Author::Nobody);
        let ana = persons.find(&people, "ANA").unwrap();
        assert_eq!(persons.open(folder.path(), std::slice::from_ref(&ana), &pin).unwrap(), [7; 32]);
        let other = "482914".to_owned().into();
        for _ in 0..3 {
            assert_eq!(
                persons.open(folder.path(), std::slice::from_ref(&ana), &other).unwrap_err().code,
                "wrong_pin"
            );
        }
        assert_eq!(
            persons.open(folder.path(), std::slice::from_ref(&ana), &pin).unwrap_err().code,
            "pin_wait"
        );
        persons.wait_until_ms = 0;
        assert_eq!(persons.open(folder.path(), std::slice::from_ref(&ana), &pin).unwrap(), [7; 32]);
        assert_eq!(persons.wrong, 0);
        persons.remove(folder.path(), &ana).unwrap();
        assert_eq!(persons.author(), Author::Device);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "only the list is left");
    }
}
