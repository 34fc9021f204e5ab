//! Authority: who may write what, folded from the acts in the ledger. No clock is asked: an act holds from its place on.

use serde::{Deserialize, Serialize};

use crate::act::{Act, Role};
use crate::crypto::PublicKey;
use crate::id::{DeviceId, Hash};
use crate::keys;
use crate::limits::{CODE_CHARS, CODE_LIFE_MS};
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::scope::Scope;
use crate::time::TimeMs;
use std::collections::BTreeSet;

/// The municipality, from the genesis act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenesisRow {
    /// INEGI key.
    pub municipality: u32,
    /// Name.
    pub name: String,
    /// Letters its folios start with.
    pub folio_prefix: String,
    /// The office's device id.
    pub office: DeviceId,
    /// Its key, also the log key.
    pub key: PublicKey,
    /// The log key as a `signed-note` verifier.
    pub log_verifier: String,
    /// Devices enrolled so far: the next one's letters follow from it.
    pub devices: u32,
}

/// A device that may speak, and how far its chain is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// Its key.
    pub key: PublicKey,
    /// What people call it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// Its crew.
    pub crew: Option<String>,
    /// Its localities, by key.
    pub localities: Vec<String>,
    /// Its letters in folios, e.g. `K7`.
    pub letters: String,
    /// Ledger number of its enrolment.
    pub enrolled_seq: u64,
    /// Ledger number of its revocation, and why.
    pub revoked: Option<(u64, String)>,
    /// Number of the newest entry of its chain.
    pub head_seq: u64,
    /// Hash of that entry.
    pub head: Hash,
    /// When something of it last arrived, by the server's clock.
    pub last_received_at_ms: TimeMs,
}

impl DeviceRow {
    /// What it subscribes to.
    pub fn scopes(&self) -> BTreeSet<Scope> {
        Scope::of_device(self.role, self.crew.as_deref(), &self.localities)
    }
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteRow {
    /// The role it gives.
    pub role: Role,
    /// The crew it gives.
    pub crew: Option<String>,
    /// The localities it gives.
    pub localities: Vec<String>,
    /// When it ends.
    pub expires_at_ms: TimeMs,
    /// The device that used it.
    pub used_by: Option<DeviceId>,
}

/// Why an enrolment is refused. A stranger is told no more than this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrolError {
    /// No such code here.
    #[error("this code is not known to this municipality's server")]
    UnknownCode,
    /// Somebody used it.
    #[error("this code was already used")]
    UsedCode,
    /// Too late.
    #[error("this code has expired")]
    ExpiredCode,
    /// Another device has that id.
    #[error("this device id is taken")]
    DeviceTaken,
    /// The index could not be read.
    #[error(transparent)]
    Rows(#[from] RowsError),
}

/// Symbols of a code: no I, L, O or U, so that nobody misreads one.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A code from random bytes: three groups of four symbols, 60 bits.
pub fn code_from(random: &[u8; CODE_CHARS]) -> String {
    let symbols: Vec<char> = random.iter().map(|byte| char::from(SYMBOLS[usize::from(byte % 32)])).collect();
    let groups: Vec<String> = symbols.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// The tagged hash of a code as a person typed it: case, hyphens and look-alikes do not matter.
pub fn code_hash(code: &str) -> Hash {
    let plain: String = code
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    Hash::tagged("cuadrilla/code/v1", &[plain.as_bytes()])
}

/// When a code made now ends.
pub fn code_expiry(now_ms: TimeMs) -> TimeMs {
    now_ms.saturating_add(CODE_LIFE_MS)
}

/// Whether an enrolment may happen, judged by the server's time. The same device may repeat its own.
pub fn check_enrolment(
    rows: &dyn Rows,
    device: &DeviceId,
    code: &str,
    key: &PublicKey,
    now_ms: TimeMs,
) -> Result<InviteRow, EnrolError> {
    let invite: InviteRow = read(rows, &keys::invite(&code_hash(code)))?.ok_or(EnrolError::UnknownCode)?;
    if let Some(known) = read::<DeviceRow>(rows, &keys::device(device))? {
        let is_repeat = known.key == *key && invite.used_by == Some(*device);
        return if is_repeat { Ok(invite) } else { Err(EnrolError::DeviceTaken) };
    }
    match invite.used_by {
        Some(_) => Err(EnrolError::UsedCode),
        None if now_ms > invite.expires_at_ms => Err(EnrolError::ExpiredCode),
        None => Ok(invite),
    }
}

/// Folds an accepted act in. `seq` is its ledger number, `author` who made it, `received_at_ms` when the server heard
/// of it: a code lives from then on, whatever the inviting device's clock said.
pub fn apply_act(
    overlay: &mut Overlay<'_>,
    seq: u64,
    received_at_ms: TimeMs,
    author: &DeviceId,
    act: &Act,
) -> Result<(), RowsError> {
    match act {
        Act::Genesis { municipality, name, folio_prefix, key, log_verifier } => {
            let genesis = GenesisRow {
                municipality: *municipality,
                name: name.clone(),
                folio_prefix: folio_prefix.clone(),
                office: *author,
                key: *key,
                log_verifier: log_verifier.clone(),
                devices: 0,
            };
            overlay.write(keys::genesis(), &genesis);
            overlay.write(keys::device(author), &office_device(*key, seq));
        }
        Act::Epoch { epoch, .. } => overlay.write(keys::epoch(), epoch),
        Act::Invite { code_hash, role, crew, localities, .. } => {
            let invite = InviteRow {
                role: *role,
                crew: crew.clone(),
                localities: localities.clone(),
                expires_at_ms: code_expiry(received_at_ms),
                used_by: None,
            };
            overlay.write(keys::invite(code_hash), &invite);
        }
        Act::Enrol { code, key, name } => enrol(overlay, seq, author, code, *key, name)?,
        Act::Revoke { device, reason } => {
            if let Some(mut row) = read::<DeviceRow>(overlay, &keys::device(device))? {
                row.revoked.get_or_insert((seq, reason.clone()));
                overlay.write(keys::device(device), &row);
            }
        }
        Act::Rule { name, json } => overlay.put(keys::rule(name), json.clone().into_bytes()),
        Act::Release { .. } | Act::Dismiss { .. } => {}
    }
    Ok(())
}

fn office_device(key: PublicKey, seq: u64) -> DeviceRow {
    DeviceRow {
        key,
        name: "servidor".into(),
        role: Role::Office,
        crew: None,
        localities: Vec::new(),
        letters: "00".into(),
        enrolled_seq: seq,
        revoked: None,
        head_seq: 0,
        head: Hash::ZERO,
        last_received_at_ms: 0,
    }
}

fn enrol(
    overlay: &mut Overlay<'_>,
    seq: u64,
    device: &DeviceId,
    code: &str,
    key: PublicKey,
    name: &str,
) -> Result<(), RowsError> {
    let code_hash = code_hash(code);
    let Some(mut invite) = read::<InviteRow>(overlay, &keys::invite(&code_hash))? else { return Ok(()) };
    let Some(mut genesis) = read::<GenesisRow>(overlay, &keys::genesis())? else { return Ok(()) };
    let row = DeviceRow {
        key,
        name: name.into(),
        role: invite.role,
        crew: invite.crew.clone(),
        localities: invite.localities.clone(),
        letters: letters(genesis.devices),
        enrolled_seq: seq,
        revoked: None,
        head_seq: 0,
        head: Hash::ZERO,
        last_received_at_ms: 0,
    };
    genesis.devices += 1;
    invite.used_by = Some(*device);
    overlay.write(keys::genesis(), &genesis);
    overlay.write(keys::invite(&code_hash), &invite);
    overlay.write(keys::device(device), &row);
    Ok(())
}

/// The letters of the n-th device (from 0): `A1` to `Z9` without I and O, then three and more characters.
fn letters(n: u32) -> String {
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
    use super::{code_from, code_hash, letters};
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

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        let code = code_from(&[1, 2, 3, 40, 5, 6, 7, 8, 9, 10, 11, 31]);
        assert_eq!(code, "1238-5678-9ABZ");
        assert_eq!(code_hash(&code), code_hash("l238 5678 9abz"));
        assert_ne!(code_hash(&code), code_hash("1238-5678-9ABY"));
    }
}
