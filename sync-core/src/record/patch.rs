//! Patch: what the operations of a change do to a record, in the record's own terms.
//!
//! This loads no document. The first operations of the creating change make the skeleton, so schema and
//! creator alone give the id of every object that later changes may work in.

use std::collections::BTreeMap;

use crate::id::DeviceId;
use crate::record::change::{Action, Change, Obj, Op, OpId, Place, Scalar};
use crate::record::schema::{RecordSchema, Slot, SlotObject};

/// One thing a change does.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch<'c> {
    /// Sets (or, with `None`, empties) a register.
    Register {
        /// `status`, or `fields.dose` for a register inside a skeleton map.
        name: String,
        /// The slot it is in, if not the root.
        slot: Option<usize>,
        /// The new value.
        value: Option<&'c Scalar>,
        /// The operation.
        op: OpId,
        /// The operations it replaces.
        preds: &'c [OpId],
    },
    /// Appends an element to a list.
    Append {
        /// The list.
        slot: usize,
        /// The element.
        element: Element<'c>,
        /// The operation.
        op: OpId,
    },
    /// Edits a text.
    Text {
        /// The text.
        slot: usize,
        /// Characters inserted.
        inserted: String,
        /// How many characters were deleted.
        deleted: u32,
    },
}

/// An element of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Element<'c> {
    /// A scalar.
    Scalar(&'c Scalar),
    /// A map of scalars.
    Map(BTreeMap<&'c str, &'c Scalar>),
}

/// A change that does something that no record of that kind allows, to no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ShapeError {
    /// What is wrong.
    pub what: String,
}

fn shape<T>(what: impl Into<String>) -> Result<T, ShapeError> {
    Err(ShapeError { what: what.into() })
}

/// Checks that a change starts with the whole skeleton of its record kind.
///
/// # Errors
/// The first operation that differs.
pub fn check_skeleton(change: &Change, schema: &RecordSchema) -> Result<(), ShapeError> {
    let fits = |(slot, op): (&Slot, &Op)| {
        let action = match slot.object {
            SlotObject::Map => Action::MakeMap,
            SlotObject::List => Action::MakeList,
            SlotObject::Text => Action::MakeText,
        };
        op.obj == Obj::Root
            && op.place == Place::Prop(slot.key.clone())
            && op.action == action
            && op.preds.is_empty()
    };
    let whole = change.start_op == 1
        && change.ops.len() > schema.slots.len()
        && schema.slots.iter().zip(&change.ops).all(fits);
    if whole { Ok(()) } else { shape(format!("a new {} lacks its skeleton", schema.kind.key())) }
}

/// Returns the patches of `change`. `creator` made the record; `is_creation` says that this is the creating
/// change.
///
/// # Errors
/// The change does something that no record of that kind allows.
pub fn interpret<'c>(
    change: &'c Change,
    schema: &RecordSchema,
    creator: DeviceId,
    is_creation: bool,
) -> Result<Vec<Patch<'c>>, ShapeError> {
    let skip = if is_creation { schema.slots.len() } else { 0 };
    let mut reading = Reading { change, schema, creator, patches: Vec::new(), elements: BTreeMap::new() };
    for (index, op) in change.ops.iter().enumerate().skip(skip) {
        reading.take(index, op)?;
    }
    Ok(reading.patches)
}

struct Reading<'c, 's> {
    change: &'c Change,
    schema: &'s RecordSchema,
    creator: DeviceId,
    patches: Vec<Patch<'c>>,
    /// Element maps made by this change: their operation to the place of their patch.
    elements: BTreeMap<OpId, usize>,
}

impl<'c> Reading<'c, '_> {
    fn take(&mut self, index: usize, op: &'c Op) -> Result<(), ShapeError> {
        match op.obj {
            Obj::Root => self.register(index, op, None),
            Obj::At(id) => match self.slot_at(id) {
                Some(slot) => match self.schema.slots[slot].object {
                    SlotObject::Map => self.register(index, op, Some(slot)),
                    SlotObject::List => self.append(index, op, slot),
                    SlotObject::Text => self.text(op, slot),
                },
                None => self.member(op, id),
            },
        }
    }

    fn slot_at(&self, id: OpId) -> Option<usize> {
        let index = usize::try_from(id.counter).ok()?.checked_sub(1)?;
        (id.device == self.creator && index < self.schema.slots.len()).then_some(index)
    }

    fn register(&mut self, index: usize, op: &'c Op, slot: Option<usize>) -> Result<(), ShapeError> {
        let Place::Prop(key) = &op.place else { return shape("a map is addressed as a list") };
        if slot.is_none() && self.schema.slot(key).is_some() {
            return shape(format!("{key} is part of the skeleton and cannot be replaced"));
        }
        let value = match &op.action {
            Action::Put(value) => Some(value),
            Action::Delete => None,
            _ => return shape(format!("{key} cannot hold an object")),
        };
        let name = match slot {
            Some(slot) => format!("{}.{key}", self.schema.slots[slot].key),
            None => key.clone(),
        };
        let op_id = self.change.op_id(index);
        self.patches.push(Patch::Register { name, slot, value, op: op_id, preds: &op.preds });
        Ok(())
    }

    fn append(&mut self, index: usize, op: &'c Op, slot: usize) -> Result<(), ShapeError> {
        let key = &self.schema.slots[slot].key;
        if !op.insert {
            return shape(format!("{key} is only appended to"));
        }
        let op_id = self.change.op_id(index);
        let element = match (&op.action, self.schema.slots[slot].of_maps) {
            (Action::Put(value), false) => Element::Scalar(value),
            (Action::MakeMap, true) => {
                self.elements.insert(op_id, self.patches.len());
                Element::Map(BTreeMap::new())
            }
            _ => return shape(format!("{key} does not hold such elements")),
        };
        self.patches.push(Patch::Append { slot, element, op: op_id });
        Ok(())
    }

    fn member(&mut self, op: &'c Op, id: OpId) -> Result<(), ShapeError> {
        let Some(&place) = self.elements.get(&id) else {
            return shape("what was appended earlier is not changed afterwards");
        };
        match (&op.place, &op.action, &mut self.patches[place]) {
            (Place::Prop(key), Action::Put(value), Patch::Append { element: Element::Map(map), .. }) => {
                map.insert(key, value);
                Ok(())
            }
            _ => shape("an element holds scalars only"),
        }
    }

    fn text(&mut self, op: &'c Op, slot: usize) -> Result<(), ShapeError> {
        let (typed, gone) = match (&op.action, op.insert) {
            (Action::Put(Scalar::Str(typed)), true) => (typed.as_str(), 0),
            (Action::Delete, false) => ("", 1),
            _ => return shape("a text holds characters only"),
        };
        if let Some(Patch::Text { slot: last, inserted, deleted }) = self.patches.last_mut()
            && *last == slot
        {
            inserted.push_str(typed);
            *deleted += gone;
        } else {
            self.patches.push(Patch::Text { slot, inserted: typed.into(), deleted: gone });
        }
        Ok(())
    }
}
