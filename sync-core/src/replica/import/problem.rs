//! Problem: why an import file cannot be imported.

use crate::json_schema::Wrong;
use crate::replica::ReplicaError;

/// What is wrong at a place of an import file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportProblem {
    /// The schema does not allow it.
    #[error("{0}")]
    Value(Wrong),
    /// Two items of the file would be one.
    #[error("has the key {key:?}, as {other} has")]
    SameKey {
        /// The key, given or made from the name.
        key: String,
        /// The other item, `localities[0]`.
        other: String,
    },
    /// Two items have one name, and this one has no key.
    #[error("is called {name:?}, as {other} is, and has no key of its own")]
    SameName {
        /// The name.
        name: String,
        /// The other item, `localities[0]`.
        other: String,
    },
    /// No key can be made from the name.
    #[error("is called {name:?}, which no key can be made of")]
    NoKey {
        /// The name.
        name: String,
    },
    /// It is known under another key, or the key is that of another one.
    #[error("would have the key {key:?}; known is {held}")]
    Known {
        /// The key, given or made from the name.
        key: String,
        /// What is known, `La Palma (la-palma)`.
        held: String,
    },
    /// The file is of another municipality.
    #[error("is {found}; this is {own}")]
    OtherMunicipality {
        /// What the file says.
        found: String,
        /// The municipality that this device is enrolled in.
        own: String,
    },
    /// What the item says is not possible here.
    #[error("{0}")]
    Refused(Box<ReplicaError>),
}

impl ImportProblem {
    /// The exit status of a command that ends so.
    pub fn exit(&self) -> u8 {
        match self {
            Self::OtherMunicipality { .. } => 3,
            Self::Refused(error) => error.exit(),
            Self::Value(_)
            | Self::SameKey { .. }
            | Self::SameName { .. }
            | Self::NoKey { .. }
            | Self::Known { .. } => 2,
        }
    }
}
