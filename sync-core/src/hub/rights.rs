//! Rights: by which of the rights that its author has had a change is judged.

use super::attempt::{changes_known, heard_at};
use super::rule_book::RuleBook;
use crate::id::DeviceId;
use crate::judge::judge_change;
use crate::log::entry::{Anchor, Header};
use crate::log::merkle;
use crate::record::change::Change;
use crate::rows::{Rows, RowsError, read};
use crate::state::authority::{DeviceRow, names};
use crate::state::interpret::Judged;
use crate::state::keyspace;

/// Judges a change in a ledger of `size` entries. Work from before its author could know of other rights, or of other
/// rules, is judged by those of then. An author who had seen a past that was lost may have had rights there that were
/// given back since: what those allowed, before or after, stands, and so does what the rules allow that it had heard of by
/// this ledger, or those of now. Rights from before the loss, or from before a state of this ledger that an earlier entry names, it knew
/// to be gone: they do not count.
pub fn judge_by_rights<'c>(
    rows: &dyn Rows,
    book: &RuleBook,
    author: &DeviceRow,
    header: &Header,
    size: u64,
    change: &'c Change,
) -> Result<Judged<'c>, RowsError> {
    let names = names(rows, header.device, author)?;
    let judge = |author: &DeviceRow, known: u64| {
        let known = known.max(first_enrolled(rows, author, &names)?);
        book.at(rows, known, |rules| judge_change(rows, rules, author, &names, &header.record, change))
    };
    let Some((loss, known)) = lost_since(rows, book, author, header, size)? else {
        let known = known_at(rows, book, author, header, header.anchor.size)?;
        return judge(&author.as_known_at(known), known);
    };
    let judged = judge(author, u64::MAX)?;
    if judged.is_ok() {
        return Ok(judged);
    }
    let since =
        author.former.iter().rev().take_while(|former| former.until_seq > loss.max(author.anchor_seen));
    for author in std::iter::once(author.clone()).chain(since.map(|former| author.with(former))) {
        for known in [u64::MAX, known] {
            let other = judge(&author, known)?;
            if other.is_ok() {
                return Ok(other);
            }
        }
    }
    Ok(judged)
}

/// Returns since when this ledger lost a past, if the state that the entry names is none of this ledger: what it was in the
/// past that was lost has another number here; and how large a ledger the author knew all the same. `None` too where it
/// knew of all changes.
fn lost_since(
    rows: &dyn Rows,
    book: &RuleBook,
    author: &DeviceRow,
    header: &Header,
    size: u64,
) -> Result<Option<(u64, u64)>, RowsError> {
    let all = changes_known(book, author, u64::MAX);
    // So it is for nearly every entry, and no row is read.
    if changes_known(book, author, author.anchor_seen) == all {
        return Ok(None);
    }
    let Some(loss) = read::<u64>(rows, &keyspace::first_loss())? else { return Ok(None) };
    let known = known_at(rows, book, author, header, 0)?;
    if changes_known(book, author, known) == all || is_past(rows, size, &header.anchor)? {
        return Ok(None);
    }
    Ok(Some((loss, known)))
}

/// How large a ledger the author could know when it wrote an entry: by the state that the entry `named`, by its entries
/// before, and by the requests that it sent before. So nobody keeps old rights, or lax rules, by naming an old state.
fn known_at(
    rows: &dyn Rows,
    book: &RuleBook,
    author: &DeviceRow,
    header: &Header,
    named: u64,
) -> Result<u64, RowsError> {
    let named = named.max(author.anchor_seen);
    // Nearly every entry names a state that tells of all changes.
    if changes_known(book, author, named) == changes_known(book, author, u64::MAX) {
        return Ok(named);
    }
    Ok(named.max(heard_at(rows, &header.device, header.seq)?))
}

/// Where the author enrolled under its first name: the enrolment of a further name brings no rules with it.
fn first_enrolled(rows: &dyn Rows, author: &DeviceRow, names: &[DeviceId]) -> Result<u64, RowsError> {
    let Some(first) = names.last().filter(|_| author.continues.is_some()) else {
        return Ok(author.enrolled_seq);
    };
    let row: Option<DeviceRow> = read(rows, &keyspace::device(first))?;
    Ok(row.map_or(author.enrolled_seq, |row| row.enrolled_seq))
}

/// Whether a state of the log is one that this ledger was in.
pub(super) fn is_past(rows: &dyn Rows, size: u64, anchor: &Anchor) -> Result<bool, RowsError> {
    Ok(anchor.size <= size && merkle::root(rows, anchor.size)? == anchor.root)
}
