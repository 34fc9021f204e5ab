//! Membership: which scopes a record is in, and which a device subscribes to.

use std::collections::BTreeSet;

use crate::log::act::Role;
use crate::record::change::Scalar;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::scope::Scope;

/// What a device with that role, crew and localities subscribes to.
pub fn scopes_of_device(role: Role, crew: Option<&str>, localities: &[String]) -> BTreeSet<Scope> {
    if role.sees_everything() {
        return BTreeSet::from([Scope::Municipality]);
    }
    let crew = crew.map(|code| Scope::Crew(code.into()));
    let localities = localities.iter().map(|key| Scope::Locality(key.clone()));
    BTreeSet::from([Scope::Catalog]).into_iter().chain(crew).chain(localities).collect()
}

/// The scopes a record is in now.
pub fn scopes_of_record(row: &RecordRow) -> BTreeSet<Scope> {
    let mut scopes = BTreeSet::from([Scope::Municipality]);
    match row.kind {
        RecordKind::Catalog | RecordKind::Asset | RecordKind::Plan => {
            scopes.insert(Scope::Catalog);
        }
        RecordKind::Order | RecordKind::Report => {
            let texts = |key| row.values(key).filter_map(scope_text).collect::<Vec<_>>();
            scopes.extend(texts("crew").into_iter().map(Scope::Crew));
            scopes.extend(texts("locality").into_iter().map(Scope::Locality));
        }
    }
    scopes
}

fn scope_text(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Str(text) if !text.is_empty() && !text.contains('\0') => Some(text.clone()),
        _ => None,
    }
}
