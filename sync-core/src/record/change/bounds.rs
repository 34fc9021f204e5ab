//! Bounds of a raw chunk, checked before Automerge reads it. Its columns are runs, so a hundred bytes may
//! claim millions of operations. Chunks come here from proof files and from other parties' ledgers.

use super::ChangeError;
use crate::limits::PACK_OPS_MAX;
use crate::limits::{CHANGE_BYTES_MAX, CHANGE_DEPS_MAX, CHANGE_OPS_MAX, KEY_BYTES_MAX};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// Kind of a chunk that is one change, not compressed.
const CHANGE: u8 = 1;
/// Bit of a column's number that says it is deflated.
const DEFLATED: u64 = 1 << 3;
/// Columns that a change may have, with room: Automerge 0.12 writes at most 16.
const COLUMNS_MAX: u64 = 64;
/// The group of columns that name predecessors.
const PREDS: u64 = 7;

/// What the low three bits of a column's number say about its values.
mod form {
    pub(super) const GROUP: u64 = 0;
    pub(super) const ACTOR: u64 = 1;
    pub(super) const BOOLEAN: u64 = 4;
    pub(super) const TEXT: u64 = 5;
    pub(super) const BYTES: u64 = 7;
}

/// Checks that reading the chunk stays within bounds. The content is not judged here.
pub(super) fn check(raw: &[u8]) -> Result<(), ChangeError> {
    at_most("bytes", raw.len() as u64, CHANGE_BYTES_MAX)?;
    let mut chunk = Reader { left: raw };
    if chunk.take(4)? != MAGIC {
        return Err(cut());
    }
    chunk.take(4)?;
    if chunk.take(1)? != [CHANGE] {
        return Err(ChangeError::Foreign("a chunk that is no plain change"));
    }
    let length = chunk.number()?;
    let mut body = Reader { left: chunk.take(length)? };
    let deps = body.number()?;
    at_most("dependencies", deps, CHANGE_DEPS_MAX)?;
    body.take(deps * 32)?;
    body.skip()?;
    // Sequence number, first operation, time; then the message.
    for _ in 0..3 {
        body.number()?;
    }
    body.skip()?;
    // The other actors: each takes a byte at least.
    let others = body.number()?;
    for _ in 0..others {
        body.skip()?;
    }
    let count = body.number()?;
    if count > COLUMNS_MAX {
        return Err(ChangeError::Foreign("too many columns"));
    }
    let columns: Vec<(u64, u64)> =
        (0..count).map(|_| Ok((body.number()?, body.number()?))).collect::<Result<_, ChangeError>>()?;
    columns
        .into_iter()
        .try_for_each(|(name, bytes)| check_column(name, others, Reader { left: body.take(bytes)? }))
}

fn check_column(name: u64, others: u64, mut column: Reader<'_>) -> Result<(), ChangeError> {
    if name & DEFLATED != 0 {
        return Err(ChangeError::Foreign("a deflated column"));
    }
    let (form, group) = (name & 7, name >> 4);
    let values_max = if group == PREDS && form != form::GROUP { PACK_OPS_MAX } else { CHANGE_OPS_MAX };
    let mut values = 0_u64;
    while form != form::BYTES && !column.left.is_empty() {
        if form == form::BOOLEAN {
            values = values.saturating_add(column.number()?);
        } else {
            values = values.saturating_add(column.run(form, others)?);
        }
        at_most("operations", values, values_max)?;
    }
    Ok(())
}

fn at_most(what: &'static str, found: u64, max: usize) -> Result<(), ChangeError> {
    if found <= max as u64 {
        return Ok(());
    }
    Err(ChangeError::TooMany { what, found: usize::try_from(found).unwrap_or(usize::MAX), max })
}

fn cut() -> ChangeError {
    ChangeError::NotAChange("it is cut short or no chunk".into())
}

struct Reader<'b> {
    left: &'b [u8],
}

impl<'b> Reader<'b> {
    fn take(&mut self, bytes: u64) -> Result<&'b [u8], ChangeError> {
        let bytes = usize::try_from(bytes).map_err(|_| cut())?;
        let (taken, left) = self.left.split_at_checked(bytes).ok_or_else(cut)?;
        self.left = left;
        Ok(taken)
    }

    /// Returns the bits of a LEB128 number of at most 10 bytes, and whether its sign bit is set.
    fn leb(&mut self) -> Result<(u64, u32, bool), ChangeError> {
        let (mut bits, mut shift) = (0_u64, 0);
        loop {
            let byte = self.take(1)?[0];
            if shift > 63 {
                return Err(cut());
            }
            bits |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return Ok((bits, shift, byte & 0x40 != 0));
            }
        }
    }

    fn number(&mut self) -> Result<u64, ChangeError> {
        self.leb().map(|(bits, ..)| bits)
    }

    /// Passes over bytes behind their length.
    fn skip(&mut self) -> Result<(), ChangeError> {
        let length = self.number()?;
        self.take(length).map(|_| ())
    }

    /// Skips one run of a column. Returns how many values it stands for.
    fn run(&mut self, form: u64, others: u64) -> Result<u64, ChangeError> {
        let (bits, shift, is_negative) = self.leb()?;
        if bits == 0 {
            return self.number(); // So many times nothing.
        }
        if !is_negative {
            self.value(form, others)?;
            return Ok(bits);
        }
        // So many values one after another: the bits are those of a negative number.
        let sign = if shift < 64 { u64::MAX << shift } else { 0 };
        let count = (bits | sign).wrapping_neg();
        if count > self.left.len() as u64 {
            return Err(cut());
        }
        for _ in 0..count {
            self.value(form, others)?;
        }
        Ok(count)
    }

    fn value(&mut self, form: u64, others: u64) -> Result<(), ChangeError> {
        if form != form::TEXT {
            let number = self.number()?;
            // The author is 0, then come the others; Automerge looks them up without asking.
            let is_known = form != form::ACTOR || number <= others;
            return if is_known { Ok(()) } else { Err(ChangeError::Actor) };
        }
        let length = self.number()?;
        // Said once, it may stand for every operation's key.
        at_most("bytes in a key", length, KEY_BYTES_MAX)?;
        self.take(length).map(|_| ())
    }
}
