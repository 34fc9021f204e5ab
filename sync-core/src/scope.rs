//! Scope: what a device subscribes to. A record is in the scopes that its registers say, all concurrent values counted.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::act::Role;
use crate::change::Scalar;
use crate::id::DeviceId;
use crate::record::row::RecordRow;
use crate::rules::record_schema::RecordKind;

/// One scope. Its sequence is the ledger's, restricted to what concerns it.
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

impl Scope {
    /// What a device with that role, crew and localities subscribes to.
    pub fn of_device(role: Role, crew: Option<&str>, localities: &[String]) -> BTreeSet<Self> {
        if role.sees_everything() {
            return BTreeSet::from([Self::Municipality]);
        }
        let crew = crew.map(|code| Self::Crew(code.into()));
        let localities = localities.iter().map(|key| Self::Locality(key.clone()));
        BTreeSet::from([Self::Catalog]).into_iter().chain(crew).chain(localities).collect()
    }

    /// The scopes a record is in now.
    pub fn of_record(row: &RecordRow) -> BTreeSet<Self> {
        let mut scopes = BTreeSet::from([Self::Municipality]);
        match row.kind {
            RecordKind::Catalog | RecordKind::Asset | RecordKind::Plan => {
                scopes.insert(Self::Catalog);
            }
            RecordKind::Order | RecordKind::Report => {
                let texts = |key| row.values(key).filter_map(scope_text).collect::<Vec<_>>();
                scopes.extend(texts("crew").into_iter().map(Self::Crew));
                scopes.extend(texts("locality").into_iter().map(Self::Locality));
            }
        }
        scopes
    }
}

fn scope_text(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Str(text) if !text.is_empty() && !text.contains('\0') => Some(text.clone()),
        _ => None,
    }
}
