//! Document: a record's Automerge document, rebuilt from its changes when a person reads or writes. Nothing
//! keeps it.
//!
//! A method fails if the document has no such register, list or text, or if Automerge refuses the operation.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{AutoCommit, ObjId, ObjType, ROOT, ReadDoc, Value};

use crate::id::DeviceId;
use crate::record::change::{
    Change, ChangeError, OpId, RawChange, Scalar, actor_of, device_of, scalar_from, scalar_to,
};
use crate::record::schema::{RecordSchema, SlotObject};
use crate::rows::RowsError;

/// A document that a device may write to.
pub struct Document {
    doc: AutoCommit,
}

/// One element of a list, with the operation that appended it.
pub struct ListElement {
    /// The operation.
    pub op: OpId,
    /// The scalar, or the members of the element map in key order.
    pub value: ElementValue,
}

/// The value of a list element.
pub enum ElementValue {
    /// A scalar.
    Scalar(Scalar),
    /// A map of scalars.
    Map(Vec<(String, Scalar)>),
}

fn broken(error: impl std::fmt::Display) -> RowsError {
    RowsError(format!("the record's document cannot be rebuilt: {error}"))
}

impl Document {
    /// Returns an empty document written by `device`.
    pub fn new(device: DeviceId) -> Self {
        Self { doc: AutoCommit::new().with_actor(actor_of(device)) }
    }

    /// Returns a document of raw changes, in an order in which each follows its dependencies.
    pub fn from_raw(device: DeviceId, changes: &[Vec<u8>]) -> Result<Self, RowsError> {
        let mut document = Self::new(device);
        let parsed: Vec<automerge::Change> = changes
            .iter()
            .map(|raw| automerge::Change::try_from(raw.as_slice()))
            .collect::<Result<_, _>>()
            .map_err(broken)?;
        document.doc.apply_changes(parsed).map_err(broken)?;
        Ok(document)
    }

    /// Makes the skeleton, in the order of the schema.
    pub fn make_skeleton(&mut self, schema: &RecordSchema) -> Result<(), RowsError> {
        for slot in &schema.slots {
            let object = match slot.object {
                SlotObject::Map => ObjType::Map,
                SlotObject::List => ObjType::List,
                SlotObject::Text => ObjType::Text,
            };
            self.doc.put_object(ROOT, slot.key.as_str(), object).map_err(broken)?;
        }
        Ok(())
    }

    /// Sets a register: `status`, or `fields.dose` inside a skeleton map.
    pub fn put(&mut self, name: &str, value: &Scalar) -> Result<(), RowsError> {
        let (object, key) = match name.split_once('.') {
            Some((slot, key)) => (self.slot(slot)?, key),
            None => (ROOT, name),
        };
        self.doc.put(object, key, scalar_to(value)).map_err(broken)
    }

    /// Appends a scalar to a list.
    pub fn append_scalar(&mut self, slot: &str, value: &Scalar) -> Result<(), RowsError> {
        let list = self.slot(slot)?;
        let length = self.doc.length(&list);
        self.doc.insert(list, length, scalar_to(value)).map_err(broken)
    }

    /// Appends a map to a list.
    pub fn append_map(&mut self, slot: &str, members: &[(&str, Scalar)]) -> Result<(), RowsError> {
        let list = self.slot(slot)?;
        let length = self.doc.length(&list);
        let map = self.doc.insert_object(list, length, ObjType::Map).map_err(broken)?;
        for (key, value) in members {
            self.doc.put(&map, *key, scalar_to(value)).map_err(broken)?;
        }
        Ok(())
    }

    /// Replaces a text, keeping what others write in it at the same time.
    pub fn update_text(&mut self, slot: &str, text: &str) -> Result<(), RowsError> {
        let object = self.slot(slot)?;
        self.doc.update_text(&object, text).map_err(broken)
    }

    /// Commits what was written as one change. Returns the change as operations and as raw chunk; `None` if
    /// nothing was written.
    ///
    /// # Errors
    /// The change has a part that no change of a record has, or is over a limit.
    pub fn commit(&mut self) -> Result<Option<(Change, RawChange)>, ChangeError> {
        if self.doc.commit_with(CommitOptions::default().with_time(0)).is_none() {
            return Ok(None);
        }
        let Some(stored) = self.doc.get_last_local_change() else { return Ok(None) };
        let raw = stored.raw_bytes().to_vec();
        let change = Change::from_raw(&raw)?;
        let hash = crate::id::Hash(stored.hash().0);
        Ok(Some((change, RawChange { hash, bytes: raw })))
    }

    /// Returns the elements of a list, in document order.
    pub fn list(&self, slot: &str) -> Result<Vec<ListElement>, RowsError> {
        let list = self.slot(slot)?;
        let mut elements = Vec::new();
        for index in 0..self.doc.length(&list) {
            let Some((value, id)) = self.doc.get(&list, index).map_err(broken)? else { continue };
            let op = op_of(&id).map_err(broken)?;
            let value = match value {
                Value::Scalar(scalar) => ElementValue::Scalar(scalar_from(&scalar).map_err(broken)?),
                Value::Object(_) => ElementValue::Map(self.members(&id)?),
            };
            elements.push(ListElement { op, value });
        }
        Ok(elements)
    }

    fn members(&self, map: &ObjId) -> Result<Vec<(String, Scalar)>, RowsError> {
        let mut members = Vec::new();
        for key in self.doc.keys(map) {
            if let Some((Value::Scalar(scalar), _)) = self.doc.get(map, key.as_str()).map_err(broken)? {
                members.push((key, scalar_from(&scalar).map_err(broken)?));
            }
        }
        Ok(members)
    }

    /// Returns all concurrent values of a register, with the operations that wrote them, sorted by operation.
    pub fn values(&self, name: &str) -> Result<Vec<(OpId, Scalar)>, RowsError> {
        let (object, key) = match name.split_once('.') {
            Some((slot, key)) => (self.slot(slot)?, key),
            None => (ROOT, name),
        };
        let mut values = Vec::new();
        for (value, id) in self.doc.get_all(object, key).map_err(broken)? {
            if let Value::Scalar(scalar) = value {
                values.push((op_of(&id).map_err(broken)?, scalar_from(&scalar).map_err(broken)?));
            }
        }
        values.sort();
        Ok(values)
    }

    /// Returns the keys of the root, or of a skeleton map.
    pub fn keys(&self, slot: Option<&str>) -> Result<Vec<String>, RowsError> {
        let object = slot.map_or(Ok(ROOT), |slot| self.slot(slot))?;
        Ok(self.doc.keys(object).collect())
    }

    /// Returns the text in a slot.
    pub fn text(&self, slot: &str) -> Result<String, RowsError> {
        self.doc.text(self.slot(slot)?).map_err(broken)
    }

    fn slot(&self, key: &str) -> Result<ObjId, RowsError> {
        match self.doc.get(ROOT, key).map_err(broken)? {
            Some((Value::Object(_), id)) => Ok(id),
            _ => Err(broken(format!("it has no {key}"))),
        }
    }
}

fn op_of(id: &ObjId) -> Result<OpId, ChangeError> {
    match id {
        ObjId::Root => Err(ChangeError::Counter),
        ObjId::Id(counter, actor, _) => Ok(OpId { counter: *counter, device: device_of(actor)? }),
    }
}
