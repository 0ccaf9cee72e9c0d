//! PostgreSQL connection URLs.

use tokio_postgres::{Config, config::Host};

/// Parses a URL. Also returns the path in `sslrootcert`, without reading the file.
///
/// # Errors
/// The reason for refusing the URL, without parts of the password.
pub(in crate::db) fn parse(url: &str) -> Result<(Config, Option<String>), String> {
    let (plain, root_file) = split_url(url);
    let config: Config = plain.parse().map_err(|error| explain(&error))?;
    let has_host = config.get_hosts().iter().any(|host| !matches!(host, Host::Tcp(name) if name.is_empty()));
    if !has_host && config.get_hostaddrs().is_empty() {
        return Err("the URL names no host".to_owned());
    }
    Ok((config, root_file))
}

/// Returns the reason for refusing a URL. Of the parser's messages, only the one about an invalid value is used, which
/// contains a name from a fixed list. The others may contain part of the password.
fn explain(error: &tokio_postgres::Error) -> String {
    let message = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let name = message.strip_prefix("invalid value for option `").and_then(|rest| rest.strip_suffix('`'));
    match name {
        Some(name) => format!("the value of `{name}` is invalid"),
        None if message.starts_with("unknown option") => "a parameter is unknown".to_owned(),
        None => "it is not a PostgreSQL connection URL".to_owned(),
    }
}

/// Removes the libpq parameters that tokio-postgres does not support. Returns the path in `sslrootcert`, and replaces
/// `sslmode=verify-…` by `sslmode=require`.
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
