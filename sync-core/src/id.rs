//! Ids and hashes: fixed-size byte strings that print as lower-case hex and travel as bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

/// Text that is not the hex form of an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {expected_bytes} bytes of hex: {text:?}")]
pub struct IdError {
    /// The text.
    pub text: String,
    /// How many bytes the id has.
    pub expected_bytes: usize,
}

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// All zeros: stands for "none" where the format has a fixed place.
            pub const ZERO: Self = Self([0; $len]);

            /// Returns the bytes, if `bytes` has exactly the length of this id.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// Returns the first eight hex digits, for people.
            pub fn short(&self) -> String {
                hex::encode(&self.0[..4])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.short())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let mut bytes = [0; $len];
                hex::decode_to_slice(text, &mut bytes)
                    .map(|()| Self(bytes))
                    .map_err(|_| IdError { text: text.into(), expected_bytes: $len })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
                } else {
                    let bytes = <serde_bytes::ByteArray<$len>>::deserialize(deserializer)?;
                    Ok(Self(bytes.into_array()))
                }
            }
        }
    };
}

byte_id!(
    /// One installation of the client; random. Also its Automerge actor id.
    DeviceId, 16
);
byte_id!(
    /// One record; random, or derived from an import key.
    RecordId, 16
);
byte_id!(
    /// A SHA-256 value.
    Hash, 32
);
byte_id!(
    /// A person as entries know them: a name, hidden. See [`crate::people`].
    PersonId, 16
);
byte_id!(
    /// Random; with it a name is shown to be a person's.
    NameKey, 32
);
byte_id!(
    /// One start of a device's operating system: tells clock jumps from reboots.
    BootId, 8
);
byte_id!(
    /// One life of a server's ledger; a restored or cut ledger starts a new one.
    Epoch, 8
);
byte_id!(
    /// The state of a scope, to compare without sending it.
    Fingerprint, 16
);

impl Hash {
    /// Returns the first eight bytes: enough to tell entries with one number apart.
    pub fn first_bytes(&self) -> [u8; 8] {
        std::array::from_fn(|index| self.0[index])
    }

    /// SHA-256 of a domain tag, a zero byte and the parts one after another.
    pub fn tagged(tag: &str, parts: &[&[u8]]) -> Self {
        let mut sha = Sha256::new();
        sha.update(tag.as_bytes());
        sha.update([0]);
        for part in parts {
            sha.update(part);
        }
        Self(sha.finalize().into())
    }
}

impl RecordId {
    /// Returns the id of an imported item: the same item imported on two devices is one record.
    pub fn from_import_key(municipality: u32, kind: &str, key: &str) -> Self {
        let hash = Hash::tagged(
            "cuadrilla/import-id/v1",
            &[&municipality.to_be_bytes(), kind.as_bytes(), &[0], key.as_bytes()],
        );
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        Self(id)
    }
}

impl Fingerprint {
    /// Adds (or takes away again: it is its own inverse) one element of the set.
    pub fn toggle(&mut self, element: &Hash) {
        for (mine, theirs) in self.0.iter_mut().zip(element.0) {
            *mine ^= theirs;
        }
    }
}
