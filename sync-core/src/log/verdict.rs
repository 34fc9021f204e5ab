//! Verdict: the server's decision about an entry, and the receipt that says so.

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, Hash};
use crate::time::TimeMs;

/// Why an entry is quarantined. The ledger keeps it byte for byte, with a receipt; it is shown and never
/// deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The device was revoked before this arrived.
    Revoked,
    /// The record is not, and never was, in a scope of the device.
    OutOfScope,
    /// The role may not write this.
    Role {
        /// The field or step.
        what: String,
    },
    /// The device's chain already has another entry with this number: a clone or a restored backup.
    Fork {
        /// Hash of the entry that it follows.
        after: Hash,
    },
    /// It builds on something that is itself quarantined or has not arrived.
    Held {
        /// The change it waits for.
        on: Hash,
    },
    /// A rule of the schema does not allow it.
    Rule {
        /// The rule, one of the stable names in PROTOCOL.md, section 7, such as `step`, `required`,
        /// `record_exists`.
        rule: String,
        /// What broke it.
        what: String,
    },
}

impl Reason {
    /// Checks whether the entry stands on another branch of its author's chain.
    pub fn is_fork(&self) -> bool {
        matches!(self, Self::Fork { .. })
    }

    /// The stable word for JSON and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::OutOfScope => "out_of_scope",
            Self::Role { .. } => "role",
            Self::Fork { .. } => "fork",
            Self::Held { .. } => "dependency_held",
            Self::Rule { .. } => "schema_rule",
        }
    }
}

/// The rule that a second making of a record breaks.
pub const RECORD_EXISTS: &str = "record_exists";

/// The decision on one entry. A duplicate has none: it is acknowledged again and not stored again.
///
/// ```
/// use sync_core::log::verdict::{Reason, Verdict};
///
/// let verdict = Verdict::Quarantined(Reason::Role { what: "status".into() });
/// assert!(!verdict.is_accepted());
/// assert_eq!(verdict.code(), "quarantined");
/// # let Verdict::Quarantined(reason) = verdict else { unreachable!() };
/// assert_eq!(reason.code(), "role");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Applied and passed on.
    Accepted,
    /// Quarantined: kept, and counts nowhere.
    Quarantined(Reason),
}

impl Verdict {
    /// Returns whether it was applied.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted)
    }

    /// Returns whether it quarantines the making of a record that another device had made before, or what waits for
    /// another entry.
    pub fn is_taken_over(&self) -> bool {
        match self {
            Self::Quarantined(Reason::Rule { rule, .. }) => rule == RECORD_EXISTS,
            Self::Quarantined(Reason::Held { .. }) => true,
            Self::Quarantined(_) | Self::Accepted => false,
        }
    }

    /// Checks whether it stands on another branch of its author's chain.
    pub fn is_fork(&self) -> bool {
        matches!(self, Self::Quarantined(Reason::Fork { .. }))
    }

    /// The stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Quarantined(_) => "quarantined",
        }
    }
}

/// The server's word that an entry is in its ledger. The log commits to it beside the entry
/// ([`Leaf`](crate::log::merkle::leaf::Leaf)): moving, re-dating or re-judging an entry changes the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its ledger number, from 1.
    pub seq: u64,
    /// Time of arrival by the server's clock, in milliseconds since 1970.
    pub received_at_ms: TimeMs,
    /// The device that brought it, if not its author.
    pub carrier: Option<DeviceId>,
    /// The decision.
    pub verdict: Verdict,
}

/// A release or a dismissal of a quarantined entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Ledger number of the deciding act.
    pub seq: u64,
    /// Time at which that act arrived, by the server's clock, in milliseconds since 1970.
    pub at_ms: TimeMs,
    /// Whether it releases; else it dismisses.
    pub releases: bool,
    /// The device that decided.
    pub by: DeviceId,
    /// The reason, as text.
    pub reason: String,
}
