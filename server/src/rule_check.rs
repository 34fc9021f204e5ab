//! Rule check: which rule files come into force, and what is said about the others: file, line, column, what is wrong
//! and what to do.

use serde_json::{Value, json};
use sync_core::json_schema::{Wrong, path_text};
use sync_core::rules::finding::{Finding, RuleProblem};
use sync_core::rules::publish::Chosen;
use sync_core::source::{Spot, spot};
use words::{Lang, Text, say, wrong_text};

use crate::rule_files::Loaded;

/// A rule file that is not published, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file, or the built-in one.
    pub file: String,
    /// Where in it.
    pub spot: Spot,
    /// A stable word.
    pub code: &'static str,
    /// What is wrong.
    pub problem: Text,
    /// What to do.
    pub todo: Text,
}

impl Refused {
    /// The one line of it.
    pub fn line(&self, lang: Lang) -> String {
        let (line, column) = (self.spot.line, self.spot.column);
        let (problem, todo) = (self.problem.clone(), self.todo.clone());
        say!("rules-refused", file = &self.file, line, column, problem, todo).of(lang)
    }

    /// The JSON form.
    pub fn to_json(&self, lang: Lang) -> Value {
        json!({
            "file": self.file,
            "line": self.spot.line,
            "column": self.spot.column,
            "code": self.code,
            "problem": self.problem.of(lang),
            "todo": self.todo.of(lang),
        })
    }
}

/// Returns all that is to be said about the files that are not published. A built-in file that is older than what is in
/// force is none: the office has changed it since.
pub fn refused(loaded: &Loaded, chosen: &Chosen) -> Vec<Refused> {
    let is_told = |finding: &&Finding| {
        loaded.paths.contains_key(&finding.name) || !matches!(finding.problem, RuleProblem::Version { .. })
    };
    let told = chosen.findings.iter().filter(is_told).map(|finding| Refused {
        file: loaded.paths.get(&finding.name).cloned().unwrap_or_else(|| finding.name.clone()),
        spot: loaded.texts.get(&finding.name).map(|text| spot(text, &finding.path)).unwrap_or_default(),
        code: finding.problem.code(),
        problem: problem(finding),
        todo: todo(&finding.problem),
    });
    loaded.bad.iter().cloned().chain(told).collect()
}

fn problem(finding: &Finding) -> Text {
    let place = path_text(&finding.path);
    let problem = match &finding.problem {
        RuleProblem::Value(Wrong::Type { found: found @ ("file" | "text"), expected }) => {
            Text::same(format!("{found}: {}", expected.join(", ")))
        }
        RuleProblem::Value(wrong) => wrong_text(wrong),
        RuleProblem::OtherName { file, kind } => say!("rules-other-name", file, kind),
        RuleProblem::Above { min, max } => say!("rules-above", min, max),
        RuleProblem::Unknown { key, .. } => say!("rules-unknown", key),
        RuleProblem::Missing { key, .. } => say!("rules-missing", key),
        RuleProblem::Taken { word, other } => say!("rules-taken", word, other),
        RuleProblem::Reserved { word } => say!("rules-reserved", word),
        RuleProblem::Day(day) => say!("rules-day", day),
        RuleProblem::Overlap => say!("rules-overlap"),
        RuleProblem::Version { found, in_force } => {
            say!("rules-version", found = found.to_string(), in_force = in_force.to_string())
        }
        RuleProblem::Type { key } => say!("rules-type", key),
        RuleProblem::Unit { key, count } => say!("rules-unit", key, count),
        RuleProblem::Gone { key, count } => say!("rules-gone", key, count),
        RuleProblem::Stricter { key, value } => say!("rules-stricter", key, value),
    };
    if place.is_empty() { problem } else { say!("import-at", place, problem) }
}

fn todo(problem: &RuleProblem) -> Text {
    match problem {
        RuleProblem::Value(_) => say!("rules-value-todo"),
        RuleProblem::OtherName { .. } => say!("rules-other-name-todo"),
        RuleProblem::Above { .. } | RuleProblem::Day(_) | RuleProblem::Overlap => say!("rules-bounds-todo"),
        RuleProblem::Unknown { .. } | RuleProblem::Missing { .. } => say!("rules-unknown-todo"),
        RuleProblem::Taken { .. } | RuleProblem::Reserved { .. } => say!("rules-taken-todo"),
        RuleProblem::Version { in_force, .. } => {
            say!("rules-version-todo", version = (u64::from(*in_force) + 1).to_string())
        }
        RuleProblem::Type { key } => say!("rules-type-todo", key),
        RuleProblem::Unit { key, .. } => say!("rules-type-todo", key),
        RuleProblem::Gone { key, .. } => say!("rules-gone-todo", key),
        RuleProblem::Stricter { key, .. } => say!("rules-stricter-todo", key),
    }
}

#[cfg(test)]
mod tests;
