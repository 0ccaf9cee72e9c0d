//! Location of a database: a SQLite file or a PostgreSQL URL.

use std::{fmt, path::PathBuf, str::FromStr};

use super::postgres::connection_url;

/// Reason for refusing a path that begins with `~`.
pub const HOME_NOT_EXPANDED: &str =
    "only shells replace `~` with the home folder: write the whole path, or `./~` for a folder of this name";

#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    /// A PostgreSQL connection URL. `Display` and `Debug` omit all parts that may contain a password.
    Postgres(String),
}

/// Error for a text that is not the location of a database. The message omits the text, which may contain a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    #[error("the path is empty")]
    Empty,
    #[error("remove the quotes")]
    Quoted,
    #[error("the scheme `{0}` is not supported")]
    Scheme(String),
    #[error("`{0}` must be followed by `://`")]
    Slashes(&'static str),
    #[error("key=value pairs are not supported")]
    KeyValue,
    #[error("a SQLite file must be on disk, and its path has no parameters")]
    SqliteParameters,
    #[error("a relative path that contains `:`, `@` or `=` must begin with `./`")]
    Ambiguous,
    #[error("{HOME_NOT_EXPANDED}")]
    Home,
    #[error("the path names a folder; add the name of the database file")]
    Folder,
    #[error("it must be empty if database.url names a SQLite file")]
    ListenWithSqlite,
    #[error("{0}")]
    Postgres(String),
}

/// Parses a path, `sqlite:PATH` or a PostgreSQL URL. Schemes are compared case-insensitively. Rejects a text that looks
/// like the address of a database server of another kind. SQLite would otherwise create a file with this name.
impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const QUOTES: [char; 3] = ['"', '\'', '`'];
        if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
            return Err(DatabaseUrlError::Quoted);
        }
        if let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
            let rest_of_url = rest.strip_prefix("//");
            return match (scheme.to_ascii_lowercase().as_str(), rest_of_url) {
                (scheme @ ("postgres" | "postgresql"), Some(rest)) => postgres_url(format!("{scheme}://{rest}")),
                ("postgres", None) => Err(DatabaseUrlError::Slashes("postgres")),
                ("postgresql", None) => Err(DatabaseUrlError::Slashes("postgresql")),
                ("sqlite", _) => sqlite_url(rest_of_url.unwrap_or(rest)),
                (scheme, Some(_)) => Err(DatabaseUrlError::Scheme(scheme.to_owned())),
                // The error omits the text before the colon, because this text may be a user name or a part of a
                // password.
                (_, None) => Err(DatabaseUrlError::Ambiguous),
            };
        }
        let has_pairs = text.split_whitespace().any(|word| word.split_once('=').is_some_and(|(key, _)| is_key(key)));
        if has_pairs {
            return Err(DatabaseUrlError::KeyValue);
        }
        if !text.starts_with(['/', '.']) && text.contains([':', '@', '=']) {
            return Err(DatabaseUrlError::Ambiguous);
        }
        path(text)
    }
}

fn sqlite_url(rest: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
    if rest.starts_with(':') || rest.contains('?') { Err(DatabaseUrlError::SqliteParameters) } else { path(rest) }
}

fn postgres_url(url: String) -> Result<DatabaseUrl, DatabaseUrlError> {
    connection_url::parse(&url).map_err(DatabaseUrlError::Postgres)?;
    Ok(DatabaseUrl::Postgres(url))
}

fn path(text: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
    match text {
        "" => Err(DatabaseUrlError::Empty),
        _ if text == "~" || text.starts_with("~/") => Err(DatabaseUrlError::Home),
        _ if text.ends_with('/') => Err(DatabaseUrlError::Folder),
        _ => Ok(DatabaseUrl::Sqlite(PathBuf::from(text))),
    }
}

/// Returns whether the text has the form of a scheme (RFC 3986 §3.1, but `_` is also allowed).
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|symbol| symbol.is_ascii_alphanumeric() || matches!(symbol, '+' | '-' | '.' | '_'))
}

/// Returns whether a word is a parameter of a PostgreSQL connection string that consists of `key=value` pairs.
fn is_key(word: &str) -> bool {
    ["host", "hostaddr", "port", "user", "password", "dbname", "sslmode", "service", "passfile"].contains(&word)
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                // User information and parameters are omitted, because they may contain a password.
                let rest = url.split_once("://").map_or("", |(_, rest)| rest);
                let rest = rest.split(['?', '#']).next().unwrap_or_default();
                let location = rest.rsplit_once('@').map_or(rest, |(_, location)| location);
                write!(f, "postgres://{location}")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_urls_are_recognised() {
        for (text, expected) in [
            ("doorward.db", "sqlite:doorward.db"),
            ("./data/doorward.db", "sqlite:./data/doorward.db"),
            ("/srv/a=b@c:d/doorward.db", "sqlite:/srv/a=b@c:d/doorward.db"),
            ("./a:b.db", "sqlite:./a:b.db"),
            ("sqlite:doorward.db", "sqlite:doorward.db"),
            ("sqlite:///srv/doorward.db", "sqlite:/srv/doorward.db"),
            ("SQLite:doorward.db", "sqlite:doorward.db"),
            ("postgres://u:secret@db:5432/doorward?sslmode=require", "postgres://db:5432/doorward"),
            ("Postgres://u:secret@db/doorward", "postgres://db/doorward"),
            ("POSTGRESQL://db/doorward", "postgres://db/doorward"),
        ] {
            assert_eq!(text.parse::<DatabaseUrl>().unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn rejections_of_other_databases_omit_the_password() {
        for (text, reason) in [
            ("", "the path is empty"),
            ("sqlite:", "the path is empty"),
            ("\"postgres://u:secret@db/doorward\"", "remove the quotes"),
            ("'postgres://u:secret@db/doorward'", "remove the quotes"),
            ("mysql://u:secret@db/doorward", "the scheme `mysql` is not supported"),
            ("postgresql+asyncpg://u:secret@db/doorward", "the scheme `postgresql+asyncpg` is not supported"),
            ("file:///srv/doorward.db", "the scheme `file` is not supported"),
            ("host=db user=u password=secret", "key=value pairs are not supported"),
            ("/run/postgresql user=u password=secret", "key=value pairs are not supported"),
            ("postgres:secret@db", "`postgres` must be followed by `://`"),
            ("PostgreSQL:/u:secret@db", "`postgresql` must be followed by `://`"),
            ("u:secret@db/doorward", "must begin with `./`"),
            ("u@db/doorward", "must begin with `./`"),
            (":secret@db", "must begin with `./`"),
            ("sqlite::memory:", "must be on disk"),
            ("~/doorward.db", "only shells replace `~`"),
            ("sqlite:~/doorward.db", "only shells replace `~`"),
            ("/srv/doorward/", "names a folder"),
            ("postgres://", "names no host"),
            ("postgres:///doorward?user=secret", "names no host"),
            ("postgres://u:secret@db:port/doorward", "the value of `port` is invalid"),
            ("postgres://u:secret@db/doorward?sslmode=always", "the value of `sslmode` is invalid"),
            ("postgres://u:secret@db/doorward?secret=1", "a parameter is unknown"),
            ("postgres://u:secret%@db/doorward?connect_timeout=x", "the value of `connect_timeout` is invalid"),
            ("sqlite://doorward.db?mode=rwc", "has no parameters"),
        ] {
            let error = text.parse::<DatabaseUrl>().unwrap_err().to_string();
            assert!(error.contains(reason) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
