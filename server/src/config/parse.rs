//! Texts of settings and of command-line arguments. Each answers `None` for a text it does not take.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use tracing_subscriber::EnvFilter;

use super::LogFormat;

/// An address with its port.
#[must_use]
pub fn address(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

/// A file or folder.
#[must_use]
pub fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
}

/// A number between two others, both included.
#[must_use]
pub fn number(text: &str, least: usize, most: usize) -> Option<usize> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

/// A number from 1, or `auto` (`None`).
#[must_use]
pub fn auto(text: &str, most: usize) -> Option<Option<usize>> {
    if text == "auto" { Some(None) } else { number(text, 1, most).map(Some) }
}

/// Requests a minute, or `off` (`None`).
#[must_use]
pub fn rate(text: &str) -> Option<Option<u32>> {
    if text == "off" { Some(None) } else { text.parse().ok().filter(|&rate| rate > 0).map(Some) }
}

/// Days, or `forever` (`None`).
#[must_use]
pub fn days(text: &str) -> Option<Option<u32>> {
    if text == "forever" { Some(None) } else { text.parse().ok().filter(|&days| days > 0).map(Some) }
}

/// A name of 1 to 256 characters.
#[must_use]
pub fn name(text: &str) -> Option<String> {
    (1..=256).contains(&text.chars().count()).then(|| text.to_owned())
}

/// How log lines look.
#[must_use]
pub fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "json" => Some(LogFormat::Json),
        "text" => Some(LogFormat::Text),
        _ => None,
    }
}

/// What is worth a log line.
#[must_use]
pub fn level(text: &str) -> Option<String> {
    // A single word is a level; the filter would take a misspelt one for the name of a module.
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let known = text.split(',').all(|directive| {
        let level = directive.rsplit('=').next().unwrap_or_default().trim();
        LEVELS.contains(&level)
    });
    (known && EnvFilter::builder().parse(text).is_ok()).then(|| text.to_owned())
}

/// Bytes: a number, or one followed by `KiB` or `MiB`; from 1 KiB to 64 MiB.
#[must_use]
pub fn size(text: &str) -> Option<usize> {
    let (digits, unit) = split_unit(text);
    let factor = match unit {
        "" | "B" => 1,
        "KiB" => 1024,
        "MiB" => 1024 * 1024,
        _ => return None,
    };
    let bytes = digits.parse::<usize>().ok()?.checked_mul(factor)?;
    (1024..=64 * 1024 * 1024).contains(&bytes).then_some(bytes)
}

/// A duration: a number followed by `ms`, `s`, `m`, `h` or `d`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = split_unit(text);
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(millis).map(Duration::from_millis)
}

/// A duration from 10 ms to an hour.
#[must_use]
pub fn timeout(text: &str) -> Option<Duration> {
    duration(text).filter(|time| (Duration::from_millis(10)..=Duration::from_secs(3600)).contains(time))
}

fn split_unit(text: &str) -> (&str, &str) {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (text.strip_suffix(unit).unwrap_or(text), unit.trim_start())
}
