//! Vault: the device's key at rest, wrapped under a PIN in an `age` file (scrypt). No clock and no folder here.

use age::secrecy::SecretString;
use age::{DecryptError, EncryptError, scrypt};

/// Work factor of scrypt, as a power of two: 128 MiB and some half a second of one core each time a PIN is tried.
pub const WORK_LOG_N: u8 = 17;
/// Highest work factor that is tried on opening: a file that asks for more was not made here.
const WORK_LOG_N_MAX: u8 = 18;
/// Bytes of such a file, with room.
pub const VAULT_BYTES_MAX: usize = 4 * 1024;
const SEED_BYTES: usize = 32;

/// Why a vault does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultError {
    /// Another PIN.
    WrongPin,
    /// Not what was written.
    Damaged,
}

/// Wraps a seed. Fails only if the system has no randomness.
///
/// # Errors
/// As `age` answers.
pub fn seal(seed: &[u8; SEED_BYTES], pin: &SecretString, log_n: u8) -> Result<Vec<u8>, EncryptError> {
    let mut recipient = scrypt::Recipient::new(pin.clone());
    recipient.set_work_factor(log_n);
    age::encrypt(&recipient, seed)
}

/// Opens what [`seal`] made.
///
/// # Errors
/// `WrongPin`, or `Damaged`.
pub fn open(vault: &[u8], pin: &SecretString) -> Result<[u8; SEED_BYTES], VaultError> {
    let mut identity = scrypt::Identity::new(pin.clone());
    identity.set_max_work_factor(WORK_LOG_N_MAX);
    let seed = age::decrypt(&identity, vault).map_err(|error| match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => VaultError::WrongPin,
        _ => VaultError::Damaged,
    })?;
    seed.try_into().map_err(|_| VaultError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::{VaultError, open, seal};

    #[test]
    fn a_seed_comes_out_with_its_pin_and_with_no_other() {
        let pin = |text: &str| text.to_owned().into();
        let vault = seal(&[7; 32], &pin("482913"), 4).unwrap();
        assert_eq!(open(&vault, &pin("482913")), Ok([7; 32]));
        assert_eq!(open(&vault, &pin("482914")), Err(VaultError::WrongPin));
        assert_eq!(open(&vault[..vault.len() - 1], &pin("482913")), Err(VaultError::Damaged));
        assert_eq!(open(b"no vault", &pin("482913")), Err(VaultError::Damaged));
        let costly = seal(&[7; 32], &pin("482913"), 19).unwrap();
        assert_eq!(open(&costly, &pin("482913")), Err(VaultError::Damaged), "nobody makes it work for ever");
        assert!(!vault.windows(32).any(|part| part == [7; 32]));
    }
}
