//! Formats times as human-readable text, in UTC. For a local time, callers first shift the time with `Zone::to_local`.

use doorward_shared::Timestamp;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Formats the distance from now in one unit: `now`, `12s`, `5m`, `3h`, `2d`, `6w` or `2y`, and `in 3d` for the future.
pub fn ago(now: Timestamp, at: Timestamp) -> String {
    let passed = now.millis().saturating_sub(at.millis());
    if passed < -SECOND { format!("in {}", duration(-passed)) } else { duration(passed) }
}

/// Formats a time in the past for a sentence: `3h ago`, or `just now` below one second.
pub fn past(now: Timestamp, at: Timestamp) -> String {
    let passed = now.millis().saturating_sub(at.millis());
    if passed < SECOND { "just now".to_owned() } else { format!("{} ago", duration(passed)) }
}

/// Formats a duration in one unit. Returns `now` for durations below one second.
pub fn duration(millis: i64) -> String {
    // Smallest duration shown in this unit, length of the unit, and its symbol.
    const UNITS: [(i64, i64, &str); 6] = [
        (365 * DAY, 365 * DAY, "y"),
        (28 * DAY, 7 * DAY, "w"),
        (DAY, DAY, "d"),
        (HOUR, HOUR, "h"),
        (MINUTE, MINUTE, "m"),
        (SECOND, SECOND, "s"),
    ];
    let unit = UNITS.iter().find(|(from, ..)| millis >= *from);
    unit.map_or_else(|| "now".to_owned(), |(_, length, symbol)| format!("{}{symbol}", millis / length))
}

/// Formats a time as `2026-11-25 10:03:22`.
pub fn date_time(at: Timestamp) -> String {
    format!("{} {}", date(at), time_of_day(at))
}

/// Formats the date of a time as `2026-11-25`.
pub fn date(at: Timestamp) -> String {
    at.to_string().get(..10).unwrap_or_default().to_owned()
}

/// Formats the time of day as `10:03:22`.
pub fn time_of_day(at: Timestamp) -> String {
    at.to_string().get(11..19).unwrap_or_default().to_owned()
}

/// Formats the month and the day as `11-25`, for the axes of charts.
pub fn month_day(at: Timestamp) -> String {
    at.to_string().get(5..10).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_formatted_in_one_unit() {
        let now: Timestamp = "2026-11-25T10:30:00Z".parse().unwrap();
        let past = |millis: i64| ago(now, now.plus_millis(-millis));
        assert_eq!(
            [0, 59_000, 61_000, 7_200_000, 2 * DAY, 45 * DAY, 800 * DAY].map(past),
            ["now", "59s", "1m", "2h", "2d", "6w", "2y"]
        );
        assert_eq!(ago(now, now.plus_millis(3 * DAY)), "in 3d");
        assert_eq!(date_time(now), "2026-11-25 10:30:00");
    }
}
