//! Published: the rule files that a ledger holds, as they are and as they were, and the apps that the office served.

use serde::{Deserialize, Serialize};

use crate::id::Hash;
use crate::rows::{Overlay, Rows, RowsError, all_under};
use crate::rules::{Rules, RulesError};
use crate::state::keyspace;

/// A rule file as it was published once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleVersion {
    /// Its name.
    pub name: String,
    /// Its JSON text.
    pub json: String,
}

/// An app for browsers, as the office began to serve it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppVersion {
    /// SHA-256 of its manifest.
    pub hash: Hash,
    /// The version it says it has.
    pub version: String,
}

/// Writes the app that the office serves from ledger number `seq` on.
pub(super) fn note_app(overlay: &mut Overlay<'_>, seq: u64, hash: &Hash, version: &str) {
    overlay.write(keyspace::app(seq), &AppVersion { hash: *hash, version: version.into() });
}

/// Returns all apps that the office served, the newest last. One that it went back to stands there again.
pub fn apps(rows: &dyn Rows) -> Result<Vec<AppVersion>, RowsError> {
    let all: Vec<(Vec<u8>, AppVersion)> = all_under(rows, keyspace::APPS)?;
    Ok(all.into_iter().map(|(_, app)| app).collect())
}

/// All rules that the ledger published so far.
pub fn rules_from(rows: &dyn Rows) -> Result<Rules, RowsError> {
    let mut rules = Rules::default();
    let mut failure = None;
    rows.scan(keyspace::RULES, keyspace::RULES, &mut |key, json| {
        let name = String::from_utf8_lossy(&key[keyspace::RULES.len()..]).into_owned();
        failure = rules.add(&name, &String::from_utf8_lossy(json)).err();
        failure.is_none()
    })?;
    failure.map_or(Ok(rules), |error: RulesError| Err(RowsError(error.to_string())))
}
