//! Sync: the device's half of round trips with the server: the request, what is taken of the reply, and the driver that
//! goes on until neither side has more.

pub mod driver;
pub mod reply;
pub mod request;
mod take;
mod twin;
pub mod upload;
