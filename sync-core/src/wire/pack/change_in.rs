//! Change in: the operations of a change, put together again from its shape and its slots.

use super::bounds::{Budget, TEXT_BYTES_MAX};
use super::bytes::{Reader, unzigzag};
use super::shape::{Ref, Shape, Step, StepAction, StepObj, StepPlace, StepPreds};
use super::state::RecordState;
use super::tables::{TablesIn, text_of};
use super::{PackError, too_many};
use crate::decimal::Decimal;
use crate::id::DeviceId;
use crate::limits::{CHANGE_OPS_MAX, DECIMAL_DIGITS_MAX, KEY_BYTES_MAX};
use crate::record::change::{Action, Obj, Op, OpId, Place, Scalar};

/// The numbers that fill the slots of one use of a shape.
pub(super) struct Slots<'v> {
    /// All numbers of the pack.
    pub(super) values: &'v [u64],
    /// The index of the next one.
    pub(super) next: usize,
    /// How far apart they stand: how often the shape is used.
    pub(super) stride: usize,
}

impl Slots<'_> {
    fn take(&mut self) -> Result<u64, PackError> {
        let value = self.values.get(self.next).ok_or(PackError::Malformed("a shape without its values"))?;
        self.next += self.stride;
        Ok(*value)
    }
}

/// Puts one change together.
pub(super) struct ChangeIn<'a, 'b> {
    /// The name of its first operation.
    pub(super) first: OpId,
    pub(super) record: &'a mut RecordState,
    pub(super) tables: &'a TablesIn<'b>,
    pub(super) texts: &'a mut Reader<'b>,
    pub(super) slots: Slots<'a>,
    pub(super) budget: &'a mut Budget,
    /// The operations so far.
    pub(super) ops: Vec<Op>,
    /// Counter of the last operation of each step so far.
    pub(super) ends: Vec<u64>,
}

impl ChangeIn<'_, '_> {
    /// Returns the operations of a shape.
    pub(super) fn put_together(mut self, shape: &Shape) -> Result<Vec<Op>, PackError> {
        for step in &shape.steps {
            self.step(step)?;
        }
        Ok(self.ops)
    }

    fn next_id(&self) -> OpId {
        OpId { counter: self.first.counter + self.ops.len() as u64, device: self.first.device }
    }

    fn step(&mut self, step: &Step) -> Result<(), PackError> {
        let obj = match step.obj {
            StepObj::Root => Obj::Root,
            StepObj::Same => self.ops.last().ok_or(PackError::Malformed("the same object as nothing"))?.obj,
            StepObj::At(at) => Obj::At(self.reference(at)?),
        };
        let place = self.place(obj, step.place)?;
        if step.action == StepAction::Run {
            return self.run(obj, place);
        }
        let action = self.action(step.action)?;
        let preds = self.preds(obj, step, &place)?;
        let key = if let StepPlace::Prop(key) = step.place { Some(key) } else { None };
        self.push(Op { obj, place, insert: step.insert, action, preds }, key)?;
        self.end_step()
    }

    fn end_step(&mut self) -> Result<(), PackError> {
        let next = self.next_id().counter;
        self.ends.push(next - 1);
        too_many("operations in a change", self.ops.len() as u64, CHANGE_OPS_MAX)
    }

    fn push(&mut self, op: Op, key: Option<u64>) -> Result<(), PackError> {
        self.budget.spend_ops(1 + op.preds.len())?;
        self.record.note_op(self.next_id(), &op, key);
        self.ops.push(op);
        Ok(())
    }

    fn run(&mut self, obj: Obj, place: Place) -> Result<(), PackError> {
        let length = self.slots.take()?;
        too_many("bytes in a run", length, TEXT_BYTES_MAX.max(CHANGE_OPS_MAX * 4))?;
        let text = text_of(self.texts.take(length)?)?;
        if text.is_empty() {
            return Err(PackError::Malformed("an empty run"));
        }
        let mut place = place;
        for character in text.chars() {
            let after = Place::Elem(self.next_id());
            let action = Action::Put(Scalar::Str(character.to_string()));
            self.push(Op { obj, place, insert: true, action, preds: Vec::new() }, None)?;
            place = after;
        }
        self.end_step()
    }

    fn place(&mut self, obj: Obj, place: StepPlace) -> Result<Place, PackError> {
        Ok(match place {
            StepPlace::Prop(index) => {
                let name = self.tables.name(index)?;
                too_many("bytes in a key", name.len() as u64, KEY_BYTES_MAX)?;
                self.budget.spend_name(name)?;
                Place::Prop(name.to_owned())
            }
            StepPlace::Head => Place::Head,
            StepPlace::Elem(elem) => Place::Elem(self.reference(elem)?),
            StepPlace::Last => {
                let last = self.record.last_elem(obj);
                Place::Elem(last.ok_or(PackError::Malformed("the last element of nothing"))?)
            }
        })
    }

    fn action(&mut self, action: StepAction) -> Result<Action, PackError> {
        Ok(match action {
            StepAction::Null => Action::Put(Scalar::Null),
            StepAction::False => Action::Put(Scalar::Bool(false)),
            StepAction::True => Action::Put(Scalar::Bool(true)),
            StepAction::Int => Action::Put(Scalar::Int(unzigzag(self.slots.take()?))),
            StepAction::Str | StepAction::Run => Action::Put(Scalar::Str(self.text()?)),
            StepAction::Decimal(scale) => {
                too_many("decimal digits", u64::from(scale), DECIMAL_DIGITS_MAX)?;
                let decimal = Decimal { units: unzigzag(self.slots.take()?), scale };
                Action::Put(Scalar::Str(decimal.to_string()))
            }
            StepAction::MakeMap => Action::MakeMap,
            StepAction::MakeList => Action::MakeList,
            StepAction::MakeText => Action::MakeText,
            StepAction::Delete => Action::Delete,
        })
    }

    fn text(&mut self) -> Result<String, PackError> {
        let code = self.slots.take()?;
        if code & 1 == 1 {
            let name = self.tables.name(code >> 1)?;
            self.budget.spend_name(name)?;
            return Ok(name.to_owned());
        }
        too_many("bytes in a value", code >> 1, TEXT_BYTES_MAX)?;
        text_of(self.texts.take(code >> 1)?).map(str::to_owned)
    }

    fn preds(&mut self, obj: Obj, step: &Step, place: &Place) -> Result<Vec<OpId>, PackError> {
        Ok(match (&step.preds, place, step.place) {
            (StepPreds::None, ..) => Vec::new(),
            (StepPreds::Elem, Place::Elem(elem), _) => vec![*elem],
            (StepPreds::Last, _, StepPlace::Prop(key)) => {
                let last = self.record.last_write(obj, key);
                vec![last.ok_or(PackError::Malformed("the last write of nothing"))?]
            }
            (StepPreds::List(list), ..) => {
                list.iter().map(|pred| self.reference(*pred)).collect::<Result<_, _>>()?
            }
            _ => return Err(PackError::Malformed("predecessors that do not fit the place")),
        })
    }

    fn reference(&mut self, reference: Ref) -> Result<OpId, PackError> {
        match reference {
            Ref::Local(back) => {
                let step = usize::try_from(back).ok().and_then(|back| self.ends.len().checked_sub(back));
                let end = step.and_then(|step| self.ends.get(step));
                let counter = *end.ok_or(PackError::Malformed("a step that is not there"))?;
                Ok(OpId { counter, device: self.first.device })
            }
            Ref::Home(counter) => Ok(OpId { counter, device: self.home()? }),
            Ref::HomeBack => {
                let device = self.home()?;
                self.back(device)
            }
            Ref::OwnBack => self.back(self.first.device),
            Ref::Other => {
                let device = self.tables.device(self.slots.take()?)?;
                self.back(device)
            }
        }
    }

    fn home(&self) -> Result<DeviceId, PackError> {
        self.record.home.ok_or(PackError::Malformed("a record without a home device"))
    }

    fn back(&mut self, device: DeviceId) -> Result<OpId, PackError> {
        let back = unzigzag(self.slots.take()?);
        Ok(OpId { counter: self.next_id().counter.wrapping_sub(back.cast_unsigned()), device })
    }
}
