//! Authority: who may write what, folded from the acts in the ledger. No clock is asked: an act holds from its place on.

pub mod enrol;
mod epoch;
mod filled;
mod published;

pub use enrol::names;
pub use filled::Filled;
pub use published::{AppVersion, RuleVersion, apps, rules_from};

use crate::rows::all_under;
use crate::state::membership::scopes_of_device;
use serde::{Deserialize, Serialize};

use enrol::code_expiry;

use crate::crypto::PublicKey;
use crate::id::{DeviceId, Hash};
use crate::invitation::Opening;
use crate::log::act::{Act, Again, Continues, Fate, Role};
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::scope::Scope;
use crate::state::keyspace;
use crate::time::{TimeMs, UtcOffset};
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
    /// How far its clocks are from UTC.
    pub utc_offset: UtcOffset,
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
    /// What became of it, where its revocation says so.
    pub fate: Option<Fate>,
    /// Size of the newest checkpoint that an entry of it names: it cannot know less afterwards.
    pub anchor_seen: u64,
    /// Rights it had before others were given, each until the ledger number of the change.
    pub former: Vec<Former>,
    /// How far its clock was off at its last contact, in milliseconds; within [`crate::limits::CLOCK_SKEW_MS`] where nothing is said.
    pub skew_ms: i64,
    /// The device whose work it goes on with.
    pub continues: Option<DeviceId>,
    /// How many devices went on with its work.
    pub successors: u32,
    /// How much of the ledger it filled. Only the hub counts that.
    pub filled: Filled,
}

/// Rights that a device had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// Until this ledger number.
    pub until_seq: u64,
    /// Its role then.
    pub role: Role,
    /// Its crew.
    pub crew: Option<String>,
    /// Its localities, by key.
    pub localities: Vec<String>,
}

/// Which entry an entry repeats, and where that is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgainRow {
    /// Which.
    pub again: Again,
    /// Ledger number of the act.
    pub line: u64,
}

/// The chain of a device up to an entry, as a carrier took it over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedHead {
    /// Hash of that entry.
    pub head: Hash,
    /// Who took it over.
    pub carrier: DeviceId,
    /// Ledger number of the carrier's word.
    pub seq: u64,
    /// When, by the carrier's clock.
    pub claimed_at_ms: TimeMs,
}

impl DeviceRow {
    /// A device that has written nothing yet.
    pub fn new(key: PublicKey, name: &str, role: Role, letters: String, enrolled_seq: u64) -> Self {
        Self {
            key,
            name: name.into(),
            role,
            crew: None,
            localities: Vec::new(),
            letters,
            enrolled_seq,
            revoked: None,
            head_seq: 0,
            head: Hash::ZERO,
            last_received_at_ms: 0,
            fate: None,
            anchor_seen: 0,
            former: Vec::new(),
            skew_ms: 0,
            continues: None,
            successors: 0,
            filled: Filled::default(),
        }
    }

    /// The device as it was for a reader that had seen the ledger up to `anchor_size` only: rights that changed later
    /// are still the old ones.
    pub fn as_known_at(&self, anchor_size: u64) -> Self {
        let anchor_size = anchor_size.max(self.anchor_seen);
        let former = self.former.iter().find(|former| anchor_size < former.until_seq);
        former.map_or_else(|| self.clone(), |former| self.with(former))
    }

    /// The device with rights that it had.
    pub fn with(&self, former: &Former) -> Self {
        let Former { role, crew, localities, .. } = former.clone();
        Self { role, crew, localities, ..self.clone() }
    }

    /// What it subscribes to.
    pub fn scopes(&self) -> BTreeSet<Scope> {
        scopes_of_device(self.role, self.crew.as_deref(), &self.localities)
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
    /// Its ledger number.
    pub seq: u64,
    /// Every lock under which it stands.
    pub locks: Vec<Hash>,
}

impl InviteRow {
    fn write(&self, overlay: &mut Overlay<'_>) {
        for lock in &self.locks {
            overlay.write(keyspace::invite(lock), self);
        }
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
        Act::Genesis { municipality, name, folio_prefix, key, log_verifier, utc_offset_min } => {
            let genesis = GenesisRow {
                municipality: *municipality,
                name: name.clone(),
                folio_prefix: folio_prefix.clone(),
                office: *author,
                key: *key,
                log_verifier: log_verifier.clone(),
                utc_offset: *utc_offset_min,
                devices: 0,
            };
            overlay.write(keyspace::genesis(), &genesis);
            overlay.write(keyspace::device(author), &office_device(*key, seq));
        }
        Act::Epoch { epoch, lost, lost_epoch, .. } => {
            epoch::begin_epoch(overlay, seq, epoch, lost.as_ref(), lost_epoch.as_ref())?;
        }
        Act::Invite { code_lock, link_lock, role, crew, localities, until_ms } => {
            let invite = InviteRow {
                role: *role,
                crew: crew.clone(),
                localities: localities.clone(),
                expires_at_ms: code_expiry(received_at_ms, *until_ms),
                used_by: None,
                seq,
                locks: code_lock.iter().chain([link_lock]).copied().collect(),
            };
            invite.write(overlay);
        }
        Act::Enrol { opening, key, name, continues, .. } => {
            key.check_first_of(author).map_err(|error| RowsError(format!("enrolment {seq}: {error}")))?;
            let enrolment =
                Enrolment { opening: opening.as_ref(), key: *key, name, continues: continues.as_ref() };
            enrol(overlay, seq, author, &enrolment)?;
            catch_up(overlay, author)?;
        }
        Act::Revoke { device, fate, reason } => {
            revoke(overlay, device, (seq, reason.clone()), *fate)?;
        }
        Act::Assign { device, .. } => assign(overlay, seq, device, act)?,
        Act::Clock { device, clock_ms } => {
            let skew_ms = clock_ms.saturating_sub(received_at_ms);
            overlay.write(keyspace::clock(device, seq), &skew_ms);
            if let Some(mut row) = read::<DeviceRow>(overlay, &keyspace::device(device))? {
                row.skew_ms = skew_ms;
                overlay.write(keyspace::device(device), &row);
            }
        }
        Act::Again { pairs } => note_again(overlay, seq, author, pairs)?,
        Act::Rule { name, json } => {
            overlay.put(keyspace::rule(name), json.clone().into_bytes());
            let version = RuleVersion { name: name.clone(), json: json.clone() };
            overlay.write(keyspace::rule_version(seq), &version);
        }
        Act::App { hash, version } => published::note_app(overlay, seq, hash, version),
        // The fold that has the entry writes what the others say.
        _ => {}
    }
    Ok(())
}

/// Keeps which entries of an author repeat which.
fn note_again(
    overlay: &mut Overlay<'_>,
    seq: u64,
    author: &DeviceId,
    pairs: &[Again],
) -> Result<(), RowsError> {
    for again in pairs.iter().filter(|again| again.seq != 0) {
        let key = keyspace::again(author, again.seq);
        let known: Option<AgainRow> = read(overlay, &key)?;
        // Who went on under a third name repeats one entry of each before it: the first word names the oldest.
        // A crew may be told them in another order.
        if known.is_none_or(|known| seq < known.line) {
            overlay.write(key, &AgainRow { again: again.clone(), line: seq });
        }
    }
    Ok(())
}

/// A device's enrolment was lost with a ledger's past, and is handed in again: what was said of it meanwhile holds.
fn catch_up(overlay: &mut Overlay<'_>, device: &DeviceId) -> Result<(), RowsError> {
    if let Some((seq, act)) = read::<(u64, Act)>(overlay, &keyspace::assigned_ahead(device))? {
        assign(overlay, seq, device, &act)?;
    }
    if let Some((seq, reason, fate)) = read(overlay, &keyspace::revoked_ahead(device))? {
        revoke(overlay, device, (seq, reason), fate)?;
    }
    Ok(())
}

/// Revokes a device; one that is not enrolled as soon as it is.
fn revoke(
    overlay: &mut Overlay<'_>,
    device: &DeviceId,
    revoked: (u64, String),
    fate: Option<Fate>,
) -> Result<(), RowsError> {
    let Some(mut row) = read::<DeviceRow>(overlay, &keyspace::device(device))? else {
        let (seq, reason) = revoked;
        overlay.write(keyspace::revoked_ahead(device), &(seq, reason, fate));
        return Ok(());
    };
    row.revoked.get_or_insert(revoked);
    row.fate = row.fate.or(fate);
    overlay.write(keyspace::device(device), &row);
    Ok(())
}

fn assign(overlay: &mut Overlay<'_>, seq: u64, device: &DeviceId, act: &Act) -> Result<(), RowsError> {
    let Act::Assign { role, crew, localities, .. } = act else { return Ok(()) };
    let Some(mut row) = read::<DeviceRow>(overlay, &keyspace::device(device))? else {
        overlay.write(keyspace::assigned_ahead(device), &(seq, act));
        return Ok(());
    };
    let former = Former {
        until_seq: seq,
        role: std::mem::replace(&mut row.role, *role),
        crew: std::mem::replace(&mut row.crew, crew.clone()),
        localities: std::mem::replace(&mut row.localities, localities.clone()),
    };
    row.former.push(former);
    overlay.write(keyspace::device(device), &row);
    Ok(())
}

fn office_device(key: PublicKey, seq: u64) -> DeviceRow {
    DeviceRow::new(key, "servidor", Role::Office, "00".into(), seq)
}

fn enrol(
    overlay: &mut Overlay<'_>,
    seq: u64,
    device: &DeviceId,
    act: &Enrolment<'_>,
) -> Result<(), RowsError> {
    let Some(mut genesis) = read::<GenesisRow>(overlay, &keyspace::genesis())? else { return Ok(()) };
    let mut row = DeviceRow::new(act.key, act.name, Role::Crew, enrol::letters(genesis.devices), seq);
    match act.continues {
        None => {
            let Some(opening) = act.opening else { return Ok(()) };
            let Some(mut invite) = read::<InviteRow>(overlay, &keyspace::invite(&opening.lock()))? else {
                return Ok(());
            };
            row.role = invite.role;
            row.crew.clone_from(&invite.crew);
            row.localities.clone_from(&invite.localities);
            invite.used_by = Some(*device);
            invite.write(overlay);
        }
        Some(continues) => {
            let key = keyspace::device(&continues.device);
            let Some(mut before) = read::<DeviceRow>(overlay, &key)? else { return Ok(()) };
            row.role = before.role;
            row.crew.clone_from(&before.crew);
            row.localities.clone_from(&before.localities);
            row.continues = Some(continues.device);
            if continues.retires {
                before.revoked.get_or_insert((seq, "its key was renewed".into()));
                before.fate = before.fate.or(Some(Fate::Retired));
            }
            overlay.write(key, &before);
            let (root, mut first) = enrol::first_name(overlay, &continues.device)?;
            first.successors += 1;
            overlay.write(keyspace::device(&root), &first);
        }
    }
    genesis.devices += 1;
    overlay.write(keyspace::genesis(), &genesis);
    overlay.write(keyspace::device(device), &row);
    Ok(())
}

struct Enrolment<'a> {
    opening: Option<&'a Opening>,
    key: PublicKey,
    name: &'a str,
    continues: Option<&'a Continues>,
}

/// All devices, by id.
pub fn devices(rows: &dyn Rows) -> Result<Vec<(DeviceId, DeviceRow)>, RowsError> {
    let devices = all_under(rows, keyspace::DEVICES)?;
    let with_id = |(tail, row): (Vec<u8>, DeviceRow)| {
        let device = DeviceId::from_slice(&tail);
        Ok((device.ok_or_else(|| RowsError("a device row has a malformed key".into()))?, row))
    };
    devices.into_iter().map(with_id).collect()
}
