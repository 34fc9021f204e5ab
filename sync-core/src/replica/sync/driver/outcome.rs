//! Outcome: what an exchange came to, as values for a person.

use serde::Serialize;

use crate::id::DeviceId;
use crate::replica::Succeeded;
use crate::replica::sync::reply::{BlobTicket, DecidedEntry, Exchanged, SplitView};
use crate::scope::Scope;
use crate::view::own::RefusedEntry;

/// What an exchange came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Entries sent.
    pub pushed: u64,
    /// Entries received.
    pub pulled: u64,
    /// This device's entries that the server accepted.
    pub accepted: u64,
    /// This device's entries that the server quarantined.
    pub quarantined: Vec<RefusedEntry>,
    /// Requests sent, answered or not.
    pub round_trips: u64,
    /// Bytes sent, as the shell counts them.
    pub bytes_up: u64,
    /// Bytes received, as the shell counts them.
    pub bytes_down: u64,
    /// This device's entries that waited for a refused one, do not depend on it, and were written again.
    pub freed: u64,
    /// How far the server's ledger was.
    pub server_seq: u64,
    /// This device's entries that were quarantined and are decided about.
    pub decided: Vec<DecidedEntry>,
    /// The server showed a history that is not the one this device kept.
    pub split: Option<SplitView>,
    /// Entries of others that the server had lost and this device handed over again.
    pub recovered: u64,
    /// This device was a copy, and goes on under a new name.
    pub renamed: Option<Succeeded>,
    /// What the server did not take of what this device carries for others. It stays here.
    pub carried_refused: Vec<CarriedRefused>,
    /// Whether the server takes no more of this device for now: it filled its share of the ledger. The rest stays here.
    pub over_quota: bool,
    /// The newest ticket, to be shown with the next request and for the event stream.
    #[serde(skip)]
    pub ticket: Option<String>,
    /// Tickets for blobs, those of the newest reply.
    #[serde(skip)]
    pub blobs: Vec<BlobTicket>,
    /// Scopes in which this device and the server differ although the mirror was read again from the beginning.
    pub differs: Vec<Scope>,
}

/// A segment of another device that the server did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CarriedRefused {
    /// Whose it is.
    pub device: DeviceId,
    /// The server's word for why.
    pub code: String,
}

impl Outcome {
    /// Adds the outcome of an exchange that followed at once.
    pub fn take(&mut self, next: Outcome) {
        self.pushed += next.pushed;
        self.pulled += next.pulled;
        self.accepted += next.accepted;
        self.quarantined.extend(next.quarantined);
        self.round_trips += next.round_trips;
        self.bytes_up += next.bytes_up;
        self.bytes_down += next.bytes_down;
        self.server_seq = next.server_seq;
        self.decided.extend(next.decided);
        self.split = self.split.take().or(next.split);
        self.recovered += next.recovered;
        self.renamed = self.renamed.take().or(next.renamed);
        self.carried_refused = next.carried_refused;
        self.over_quota = next.over_quota;
        self.ticket = next.ticket;
        self.blobs = next.blobs;
        self.differs = next.differs;
    }

    /// Adds one round trip.
    pub(super) fn add(&mut self, exchanged: Exchanged, (bytes_up, bytes_down): (u64, u64)) {
        self.bytes_up += bytes_up;
        self.bytes_down += bytes_down;
        self.pushed += exchanged.pushed;
        self.pulled += exchanged.pulled;
        self.accepted += exchanged.accepted;
        self.quarantined.extend(exchanged.quarantined);
        self.freed += exchanged.freed.len() as u64;
        for freed in exchanged.freed {
            if let Some(place) = self.quarantined.iter().position(|refused| *refused == freed) {
                self.quarantined.remove(place);
            }
        }
        self.server_seq = exchanged.server_seq;
        self.ticket = exchanged.ticket;
        self.blobs = exchanged.blobs;
        self.decided.extend(exchanged.decided);
        self.split = self.split.or(exchanged.split);
        self.recovered += exchanged.recovered;
        for (device, code) in exchanged.carried_refused {
            self.carried_refused.retain(|refused| refused.device != device);
            self.carried_refused.push(CarriedRefused { device, code });
        }
        self.over_quota = exchanged.over_quota;
        // While there is more, the mirror is being read again.
        self.differs = if exchanged.more { Vec::new() } else { exchanged.differs };
    }
}
