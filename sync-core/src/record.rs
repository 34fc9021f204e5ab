//! Records: what a change does to one, its summary row, and the Automerge document that views read.
pub mod author;
pub mod document;
pub mod row;
pub mod touch;
