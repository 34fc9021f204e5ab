//! Succession: a device that turns out to be a copy of another, or an old state of itself, goes on under a new name.
//! The old name's key signs for the new one; what the ledger did not take from the old name is written again.

use std::collections::BTreeSet;

use serde::Serialize;

use super::again::{Original, Repeated};
use super::anew::forget;
use super::aside::set_aside;
use super::{KeyName, Replica, ReplicaError, Signed, Unsigned};
use crate::crypto::{PublicKey, Purpose, SecretKey};
use crate::id::{DeviceId, Epoch, Hash, RecordId};
use crate::log::act::{Act, Continues};
use crate::log::chain::DecodedBody;
use crate::log::chain::decode_body;
use crate::log::line::{DeviceLine, Enrolling, Identity, Lines, read_entry};
use crate::rows::{Overlay, Rows, RowsError, all_under, read};
use crate::rules::Rules;
use crate::state::authority::DeviceRow;
use crate::state::authority::enrol::succession_bytes;
use crate::state::decide::Settles;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::state::local::{ContactRow, OwnHead};

/// A device under its new name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Succeeded {
    /// The old id.
    pub was: DeviceId,
    /// The new id.
    pub device: DeviceId,
    /// The new letters in folios.
    pub letters: String,
    /// What became of the entries that the ledger had not taken.
    #[serde(flatten)]
    pub repeated: Repeated,
}

/// A name that this device may go on under, once the old name's key has said so.
#[derive(Debug, Clone)]
pub struct NewName {
    device: DeviceId,
    retires: bool,
    key: KeyName,
}

impl NewName {
    /// Returns which key the new name has.
    pub fn key(&self) -> &KeyName {
        &self.key
    }
}

impl Replica<'_> {
    /// Whether the server has shown that another device writes under this one's name.
    pub fn is_copy(&self) -> Result<bool, ReplicaError> {
        let is_copy = read(self.rows(), &keyspace::fact("copy"))?.unwrap_or(false);
        let is_revoked = self.rows().get(&keyspace::fact("revoked"))?.is_some();
        Ok(is_copy && !is_revoked)
    }

    /// Returns which key signs for this device now.
    pub fn key_name(&self) -> KeyName {
        let names = self.identity.as_ref().map(|identity| identity.successions.clone());
        KeyName { is_renewed: false, successions: names.unwrap_or_default() }
    }

    /// Returns the key that signs for this device now, for a shell that derives all keys of a device from one seed.
    pub fn key(&self, seed: &[u8; 32]) -> SecretKey {
        self.key_name().of_seed(seed)
    }

    /// The key that this device enrolled with: which of two seeds is its own can be told by it.
    pub fn own_public(&self) -> Result<Option<PublicKey>, ReplicaError> {
        let device = self.identity()?.device;
        let Some(row) = read::<EntryRow>(self.rows(), &keyspace::entry(&device, 1))? else { return Ok(None) };
        let (_, chained) = read_entry(&self.lines, row.line)?;
        Ok(match decode_body(&chained.entry.body)? {
            DecodedBody::Act(Act::Enrol { key, .. }) => Some(key),
            _ => None,
        })
    }

    /// All names after an enrolment as `device`: those of its seed.
    pub(super) fn names_with(&self, continues: Option<&Continues>, device: DeviceId) -> Vec<DeviceId> {
        let Some(continues) = continues else { return Vec::new() };
        let before = self.identity.as_ref().filter(|_| !continues.retires);
        let mut names = before.map(|identity| identity.successions.clone()).unwrap_or_default();
        names.push(device);
        names
    }

    /// Returns a new name to go on under; `None` if an enrolment under one is under way. The old name ends if it
    /// `retires`, because its key is renewed; else this device is a copy, and the other one goes on under the old name.
    pub fn new_name(&mut self, retires: bool) -> Result<Option<NewName>, ReplicaError> {
        let identity = self.identity()?.clone();
        let under_way = self.enrolling.as_ref().and_then(|enrolling| enrolling.continues.as_ref());
        let is_repeat = |one: &Continues| one.device == identity.device && one.retires == retires;
        if under_way.is_some_and(is_repeat) {
            return Ok(None);
        }
        let device = DeviceId(self.draw());
        let mut successions = if retires { Vec::new() } else { identity.successions };
        successions.push(device);
        Ok(Some(NewName { device, retires, key: KeyName { is_renewed: retires, successions } }))
    }

    /// Returns what the old name's key has to say about the new one, by the public half of [`NewName::key`].
    pub fn succession(&self, new: &NewName, key: &PublicKey) -> Result<Unsigned<NewName>, ReplicaError> {
        let bytes = succession_bytes(&self.identity()?.device, &new.device, key, new.retires);
        Ok(Unsigned::new(self.key_name(), Purpose::Succession, bytes, new.clone()))
    }

    /// Writes that this device enrols under its new name. The request is [`Replica::enrolment`], as for a new device.
    pub fn succeed_start(&mut self, new: Signed<NewName>) -> Result<(), ReplicaError> {
        let Signed { content, signature } = new;
        let NewName { device, retires, key: _ } = content;
        let identity = self.identity()?.clone();
        let enrolling = Enrolling {
            url: identity.url,
            code: String::new(),
            device,
            name: identity.name,
            started_at_ms: self.moment.now_ms,
            continues: Some(Continues { device: identity.device, signature, retires }),
        };
        self.enrolling = Some(enrolling.clone());
        self.push_device_line(DeviceLine::Enrolling(enrolling))
    }

    /// Takes the server's answer, and writes again what the ledger had not taken under the old name. `key` is that of the
    /// new name.
    pub fn succeed_finish(
        &mut self,
        key: &PublicKey,
        request: &[u8],
        reply: &[u8],
    ) -> Result<Succeeded, ReplicaError> {
        let was = self.identity()?.clone();
        let originals = self.not_taken(&was.device)?;
        let identity = self.enrol_finish(key, request, reply)?;
        if identity.server_key != was.server_key {
            return Err(ReplicaError::Forged("another server answered the renewal of this device".into()));
        }
        let repeated = self.write_again(&originals)?;
        Ok(Succeeded { was: was.device, device: identity.device, letters: identity.letters, repeated })
    }

    /// Own entries that the ledger has not taken, and that nobody dismissed.
    fn not_taken(&self, device: &DeviceId) -> Result<Vec<Original>, ReplicaError> {
        let mut originals = Vec::new();
        for row in own_entries(self.rows(), device)? {
            if row.accepted().is_none() && row.decided.is_none() {
                let (_, chained) = read_entry(&self.lines, row.line)?;
                let hash = row.hash.or_else(|| chained.hash()).unwrap_or_default();
                originals.push(Original { hash, chained });
            }
        }
        Ok(originals)
    }
}

fn own_entries(rows: &dyn Rows, device: &DeviceId) -> Result<Vec<EntryRow>, RowsError> {
    Ok(all_under(rows, &keyspace::entries(device))?.into_iter().map(|(_, row)| row).collect())
}

/// Whose held entries a device settles by writing them again; `None` if that device is not known here.
pub fn settles(rows: &dyn Rows, lines: &dyn Lines, author: &DeviceId) -> Result<Option<Settles>, RowsError> {
    let me: Option<Identity> = read(rows, &keyspace::fact("identity"))?;
    let row: Option<DeviceRow> = read(rows, &keyspace::device(author))?;
    match (row, me) {
        (Some(row), me) if me.as_ref().is_none_or(|me| me.device != *author) => {
            Ok(Some(Settles::of(row.role, row.continues)))
        }
        // A crew does not read the own enrolments back, those of old names neither.
        (_, Some(me)) if rows.get(&keyspace::entry(author, 1))?.is_some() => {
            Ok(Some(Settles::of(me.role, predecessor(rows, lines, author)?)))
        }
        _ => Ok(None),
    }
}

/// The name that a device went on from, as its own enrolment says.
pub fn predecessor(
    rows: &dyn Rows,
    lines: &dyn Lines,
    device: &DeviceId,
) -> Result<Option<DeviceId>, RowsError> {
    let Some(row) = read::<EntryRow>(rows, &keyspace::entry(device, 1))? else { return Ok(None) };
    let (_, chained) = read_entry(lines, row.line)?;
    Ok(match decode_body(&chained.entry.body)? {
        DecodedBody::Act(Act::Enrol { continues, .. }) => continues.map(|continues| continues.device),
        _ => None,
    })
}

/// Folds the end of the old name: what the ledger had not taken leaves the records, and the chain starts anew.
pub fn leave_old_name(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    lines: &dyn Lines,
    new: &DeviceId,
) -> Result<(), RowsError> {
    let Some(old) = read::<Identity>(overlay, &keyspace::fact("identity"))? else { return Ok(()) };
    let mut dropped: std::collections::BTreeMap<RecordId, BTreeSet<Hash>> = std::collections::BTreeMap::new();
    for row in own_entries(overlay, &old.device)? {
        if row.accepted().is_none() && row.change != Hash::ZERO {
            dropped.entry(row.record).or_default().insert(row.change);
        }
    }
    for (record, changes) in dropped {
        set_aside(rules, overlay, lines, &record, &changes)?;
    }
    forget(overlay, lines, new)?;
    overlay.delete(keyspace::fact("copy"));
    overlay.write(keyspace::fact("head"), &OwnHead::default());
    if let Some(mut contact) = read::<ContactRow>(overlay, &keyspace::fact("contact"))? {
        // The checkpoint stays: the log is still the same one. Everything else is read anew.
        contact.cursors.clear();
        contact.epoch = Epoch::default();
        contact.head_seq = 0;
        overlay.write(keyspace::fact("contact"), &contact);
    }
    Ok(())
}
