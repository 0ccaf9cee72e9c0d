//! Formats the age of challenges.

/// Formats milliseconds as `850 ms`, `1.2 s` or `3 min 20 s`.
pub(super) fn seconds(millis: i64) -> String {
    match millis {
        ..1_000 => format!("{millis} ms"),
        1_000..120_000 if millis % 1_000 == 0 => format!("{} s", millis / 1_000),
        1_000..120_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        120_000.. => {
            let (minutes, seconds) = (millis / 60_000, millis % 60_000 / 1_000);
            if seconds == 0 { format!("{minutes} min") } else { format!("{minutes} min {seconds} s") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_readable() {
        assert_eq!(
            [0, 999, 1_000, 1_250, 60_000, 119_900, 120_000, 200_000].map(seconds),
            ["0 ms", "999 ms", "1 s", "1.2 s", "60 s", "119.9 s", "2 min", "3 min 20 s"]
        );
    }
}
