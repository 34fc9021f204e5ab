//! Sync: the device's half of a round trip.
pub mod reply;
pub mod request;
mod take;
mod twin;
