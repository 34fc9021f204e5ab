//! Labels: stable words as people read them, from the rules where those have a label.

use sync_core::log::act::{Fate, Role};
use sync_core::log::verdict::Reason;
use sync_core::replica::KNOWN_SHOWN_MAX;
use sync_core::rules::kind::WorkKind;
use sync_core::rules::{Labels, Rules, fold_word};
use sync_core::view::clock::{EntryTime, Plausible};
use sync_core::view::words::{Sentence, register_label};
use sync_core::view::{judged, told};

use crate::{Lang, Text, say};

/// A label in the chosen language.
pub fn label(labels: &Labels, lang: Lang) -> &str {
    match lang {
        Lang::Es => &labels.es,
        Lang::En => &labels.en,
    }
}

/// A sentence of the core in the chosen language.
pub fn sentence(sentence: &Sentence, lang: Lang) -> &str {
    match lang {
        Lang::Es => &sentence.es,
        Lang::En => &sentence.en,
    }
}

/// A state's label, or its key where the rules know none.
pub fn state<'r>(rules: &'r Rules, lang: Lang, key: &'r str) -> &'r str {
    rules.steps.states.iter().find(|state| state.key == key).map_or(key, |state| label(&state.labels, lang))
}

/// A kind's label, or its key.
pub fn kind<'r>(rules: &'r Rules, lang: Lang, key: &'r str) -> &'r str {
    rules.kinds.get(key).map_or(key, |kind| label(&kind.labels, lang))
}

/// A measure's label, or its key.
pub fn measure<'r>(rules: &'r Rules, lang: Lang, key: &'r str) -> &'r str {
    rules.measures.get(key).map_or(key, |measure| label(&measure.labels, lang))
}

/// A register's label: one every order has, a field of its kind, or its key.
pub fn field(rules: &Rules, lang: Lang, kind: &str, name: &str) -> String {
    let key = name.strip_prefix("fields.").unwrap_or(name);
    let in_kind =
        |kind: &'_ WorkKind| kind.fields.iter().find(|field| field.key == key).map(|f| f.labels.clone());
    // Where the kind is not told, any kind that has the field names it.
    let own = match rules.kinds.get(kind) {
        Some(kind) => in_kind(kind),
        None => rules.kinds.values().find_map(in_kind),
    };
    match own {
        Some(labels) => label(&labels, lang).to_owned(),
        None => common_field(lang, key).unwrap_or_else(|| key.to_owned()),
    }
}

fn common_field(lang: Lang, key: &str) -> Option<String> {
    let text = match key {
        "status" => say!("word-status"),
        "crew" => say!("word-crew"),
        "locality" => say!("word-locality"),
        "kind" => say!("word-kind"),
        "title" => say!("word-title"),
        "asset" => say!("word-asset"),
        "due" => say!("word-due"),
        "priority" => say!("word-priority"),
        "plan" => say!("word-plan"),
        "description" => say!("word-description"),
        _ => return None,
    };
    Some(text.of(lang))
}

/// A field's value as people read it: a choice by its label, yes and no in words, a quantity with its unit.
pub fn value(rules: &Rules, lang: Lang, kind: &str, name: &str, shown: &str) -> String {
    let key = name.strip_prefix("fields.").unwrap_or(name);
    let field = rules.kinds.get(kind).and_then(|kind| kind.fields.iter().find(|field| field.key == key));
    let Some(field) = field else { return shown.to_owned() };
    if let Some(choice) = field.choices.iter().find(|choice| choice.value == shown) {
        return label(&choice.labels, lang).to_owned();
    }
    match (shown, &field.unit) {
        ("true", _) => say!("word-yes").of(lang),
        ("false", _) => "no".to_owned(),
        (_, Some(unit)) => format!("{shown} {unit}"),
        (_, None) => shown.to_owned(),
    }
}

/// The state of an entry in the terminal's words: `counts`, `in review`, or `saved` while no verdict is known.
pub fn verdict(code: &str, lang: Lang) -> String {
    match code {
        "accepted" => say!("state-counts").of(lang),
        "quarantined" => say!("state-in-review").of(lang),
        "" | "unsent" => say!("state-saved").of(lang),
        other => other.to_owned(),
    }
}

/// Whether the office knows of a decision already, or learns of it at the next exchange.
pub fn told(is_told: bool) -> Text {
    if is_told { say!("office-knows") } else { say!("office-told-at-sync") }
}

/// What a person decided of an entry in review.
pub fn decision(releases: bool) -> Text {
    if releases { say!("state-released") } else { say!("state-dismissed") }
}

/// A role's name by its key.
pub fn role_key(key: &str, lang: Lang) -> String {
    Role::from_key(key).map_or_else(|| key.to_owned(), |found| role(found).of(lang))
}

/// A role's name.
pub fn role(role: Role) -> Text {
    match role {
        Role::Crew => say!("role-crew"),
        Role::Dispatcher => say!("role-dispatcher"),
        Role::Supervisor => say!("role-supervisor"),
        Role::Auditor => say!("role-auditor"),
        Role::Admin => say!("role-admin"),
        Role::Office => say!("role-office"),
    }
}

/// The role that a person means.
pub fn find_role(word: &str) -> Option<Role> {
    Role::INVITABLE.into_iter().find(|one| means(word, one.key(), &role(*one)))
}

/// What a person says became of a device.
pub fn find_fate(word: &str) -> Option<Fate> {
    Fate::ALL.into_iter().find(|one| means(word, one.key(), &fate(*one)))
}

/// What became of a device.
pub fn fate(fate: Fate) -> Text {
    match fate {
        Fate::Lost => say!("fate-lost"),
        Fate::Stolen => say!("fate-stolen"),
        Fate::Retired => say!("fate-retired"),
    }
}

fn means(word: &str, key: &str, name: &Text) -> bool {
    let wanted = fold_word(word);
    [key.to_owned(), name.of(Lang::Es), name.of(Lang::En)].iter().any(|one| fold_word(one) == wanted)
}

/// A priority by its key; another text as it is.
pub fn priority(key: &str) -> Text {
    match key {
        "low" => say!("priority-low"),
        "normal" => say!("priority-normal"),
        "high" => say!("priority-high"),
        "urgent" => say!("priority-urgent"),
        other => Text::same(other),
    }
}

/// What a reading's flag means.
pub fn flag(flag: &str, lang: Lang) -> String {
    match flag {
        "below_norm" => say!("flag-below-norm").of(lang),
        "not_in_catalog" => say!("flag-not-in-catalog").of(lang),
        "above_norm" => say!("flag-above-norm").of(lang),
        other => other.to_owned(),
    }
}

/// A stable word of [`Reason::code`] for a person.
pub fn reason_code(code: &str) -> Text {
    match code {
        "revoked" => say!("reason-revoked"),
        "out_of_scope" => say!("reason-out-of-scope"),
        "role" => say!("reason-role"),
        "fork" => say!("reason-fork"),
        "dependency_held" => say!("reason-dependency-held"),
        "schema_rule" => say!("reason-schema-rule"),
        other => Text::same(other),
    }
}

/// What a photo shows.
pub fn photo(what: &str) -> Text {
    match what {
        "before" => say!("photo-before"),
        "during" => say!("photo-during"),
        "after" => say!("photo-after"),
        "meter" => say!("photo-meter"),
        "signature" => say!("photo-signature"),
        "letter" => say!("photo-letter"),
        other => Text::same(other),
    }
}

/// Why a photo was erased.
pub fn erasure(reason: &str) -> Text {
    match reason {
        "asked" => say!("erasure-asked"),
        "bystander" => say!("erasure-bystander"),
        "mistaken" => say!("erasure-mistaken"),
        "ordered" => say!("erasure-ordered"),
        other => Text::same(other),
    }
}

/// Why the office did not take a photo.
pub fn blob_code(code: &str) -> Text {
    match code {
        "no_picture" => say!("blob-code-no-picture"),
        "over_quota" => say!("blob-code-over-quota"),
        "checksum" => say!("blob-code-checksum"),
        "no_such_blob" => say!("blob-code-no-ticket"),
        "erased" => say!("blob-code-erased"),
        other => Text::same(other),
    }
}

/// Why the server did not take what was carried for another device.
pub fn carried_code(code: &str) -> Text {
    match code {
        "gap" => say!("carried-gap"),
        "unknown_device" => say!("carried-unknown-device"),
        "bad_chain" => say!("carried-bad-chain"),
        "unknown_reference" => say!("carried-unknown-reference"),
        "code_expired" | "code_used" | "code_unknown" => say!("carried-code"),
        other => Text::same(other),
    }
}

/// A mark for how a claimed time stands to what is proven: `<` before, `>` after, `?` no lower bound, `±` a jump.
pub fn time_mark(time: &EntryTime) -> String {
    let has_jump = time.clock_jump_ms.is_some();
    let mark = match time.time {
        Plausible::BeforeBracket => "<",
        Plausible::AfterBracket => ">",
        Plausible::NoAnchor => "?",
        Plausible::Consistent => "",
    };
    format!("{mark}{}", if has_jump { "±" } else { "" })
}

/// What the marks mean.
pub fn time_legend() -> Text {
    say!("time-legend")
}

/// How a verdict on a claimed time is called.
pub fn time_verdict(verdict: Plausible) -> Text {
    match verdict {
        Plausible::Consistent => say!("time-consistent"),
        Plausible::BeforeBracket => say!("time-before-bracket"),
        Plausible::AfterBracket => say!("time-after-bracket"),
        Plausible::NoAnchor => say!("time-no-anchor"),
    }
}

/// What a program wrote by itself, in the person's language; what a person wrote, as it is.
pub fn by_program(text: &str) -> Text {
    let words = told::by_program(text);
    Text::both(words.es, words.en)
}

/// Why something is in review, with what exactly.
pub fn reason(reason: &Reason) -> Text {
    let words = reason_code(reason.code());
    match reason {
        Reason::Role { .. } | Reason::Rule { .. } => {
            // No rules are at hand here: what only they name keeps its key.
            let detail = judged::detail_words(&Rules::default(), reason).unwrap_or_default();
            say!("reason-with", words, what = Text::both(detail.es, detail.en))
        }
        _ => words,
    }
}

/// The code of a reason, with what exactly.
pub fn reason_with(code: &str, detail: Option<&Sentence>) -> Text {
    let words = reason_code(code);
    match detail {
        Some(what) => say!("reason-with", words, what = Text::both(what.es.as_str(), what.en.as_str())),
        None => words,
    }
}

/// A record by what people call it: an order by its folio, another one by its sort and key.
pub fn record(called: &str) -> Text {
    let Some((sort, key)) = called.split_once([':', '/']) else { return Text::same(called) };
    let sort = match sort {
        "locality" => say!("word-locality"),
        "crew" => say!("word-crew"),
        "material" => say!("word-material"),
        "person" => say!("word-person"),
        "asset" => say!("word-asset"),
        "plan" => say!("word-plan"),
        other => Text::same(other),
    };
    say!("record-of-sort", sort, key = short_id(key))
}

/// The beginning of an id of 32 hexadecimal digits, as people name it; other text as it is.
pub fn short_id(text: &str) -> String {
    let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { text[..8].to_owned() } else { text.to_owned() }
}

/// A register's name, whatever the rules say.
pub fn register(name: &str) -> Text {
    let words = register_label(name);
    Text::both(words.es, words.en)
}

/// What there is, as far as a message has room for it.
pub fn known(all: &[String]) -> Text {
    let shown = all[..all.len().min(KNOWN_SHOWN_MAX)].join(", ");
    match all.len().saturating_sub(KNOWN_SHOWN_MAX) {
        0 => Text::same(shown),
        count => say!("known-and-more", shown, count),
    }
}

#[cfg(test)]
mod tests {
    use sync_core::hub::RequestError;
    use sync_core::state::authority::enrol::EnrolError;

    use super::{carried_code, find_fate, find_role};
    use crate::Lang;

    #[test]
    fn a_role_is_taken_by_its_key_and_its_names_in_any_case() {
        for word in ["dispatcher", "Dispatcher", "DESPACHO", "despacho", "dispatch"] {
            assert_eq!(find_role(word).map(|role| role.key()), Some("dispatcher"), "{word}");
        }
        assert!(find_role("jefe").is_none());
        assert_eq!(find_fate("Extraviado").map(|fate| fate.key()), Some("lost"));
    }

    #[test]
    fn a_code_that_holds_no_longer_is_said_in_words() {
        for error in [EnrolError::UnknownCode, EnrolError::UsedCode, EnrolError::ExpiredCode] {
            let code = RequestError::Enrol(error).code();
            assert_ne!(carried_code(code).of(Lang::Es), code);
        }
    }
}
