//! The wire format: bounded MessagePack, packs of entries, requests and replies.
pub mod message;
pub mod msgpack;
pub mod pack;
