//! Attempts: the device's own count of requests, and how a restored copy of it catches up.

use super::{Replica, ReplicaError};
use crate::limits::ATTEMPT_JUMP_MAX;
use crate::log::line::DeviceLine;
use crate::state::local::ATTEMPT;

impl Replica<'_> {
    /// The number of the newest request; 0 before the first.
    pub(super) fn attempts(&self) -> Result<u64, ReplicaError> {
        Ok(ATTEMPT.read_or_default(&self.overlay)?)
    }

    /// Goes past the numbers that the server has seen of this device: its folder was restored from a copy. Answers
    /// `false` if `last` is no reason to, or more than one word that nobody signed may move.
    pub fn skip_attempts(&mut self, last: u64) -> Result<bool, ReplicaError> {
        let Some(jump) = last.checked_sub(self.attempts()?).filter(|jump| *jump <= ATTEMPT_JUMP_MAX) else {
            return Ok(false);
        };
        if jump == 0 {
            // The number just used was the last one: the next one is past it.
            return Ok(true);
        }
        self.push_device_line(DeviceLine::Attempt(last))?;
        Ok(true)
    }
}
