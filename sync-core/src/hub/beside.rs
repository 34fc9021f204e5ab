//! Beside: what a reply brings beside the ledger.

use crate::people::PeopleNews;

/// What a reply brings beside the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// What the device shows with its next request.
    pub ticket: String,
    /// Names that it lacks.
    pub people: Option<PeopleNews>,
}

impl From<&str> for Beside {
    fn from(ticket: &str) -> Self {
        Self { ticket: ticket.into(), people: None }
    }
}
