//! Published: the rule files that a ledger holds, as they are and as they were.

use serde::{Deserialize, Serialize};

use crate::rows::{Rows, RowsError};
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
