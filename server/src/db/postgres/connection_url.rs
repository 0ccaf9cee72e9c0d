//! PostgreSQL connection URLs.

use std::net::IpAddr;

use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

/// Parses a URL. Also returns the path in `sslrootcert`, without reading the file. If the URL names a host that
/// may be another machine, TLS is required unless the URL contains `sslmode=disable`.
///
/// # Errors
/// The reason for refusing the URL. It contains no part of the password.
pub(in crate::db) fn parse(url: &str) -> Result<(Config, Option<String>), String> {
    let (plain, root_file) = split_url(url);
    let mut config: Config = plain.parse().map_err(|error| explain(&error))?;
    let has_host = config.get_hosts().iter().any(|host| !matches!(host, Host::Tcp(name) if name.is_empty()));
    if !has_host && config.get_hostaddrs().is_empty() {
        return Err("the URL names no host".to_owned());
    }
    if config.get_ssl_mode() == SslMode::Prefer && !is_local(&config) {
        config.ssl_mode(SslMode::Require);
    }
    Ok((config, root_file))
}

/// Returns whether all hosts are loopback addresses or Unix sockets. An address in `hostaddr` replaces the host's name.
fn is_local(config: &Config) -> bool {
    if !config.get_hostaddrs().is_empty() {
        return config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        Host::Unix(_) => true,
    })
}

/// Returns the reason for refusing a URL. Only the parser's message about an invalid value is used: it contains only a
/// parameter name from a fixed list. The other messages may contain part of the password.
fn explain(error: &tokio_postgres::Error) -> String {
    let message = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let name = message.strip_prefix("invalid value for option `").and_then(|rest| rest.strip_suffix('`'));
    match name {
        Some(name) => format!("the value of `{name}` is invalid"),
        None if message.starts_with("unknown option") => "a parameter is unknown".to_owned(),
        None => "it is not a PostgreSQL connection URL".to_owned(),
    }
}

/// Changes the parameters that libpq supports, but tokio-postgres does not. Removes `sslrootcert` and returns its path.
/// Replaces `sslmode=verify-…` with `sslmode=require`.
fn split_url(url: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut root_file = None;
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslrootcert", file)) => {
                root_file = url::form_urlencoded::parse(pair.as_bytes())
                    .next()
                    .map(|(_, decoded)| decoded.into_owned())
                    .or_else(|| Some(file.to_owned()));
            }
            Some(("sslmode", "verify-ca" | "verify-full")) => kept.push("sslmode=require"),
            _ => kept.push(pair),
        }
    }
    (format!("{base}?{}", kept.join("&")), root_file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_required_for_other_machines_unless_disabled() {
        for (url, expected) in [
            ("postgres://db.internal/doorward", SslMode::Require),
            ("postgres://10.0.0.7/doorward", SslMode::Require),
            ("postgres://db.internal/doorward?sslmode=prefer", SslMode::Require),
            ("postgres://db.internal/doorward?sslmode=verify-full", SslMode::Require),
            ("postgres://localhost,db.internal/doorward", SslMode::Require),
            ("postgres://localhost/doorward?hostaddr=10.0.0.7", SslMode::Require),
            ("postgres://localhost.example.com/doorward", SslMode::Require),
            ("postgres://db.internal/doorward?sslmode=disable", SslMode::Disable),
            ("postgres://localhost/doorward", SslMode::Prefer),
            ("postgres://127.0.0.2:5433/doorward", SslMode::Prefer),
            ("postgres://[::1]/doorward", SslMode::Prefer),
            ("postgres://db.internal/doorward?hostaddr=127.0.0.1", SslMode::Prefer),
            ("postgres://%2Frun%2Fpostgresql/doorward", SslMode::Prefer),
            ("postgres://localhost/doorward?sslmode=require", SslMode::Require),
        ] {
            assert_eq!(parse(url).expect(url).0.get_ssl_mode(), expected, "{url}");
        }
    }
}
