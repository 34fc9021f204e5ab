//! Who: what people call the persons of entries.

use crate::id::{DeviceId, PersonId};
use crate::log::line::Identity;
use crate::people::Names;
use crate::rows::{Rows, RowsError, read};
use crate::state::authority::DeviceRow;
use crate::state::keyspace;

/// What persons are called by.
#[derive(Clone, Copy)]
pub struct Who<'a> {
    /// The names that are known.
    pub people: &'a dyn Names,
    /// Rows with the devices.
    pub rows: &'a dyn Rows,
    /// The device whose view it is, once it is enrolled.
    pub identity: Option<&'a Identity>,
}

impl Who<'_> {
    /// Returns what people call the person of a device's entry: the name; where it is not known (any more), that of the
    /// device; and where that is not either, some letters of the id.
    ///
    /// # Errors
    /// The index does not read.
    pub fn person(&self, device: &DeviceId, person: &PersonId) -> Result<String, RowsError> {
        if let Some(name) = self.people.name_of(person) {
            return Ok(name.to_owned());
        }
        if let Some(identity) = self.identity.filter(|identity| identity.device == *device) {
            return Ok(identity.name.clone());
        }
        let row: Option<DeviceRow> = read(self.rows, &keyspace::device(device))?;
        Ok(row.map_or_else(|| format!("persona {}", person.short()), |row| row.name))
    }
}
