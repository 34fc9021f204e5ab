//! Photos: what a device is told of photos beside what its scopes tell.

use super::Reading;
use crate::hub::HubError;
use crate::id::{DeviceId, Hash};
use crate::limits::BLOB_ASKS_MAX;
use crate::log::act::Again;
use crate::rows::read;
use crate::state::evidence::{Naming, blobs_of, erased, namings};
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::wire::message::{BlobAsk, BlobUse};

impl Reading<'_> {
    /// Chooses what was said of a blob.
    pub(super) fn choose_said(&mut self, sha256: &Hash, naming: &Naming) -> Result<(), HubError> {
        let said = naming.said(self.rows, sha256)?.map(|(_, row)| row.seq);
        let erased = erased(self.rows, sha256)?.map(|row| row.seq);
        said.into_iter().chain(erased).try_for_each(|seq| self.choose(seq))
    }

    /// Chooses what was said of blobs that a device still wants to bring: it was told nothing of those of others whose entries
    /// came to the office another way. What has no room it asks for again.
    pub(super) fn choose_asked(&mut self, asks: &[BlobAsk], aim: usize) -> Result<(), HubError> {
        if self.row.revoked.is_some() || self.sees_everything() {
            return Ok(());
        }
        for ask in asks.iter().take(BLOB_ASKS_MAX).filter(|ask| ask.r#use == BlobUse::Bring) {
            for naming in namings(self.rows, &ask.sha256)? {
                if self.is_full(aim) {
                    return Ok(());
                }
                // What may be brought has a ticket instead.
                let is_settled = erased(self.rows, &ask.sha256)?.is_some()
                    || naming.kept(self.rows, &ask.sha256)?.is_some();
                if is_settled && ask.of == Some(naming.device) {
                    self.choose_said(&ask.sha256, &naming)?;
                }
            }
        }
        Ok(())
    }

    /// Chooses what was said of the photos of an entry that was written again.
    pub(super) fn choose_said_again(&mut self, author: &DeviceId, pairs: &[Again]) -> Result<(), HubError> {
        for again in pairs {
            let entry: Option<EntryRow> = read(self.rows, &keyspace::entry(author, again.seq))?;
            let Some(entry) = entry else { continue };
            for (sha256, naming) in blobs_of(self.rows, &entry.record)? {
                if naming.device == *author && naming.row.device_seq == again.seq {
                    self.choose_said(&sha256, &naming)?;
                }
            }
        }
        Ok(())
    }
}
