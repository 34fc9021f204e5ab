//! Refusals: what the core refuses as a person reads it: what happened, and what to do next.

use sync_core::decimal::DecimalError;
use sync_core::json_schema::path_text;
use sync_core::log::act::Role;
use sync_core::log::verdict::Reason;
use sync_core::replica::{ImportProblem, ReplicaError};
use sync_core::rules::Labels;
use sync_core::rules::kind::{Choice, ValueError};
use sync_core::rules::measure::ReadingError;
use sync_core::view::words::Sentence;

use crate::{Text, labels, say};

/// Returns what happened.
pub fn message(error: &ReplicaError) -> Text {
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
            say!("replica-unknown-among", what = thing(what), word, known = labels::known(known))
        }
        ReplicaError::Ambiguous { word, matches } => {
            say!("replica-ambiguous", word, matches = matches.join("; "))
        }
        ReplicaError::Value { label, error, .. } => {
            say!("replica-value", what = text(label), problem = value(error))
        }
        ReplicaError::Reading { label, error, .. } => {
            say!("replica-value", what = text(label), problem = reading(error))
        }
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
        ReplicaError::InConflict { folio, label, .. } => {
            say!("replica-in-conflict", folio = labels::record(folio), field = text(label))
        }
        ReplicaError::Voided { folio, item } => say!("replica-voided", folio, item),
        ReplicaError::NotCorrected { .. } => say!("replica-not-corrected"),
        ReplicaError::Role { role, deed, .. } => {
            let role = Role::from_key(role).map_or_else(|| Text::same(role.as_str()), labels::role);
            say!("replica-role", role, what = text(deed))
        }
        ReplicaError::Refused(reason) => say!("replica-refused", reason = labels::reason(reason)),
        ReplicaError::NoSuchValue { folio, label, number, count, .. } => {
            let (folio, field) = (labels::record(folio), text(label));
            say!("replica-no-such-value", folio, field, number, count)
        }
        ReplicaError::NoConflict { folio, label, .. } => {
            say!("replica-no-conflict", folio = labels::record(folio), field = text(label))
        }
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

/// Returns what to do next.
pub fn hint(error: &ReplicaError) -> Text {
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
        ReplicaError::InConflict { folio, field, .. } => say!("replica-in-conflict-hint", folio, field),
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
        ReplicaError::Reading { error: ReadingError::Unit { .. }, units, .. } => {
            say!("replica-unit-hint", units = units.join(", "))
        }
        ReplicaError::Reading { error: ReadingError::Value(error), .. }
        | ReplicaError::Value { error, .. } => value_hint(error),
        ReplicaError::Length { .. } => say!("replica-length-hint"),
        ReplicaError::Refused(Reason::Revoked) => say!("replica-revoked-hint"),
        ReplicaError::Refused(Reason::OutOfScope) => say!("replica-out-of-scope-hint"),
        ReplicaError::Role { what, .. } => role_hint(what),
        ReplicaError::Refused(_) => say!("replica-role-hint"),
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

/// Who does what a role may not do.
fn role_hint(what: &str) -> Text {
    match what {
        "invite" | "revoke" | "assign_device" => say!("replica-role-hint-admin"),
        "release" | "dismiss" | "blob_erased" => say!("replica-role-hint-supervisor"),
        _ => say!("replica-role-hint"),
    }
}

/// What to write instead of a value that does not fit.
fn value_hint(error: &ValueError) -> Text {
    match error {
        ValueError::Decimal(_) => say!("replica-number-hint"),
        ValueError::NotPositive(_) => say!("replica-positive-hint"),
        ValueError::Scale(_, 0) | ValueError::Type(_, "a whole number") => say!("replica-whole-hint"),
        ValueError::Scale(_, digits) => say!("replica-scale-hint", digits),
        ValueError::Range { unit, min, max, .. } => {
            say!("replica-range-hint", extent = extent(min, max), unit)
        }
        ValueError::Choice { choices, .. } => {
            let list = |pick: fn(&Labels) -> &str| {
                let one = |choice: &Choice| match pick(&choice.labels) {
                    label if label == choice.value => choice.value.clone(),
                    label => format!("{} ({label})", choice.value),
                };
                choices.iter().map(one).collect::<Vec<_>>().join(", ")
            };
            say!("replica-choice-hint", choices = Text::both(list(|one| &one.es), list(|one| &one.en)))
        }
        ValueError::TooLong { .. } => say!("replica-length-hint"),
        ValueError::Type(_, "yes or no (sí/no)") => say!("replica-yes-or-no-hint"),
        ValueError::Type(_, "a date (YYYY-MM-DD)") => say!("replica-date-hint"),
        ValueError::Type(..) => say!("replica-type-hint"),
    }
}

/// From where to where values are possible; a bound of `-` is none.
fn extent(min: &str, max: &str) -> Text {
    match (min, max) {
        ("-", max) => say!("value-at-most", max),
        (min, "-") => say!("value-at-least", min),
        (min, max) => say!("value-between", min, max),
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

fn text(sentence: &Sentence) -> Text {
    Text::both(sentence.es.as_str(), sentence.en.as_str())
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

/// Returns why a value does not fit.
pub fn value(error: &ValueError) -> Text {
    match error {
        ValueError::Type(text, "yes or no (sí/no)") => say!("value-not-yes-or-no", text),
        ValueError::Type(text, "a whole number") => say!("value-not-whole", text),
        ValueError::Type(text, "a date (YYYY-MM-DD)") => say!("value-not-date", text),
        ValueError::Type(text, _) => say!("value-other-type", text),
        ValueError::Decimal(error) => decimal(error),
        ValueError::Scale(text, digits) => say!("value-too-fine", text, digits),
        ValueError::Range { value, unit, min, max } => {
            let value = format!("{value} {unit}");
            say!("value-impossible", value = value.trim_end(), extent = extent(min, max))
        }
        ValueError::TooLong { found, max } => say!("value-too-long", found, max),
        ValueError::Choice { value, .. } => say!("value-no-choice", value),
        ValueError::NotPositive(text) => say!("value-not-positive", text),
    }
}

/// Returns why a reading is refused.
pub fn reading(error: &ReadingError) -> Text {
    match error {
        ReadingError::Unit { expected, found, .. } => say!("value-other-unit", expected, found),
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
/// Returns what is wrong with a file that is imported.
pub fn import_problem(problem: &ImportProblem) -> Text {
    match problem {
        ImportProblem::Value(wrong) => crate::wrong_text(wrong),
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
