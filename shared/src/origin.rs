//! Patterns of origins in configurations.

/// A pattern of origins: scheme, `*.`, parent domain and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubdomainPattern<'a> {
    /// Text before `://`.
    pub scheme: &'a str,
    /// Text after `*.`: the parent domain, and the port if the pattern has one.
    pub parent: &'a str,
}

impl<'a> SubdomainPattern<'a> {
    /// Splits a text like `https://*.example.com:8443`. Returns `None` for texts of another form. The parent domain is
    /// not checked.
    #[must_use]
    pub fn split(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        Some(Self { scheme, parent: rest.strip_prefix("*.")? })
    }

    /// Returns whether an origin has the scheme and port of the pattern, and one or more labels before the pattern's
    /// parent domain.
    #[must_use]
    pub fn matches(self, origin: &str) -> bool {
        let host = origin.strip_prefix(self.scheme).and_then(|rest| rest.strip_prefix("://"));
        let labels = host.and_then(|host| host.strip_suffix(self.parent)).and_then(|rest| rest.strip_suffix('.'));
        labels.is_some_and(|labels| labels.split('.').all(is_label))
    }

    /// Returns the pattern without `*.`.
    #[must_use]
    pub fn base(self) -> String {
        format!("{}://{}", self.scheme, self.parent)
    }

    /// Returns the parent domain without its port; `None` if the text after `*.` is not a domain.
    #[must_use]
    pub fn domain(self) -> Option<&'a str> {
        let (domain, port) = self.parent.split_once(':').unwrap_or((self.parent, "1"));
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        (is_port && !domain.is_empty() && domain.split('.').all(is_label)).then_some(domain)
    }
}

/// Returns whether a text is a valid label: one of the parts of a host name that dots separate.
#[must_use]
pub fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_is_split_and_matches_whole_labels() {
        let pattern = SubdomainPattern::split("https://*.example.com:8443").unwrap();
        assert_eq!((pattern.base().as_str(), pattern.domain()), ("https://example.com:8443", Some("example.com")));
        assert!(pattern.matches("https://a.b.example.com:8443"));
        for origin in [
            "https://example.com:8443",
            "https://a.example.com",
            "https://aexample.com:8443",
            "https://a..example.com:8443",
        ] {
            assert!(!pattern.matches(origin), "{origin}");
        }
        for text in ["https://example.com", "https://*example.com", "*.example.com", "https://a.*.example.com", "*"] {
            assert_eq!(SubdomainPattern::split(text), None, "{text}");
        }
        for parent in ["*.example.com", "", "example.com:", "example.com:x", ".example.com", "[::1]"] {
            assert_eq!(SubdomainPattern::split(&format!("https://*.{parent}")).unwrap().domain(), None, "{parent}");
        }
    }
}
