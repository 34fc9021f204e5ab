//! Benches: the parts that the measuring programs share: a journal and a ledger of any size, made without a
//! server; and the load on a real server.

pub mod journal;
pub mod ledger;
pub mod load;
pub mod orders;
