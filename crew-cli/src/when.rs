//! When: times as people read them, relative beside exact, in the device's own time zone.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use sync_core::time::{TimeMs, UtcOffset, parse_rfc3339};
use words::say;

use words::Lang;

/// Says times against one "now".
#[derive(Debug, Clone)]
pub struct When {
    /// Now, in milliseconds.
    pub now_ms: TimeMs,
    /// The language.
    pub lang: Lang,
    zone: TimeZone,
}

impl When {
    /// Times in the system's zone.
    pub fn local(now_ms: TimeMs, lang: Lang) -> Self {
        Self { now_ms, lang, zone: TimeZone::system() }
    }

    /// Returns the zone that the variable `TZ` names, if there is none of that name: times are in UTC then.
    pub fn unknown_zone(env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let is_known = |name: &String| {
            let name = name.trim_start_matches(':');
            name.is_empty()
                || name.starts_with('/')
                || TimeZone::get(name).is_ok()
                || TimeZone::posix(name).is_ok()
        };
        env("TZ").filter(|name| !is_known(name))
    }

    /// Times in UTC.
    pub fn utc(now_ms: TimeMs, lang: Lang) -> Self {
        Self { now_ms, lang, zone: TimeZone::UTC }
    }

    /// The same in the municipality's hours, for what must read the same everywhere: a case file.
    pub fn here(&self, offset: UtcOffset) -> Self {
        let zone =
            Offset::from_seconds(i32::from(offset.minutes()) * 60).map_or(TimeZone::UTC, TimeZone::fixed);
        Self { zone, ..self.clone() }
    }

    /// `2026-11-21 03:36`.
    pub fn exact(&self, ms: TimeMs) -> String {
        match Timestamp::from_millisecond(ms) {
            Ok(time) => time.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
            Err(_) => say!("when-impossible").of(self.lang),
        }
    }

    /// `2026-11-21 03:36:47` of an RFC 3339 time; other text stays as it is. For files that are kept.
    pub fn second_of(&self, rfc3339: &str) -> String {
        self.formatted(rfc3339, "%Y-%m-%d %H:%M:%S").unwrap_or_else(|| rfc3339.to_owned())
    }

    /// The zone that times are shown in, at an RFC 3339 time: `CST (UTC-06:00)`, or `UTC-06:00` where it has no name.
    pub fn zone_of(&self, rfc3339: &str) -> String {
        let name = self.formatted(rfc3339, "%Z").unwrap_or_default();
        let offset = self.formatted(rfc3339, "UTC%:z").unwrap_or_default();
        if name.starts_with(char::is_alphabetic) { format!("{name} ({offset})") } else { offset }
    }

    fn formatted(&self, rfc3339: &str, format: &str) -> Option<String> {
        let time = Timestamp::from_millisecond(parse_rfc3339(rfc3339)?).ok()?;
        Some(time.to_zoned(self.zone.clone()).strftime(format).to_string())
    }

    /// `hace 2 h`, `en 3 d`.
    pub fn relative(&self, ms: TimeMs) -> String {
        let apart_ms = self.now_ms.saturating_sub(ms);
        let minutes = apart_ms.unsigned_abs() / 60_000;
        let amount = match minutes {
            0 => return say!("when-now").of(self.lang),
            1..60 => say!("when-minutes", count = minutes),
            60..1_440 => say!("when-hours", count = minutes / 60),
            1_440..86_400 => say!("when-days", count = minutes / 1_440),
            86_400..1_051_200 => say!("when-months", count = minutes / 43_200),
            _ => say!("when-years", count = minutes / 525_600),
        };
        let text = if apart_ms > 0 { say!("when-ago", amount) } else { say!("when-in", amount) };
        text.of(self.lang)
    }

    /// `hace 2 h · 2026-11-21 03:36`.
    pub fn both(&self, ms: TimeMs) -> String {
        format!("{} · {}", self.relative(ms), self.exact(ms))
    }

    /// [`When::both`] of an RFC 3339 time; other text stays as it is.
    pub fn both_of(&self, rfc3339: &str) -> String {
        parse_rfc3339(rfc3339).map_or_else(|| rfc3339.to_owned(), |ms| self.both(ms))
    }

    /// [`When::exact`] of an RFC 3339 time; other text stays as it is.
    pub fn exact_of(&self, rfc3339: &str) -> String {
        parse_rfc3339(rfc3339).map_or_else(|| rfc3339.to_owned(), |ms| self.exact(ms))
    }
}

#[cfg(test)]
mod tests {
    use super::When;
    use sync_core::time::UtcOffset;
    use words::Lang;

    const NOW_MS: i64 = 1_795_232_207_000;

    #[test]
    fn a_zone_that_is_none_is_told_from_one() {
        for (name, is_unknown) in [
            ("America/Mexico_City", false),
            ("UTC", false),
            ("CST6", false),
            ("", false),
            ("America/Mezquitic", true),
        ] {
            assert_eq!(When::unknown_zone(&|_| Some(name.to_owned())).is_some(), is_unknown, "{name}");
        }
    }

    #[test]
    fn relative_beside_exact() {
        let when = When::utc(NOW_MS, Lang::Es);
        assert_eq!(when.both(NOW_MS - 2 * 3_600_000), "hace 2 h · 2026-11-21 01:36");
        assert_eq!(when.both_of("2026-11-24T03:36:47.000Z"), "en 3 d · 2026-11-24 03:36");
        let english = When::utc(NOW_MS, Lang::En);
        assert_eq!(english.relative(NOW_MS - 5 * 60_000), "5 min ago");
        assert_eq!(english.relative(NOW_MS - 400 * 86_400_000), "13 months ago");
        assert_eq!(english.relative(0), "56 years ago");
    }

    #[test]
    fn a_case_file_tells_the_municipalitys_hours() {
        let when = When::utc(NOW_MS, Lang::Es).here(UtcOffset::usual(14_061));
        assert_eq!(when.second_of("2026-11-21T03:36:47.000Z"), "2026-11-20 21:36:47");
        assert_eq!(when.zone_of("2026-11-21T03:36:47.000Z"), "UTC-06:00");
        assert_eq!(When::utc(NOW_MS, Lang::Es).zone_of("2026-11-21T03:36:47.000Z"), "UTC (UTC+00:00)");
    }

    #[test]
    fn a_clock_that_is_wrong_still_prints() {
        let when = When::utc(NOW_MS, Lang::Es);
        assert_eq!(when.exact(i64::MAX), "hora imposible");
        assert_eq!(when.both_of("ayer"), "ayer");
        assert!(when.relative(i64::MIN).starts_with("hace"));
    }
}
