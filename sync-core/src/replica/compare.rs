//! Compare: whether device and server hold the same, by fingerprints; and what to ask for if they do not.

use std::collections::BTreeMap;

use super::sync::request::Exchanged;
use super::{Replica, ReplicaError};
use crate::id::Fingerprint;
use crate::rows::read;
use crate::scope::Scope;
use crate::state::held::held_of_others;
use crate::state::keyspace;
use crate::wire::message::SyncReply;

impl Replica<'_> {
    /// Compares fingerprints once everything was read; a scope that differs is reconciled in the next exchange.
    pub(super) fn compare(
        &mut self,
        answer: &SyncReply,
        exchanged: &mut Exchanged,
    ) -> Result<(), ReplicaError> {
        if answer.more || self.view().own_head()?.seq > answer.head_seq {
            // There is news to read first; comparing does not advance the cursor, so it must not go on meanwhile.
            self.overlay.delete(keyspace::fact("differs"));
            return Ok(());
        }
        let mut in_vain: BTreeMap<Scope, ([Fingerprint; 2], u64, u64)> =
            read(self.rows(), &keyspace::fact("differs_in_vain"))?.unwrap_or_default();
        // What own work builds on stays in view with it: comparing may help once that has changed.
        let (head, held) = (self.view().own_head()?.seq, self.view().own_undecided()?);
        let compared = read::<Scope>(self.rows(), &keyspace::fact("differs"))?;
        self.overlay.delete(keyspace::fact("differs"));
        let mut next = None;
        for (scope, theirs) in answer.scopes.iter().zip(&answer.fingerprints) {
            let ours: Fingerprint = read(self.rows(), &keyspace::fingerprint(scope))?.unwrap_or_default();
            let both = ([*theirs, ours], head, held);
            if *theirs == ours {
                in_vain.remove(scope);
                continue;
            }
            exchanged.differs.push(scope.clone());
            if compared.as_ref() == Some(scope) {
                // Comparing record by record did not help: saying so beats comparing for ever.
                in_vain.insert(scope.clone(), both);
            } else if in_vain.get(scope) != Some(&both) {
                next = next.or(Some(scope));
            }
        }
        if let Some(scope) = next {
            self.overlay.write(keyspace::fact("differs"), scope);
            exchanged.more = true;
        }
        self.overlay.write(keyspace::fact("differs_in_vain"), &in_vain);
        self.compare_held(answer, exchanged)
    }

    /// Compares the lists of what is held back of others. Decisions come in another order to a device that was copied,
    /// or whose server lost its past, than they came to the server.
    fn compare_held(&mut self, answer: &SyncReply, exchanged: &mut Exchanged) -> Result<(), ReplicaError> {
        let word = keyspace::fact("held_differs");
        let compared = read::<[Fingerprint; 2]>(self.rows(), &word)?;
        self.overlay.delete(word.clone());
        let Some(theirs) = answer.held else { return Ok(()) };
        let ours = held_of_others(self.rows(), &self.identity()?.device)?;
        let both = [theirs, ours];
        let in_vain = keyspace::fact("held_differs_in_vain");
        if theirs == ours {
            self.overlay.delete(in_vain);
        } else if compared == Some(both) {
            // Comparing changed nothing: doing so for ever would not either.
            self.overlay.write(in_vain, &both);
        } else if read::<[Fingerprint; 2]>(self.rows(), &in_vain)? != Some(both) {
            self.overlay.write(word, &both);
            exchanged.more = true;
        }
        Ok(())
    }
}
