//! Known: what people may mean by a word, read once for a command that asks many times, such as an import.

use super::Replica;
use crate::view::ViewError;
use crate::view::names::{Names, Sort};

/// The names of the catalogue, each list read when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Known {
    localities: Option<Names>,
    assets: Option<Names>,
    crews: Option<Names>,
}

impl Replica<'_> {
    /// Returns the key of the locality that a person means.
    pub(super) fn locality_of(&self, known: &mut Known, word: &str) -> Result<String, ViewError> {
        self.view().find_among(Sort::Locality, word, &mut known.localities)
    }

    /// Returns the key of the asset that a person means.
    pub(super) fn asset_of(&self, known: &mut Known, word: &str) -> Result<String, ViewError> {
        self.view().find_among(Sort::Asset, word, &mut known.assets)
    }

    /// Returns the code of the crew that a person means.
    pub(super) fn crew_of(&self, known: &mut Known, word: &str) -> Result<String, ViewError> {
        self.view().find_among(Sort::Crew, word, &mut known.crews)
    }
}
