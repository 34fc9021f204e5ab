//! Values: whether what a change writes fits the record's schema. Roles, steps and the kind of work are judged
//! elsewhere; this is the schema alone, whole.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::rule;
use crate::json_schema::{Schema, Violation, path_text};
use crate::limits::UNKNOWN_BYTES_MAX;
use crate::log::verdict::Reason;
use crate::record::change::Scalar;
use crate::record::patch::{Element, Patch};
use crate::record::row::RecordRow;
use crate::record::schema::{RecordSchema, Slot, SlotObject};

/// Checks all that a change writes against the record's schema. `row` is the record before it.
///
/// # Errors
/// The first thing that does not fit, as the reason to quarantine the change.
pub fn judge_values(
    schema: &RecordSchema,
    row: &RecordRow,
    patches: &[Patch<'_>],
    is_creation: bool,
) -> Result<(), Reason> {
    for patch in patches {
        match patch {
            Patch::Register { name, slot: None, value, .. } => judge_register(schema, name, *value)?,
            Patch::Register { name, slot: Some(slot), value, .. } => {
                let slot = &schema.slots[*slot];
                let key = name.get(slot.key.len() + 1..).unwrap_or_default();
                judge_member(&slot.schema, &slot.key, key, *value)?;
            }
            Patch::Append { slot, element, .. } => judge_element(&schema.slots[*slot], element)?,
            Patch::Text { .. } => {}
        }
    }
    judge_sizes(schema, row, patches)?;
    judge_members(schema, row, patches)?;
    if is_creation { judge_required(schema, patches) } else { Ok(()) }
}

fn judge_register(schema: &RecordSchema, name: &str, value: Option<&Scalar>) -> Result<(), Reason> {
    if value.is_none() && schema.schema.required().iter().any(|key| key == name) {
        return Err(rule("required", format!("{name} cannot be emptied")));
    }
    judge_member(&schema.schema, "the record", name, value)
}

/// Checks the key and the value of a member of a map.
fn judge_member(map: &Schema, place: &str, key: &str, value: Option<&Scalar>) -> Result<(), Reason> {
    map.check_key(key).map_err(|violation| wrong(place, &violation))?;
    let Some(value) = value else { return Ok(()) };
    let Some(member) = map.property(key) else { return Ok(()) };
    let name = if place == "the record" { key.to_string() } else { format!("{place}.{key}") };
    member.check(&json(value)).map_err(|violation| wrong(&name, &violation))
}

fn judge_element(slot: &Slot, element: &Element<'_>) -> Result<(), Reason> {
    let Some(items) = slot.schema.items() else { return Ok(()) };
    let value = match element {
        Element::Scalar(value) => json(value),
        Element::Map(map) => {
            Value::Object(map.iter().map(|(key, value)| ((*key).into(), json(value))).collect::<Map<_, _>>())
        }
    };
    items.check(&value).map_err(|violation| wrong(&slot.key, &violation))
}

/// Checks that no list and no text outgrows its limit.
fn judge_sizes(schema: &RecordSchema, row: &RecordRow, patches: &[Patch<'_>]) -> Result<(), Reason> {
    for (index, slot) in schema.slots.iter().enumerate() {
        let (most, unit) = match slot.object {
            SlotObject::Map => continue,
            SlotObject::List => (slot.schema.items_max(), "elements"),
            SlotObject::Text => (slot.schema.chars_max(), "characters"),
        };
        let grows = |patch: &Patch<'_>| match patch {
            Patch::Append { slot, .. } if *slot == index => 1,
            Patch::Text { slot, inserted, deleted } if *slot == index => {
                i64::try_from(inserted.chars().count()).unwrap_or(i64::MAX) - i64::from(*deleted)
            }
            _ => 0,
        };
        let added: i64 = patches.iter().map(grows).sum();
        let after = added.saturating_add(row.lengths.get(index).copied().map_or(0, i64::from));
        if let Some(most) =
            most.filter(|most| added > 0 && usize::try_from(after).is_ok_and(|after| after > *most))
        {
            return Err(rule(
                "limit",
                format!("{} would have {after} {unit}, at most {most} are allowed", slot.key),
            ));
        }
    }
    Ok(())
}

/// Checks that no map has more members than it may, and that what is unknown stays small.
fn judge_members(schema: &RecordSchema, row: &RecordRow, patches: &[Patch<'_>]) -> Result<(), Reason> {
    let written = |patch: &Patch<'_>| match patch {
        Patch::Register { name, slot, value: Some(value), .. } => Some((*slot, name.clone(), size(value))),
        _ => None,
    };
    let written: Vec<_> = patches.iter().filter_map(written).collect();
    if written.is_empty() {
        return Ok(());
    }
    let of_map = |prefix: &str| -> BTreeSet<&str> {
        let here =
            |name: &&str| if prefix.is_empty() { !name.contains('.') } else { name.starts_with(prefix) };
        row.registers.keys().map(String::as_str).filter(here).collect()
    };
    let too_many = |what: &str, found: usize, most: Option<usize>| match most.filter(|most| found > *most) {
        Some(most) => {
            Err(rule("limit", format!("{what} would have {found} members, at most {most} are allowed")))
        }
        None => Ok(()),
    };
    let touched: BTreeSet<Option<usize>> = written.iter().map(|(slot, ..)| *slot).collect();
    for at in touched {
        let prefix = at.map_or_else(String::new, |slot| format!("{}.", schema.slots[slot].key));
        let mut names = of_map(&prefix);
        names.extend(written.iter().filter(|(slot, ..)| *slot == at).map(|(_, name, _)| name.as_str()));
        match at {
            None => {
                too_many("the record", names.len() + schema.slots.len(), schema.schema.properties_max())?;
                judge_unknown_bytes(schema, row, &written)?;
            }
            Some(slot) => {
                let slot = &schema.slots[slot];
                too_many(&slot.key, names.len(), slot.schema.properties_max())?;
            }
        }
    }
    Ok(())
}

/// Checks that the registers that this version does not know hold few bytes together.
fn judge_unknown_bytes(
    schema: &RecordSchema,
    row: &RecordRow,
    written: &[(Option<usize>, String, usize)],
) -> Result<(), Reason> {
    let is_unknown = |name: &str| !name.contains('.') && !schema.registers.contains_key(name);
    let added: usize = written
        .iter()
        .filter(|(slot, name, _)| slot.is_none() && is_unknown(name))
        .map(|(_, name, size)| name.len() + size)
        .sum();
    if added == 0 {
        return Ok(());
    }
    let held = row.registers.iter().filter(|(name, _)| is_unknown(name));
    let held: usize =
        held.map(|(name, held)| name.len() + held.iter().map(|held| size(&held.value)).sum::<usize>()).sum();
    if held + added > UNKNOWN_BYTES_MAX {
        let what =
            format!("registers that this version does not know may hold {UNKNOWN_BYTES_MAX} bytes together");
        return Err(rule("limit", what));
    }
    Ok(())
}

fn judge_required(schema: &RecordSchema, patches: &[Patch<'_>]) -> Result<(), Reason> {
    let is_set = |key: &str| {
        patches.iter().any(
            |patch| matches!(patch, Patch::Register { name, slot: None, value: Some(_), .. } if name == key),
        )
    };
    let missing = schema.schema.required().iter().find(|key| schema.slot(key).is_none() && !is_set(key));
    missing.map_or(Ok(()), |key| Err(rule("required", format!("a new {} needs {key}", schema.kind.key()))))
}

fn wrong(name: &str, violation: &Violation) -> Reason {
    let place = if violation.path.is_empty() {
        name.to_string()
    } else {
        format!("{name} {}", path_text(&violation.path))
    };
    rule("value", format!("{place} {}", violation.wrong))
}

fn json(value: &Scalar) -> Value {
    match value {
        Scalar::Null => Value::Null,
        Scalar::Bool(flag) => Value::from(*flag),
        Scalar::Int(number) => Value::from(*number),
        Scalar::Str(text) => Value::from(text.as_str()),
    }
}

/// Returns the bytes that a value takes, about.
fn size(value: &Scalar) -> usize {
    match value {
        Scalar::Str(text) => text.len(),
        Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) => 8,
    }
}

#[cfg(test)]
mod tests;
