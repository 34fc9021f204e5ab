//! Founding: the first lines of a new ledger.

use crate::crypto::SecretKey;
use crate::id::{Epoch, Hash};
use crate::invitation::{Locks, Secrets};
use crate::limits::CODE_CHARS;
use crate::log::act::{Act, Role};
use crate::log::checkpoint::log_origin;
use crate::log::line::Line;
use crate::time::{TimeMs, UtcOffset};

/// What a new ledger starts from.
pub struct Foundation<'a> {
    /// INEGI key of the municipality, e.g. 14061.
    pub municipality: u32,
    /// Its name.
    pub name: &'a str,
    /// Letters its folios start with.
    pub folio_prefix: &'a str,
    /// How far its clocks are from UTC.
    pub utc_offset: UtcOffset,
    /// 32 random bytes: the log key.
    pub seed: &'a [u8; 32],
    /// 64 random bytes: ids and the first invitation's secrets.
    pub entropy: &'a [u8; 64],
    /// Whether the first invitation has a code beside its link; making one takes a moment and 32 MiB.
    pub has_code: bool,
    /// The server's clock.
    pub now_ms: TimeMs,
}

/// A new ledger.
pub struct Founded {
    /// Lines 1, 2, 3.
    pub lines: Vec<Vec<u8>>,
    /// The log key as a `signed-note` verifier.
    pub log_verifier: String,
    /// The invitation of the first administrator.
    pub admin: Secrets,
}

/// Makes the first lines: the municipality, its first epoch, and the first administrator's invitation.
pub fn found(foundation: &Foundation<'_>) -> Founded {
    let key = SecretKey::from_seed(foundation.seed);
    let office = key.public().device();
    let code = foundation.has_code.then(|| part::<CODE_CHARS>(foundation.entropy, 16));
    let admin = Secrets::from_random(code, part(foundation.entropy, 40));
    let origin = log_origin(foundation.municipality);
    let log_verifier = signed_note::new_ed25519_verifier_key(&origin, &key.signing_key().verifying_key());
    let genesis = Act::Genesis {
        municipality: foundation.municipality,
        name: foundation.name.into(),
        folio_prefix: foundation.folio_prefix.into(),
        key: key.public(),
        log_verifier: log_verifier.clone(),
        utc_offset_min: foundation.utc_offset,
    };
    let epoch = Act::Epoch {
        epoch: Epoch(part(foundation.entropy, 32)),
        reason: "founded".into(),
        lost: None,
        lost_epoch: None,
    };
    let invitation = admin_invitation(&admin.locks(&office));
    let row = crate::state::authority::GenesisRow {
        municipality: foundation.municipality,
        name: foundation.name.into(),
        folio_prefix: foundation.folio_prefix.into(),
        office,
        key: key.public(),
        log_verifier: log_verifier.clone(),
        utc_offset: foundation.utc_offset,
        devices: 0,
    };
    let mut lines = Vec::new();
    let mut head = Hash::ZERO;
    for (seq, act) in (1_u64..).zip([genesis, epoch, invitation]) {
        let own = super::OwnAct { genesis: &row, key: &key, seq, now_ms: foundation.now_ms };
        let (verified, receipt) = own.write(seq - 1, head, act);
        head = verified.hash;
        lines.push(Line::Entry { receipt: Some(receipt), chained: verified.chained }.to_bytes());
    }
    Founded { lines, log_verifier, admin }
}

/// The invitation of an administrator.
pub fn admin_invitation(locks: &Locks) -> Act {
    Act::Invite {
        code_lock: locks.code,
        link_lock: locks.link,
        role: Role::Admin,
        crew: None,
        localities: Vec::new(),
        until_ms: None,
    }
}

/// Three letters for folios: the first letter and the consonants that follow, e.g. `MZQ` for Mezquitic.
pub fn folio_prefix(name: &str) -> String {
    let plain: Vec<char> = crate::rules::fold_word(name)
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let consonants = plain.iter().skip(1).filter(|c| !"AEIOU".contains(**c));
    let mut letters: Vec<char> = plain.first().into_iter().chain(consonants).copied().take(3).collect();
    letters.extend(plain.iter().skip(1).copied().take(3 - letters.len().min(3)));
    while letters.len() < 3 {
        letters.push('X');
    }
    letters.into_iter().collect()
}

fn part<const N: usize>(entropy: &[u8; 64], from: usize) -> [u8; N] {
    std::array::from_fn(|index| entropy[from + index])
}

#[cfg(test)]
mod tests {
    use super::folio_prefix;

    #[test]
    fn folio_letters_come_from_the_name() {
        assert_eq!(folio_prefix("Mezquitic"), "MZQ");
        assert_eq!(folio_prefix("Ocotlán"), "OCT");
        assert_eq!(folio_prefix("Ío"), "IOX");
        assert_eq!(folio_prefix(""), "XXX");
    }
}
