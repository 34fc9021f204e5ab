//! Lists: orders, conflicts, quarantined work, devices, and the state of a device, which claims no more than
//! is proven. Read from the index alone.

use serde::Serialize;

use super::order::{OrderView, order_after};
use super::own::RefusedEntry;
use super::steps::steps_of;
use super::words::Sentence;
use super::{View, ViewError};
use crate::folio;
use crate::id::RecordId;
use crate::record::schema::RecordKind;
use crate::rows::{Rows, RowsError, decode};
use crate::state::keyspace;
use crate::state::local::{REVOKED, carried};
use crate::state::summary::ListRow;
use crate::time::rfc3339;

/// A log that did not grow for so long, although the server answered, is worth a question: seven days.
const SIGNED_AGE_MS_MAX: i64 = 7 * 86_400_000;

/// A filter of orders; `None` lets all through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// State.
    pub status: Option<String>,
    /// Crew code.
    pub crew: Option<String>,
    /// Locality, by key, name or alias.
    pub locality: Option<String>,
}

/// One line of the list of orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct OrderSummary {
    pub folio: String,
    pub kind: String,
    pub locality: Option<String>,
    pub status: String,
    pub crew: Option<String>,
    pub title: String,
    pub due: Option<String>,
    pub conflicts: u32,
    pub unsent: bool,
    pub held_back: bool,
}

/// A quarantined entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct QuarantineItem {
    pub id: u64,
    pub device: String,
    pub device_name: Option<String>,
    pub device_seq: u64,
    pub person: String,
    pub folio: Option<String>,
    pub reason: String,
    pub detail: String,
    /// The detail in words, if there is one.
    pub detail_text: Option<Sentence>,
    pub claimed_at: String,
    pub received_at: Option<String>,
    pub carrier: Option<String>,
    pub summary: String,
    pub text: Sentence,
    /// Held entries that this one builds on.
    pub builds_on: Vec<u64>,
    /// Held entries that build on this one.
    pub needed_by: Vec<u64>,
    /// `held`, or `dismissed` for dismissed entries of this device.
    pub state: String,
    /// The decision, and the device that made it.
    pub decision: Option<String>,
    pub decided_by: Option<String>,
}

/// A device of the municipality.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct DeviceItem {
    pub device: String,
    pub name: String,
    pub role: String,
    pub crew: Option<String>,
    pub letters: String,
    pub last_contact: Option<String>,
    pub last_seq: u64,
    pub revoked: bool,
    /// `lost`, `stolen` or `retired`, where its revocation says so.
    pub fate: Option<String>,
    /// The device whose work it goes on with.
    pub continues: Option<String>,
    pub localities: Vec<String>,
    /// How far its clock was off at its last contact, as far as the ledger says.
    pub skew_ms: i64,
}

/// The state of this device, and no more than is proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct DeviceStatus {
    pub device: String,
    pub name: String,
    pub role: String,
    pub municipality: String,
    pub unsent: u64,
    pub carried: u64,
    pub quarantined: u64,
    pub quarantined_entries: Vec<RefusedEntry>,
    /// Dismissed entries of this device; `crew quarantine list --dismissed` shows them.
    pub dismissed: u64,
    /// Why this device may no longer write, if so.
    pub revoked: Option<String>,
    /// When the server showed a history that contradicts one it had signed.
    pub partings: Vec<String>,
    pub last_contact: Option<String>,
    /// Since when the server signed no new state of its log: a server that serves an old one for ever is seen by it.
    pub signed_since: Option<String>,
    /// Whether that is longer than a working week before the last contact.
    pub is_signed_long_ago: bool,
    pub server_seq: u64,
    pub records: u64,
    /// The key of the log that this device holds the server to.
    pub log_verifier: String,
}

impl View<'_> {
    /// Returns the orders of this device, by folio.
    pub fn order_list(&self, filter: &Filter) -> Result<Vec<OrderSummary>, ViewError> {
        let locality = filter.locality.as_deref().map(|word| self.find_locality(word)).transpose()?;
        let status = filter.status.as_deref().map(|word| self.find_state(word)).transpose()?;
        let crew = filter.crew.as_deref().map(|word| self.find_crew(word)).transpose()?;
        let localities: std::collections::BTreeMap<String, String> =
            self.catalog("locality")?.into_iter().map(|item| (item.key, item.name)).collect();
        let prefix = keyspace::listed(RecordKind::Order);
        let mut orders = Vec::new();
        let mut failure: Option<RowsError> = None;
        self.rows().scan(&prefix, &prefix, &mut |key, value| {
            match decode::<ListRow>(value) {
                Ok(row) => {
                    let fits = status.as_ref().is_none_or(|status| row.status == *status)
                        && (crew.is_none() || row.crew == crew)
                        && (locality.is_none() || row.locality == locality);
                    if fits {
                        orders.push(summary(
                            &String::from_utf8_lossy(&key[prefix.len()..]),
                            row,
                            &localities,
                        ));
                    }
                }
                Err(error) => failure = Some(error),
            }
            failure.is_none()
        })?;
        // The index sorts folios as text: the same, unless their numbers differ in length.
        if !orders.is_sorted_by_key(|one: &OrderSummary| folio::rank(&one.folio)) {
            orders.sort_by(|one, other| folio::rank(&one.folio).cmp(&folio::rank(&other.folio)));
        }
        failure.map_or(Ok(orders), |error| Err(error.into()))
    }

    /// Returns one order, whole.
    ///
    /// # Errors
    /// [`ViewError::Unknown`] if no order has that folio.
    pub fn order_show(&self, folio: &str) -> Result<OrderView, ViewError> {
        let record = self.find_order(folio)?;
        self.order_of(&record)?.ok_or_else(|| ViewError::Index(format!("{folio} has no beginning")))
    }

    /// Returns one order by its record; `None` if nothing of it counts here.
    pub fn order_of(&self, record: &RecordId) -> Result<Option<OrderView>, ViewError> {
        let steps = steps_of(self.rows(), self.all_lines(), record)?;
        Ok(order_after(self.rows(), self.rules(), record, self.who(), steps)?)
    }

    /// Returns all devices that this device is told of.
    pub fn devices(&self) -> Result<Vec<DeviceItem>, ViewError> {
        let item = |(device, row): (crate::id::DeviceId, crate::state::authority::DeviceRow)| DeviceItem {
            device: device.to_string(),
            name: row.name,
            role: row.role.key().into(),
            crew: row.crew,
            letters: row.letters,
            last_contact: None,
            last_seq: row.head_seq,
            revoked: row.revoked.is_some(),
            fate: row.fate.map(|fate| fate.key().to_string()),
            continues: row.continues.map(|device| device.to_string()),
            localities: row.localities,
            skew_ms: row.skew_ms,
        };
        let mut items: Vec<DeviceItem> =
            crate::state::authority::devices(self.rows())?.into_iter().map(item).collect();
        let identity = self.identity()?;
        let own = identity.device.to_string();
        if identity.role.sees_everything() && !items.iter().any(|item| item.device == own) {
            // The own enrolment is never read back from the server.
            items.push(DeviceItem {
                device: own,
                name: identity.name.clone(),
                role: identity.role.key().into(),
                crew: identity.crew.clone(),
                letters: identity.letters.clone(),
                last_contact: None,
                last_seq: 0,
                revoked: false,
                fate: None,
                continues: None,
                localities: identity.localities.clone(),
                skew_ms: 0,
            });
        }
        for one in &mut items {
            let Ok(device) = one.device.parse() else { continue };
            let last = super::audit::last_entry(self.rows(), &device)?;
            one.last_seq = last.as_ref().map_or(one.last_seq, |(seq, _)| *seq);
            one.last_contact =
                last.and_then(|(_, receipt)| receipt).map(|receipt| rfc3339(receipt.received_at_ms));
        }
        Ok(items)
    }

    /// Returns the state of this device, and claims no more than is proven.
    pub fn status(&self) -> Result<DeviceStatus, ViewError> {
        let identity = self.identity()?;
        let contact = self.contact()?;
        let (unsent, held) = self.unsent_and_held()?;
        let carried = carried(self.local())?;
        let mut records = 0;
        self.rows().scan(b"l/", b"l/", &mut |_, _| {
            records += 1;
            true
        })?;
        Ok(DeviceStatus {
            device: identity.device.to_string(),
            name: identity.name.clone(),
            role: identity.role.key().into(),
            municipality: identity.municipality_name.clone(),
            unsent,
            carried: carried.iter().map(|one| one.span.1 - one.span.0 + 1).sum(),
            quarantined: held.len() as u64,
            quarantined_entries: held,
            dismissed: self.own_dismissed()?,
            revoked: REVOKED.read(self.local())?.map(|revoked| revoked.reason),
            partings: self.splits()?.iter().map(|split| rfc3339(split.at_ms)).collect(),
            last_contact: (contact.at_ms != 0).then(|| rfc3339(contact.at_ms)),
            signed_since: (contact.at_ms != 0).then(|| rfc3339(contact.signed_since_ms)),
            is_signed_long_ago: contact.server_at_ms.saturating_sub(contact.signed_since_ms)
                > SIGNED_AGE_MS_MAX,
            server_seq: contact.server_seq,
            records,
            log_verifier: identity.log_verifier.clone(),
        })
    }
}

/// Returns a row of the list of orders; localities by the given names.
pub(super) fn summary(
    folio: &str,
    row: ListRow,
    names: &std::collections::BTreeMap<String, String>,
) -> OrderSummary {
    OrderSummary {
        folio: folio.into(),
        kind: row.kind,
        locality: row.locality.map(|key| names.get(&key).cloned().unwrap_or(key)),
        status: row.status,
        crew: row.crew,
        title: row.title,
        due: row.due,
        conflicts: row.conflicts,
        unsent: row.unsent,
        held_back: row.held_back,
    }
}
