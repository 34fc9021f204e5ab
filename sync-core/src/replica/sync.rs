//! Sync: the device's half of a round trip with the server: the request, and what is taken of the reply.

mod reply;
pub mod request;
