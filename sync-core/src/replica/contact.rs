//! Contact: what a reply said beside entries. It closes the reply: scopes and cursors, the device's standing, the newest
//! checkpoint; then the overlay of every record that changed is folded again.

use super::generations::swap;
use super::mirror::{Target, filled};
use super::pending::{forget_receipts, refold_dirty, show_as_in};
use crate::limits::KEPT_ANCHORS_MAX;
use crate::log::checkpoint;
use crate::log::entry::Anchor;
use crate::log::line::{Contact, Identity, Lines};
use crate::rows::{Overlay, RowsError};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::state::local::{CONTACT, ContactRow, EVIDENCE, IDENTITY, KEPT, Kept, REVOKED};

/// Folds what a reply said beside entries. `number` is the line it stands on.
pub(super) fn fold_contact(
    rules: &mut Rules,
    raw: &mut Overlay<'_>,
    lines: &dyn Lines,
    number: u64,
    contact: &Contact,
) -> Result<(), RowsError> {
    let identity = IDENTITY.read(raw)?.ok_or_else(|| RowsError("a contact before the enrolment".into()))?;
    let generations = filled(raw)?;
    let target = Target::of(raw, &generations, rules)?;
    target.fold_scopes(raw, contact.server_seq, &contact.moves, &contact.cursors)?;
    drop(target);

    let anchor = checkpoint::verify(&contact.checkpoint, &identity.log_verifier).map_err(RowsError)?;
    let before = CONTACT.read_or_default(raw)?;
    if before.epoch != contact.epoch {
        forget_receipts(raw)?;
    }
    let row = ContactRow {
        at_ms: contact.at_ms,
        server_at_ms: contact.server_at_ms,
        epoch: contact.epoch,
        server_seq: contact.server_seq,
        head_seq: contact.head_seq,
        signed_since_ms: if before.anchor == anchor { before.signed_since_ms } else { contact.server_at_ms },
        checkpoint: contact.checkpoint.clone(),
        anchor,
    };
    CONTACT.write(raw, &row);
    EVIDENCE.clear(raw);
    // One whose reply was not read is nothing to go on from: see `Replica::on_reply`.
    if !contact.cursors.is_empty() {
        let mut kept = KEPT.read_or_default(raw)?;
        keep(&mut kept, Kept { line: number, anchor });
        KEPT.write(raw, &kept);
    }
    take_standing(raw, &identity, contact);
    if let Some(filling) = generations.filling.filter(|_| contact.is_whole) {
        if is_worth_showing(contact, filling.from_size) {
            swap(rules, raw, lines)?;
        } else {
            show_as_in(raw, filling.generation, &[])?;
        }
    }
    refold_dirty(rules, raw, lines)
}

/// Checks whether a generation that was filled to its end may take the place of the one that is shown. A revoked device
/// is told no more: without a common state its new generation holds its own places only, and it keeps the orders it has.
pub(super) fn is_worth_showing(contact: &Contact, from_size: u64) -> bool {
    from_size > 0 || contact.cursors.keys().any(|scope| !matches!(scope, Scope::Device(_)))
}

fn take_standing(raw: &mut Overlay<'_>, identity: &Identity, contact: &Contact) {
    let standing = &contact.standing;
    let now = Identity {
        role: standing.role,
        crew: standing.crew.clone(),
        localities: standing.localities.clone(),
        ..identity.clone()
    };
    if now != *identity {
        IDENTITY.write(raw, &now);
    }
    match &standing.revoked {
        Some(revoked) => REVOKED.write(raw, revoked),
        None => REVOKED.clear(raw),
    }
}

/// Keeps a state of the log, and thins the older ones so that their distances double: two for each power of two.
fn keep(kept: &mut Vec<Kept>, newest: Kept) {
    kept.retain(|one| one.anchor != newest.anchor);
    kept.push(newest);
    let bucket = |one: &Kept| newest.anchor.size.saturating_sub(one.anchor.size).checked_ilog2();
    let thinned: Vec<Kept> = (0..kept.len())
        .filter(|index| {
            let own = bucket(&kept[*index]);
            let is_edge = |beside: Option<&Kept>| beside.is_none_or(|beside| bucket(beside) != own);
            let before = index.checked_sub(1).and_then(|before| kept.get(before));
            is_edge(before) || is_edge(kept.get(index + 1))
        })
        .map(|index| kept[index])
        .collect();
    let surplus = thinned.len().saturating_sub(KEPT_ANCHORS_MAX);
    *kept = thinned[surplus..].to_vec();
}

/// Returns the line of the newest kept contact with that anchor.
pub(super) fn line_of(kept: &[Kept], anchor: &Anchor) -> Option<u64> {
    kept.iter().rev().find(|one| one.anchor == *anchor).map(|one| one.line)
}

#[cfg(test)]
mod tests {
    use super::keep;
    use crate::id::Hash;
    use crate::log::entry::Anchor;
    use crate::state::local::Kept;

    #[test]
    fn kept_states_lie_ever_further_apart_and_the_first_stays_for_long() {
        let mut kept = Vec::new();
        for size in 1..=100_000_u64 {
            let anchor = Anchor { size, root: Hash([0; 32]) };
            keep(&mut kept, Kept { line: size, anchor });
        }
        assert!(kept.len() <= 40, "{}", kept.len());
        assert_eq!(kept.last().map(|one| one.line), Some(100_000));
        let distances: Vec<u64> = kept.iter().map(|one| 100_000 - one.anchor.size).collect();
        for power in 1..15 {
            let reach = 1_u64 << power;
            assert!(
                distances.iter().any(|d| (reach / 2..reach * 2).contains(d)),
                "none near {reach}: {distances:?}"
            );
        }
    }

    #[test]
    fn a_state_that_is_told_again_is_kept_once_with_its_newest_line() {
        let anchor = Anchor { size: 7, root: Hash([1; 32]) };
        let mut kept = Vec::new();
        keep(&mut kept, Kept { line: 3, anchor });
        keep(&mut kept, Kept { line: 9, anchor });
        assert_eq!(kept, [Kept { line: 9, anchor }]);
    }
}
