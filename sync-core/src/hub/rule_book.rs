//! Rule book: the rules in force, and those that were in force before. Work is judged by the rules that its device could
//! know, as it is by the rights.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::rows::{Rows, RowsError, all_under, number_in};
use crate::rules::Rules;
use crate::state::authority::{RuleVersion, rules_from};
use crate::state::keyspace;

/// Earlier rules that are kept read; each is a hundred kilobytes.
const KEPT_MAX: usize = 8;

/// The rules of a ledger, as they are and as they were.
#[derive(Debug)]
pub struct RuleBook {
    now: Rules,
    /// Ledger numbers at which a rule file was published, in order.
    published: Vec<u64>,
    /// Rules as they were, by how many files had been published.
    earlier: Mutex<BTreeMap<usize, Arc<Rules>>>,
}

impl RuleBook {
    /// Reads the rules that the ledger published so far.
    ///
    /// # Errors
    /// A row, or a rule file in it, does not read.
    pub fn open(rows: &dyn Rows) -> Result<Self, RowsError> {
        // A hub is opened after each request that it refuses: the texts of before are not read for that.
        let mut published = Vec::new();
        rows.scan(keyspace::RULE_VERSIONS, keyspace::RULE_VERSIONS, &mut |key, _| {
            published.push(number_in(&key[keyspace::RULE_VERSIONS.len()..]));
            true
        })?;
        let published = published.into_iter().collect::<Result<_, _>>()?;
        Ok(Self { now: rules_from(rows)?, published, earlier: Mutex::default() })
    }

    /// Returns the rules in force.
    pub fn now(&self) -> &Rules {
        &self.now
    }

    /// Returns the rules in force, to fold a line into. A rule file that is published is noted with [`Self::publish`] too.
    pub(super) fn now_mut(&mut self) -> &mut Rules {
        &mut self.now
    }

    /// Notes that a rule file was published at that ledger number.
    pub(super) fn publish(&mut self, seq: u64) {
        self.published.push(seq);
    }

    /// Returns how many rule files had been published for who had seen the ledger up to `size`.
    pub(super) fn known(&self, size: u64) -> usize {
        self.published.partition_point(|seq| *seq <= size)
    }

    /// Lets `judge` judge by the rules that a device could know which had seen the ledger up to `size`.
    ///
    /// # Errors
    /// As `judge`; or a rule file does not read.
    pub fn at<T>(
        &self,
        rows: &dyn Rows,
        size: u64,
        judge: impl FnOnce(&Rules) -> Result<T, RowsError>,
    ) -> Result<T, RowsError> {
        let known = self.known(size);
        if known == self.published.len() {
            return judge(&self.now);
        }
        let kept = self.earlier.lock().unwrap_or_else(PoisonError::into_inner).get(&known).cloned();
        let rules = match kept {
            Some(rules) => rules,
            None => self.read(rows, known)?,
        };
        judge(&rules)
    }

    fn read(&self, rows: &dyn Rows, known: usize) -> Result<Arc<Rules>, RowsError> {
        let mut rules = Rules::default();
        let all: Vec<(Vec<u8>, RuleVersion)> = all_under(rows, keyspace::RULE_VERSIONS)?;
        for (_, RuleVersion { name, json }) in all.iter().take(known) {
            rules.add(name, json).map_err(|error| RowsError(error.to_string()))?;
        }
        let rules = Arc::new(rules);
        let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        if earlier.len() >= KEPT_MAX {
            earlier.pop_first();
        }
        earlier.insert(known, Arc::clone(&rules));
        Ok(rules)
    }
}
