//! Profile: the kinds of load.

pub(crate) mod herd;
pub(crate) mod idle;
pub(crate) mod ingest;
pub(crate) mod prepared;
pub(crate) mod soak;
pub(crate) mod steady;
