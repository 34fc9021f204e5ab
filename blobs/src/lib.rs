//! Blobs: the bytes of photos and signatures at the office. What arrives in pieces waits in a [`Spool`], a folder on this
//! machine; what is whole and what it should be goes into a [`Store`], by its content address.
//!
//! Nothing here knows who may bring or read what: that is the hub's. Nothing here decodes a picture.

pub mod agree;
pub mod conformance;
mod files;
pub mod keeping;
mod spool;
mod store;
pub mod sweep;

pub use files::{Files, Folder, Listed};
pub use spool::{Partial, Spool, SpoolError, Swept};
pub use store::{Place, Store, StoreError};
