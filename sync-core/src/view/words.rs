//! Words: what a change did, in a sentence of each language.

use serde::Serialize;

use crate::change::Scalar;
use crate::record::row::RecordRow;
use crate::record::touch::{Element, Touch};
use crate::rows::{Rows, RowsError};
use crate::rules::record_schema::RecordKind;
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
    fn new(es: impl Into<String>, en: impl Into<String>) -> Self {
        Self { es: es.into(), en: en.into() }
    }
}

impl From<&Labels> for Sentence {
    fn from(labels: &Labels) -> Self {
        Self::new(&labels.es, &labels.en)
    }
}

/// The label of a kind of work; its key where the rules do not have it.
pub fn kind_label(rules: &Rules, kind: &str) -> Sentence {
    rules.kinds.get(kind).map_or_else(|| Sentence::new(kind, kind), |kind| (&kind.labels).into())
}

/// The label of a state.
pub fn state_label(rules: &Rules, state: &str) -> Sentence {
    let known = rules.steps.states.iter().find(|known| known.key == state);
    known.map_or_else(|| Sentence::new(state, state), |known| (&known.labels).into())
}

fn show(value: Option<&Scalar>) -> String {
    match value {
        None | Some(Scalar::Null) => "—".into(),
        Some(Scalar::Bool(true)) => "sí/yes".into(),
        Some(Scalar::Bool(false)) => "no".into(),
        Some(Scalar::Int(number)) => number.to_string(),
        Some(Scalar::Str(text)) => text.clone(),
    }
}

/// The stable word for what the touches do together, and the sentence.
pub fn sentence(
    rows: &dyn Rows,
    rules: &Rules,
    before: &RecordRow,
    touches: &[Touch<'_>],
    is_creation: bool,
) -> Result<(String, Sentence), RowsError> {
    if is_creation {
        let kind = root_text(touches, "kind").unwrap_or_default();
        let label = kind_label(rules, kind);
        let sentence =
            Sentence::new(format!("creó la orden: {}", label.es), format!("created the order: {}", label.en));
        return Ok(("create".into(), sentence));
    }
    let teller = Teller { rows, rules, kind: before.text("kind").unwrap_or_default(), before };
    if let Some(decision) = touches.iter().find_map(|touch| teller.decision(touch)) {
        return Ok(("resolve".into(), decision));
    }
    let told = touches.iter().map(|touch| teller.tell(touch)).collect::<Result<Vec<_>, _>>()?;
    let action = told.first().map_or("edit", |(action, _)| action).to_string();
    let join = |pick: fn(&Sentence) -> &String| {
        told.iter().map(|(_, sentence)| pick(sentence).as_str()).collect::<Vec<_>>().join("; ")
    };
    Ok((action, Sentence::new(join(|s| &s.es), join(|s| &s.en))))
}

fn root_text<'t>(touches: &'t [Touch<'_>], key: &str) -> Option<&'t str> {
    touches.iter().find_map(|touch| match touch {
        Touch::Register { name, value: Some(Scalar::Str(text)), .. } if name == key => Some(text.as_str()),
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
        &self.rules.records.of(RecordKind::Order).slots[slot].key
    }

    fn decision(&self, touch: &Touch<'_>) -> Option<Sentence> {
        let Touch::Append { slot, element: Element::Map(map), .. } = touch else { return None };
        if self.slot_key(*slot) != "decisions" {
            return None;
        }
        let field = show(map.get("field").copied());
        let (value, reason) = (show(map.get("value").copied()), show(map.get("reason").copied()));
        let rejected: Vec<String> =
            self.before.values(&field).map(|v| show(Some(v))).filter(|v| *v != value).collect();
        let label = self.label(&field);
        let not = |word: &str| {
            if rejected.is_empty() { String::new() } else { format!(" ({word} {})", rejected.join(", ")) }
        };
        Some(Sentence::new(
            format!("resolvió el conflicto de {}: queda «{value}»{}, porque {reason}", label.es, not("no")),
            format!(
                "resolved the conflict on {}: “{value}” stands{}, because {reason}",
                label.en,
                not("not")
            ),
        ))
    }

    fn label(&self, name: &str) -> Sentence {
        let kind = self.rules.kinds.get(self.kind);
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

    fn tell(&self, touch: &Touch<'_>) -> Result<(&'static str, Sentence), RowsError> {
        Ok(match touch {
            Touch::Register { name, slot: None, value, .. } => self.tell_root(name, *value)?,
            Touch::Register { name, value, .. } => {
                let (label, value) = (self.label(name), show(*value));
                let action = if name.starts_with("checklist.") { "check" } else { "set" };
                (action, Sentence::new(format!("{}: {value}", label.es), format!("{}: {value}", label.en)))
            }
            Touch::Append { slot, element, .. } => self.tell_append(*slot, element),
            Touch::Text { .. } => {
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

    fn tell_append(&self, slot: usize, element: &Element<'_>) -> (&'static str, Sentence) {
        match element {
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

fn register_label(name: &str) -> Sentence {
    let es = match name {
        "title" => "título",
        "status" => "estado",
        "crew" => "cuadrilla",
        "locality" => "localidad",
        "asset" => "activo",
        "due" => "fecha límite",
        "priority" => "prioridad",
        "kind" => "tipo de trabajo",
        other => other,
    };
    Sentence::new(es, name)
}
