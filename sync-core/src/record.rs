//! Records: changes, what a change does to a record, the record's summary row, and the Automerge document
//! that views read.
pub mod author;
pub mod change;
pub mod content;
pub mod correction;
pub mod document;
pub mod patch;
pub mod row;
pub mod schema;
