//! Rights: what changes on a device when it is given other rights. Records of scopes it lost are no longer in them here;
//! those with own unsent work stay until that is sent.

use crate::state::membership::scopes_of_device;
use std::collections::{BTreeMap, BTreeSet};

use crate::id::RecordId;
use crate::log::act::Role;
use crate::log::line::Identity;
use crate::record::row::RecordRow;
use crate::rows::{Overlay, RowsError, all_under, read};
use crate::scope::Scope;
use crate::state::fold::store_row;
use crate::state::keyspace;

/// Takes the new rights over.
pub fn take_over(
    overlay: &mut Overlay<'_>,
    role: Role,
    crew: Option<&str>,
    localities: &[String],
) -> Result<(), RowsError> {
    let Some(mut identity) = read::<Identity>(overlay, &keyspace::fact("identity"))? else { return Ok(()) };
    identity.role = role;
    identity.crew = crew.map(String::from);
    identity.localities = localities.to_vec();
    overlay.write(keyspace::fact("identity"), &identity);
    see_only(overlay, &scopes_of_device(role, crew, localities))
}

/// Fits what is seen to the scopes that the server says this device has. It can have others than before without any
/// act: under a new name, or after a server lost its past.
pub fn follow(
    overlay: &mut Overlay<'_>,
    before: &BTreeMap<Scope, u64>,
    now: &BTreeMap<Scope, u64>,
) -> Result<(), RowsError> {
    let scopes = |cursors: &BTreeMap<Scope, u64>| -> BTreeSet<Scope> {
        cursors.keys().filter(|scope| !matches!(scope, Scope::Device(_))).cloned().collect()
    };
    let now = scopes(now);
    // Who is revoked has none, hears no more, and keeps what it has.
    if now.is_empty() || now == scopes(before) { Ok(()) } else { see_only(overlay, &now) }
}

fn see_only(overlay: &mut Overlay<'_>, scopes: &BTreeSet<Scope>) -> Result<(), RowsError> {
    for (tail, row) in all_under::<RecordRow>(overlay, keyspace::RECORDS)? {
        let record = RecordId::from_slice(&tail);
        let record = record.ok_or_else(|| RowsError("a record row has a malformed key".into()))?;
        let mut left = row.clone();
        // Who saw everything knows of scopes that were never its own, and of which it hears no more.
        left.scopes.retain(|scope| scopes.contains(scope));
        // The whole municipality is never announced: what is here already is in it from now on.
        if scopes.contains(&Scope::Municipality) && row.created_seq != 0 {
            left.scopes.insert(Scope::Municipality);
            left.scopes_ever.insert(Scope::Municipality);
        }
        if left.scopes == row.scopes {
            continue;
        }
        for scope in row.scopes.difference(scopes) {
            overlay.delete(keyspace::member(scope, &record));
        }
        store_row(overlay, &record, Some(&row), &left)?;
    }
    Ok(())
}
