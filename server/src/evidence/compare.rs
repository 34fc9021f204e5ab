//! Compare: after a start, whether the store has what the ledger says, and the ledger says what the store has. They differ
//! when one of them was put back to an older copy.

use blobs::agree::{Differing, compare, to_say};
use blobs::sweep::Kept;
use sync_core::log::act::StoredBlob;
use sync_core::state::evidence::all_stored;
use tokio::sync::oneshot;

use super::{Evidence, locked, say_stored};
use crate::app_state::AppState;
use crate::problem::Problem;
use crate::writer::Work;

impl Evidence {
    /// Compares ledger and store, and has the ledger say what is missing, so that who still has it brings it again. Whether
    /// that is done; a store that is away is compared later.
    pub(super) async fn compare(&self, app: &AppState) -> bool {
        // The ledger first: what is kept while the store is listed is in the list, or is said afterwards.
        let said = match all_stored(&*app.handles().0) {
            Ok(said) => said,
            Err(error) => {
                tracing::error!(%error, "what the ledger says of photos could not be read");
                return false;
            }
        };
        let mut all = Vec::new();
        let listed = self.store.each(|blob, bytes, at_ms| all.push(Kept { blob, bytes, at_ms })).await;
        self.note(&listed);
        if listed.is_err() {
            return false;
        }
        let Differing { missing, unsaid } = compare(&said, &all);
        let (gone, found) = (missing.len(), unsaid.len());
        *locked(&self.unsaid) = unsaid;
        if gone + found > 0 {
            tracing::warn!(
                gone,
                found,
                "photos and ledger differ: one of them was put back to an older copy"
            );
        }
        gone == 0 || say_missing(app, missing).await.is_ok()
    }

    /// Has the ledger say that photos are here that were found, once an entry names them.
    pub(super) async fn say_found(&self, app: &AppState) {
        let mut unsaid = std::mem::take(&mut *locked(&self.unsaid));
        if unsaid.is_empty() {
            return;
        }
        let all = unsaid.clone();
        let found = to_say(&*app.handles().0, &mut unsaid).unwrap_or_else(|error| {
            tracing::error!(%error, "which entries name the photos that were found could not be read");
            unsaid.clone_from(&all);
            Vec::new()
        });
        for blob in &found {
            if say_stored(app, *blob).await.is_err() {
                unsaid.extend(all.iter().filter(|kept| kept.blob == blob.sha256));
            } else {
                tracing::info!(blob = %blob.sha256, "a photo that the ledger had lost is said to be here again");
            }
        }
        locked(&self.unsaid).extend(unsaid);
    }
}

async fn say_missing(app: &AppState, blobs: Vec<StoredBlob>) -> Result<(), Problem> {
    let (answer, said) = oneshot::channel();
    app.work
        .try_send(Work::Missing(Box::new((blobs, answer))))
        .map_err(|_| Problem::later("busy", "the server has as much to do as it can"))?;
    said.await.map_err(|_| Problem::stopping())?
}
