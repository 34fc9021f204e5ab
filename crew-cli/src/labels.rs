//! Labels: stable words as people read them, from the rules where those have a label.

use sync_core::log::act::Role;
use sync_core::log::verdict::Reason;
use sync_core::rules::kind::WorkKind;
use sync_core::rules::{Labels, Rules};

use crate::text::Lang;

/// A label in the chosen language.
pub fn label(labels: &Labels, lang: Lang) -> &str {
    match lang {
        Lang::Es => &labels.es,
        Lang::En => &labels.en,
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
        None => common_field(lang, key).unwrap_or(key).to_owned(),
    }
}

fn common_field(lang: Lang, key: &str) -> Option<&'static str> {
    let (es, en) = match key {
        "status" => ("estado", "status"),
        "crew" => ("cuadrilla", "crew"),
        "locality" => ("localidad", "locality"),
        "kind" => ("tipo", "kind"),
        "title" => ("título", "title"),
        "asset" => ("activo", "asset"),
        "due" => ("fecha límite", "due"),
        "priority" => ("prioridad", "priority"),
        "plan" => ("programa", "plan"),
        "description" => ("descripción", "description"),
        _ => return None,
    };
    Some(lang.word(es, en))
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
        ("true", _) => lang.word("sí", "yes").to_owned(),
        ("false", _) => "no".to_owned(),
        (_, Some(unit)) => format!("{shown} {unit}"),
        (_, None) => shown.to_owned(),
    }
}

/// A verdict; none yet means the server has not seen it.
pub fn verdict(code: &str, lang: Lang) -> &str {
    match code {
        "accepted" => lang.word("aceptado", "accepted"),
        "quarantined" => lang.word("retenido", "held back"),
        "" | "unsent" => lang.word("sin enviar", "unsent"),
        other => other,
    }
}

/// A role's name by its key.
pub fn role_key(key: &str, lang: Lang) -> &str {
    Role::from_key(key).map_or(key, |found| role(found, lang))
}

/// A role's name.
pub fn role(role: Role, lang: Lang) -> &'static str {
    let (es, en) = match role {
        Role::Crew => ("cuadrilla", "crew"),
        Role::Dispatcher => ("despacho", "dispatch"),
        Role::Supervisor => ("supervisión", "supervision"),
        Role::Auditor => ("contraloría", "audit"),
        Role::Admin => ("administración", "administration"),
        Role::Office => ("oficina", "office"),
    };
    lang.word(es, en)
}

/// What a reading's flag means.
pub fn flag(flag: &str, lang: Lang) -> &str {
    match flag {
        "below_norm" => lang.word("por debajo de la norma", "below the norm"),
        "not_in_catalog" => lang.word("no está en el catálogo", "not in the catalogue"),
        "above_norm" => lang.word("por encima de la norma", "above the norm"),
        other => other,
    }
}

/// A stable word of [`Reason::code`] for a person.
pub fn reason_code(code: &str, lang: Lang) -> &str {
    match code {
        "revoked" => lang.word("el equipo está dado de baja", "the device is revoked"),
        "out_of_scope" => lang.word("fuera de su zona o cuadrilla", "outside its locality or crew"),
        "role" => lang.word("su papel no lo permite", "its role does not allow it"),
        "fork" => lang.word("copia o restauración del equipo", "a copied or restored device"),
        "dependency_held" => lang.word("depende de algo retenido", "it builds on something held back"),
        "schema_rule" => lang.word("una regla no lo permite", "a rule does not allow it"),
        other => other,
    }
}

/// Why the server did not take what was carried for another device.
pub fn carried_code(code: &str, lang: Lang) -> &str {
    match code {
        "gap" => lang.word("al servidor le falta lo anterior", "the server lacks what comes before"),
        "unknown_device" => {
            lang.word("el servidor no conoce ese equipo", "the server does not know that device")
        }
        "bad_chain" => lang
            .word("no concuerda con lo que el servidor tiene", "it does not agree with what the server has"),
        "unknown_reference" => {
            lang.word("menciona algo que el servidor no tiene", "it names something the server lacks")
        }
        "code_expired" | "code_used" | "code_unknown" => lang.word(
            "su código de alta ya no vale: délo de alta otra vez",
            "its code no longer holds: enrol it again",
        ),
        other => other,
    }
}

/// A mark for how a claimed time stands to what is proven: `<` before, `>` after, `?` no lower bound, `±` a jump.
pub fn time_mark(verdict: &str, has_jump: bool) -> String {
    let mark = match verdict {
        "before_bracket" => "<",
        "after_bracket" => ">",
        "no_anchor" => "?",
        _ => "",
    };
    format!("{mark}{}", if has_jump { "±" } else { "" })
}

/// What the marks mean.
pub fn time_legend(lang: Lang) -> &'static str {
    lang.word(
        "hora dicha: < anterior a lo posible · > posterior a lo posible · ? sin sello anterior · ± el reloj saltó. \
         Dentro de su lapso, el momento exacto no se puede probar.",
        "claimed time: < earlier than possible · > later than possible · ? no earlier checkpoint · ± the clock jumped. \
         Inside its bracket, the exact moment cannot be proven.",
    )
}

/// How a verdict on a claimed time is called.
pub fn time_verdict(verdict: &str, lang: Lang) -> &str {
    match verdict {
        "consistent" => lang.word("coherente", "consistent"),
        "before_bracket" => lang.word("anterior a lo posible", "earlier than possible"),
        "after_bracket" => lang.word("posterior a lo posible", "later than possible"),
        "no_anchor" => lang.word("sin sello anterior", "no earlier checkpoint"),
        other => other,
    }
}

/// A count with its noun, in the singular where there is one of it.
pub fn counted(lang: Lang, count: u64, es: [&'static str; 2], en: [&'static str; 2]) -> String {
    let several = usize::from(count != 1);
    format!("{count} {}", lang.word(es[several], en[several]))
}

/// Why something is held back, with what exactly.
pub fn reason(reason: &Reason, lang: Lang) -> String {
    let words = reason_code(reason.code(), lang);
    match reason {
        Reason::Role { what } => format!("{words} ({what})"),
        Reason::Rule { rule, what } => format!("{words} ({rule}: {what})"),
        _ => words.to_owned(),
    }
}

/// A step or act in words, for history and the log.
pub fn action(rules: &Rules, lang: Lang, key: &str) -> String {
    if let Some(step) = rules.steps.steps.iter().find(|step| step.step == key) {
        return label(&step.labels, lang).to_owned();
    }
    let (es, en) = match key {
        "create" => ("crear", "create"),
        "note" => ("nota", "note"),
        "measure" => ("medición", "reading"),
        "material" => ("material", "material"),
        "photo" => ("foto", "photo"),
        "set" => ("dato", "field"),
        "check" => ("verificación", "checklist"),
        "resolve" => ("resolver diferencia", "settle difference"),
        "genesis" => ("fundación", "founding"),
        "epoch" => ("nueva época", "new epoch"),
        "invite" => ("invitación", "invitation"),
        "enrol" => ("registro de equipo", "enrolment"),
        "revoke" => ("baja de equipo", "revocation"),
        "rule" => ("regla", "rule"),
        "release" => ("liberar", "release"),
        "dismiss" => ("descartar", "dismiss"),
        other => return other.to_owned(),
    };
    lang.word(es, en).to_owned()
}

#[cfg(test)]
mod tests {
    use sync_core::hub::RequestError;
    use sync_core::state::authority::enrol::EnrolError;

    use super::carried_code;
    use crate::text::Lang;

    #[test]
    fn a_code_that_holds_no_longer_is_said_in_words() {
        for error in [EnrolError::UnknownCode, EnrolError::UsedCode, EnrolError::ExpiredCode] {
            let code = RequestError::Enrol(error).code();
            assert_ne!(carried_code(code, Lang::Es), code);
        }
    }
}
