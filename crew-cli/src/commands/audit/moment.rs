//! Moments as people type them: a ledger number, or a time.

use sync_core::time::{TimeMs, UtcOffset, parse_rfc3339};
use sync_core::view::replay::At;

use crate::error::CliError;
use words::say;

/// A whole day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// A time: RFC 3339, or a day, which means its first moment in the municipality.
///
/// # Errors
/// Usage, if it is none.
pub fn time(text: &str, here: UtcOffset) -> Result<TimeMs, CliError> {
    here.day_start(text)
        .or_else(|| parse_rfc3339(text))
        .ok_or_else(|| CliError::usage(say!("moment-not-time", text), say!("moment-not-time-hint")))
}

/// A ledger number or a time.
///
/// # Errors
/// Usage, if it is neither, or a number among claimed times.
pub fn moment(text: &str, is_claimed: bool, here: UtcOffset) -> Result<At, CliError> {
    match (text.parse::<u64>(), is_claimed) {
        (Ok(seq), false) => Ok(At::Seq(seq)),
        (Ok(_), true) => {
            Err(CliError::usage(say!("moment-number-claimed"), say!("moment-number-claimed-hint")))
        }
        (Err(_), false) => Ok(At::Known(time(text, here)?)),
        (Err(_), true) => Ok(At::Claimed(time(text, here)?)),
    }
}

/// Two moments, the earlier first.
///
/// # Errors
/// Usage, as [`moment`]; also if the second is before the first, where that can be told.
pub fn span(from: &str, to: &str, is_claimed: bool, here: UtcOffset) -> Result<(At, At), CliError> {
    let (first, second) = (moment(from, is_claimed, here)?, moment(to, is_claimed, here)?);
    let is_reversed = match (first, second) {
        (At::Seq(first), At::Seq(second)) => second < first,
        (At::Known(first), At::Known(second)) | (At::Claimed(first), At::Claimed(second)) => second < first,
        _ => false,
    };
    if is_reversed {
        return Err(CliError::usage(say!("moment-reversed", to, from), say!("moment-reversed-hint")));
    }
    // A day at the end means all of it.
    Ok(match second {
        At::Known(ms) if is_day(to) => (first, At::Known(ms + DAY_MS)),
        At::Claimed(ms) if is_day(to) => (first, At::Claimed(ms + DAY_MS)),
        second => (first, second),
    })
}

fn is_day(text: &str) -> bool {
    text.len() == "2026-11-21".len()
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, moment, span, time};
    use sync_core::time::{UtcOffset, parse_rfc3339};
    use sync_core::view::replay::At;

    fn here() -> UtcOffset {
        UtcOffset::usual(14_061)
    }

    #[test]
    fn a_day_is_the_municipalitys() {
        let midnight = parse_rfc3339("2026-12-31T00:00:00-06:00").unwrap();
        assert_eq!(time("2026-12-31", here()).unwrap(), midnight);
        let day = (At::Known(midnight), At::Known(midnight + DAY_MS));
        assert_eq!(span("2026-12-31", "2026-12-31", false, here()).unwrap(), day);
        assert_eq!(time("2026-12-31T00:00:00Z", here()).unwrap(), midnight - 6 * 3_600_000);
    }

    #[test]
    fn a_time_has_a_zone_or_is_a_whole_day() {
        assert!(time("2026-11-21T12:00:00-06:00", here()).is_ok());
        assert!(time("2026-11-21", here()).is_ok());
        assert_eq!(time("ayer", here()).unwrap_err().exit, 2);
        assert_eq!(time("2026-11-21T12:00:00", here()).unwrap_err().exit, 2);
    }

    #[test]
    fn a_number_is_a_place_in_the_ledger_unless_times_are_claimed() {
        assert_eq!(moment("120", false, here()).unwrap(), At::Seq(120));
        assert_eq!(moment("120", true, here()).unwrap_err().exit, 2);
        let day_ms = time("2026-11-21", here()).unwrap();
        assert_eq!(moment("2026-11-21", true, here()).unwrap(), At::Claimed(day_ms));
    }

    #[test]
    fn a_span_runs_forward_and_one_day_is_that_day() {
        assert_eq!(span("9", "3", false, here()).unwrap_err().exit, 2);
        assert_eq!(span("2026-11-22", "2026-11-21", true, here()).unwrap_err().exit, 2);
        let day_ms = time("2026-11-21", here()).unwrap();
        let day = (At::Known(day_ms), At::Known(day_ms + DAY_MS));
        assert_eq!(span("2026-11-21", "2026-11-21", false, here()).unwrap(), day);
        assert_eq!(span("3", "2026-11-21", false, here()).unwrap(), (At::Seq(3), At::Known(day_ms + DAY_MS)));
    }
}
