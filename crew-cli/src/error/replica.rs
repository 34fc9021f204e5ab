//! The core's refusals as a person reads them: what happened, and what to do next.

use sync_core::decimal::DecimalError;
use sync_core::json_schema::path_text;
use sync_core::log::act::Role;
use sync_core::log::verdict::Reason;
use sync_core::replica::{ImportProblem, ReplicaError};
use sync_core::rules::Labels;
use sync_core::rules::kind::ValueError;
use sync_core::rules::measure::ReadingError;
use words::{Text, say};

use super::CliError;
use crate::labels;

impl From<ReplicaError> for CliError {
    fn from(error: ReplicaError) -> Self {
        Self::new(error.exit(), error.code(), message(&error), hint(&error))
    }
}

fn message(error: &ReplicaError) -> Text {
    match error {
        ReplicaError::NotEnrolled => say!("replica-not-enrolled"),
        ReplicaError::NoPerson => say!("replica-no-person"),
        ReplicaError::NoPost => say!("replica-no-post"),
        ReplicaError::NotAPhoto { item } => say!("replica-not-a-photo", item),
        ReplicaError::AlreadyEnrolled(name) => say!("replica-already-enrolled", name),
        ReplicaError::Unknown { what: "single device", word, known } => {
            say!("replica-ambiguous", word, matches = known.join("; "))
        }
        ReplicaError::Unknown { what, word, known } if known.is_empty() => {
            say!("replica-unknown", what = thing(what), word)
        }
        ReplicaError::Unknown { what, word, known } => {
            say!("replica-unknown-among", what = thing(what), word, known = known.join(", "))
        }
        ReplicaError::Ambiguous { word, matches } => {
            say!("replica-ambiguous", word, matches = matches.join("; "))
        }
        ReplicaError::Value { field, error } => say!("replica-value", what = field, problem = value(error)),
        ReplicaError::Reading { what, error } => say!("replica-value", what, problem = reading(error)),
        ReplicaError::Length { what, found, max } => {
            say!("replica-length", what = thing(what), found, max)
        }
        ReplicaError::Missing { folio, missing, .. } => {
            let list = |pick: fn(&Labels) -> &str| missing.iter().map(pick).collect::<Vec<_>>().join(", ");
            let missing = Text::both(list(|one| &one.es), list(|one| &one.en));
            say!("replica-missing", folio, missing)
        }
        ReplicaError::Step { folio, state, step, .. } => {
            say!("replica-step", folio, state = both(state), step = both(step))
        }
        ReplicaError::InConflict { folio, field } => say!("replica-in-conflict", folio, field),
        ReplicaError::Voided { folio, item } => say!("replica-voided", folio, item),
        ReplicaError::NotCorrected { .. } => say!("replica-not-corrected"),
        ReplicaError::Role { role, what } => {
            let role = Role::from_key(role).map_or_else(|| Text::same(role.as_str()), labels::role);
            say!("replica-role", role, what)
        }
        ReplicaError::Refused(reason) => say!("replica-refused", reason = labels::reason(reason)),
        ReplicaError::NoSuchValue { folio, field, number, count } => {
            say!("replica-no-such-value", folio, field, number, count)
        }
        ReplicaError::NoConflict { folio, field } => say!("replica-no-conflict", folio, field),
        ReplicaError::Import { path, problem } => {
            say!("replica-import", place = path_text(path), problem = import_problem(problem))
        }
        ReplicaError::NotReleasable { seq } => say!("replica-not-releasable", seq),
        ReplicaError::GroundHeld { seq, on: Some(on) } => say!("replica-ground-in-review", seq, on),
        ReplicaError::GroundHeld { seq, on: None } => say!("replica-some-ground-in-review", seq),
        other => trouble(other),
    }
}

/// What is no slip of a person: a bad network, a damaged file, a limit.
fn trouble(error: &ReplicaError) -> Text {
    match error {
        ReplicaError::Bundle(detail) => say!("replica-bundle", detail),
        ReplicaError::Foreign(detail) => say!("replica-foreign", detail = detail.to_string()),
        ReplicaError::Forged(detail) => say!("replica-forged", detail),
        ReplicaError::OutOfStep(detail) => say!("replica-out-of-step", detail = detail.to_string()),
        ReplicaError::Behind { ours, theirs } => say!("replica-behind", ours, theirs),
        ReplicaError::Change(detail) => say!("replica-limit", detail = detail.to_string()),
        ReplicaError::Rules(detail) => say!("replica-rules", detail = detail.to_string()),
        ReplicaError::Index(detail) => say!("replica-index", detail),
        other => Text::same(other.to_string()),
    }
}

fn hint(error: &ReplicaError) -> Text {
    match error {
        ReplicaError::Missing { commands, .. } => Text::same(commands.join(" · ")),
        ReplicaError::Step { possible, .. } if possible.is_empty() => say!("replica-no-step-hint"),
        ReplicaError::Step { possible, .. } => {
            let list = |pick: fn(&Labels) -> &str| {
                let one = |(word, labels): &(String, Labels)| format!("{word} ({})", pick(labels));
                possible.iter().map(one).collect::<Vec<_>>().join(", ")
            };
            say!("replica-step-hint", possible = Text::both(list(|one| &one.es), list(|one| &one.en)))
        }
        ReplicaError::InConflict { folio, field } => say!("replica-in-conflict-hint", folio, field),
        ReplicaError::Voided { .. } => say!("replica-voided-hint"),
        ReplicaError::NotCorrected { .. } => say!("replica-not-corrected-hint"),
        ReplicaError::NotEnrolled => say!("error-not-enrolled-hint"),
        ReplicaError::NoPerson => say!("replica-no-person-hint"),
        ReplicaError::NoPost => say!("replica-no-post-hint"),
        ReplicaError::NotAPhoto { .. } => say!("replica-not-a-photo-hint"),
        ReplicaError::AlreadyEnrolled(_) => say!("replica-already-enrolled-hint"),
        ReplicaError::Unknown { what: "order", .. } => say!("replica-unknown-order-hint"),
        ReplicaError::Unknown { what: "single device", .. } => say!("replica-single-device-hint"),
        ReplicaError::Unknown { .. } => say!("replica-unknown-hint"),
        ReplicaError::Ambiguous { .. } => say!("replica-ambiguous-hint"),
        ReplicaError::Value { error: ValueError::Type(_, "a date (YYYY-MM-DD)"), .. } => {
            say!("replica-date-hint")
        }
        ReplicaError::Reading { .. } | ReplicaError::Value { .. } => say!("replica-value-hint"),
        ReplicaError::Length { .. } => say!("replica-length-hint"),
        ReplicaError::Refused(Reason::Revoked) => say!("replica-revoked-hint"),
        ReplicaError::Refused(Reason::OutOfScope) => say!("replica-out-of-scope-hint"),
        ReplicaError::Role { .. } | ReplicaError::Refused(_) => say!("replica-role-hint"),
        ReplicaError::NoSuchValue { .. } | ReplicaError::NoConflict { .. } => {
            say!("replica-no-conflict-hint")
        }
        ReplicaError::Import { problem, .. } => import_hint(problem),
        ReplicaError::NotReleasable { .. } => say!("replica-not-releasable-hint"),
        ReplicaError::GroundHeld { on: Some(on), .. } => say!("replica-ground-in-review-hint", on),
        ReplicaError::GroundHeld { on: None, .. } => say!("replica-some-ground-in-review-hint"),
        other => trouble_hint(other),
    }
}

fn trouble_hint(error: &ReplicaError) -> Text {
    match error {
        ReplicaError::Bundle(_) => say!("replica-bundle-hint"),
        ReplicaError::Foreign(_) => say!("replica-foreign-hint"),
        ReplicaError::Forged(_) => say!("replica-forged-hint"),
        ReplicaError::OutOfStep(_) => say!("replica-out-of-step-hint"),
        ReplicaError::Behind { .. } => say!("replica-behind-hint"),
        ReplicaError::Change(_) => say!("replica-limit-hint"),
        ReplicaError::Rules(_) => say!("replica-rules-hint"),
        ReplicaError::Index(_) => say!("replica-index-hint"),
        other => Text::same(other.hint()),
    }
}

/// What the core calls a thing, with its article where the sentence needs one.
fn both(labels: &Labels) -> Text {
    Text::both(labels.es.as_str(), labels.en.as_str())
}

fn thing(what: &str) -> Text {
    match what {
        "order" => say!("thing-order"),
        "kind of work" => say!("thing-kind"),
        "locality" => say!("thing-locality"),
        "crew" => say!("thing-crew"),
        "asset" => say!("thing-asset"),
        "material" => say!("thing-material"),
        "measure" => say!("thing-measure"),
        "field" => say!("thing-field"),
        "step" => say!("thing-step"),
        "state" => say!("thing-state"),
        "record" => say!("thing-record"),
        "item" => say!("thing-item"),
        "priority" => say!("thing-priority"),
        "plan" => say!("thing-plan"),
        "checklist point" => say!("thing-check"),
        "device" => say!("thing-device"),
        "held entry" => say!("thing-entry-in-review"),
        "the note" => say!("thing-the-note"),
        "the title" => say!("thing-the-title"),
        "the reason" => say!("thing-the-reason"),
        "the description" => say!("thing-the-description"),
        "the name" => say!("thing-the-name"),
        other => Text::same(other),
    }
}

fn value(error: &ValueError) -> Text {
    match error {
        ValueError::Type(text, "yes or no (sí/no)") => say!("value-not-yes-or-no", text),
        ValueError::Type(text, "a whole number") => say!("value-not-whole", text),
        ValueError::Type(text, "a date (YYYY-MM-DD)") => say!("value-not-date", text),
        ValueError::Type(text, _) => say!("value-other-type", text),
        ValueError::Decimal(error) => decimal(error),
        ValueError::Scale(text, digits) => say!("value-too-fine", text, digits),
        ValueError::Range { value, unit, min, max } => say!("value-impossible", value, unit, min, max),
        ValueError::TooLong { found, max } => say!("value-too-long", found, max),
        ValueError::Choice { value, choices } => say!("value-no-choice", value, choices),
    }
}

fn reading(error: &ReadingError) -> Text {
    match error {
        ReadingError::Unit { what, expected, found } => say!("value-other-unit", what, expected, found),
        ReadingError::Value(error) => value(error),
    }
}

fn decimal(error: &DecimalError) -> Text {
    match error {
        DecimalError::Comma(text) => say!("value-comma", text),
        DecimalError::NotANumber(text) => say!("value-not-number", text),
        DecimalError::TooLong(text) => say!("value-too-many-digits", text),
    }
}

/// What is wrong with an import file.
pub(crate) fn import_problem(problem: &ImportProblem) -> Text {
    match problem {
        ImportProblem::Value(wrong) => words::wrong_text(wrong),
        ImportProblem::SameKey { key, other } => say!("import-same-key", key, other),
        ImportProblem::SameName { name, other } => say!("import-same-name", name, other),
        ImportProblem::NoKey { name } => say!("import-no-key", name),
        ImportProblem::Known { key, held } => say!("import-known", key, held),
        ImportProblem::OtherMunicipality { found, own } => say!("import-other-municipality", found, own),
        ImportProblem::Refused(error) => message(error),
    }
}

fn import_hint(problem: &ImportProblem) -> Text {
    match problem {
        ImportProblem::SameKey { .. }
        | ImportProblem::SameName { .. }
        | ImportProblem::NoKey { .. }
        | ImportProblem::Known { .. } => say!("import-keys-hint"),
        _ => say!("replica-import-hint"),
    }
}

#[cfg(test)]
mod tests {
    use crate::error::CliError;
    use sync_core::replica::ReplicaError;
    use sync_core::rules::kind::ValueError;
    use words::Lang;

    #[test]
    fn a_refusal_keeps_its_word_and_exit_code_in_both_languages() {
        let error =
            ValueError::Range { value: "-1".into(), unit: "mg/L".into(), min: "0".into(), max: "50".into() };
        let error = CliError::from(ReplicaError::Value { field: "dose".into(), error });
        assert_eq!((error.exit, error.code.as_str()), (3, "value"));
        assert_eq!(error.message.of(Lang::Es), "dose: -1 mg/L es imposible: debe estar entre 0 y 50");
        assert_eq!(error.message.of(Lang::En), "dose: -1 mg/L is impossible: it must lie between 0 and 50");
    }

    #[test]
    fn a_homonym_lists_the_places() {
        let matches = vec!["el-popote-1".to_owned(), "el-popote-2".to_owned()];
        let error = CliError::from(ReplicaError::Ambiguous { word: "El Popote".into(), matches });
        assert_eq!(error.exit, 2);
        assert!(error.message.of(Lang::Es).contains("el-popote-2"));
    }
}
