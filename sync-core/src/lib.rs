//! The domain and the protocol of Cuadrilla as pure code.
pub mod act;
pub mod change;
pub mod crypto;
pub mod decimal;
pub mod entry;
pub mod id;
pub mod keys;
pub mod limits;
pub mod record;
pub mod rows;
pub mod rules;
pub mod scope;
pub mod time;
pub mod verdict;
pub mod wire;
