//! Labels: stable words as people read them, and as arguments take them.

use clap::builder::PossibleValue;
use sync_core::log::act::{Fate, Role};
use words::{Lang, Text};

pub use words::labels::*;

/// The roles that may be given, as clap lists them: by key, and taken by their names in both languages.
pub fn role_values() -> Vec<PossibleValue> {
    Role::INVITABLE.iter().map(|one| named(one.key(), &role(*one))).collect()
}

/// What may become of a device, as clap lists it: by key, and taken by its names in both languages.
pub fn fate_values() -> Vec<PossibleValue> {
    Fate::ALL.iter().map(|one| named(one.key(), &fate(*one))).collect()
}

fn named(key: &'static str, name: &Text) -> PossibleValue {
    PossibleValue::new(key).aliases([name.of(Lang::Es), name.of(Lang::En)])
}
