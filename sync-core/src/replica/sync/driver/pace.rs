//! Pace: how large messages are, how they name changes, and how often and when to try again.

use super::Answer;
use crate::limits::{
    BACKOFF_MS, BACKOFF_MS_MAX, IDLE_REPLIES_MAX, MESSAGE_BYTES_AIM, MESSAGE_BYTES_AIM_POOR, ROUND_TRIPS_MAX,
    TRIES_MAX, WAIT_MS_MAX,
};
use crate::replica::sync::reply::Exchanged;
use crate::replica::sync::request::Shape;

/// The server's words for changes it does not know, or knows otherwise, by their short names. A chain that does not
/// hold over there may be one that short names led astray.
const SPELL_OUT: [&str; 2] = ["unknown_reference", "bad_chain"];

/// How patient an exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// What a message aims at first, in bytes.
    pub aim_bytes: usize,
    /// How often the smallest message is tried in a row.
    pub tries_max: u32,
    /// How long all waits together may be, in milliseconds.
    pub wait_ms_max: u64,
    /// Most round trips.
    pub round_trips_max: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            aim_bytes: MESSAGE_BYTES_AIM,
            tries_max: TRIES_MAX,
            wait_ms_max: WAIT_MS_MAX,
            round_trips_max: ROUND_TRIPS_MAX,
        }
    }
}

impl Terms {
    /// Returns them with small messages from the start.
    #[must_use]
    pub fn for_poor_link(self) -> Self {
        Self { aim_bytes: MESSAGE_BYTES_AIM_POOR, ..self }
    }
}

/// What an answer that is no reply leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adapted {
    Again,
    Skip(u64),
    Wait { ms: u64, is_asked: bool },
    GiveUp,
}

#[derive(Debug)]
pub(super) struct Pace {
    terms: Terms,
    aim_bytes: usize,
    spell_out: bool,
    /// Whether the attempt number was moved once already.
    has_jumped: bool,
    /// Replies in a row that say there is more and move nothing.
    idle_replies: u32,
    /// Tries in a row that did not get through, of the smallest message.
    failed: u32,
    wait_ms_left: u64,
    /// Chance, so that many devices do not come back at once.
    pub(super) jitter: u16,
}

impl Pace {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            aim_bytes: terms.aim_bytes,
            spell_out: false,
            has_jumped: false,
            idle_replies: 0,
            failed: 0,
            wait_ms_left: terms.wait_ms_max,
            jitter: 0,
        }
    }

    /// Forgets what was learned about the server under the old name; what was waited counts on.
    pub(super) fn start_over(&mut self) {
        let wait_ms_left = self.wait_ms_left;
        *self = Self { wait_ms_left, ..Self::new(self.terms) };
    }

    pub(super) fn shape(&self) -> Shape {
        Shape { aim_bytes: self.aim_bytes, spell_out: self.spell_out }
    }

    pub(super) fn round_trips_max(&self) -> u64 {
        self.terms.round_trips_max.into()
    }

    pub(super) fn got_through(&mut self) {
        self.failed = 0;
    }

    /// Counts replies that moved nothing; `false` once there were too many in a row.
    pub(super) fn goes_on(&mut self, exchanged: &Exchanged) -> bool {
        let moved = exchanged.pulled + exchanged.accepted + exchanged.quarantined.len() as u64;
        self.idle_replies = if moved > 0 || exchanged.changed_role { 0 } else { self.idle_replies + 1 };
        self.idle_replies < IDLE_REPLIES_MAX
    }

    /// Decides whether, and how, to ask again. An enrolment has one size and no attempt number.
    pub(super) fn adapt(&mut self, answer: &Answer, is_request: bool) -> Adapted {
        match answer {
            Answer::Refused { code, .. }
                if is_request && !self.spell_out && SPELL_OUT.contains(&code.as_str()) =>
            {
                self.spell_out = true;
                Adapted::Again
            }
            Answer::Refused { last_attempt: Some(last), .. } if is_request && !self.has_jumped => {
                self.has_jumped = true;
                Adapted::Skip(*last)
            }
            Answer::Cut | Answer::TooLarge if is_request && self.aim_bytes > MESSAGE_BYTES_AIM_POOR => {
                self.aim_bytes = (self.aim_bytes / 2).max(MESSAGE_BYTES_AIM_POOR);
                Adapted::Again
            }
            Answer::Cut => self.back_off(),
            Answer::Busy { retry_after_s: None } => self.back_off(),
            Answer::Busy { retry_after_s: Some(seconds) } => self.wait(seconds.saturating_mul(1_000), true),
            _ => Adapted::GiveUp,
        }
    }

    /// Waits twice as long each time, and a little by chance.
    fn back_off(&mut self) -> Adapted {
        self.failed += 1;
        if self.failed >= self.terms.tries_max {
            return Adapted::GiveUp;
        }
        let doubled = BACKOFF_MS.saturating_mul(1 << (self.failed - 1).min(16)).min(BACKOFF_MS_MAX);
        let chance = BACKOFF_MS * u64::from(self.jitter) / u64::from(u16::MAX);
        self.wait(doubled / 2 + chance / 2, false)
    }

    fn wait(&mut self, ms: u64, is_asked: bool) -> Adapted {
        match self.wait_ms_left.checked_sub(ms) {
            Some(left) => {
                self.wait_ms_left = left;
                Adapted::Wait { ms, is_asked }
            }
            None => Adapted::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Adapted, Pace, Terms};
    use crate::limits::IDLE_REPLIES_MAX;
    use crate::replica::sync::driver::Answer;
    use crate::replica::sync::reply::Exchanged;

    #[test]
    fn messages_halve_down_to_the_smallest_and_then_it_ends() {
        let mut pace = Pace::new(Terms::default());
        let mut aims = vec![pace.aim_bytes / 1024];
        while pace.adapt(&Answer::Cut, true) != Adapted::GiveUp {
            aims.push(pace.aim_bytes / 1024);
        }
        assert_eq!(aims, [256, 128, 64, 32, 16, 16]);
        let mut poor = Pace::new(Terms::default().for_poor_link());
        assert_eq!(poor.aim_bytes, 16 * 1024);
        assert!(matches!(poor.adapt(&Answer::Cut, true), Adapted::Wait { is_asked: false, .. }));
        assert_eq!(poor.adapt(&Answer::Cut, true), Adapted::GiveUp);
    }

    #[test]
    fn waits_double_and_end_with_patience() {
        let mut pace = Pace::new(Terms { tries_max: 100, wait_ms_max: 60_000, ..Terms::default() });
        pace.jitter = u16::MAX;
        let mut waits = Vec::new();
        while let Adapted::Wait { ms, .. } = pace.adapt(&Answer::Busy { retry_after_s: None }, true) {
            waits.push(ms);
        }
        assert_eq!(waits, [1_000, 1_500, 2_500, 4_500, 8_500, 15_500, 15_500]);
        assert_eq!(pace.adapt(&Answer::Busy { retry_after_s: Some(3_600) }, true), Adapted::GiveUp);
    }

    #[test]
    fn a_role_that_changed_is_something_that_moved() {
        let mut pace = Pace::new(Terms::default());
        let idle = Exchanged::default();
        for _ in 1..IDLE_REPLIES_MAX {
            assert!(pace.goes_on(&idle));
        }
        assert!(pace.goes_on(&Exchanged { changed_role: true, ..Exchanged::default() }));
        for _ in 1..IDLE_REPLIES_MAX {
            assert!(pace.goes_on(&idle));
        }
        assert!(!pace.goes_on(&idle));
    }

    #[test]
    fn an_enrolment_has_one_size_and_no_number() {
        let mut pace = Pace::new(Terms::default());
        let replayed = Answer::Refused { code: "replayed".into(), last_attempt: Some(7) };
        assert_eq!(pace.adapt(&replayed, false), Adapted::GiveUp);
        assert_eq!(pace.adapt(&Answer::TooLarge, false), Adapted::GiveUp);
        assert!(matches!(pace.adapt(&Answer::Cut, false), Adapted::Wait { .. }));
    }
}
