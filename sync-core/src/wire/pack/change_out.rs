//! Change out: a change as a shape and the numbers that fill its slots.

use super::PackError;
use super::bytes::{StreamsOut, zigzag};
use super::shape::{Ref, Step, StepAction, StepObj, StepPlace, StepPreds};
use super::state::RecordState;
use super::stream;
use super::tables::{Names, Table};
use crate::decimal::Decimal;
use crate::id::DeviceId;
use crate::record::change::{Action, Change, Obj, Op, OpId, Place, Scalar};

/// Returns the decimal that `text` is the one form of.
pub(super) fn decimal_of(text: &str) -> Option<Decimal> {
    let decimal: Decimal = text.parse().ok()?;
    (decimal.to_string() == text).then_some(decimal)
}

/// Takes one change apart.
pub(super) struct ChangeOut<'a> {
    pub(super) change: &'a Change,
    pub(super) record: &'a mut RecordState,
    pub(super) names: &'a Names,
    pub(super) devices: &'a mut Table<DeviceId>,
    pub(super) out: &'a mut StreamsOut,
    /// Counter of the last operation of each step so far.
    ends: Vec<u64>,
    slots: Vec<u64>,
}

impl<'a> ChangeOut<'a> {
    /// Starts on a change.
    pub(super) fn new(
        change: &'a Change,
        record: &'a mut RecordState,
        names: &'a Names,
        devices: &'a mut Table<DeviceId>,
        out: &'a mut StreamsOut,
    ) -> Self {
        Self { change, record, names, devices, out, ends: Vec::new(), slots: Vec::new() }
    }

    /// Returns its steps and their slots.
    pub(super) fn take_apart(mut self) -> Result<(Vec<Step>, Vec<u64>), PackError> {
        let mut steps = Vec::new();
        let mut index = 0;
        while let Some(op) = self.change.ops.get(index) {
            let run = self.run_from(index);
            let obj_before = index.checked_sub(1).and_then(|last| self.change.ops.get(last)).map(|op| op.obj);
            let id = self.change.op_id(index);
            let step = self.step(op, id, obj_before, &self.change.ops[index..index + run])?;
            steps.push(step);
            index += run;
            let last = self.change.op_id(index - 1);
            let key = self.key_of(op);
            self.ends.push(last.counter);
            self.record.note_op(last, &self.change.ops[index - 1], key);
        }
        Ok((steps, self.slots))
    }

    fn key_of(&self, op: &Op) -> Option<u64> {
        if let Place::Prop(key) = &op.place { self.names.find(key) } else { None }
    }

    /// Returns how many operations from `index` on insert one character each, one after another.
    fn run_from(&self, index: usize) -> usize {
        let ops = &self.change.ops;
        if !types_one_char(&ops[index]) {
            return 1;
        }
        let follows = |at: &usize| {
            let op = &ops[*at];
            op.place == Place::Elem(self.change.op_id(*at - 1))
                && op.obj == ops[index].obj
                && types_one_char(op)
        };
        1 + (index + 1..ops.len()).take_while(follows).count()
    }

    fn step(&mut self, op: &Op, id: OpId, obj_before: Option<Obj>, run: &[Op]) -> Result<Step, PackError> {
        let obj = match op.obj {
            _ if obj_before == Some(op.obj) => StepObj::Same,
            Obj::Root => StepObj::Root,
            Obj::At(at) => StepObj::At(self.reference(id, at, true)),
        };
        let place = match &op.place {
            Place::Prop(key) => StepPlace::Prop(
                self.names.find(key).ok_or(PackError::Malformed("a key that is not among the names"))?,
            ),
            Place::Head => StepPlace::Head,
            Place::Elem(elem) if self.record.last_elem(op.obj) == Some(*elem) => StepPlace::Last,
            Place::Elem(elem) => StepPlace::Elem(self.reference(id, *elem, false)),
        };
        let action = if run.len() > 1 { self.run(run) } else { self.action(&op.action) };
        let preds = self.preds(op, id);
        Ok(Step { obj, place, insert: op.insert, action, preds })
    }

    fn run(&mut self, run: &[Op]) -> StepAction {
        let text: String = run.iter().filter_map(put_text).collect();
        self.slots.push(text.len() as u64);
        self.out.extend(stream::TEXTS, text.as_bytes());
        StepAction::Run
    }

    fn action(&mut self, action: &Action) -> StepAction {
        match action {
            Action::Put(Scalar::Null) => StepAction::Null,
            Action::Put(Scalar::Bool(false)) => StepAction::False,
            Action::Put(Scalar::Bool(true)) => StepAction::True,
            Action::Put(Scalar::Int(number)) => {
                self.slots.push(zigzag(*number));
                StepAction::Int
            }
            Action::Put(Scalar::Str(text)) => self.text(text),
            Action::MakeMap => StepAction::MakeMap,
            Action::MakeList => StepAction::MakeList,
            Action::MakeText => StepAction::MakeText,
            Action::Delete => StepAction::Delete,
        }
    }

    fn text(&mut self, text: &str) -> StepAction {
        if let Some(decimal) = decimal_of(text) {
            self.slots.push(zigzag(decimal.units));
            return StepAction::Decimal(decimal.scale);
        }
        if let Some(name) = self.names.find(text) {
            self.slots.push(name << 1 | 1);
        } else {
            self.slots.push((text.len() as u64) << 1);
            self.out.extend(stream::TEXTS, text.as_bytes());
        }
        StepAction::Str
    }

    fn preds(&mut self, op: &Op, id: OpId) -> StepPreds {
        match (op.preds.as_slice(), &op.place) {
            ([], _) => StepPreds::None,
            ([pred], Place::Elem(elem)) if pred == elem => StepPreds::Elem,
            ([pred], Place::Prop(key)) if self.last_write(op.obj, key) == Some(*pred) => StepPreds::Last,
            (list, place) => {
                let fixed = matches!(place, Place::Prop(_));
                StepPreds::List(list.iter().map(|pred| self.reference(id, *pred, fixed)).collect())
            }
        }
    }

    fn last_write(&self, obj: Obj, key: &str) -> Option<OpId> {
        self.record.last_write(obj, self.names.find(key)?)
    }

    /// Names the operation `target` in a step whose first operation is `from`. `fixed`: the home device's counter
    /// is likely the same in other records (their skeletons are alike), so it belongs to the shape.
    fn reference(&mut self, from: OpId, target: OpId, fixed: bool) -> Ref {
        let own = target.device == self.change.device;
        if own && let Ok(step) = self.ends.binary_search(&target.counter) {
            return Ref::Local((self.ends.len() - step) as u64);
        }
        let home = self.record.home == Some(target.device);
        if home && fixed {
            return Ref::Home(target.counter);
        }
        let back = zigzag(from.counter.wrapping_sub(target.counter).cast_signed());
        if own {
            self.slots.push(back);
            Ref::OwnBack
        } else if home {
            self.slots.push(back);
            Ref::HomeBack
        } else {
            let device = self.devices.intern(target.device);
            self.slots.extend([device, back]);
            Ref::Other
        }
    }
}

fn put_text(op: &Op) -> Option<&str> {
    if let Action::Put(Scalar::Str(text)) = &op.action { Some(text) } else { None }
}

fn types_one_char(op: &Op) -> bool {
    let one_char = put_text(op).is_some_and(|text| text.chars().count() == 1);
    one_char && op.insert && op.preds.is_empty()
}
