//! Beside: what a reply brings beside the ledger.

use crate::people::PeopleNews;

/// What a reply brings beside the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// What the device shows with its next request.
    pub ticket: String,
    /// Names that it lacks.
    pub people: Option<PeopleNews>,
    /// A ticket for each blob that it asks for, or none.
    pub blobs: Vec<Option<String>>,
}

impl From<&str> for Beside {
    fn from(ticket: &str) -> Self {
        Self { ticket: ticket.into(), ..Self::default() }
    }
}

impl Beside {
    /// Returns what of it a revoked device is given: it still brings what its kept entries name.
    pub(super) fn of_revoked(self) -> Self {
        Self { blobs: self.blobs, ..Self::default() }
    }
}
