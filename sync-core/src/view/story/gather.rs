//! Gather: the material of an order's story: all its entries, arrivals, devices, acts.

use crate::log::verdict::Decision;
use crate::people::Names;
use std::collections::{BTreeMap, BTreeSet};

use super::{DecisionTold, Doer, Happening};
use crate::id::{DeviceId, PersonId, RecordId};
use crate::log::chain::DecodedBody;
use crate::log::chain::decode_body;
use crate::log::entry::{ChainedEntry, Header};
use crate::log::line::read_entry;
use crate::log::verdict::Receipt;
use crate::record::change::{Action, Change, OpId, Place as OpPlace, Scalar};
use crate::rows::{Rows, RowsError, decode, read};
use crate::state::authority::DeviceRow;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::time::{TimeMs, rfc3339};
use crate::view::clock::{EntryTime, Plausible, entry_time};
use crate::view::entries::{Arrival, Arrivals, Place, scan_entries};
use crate::view::words::Sentence;
use crate::view::{View, ViewError};

/// One entry of the order.
pub struct Known {
    /// Its place in its chain.
    pub place: Place,
    /// Its row.
    pub row: EntryRow,
    /// Its header.
    pub header: Header,
    /// The entry with its chain.
    pub chained: ChainedEntry,
    /// Its change.
    pub change: Change,
}

impl Known {
    /// Returns whether it is in the order as this device shows it: accepted, released, or this device's and
    /// not sent yet.
    pub fn is_applied(&self) -> bool {
        self.row.accepted().is_some() || self.row.receipt.is_none()
    }

    /// Returns the ledger number from which on it counts.
    pub fn since_seq(&self) -> Option<u64> {
        self.row.accepted().map(|(seq, _)| seq)
    }

    /// Returns the time from which on it counts, by the server's clock.
    pub fn since_ms(&self) -> Option<TimeMs> {
        self.row.accepted().map(|(_, at_ms)| at_ms)
    }

    /// Returns whether it holds an operation.
    pub fn holds(&self, op: &OpId) -> bool {
        let start = self.change.start_op;
        op.device == self.change.device && (start..start + self.change.ops.len() as u64).contains(&op.counter)
    }

    /// Returns its place in the story: where it began to count, or, if it does not, where it arrived.
    fn order(&self) -> (u64, u64, Place) {
        let arrived = self.row.receipt.as_ref().map_or(u64::MAX, |receipt| receipt.seq);
        (self.since_seq().unwrap_or(arrived), arrived, self.place)
    }
}

/// Everything the story is told from.
pub struct Gathered<'n> {
    view: &'n View<'n>,
    /// The order's entries.
    pub entries: Vec<Known>,
    /// All arrivals.
    pub arrivals: Arrivals,
    devices: BTreeMap<DeviceId, DeviceRow>,
}

impl<'n> Gathered<'n> {
    /// Returns the ledger number of an operation's entry; the highest number if it has none.
    pub fn place(&self, op: &OpId) -> u64 {
        let entry = self.entries.iter().find(|known| known.holds(op));
        entry.and_then(|known| known.row.receipt.as_ref()).map_or(u64::MAX, |receipt| receipt.seq)
    }

    /// Reads the entry rows once, and the lines of this order.
    pub fn of(view: &'n View<'n>, record: &RecordId) -> Result<Self, ViewError> {
        let mut wanted = Vec::new();
        let arrivals = arrivals(view, &mut |place, row| {
            if row.record == *record && row.change.is_some() {
                wanted.push((place, row));
            }
        })?;
        let mut entries = Vec::new();
        for (place, row) in wanted {
            let (_, chained) = read_entry(view.all_lines(), row.line)?;
            let change =
                Change::read(chained.entry.body.bytes()).map_err(|error| RowsError(error.to_string()))?;
            entries.push(Known { place, row, header: chained.entry.header.clone(), chained, change });
        }
        entries.sort_by_key(Known::order);
        let devices = crate::state::authority::devices(view.rows())?.into_iter().collect();
        Ok(Self { view, entries, arrivals, devices })
    }

    /// Returns the person on a device; if none is named, the device's name stands for one.
    pub fn doer(&self, device: &DeviceId, person: Option<&PersonId>) -> Doer {
        let identity = self.view.identity().ok().filter(|identity| identity.device == *device);
        let (device_name, role) = match (self.devices.get(device), identity) {
            (Some(row), _) => (row.name.clone(), row.role.key()),
            (None, Some(own)) => (own.name.clone(), own.role.key()),
            (None, None) => (String::new(), ""),
        };
        let name = person.and_then(|person| self.view.people().name_of(person));
        let unnamed = || match person {
            Some(person) if device_name.is_empty() => format!("persona {}", person.short()),
            _ => device_name.clone(),
        };
        let person = name.map_or_else(unnamed, str::to_owned);
        Doer { person, device: device.to_string(), device_name, role: role.into() }
    }

    /// Returns the time of an entry, by every clock.
    pub fn time_of(&self, chained: &ChainedEntry, receipt: Option<&Receipt>) -> Result<EntryTime, ViewError> {
        let previous = previous(self.view, chained)?;
        let header = &chained.entry.header;
        Ok(entry_time(self.view.rows(), &self.arrivals, header, receipt, previous.as_ref())?)
    }

    /// Returns the act at a ledger number: what its entry says about itself, if this device has it.
    fn act_at(&self, seq: u64) -> Result<Option<(Receipt, ChainedEntry)>, ViewError> {
        let Some(arrival) = self.arrivals.at(seq) else { return Ok(None) };
        let (receipt, chained) = read_entry(self.view.all_lines(), arrival.line)?;
        let place = &chained.entry.header;
        let row: Option<EntryRow> = read(self.view.rows(), &keyspace::entry(&place.device, place.seq))?;
        Ok(row.and_then(|row| row.receipt).or(receipt).map(|receipt| (receipt, chained)))
    }

    /// Returns a decision with its author's name, for people.
    pub fn told(&self, decision: &Decision) -> Result<DecisionTold, ViewError> {
        let person = self.act_at(decision.seq)?.map(|(_, chained)| chained.entry.header.person);
        Ok(DecisionTold {
            seq: decision.seq,
            at: rfc3339(decision.at_ms),
            releases: decision.releases,
            by: self.doer(&decision.by, person.as_ref()),
            reason: decision.reason.clone(),
        })
    }

    /// Returns the decisions about the entries, by the ledger number of the act.
    pub fn decisions(&self) -> Result<BTreeMap<u64, Happening>, ViewError> {
        let mut happenings = BTreeMap::new();
        for known in &self.entries {
            let (Some(decision), Some(receipt)) = (&known.row.decided, &known.row.receipt) else { continue };
            let (es, en) =
                if decision.releases { ("liberó", "released") } else { ("desechó", "dismissed") };
            let (seq, reason) = (receipt.seq, &decision.reason);
            let text = Sentence::new(
                format!("{es} el hecho n.º {seq}, que estaba en revisión: {reason}"),
                format!("{en} entry no. {seq}, which was in review: {reason}"),
            );
            let (what, action) =
                if decision.releases { ("release", "release") } else { ("dismissal", "dismiss") };
            happenings.insert(
                decision.seq,
                self.act_happening(decision.seq, decision.at_ms, &decision.by, what, action, text)?,
            );
        }
        Ok(happenings)
    }

    /// Returns the revocations of the devices that had a part in the order.
    pub fn revocations(&self, devices: &BTreeSet<DeviceId>) -> Result<Vec<Happening>, ViewError> {
        let mut happenings = Vec::new();
        for device in devices {
            let Some(row) = self.devices.get(device) else { continue };
            let Some((seq, reason)) = &row.revoked else { continue };
            let name = &row.name;
            let text = Sentence::new(
                format!("dio de baja el equipo «{name}»: {reason}"),
                format!("revoked the device “{name}”: {reason}"),
            );
            let at_ms = self.arrivals.at(*seq).map_or(0, |arrival| arrival.at_ms);
            let by = self.act_at(*seq)?.map_or(DeviceId::ZERO, |(_, chained)| chained.entry.header.device);
            happenings.push(self.act_happening(*seq, at_ms, &by, "revocation", "revoke", text)?);
        }
        Ok(happenings)
    }

    fn act_happening(
        &self,
        seq: u64,
        at_ms: TimeMs,
        by: &DeviceId,
        what: &'static str,
        action: &str,
        text: Sentence,
    ) -> Result<Happening, ViewError> {
        let act = self.act_at(seq)?;
        let time = match &act {
            Some((receipt, chained)) => self.time_of(chained, Some(receipt))?,
            None => arrival_only(at_ms),
        };
        let header = act.as_ref().map(|(_, chained)| &chained.entry.header);
        let hash = act.as_ref().and_then(|(_, chained)| chained.hash());
        Ok(Happening {
            seq: Some(seq),
            what,
            action: action.into(),
            text,
            consequences: Vec::new(),
            by: self.doer(by, header.map(|header| &header.person)),
            device_seq: header.map(|header| header.seq),
            carrier: None,
            time,
            verdict: "accepted",
            reason: None,
            reason_text: None,
            decided: None,
            counts: true,
            entry_hash: hash.map(|hash| hash.to_string()),
        })
    }
}

/// Returns all arrivals; `visit` sees every entry row on the way.
pub fn arrivals(view: &View<'_>, visit: &mut dyn FnMut(Place, EntryRow)) -> Result<Arrivals, ViewError> {
    let mut arrivals = Vec::new();
    scan_entries(view.rows(), &mut |place, row| {
        if let Some(receipt) = &row.receipt {
            arrivals.push(Arrival { seq: receipt.seq, at_ms: receipt.received_at_ms, line: row.line });
        }
        visit(place, row);
    })?;
    Ok(Arrivals::new(arrivals))
}

/// Returns the entry before one in its device's chain, where this device has it.
pub fn previous(view: &View<'_>, chained: &ChainedEntry) -> Result<Option<Header>, ViewError> {
    let header = &chained.entry.header;
    let Some(seq) = header.seq.checked_sub(1).filter(|seq| *seq > 0) else { return Ok(None) };
    let main: Option<EntryRow> = read(view.rows(), &keyspace::entry(&header.device, seq))?;
    let is_it = |row: &EntryRow| row.hash.is_none() || chained.prev.is_none() || row.hash == chained.prev;
    let mut found = main.filter(is_it);
    if found.is_none() {
        let prefix = keyspace::forks(&header.device, seq);
        view.rows().scan(&prefix, &prefix, &mut |_, value| {
            found = decode::<EntryRow>(value).ok().filter(is_it);
            found.is_none()
        })?;
    }
    let Some(row) = found else { return Ok(None) };
    Ok(Some(read_entry(view.all_lines(), row.line)?.1.entry.header))
}

fn arrival_only(at_ms: TimeMs) -> EntryTime {
    EntryTime {
        claimed_at: None,
        not_before: None,
        carried_at: None,
        received_at: (at_ms != 0).then(|| rfc3339(at_ms)),
        time: Plausible::NoAnchor,
        clock_jump_ms: None,
        boot_changed: false,
        skew_ms: None,
        time_note: Sentence::new(
            "este equipo no tiene el hecho mismo, solo cuándo llegó",
            "this device does not have the entry itself, only when it arrived",
        ),
    }
}

/// Returns the record that an entry which never counted would have made under a folio.
pub fn held_creation(view: &View<'_>, folio: &str) -> Result<Option<RecordId>, RowsError> {
    let mut held = Vec::new();
    scan_entries(view.rows(), &mut |_, row| {
        if row.change.is_some() && row.receipt.is_some() && row.accepted().is_none() {
            held.push(row);
        }
    })?;
    for row in held {
        let (_, chained) = read_entry(view.all_lines(), row.line)?;
        if let DecodedBody::Change(change) = decode_body(&chained.entry.body)?
            && change.deps.is_empty()
            && names(&change, folio)
        {
            return Ok(Some(row.record));
        }
    }
    Ok(None)
}

fn names(change: &Change, folio: &str) -> bool {
    change.ops.iter().any(|op| match (&op.place, &op.action) {
        (OpPlace::Prop(key), Action::Put(Scalar::Str(value))) => key == "folio" && value == folio,
        _ => false,
    })
}

/// Returns the folio that a change gives, if it makes an order.
pub fn folio_in(decoded: &DecodedBody) -> Option<String> {
    let DecodedBody::Change(change) = decoded else { return None };
    change.ops.iter().find_map(|op| match (&op.place, &op.action) {
        (OpPlace::Prop(key), Action::Put(Scalar::Str(value))) if key == "folio" => Some(value.clone()),
        _ => None,
    })
}
