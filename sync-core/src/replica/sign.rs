//! Sign: what a device's key is asked to sign. The core makes the bytes and goes on with the signature; the key stays
//! with the shell, which may take its time over it.

use crate::crypto::{KeySalt, Purpose, SecretKey, Signature};
use crate::id::Hash;

/// Which of a device's keys: it has another one under each name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyName {
    /// Whether it hangs on the secret that was drawn to renew the key, not on the one in use.
    pub is_renewed: bool,
    /// What was drawn for it, the newest last; nothing for the first key of a folder.
    pub salts: Vec<KeySalt>,
}

impl KeyName {
    /// Returns the key, for a shell that derives all keys of a device from one seed: the renewed seed if the name says
    /// [`KeyName::is_renewed`].
    pub fn of_seed(&self, seed: &[u8; 32]) -> SecretKey {
        SecretKey::of_name(seed, &self.salts)
    }
}

/// Bytes to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToSign {
    /// The key to sign with.
    pub key: KeyName,
    /// What the signature is for.
    pub purpose: Purpose,
    /// What is vouched for. Ed25519 signs its [`ToSign::digest`].
    pub bytes: Vec<u8>,
}

impl ToSign {
    /// Returns the 32 bytes that Ed25519 signs.
    pub fn digest(&self) -> Hash {
        self.purpose.digest(&[&self.bytes])
    }

    /// Returns the signature, for a shell that holds the key.
    pub fn by(&self, key: &SecretKey) -> Signature {
        key.sign(self.purpose, &[&self.bytes])
    }
}

/// Something that lacks a signature: nothing can be done with it before it has one.
///
/// ```compile_fail
/// # use sync_core::replica::{Replica, ReplicaError, Unsigned, sync::request::{Draft, Request}};
/// fn too_early(draft: Unsigned<Draft>) -> Request {
///     draft.into_request()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Unsigned<T> {
    to_sign: ToSign,
    content: T,
}

/// Something with the signature that was made for it.
#[derive(Debug, Clone)]
pub struct Signed<T> {
    pub(super) content: T,
    pub(super) signature: Signature,
}

impl<T> Unsigned<T> {
    pub(super) fn new(key: KeyName, purpose: Purpose, bytes: Vec<u8>, content: T) -> Self {
        Self { to_sign: ToSign { key, purpose, bytes }, content }
    }

    /// Returns what is to be signed, and with which key.
    pub fn to_sign(&self) -> &ToSign {
        &self.to_sign
    }

    /// Returns it with its signature. Its receiver checks that.
    pub fn signed(self, signature: Signature) -> Signed<T> {
        Signed { content: self.content, signature }
    }

    /// Returns it signed by `key`, for a shell that holds the key.
    pub fn by(self, key: &SecretKey) -> Signed<T> {
        let signature = self.to_sign.by(key);
        self.signed(signature)
    }
}
