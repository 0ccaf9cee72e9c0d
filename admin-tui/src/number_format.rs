//! Short forms of numbers.

/// Formats a count: `999`, `1.2k`, `35k`, `4.1M`.
pub fn short(number: u64) -> String {
    scaled(number, 1_000, &["", "k", "M", "G", "T"])
}

/// Formats a size in bytes: `1023 B`, `1.5 KiB`, `20 MiB`.
pub fn bytes(size: u64) -> String {
    scaled(size, 1_024, &[" B", " KiB", " MiB", " GiB", " TiB"])
}

/// Formats a rate as `0`, `0.04`, `8.2`, `350` or `1.2k`. `thousandths` is the rate multiplied by 1 000.
pub fn rate(thousandths: u64) -> String {
    match thousandths {
        0 => "0".to_owned(),
        1..10 => "<0.01".to_owned(),
        10..1_000 => format!("0.{:02}", thousandths / 10),
        1_000..10_000 => format!("{}.{}", thousandths / 1_000, thousandths % 1_000 / 100),
        _ => short(thousandths / 1_000),
    }
}

/// Formats a duration in microseconds: `80 µs`, `1.2 ms`, `35 ms`, `2.4 s`.
pub fn micros(micros: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", micros / unit, micros % unit * 10 / unit);
    match micros {
        ..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{} ms", tenths(1_000)),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{} s", tenths(1_000_000)),
    }
}

/// Formats a number in the largest of `units` in which it is at least 1. Each unit is `base` times the previous one. A
/// result below 10 has one decimal place, except in the first unit. Further digits are cut off.
fn scaled(number: u64, base: u64, units: &[&str]) -> String {
    let (mut whole, mut rest) = (number, 0);
    for (index, unit) in units.iter().enumerate() {
        if whole < base || index + 1 == units.len() {
            let tenth = rest * 10 / base;
            return if index > 0 && whole < 10 { format!("{whole}.{tenth}{unit}") } else { format!("{whole}{unit}") };
        }
        (whole, rest) = (whole / base, whole % base);
    }
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short() {
        let all = [0, 999, 1_000, 1_250, 35_499, 999_999, 4_100_000, u64::MAX].map(short);
        assert_eq!(all, ["0", "999", "1.0k", "1.2k", "35k", "999k", "4.1M", "18446744T"]);
    }

    #[test]
    fn rates_and_durations_are_short() {
        assert_eq!(
            [0, 4, 40, 820, 8_240, 350_000, 1_200_000].map(rate),
            ["0", "<0.01", "0.04", "0.82", "8.2", "350", "1.2k"]
        );
        assert_eq!([80, 1_250, 35_400, 2_450_000].map(micros), ["80 µs", "1.2 ms", "35 ms", "2.4 s"]);
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([0, 1_023, 1_536, 20_480, 5 << 30].map(bytes), ["0 B", "1023 B", "1.5 KiB", "20 KiB", "5.0 GiB"]);
    }
}
