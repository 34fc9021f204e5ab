//! What the measuring programs share: a journal and a ledger of any size, made without a server.

pub mod journal;
pub mod ledger;
pub mod orders;
