//! Checking: a value against the nodes of a schema.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use super::violation::{Part, Unit, Violation, Wrong};
use super::{Node, Schema, is_day};

/// Most characters of a value that a message repeats.
const SHOWN_CHARS_MAX: usize = 80;

type Checked = Result<(), Violation>;

fn here(wrong: Wrong) -> Checked {
    Err(Violation { path: Vec::new(), wrong })
}

/// Puts a part in front of the place of what is wrong.
fn below(part: impl FnOnce() -> Part, checked: Checked) -> Checked {
    checked.map_err(|mut violation| {
        violation.path.insert(0, part());
        violation
    })
}

impl Schema {
    pub(super) fn check_node(&self, at: usize, value: &Value) -> Checked {
        let node = &self.nodes[at];
        if node.is_never {
            return here(Wrong::NotAllowed);
        }
        if let Some(reference) = node.reference {
            self.check_node(reference, value)?;
        }
        check_type(node, value)?;
        match value {
            Value::String(text) => check_text(node, text)?,
            Value::Number(number) => check_number(node, number)?,
            Value::Array(items) => self.check_items(node, items)?,
            Value::Object(members) => self.check_members(node, members)?,
            Value::Null | Value::Bool(_) => {}
        }
        check_values(node, value)?;
        self.check_forms(node, value)
    }

    fn check_items(&self, node: &Node, items: &[Value]) -> Checked {
        check_size(Unit::Elements, items.len(), node.items_min, node.items_max)?;
        if let Some(at) = node.items {
            for (index, item) in items.iter().enumerate() {
                below(|| Part::Index(index), self.check_node(at, item))?;
            }
        }
        let mut seen = BTreeSet::new();
        let repeated = items.iter().find(|item| node.is_unique && !seen.insert(plain(item)));
        repeated.map_or(Ok(()), |item| here(Wrong::Repeated { found: shown(item) }))
    }

    fn check_members(&self, node: &Node, members: &Map<String, Value>) -> Checked {
        if let Some(key) = node.required.iter().find(|key| !members.contains_key(*key)) {
            return here(Wrong::Required { key: key.clone() });
        }
        check_size(Unit::Members, members.len(), None, node.properties_max)?;
        for (key, value) in members {
            if let Some(names) = node.names {
                self.check_key_node(names, key)?;
            }
            match (node.properties.get(key), node.additional) {
                (Some(at), _) => below(|| Part::Key(key.clone()), self.check_node(*at, value))?,
                (None, Some(at)) if self.nodes[at].is_never => {
                    let known = node.properties.keys().cloned().collect();
                    return here(Wrong::Unknown { key: cut(key), known });
                }
                (None, Some(at)) => below(|| Part::Key(key.clone()), self.check_node(at, value))?,
                (None, None) => {}
            }
        }
        Ok(())
    }

    pub(super) fn check_key_node(&self, names: usize, key: &str) -> Checked {
        self.check_node(names, &Value::from(key))
            .or_else(|violation| here(Wrong::Key { key: cut(key), wrong: Box::new(violation.wrong) }))
    }

    /// Returns whether each member that a form fixes to some values, and that is there, has one of them.
    fn has_fixed_values(&self, at: usize, value: &Value) -> bool {
        let node = &self.nodes[at];
        let fits = |(key, at): (&String, &usize)| {
            value.get(key).is_none_or(|member| check_values(&self.nodes[*at], member).is_ok())
        };
        node.reference.is_none_or(|at| self.has_fixed_values(at, value)) && node.properties.iter().all(fits)
    }

    /// Checks `oneOf`. If no form fits, what is wrong is said of the form that was meant: the one whose types and
    /// fixed values fit.
    fn check_forms(&self, node: &Node, value: &Value) -> Checked {
        let mut fit = 0_usize;
        let mut meant: Option<(bool, Violation)> = None;
        let mut types = Vec::new();
        for at in &node.one_of {
            match self.check_node(*at, value) {
                Ok(()) => fit += 1,
                Err(Violation { path, wrong: Wrong::Type { expected, .. } }) if path.is_empty() => {
                    types.extend(expected);
                }
                Err(violation) => {
                    let is_meant = self.has_fixed_values(*at, value);
                    if meant.as_ref().is_none_or(|(held, _)| is_meant && !held) {
                        meant = Some((is_meant, violation));
                    }
                }
            }
        }
        match (fit, meant) {
            (1, _) => Ok(()),
            (0, _) if node.one_of.is_empty() => Ok(()),
            (0, Some((_, violation))) => Err(violation),
            (0, None) => here(Wrong::Type { found: type_of(value), expected: types }),
            _ => here(Wrong::SeveralForms),
        }
    }
}

fn check_type(node: &Node, value: &Value) -> Checked {
    let fits = |name: &String| match (name.as_str(), value) {
        ("null", Value::Null)
        | ("boolean", Value::Bool(_))
        | ("string", Value::String(_))
        | ("array", Value::Array(_))
        | ("object", Value::Object(_))
        | ("number", Value::Number(_)) => true,
        ("integer", Value::Number(number)) => is_whole(number),
        _ => false,
    };
    if node.types.is_empty() || node.types.iter().any(fits) {
        return Ok(());
    }
    here(Wrong::Type { found: type_of(value), expected: node.types.clone() })
}

fn check_values(node: &Node, value: &Value) -> Checked {
    let Some(values) = &node.values else { return Ok(()) };
    if values.iter().any(|one| plain(one) == plain(value)) {
        return Ok(());
    }
    let expected = values.iter().map(shown).collect();
    here(Wrong::NotOneOf { found: shown(value), expected })
}

fn check_text(node: &Node, text: &str) -> Checked {
    if node.chars_min.is_some() || node.chars_max.is_some() {
        check_size(Unit::Characters, text.chars().count(), node.chars_min, node.chars_max)?;
    }
    if node.is_day && !is_day(text) {
        return here(Wrong::NotADay { found: cut(text) });
    }
    match &node.pattern {
        Some(pattern) if !pattern.compiled.is_match(text) => {
            here(Wrong::Pattern { found: cut(text), pattern: pattern.source.clone() })
        }
        _ => Ok(()),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the bounds of the schemas are below 2^53, which a test holds"
)]
fn check_number(node: &Node, number: &Number) -> Checked {
    let beyond = |bound: Option<i64>, is_below: bool| {
        bound.is_some_and(|bound| match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), _, _) => {
                if is_below {
                    whole < bound
                } else {
                    whole > bound
                }
            }
            (None, Some(_), _) => !is_below,
            (_, _, Some(real)) => {
                if is_below {
                    real < bound as f64
                } else {
                    real > bound as f64
                }
            }
            _ => true,
        })
    };
    if beyond(node.min, true) || beyond(node.max, false) {
        return here(Wrong::Range { found: number.to_string(), min: node.min, max: node.max });
    }
    Ok(())
}

fn check_size(unit: Unit, found: usize, min: Option<usize>, max: Option<usize>) -> Checked {
    if let Some(max) = max.filter(|max| found > *max) {
        return here(Wrong::TooMany { unit, found, max });
    }
    match min.filter(|min| found < *min) {
        Some(min) => here(Wrong::TooFew { unit, found, min }),
        None => Ok(()),
    }
}

fn is_whole(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|real| real.fract() == 0.0)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if is_whole(number) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Returns the text under which equal values meet: 1 and 1.0 are one number.
fn plain(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() && is_whole(number) => {
            format!("{:.0}", number.as_f64().unwrap_or_default())
        }
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let mut parts: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), plain(value)))
                .collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        other => other.to_string(),
    }
}

fn shown(value: &Value) -> String {
    cut(&value.as_str().map_or_else(|| value.to_string(), String::from))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}
