//! Targets of audit forwarding.

use std::{fmt, path::PathBuf, str::FromStr};

use url::{Host, Url};

/// A receiver of audit entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardTarget {
    Stdout,
    /// A file, by its absolute path.
    File(PathBuf),
    /// An HTTPS endpoint.
    Webhook(Url),
}

impl ForwardTarget {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::File(_) => "file",
            Self::Webhook(_) => "webhook",
        }
    }
}

impl FromStr for ForwardTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "stdout" {
            return Ok(Self::Stdout);
        }
        if let Some(path) = text.strip_prefix("file:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() { Ok(Self::File(path)) } else { Err(format!("{text:?} is not absolute")) };
        }
        if !text.starts_with("https://") {
            return Err(format!("{text:?} does not begin with https://, file: or stdout"));
        }
        let url: Url = text.parse().map_err(|error| format!("{text:?}: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL contains a user name: requests are signed instead".to_owned());
        }
        if url.fragment().is_some() || url.host().is_none_or(|host| host == Host::Domain("")) {
            return Err(format!("{text:?} has a fragment or no host"));
        }
        Ok(Self::Webhook(url))
    }
}

/// Prints the target as in the setting `audit.forward`. This text identifies the target: a different text means a
/// different target.
impl fmt::Display for ForwardTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Webhook(url) => url.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ForwardTarget;

    #[test]
    fn targets_are_parsed_and_printed() {
        for (text, kind) in
            [("stdout", "stdout"), ("file:/var/log/audit.ndjson", "file"), ("https://siem.example.com/in", "webhook")]
        {
            let target: ForwardTarget = text.parse().unwrap();
            assert_eq!((target.to_string().as_str(), target.kind()), (text, kind));
        }
        for text in [
            "",
            "stderr",
            "file:audit.ndjson",
            "http://siem.example.com/in",
            "HTTPS://siem.example.com",
            "https://user:secret@siem.example.com/",
            "https://siem.example.com/#a",
            "https://",
        ] {
            let error = text.parse::<ForwardTarget>().unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
