//! Records: changes, what one does to a record, its summary row, and the Automerge document that views read.
pub mod author;
pub mod change;
pub mod document;
pub mod patch;
pub mod row;
pub mod schema;
