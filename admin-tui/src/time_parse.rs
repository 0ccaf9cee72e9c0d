//! Parses times that users enter: `90d`, `1h`, RFC 3339, or a UTC date with or without a time.

use std::str::FromStr;

use doorward_shared::Timestamp;

use crate::zone::Zone;

const DAY_MS: i64 = 86_400_000;
/// Maximum duration: 100 years, which keeps all results in the range of [`Timestamp`].
const MAX_DURATION_MS: i64 = 100 * 366 * DAY_MS;

/// A point in time, absolute or relative to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeInput {
    /// Number of milliseconds before or after now.
    Relative(i64),
    Absolute(Timestamp),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a duration like 30m, 12h or 90d, or a time like 2027-01-31 or 2027-01-31T12:00:00Z")]
pub struct InvalidTime;

impl TimeInput {
    /// Returns the time. A duration is subtracted from `now`.
    pub const fn in_past(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Relative(millis) => now.plus_millis(-millis),
            Self::Absolute(at) => at,
        }
    }

    /// Returns the time. A duration is added to `now`.
    pub const fn in_future(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Relative(millis) => now.plus_millis(millis),
            Self::Absolute(at) => at,
        }
    }
}

impl FromStr for TimeInput {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        match parse_duration(text) {
            Some(millis) if (1..=MAX_DURATION_MS).contains(&millis) => Ok(Self::Relative(millis)),
            Some(_) => Err(InvalidTime),
            None => parse_absolute(text).map(Self::Absolute).ok_or(InvalidTime),
        }
    }
}

/// Parses the start or end of a time range. Also accepts `now`, `today` and `yesterday`; empty text means no bound.
pub fn parse_past(text: &str, now: Timestamp) -> Result<Option<Timestamp>, &'static str> {
    parse_past_in(text, now, &Zone::utc()).map_err(|_| "write 15m, 2h, 7d, today, 2026-11-25 or 2026-11-25 10:00 (UTC)")
}

/// Like [`parse_past`], but days begin at midnight in the zone, and times without an offset are times in the zone.
pub fn parse_past_in(text: &str, now: Timestamp, zone: &Zone) -> Result<Option<Timestamp>, InvalidTime> {
    let text = text.trim();
    let midnight = |days_ago: i64| zone.from_local(Timestamp::of_day(zone.to_local(now).day() - days_ago));
    match text {
        "" => Ok(None),
        "now" => Ok(Some(now)),
        "today" => Ok(Some(midnight(0))),
        "yesterday" => Ok(Some(midnight(1))),
        _ => match (text.parse(), text.parse::<TimeInput>()) {
            // The text contains an offset from UTC, so `zone` does not apply.
            (Ok(at), _) => Ok(Some(at)),
            (_, Ok(TimeInput::Absolute(at))) => Ok(Some(zone.from_local(at))),
            (_, Ok(time @ TimeInput::Relative(_))) => Ok(Some(time.in_past(now))),
            (_, Err(error)) => Err(error),
        },
    }
}

/// Parses an expiry time, which must be in the future. Empty text and `never` mean no expiry.
pub fn parse_expiry(text: &str, now: Timestamp) -> Result<Option<Timestamp>, &'static str> {
    let text = text.trim();
    if text.is_empty() || text == "never" {
        return Ok(None);
    }
    match text.parse().map(|time: TimeInput| time.in_future(now)) {
        Err(_) => Err("write 12h, 90d, 1y, 2027-01-31, or never"),
        Ok(at) if at <= now => Err("this is in the past"),
        Ok(at) => Ok(Some(at)),
    }
}

fn parse_absolute(text: &str) -> Option<Timestamp> {
    let text = text.replacen(' ', "T", 1);
    let candidates = [text.clone(), format!("{text}Z"), format!("{text}:00Z"), format!("{text}T00:00:00Z")];
    candidates.iter().find_map(|text| text.parse().ok())
}

/// Returns the milliseconds of a number with a unit, `i64::MAX` on overflow, and `None` for any other text.
fn parse_duration(text: &str) -> Option<i64> {
    let unit = text.trim_start_matches(|symbol: char| symbol.is_ascii_digit());
    let millis = match unit {
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => DAY_MS,
        "w" => 7 * DAY_MS,
        "y" => 365 * DAY_MS,
        _ => return None,
    };
    let digits = text.strip_suffix(unit).filter(|digits| !digits.is_empty())?;
    Some(digits.parse::<i64>().map_or(i64::MAX, |count| count.saturating_mul(millis)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-25T10:30:00Z".parse().unwrap()
    }

    #[test]
    fn durations_and_times_are_parsed() {
        let time = |text: &str| text.parse::<TimeInput>().unwrap();
        assert_eq!(time("90d").in_future(now()), now().plus_millis(90 * DAY_MS));
        assert_eq!(time("1h").in_past(now()), now().plus_millis(-3_600_000));
        assert_eq!(time("1y").in_future(now()), now().plus_millis(365 * DAY_MS));
        assert_eq!(time("2w").in_past(now()), now().plus_millis(-14 * DAY_MS));
        let at = "2027-01-31T12:00:00+01:00";
        assert_eq!(time(at).in_past(now()), at.parse().unwrap());
        for (text, at) in [
            ("2027-01-31", "2027-01-31T00:00:00Z"),
            ("2027-01-31 12:05", "2027-01-31T12:05:00Z"),
            ("2027-01-31T12:05:09", "2027-01-31T12:05:09Z"),
        ] {
            assert_eq!(time(text), TimeInput::Absolute(at.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn invalid_times_are_rejected() {
        for text in ["", "soon", "90", "0d", "-1d", "90 days", "d", "99999999d", "99999999999999999999d", "2027-13-31"]
        {
            assert_eq!(text.parse::<TimeInput>(), Err(InvalidTime), "{text}");
        }
    }

    #[test]
    fn range_bounds_are_parsed() {
        let at = |text: &str| parse_past(text, now()).unwrap().map(|at| at.to_string());
        assert_eq!(at(" "), None);
        assert_eq!(at("90m").as_deref(), Some("2026-11-25T09:00:00.000Z"));
        assert_eq!(at("today").as_deref(), Some("2026-11-25T00:00:00.000Z"));
        assert_eq!(at("yesterday").as_deref(), Some("2026-11-24T00:00:00.000Z"));
        assert_eq!(at("2026-11-20").as_deref(), Some("2026-11-20T00:00:00.000Z"));
        assert_eq!(at("2026-11-20 07:15").as_deref(), Some("2026-11-20T07:15:00.000Z"));
        assert_eq!(at("2026-11-20T07:15:01+01:00").as_deref(), Some("2026-11-20T06:15:01.000Z"));
        for invalid in ["soon", "-3d", "3", "2026-13-01", "9999999999999999y", "d", "3€"] {
            assert!(parse_past(invalid, now()).is_err(), "{invalid}");
        }
    }

    #[test]
    fn range_bounds_are_times_of_the_zone() {
        let zone = Zone::posix("CET-1").unwrap();
        let at = |text: &str| parse_past_in(text, now(), &zone).unwrap().map(|at| at.to_string()).unwrap();
        assert_eq!(at("today"), "2026-11-24T23:00:00.000Z");
        assert_eq!(at("yesterday"), "2026-11-23T23:00:00.000Z");
        assert_eq!(at("2026-11-20 07:15"), "2026-11-20T06:15:00.000Z");
        assert_eq!(at("2026-11-20T07:15:00Z"), "2026-11-20T07:15:00.000Z");
        assert_eq!(at("1h"), "2026-11-25T09:30:00.000Z");
    }

    #[test]
    fn expiry_must_be_in_the_future() {
        let at = |text: &str| parse_expiry(text, now()).map(|at| at.map(|at| at.to_string()));
        assert_eq!(at("never"), Ok(None));
        assert_eq!(at("1d"), Ok(Some("2026-11-26T10:30:00.000Z".to_owned())));
        assert_eq!(at("2027-01-31"), Ok(Some("2027-01-31T00:00:00.000Z".to_owned())));
        assert!(at("2026-11-25").is_err());
        assert!(at("later").is_err());
    }
}
