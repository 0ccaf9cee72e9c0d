//! Expiry of a key, as entered on the command line.

use std::str::FromStr;

use doorward_shared::Timestamp;

use crate::config::parse;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Number of milliseconds from now.
    After(i64),
    At(Timestamp),
}

/// Error for a text that is neither a duration nor a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither a duration like 12h or 90d nor a time like 2027-01-31T12:00:00Z")]
pub struct InvalidExpiry;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time is in the past")]
pub struct AlreadyExpired;

impl Expiry {
    /// Returns the time of expiry, or an error if this time is not after `now`.
    pub fn resolve(self, now: Timestamp) -> Result<Timestamp, AlreadyExpired> {
        let at = match self {
            Self::After(millis) => now.plus_millis(millis),
            Self::At(at) => at,
        };
        if at > now { Ok(at) } else { Err(AlreadyExpired) }
    }
}

impl FromStr for Expiry {
    type Err = InvalidExpiry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(duration) = parse::duration(text) {
            // The duration is limited to a century, so that the resulting time can be represented.
            const CENTURY_MS: u128 = 100 * 366 * 86_400_000;
            return match i64::try_from(duration.as_millis()) {
                Ok(millis) if (1..=CENTURY_MS).contains(&duration.as_millis()) => Ok(Self::After(millis)),
                _ => Err(InvalidExpiry),
            };
        }
        text.parse().map(Self::At).map_err(|_| InvalidExpiry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_times_are_accepted() {
        let now = Timestamp::from_millis(1_000);
        assert_eq!("90d".parse::<Expiry>().unwrap().resolve(now), Ok(now.plus_millis(90 * 86_400_000)));
        assert_eq!("12h".parse::<Expiry>().unwrap().resolve(now), Ok(now.plus_millis(12 * 3_600_000)));
        let at = "2027-01-31T12:00:00Z";
        assert_eq!(at.parse::<Expiry>().unwrap().resolve(now), Ok(at.parse().unwrap()));
        assert_eq!("1970-01-01T00:00:01Z".parse::<Expiry>().unwrap().resolve(now), Err(AlreadyExpired));
    }

    #[test]
    fn other_texts_are_rejected() {
        for text in ["", "soon", "90", "0d", "-1d", "90 days", "99999999d", "99999999999999999999d", "2027-01-31"] {
            assert_eq!(text.parse::<Expiry>(), Err(InvalidExpiry), "{text}");
        }
    }
}
