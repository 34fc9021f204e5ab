//! The domain and the protocol of Cuadrilla as pure code.
pub mod rows;
