//! Time as a number: milliseconds since 1970-01-01T00:00:00Z, and its RFC 3339 form; days and years as the municipality
//! counts them. The core knows no clock and no zone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC. Signed: a phone may claim 1969.
pub type TimeMs = i64;

/// How far a claim may lie outside its bracket and still be called consistent, in milliseconds. Five minutes: a phone
/// that was set by hand or that drifted through a month without network (50 parts per million are two minutes) is
/// not accused, and no working day can be hidden in it.
pub const TOLERANCE_MS: i64 = 5 * 60_000;

/// Characters of `YYYY-MM-DD`.
const DAY_CHARS: usize = 10;
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

/// How far the municipality's clocks are from UTC: its days and years begin by it, whatever the zone of a phone. One
/// offset for the whole year: Mexico changes no clocks, but for some municipalities at its northern border.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i16", into = "i16")]
pub struct UtcOffset {
    minutes: i16,
}

impl UtcOffset {
    /// Returns the offset of so many minutes, east of UTC positive; `None` beyond 14 hours, which no place has.
    pub fn of_minutes(minutes: i16) -> Option<Self> {
        (-840..=840).contains(&minutes).then_some(Self { minutes })
    }

    /// Returns the usual offset of a municipality by its INEGI key, from its state's zone in the law of 2022.
    pub fn usual(municipality: u32) -> Self {
        let hours = match municipality / 1_000 {
            // Baja California.
            2 => -8,
            // Baja California Sur, Nayarit, Sinaloa, Sonora.
            3 | 18 | 25 | 26 => -7,
            // Quintana Roo.
            23 => -5,
            _ => -6,
        };
        Self { minutes: hours * 60 }
    }

    /// Returns the minutes from UTC, east positive.
    pub fn minutes(self) -> i16 {
        self.minutes
    }

    /// Returns the calendar year of a time here.
    pub fn year(self, ms: TimeMs) -> i64 {
        let here = ms.clamp(SHOWN_MIN_MS, SHOWN_MAX_MS) + self.ms();
        civil(here.div_euclid(DAY_MS)).0
    }

    /// Returns the day here of a time, `YYYY-MM-DD`: a norm is that of the day on which people took the reading.
    pub fn day(self, ms: TimeMs) -> String {
        let here = ms.clamp(SHOWN_MIN_MS, SHOWN_MAX_MS) + self.ms();
        rfc3339(here).chars().take(DAY_CHARS).collect()
    }

    /// Returns the first millisecond here of a day, `YYYY-MM-DD`; `None` if the text is no day.
    pub fn day_start(self, day: &str) -> Option<TimeMs> {
        parse_rfc3339(day).filter(|_| day.len() == DAY_CHARS).map(|midnight| midnight - self.ms())
    }

    /// Returns the last millisecond here of a day, `YYYY-MM-DD`; `None` if the text is no day.
    pub fn day_end(self, day: &str) -> Option<TimeMs> {
        self.day_start(day).map(|start| start + DAY_MS - 1)
    }

    fn ms(self) -> i64 {
        i64::from(self.minutes) * 60_000
    }
}

impl From<UtcOffset> for i16 {
    fn from(offset: UtcOffset) -> Self {
        offset.minutes
    }
}

impl TryFrom<i16> for UtcOffset {
    type Error = &'static str;

    fn try_from(minutes: i16) -> Result<Self, Self::Error> {
        Self::of_minutes(minutes).ok_or("no place is so far from UTC")
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minutes < 0 { '-' } else { '+' };
        let minutes = self.minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl FromStr for UtcOffset {
    type Err = &'static str;

    /// Reads `-06:00`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let sign = if text.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
            let number = |part: &str| part.parse::<i16>().ok().filter(|_| part.len() == 2);
            let minutes = number(minutes).filter(|minutes| (0..60).contains(minutes))?;
            Self::of_minutes(sign * (number(hours)? * 60 + minutes))
        };
        read().ok_or("write it as -06:00")
    }
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
    use super::{UtcOffset, parse_rfc3339, rfc3339};

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
    }

    #[test]
    fn a_day_and_a_year_are_the_municipalitys() {
        let here: UtcOffset = "-06:00".parse().unwrap();
        let evening = parse_rfc3339("2026-12-31T18:01:00-06:00").unwrap();
        assert_eq!((here.year(evening), here.year(evening + 6 * 3_600_000)), (2026, 2027));
        assert_eq!(
            (here.day(evening), here.day(evening + 6 * 3_600_000)),
            ("2026-12-31".into(), "2027-01-01".into())
        );
        assert_eq!(here.day_start("2026-12-31"), parse_rfc3339("2026-12-31T00:00:00-06:00"));
        assert_eq!(here.day_end("2026-12-31"), parse_rfc3339("2026-12-31T23:59:59.999-06:00"));
        assert_eq!(here.day_start("2026-12-31T00:00:00Z"), None);
        for (ms, year) in [(i64::MIN, -1), (-1, 1969), (i64::MAX, 9999)] {
            assert_eq!(here.year(ms), year, "{ms}");
        }
    }

    #[test]
    fn an_offset_reads_back_and_nothing_else_is_one() {
        for text in ["-06:00", "-08:00", "+00:00", "+05:30", "-14:00"] {
            assert_eq!(text.parse::<UtcOffset>().unwrap().to_string(), text);
        }
        for text in ["", "6", "-6:00", "06:00", "-06", "-15:00", "-06:60", "America/Mexico_City"] {
            assert!(text.parse::<UtcOffset>().is_err(), "{text}");
        }
        let usual = |municipality| UtcOffset::usual(municipality).to_string();
        assert_eq!([14_061, 23_005, 26_030, 2_004].map(usual), ["-06:00", "-05:00", "-07:00", "-08:00"]);
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
