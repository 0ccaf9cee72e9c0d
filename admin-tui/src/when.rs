//! Times as people write and read them. All in UTC, as the log has them.

use doorward_shared::Timestamp;

use crate::moment::Moment;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long ago, in one unit: `now`, `12s`, `5m`, `3h`, `2d`, `6w`, `2y`; `in 3d` for what is to come.
#[must_use]
pub fn ago(now: Timestamp, at: Timestamp) -> String {
    let passed = now.millis().saturating_sub(at.millis());
    if passed < -SECOND { format!("in {}", span(-passed)) } else { span(passed) }
}

/// A length of time in one unit.
#[must_use]
pub fn span(millis: i64) -> String {
    const UNITS: [(i64, &str); 6] =
        [(365 * DAY, "y"), (28 * DAY, "w"), (DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")];
    let found = UNITS.iter().find(|(from, _)| millis >= *from);
    found.map_or_else(
        || "now".to_owned(),
        |(from, unit)| {
            // Weeks are counted from four on, in sevens of days.
            let length = if *unit == "w" { 7 * DAY } else { *from };
            format!("{}{unit}", millis / length)
        },
    )
}

/// `2026-11-25 10:03:22`.
#[must_use]
pub fn full(at: Timestamp) -> String {
    format!("{} {}", date(at), clock(at))
}

/// `2026-11-25`.
#[must_use]
pub fn date(at: Timestamp) -> String {
    at.to_string().get(..10).unwrap_or_default().to_owned()
}

/// `10:03:22`.
#[must_use]
pub fn clock(at: Timestamp) -> String {
    at.to_string().get(11..19).unwrap_or_default().to_owned()
}

/// `11-25`, for axes.
#[must_use]
pub fn month_day(at: Timestamp) -> String {
    at.to_string().get(5..10).unwrap_or_default().to_owned()
}

/// A moment in the past: `2h` for two hours ago, `today`, `yesterday`, a date, or a date and time; nothing for no bound.
///
/// # Errors
/// What to write instead.
pub fn moment(text: &str, now: Timestamp) -> Result<Option<Timestamp>, &'static str> {
    let text = text.trim();
    let midnight = Timestamp::from_millis(now.day().saturating_mul(DAY));
    match text {
        "" => Ok(None),
        "now" => Ok(Some(now)),
        "today" => Ok(Some(midnight)),
        "yesterday" => Ok(Some(midnight.plus_millis(-DAY))),
        _ => text
            .parse()
            .map(|moment: Moment| Some(moment.past(now)))
            .map_err(|_| "write 15m, 2h, 7d, today, 2026-11-25 or 2026-11-25 10:00 (UTC)"),
    }
}

/// When something is to expire: `90d` from now, a date, or a date and time; nothing or `never` for never.
///
/// # Errors
/// What to write instead.
pub fn expiry(text: &str, now: Timestamp) -> Result<Option<Timestamp>, &'static str> {
    let text = text.trim();
    if text.is_empty() || text == "never" {
        return Ok(None);
    }
    match text.parse().map(|moment: Moment| moment.coming(now)) {
        Err(_) => Err("write 12h, 90d, 1y, 2027-01-31, or never"),
        Ok(at) if at <= now => Err("this is in the past"),
        Ok(at) => Ok(Some(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-25T10:30:00Z".parse().unwrap()
    }

    #[test]
    fn what_is_written_is_understood() {
        let at = |text: &str| moment(text, now()).unwrap().map(|at| at.to_string());
        assert_eq!(at(" "), None);
        assert_eq!(at("90m").as_deref(), Some("2026-11-25T09:00:00.000Z"));
        assert_eq!(at("today").as_deref(), Some("2026-11-25T00:00:00.000Z"));
        assert_eq!(at("yesterday").as_deref(), Some("2026-11-24T00:00:00.000Z"));
        assert_eq!(at("2026-11-20").as_deref(), Some("2026-11-20T00:00:00.000Z"));
        assert_eq!(at("2026-11-20 07:15").as_deref(), Some("2026-11-20T07:15:00.000Z"));
        assert_eq!(at("2026-11-20T07:15:01+01:00").as_deref(), Some("2026-11-20T06:15:01.000Z"));
        for wrong in ["soon", "-3d", "3", "2026-13-01", "9999999999999999y", "d", "3€"] {
            assert!(moment(wrong, now()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_expires_does_so_in_the_future() {
        let at = |text: &str| expiry(text, now()).map(|at| at.map(|at| at.to_string()));
        assert_eq!(at("never"), Ok(None));
        assert_eq!(at("1d"), Ok(Some("2026-11-26T10:30:00.000Z".to_owned())));
        assert_eq!(at("2027-01-31"), Ok(Some("2027-01-31T00:00:00.000Z".to_owned())));
        assert!(at("2026-11-25").is_err());
        assert!(at("later").is_err());
    }

    #[test]
    fn spans_have_one_unit() {
        let past = |millis: i64| ago(now(), now().plus_millis(-millis));
        assert_eq!(
            [0, 59_000, 61_000, 7_200_000, 2 * DAY, 45 * DAY, 800 * DAY].map(past),
            ["now", "59s", "1m", "2h", "2d", "6w", "2y"]
        );
        assert_eq!(ago(now(), now().plus_millis(3 * DAY)), "in 3d");
        assert_eq!(full(now()), "2026-11-25 10:30:00");
    }
}
