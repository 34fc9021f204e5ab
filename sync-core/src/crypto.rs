//! Keys and signatures: Ed25519 with a domain tag for each purpose, so that no signature serves two.
//!
//! A tagged signature is over 32 bytes. Checkpoints alone have no tag ([`crate::log::checkpoint`]): their signature
//! is over a text, which is longer.

use ed25519_dalek::{Signer, SigningKey, Verifier, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, Hash};

/// The purpose of a signature. Its tag is hashed in front of the signed parts, so a signature serves one
/// purpose only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The head of a device chain: vouches for every entry up to it.
    Segment,
    /// One request of a device.
    Request,
    /// One reply of the server, bound to the request it answers.
    Reply,
    /// A receipt that travels back by bundle.
    Receipt,
    /// A new device succeeds this one.
    Succession,
}

impl Purpose {
    fn tag(self) -> &'static str {
        match self {
            Self::Segment => "cuadrilla/segment/v1",
            Self::Request => "cuadrilla/request/v1",
            Self::Reply => "cuadrilla/reply/v1",
            Self::Receipt => "cuadrilla/receipt/v1",
            Self::Succession => "cuadrilla/succession/v1",
        }
    }

    /// Returns the 32 bytes that Ed25519 signs for the parts, one after another.
    pub fn digest(self, parts: &[&[u8]]) -> Hash {
        Hash::tagged(self.tag(), parts)
    }
}

/// An Ed25519 signature with the number of its algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Signature {
    /// 1 is Ed25519. Others are refused until they exist.
    pub alg: u8,
    /// The signature's bytes.
    #[serde(with = "serde_bytes")]
    pub bytes: [u8; 64],
}

/// The only algorithm so far.
pub const ALG_ED25519: u8 = 1;

/// A signature that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key is not a point of the curve.
    #[error("not a valid Ed25519 public key")]
    Key,
    /// The algorithm is unknown to this version.
    #[error("signature algorithm {0} is not known")]
    Algorithm(u8),
    /// It does not match key and content.
    #[error("the signature does not match")]
    Mismatch,
}

/// A public key, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PublicKey(#[serde(with = "serde_bytes")] pub [u8; 32]);

/// A secret key. It prints nothing and is wiped when dropped.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Returns the key of 32 random bytes that the shell drew.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Returns the key of a device that goes on under new names: one seed in the home folder gives a key for
    /// each name.
    pub fn of_name(seed: &[u8; 32], successions: &[DeviceId]) -> Self {
        let next = |seed: [u8; 32], device: &DeviceId| {
            Hash::tagged("cuadrilla/successor-seed/v1", &[&seed, &device.0]).0
        };
        Self::from_seed(&successions.iter().fold(*seed, next))
    }

    /// Returns the public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Returns the signature over the parts, one after another, for one purpose.
    pub fn sign(&self, purpose: Purpose, parts: &[&[u8]]) -> Signature {
        let digest = purpose.digest(parts);
        Signature { alg: ALG_ED25519, bytes: self.0.sign(&digest.0).to_bytes() }
    }

    /// Returns the key as the `signed-note` signer wants it.
    pub fn signing_key(&self) -> &SigningKey {
        &self.0
    }
}

impl PublicKey {
    /// Checks a signature made by [`SecretKey::sign`].
    ///
    /// # Errors
    /// No key, an unknown algorithm, or a signature over something else.
    pub fn verify(
        &self,
        purpose: Purpose,
        parts: &[&[u8]],
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        if signature.alg != ALG_ED25519 {
            return Err(SignatureError::Algorithm(signature.alg));
        }
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| SignatureError::Key)?;
        let digest = purpose.digest(parts);
        key.verify(&digest.0, &ed25519_dalek::Signature::from_bytes(&signature.bytes))
            .map_err(|_| SignatureError::Mismatch)
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, SecretKey, SignatureError};

    #[test]
    fn a_signature_holds_for_its_key_content_and_purpose_only() {
        let key = SecretKey::from_seed(&[7; 32]);
        let signature = key.sign(Purpose::Segment, &[b"a", b"b"]);
        let public = key.public();
        assert_eq!(public.verify(Purpose::Segment, &[b"ab"], &signature), Ok(()));
        for result in [
            public.verify(Purpose::Request, &[b"ab"], &signature),
            public.verify(Purpose::Segment, &[b"abc"], &signature),
            SecretKey::from_seed(&[8; 32]).public().verify(Purpose::Segment, &[b"ab"], &signature),
        ] {
            assert_eq!(result, Err(SignatureError::Mismatch));
        }
    }
}
