//! Invitation: what opens one. A link has a secret that nobody can guess; a code is short enough to be spoken, and costs
//! who guesses at it memory and time.
//!
//! A ledger holds *locks*, which auditors read: the hash of an *opening*. From a link's secret the opening is one hash
//! away. From a code it is a scrypt away, salted with the key of the server that the code is for. The new device computes
//! it, so that strangers cannot make a server do so.

use std::fmt;

use scrypt::Params;
use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, Hash};
use crate::limits::CODE_CHARS;

/// Symbols of a code: no I, L, O or U, so that nobody misreads one.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 2^15 blocks of 1 KiB: 32 MiB, which a cheap phone's browser has, and a tenth of a second of it.
const SCRYPT_LOG_N: u8 = 15;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;

/// The secret of a link: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSecret(pub [u8; 16]);

impl fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkSecret")
    }
}

/// What opens an invitation, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Opening(pub Hash);

impl Opening {
    /// Returns the opening of a code as a person typed it (case, hyphens and look-alikes do not matter), for the server
    /// whose office has that id. Takes 32 MiB, and some tenths of a second.
    pub fn of_code(code: &str, office: &DeviceId) -> Self {
        let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(look_alike).collect();
        let salt = [b"cuadrilla/code/v1\0".as_slice(), &office.0].concat();
        let mut opening = [0; 32];
        let params =
            Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P, 32).expect("these are scrypt's own bounds");
        scrypt::scrypt(plain.as_bytes(), &salt, &params, &mut opening)
            .expect("32 bytes are a length of scrypt's");
        Self(Hash(opening))
    }

    /// Returns the opening of a link's secret.
    pub fn of_secret(secret: &LinkSecret) -> Self {
        Self(Hash::tagged("cuadrilla/link/v1", &[&secret.0]))
    }

    /// Returns what the ledger holds of it.
    pub fn lock(&self) -> Hash {
        Hash::tagged("cuadrilla/lock/v1", &[&self.0.0])
    }
}

/// How a person came by an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvitedBy {
    /// A code, as it was typed.
    Code(String),
    /// A link.
    Secret(LinkSecret),
}

/// What an inviting device tells the person who is invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    /// The code to speak, if there is one.
    pub code: Option<String>,
    /// The link's secret.
    pub secret: LinkSecret,
}

/// What the ledger holds of an invitation's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locks {
    /// Of the code, if there is one.
    pub code: Option<Hash>,
    /// Of the link.
    pub link: Hash,
}

impl Secrets {
    /// Returns secrets from random bytes; with a code, if there are bytes for one.
    pub fn from_random(code: Option<[u8; CODE_CHARS]>, secret: [u8; 16]) -> Self {
        Self { code: code.as_ref().map(code_from), secret: LinkSecret(secret) }
    }

    /// Returns their locks, for the server whose office has that id.
    pub fn locks(&self, office: &DeviceId) -> Locks {
        Locks {
            code: self.code.as_ref().map(|code| Opening::of_code(code, office).lock()),
            link: Opening::of_secret(&self.secret).lock(),
        }
    }
}

/// A code from random bytes: three groups of four symbols, 60 bits.
pub fn code_from(random: &[u8; CODE_CHARS]) -> String {
    let symbols: Vec<char> = random.iter().map(|byte| char::from(SYMBOLS[usize::from(byte % 32)])).collect();
    let groups: Vec<String> = symbols.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

fn look_alike(typed: char) -> char {
    match typed.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICE: DeviceId = DeviceId([7; 16]);

    #[test]
    fn a_code_is_the_same_however_it_is_typed_and_another_one_on_another_server() {
        let code = code_from(&[1, 2, 3, 40, 5, 6, 7, 8, 9, 10, 11, 31]);
        assert_eq!(code, "1238-5678-9ABZ");
        let opening = Opening::of_code(&code, &OFFICE);
        assert_eq!(opening, Opening::of_code("l238 5678 9abz", &OFFICE));
        assert_ne!(opening, Opening::of_code("1238-5678-9ABY", &OFFICE));
        assert_ne!(opening, Opening::of_code(&code, &DeviceId([8; 16])));
        // What every implementation must make of it.
        assert_eq!(
            opening.lock().to_string(),
            "5f1660068c8bfe6a91678ba15e138efa18e397598801be71fbed2b221cb2956f"
        );
        assert_eq!(
            Opening::of_secret(&LinkSecret([9; 16])).lock().to_string(),
            "1abee6a67c09ed623178182e9488109d838523f29df7e104a2e0a365f4c52f81"
        );
    }

    #[test]
    fn a_secret_is_not_shown_by_accident() {
        let secrets = Secrets::from_random(None, [0xAB; 16]);
        assert!(!format!("{secrets:?}").to_lowercase().contains("ab, ab"));
        assert!(!format!("{secrets:?}").contains("171"));
    }
}
