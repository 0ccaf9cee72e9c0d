//! Points in time as people write them: `90d`, `1h`, RFC 3339, or a date with or without a time, in UTC.

use std::str::FromStr;

use doorward_shared::Timestamp;

/// A point in time, or the distance of one from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So many milliseconds away from now.
    Distance(i64),
    /// That time.
    At(Timestamp),
}

/// A text that is no point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither a duration like 30m, 12h or 90d nor a time like 2027-01-31 or 2027-01-31T12:00:00Z")]
pub struct InvalidMoment;

/// A century keeps times within what can be written.
const LONGEST_MS: i64 = 100 * 366 * 86_400_000;

impl Moment {
    /// As a time that has passed: `1h` is an hour ago.
    #[must_use]
    pub const fn past(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Distance(millis) => now.plus_millis(-millis),
            Self::At(at) => at,
        }
    }

    /// As a time to come: `90d` is in ninety days.
    #[must_use]
    pub const fn coming(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Distance(millis) => now.plus_millis(millis),
            Self::At(at) => at,
        }
    }
}

impl FromStr for Moment {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        match distance(text) {
            Some(millis) if (1..=LONGEST_MS).contains(&millis) => Ok(Self::Distance(millis)),
            Some(_) => Err(InvalidMoment),
            None => absolute(text).map(Self::At).ok_or(InvalidMoment),
        }
    }
}

fn absolute(text: &str) -> Option<Timestamp> {
    let text = text.replacen(' ', "T", 1);
    let whole = [text.clone(), format!("{text}Z"), format!("{text}:00Z"), format!("{text}T00:00:00Z")];
    whole.iter().find_map(|text| text.parse().ok())
}

fn distance(text: &str) -> Option<i64> {
    let unit = text.trim_start_matches(|symbol: char| symbol.is_ascii_digit());
    let millis = match unit {
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        "y" => 365 * 86_400_000,
        _ => return None,
    };
    let digits = text.strip_suffix(unit)?;
    // So many digits that they are no number are still a distance, and too long a one.
    if digits.is_empty() {
        None
    } else {
        Some(digits.parse::<i64>().map_or(i64::MAX, |count| count.saturating_mul(millis)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_times_are_read() {
        let now = Timestamp::from_millis(1_764_000_000_000);
        let moment = |text: &str| text.parse::<Moment>().unwrap();
        assert_eq!(moment("90d").coming(now), now.plus_millis(90 * 86_400_000));
        assert_eq!(moment("1h").past(now), now.plus_millis(-3_600_000));
        assert_eq!(moment("1y").coming(now), now.plus_millis(365 * 86_400_000));
        assert_eq!(moment("2w").past(now), now.plus_millis(-14 * 86_400_000));
        let at = "2027-01-31T12:00:00+01:00";
        assert_eq!(moment(at).past(now), at.parse().unwrap());
        for (text, at) in [
            ("2027-01-31", "2027-01-31T00:00:00Z"),
            ("2027-01-31 12:05", "2027-01-31T12:05:00Z"),
            ("2027-01-31T12:05:09", "2027-01-31T12:05:09Z"),
        ] {
            assert_eq!(moment(text), Moment::At(at.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn whatever_is_neither_is_refused() {
        for text in ["", "soon", "90", "0d", "-1d", "90 days", "d", "99999999d", "99999999999999999999d", "2027-13-31"]
        {
            assert_eq!(text.parse::<Moment>(), Err(InvalidMoment), "{text}");
        }
    }
}
