//! Poison: records that are as dear to judge as the rules allow, by changes that all count. A record gathers a long chain
//! first. Then concurrent writes of one register, each on an old change of the chain and naming no value before it, and
//! whenever a register holds as many as it may, one change that names every value and every branch; until it is full.

use sync_core::id::Hash;
use sync_core::limits::{RECORD_CHANGES_MAX, REGISTER_VALUES_MAX};
use sync_core::record::change::{Action, Change, Obj, Op, OpId, Place, Scalar};

use crate::load::profile::prepared::{Piece, Prepared};

/// The field that is written.
const FIELD: &str = "homes_without_water";
/// Its largest value.
const FIELD_MAX: u64 = 10_000;
/// Writes beside each other before one that joins them: with the value they all stand beside, a register is full.
const BESIDE: usize = REGISTER_VALUES_MAX - 2;

/// A record that is being poisoned.
#[derive(Debug, Default)]
pub(super) struct Poison {
    order: usize,
    /// Changes made after the creation.
    made: u64,
    /// The chain: hash of each change.
    chain: Vec<Hash>,
    /// The newest change of the chain or that joined branches, and what the register held then.
    trunk: Option<(Hash, OpId)>,
    /// Branches since, each with its value.
    branches: Vec<(Hash, OpId)>,
}

impl Poison {
    /// The record's chain is as long as asked for, and what follows names its old changes.
    pub(super) fn is_long(&self, chain: usize) -> bool {
        self.chain.len() >= chain
    }

    /// Returns a piece of at most `entries` changes; begins another record when this one is full.
    pub(super) fn piece(
        &mut self,
        device: &mut Prepared,
        entries: u64,
        chain: usize,
    ) -> anyhow::Result<Piece> {
        // The creation is a change too.
        let room = u64::from(RECORD_CHANGES_MAX).saturating_sub(self.made + 1);
        if room == 0 {
            *self = Self { order: self.order + 1, ..Self::default() };
            return device.creations(1);
        }
        let actor = device.device();
        let (record, creation, start) = device.order(self.order)?;
        let fields = device.fields()?;
        let numbers = self.made + 1..=self.made + entries.min(room);
        self.made = *numbers.end();
        let (piece, last) = device.gather(record, numbers, |before, number| {
            if let Some(before) = before {
                self.note(before);
            }
            let op = OpId { counter: start + number, device: actor };
            let (deps, preds) = self.next(op, creation, chain);
            Change {
                device: actor,
                seq: 1 + number,
                start_op: op.counter,
                deps,
                ops: vec![Op {
                    obj: Obj::At(fields),
                    place: Place::Prop(FIELD.into()),
                    insert: false,
                    action: Action::Put(Scalar::Int(i64::try_from(number % FIELD_MAX).unwrap_or(0))),
                    preds,
                }],
            }
        })?;
        self.note(last);
        Ok(piece)
    }

    /// Returns what the next change depends on, and which values it names. Its hash is not known yet.
    fn next(&mut self, op: OpId, creation: Hash, chain: usize) -> (Vec<Hash>, Vec<OpId>) {
        let unknown = Hash::ZERO;
        let Some((trunk, value)) = self.trunk else {
            self.trunk = Some((unknown, op));
            return (vec![creation], Vec::new());
        };
        if self.chain.len() < chain {
            self.trunk = Some((unknown, op));
            return (vec![trunk], vec![value]);
        }
        if self.branches.len() < BESIDE {
            // Anywhere in the chain, never near the one before.
            let old = self.chain[usize::try_from(op.counter).unwrap_or(0) * 7_919 % self.chain.len()];
            self.branches.push((unknown, op));
            return (vec![old], Vec::new());
        }
        let branches = std::mem::take(&mut self.branches);
        let (mut deps, mut preds): (Vec<Hash>, Vec<OpId>) = branches.into_iter().unzip();
        deps.push(trunk);
        preds.push(value);
        deps.sort();
        preds.sort();
        self.trunk = Some((unknown, op));
        (deps, preds)
    }

    /// Takes the hash of the newest change.
    fn note(&mut self, hash: Hash) {
        match (self.branches.last_mut(), &mut self.trunk) {
            (Some((newest, _)), _) => *newest = hash,
            (None, Some((newest, _))) => {
                *newest = hash;
                self.chain.push(hash);
            }
            (None, None) => {}
        }
    }
}
