//! Content: what a change says, wherever in its document it stands, and whether another change says the same again.

use std::collections::BTreeMap;

use super::change::{Action, Change, Obj, OpId, Place, Scalar};
use super::correction;
use super::schema::{RecordSchema, SlotObject};
use crate::folio;

/// What a note begins with that tells what could not be repeated.
pub const NOT_REPEATED: &str = "No se pudo repetir: ";
/// What a note begins with that keeps the folio of an order that got another one.
pub const EARLIER_FOLIO: &str = "Folio anterior / earlier folio: ";

/// Longest folio that is taken for one, in bytes: a prefix, a year, letters and a counter.
const FOLIO_BYTES_MAX: usize = 40;

/// How the content of a change that was written again stands to that of the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// It says the same, and nothing beside it.
    Same,
    /// It is a note that the first one could not be repeated. The words are its author's.
    Note,
    /// It says something else.
    Other,
}

/// One thing that a change says.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said<'c> {
    /// A register's value; an emptied one holds [`Scalar::Null`]. Slot 0 is the root.
    Value { slot: u64, key: &'c str, value: &'c Scalar },
    /// An element of a list of scalars.
    Element { slot: u64, value: &'c Scalar },
    /// An element of a list of maps.
    Map { slot: u64, members: BTreeMap<&'c str, &'c Scalar> },
    /// What was inserted into a text. The line break before it parts it from what stood there.
    Text { slot: u64, inserted: String },
}

/// Returns whether `written` repeats `first`, as a device writes again what cannot count as it is. Left out may be what
/// the record held already: values and texts, but no element of a list. Another folio is given to an order that is made
/// again, and a correction names its element by another operation.
///
/// ```
/// use sync_core::id::DeviceId;
/// use sync_core::record::change::{Action, Change, Obj, Op, Place, Scalar};
/// use sync_core::record::content::{Repeats, repeats};
/// use sync_core::record::schema::{RecordKind, RecordSchemas};
///
/// let says = |device: u8, day: &str| Change {
///     device: DeviceId([device; 16]),
///     seq: 2,
///     start_op: 40 + u64::from(device),
///     deps: Vec::new(),
///     ops: vec![Op {
///         obj: Obj::Root,
///         place: Place::Prop("due".into()),
///         insert: false,
///         action: Action::Put(Scalar::Str(day.into())),
///         preds: Vec::new(),
///     }],
/// };
/// let order = RecordSchemas::built_in().of(RecordKind::Order);
/// assert_eq!(repeats(&says(1, "2026-12-01"), &says(2, "2026-12-01"), order), Repeats::Same);
/// assert_eq!(repeats(&says(1, "2026-12-01"), &says(2, "2026-12-24"), order), Repeats::Other);
/// ```
pub fn repeats(first: &Change, written: &Change, schema: &RecordSchema) -> Repeats {
    let mut left: BTreeMap<Said<'_>, u32> = BTreeMap::new();
    for said in said(first, schema) {
        *left.entry(said).or_default() += 1;
    }
    let is_creation = first.deps.is_empty();
    let again = said(written, schema);
    let notes = slot_number(schema, "notes");
    if let [Said::Element { slot, value: Scalar::Str(text) }] = again.as_slice()
        && Some(*slot) == notes
        && text.starts_with(NOT_REPEATED)
    {
        return Repeats::Note;
    }
    for one in again {
        match left.get_mut(&one) {
            Some(count) if *count > 0 => *count -= 1,
            _ if is_creation && is_folio(schema, &one) => {}
            _ => return Repeats::Other,
        }
    }
    let is_lost = |said: &Said<'_>| matches!(said, Said::Element { .. } | Said::Map { .. });
    match left.iter().any(|(said, count)| *count > 0 && is_lost(said)) {
        true => Repeats::Other,
        false => Repeats::Same,
    }
}

/// Returns whether it is what making an order again says of folios: its new one, or the ones it had.
fn is_folio(schema: &RecordSchema, said: &Said<'_>) -> bool {
    let is_plain = |c: char| c == '-' || c.is_ascii_uppercase() || c.is_ascii_digit();
    let is_one = |text: &str| {
        text.len() <= FOLIO_BYTES_MAX
            && text.chars().all(is_plain)
            && folio::parts(text).is_some_and(|parts| parts.len() == 4)
    };
    match said {
        Said::Value { slot: 0, key: "folio", value: Scalar::Str(text) } => is_one(text),
        Said::Element { slot, value: Scalar::Str(text) } if Some(*slot) == slot_number(schema, "notes") => {
            text.strip_prefix(EARLIER_FOLIO).is_some_and(is_one)
        }
        Said::Element { slot, value: Scalar::Str(text) } => {
            Some(*slot) == slot_number(schema, "folios") && is_one(text)
        }
        _ => false,
    }
}

/// Returns the operation number of a slot of the skeleton.
fn slot_number(schema: &RecordSchema, key: &str) -> Option<u64> {
    schema.slots.iter().position(|slot| slot.key == key).map(|index| index as u64 + 1)
}

fn said<'c>(change: &'c Change, schema: &RecordSchema) -> Vec<Said<'c>> {
    let mut all = Vec::new();
    let mut texts: BTreeMap<u64, String> = BTreeMap::new();
    let mut elements: BTreeMap<OpId, usize> = BTreeMap::new();
    for (index, op) in change.ops.iter().enumerate() {
        let value = match &op.action {
            Action::Put(value) => Some(value),
            Action::Delete => Some(&Scalar::Null),
            Action::MakeMap | Action::MakeList | Action::MakeText => None,
        };
        let slot = match op.obj {
            Obj::Root => 0,
            Obj::At(id) => match elements.get(&id) {
                Some(place) => {
                    if let (Said::Map { members, .. }, Place::Prop(key), Some(value)) =
                        (&mut all[*place], &op.place, value)
                    {
                        members.insert(key, value);
                    }
                    continue;
                }
                None => id.counter,
            },
        };
        let object = usize::try_from(slot).ok().and_then(|slot| schema.slots.get(slot.checked_sub(1)?));
        let is_text = object.is_some_and(|slot| slot.object == SlotObject::Text);
        let is_correction = object.is_some_and(|slot| slot.key == correction::SLOT);
        match (&op.place, value) {
            (_, Some(Scalar::Str(inserted))) if is_text => {
                texts.entry(slot).or_default().push_str(inserted);
            }
            // What was deleted of a text stays deleted; nobody deletes it again.
            (_, Some(_)) if is_text => {}
            (Place::Prop(_), Some(value)) if is_correction => all.push(Said::Value { slot, key: "", value }),
            (Place::Prop(key), Some(value)) => all.push(Said::Value { slot, key, value }),
            // The skeleton, which each record of a kind begins with.
            (Place::Prop(_), None) => {}
            (_, Some(value)) => all.push(Said::Element { slot, value }),
            (_, None) => {
                elements.insert(change.op_id(index), all.len());
                all.push(Said::Map { slot, members: BTreeMap::new() });
            }
        }
    }
    let texts = texts
        .into_iter()
        .map(|(slot, inserted)| Said::Text { slot, inserted: inserted.trim_start_matches('\n').to_owned() });
    all.extend(texts);
    all
}
