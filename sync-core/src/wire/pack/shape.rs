//! Shape: a change with its values taken out. Crews repeat the same acts, so a pack says each shape once.

use super::bytes::{Reader, put_varint};
use super::{PackError, SHAPE_REUSED_BYTES_MAX, SHAPE_REUSED_STEPS_MAX, too_many};
use crate::limits::{CHANGE_OPS_MAX, OP_PREDS_MAX};

/// How a step names an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ref {
    /// The last operation of the step so many steps back in this change.
    Local(u64),
    /// By the record's home device, with this counter.
    Home(u64),
    /// By the record's home device; slot: how far its counter lies back.
    HomeBack,
    /// By the change's device; slot: how far its counter lies back.
    OwnBack,
    /// Slots: index of the device, how far its counter lies back.
    Other,
}

/// The object of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepObj {
    /// The root map.
    Root,
    /// That of the step before.
    Same,
    /// The one that operation made.
    At(Ref),
}

/// The place of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepPlace {
    /// A key: index into the names.
    Prop(u64),
    /// The head.
    Head,
    /// That element.
    Elem(Ref),
    /// The element last inserted into this object by this pack.
    Last,
}

/// The action of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepAction {
    /// Puts null.
    Null,
    /// Puts false.
    False,
    /// Puts true.
    True,
    /// Puts a whole number; slot: the number.
    Int,
    /// Puts a text; slot: twice its length, or one more than twice its index in the names.
    Str,
    /// Puts a decimal's text with so many digits after the point; slot: all digits as one number.
    Decimal(u8),
    /// Makes a map.
    MakeMap,
    /// Makes a list.
    MakeList,
    /// Makes a text.
    MakeText,
    /// Deletes.
    Delete,
    /// Inserts characters one after another, each an operation; slot: their length in bytes.
    Run,
}

/// The predecessors of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StepPreds {
    /// None.
    None,
    /// The operation of this pack that last wrote this key.
    Last,
    /// The element of the place.
    Elem,
    /// These.
    List(Vec<Ref>),
}

/// One operation, or one run of them, without its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) obj: StepObj,
    pub(super) place: StepPlace,
    pub(super) insert: bool,
    pub(super) action: StepAction,
    pub(super) preds: StepPreds,
}

/// A change without its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// Its steps.
    pub(super) steps: Vec<Step>,
    /// Numbers each use brings.
    pub(super) slots: usize,
    /// Whether more than one change may use it. Bounded, because a use is one byte.
    pub(super) reusable: bool,
}

const PLACE_PROP: u8 = 0;
const PLACE_HEAD: u8 = 1;
const PLACE_ELEM: u8 = 2;
const PLACE_LAST: u8 = 3;
const OBJ_ROOT: u8 = 0;
const OBJ_SAME: u8 = 1;
const OBJ_AT: u8 = 2;
const PREDS_NONE: u8 = 0;
const PREDS_LAST: u8 = 1;
const PREDS_ELEM: u8 = 2;
const PREDS_LIST: u8 = 3;

impl StepAction {
    fn code(self) -> u8 {
        match self {
            Self::Null => 0,
            Self::False => 1,
            Self::True => 2,
            Self::Int => 3,
            Self::Str => 4,
            Self::Decimal(_) => 5,
            Self::MakeMap => 6,
            Self::MakeList => 7,
            Self::MakeText => 8,
            Self::Delete => 9,
            Self::Run => 10,
        }
    }

    fn slots(self) -> usize {
        usize::from(matches!(self, Self::Int | Self::Str | Self::Decimal(_) | Self::Run))
    }
}

impl Ref {
    fn slots(self) -> usize {
        match self {
            Self::Local(_) | Self::Home(_) => 0,
            Self::HomeBack | Self::OwnBack => 1,
            Self::Other => 2,
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        let code = match self {
            Self::Local(back) => back << 3,
            Self::Home(counter) => counter << 3 | 1,
            Self::HomeBack => 2,
            Self::OwnBack => 3,
            Self::Other => 4,
        };
        put_varint(out, code);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, PackError> {
        let code = reader.varint()?;
        match (code & 7, code >> 3) {
            (0, back) => Ok(Self::Local(back)),
            (1, counter) => Ok(Self::Home(counter)),
            (2, 0) => Ok(Self::HomeBack),
            (3, 0) => Ok(Self::OwnBack),
            (4, 0) => Ok(Self::Other),
            _ => Err(PackError::Malformed("an unknown kind of reference")),
        }
    }
}

impl Step {
    fn slots(&self) -> usize {
        let obj = if let StepObj::At(at) = self.obj { at.slots() } else { 0 };
        let place = if let StepPlace::Elem(elem) = self.place { elem.slots() } else { 0 };
        let preds = match &self.preds {
            StepPreds::List(list) => list.iter().map(|pred| pred.slots()).sum(),
            _ => 0,
        };
        obj + place + self.action.slots() + preds
    }

    fn write(&self, out: &mut Vec<u8>) {
        let place = match self.place {
            StepPlace::Prop(_) => PLACE_PROP,
            StepPlace::Head => PLACE_HEAD,
            StepPlace::Elem(_) => PLACE_ELEM,
            StepPlace::Last => PLACE_LAST,
        };
        let obj = match self.obj {
            StepObj::Root => OBJ_ROOT,
            StepObj::Same => OBJ_SAME,
            StepObj::At(_) => OBJ_AT,
        };
        let preds = match self.preds {
            StepPreds::None => PREDS_NONE,
            StepPreds::Last => PREDS_LAST,
            StepPreds::Elem => PREDS_ELEM,
            StepPreds::List(_) => PREDS_LIST,
        };
        out.push(self.action.code() | u8::from(self.insert) << 4 | place << 5);
        out.push(obj | preds << 2);
        if let StepObj::At(at) = self.obj {
            at.write(out);
        }
        match self.place {
            StepPlace::Prop(name) => put_varint(out, name),
            StepPlace::Elem(elem) => elem.write(out),
            StepPlace::Head | StepPlace::Last => {}
        }
        if let StepAction::Decimal(scale) = self.action {
            out.push(scale);
        }
        if let StepPreds::List(list) = &self.preds {
            put_varint(out, list.len() as u64);
            list.iter().for_each(|pred| pred.write(out));
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, PackError> {
        let (what, how) = (reader.byte()?, reader.byte()?);
        if what & 0x80 != 0 || how & 0xf0 != 0 {
            return Err(PackError::Malformed("an unknown kind of step"));
        }
        let obj = match how & 3 {
            OBJ_ROOT => StepObj::Root,
            OBJ_SAME => StepObj::Same,
            OBJ_AT => StepObj::At(Ref::read(reader)?),
            _ => return Err(PackError::Malformed("an unknown kind of object")),
        };
        let place = match what >> 5 {
            PLACE_PROP => StepPlace::Prop(reader.varint()?),
            PLACE_HEAD => StepPlace::Head,
            PLACE_ELEM => StepPlace::Elem(Ref::read(reader)?),
            _ => StepPlace::Last,
        };
        let action = read_action(what & 15, reader)?;
        let preds = match how >> 2 {
            PREDS_NONE => StepPreds::None,
            PREDS_LAST => StepPreds::Last,
            PREDS_ELEM => StepPreds::Elem,
            _ => StepPreds::List(read_preds(reader)?),
        };
        let step = Self { obj, place, insert: what & 16 != 0, action, preds };
        if step.action == StepAction::Run && !(step.insert && step.preds == StepPreds::None) {
            return Err(PackError::Malformed("a run that does not insert"));
        }
        Ok(step)
    }
}

fn read_action(code: u8, reader: &mut Reader<'_>) -> Result<StepAction, PackError> {
    Ok(match code {
        0 => StepAction::Null,
        1 => StepAction::False,
        2 => StepAction::True,
        3 => StepAction::Int,
        4 => StepAction::Str,
        5 => StepAction::Decimal(reader.byte()?),
        6 => StepAction::MakeMap,
        7 => StepAction::MakeList,
        8 => StepAction::MakeText,
        9 => StepAction::Delete,
        10 => StepAction::Run,
        _ => return Err(PackError::Malformed("an unknown kind of operation")),
    })
}

fn read_preds(reader: &mut Reader<'_>) -> Result<Vec<Ref>, PackError> {
    let count = reader.varint()?;
    too_many("predecessors", count, OP_PREDS_MAX)?;
    (0..count).map(|_| Ref::read(reader)).collect()
}

impl Shape {
    /// Returns the shape of these steps, and its bytes.
    pub(super) fn new(steps: Vec<Step>) -> (Self, Vec<u8>) {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, steps.len() as u64);
        steps.iter().for_each(|step| step.write(&mut bytes));
        (Self::measured(steps, bytes.len()), bytes)
    }

    fn measured(steps: Vec<Step>, bytes: usize) -> Self {
        let slots = steps.iter().map(Step::slots).sum();
        let reusable = steps.len() <= SHAPE_REUSED_STEPS_MAX && bytes <= SHAPE_REUSED_BYTES_MAX;
        Self { steps, slots, reusable }
    }

    /// Reads one shape.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, PackError> {
        let before = reader.left();
        let count = reader.varint()?;
        too_many("operations in a change", count, CHANGE_OPS_MAX)?;
        let mut steps = Vec::new();
        for _ in 0..count {
            steps.push(Step::read(reader)?);
        }
        Ok(Self::measured(steps, before - reader.left()))
    }
}
