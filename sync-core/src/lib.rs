//! The domain and the protocol of Cuadrilla as pure code.
pub mod change;
pub mod decimal;
pub mod id;
pub mod limits;
pub mod rows;
pub mod time;
