//! Words: what a change did, as a sentence in each language.

use serde::Serialize;
use serde_json::{Value, json};

use super::judged;

use crate::log::verdict::Reason;
use crate::record::change::Scalar;
use crate::record::correction::{Correction, target};
use crate::record::patch::{Element, Patch};
use crate::record::row::RecordRow;
use crate::rows::{Rows, RowsError};
use crate::rules::{Labels, Rules};

/// The same in Spanish and English.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// Spanish (es-MX).
    pub es: String,
    /// English.
    pub en: String,
}

impl Sentence {
    /// Returns a sentence in both languages.
    pub fn new(es: impl Into<String>, en: impl Into<String>) -> Self {
        Self { es: es.into(), en: en.into() }
    }
}

impl Sentence {
    /// Adds a clause.
    pub fn add(&mut self, es: &str, en: &str) {
        for (all, more) in [(&mut self.es, es), (&mut self.en, en)] {
            if !all.is_empty() {
                all.push_str("; ");
            }
            all.push_str(more);
        }
    }
}

impl From<&Labels> for Sentence {
    fn from(labels: &Labels) -> Self {
        Self::new(&labels.es, &labels.en)
    }
}

/// Returns the label of a kind of work; its key where the rules do not have it.
pub fn kind_label(rules: &Rules, kind: &str) -> Sentence {
    rules.kinds.get(kind).map_or_else(|| Sentence::new(kind, kind), |kind| (&kind.labels).into())
}

/// Returns the label of a state.
pub fn state_label(rules: &Rules, state: &str) -> Sentence {
    let known = rules.steps.states.iter().find(|known| known.key == state);
    known.map_or_else(|| Sentence::new(state, state), |known| (&known.labels).into())
}

/// Returns a scalar in JSON.
pub fn scalar_json(value: &Scalar) -> Value {
    match value {
        Scalar::Null => Value::Null,
        Scalar::Bool(flag) => json!(flag),
        Scalar::Int(number) => json!(number),
        Scalar::Str(text) => json!(text),
    }
}

fn show(value: Option<&Scalar>) -> String {
    match value {
        None | Some(Scalar::Null) => "—".into(),
        Some(Scalar::Bool(true)) => "sí".into(),
        Some(Scalar::Bool(false)) => "no".into(),
        Some(Scalar::Int(number)) => number.to_string(),
        Some(Scalar::Str(text)) => text.clone(),
    }
}

/// Returns a register's value for people: a state or a choice by its label, yes and no in words, a quantity
/// with its unit.
pub fn value_words(rules: &Rules, kind: &str, name: &str, value: Option<&Scalar>) -> Sentence {
    let shown = show(value);
    if let Some(said) = value.filter(|_| target(name).is_some()).and_then(Correction::read) {
        return correction_words(&said);
    }
    if name == "status" {
        return state_label(rules, &shown);
    }
    let field = name
        .strip_prefix("fields.")
        .and_then(|key| rules.kinds.get(kind)?.fields.iter().find(|field| field.key == key));
    if let Some(choice) = field.and_then(|field| field.choices.iter().find(|choice| choice.value == shown)) {
        return (&choice.labels).into();
    }
    match (value, field.and_then(|field| field.unit.as_deref())) {
        (Some(Scalar::Bool(true)), _) => Sentence::new("sí", "yes"),
        (Some(Scalar::Str(_) | Scalar::Int(_)), Some(unit)) => {
            Sentence::new(format!("{shown} {unit}"), format!("{shown} {unit}"))
        }
        _ => Sentence::new(shown.clone(), shown),
    }
}

/// Returns what a correction says.
fn correction_words(said: &Correction) -> Sentence {
    if said.voids {
        return Sentence::new("anulado", "voided");
    }
    let parts = [said.value.as_deref(), said.unit.as_deref()];
    let shown = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Sentence::new(shown.clone(), shown)
}

/// Returns a register's name for people: that of its kind of work, or that of a register which every order
/// has.
pub fn register_words(rules: &Rules, kind: &str, name: &str) -> Sentence {
    if let Some(op) = target(name) {
        let number = op.counter;
        return Sentence::new(format!("corrección de {number}"), format!("correction of {number}"));
    }
    let kind = rules.kinds.get(kind);
    let labels = match name.split_once('.') {
        Some(("fields", key)) => {
            kind.and_then(|kind| kind.fields.iter().find(|f| f.key == key)).map(|f| &f.labels)
        }
        Some(("checklist", key)) => {
            kind.and_then(|kind| kind.checklist.iter().find(|c| c.key == key)).map(|c| &c.labels)
        }
        _ => None,
    };
    labels.map_or_else(|| register_label(name), Sentence::from)
}

/// Returns the reason for a quarantine as a sentence.
pub fn reason_words(rules: &Rules, reason: &Reason) -> Sentence {
    match reason {
        Reason::Revoked => Sentence::new(
            "el equipo que lo hizo ya estaba dado de baja cuando esto llegó",
            "the device that made it was already revoked when this arrived",
        ),
        Reason::OutOfScope => Sentence::new(
            "la orden no es, ni fue, de la zona o la cuadrilla de ese equipo",
            "the order is not, and never was, in that device's locality or crew",
        ),
        Reason::Role { what } => {
            let Sentence { es, en } = judged::deed_words(rules, what);
            Sentence::new(
                format!("el papel de quien lo hizo no permite esto: {es}"),
                format!("the role of who made it does not allow this: {en}"),
            )
        }
        Reason::Fork { .. } => Sentence::new(
            "el equipo ya había enviado otro hecho con ese número: es una copia o una restauración",
            "the device had already sent another entry with that number: it is a copy or was restored",
        ),
        Reason::Held { .. } => Sentence::new(
            "se apoya en otro hecho que está en revisión o que no ha llegado",
            "it builds on another entry that is in review or has not arrived",
        ),
        Reason::Rule { rule, what } => {
            let Sentence { es, en } = judged::rule_words(rules, rule, what);
            Sentence::new(
                format!("una regla no lo permite ({rule}): {es}"),
                format!("a rule does not allow it ({rule}): {en}"),
            )
        }
    }
}

/// Returns the stable name of what the patches do together, and the sentence.
pub fn sentence(
    rows: &dyn Rows,
    rules: &Rules,
    before: &RecordRow,
    patches: &[Patch<'_>],
    is_creation: bool,
) -> Result<(String, Sentence), RowsError> {
    if is_creation {
        let kind = root_text(patches, "kind").unwrap_or_default();
        let label = kind_label(rules, kind);
        let sentence =
            Sentence::new(format!("creó la orden: {}", label.es), format!("created the order: {}", label.en));
        return Ok(("create".into(), sentence));
    }
    let teller = Teller { rows, rules, kind: before.text("kind").unwrap_or_default(), before };
    if let Some(decision) = patches.iter().find_map(|patch| teller.decision(patch)) {
        return Ok(("resolve".into(), decision));
    }
    let told = patches.iter().map(|patch| teller.tell(patch)).collect::<Result<Vec<_>, _>>()?;
    let action = told.first().map_or("edit", |(action, _)| action).to_string();
    let join = |pick: fn(&Sentence) -> &String| {
        told.iter().map(|(_, sentence)| pick(sentence).as_str()).collect::<Vec<_>>().join("; ")
    };
    Ok((action, Sentence::new(join(|s| &s.es), join(|s| &s.en))))
}

fn root_text<'t>(patches: &'t [Patch<'_>], key: &str) -> Option<&'t str> {
    patches.iter().find_map(|patch| match patch {
        Patch::Register { name, value: Some(Scalar::Str(text)), .. } if name == key => Some(text.as_str()),
        _ => None,
    })
}

struct Teller<'t> {
    rows: &'t dyn Rows,
    rules: &'t Rules,
    kind: &'t str,
    before: &'t RecordRow,
}

impl Teller<'_> {
    fn slot_key(&self, slot: usize) -> &str {
        &self.rules.records.of(self.before.kind).slots[slot].key
    }

    fn decision(&self, patch: &Patch<'_>) -> Option<Sentence> {
        let Patch::Append { slot, element: Element::Map(map), .. } = patch else { return None };
        if self.slot_key(*slot) != "decisions" {
            return None;
        }
        let field = show(map.get("field").copied());
        let reason = show(map.get("reason").copied());
        let words = |value: Option<&Scalar>| value_words(self.rules, self.kind, &field, value);
        let chosen = map.get("value").copied();
        let value = words(chosen);
        let rejected: Vec<Sentence> = self
            .before
            .values(&field)
            .filter(|other| Some(*other) != chosen)
            .map(|v| words(Some(v)))
            .collect();
        let label = self.label(&field);
        let not = |word: &str, pick: fn(&Sentence) -> &str| {
            let list: Vec<&str> = rejected.iter().map(pick).collect();
            if list.is_empty() { String::new() } else { format!(" ({word} {})", list.join(", ")) }
        };
        let (es_not, en_not) = (not("no", |s| &s.es), not("not", |s| &s.en));
        Some(Sentence::new(
            format!("eligió el valor de {}: queda «{}»{es_not}, porque {reason}", label.es, value.es),
            format!("chose the value of {}: “{}” stands{en_not}, because {reason}", label.en, value.en),
        ))
    }

    fn label(&self, name: &str) -> Sentence {
        register_words(self.rules, self.kind, name)
    }

    fn tell(&self, patch: &Patch<'_>) -> Result<(&'static str, Sentence), RowsError> {
        Ok(match patch {
            Patch::Register { name, slot: None, value, .. } => self.tell_root(name, *value)?,
            Patch::Register { name, value, .. } if target(name).is_some() => {
                self.tell_correction(name, *value)
            }
            Patch::Register { name, value, .. } => {
                let (label, value) = (self.label(name), value_words(self.rules, self.kind, name, *value));
                let action = if name.starts_with("checklist.") { "check" } else { "set" };
                let sentence = Sentence::new(
                    format!("{}: {}", label.es, value.es),
                    format!("{}: {}", label.en, value.en),
                );
                (action, sentence)
            }
            Patch::Append { slot, element, .. } => self.tell_append(*slot, element),
            Patch::Text { .. } => {
                ("describe", Sentence::new("editó la descripción", "edited the description"))
            }
        })
    }

    fn tell_root(&self, name: &str, value: Option<&Scalar>) -> Result<(&'static str, Sentence), RowsError> {
        let shown = show(value);
        Ok(match name {
            "status" => {
                let label = state_label(self.rules, &shown);
                let es = format!("estado: {}", label.es.to_lowercase());
                ("status", Sentence::new(es, format!("status: {}", label.en.to_lowercase())))
            }
            "crew" => ("assign", Sentence::new(format!("asignó a {shown}"), format!("assigned to {shown}"))),
            "locality" => {
                let place = super::order::locality_name(self.rows, &shown)?;
                ("set", Sentence::new(format!("localidad: {place}"), format!("locality: {place}")))
            }
            _ => {
                let label = self.label(name);
                ("set", Sentence::new(format!("{}: {shown}", label.es), format!("{}: {shown}", label.en)))
            }
        })
    }

    fn tell_correction(&self, name: &str, value: Option<&Scalar>) -> (&'static str, Sentence) {
        let number = target(name).map_or(0, |op| op.counter);
        let Some(said) = value.and_then(Correction::read) else {
            return ("correct", Sentence::new("corrigió", "corrected"));
        };
        let what = said.what.clone().unwrap_or_default();
        let of = match said.of.as_str() {
            "measurements" => {
                let measure = self.rules.measures.get(&what);
                measure.map_or_else(|| Sentence::new(&what, &what), |measure| (&measure.labels).into())
            }
            "materials" => Sentence::new(&what, &what),
            "notes" => Sentence::new("la nota", "the note"),
            _ => Sentence::new("la foto", "the photo"),
        };
        let (words, reason) = (correction_words(&said), &said.reason);
        if said.voids {
            let es = format!("anuló {} ({number}), porque {reason}", of.es);
            return ("void", Sentence::new(es, format!("voided {} ({number}), because {reason}", of.en)));
        }
        let es = format!("corrigió {} ({number}): {}, porque {reason}", of.es, words.es);
        let en = format!("corrected {} ({number}): {}, because {reason}", of.en, words.en);
        ("correct", Sentence::new(es, en))
    }

    fn tell_append(&self, slot: usize, element: &Element<'_>) -> (&'static str, Sentence) {
        match element {
            Element::Scalar(value) if self.slot_key(slot) == "folios" => {
                let folio = show(Some(value));
                let es = format!("la orden se conoce también como {folio}");
                ("alias", Sentence::new(es, format!("the order is known as {folio} too")))
            }
            Element::Scalar(value) => {
                let text = show(Some(value));
                ("note", Sentence::new(format!("anotó: {text}"), format!("noted: {text}")))
            }
            Element::Map(map) => {
                let get = |key: &str| show(map.get(key).copied());
                match self.slot_key(slot) {
                    "measurements" => {
                        let measure = self.rules.measures.get(&get("what"));
                        let label = measure
                            .map_or_else(|| Sentence::new(get("what"), get("what")), |m| (&m.labels).into());
                        let reading = format!("{} {}", get("value"), get("unit"));
                        let sentence = Sentence::new(
                            format!("midió {}: {reading}", label.es),
                            format!("measured {}: {reading}", label.en),
                        );
                        ("measure", sentence)
                    }
                    "materials" => {
                        let used = format!("{} {} {}", get("qty"), get("unit"), get("sku"));
                        ("material", Sentence::new(format!("usó {used}"), format!("used {used}")))
                    }
                    "photos" => ("photo", Sentence::new("tomó una foto", "took a photo")),
                    "visits" => ("visit", Sentence::new("anotó una visita", "noted a visit")),
                    other => ("edit", Sentence::new(other, other)),
                }
            }
        }
    }
}

/// Returns the name of a register that records of a kind have, whatever the rules say; its key if it has none.
pub fn register_label(name: &str) -> Sentence {
    let es = match name {
        "title" => "título",
        "status" => "estado",
        "crew" => "cuadrilla",
        "locality" => "localidad",
        "asset" => "activo",
        "due" => "fecha límite",
        "priority" => "prioridad",
        "kind" => "tipo de trabajo",
        "name" => "nombre",
        "aliases" => "otros nombres",
        "certainty" => "certeza",
        "inegi" => "clave INEGI",
        "unit" => "unidad",
        "activity" => "actividad",
        "annual_goal" => "meta anual",
        "localities" => "localidades",
        "asset_type" => "tipo de activo",
        "lat" => "latitud",
        "lng" => "longitud",
        "active" => "vigente",
        "role" => "papel",
        "year" => "año",
        "description" => "descripción",
        "plan" => "programa",
        "folio" => "folio",
        other => other,
    };
    Sentence::new(es, name)
}
