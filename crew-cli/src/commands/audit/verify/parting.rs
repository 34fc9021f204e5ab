//! Parting: where two pasts part. Roots at the sizes of older checkpoints narrow it down; leaves that this device knows
//! say it exactly.

use serde::Serialize;
use sync_core::id::Hash;
use sync_core::log::entry::Anchor;
use sync_core::log::merkle::tile::TILE_WIDTH;

use super::known::Known;
use crate::error::CliError;
use words::Text;
use words::say;

/// The past that is checked: of a server, or in a folder.
pub trait Past {
    /// Entries.
    fn size(&self) -> u64;
    /// The root over the first `size`.
    fn root(&self, size: u64) -> Result<Hash, CliError>;
    /// Leaf hashes of `from..=to`, which lie in one tile.
    fn leaves(&self, from: u64, to: u64) -> Result<Vec<Hash>, CliError>;
}

/// Whether `past` begins with what `old` names.
pub fn begins_with(past: &dyn Past, old: &Anchor) -> Result<bool, CliError> {
    if old.size == 0 {
        return Ok(true);
    }
    Ok(old.size <= past.size() && past.root(old.size)? == old.root)
}

/// The first number that differs lies in `from..=to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Parting {
    /// All before it are the same.
    pub from: u64,
    /// This one differs or is missing, if none before it does.
    pub to: u64,
}

impl Parting {
    /// The place in words.
    pub fn words(self) -> Text {
        let Self { from, to } = self;
        if from == to { say!("verify-split-at", from) } else { say!("verify-split-between", from, to) }
    }
}

/// Where `past` and the past of `old`, which it does not begin with, part.
///
/// # Errors
/// As reading `past` answers.
pub fn find(past: &dyn Past, old: &Anchor, known: Option<&Known>) -> Result<Parting, CliError> {
    let mut same = 0;
    let mut differs = old.size.min(past.size() + 1).max(1);
    let Some(known) = known else { return Ok(Parting { from: 1, to: differs }) };
    if let Some((good, bad)) = by_checkpoints(past, differs, known)? {
        (same, differs) = (good, bad);
    }
    by_leaves(past, same, differs, known)
}

/// The last checkpoint shown that agrees and the first that does not, in the newest life of the ledger that `past` does
/// not continue.
fn by_checkpoints(past: &dyn Past, differs: u64, known: &Known) -> Result<Option<(u64, u64)>, CliError> {
    let mut epochs: Vec<_> = known.anchors.iter().map(|(epoch, _)| *epoch).collect();
    epochs.dedup();
    for epoch in epochs.into_iter().rev() {
        let seen: Vec<Anchor> =
            known.of_epoch(epoch).into_iter().map(|(size, root)| Anchor { size, root }).collect();
        // A log that begins with one of them begins with all that are smaller.
        let (mut low, mut high) = (0, seen.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if begins_with(past, &seen[middle])? { low = middle + 1 } else { high = middle }
        }
        if let Some(bad) = seen.get(low) {
            let good = low.checked_sub(1).map_or(0, |at| seen[at].size);
            let bad = bad.size.min(differs).min(past.size() + 1);
            return Ok((good < bad).then_some((good, bad)));
        }
    }
    Ok(None)
}

fn by_leaves(past: &dyn Past, mut same: u64, mut differs: u64, known: &Known) -> Result<Parting, CliError> {
    for (seq, is_same) in compare(past, same + 1, differs.min(past.size()), known, Known::first_leaf)? {
        if !is_same {
            differs = seq;
            break;
        }
        if seq == same + 1 {
            same = seq;
        }
    }
    Ok(Parting { from: same + 1, to: differs })
}

/// Compares the known leaves in `from..=to` with the past's, in order.
///
/// # Errors
/// As reading `past` answers.
pub fn compare(
    past: &dyn Past,
    from: u64,
    to: u64,
    known: &Known,
    leaf: fn(&Known, u64) -> Option<Hash>,
) -> Result<Vec<(u64, bool)>, CliError> {
    let wide = u64::from(TILE_WIDTH);
    let mut compared = Vec::new();
    let mut tile: Option<(u64, Vec<Hash>)> = None;
    for seq in known.numbers(from, to) {
        let Some(ours) = leaf(known, seq) else { continue };
        let first = (seq - 1) / wide * wide + 1;
        let theirs = match &tile {
            Some((at, leaves)) if *at == first => leaves,
            _ => {
                let leaves = past.leaves(first, (first + wide - 1).min(past.size()))?;
                &tile.insert((first, leaves)).1
            }
        };
        let at = usize::try_from(seq - first).unwrap_or(usize::MAX);
        compared.push((seq, theirs.get(at) == Some(&ours)));
    }
    Ok(compared)
}

/// How much of what is known was compared, and what was found.
#[derive(Debug, Default)]
pub struct Compared {
    /// Checkpoints.
    pub checkpoints: u64,
    /// Leaves.
    pub leaves: u64,
    /// A state that the past does not continue, and where they part.
    pub bad: Option<(Anchor, Parting)>,
}

/// Compares `past` with all that is known of it now.
///
/// # Errors
/// As reading `past` answers.
pub fn against_known(past: &dyn Past, known: &Known) -> Result<Compared, CliError> {
    let checkpoints = known.anchors.len() as u64;
    // All were signed by one log: a later life of the ledger excuses nothing that an earlier one had shown.
    for newest in known.newest_of_each_epoch() {
        if !begins_with(past, &newest)? {
            let bad = Some((newest, find(past, &newest, Some(known))?));
            return Ok(Compared { checkpoints, leaves: 0, bad });
        }
    }
    let compared = compare(past, 1, past.size(), known, Known::leaf)?;
    let beyond = known.leaves.range(past.size() + 1..).map(|(seq, _)| *seq);
    let missing = beyond.filter(|seq| known.leaf(*seq).is_some()).min();
    let first_bad = compared.iter().find(|(_, is_same)| !is_same).map(|(seq, _)| *seq).or(missing);
    let bad = match first_bad {
        None => None,
        Some(seq) => {
            let old = Anchor { size: seq, root: Hash::ZERO };
            Some((old, by_leaves(past, 0, seq, known)?))
        }
    };
    Ok(Compared { checkpoints, leaves: compared.len() as u64, bad })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Parting, Past, against_known, find};
    use crate::commands::audit::verify::known::Known;
    use crate::error::CliError;
    use sync_core::id::{Epoch, Hash};
    use sync_core::log::entry::Anchor;
    use sync_core::log::merkle;
    use sync_core::rows::{MemoryRows, Overlay};
    use words::Lang;

    /// A past whose entries are numbers.
    struct Numbers(MemoryRows, Vec<u64>);

    impl Numbers {
        fn new(numbers: impl Iterator<Item = u64>) -> Self {
            let numbers: Vec<u64> = numbers.collect();
            let below = MemoryRows::default();
            let mut overlay = Overlay::new(&below);
            for (seq, number) in (1..).zip(&numbers) {
                merkle::append(&mut overlay, seq, &number.to_be_bytes()).unwrap();
            }
            let batch = overlay.batch;
            let mut rows = MemoryRows::default();
            rows.apply(batch);
            Self(rows, numbers)
        }

        fn anchor(&self, size: u64) -> Anchor {
            Anchor { size, root: merkle::root(&self.0, size).unwrap() }
        }

        fn leaf(&self, seq: u64) -> Hash {
            merkle::leaf_hash(&self.1[usize::try_from(seq - 1).unwrap()].to_be_bytes())
        }
    }

    impl Past for Numbers {
        fn size(&self) -> u64 {
            self.1.len() as u64
        }
        fn root(&self, size: u64) -> Result<Hash, CliError> {
            Ok(merkle::root(&self.0, size)?)
        }
        fn leaves(&self, from: u64, to: u64) -> Result<Vec<Hash>, CliError> {
            Ok((from..=to).map(|seq| self.leaf(seq)).collect())
        }
    }

    /// What a reader knows that was shown `past` at those sizes, and has those entries of it.
    fn known(past: &Numbers, sizes: &[u64], leaves: impl Iterator<Item = u64>) -> Known {
        Known {
            anchors: sizes.iter().map(|size| (Epoch([1; 8]), past.anchor(*size))).collect(),
            leaves: leaves.map(|seq| (seq, past.leaf(seq))).collect(),
            ..Known::default()
        }
    }

    /// 700 entries, and the same with number 333 another.
    fn pasts() -> (Numbers, Numbers) {
        (Numbers::new(1..=700), Numbers::new((1..=700).map(|n| if n == 333 { 0 } else { n })))
    }

    #[test]
    fn the_more_is_known_the_closer_is_the_place() {
        let (kept, forged) = pasts();
        let old = kept.anchor(600);
        let place = |known: Option<&Known>| {
            let Parting { from, to } = find(&forged, &old, known).unwrap();
            (from, to)
        };
        assert_eq!(place(None), (1, 600));
        assert_eq!(place(Some(&known(&kept, &[100, 300, 332, 400, 600], 0..0))), (333, 400));
        assert_eq!(place(Some(&known(&kept, &[100, 300, 400, 600], 310..=340))), (301, 333));
        assert_eq!(place(Some(&known(&kept, &[300, 600], 301..=600))), (333, 333));
        assert_eq!(place(Some(&known(&kept, &[], 1..=700))), (333, 333));
        assert_eq!(place(Some(&known(&kept, &[332, 333], 0..0))), (333, 333));
    }

    #[test]
    fn a_past_that_was_cut_parts_after_its_end() {
        let (kept, _) = pasts();
        let cut = Numbers::new(1..=250);
        let parted = find(&cut, &kept.anchor(600), Some(&known(&kept, &[100, 250, 600], 0..0))).unwrap();
        assert_eq!(parted, Parting { from: 251, to: 251 });
        let parted = find(&cut, &kept.anchor(600), None).unwrap();
        assert_eq!(parted, Parting { from: 1, to: 251 });
    }

    #[test]
    fn an_entry_known_by_its_receipt_counts_even_if_every_checkpoint_shown_was_forged() {
        let (kept, forged) = pasts();
        let author =
            Known { leaves: BTreeMap::from([(333, kept.leaf(333))]), ..known(&forged, &[400, 700], 0..0) };
        let (old, parted) = against_known(&forged, &author).unwrap().bad.unwrap();
        assert_eq!((old.size, parted), (333, Parting { from: 1, to: 333 }));
        let honest = against_known(&kept, &known(&kept, &[400, 700], 300..=400)).unwrap();
        assert_eq!((honest.checkpoints, honest.leaves, honest.bad), (2, 101, None));
    }

    #[test]
    fn what_others_were_told_before_a_loss_need_not_hold_after_it() {
        let (kept, forged) = pasts();
        let mut restored = known(&forged, &[700], 300..=400);
        restored.leaves.insert(333, kept.leaf(333));
        assert!(against_known(&forged, &restored).unwrap().bad.is_some());
        restored.stale.insert(333);
        assert!(against_known(&forged, &restored).unwrap().bad.is_none());
    }

    #[test]
    fn a_place_is_said_exactly_or_as_a_range() {
        let words = |from, to| Parting { from, to }.words().of(Lang::En);
        assert_eq!(words(7, 7), "the histories part at number 7");
        assert_eq!(words(7, 9), "the histories part between numbers 7 and 9");
    }
}
