//! The wire format: bounded MessagePack, packs of entries, requests and replies.
pub mod convert;
pub mod message;
pub mod pack;
