//! Text of a database URL, which may contain a password.

use std::{convert::Infallible, fmt, str::FromStr};

/// The text of a path or a URL, before it is parsed. `Display` and `Debug` omit passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrlText(String);

impl DatabaseUrlText {
    pub const fn new(url: String) -> Self {
        Self(url)
    }

    /// Returns the whole text, including the password.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatabaseUrlText {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for DatabaseUrlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.as_str();
        let Some((scheme, rest)) = text.split_once("://") else {
            return f.write_str(if text.contains("password") { "…" } else { text });
        };
        // A password in the parameters may contain the characters that separate parameters, so everything after the
        // scheme is omitted.
        if rest.contains("password") {
            return write!(f, "{scheme}://…");
        }
        let (user, place) = rest.rsplit_once('@').map_or(("", rest), |(user, place)| (user, place));
        let place = place.split('?').next().unwrap_or_default();
        match user.split_once(':') {
            Some((name, _)) => write!(f, "{scheme}://{name}:…@{place}"),
            None if user.is_empty() => write!(f, "{scheme}://{place}"),
            None => write!(f, "{scheme}://{user}@{place}"),
        }
    }
}

impl fmt::Debug for DatabaseUrlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrlText({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrlText;

    #[test]
    fn passwords_are_not_printed() {
        for (url, printed) in [
            ("./data/doorward.db", "./data/doorward.db"),
            ("sqlite://data/doorward.db", "sqlite://data/doorward.db"),
            ("postgres://db.internal/doorward", "postgres://db.internal/doorward"),
            ("postgres://door@db/doorward", "postgres://door@db/doorward"),
            ("postgres://door:hunter2@db:5432/doorward", "postgres://door:…@db:5432/doorward"),
            ("postgres://door:hun@ter2@db/doorward", "postgres://door:…@db/doorward"),
            ("postgres://door:hunter2?@db/doorward", "postgres://door:…@db/doorward"),
            ("postgres://db/doorward?user=door&password=hunter2", "postgres://…"),
            ("postgres://door:hunter2@db/doorward?sslmode=require", "postgres://door:…@db/doorward"),
            ("host=db user=door password=hunter2", "…"),
        ] {
            let url = DatabaseUrlText::new(url.to_owned());
            assert_eq!(url.to_string(), printed);
            assert!(!format!("{url:?}").contains("hunter2"), "{url:?}");
        }
    }
}
