//! Records: what a change does to one, its summary row, and the Automerge document that views read.
pub mod document;
pub mod row;
pub mod touch;
