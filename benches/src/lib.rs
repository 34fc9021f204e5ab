//! What the measuring programs share: a journal of any size, made without a server.

pub mod journal;
