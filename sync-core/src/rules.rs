//! Rules: the kinds of work, the usual steps and the measures, read from the schema files that the office
//! published.
//!
//! Nothing here is built in: a kind of work exists because a file says so. The texts travel as `Rule` acts,
//! so the rules in force at a place in the ledger are part of the ledger.

pub mod check;
pub mod finding;
pub mod kind;
mod limits;
pub mod measure;
pub mod publish;
pub mod steps;
pub mod usage;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::limits::{RULE_BYTES_MAX, RULES_MAX};
use crate::record::schema::RecordSchemas;
use crate::unseen::is_unseen;
use kind::WorkKind;
use measure::{Measure, MeasuresFile};
use steps::Steps;

/// A label in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// Spanish (es-MX), what crews read.
    pub es: String,
    /// English, beside it.
    pub en: String,
}

impl Labels {
    /// Returns a label that is the same in both languages, where the rules have none.
    pub fn same(text: &str) -> Self {
        Self { es: text.into(), en: text.into() }
    }
}

/// A rule file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Not of the expected form.
    #[error("the rule file {name} cannot be read: {detail}")]
    Malformed {
        /// `work/<kind>`, `steps` or `measures`.
        name: String,
        /// What is wrong, with line and column.
        detail: String,
    },
    /// A name that this version does not use.
    #[error("no rule file is called {0}")]
    UnknownName(String),
    /// Over a limit.
    #[error("the rule file {name} has {found} bytes, at most {max} are allowed")]
    TooLong {
        /// The rule's name.
        name: String,
        /// Its size, in bytes.
        found: usize,
        /// The limit, in bytes.
        max: usize,
    },
    /// More rule files than a municipality can have.
    #[error("more than {max} rule files", max = RULES_MAX)]
    TooMany,
}

/// All rules in force.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Kinds of work by key.
    pub kinds: BTreeMap<String, WorkKind>,
    /// The usual steps.
    pub steps: Steps,
    /// Measures by key.
    pub measures: BTreeMap<String, Measure>,
    /// Their file's version, and their keys as they stand in it.
    pub measures_file: (u32, Vec<String>),
    /// The shape of each record kind: built in, because the code that makes records is.
    pub records: RecordSchemas,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            kinds: BTreeMap::new(),
            steps: Steps::default(),
            measures: BTreeMap::new(),
            measures_file: (0, Vec::new()),
            records: RecordSchemas::built_in(),
        }
    }
}

impl Rules {
    /// Adds one rule file; it replaces an earlier one of the same name.
    ///
    /// # Errors
    /// No rule of that name, over a limit, or not of the expected form.
    pub fn add(&mut self, name: &str, json: &str) -> Result<(), RulesError> {
        if json.len() > RULE_BYTES_MAX {
            return Err(RulesError::TooLong { name: name.into(), found: json.len(), max: RULE_BYTES_MAX });
        }
        let malformed =
            |error: serde_json::Error| RulesError::Malformed { name: name.into(), detail: error.to_string() };
        match name {
            "steps" => self.steps = serde_json::from_str(json).map_err(malformed)?,
            "measures" => {
                let file: MeasuresFile = serde_json::from_str(json).map_err(malformed)?;
                let keys = file.measures.iter().map(|measure| measure.key.clone()).collect();
                self.measures_file = (file.version, keys);
                self.measures = file.measures.into_iter().map(|m| (m.key.clone(), m)).collect();
            }
            _ => {
                let key = name.strip_prefix("work/").ok_or_else(|| RulesError::UnknownName(name.into()))?;
                let kind: WorkKind = serde_json::from_str(json).map_err(malformed)?;
                if kind.kind != key {
                    let detail = format!("its file is called {key} but its kind is {:?}", kind.kind);
                    return Err(RulesError::Malformed { name: name.into(), detail });
                }
                if self.kinds.len() >= RULES_MAX && !self.kinds.contains_key(key) {
                    return Err(RulesError::TooMany);
                }
                self.kinds.insert(key.into(), kind);
            }
        }
        Ok(())
    }

    /// Returns how people call the states that a record holds; several, if people disagree.
    pub fn state_labels(&self, states: &[String]) -> Labels {
        let labels = |key: &String| {
            let state = self.steps.states.iter().find(|state| state.key == *key);
            state.map_or_else(|| Labels::same(key), |state| state.labels.clone())
        };
        let all: Vec<Labels> = states.iter().map(labels).collect();
        let join = |pick: fn(&Labels) -> &str| all.iter().map(pick).collect::<Vec<_>>().join(" / ");
        Labels { es: join(|one| &one.es), en: join(|one| &one.en) }
    }

    /// Returns the kind of work that a person means by `word`: its key or one of its aliases, whatever the
    /// case, accents or hyphens.
    pub fn find_kind(&self, word: &str) -> Option<&WorkKind> {
        let word = fold_word(word);
        self.kinds.get(&word).or_else(|| self.kinds.values().find(|kind| kind.answers_to(&word)))
    }

    /// Returns the measure that a person means by `word`.
    pub fn find_measure(&self, word: &str) -> Option<&Measure> {
        let word = fold_word(word);
        self.measures.get(&word).or_else(|| self.measures.values().find(|measure| measure.answers_to(&word)))
    }

    /// Returns the steps of a kind: its own list, or the usual one.
    pub fn steps_of<'s>(&'s self, kind: Option<&'s WorkKind>) -> &'s [steps::Step] {
        kind.and_then(|kind| kind.steps.as_deref()).unwrap_or(&self.steps.steps)
    }
}

/// Returns the form in which names are compared: lower case, without accents and without what nobody sees, one
/// underscore for each run of blanks, hyphens and underscores. Names that look alike have one form.
pub fn fold_word(word: &str) -> String {
    let mut folded = String::new();
    for c in word.nfkd().filter(|c| !is_combining_mark(*c) && !is_unseen(*c)).flat_map(char::to_lowercase) {
        let is_gap = c.is_whitespace() || c == '_' || is_dash(c);
        match (is_gap, folded.ends_with('_') || folded.is_empty()) {
            (true, true) => {}
            (true, false) => folded.push('_'),
            (false, _) => folded.push(c),
        }
    }
    folded.truncate(folded.trim_end_matches('_').len());
    folded
}

/// Returns the form in which units are compared: one sign for what looks alike (`µ`, `μ`; `℃`, `°C`), without
/// blanks and what nobody sees, in any case.
pub fn fold_unit(unit: &str) -> String {
    let seen = unit.nfkc().filter(|c| !c.is_whitespace() && !is_unseen(*c));
    seen.map(|c| c.to_ascii_lowercase()).collect()
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use super::{fold_unit, fold_word};

    #[test]
    fn names_that_look_alike_are_one() {
        for word in [
            "La Peña",
            "La Pen\u{303}a",
            "la  pena",
            " LA_PEÑA ",
            "La\u{a0}Peña",
            "La Pe\u{200b}ña",
            "la–peña",
        ] {
            assert_eq!(fold_word(word), "la_pena", "{word}");
        }
        assert_eq!(fold_word("—"), "");
        assert_eq!(fold_word("El Niño Ⅳ"), "el_nino_iv");
        assert_ne!(fold_word("Peña"), fold_word("Peno"));
    }

    #[test]
    fn units_that_look_alike_are_one() {
        for (one, other) in [
            ("µS/cm", "μS/cm"),
            ("°C", "℃"),
            ("Ω", "\u{2126}"),
            ("mg/L", "mg/l"),
            ("mg/L", "mg / L"),
            ("m³", "m3"),
        ] {
            assert_eq!(fold_unit(one), fold_unit(other));
        }
        assert_ne!(fold_unit("mg/L"), fold_unit("µg/L"));
    }
}
