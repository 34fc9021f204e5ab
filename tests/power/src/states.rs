//! States: what a power cut may leave, for each moment of a recording.

use std::collections::{BTreeMap, BTreeSet};

use crate::disk::{Disk, Fate, Op, SECTOR_BYTES};
use crate::trace::Recording;
use cuadrilla_tests::random::Random;

/// Unsynced operations of which every subset is tried.
const EXHAUSTIVE_MAX: usize = 5;
/// Operations that are lost, or kept, alone at one cut.
const ALONE_MAX: usize = 6;

/// States of a cut that are always tried: the program was killed, and all that was not synced is lost.
const PLAIN: usize = 2;
/// States that a moment gets if it is tried at all.
const EACH_MIN: usize = 6;
/// States by chance that take part where there is room for few.
const CHANCE_MIN: usize = 4;

/// A recording, and when each of its operations became durable.
#[derive(Debug)]
pub struct History {
    /// What was recorded.
    pub recording: Recording,
    /// Of each operation: after how many it was durable.
    durable_at: Vec<usize>,
}

/// Returns how many moments share a turn, and how many states each turn gets, so that `states` are spread
/// over all moments. Every moment has its turn if there are enough states.
pub fn spread(states: usize, moments: usize) -> (usize, usize) {
    let stride = (EACH_MIN * moments).div_ceil(states.max(1)).min(moments);
    (stride, EACH_MIN.max(states.div_ceil(moments)))
}

/// One state of the disk.
#[derive(Debug)]
pub struct State {
    /// What kind of cut left it.
    pub kind: &'static str,
    /// After how many operations the power went.
    pub at: usize,
    /// What became of those that were not durable; the others are there.
    pub fates: BTreeMap<usize, Fate>,
}

impl History {
    /// Works out what was durable when.
    pub fn new(recording: Recording) -> Self {
        let ops = &recording.ops;
        let mut durable_at = vec![usize::MAX; ops.len()];
        for (index, op) in ops.iter().enumerate() {
            let synced = op.needs().into_iter().map(|needed| {
                let is_it = |(_, op): &(usize, &Op)| matches!(op, Op::Sync { node, covers } if *node == needed && *covers > index);
                ops.iter().enumerate().skip(index).find(is_it).map_or(usize::MAX, |(at, _)| at + 1)
            });
            durable_at[index] = synced.max().unwrap_or(0);
        }
        Self { recording, durable_at }
    }

    /// Returns how many operations there are.
    pub fn len(&self) -> usize {
        self.recording.ops.len()
    }

    /// Returns the operations before `at` that a cut there may undo.
    pub fn pending(&self, at: usize) -> Vec<usize> {
        (0..at)
            .filter(|index| self.recording.ops[*index].is_effect() && self.durable_at[*index] > at)
            .collect()
    }

    /// Returns the disk after a cut.
    pub fn disk(&self, at: usize, fates: &BTreeMap<usize, Fate>) -> Disk {
        let mut disk = self.recording.before.clone();
        for (index, op) in self.recording.ops[..at].iter().enumerate() {
            disk.apply_with(op, fates.get(&index).copied().unwrap_or(Fate::Kept));
        }
        disk
    }

    /// States of a cut after `at` operations, at most `most`: first the plain ones, then by chance.
    pub fn states(&self, at: usize, most: usize, random: &mut Random) -> Vec<State> {
        let pending = self.pending(at);
        let mut states = Vec::new();
        let mut add = |kind, fates| states.push(State { kind, at, fates });
        let all = |fate| pending.iter().map(|index| (*index, fate)).collect::<BTreeMap<_, _>>();
        add("process killed", BTreeMap::new());
        if pending.is_empty() {
            return states;
        }
        add("all unsynced lost", all(Fate::Lost));
        let is_name =
            |index: &usize| !matches!(self.recording.ops[*index], Op::Write { .. } | Op::Cut { .. });
        let some = |names: bool, fate| {
            pending.iter().filter(|index| is_name(index) == names).map(|index| (*index, fate)).collect()
        };
        add("names lost, bytes kept", some(true, Fate::Lost));
        add("names kept, bytes lost", some(false, Fate::Lost));
        add("lengths kept, bytes zero", some(false, Fate::Zeros));
        self.tear_last(at, &pending, random, &mut add);
        for index in picked(&pending, ALONE_MAX, random) {
            add("one lost", BTreeMap::from([(index, Fate::Lost)]));
            let mut alone = all(Fate::Lost);
            alone.remove(&index);
            add("one kept", alone);
        }
        if pending.len() <= EXHAUSTIVE_MAX {
            for bits in 1..(1_u32 << pending.len()) - 1 {
                let lost = pending.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
                add("every subset", lost.map(|(_, index)| (*index, Fate::Lost)).collect());
            }
        }
        for _ in 0..CHANCE_MIN.max(most.saturating_sub(states.len())) {
            let fates = self.by_chance(&pending, random);
            states.push(State { kind: "by chance", at, fates });
        }
        // Two are always tried; the others take turns where there are too many.
        while states.len() > most.max(PLAIN) {
            states.swap_remove(PLAIN + random.below(states.len() - PLAIN));
        }
        states
    }

    /// Tears the newest write at sectors and within them, with all before it kept or lost.
    fn tear_last(
        &self,
        at: usize,
        pending: &[usize],
        random: &mut Random,
        add: &mut impl FnMut(&'static str, BTreeMap<usize, Fate>),
    ) {
        let Some(last) = pending.last().copied().filter(|last| last + 1 == at) else { return };
        let Op::Write { bytes, .. } = &self.recording.ops[last] else { return };
        let sectors: Vec<usize> = (1..bytes.len().div_ceil(SECTOR_BYTES)).map(|n| n * SECTOR_BYTES).collect();
        for cut in picked(&sectors, ALONE_MAX, random) {
            add("torn at a sector", BTreeMap::from([(last, Fate::Torn(cut))]));
        }
        for _ in 0..ALONE_MAX {
            let mut fates = BTreeMap::from([(last, Fate::Torn(random.below(bytes.len().max(1))))]);
            add("torn within a sector", fates.clone());
            fates.extend(pending.iter().filter(|index| **index != last).map(|index| (*index, Fate::Lost)));
            add("torn within a sector", fates);
        }
        add("other bytes", BTreeMap::from([(last, Fate::Garbage(random.number()))]));
    }

    fn by_chance(&self, pending: &[usize], random: &mut Random) -> BTreeMap<usize, Fate> {
        let chances = 2 + random.below(5);
        let mut fates = BTreeMap::new();
        for index in pending {
            let is_write = matches!(self.recording.ops[*index], Op::Write { .. });
            if !random.one_in(chances) {
                continue;
            }
            let fate = match random.below(8) {
                0 if is_write => Fate::Torn(random.below(2_000)),
                1 if is_write => Fate::Scattered(random.number()),
                2 if is_write => Fate::Zeros,
                3 if is_write => Fate::Garbage(random.number()),
                _ => Fate::Lost,
            };
            fates.insert(*index, fate);
        }
        fates
    }
}

/// Returns at most `most` of them, by chance, in order.
fn picked(from: &[usize], most: usize, random: &mut Random) -> Vec<usize> {
    if from.len() <= most {
        return from.to_vec();
    }
    let mut found = BTreeSet::new();
    while found.len() < most {
        found.insert(from[random.below(from.len())]);
    }
    found.into_iter().collect()
}
