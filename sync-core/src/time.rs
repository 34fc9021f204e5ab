//! Time as a number: milliseconds since 1970-01-01T00:00:00Z, and its RFC 3339 form. The core knows no clock.

/// Milliseconds since the Unix epoch, UTC. Signed: a phone may claim 1969.
pub type TimeMs = i64;

const DAY_MS: i64 = 86_400_000;
/// Times outside the years 0000 to 9999 are shown at the edge of that span.
const SHOWN_MIN_MS: i64 = -62_167_219_200_000;
const SHOWN_MAX_MS: i64 = 253_402_300_799_999;

/// Returns a time as text, `2026-11-21T03:36:47.000Z`.
pub fn rfc3339(ms: TimeMs) -> String {
    let ms = ms.clamp(SHOWN_MIN_MS, SHOWN_MAX_MS);
    let (year, month, day) = civil(ms.div_euclid(DAY_MS));
    let in_day = ms.rem_euclid(DAY_MS);
    let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
    let (second, milli) = (in_day / 1_000 % 60, in_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Returns the calendar year of a time, UTC.
pub fn year(ms: TimeMs) -> i64 {
    civil(ms.clamp(SHOWN_MIN_MS, SHOWN_MAX_MS).div_euclid(DAY_MS)).0
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.fff]Z`, also with an offset `±HH:MM`, or a date alone (its first millisecond).
/// Returns milliseconds since 1970; `None` if it is neither.
pub fn parse_rfc3339(text: &str) -> Option<TimeMs> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok().filter(|n| *n >= 0);
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let separators_ok = text.get(4..5)? == "-" && text.get(7..8)? == "-";
    if !separators_ok || !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let midnight = days_from_civil(year, month, day) * DAY_MS;
    if text.len() == 10 {
        return Some(midnight);
    }
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 || !matches!(text.get(10..11)?, "T" | "t" | " ") {
        return None;
    }
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(tail) => tail.split_at(tail.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("0", rest),
    };
    let milli: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let offset_min = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
            sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
        }
    };
    Some(midnight + hour * 3_600_000 + (minute - offset_min) * 60_000 + second * 1_000 + milli)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 to (year, month, day), proleptic Gregorian, by eras of 400 years.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{parse_rfc3339, rfc3339, year};

    #[test]
    fn shows_and_reads_back() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_795_232_207_000, "2026-11-21T03:36:47.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(ms), text);
            assert_eq!(parse_rfc3339(text), Some(ms));
        }
        assert_eq!(parse_rfc3339("2026-11-21T03:36:47-06:00"), Some(1_795_232_207_000 + 6 * 3_600_000));
        assert_eq!(parse_rfc3339("2026-11-21"), Some(1_795_219_200_000));
        assert_eq!(year(1_795_232_207_000), 2026);
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in
            ["", "hoy", "2026-13-01", "2026-02-30", "2026-11-21T25:00:00Z", "2026-11-21T03:36:47", "20261121"]
        {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
