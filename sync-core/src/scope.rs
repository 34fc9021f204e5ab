//! Scope: what a device subscribes to. A record is in the scopes that its registers say, all concurrent values counted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::id::DeviceId;

/// One scope. Its sequence is the ledger's, restricted to what concerns it.
///
/// ```
/// use sync_core::scope::Scope;
///
/// let scope: Scope = "crew:C-07".parse()?;
/// assert_eq!(scope, Scope::Crew("C-07".into()));
/// assert_eq!(scope.to_string(), "crew:C-07");
/// assert!("crew:".parse::<Scope>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Localities, crews, people, materials, assets, plans and rules: every device has it.
    Catalog,
    /// Everything: dispatch, audit and administration.
    Municipality,
    /// What is assigned to a crew.
    Crew(String),
    /// What is in a locality, by its key.
    Locality(String),
    /// What concerns one device alone: decisions on its entries, its own rights. No record is in it.
    Device(DeviceId),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalog => f.write_str("catalog"),
            Self::Municipality => f.write_str("municipality"),
            Self::Crew(code) => write!(f, "crew:{code}"),
            Self::Locality(key) => write!(f, "locality:{key}"),
            Self::Device(device) => write!(f, "device:{device}"),
        }
    }
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "catalog" => Ok(Self::Catalog),
            None if text == "municipality" => Ok(Self::Municipality),
            Some(("crew", code)) if !code.is_empty() && !code.contains('\0') => Ok(Self::Crew(code.into())),
            Some(("locality", key)) if !key.is_empty() && !key.contains('\0') => {
                Ok(Self::Locality(key.into()))
            }
            Some(("device", id)) => {
                id.parse().map(Self::Device).map_err(|_| format!("not a scope: {text:?}"))
            }
            _ => Err(format!("not a scope: {text:?}")),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
