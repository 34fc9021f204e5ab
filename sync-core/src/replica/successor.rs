//! Succession: a device that turns out to be a copy of another, or an old state of itself, goes on under a new name.
//! The old name's key signs for the new one; what the ledger did not take from the old name is written again.

use serde::Serialize;

use super::pending::{mark_dirty, refold_dirty};
use super::rewrite::{Original, Repeated};
use super::{KeyName, Replica, ReplicaError, Signed, Unsigned};
use crate::crypto::{KeySalt, PublicKey, Purpose, SecretKey};
use crate::id::{DeviceId, RecordId};
use crate::log::act::{Act, Continues};
use crate::log::chain::{DecodedBody, decode_body};
use crate::log::line::{DeviceLine, Enrolled, Enrolling, Lines, Reset, read_entry};
use crate::rows::{Overlay, Rows, RowsError, all_under, read};
use crate::rules::Rules;
use crate::state::authority::enrol::succession_bytes;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::state::layers::{Layer, clear_overlay, overlay_keys};
use crate::state::local::{
    CONTACT, COPY, ContactRow, ENROLLING, GENERATIONS, HEAD, IDENTITY, OwnHead, PENDING, PROVISIONAL,
    Pending, REVOKED, read_own,
};

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
    salt: KeySalt,
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
        Ok(COPY.read(&self.overlay)?.is_some() && REVOKED.read(&self.overlay)?.is_none())
    }

    /// Returns which key signs for this device now.
    pub fn key_name(&self) -> KeyName {
        let salts = self.identity.as_ref().map(|identity| identity.salts.clone());
        KeyName { is_renewed: false, salts: salts.unwrap_or_default() }
    }

    /// Returns the key that signs for this device now, for a shell that derives all keys of a device from one seed.
    pub fn key(&self, seed: &[u8; 32]) -> SecretKey {
        self.key_name().of_seed(seed)
    }

    /// The key that this device enrolled with: which of two seeds is its own can be told by it.
    pub fn own_public(&self) -> Result<Option<PublicKey>, ReplicaError> {
        let device = self.identity()?.device;
        let Some(row) = read_own(&self.overlay, &device, 1)? else { return Ok(None) };
        let (_, chained) = read_entry(&self.lines, row.line)?;
        Ok(match decode_body(&chained.entry.body)? {
            DecodedBody::Act(Act::Enrol { key, .. }) => Some(key),
            _ => None,
        })
    }

    /// All that was drawn for the key of an enrolment: what the key in use hangs on, and `salt`.
    pub(super) fn salts_with(&self, continues: Option<&Continues>, salt: Option<KeySalt>) -> Vec<KeySalt> {
        let before = self.identity.as_ref().filter(|_| continues.is_some_and(|continues| !continues.retires));
        let before = before.map(|identity| identity.salts.clone()).unwrap_or_default();
        before.into_iter().chain(salt).collect()
    }

    /// Returns the names this device had, newest first.
    pub(super) fn names_so_far(&self) -> Vec<DeviceId> {
        let Some(identity) = &self.identity else { return Vec::new() };
        [vec![identity.device], identity.names_before.clone()].concat()
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
        let salt = KeySalt(self.draw());
        let mut salts = if retires { Vec::new() } else { identity.salts };
        salts.push(salt);
        Ok(Some(NewName { salt, retires, key: KeyName { is_renewed: retires, salts } }))
    }

    /// Returns what the old name's key has to say about the new one, by the public half of [`NewName::key`].
    pub fn succession(&self, new: &NewName, key: &PublicKey) -> Result<Unsigned<NewName>, ReplicaError> {
        let bytes = succession_bytes(&self.identity()?.device, key, new.retires);
        Ok(Unsigned::new(self.key_name(), Purpose::Succession, bytes, new.clone()))
    }

    /// Writes that this device enrols under its new name. The request is [`Replica::enrolment`], as for a new device.
    pub fn succeed_start(&mut self, new: Signed<NewName>) -> Result<(), ReplicaError> {
        let Signed { content, signature } = new;
        let NewName { salt, retires, key: _ } = content;
        let identity = self.identity()?.clone();
        let enrolling = Enrolling {
            url: identity.url,
            municipality: identity.municipality,
            office: identity.server_key.device(),
            opening: None,
            salt: Some(salt),
            name: identity.name,
            label: identity.label,
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
        if identity.role.sees_everything() != was.role.sees_everything() {
            // The old name's role changed, and this device had not heard: see `Replica::on_reply`.
            self.push_device_line(DeviceLine::Reset(Reset { to_line: 0, is_lost: false }))?;
        }
        let repeated = self.write_again(&originals)?;
        Ok(Succeeded { was: was.device, device: identity.device, letters: identity.letters, repeated })
    }

    /// Returns own entries that the ledger has not taken and that were not decided about.
    fn not_taken(&self, device: &DeviceId) -> Result<Vec<Original>, ReplicaError> {
        let copy = COPY.read_or_default(&self.overlay)?;
        let mut originals = Vec::new();
        for seq in 1..=self.view().own_head()?.seq {
            let entry: Option<EntryRow> = read(&self.reading(), &keyspace::entry(device, seq))?;
            let is_settled = entry.is_some_and(|row| row.accepted().is_some() || row.decided.is_some());
            let Some(own) = read_own(&self.overlay, device, seq)? else { continue };
            if !is_settled && !copy.is_settled(seq) {
                let (_, chained) = read_entry(&self.lines, own.line)?;
                originals.push(Original { hash: own.hash, chained });
            }
        }
        Ok(originals)
    }
}

/// Takes a name: the first one, or a successor's. What the ledger had not taken under the old one is pending no more; the
/// successor rewrites it. The mirror stays as it is: the log is the same one.
pub(super) fn take_name(
    rules: &Rules,
    raw: &mut Overlay<'_>,
    lines: &dyn Lines,
    enrolled: &Enrolled,
) -> Result<(), RowsError> {
    if let Some(old) = IDENTITY.read(raw)? {
        for (tail, _) in all_under::<Pending>(raw, PENDING)? {
            let record = tail.get(..16).and_then(RecordId::from_slice);
            let record = record.ok_or_else(|| RowsError("a pending entry has a malformed key".into()))?;
            mark_dirty(raw, &record)?;
        }
        delete_under(raw, PENDING)?;
        delete_under(raw, PROVISIONAL)?;
        let generation = GENERATIONS.read_or_default(raw)?.shown;
        for key in overlay_keys(raw, &keyspace::entries(&old.device))? {
            // What the mirror lacks of the old name stays readable: the rewritten entries name it.
            if Layer::mirror(raw, generation).get(&key)?.is_some() {
                clear_overlay(raw, [key])?;
            }
        }
        refold_dirty(rules, raw, lines)?;
    }
    COPY.clear(raw);
    ENROLLING.clear(raw);
    REVOKED.clear(raw);
    HEAD.write(raw, &OwnHead::default());
    let before = CONTACT.read_or_default(raw)?;
    let contact = ContactRow {
        at_ms: enrolled.at_ms,
        server_at_ms: enrolled.server_at_ms,
        epoch: enrolled.epoch,
        head_seq: 1,
        ..before
    };
    CONTACT.write(raw, &contact);
    IDENTITY.write(raw, &enrolled.identity);
    Ok(())
}

fn delete_under(raw: &mut Overlay<'_>, prefix: &[u8]) -> Result<(), RowsError> {
    let mut found = Vec::new();
    raw.scan(prefix, prefix, &mut |key, _| {
        found.push(key.to_vec());
        true
    })?;
    found.into_iter().for_each(|key| raw.delete(key));
    Ok(())
}
