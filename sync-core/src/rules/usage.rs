//! Usage: what the records in a ledger hold, as far as a changed rule file must allow it still.

use std::collections::{BTreeMap, BTreeSet};

use crate::decimal::Decimal;
use crate::record::change::Scalar;

/// What is held of kinds of work, measures and states.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// By kind of work.
    pub kinds: BTreeMap<String, KindUsage>,
    /// By measure.
    pub measures: BTreeMap<String, Sample>,
    /// How many orders are in a state.
    pub states: BTreeMap<String, u64>,
}

/// What orders of one kind hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindUsage {
    /// By field.
    pub fields: BTreeMap<String, Sample>,
    /// How many hold a point of the checklist.
    pub checklist: BTreeMap<String, u64>,
}

/// The values that decide whether all values still fit: the ends of all quantities, those with the most digits,
/// the longest text, and each short text once, up to a limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// How many records hold a value.
    pub count: u64,
    smallest: Option<Decimal>,
    largest: Option<Decimal>,
    finest: Option<Decimal>,
    longest: Option<String>,
    others: BTreeSet<Scalar>,
}

/// Most different values of one field that are kept as they are: more than a choice can have.
const VALUES_MAX: usize = 64;

impl Sample {
    /// Takes a value that a record holds.
    pub fn add(&mut self, value: &Scalar) {
        let number = match value {
            Scalar::Null => return,
            Scalar::Int(number) => Some(Decimal::integer(*number)),
            Scalar::Str(text) => text.parse::<Decimal>().ok(),
            Scalar::Bool(_) => None,
        };
        self.count += 1;
        if let Some(number) = number {
            let keep = |held: &mut Option<Decimal>, wins: &dyn Fn(Decimal) -> bool| {
                if held.is_none_or(wins) {
                    *held = Some(number);
                }
            };
            keep(&mut self.smallest, &|held| number.compare(held).is_lt());
            keep(&mut self.largest, &|held| number.compare(held).is_gt());
            keep(&mut self.finest, &|held| number.scale > held.scale);
        }
        if let Scalar::Str(text) = value
            && self.longest.as_ref().is_none_or(|held| text.chars().count() > held.chars().count())
        {
            self.longest = Some(text.clone());
        }
        if self.others.len() < VALUES_MAX {
            self.others.insert(value.clone());
        }
    }

    /// Returns whether every different value that records hold is among [`Sample::values`].
    pub(super) fn is_whole(&self) -> bool {
        self.others.len() < VALUES_MAX
    }

    /// Returns values to try: if all of these fit, all values do.
    pub fn values(&self) -> Vec<Scalar> {
        let is_whole = self.others.iter().any(|value| matches!(value, Scalar::Int(_)));
        let number = |number: &Decimal| {
            let is_int = is_whole && number.scale == 0;
            if is_int { Scalar::Int(number.units) } else { Scalar::Str(number.to_string()) }
        };
        let numbers = [&self.smallest, &self.largest, &self.finest].into_iter().flatten().map(number);
        let longest = self.longest.iter().cloned().map(Scalar::Str);
        self.others.iter().cloned().chain(numbers).chain(longest).collect()
    }
}
