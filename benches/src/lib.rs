//! Benches: the parts that the measuring programs share: a journal and a ledger of any size, made without a
//! server; and the load on a real server, and the attack on it.

pub mod attack;
pub mod journal;
pub mod ledger;
pub mod load;
pub mod orders;

use rustix::time::{ClockId, clock_gettime};

/// Seconds of processor time that this process has used: what compares on a machine that others use.
pub fn processor_s() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}
