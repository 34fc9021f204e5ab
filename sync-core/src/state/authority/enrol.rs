//! Enrolling: whether a device may begin by an invitation, or go on with another one's work.

use super::{DeviceRow, GenesisRow, InviteRow};
use crate::crypto::{PublicKey, Purpose, SignatureError};
use crate::id::DeviceId;
use crate::limits::{CODE_LIFE_LONGEST_MS, CODE_LIFE_MS, SUCCESSORS_MAX};
use crate::log::act::{Act, Continues};
use crate::rows::{Rows, RowsError, read};
use crate::state::keyspace;
use crate::time::TimeMs;

/// Why an enrolment is refused. A stranger is told no more than this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrolError {
    /// It was meant for another server.
    #[error("this enrolment was made for a server with another key")]
    OtherServer,
    /// No such code here.
    #[error("this code is not known to this municipality's server")]
    UnknownCode,
    /// A device used it.
    #[error("this code was already used")]
    UsedCode,
    /// Too late.
    #[error("this code has expired")]
    ExpiredCode,
    /// The key that would have to say so did not.
    #[error("the device whose work it wants to go on with is not known, or did not sign for it")]
    NoPredecessor,
    /// The key that says so counts no more.
    #[error("the device whose work it wants to go on with was revoked")]
    PredecessorRevoked,
    /// A copy of a copy of a copy.
    #[error("too many devices went on with that device's work already")]
    TooManySuccessors,
    /// A device has that key already.
    #[error("a device with this key is enrolled already")]
    DeviceTaken,
    /// The key is none, or the id is not that of the key.
    #[error("this device cannot enrol: {0}")]
    Key(SignatureError),
    /// The index could not be read.
    #[error(transparent)]
    Rows(#[from] RowsError),
}

/// When a code that was heard of now ends; earlier or later than usual, if `until_ms` says so.
pub fn code_expiry(now_ms: TimeMs, until_ms: Option<TimeMs>) -> TimeMs {
    match until_ms {
        Some(until_ms) => until_ms.min(now_ms.saturating_add(CODE_LIFE_LONGEST_MS)),
        None => now_ms.saturating_add(CODE_LIFE_MS),
    }
}

/// Whether an enrolment may happen, judged by the server's time. The same device may repeat its own.
pub fn check_enrolment(
    rows: &dyn Rows,
    device: &DeviceId,
    act: &Act,
    now_ms: TimeMs,
    is_vouched: bool,
) -> Result<(), EnrolError> {
    let Act::Enrol { office, opening, key, continues, .. } = act else { return Err(EnrolError::UnknownCode) };
    key.check_first_of(device).map_err(EnrolError::Key)?;
    if read::<GenesisRow>(rows, &keyspace::genesis())?.is_none_or(|genesis| genesis.office != *office) {
        return Err(EnrolError::OtherServer);
    }
    let known = read::<DeviceRow>(rows, &keyspace::device(device))?;
    if let Some(continues) = continues {
        return check_succession(rows, key, continues, known.as_ref());
    }
    let opening = opening.ok_or(EnrolError::UnknownCode)?;
    let invite: InviteRow = read(rows, &keyspace::invite(&opening.lock()))?.ok_or(EnrolError::UnknownCode)?;
    if let Some(known) = known {
        let is_repeat = known.key == *key && invite.used_by == Some(*device);
        return if is_repeat { Ok(()) } else { Err(EnrolError::DeviceTaken) };
    }
    match invite.used_by {
        Some(_) => Err(EnrolError::UsedCode),
        None if now_ms > invite.expires_at_ms && !(is_vouched && is_from_before_a_loss(rows, &invite)?) => {
            Err(EnrolError::ExpiredCode)
        }
        None => Ok(()),
    }
}

/// Whether an enrolment by that invitation may have been lost: only then may it come back when the code has ended.
fn is_from_before_a_loss(rows: &dyn Rows, invite: &InviteRow) -> Result<bool, RowsError> {
    Ok(read::<u64>(rows, &keyspace::first_loss())?.is_some_and(|loss| invite.seq < loss))
}

/// Whether a new device may go on with another one's work: that one's key says so, and still counts.
fn check_succession(
    rows: &dyn Rows,
    key: &PublicKey,
    continues: &Continues,
    known: Option<&DeviceRow>,
) -> Result<(), EnrolError> {
    let before: DeviceRow =
        read(rows, &keyspace::device(&continues.device))?.ok_or(EnrolError::NoPredecessor)?;
    let signed = succession_bytes(&continues.device, key, continues.retires);
    before
        .key
        .verify(Purpose::Succession, &[&signed], &continues.signature)
        .map_err(|_| EnrolError::NoPredecessor)?;
    if let Some(known) = known {
        let is_repeat = known.key == *key && known.continues == Some(continues.device);
        return if is_repeat { Ok(()) } else { Err(EnrolError::DeviceTaken) };
    }
    if before.revoked.is_some() {
        return Err(EnrolError::PredecessorRevoked);
    }
    let (_, first) = first_name(rows, &continues.device)?;
    if first.successors >= SUCCESSORS_MAX { Err(EnrolError::TooManySuccessors) } else { Ok(()) }
}

/// The first name of a device that went on under others. All its successions count there.
pub(super) fn first_name(rows: &dyn Rows, device: &DeviceId) -> Result<(DeviceId, DeviceRow), RowsError> {
    let row_of = |device: &DeviceId| -> Result<DeviceRow, RowsError> {
        read(rows, &keyspace::device(device))?.ok_or_else(|| RowsError(format!("device {device} has no row")))
    };
    let (mut id, mut row) = (*device, row_of(device)?);
    for _ in 0..=SUCCESSORS_MAX {
        let Some(before) = row.continues else { break };
        (id, row) = (before, row_of(&before)?);
    }
    Ok((id, row))
}

/// Returns the names of a device: its own, then those it had before, newest first.
pub fn names(rows: &dyn Rows, device: DeviceId, row: &DeviceRow) -> Result<Vec<DeviceId>, RowsError> {
    let (mut names, mut before) = (vec![device], row.continues);
    while let Some(name) = before.filter(|_| names.len() <= SUCCESSORS_MAX as usize) {
        names.push(name);
        before = read::<DeviceRow>(rows, &keyspace::device(&name))?.and_then(|row| row.continues);
    }
    Ok(names)
}

/// Returns what the key of `old` signs for [`Purpose::Succession`], so that the device of `new_key` may go on with its
/// work; the old name ends, if it `retires`.
pub fn succession_bytes(old: &DeviceId, new_key: &PublicKey, retires: bool) -> Vec<u8> {
    [&old.0[..], &new_key.0, &[u8::from(retires)]].concat()
}

/// The letters of the n-th device (from 0): `A1` to `Z9` without I and O, then three and more characters.
pub(super) fn letters(n: u32) -> String {
    const LETTERS: &[u8; 24] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    let digit = char::from(b'1' + u8::try_from(n % 9).unwrap_or(0));
    let mut rest = n / 9;
    let mut text = String::new();
    loop {
        text.insert(0, char::from(LETTERS[(rest % 24) as usize]));
        rest /= 24;
        if rest == 0 {
            break;
        }
        rest -= 1;
    }
    text.push(digit);
    text
}

#[cfg(test)]
mod tests {
    use super::letters;
    use std::collections::BTreeSet;

    #[test]
    fn letters_are_short_and_never_twice() {
        assert_eq!(letters(0), "A1");
        assert_eq!(letters(8), "A9");
        assert_eq!(letters(9), "B1");
        assert_eq!(letters(216), "AA1");
        let all: BTreeSet<_> = (0..20_000).map(letters).collect();
        assert_eq!(all.len(), 20_000);
    }
}
