//! Rights: what changes on a device when it is given other rights. Records of scopes it lost are no longer in them here;
//! those with own unsent work stay until that is sent.

use std::collections::BTreeSet;

use crate::act::Role;
use crate::fold::store_row;
use crate::id::RecordId;
use crate::keys;
use crate::line::Identity;
use crate::record::row::RecordRow;
use crate::rows::{Overlay, RowsError, all_under, read};
use crate::scope::Scope;

/// Takes the new rights over.
pub fn take_over(
    overlay: &mut Overlay<'_>,
    role: Role,
    crew: Option<&str>,
    localities: &[String],
) -> Result<(), RowsError> {
    let Some(mut identity) = read::<Identity>(overlay, &keys::fact("identity"))? else { return Ok(()) };
    let before = Scope::of_device(identity.role, identity.crew.as_deref(), &identity.localities);
    let after = Scope::of_device(role, crew, localities);
    identity.role = role;
    identity.crew = crew.map(String::from);
    identity.localities = localities.to_vec();
    overlay.write(keys::fact("identity"), &identity);
    let lost: BTreeSet<Scope> = before.difference(&after).cloned().collect();
    let gains_all = after.contains(&Scope::Municipality) && !before.contains(&Scope::Municipality);
    if lost.is_empty() && !gains_all {
        return Ok(());
    }
    for (tail, row) in all_under::<RecordRow>(overlay, keys::RECORDS)? {
        let record = RecordId::from_slice(&tail);
        let record = record.ok_or_else(|| RowsError("a record row has a malformed key".into()))?;
        let mut left = row.clone();
        // Who saw everything knows of scopes that were never its own, and of which it hears no more.
        left.scopes.retain(|scope| after.contains(scope));
        // The whole municipality is never announced: what is here already is in it from now on.
        if gains_all && row.created_seq != 0 {
            left.scopes.insert(Scope::Municipality);
            left.scopes_ever.insert(Scope::Municipality);
        }
        if left.scopes == row.scopes {
            continue;
        }
        for scope in row.scopes.difference(&after) {
            overlay.delete(keys::member(scope, &record));
        }
        store_row(overlay, &record, Some(&row), &left)?;
    }
    Ok(())
}
