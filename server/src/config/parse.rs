//! Parsers for the values of settings and command-line arguments. Each returns `None` or an error for an invalid value.

use std::{net::IpAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::log_format::LogFormat;
use crate::{
    db::{DatabaseUrl, HOME_NOT_EXPANDED},
    domain::{forward_target::ForwardTarget, listen_address::socket_path},
    traces::{Endpoint, EndpointError},
};

/// Maximum number of targets of audit forwarding. Each target has its own task.
const MAX_FORWARD_TARGETS: usize = 8;

const NO_SERVER_URL: &str = "it begins with none of http://, https:// and unix:";

/// Parses a path. A `~` at its beginning is refused, because only shells replace it with the home folder.
pub fn path(text: &str) -> Result<PathBuf, &'static str> {
    match text.strip_prefix('~') {
        _ if text.is_empty() => Err("the path is empty"),
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Err(HOME_NOT_EXPANDED),
        _ => Ok(PathBuf::from(text)),
    }
}

/// Like [`path`], but an empty text becomes `None`.
pub fn optional_path(text: &str) -> Result<Option<PathBuf>, &'static str> {
    if text.is_empty() { Ok(None) } else { path(text).map(Some) }
}

/// Parses a program with its arguments: a JSON array of strings, or words separated by spaces; an empty text becomes
/// `Some(None)`.
pub fn command(text: &str) -> Option<Option<Vec<String>>> {
    if text.is_empty() {
        return Some(None);
    }
    let words: Vec<String> = match text.starts_with('[') {
        true => serde_json::from_str(text).ok()?,
        false => text.split_whitespace().map(str::to_owned).collect(),
    };
    words.first().is_some_and(|program| !program.is_empty()).then_some(Some(words))
}

/// Parses a file descriptor other than standard output and standard error; an empty text becomes `Some(None)`.
pub fn descriptor(text: &str) -> Option<Option<u32>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().filter(|number| !matches!(number, 1 | 2)).map(Some) }
}

/// Parses a PostgreSQL URL; an empty text becomes `None`. The error does not contain the text, which may contain a
/// password.
pub fn optional_postgres_url(text: &str) -> Result<Option<DatabaseUrl>, String> {
    match text.parse() {
        _ if text.is_empty() => Ok(None),
        Ok(url @ DatabaseUrl::Postgres(_)) => Ok(Some(url)),
        Ok(DatabaseUrl::Sqlite(_)) => Err("it does not begin with postgres://".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Parses the URL of a collector; an empty text becomes `None`.
pub fn optional_endpoint(text: &str) -> Result<Option<Endpoint>, EndpointError> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// Parses a number from 0 to 1.
pub fn ratio(text: &str) -> Option<f64> {
    text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
}

/// Parses a number in a range; both ends are included.
pub fn number(text: &str, least: usize, most: usize) -> Option<usize> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

/// Parses a number in a range, or the word `auto`, for which it returns `Some(None)`.
pub fn auto(text: &str, range: RangeInclusive<usize>) -> Option<Option<usize>> {
    if text == "auto" { Some(None) } else { number(text, *range.start(), *range.end()).map(Some) }
}

/// Parses a positive number of requests per minute; `off` becomes `Some(None)`.
pub fn rate(text: &str) -> Option<Option<u32>> {
    if text == "off" { Some(None) } else { text.parse().ok().filter(|&rate| rate > 0).map(Some) }
}

/// Parses a positive number of days; `forever` becomes `Some(None)`.
pub fn days(text: &str) -> Option<Option<u32>> {
    if text == "forever" { Some(None) } else { text.parse().ok().filter(|&days| days > 0).map(Some) }
}

/// Parses an age in whole days, from `1d` to `3650d`, and returns the number of days; `off` becomes `Some(None)`.
pub fn age(text: &str) -> Option<Option<u32>> {
    if text == "off" {
        return Some(None);
    }
    text.strip_suffix('d')?.trim_end().parse().ok().filter(|days| (1..=3650).contains(days)).map(Some)
}

/// Parses a name of 1 to 256 characters without control characters.
pub fn name(text: &str) -> Option<String> {
    let fits = (1..=256).contains(&text.chars().count()) && !text.contains(char::is_control);
    fits.then(|| text.to_owned())
}

pub fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "json" => Some(LogFormat::Json),
        "text" => Some(LogFormat::Text),
        _ => None,
    }
}

/// Parses a log level, or the directives of a log filter.
pub fn level(text: &str) -> Option<String> {
    // Levels are checked here, because the log filter treats a misspelt level as the name of a module.
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let known = text.split(',').all(|directive| {
        let level = directive.rsplit('=').next().unwrap_or_default().trim();
        LEVELS.contains(&level)
    });
    (known && EnvFilter::builder().parse(text).is_ok()).then(|| text.to_owned())
}

/// Parses a size in bytes, KiB or MiB, from 1 KiB to 64 MiB.
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

/// Parses a duration: a number followed by `ms`, `s`, `m`, `h` or `d`.
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

/// Parses a duration from 10 ms to one hour.
pub fn timeout(text: &str) -> Option<Duration> {
    duration(text).filter(|time| (Duration::from_millis(10)..=Duration::from_secs(3600)).contains(time))
}

/// Parses a duration from zero to one hour.
pub fn pause(text: &str) -> Option<Duration> {
    duration(text).filter(|time| *time <= Duration::from_secs(3600))
}

/// Parses a comma-separated list of targets of audit forwarding; an empty text is an empty list.
///
/// # Errors
/// The reason why an item is not acceptable.
pub fn forward_targets(text: &str) -> Result<Vec<ForwardTarget>, String> {
    let mut targets: Vec<ForwardTarget> = Vec::new();
    for item in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
        let target = item.parse()?;
        if targets.contains(&target) {
            return Err(format!("{item:?} is listed twice"));
        }
        targets.push(target);
    }
    if targets.len() > MAX_FORWARD_TARGETS { Err(format!("there are {}", targets.len())) } else { Ok(targets) }
}

/// Parses the address of a server as its clients use it: an HTTP URL, or `unix:` and the path of a socket.
pub fn server_url(text: &str) -> Result<String, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return socket_path(path).map(|path| format!("unix:{}", path.display()));
    }
    let url: Url = text.parse().map_err(|_| NO_SERVER_URL)?;
    if matches!(url.scheme(), "http" | "https") { Ok(url.into()) } else { Err(NO_SERVER_URL.to_owned()) }
}

/// Like [`server_url`], but an empty text becomes `None`.
pub fn optional_server_url(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() { Ok(None) } else { server_url(text).map(Some) }
}

/// Parses a duration from one second to 365 days; `off` becomes `Some(None)`.
pub fn interval(text: &str) -> Option<Option<Duration>> {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    let in_range = |time: &Duration| (Duration::from_secs(1)..=YEAR).contains(time);
    if text == "off" { Some(None) } else { duration(text).filter(in_range).map(Some) }
}

/// Parses a comma-separated list of addresses and networks in CIDR notation (RFC 4632); an empty text is an empty list.
///
/// # Errors
/// A text that names the first invalid item.
pub fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let read = |item: &str| network(item).ok_or_else(|| format!("{item:?} is neither an address nor a network"));
    text.split(',').map(|item| read(item.trim())).collect()
}

fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse()).ok()
}

fn split_unit(text: &str) -> (&str, &str) {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (text.strip_suffix(unit).unwrap_or(text), unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_the_addresses_with_their_prefix() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.0"),
            ("192.168.1.77/24", "192.168.1.1", "192.168.2.1"),
            ("10.0.0.1", "10.0.0.1", "10.0.0.2"),
            ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("::/0", "2001:db8::1", "203.0.113.9"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("fd00::1", "fd00::1", "fd00::2"),
        ] {
            let parsed = networks(network).unwrap();
            assert!(parsed[0].contains(&inside.parse::<IpAddr>().unwrap()), "{inside} in {network}");
            assert!(!parsed[0].contains(&outside.parse::<IpAddr>().unwrap()), "{outside} in {network}");
        }
    }

    #[test]
    fn invalid_networks_are_rejected() {
        for text in ["localhost", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8"] {
            let reason = networks(&format!("10.0.0.1, {text}")).unwrap_err();
            assert_eq!(reason, format!("{text:?} is neither an address nor a network"));
        }
        assert_eq!(networks(""), Ok(vec![]));
        assert_eq!(networks("10.0.0.1, fd00::/8").unwrap().len(), 2);
        assert!(networks("10.0.0.1,,10.0.0.2").is_err());
    }

    #[test]
    fn home_folder_of_a_shell_is_rejected() {
        for text in ["~", "~/data"] {
            assert_eq!(path(text), Err(HOME_NOT_EXPANDED));
        }
        for text in ["./~/data", "~data", "/srv/~"] {
            assert_eq!(path(text), Ok(PathBuf::from(text)));
        }
    }
}
