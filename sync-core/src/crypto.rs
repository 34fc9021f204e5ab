//! Keys and signatures: Ed25519 with a domain tag for each purpose, so that no signature serves two.
//!
//! A tagged signature is over 32 bytes. Checkpoints alone have no tag ([`crate::log::checkpoint`]): their signature
//! is over a text, which is longer.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
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
    /// The key is not a point of the curve, or one of the few for which anybody can sign.
    #[error("not a valid Ed25519 public key")]
    Key,
    /// A device's id is that of its first key, so that nobody can enrol another key under it.
    #[error("the device id is not that of the key")]
    Device,
    /// The algorithm is unknown to this version.
    #[error("signature algorithm {0} is not known")]
    Algorithm(u8),
    /// It does not match key and content.
    #[error("the signature does not match")]
    Mismatch,
}

/// What was drawn for a further key of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeySalt(#[serde(with = "serde_bytes")] pub [u8; 16]);

/// A public key, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PublicKey(#[serde(with = "serde_bytes")] pub [u8; 32]);

impl Signature {
    /// Returns the signature that an Ed25519 key made elsewhere: in a browser, or a chip.
    pub fn ed25519(bytes: [u8; 64]) -> Self {
        Self { alg: ALG_ED25519, bytes }
    }
}

/// A secret key. It prints nothing and is wiped when dropped.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Returns the key of 32 random bytes that the shell drew.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Returns the key of a device that goes on under new names: one seed in the home folder gives a key for each name,
    /// with the salts that were drawn for them. A salt stands in the device's journal only: a thief who has a copy of the
    /// seed does not have the keys of the names that came later.
    pub fn of_name(seed: &[u8; 32], salts: &[KeySalt]) -> Self {
        let next =
            |seed: [u8; 32], salt: &KeySalt| Hash::tagged("cuadrilla/successor-seed/v1", &[&seed, &salt.0]).0;
        Self::from_seed(&salts.iter().fold(*seed, next))
    }

    /// Returns the public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Returns the signature over the parts, one after another, for one purpose.
    pub fn sign(&self, purpose: Purpose, parts: &[&[u8]]) -> Signature {
        self.sign_digest(&purpose.digest(parts))
    }

    /// Returns the signature over a digest that [`Purpose::digest`] made.
    pub fn sign_digest(&self, digest: &Hash) -> Signature {
        Signature::ed25519(self.0.sign(&digest.0).to_bytes())
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
        let digest = purpose.digest(parts);
        self.point()?
            .verify_strict(&digest.0, &ed25519_dalek::Signature::from_bytes(&signature.bytes))
            .map_err(|_| SignatureError::Mismatch)
    }

    /// Checks that it is the first key of that device, and one that only who knows its secret half can sign with.
    ///
    /// # Errors
    /// `Key`, `Device`.
    pub fn check_first_of(&self, device: &DeviceId) -> Result<(), SignatureError> {
        self.point()?;
        if self.device() == *device { Ok(()) } else { Err(SignatureError::Device) }
    }

    /// Returns the point, unless its order is small: for such a key signatures can be made that hold for every message.
    fn point(&self) -> Result<VerifyingKey, SignatureError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| SignatureError::Key)?;
        if key.is_weak() { Err(SignatureError::Key) } else { Ok(key) }
    }

    /// Returns the id of the device whose first key this is. Nobody else can enrol under that id.
    pub fn device(&self) -> DeviceId {
        let hash = Hash::tagged("cuadrilla/device/v1", &[&self.0]);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        DeviceId(id)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeySalt, PublicKey, Purpose, SecretKey, Signature, SignatureError};
    use crate::id::DeviceId;

    /// A key for which a signature of zeros and this point holds for every message, unless it is refused.
    const IDENTITY: [u8; 32] = {
        let mut point = [0; 32];
        point[0] = 1;
        point
    };
    /// A point of order eight.
    const SMALL: [u8; 32] = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ];

    #[test]
    fn a_key_for_which_anybody_can_sign_is_none() {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&IDENTITY);
        let of_nobody = Signature { alg: super::ALG_ED25519, bytes };
        for weak in [IDENTITY, SMALL, [0; 32]].map(PublicKey) {
            assert_eq!(weak.verify(Purpose::Segment, &[b"x"], &of_nobody), Err(SignatureError::Key));
            assert_eq!(weak.check_first_of(&weak.device()), Err(SignatureError::Key));
        }
        let key = SecretKey::from_seed(&[7; 32]).public();
        assert_eq!(key.verify(Purpose::Segment, &[b"x"], &of_nobody), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_device_has_the_id_of_its_first_key() {
        let key = |salts: &[KeySalt]| SecretKey::of_name(&[7; 32], salts).public();
        let (first, other) = (key(&[]), key(&[KeySalt([1; 16])]));
        assert_eq!(first.check_first_of(&first.device()), Ok(()));
        assert_eq!(first.check_first_of(&other.device()), Err(SignatureError::Device));
        assert_eq!(first.check_first_of(&DeviceId([0; 16])), Err(SignatureError::Device));
    }

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
