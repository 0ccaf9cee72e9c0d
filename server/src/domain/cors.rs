//! Origins of web pages that may call a tenant's public API.

use doorward_shared::{config::Cors, origin::SubdomainPattern};
use url::Url;

use super::origin::{has_wrong_host, is_registrable};

/// Allowed origins of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CorsRules {
    patterns: Vec<Pattern>,
}

/// A pattern of origins, in lowercase.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    /// `*`: every text, including texts such as `null` that are not origins.
    Everything,
    Exact(String),
    /// `https://*.example.com`: all subdomains of a domain.
    Subdomains(String),
    /// A pattern with wildcards at other positions: `*` matches any characters, `?` one character.
    Unsafe(String),
}

impl CorsRules {
    /// Creates the rules of a configuration. Invalid patterns are ignored.
    pub fn new(cors: &Cors) -> Self {
        let parse = |pattern: &String| Pattern::parse(pattern, cors.allow_unsafe_wildcard).ok();
        Self { patterns: cors.allowed_origins.iter().filter_map(parse).collect() }
    }

    /// Returns whether a page of this origin may call the API.
    pub fn allows(&self, origin: &str) -> bool {
        let origin = origin.to_lowercase();
        self.patterns.iter().any(|pattern| pattern.matches(&origin))
    }
}

/// Checks a pattern.
///
/// # Errors
/// A message that names the problem and a correction.
pub fn check(pattern: &str, allow_unsafe_wildcard: bool) -> Result<(), String> {
    Pattern::parse(pattern, allow_unsafe_wildcard).map(drop)
}

impl Pattern {
    fn parse(text: &str, allow_unsafe_wildcard: bool) -> Result<Self, String> {
        let lower = text.to_lowercase();
        if lower == "*" {
            return unless_unsafe(allow_unsafe_wildcard, Self::Everything, || {
                "`*` allows every web page; list the origins, or set allow_unsafe_wildcard".to_owned()
            });
        }
        let Some((scheme, rest)) = lower.split_once("://") else {
            return Err(format!("`{text}` must start with https:// or another scheme"));
        };
        let scheme_chars = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        if scheme.is_empty() || !scheme.chars().all(scheme_chars) {
            return Err(format!("`{text}` must have a scheme without wildcards"));
        }
        if rest.ends_with('/') {
            return Err(format!("`{text}` has a trailing slash; write `{}`", text.trim_end_matches('/')));
        }
        if rest.is_empty() || rest.contains(['/', '\\', '@', '#']) || rest.contains(char::is_whitespace) {
            return Err(format!("`{text}` must be only scheme, host and port"));
        }
        if !rest.contains(['*', '?']) {
            return exact(text, lower);
        }
        let pattern = SubdomainPattern::split(&lower);
        if let Some((pattern, domain)) = pattern.and_then(|pattern| Some((pattern, pattern.domain()?))) {
            if is_registrable(domain) {
                // The text after `*.` is checked like an origin. For example, it must not contain the default port.
                exact(text, format!("{scheme}://{}", pattern.parent))?;
                return Ok(Self::Subdomains(lower));
            }
            return unless_unsafe(allow_unsafe_wildcard, Self::Unsafe(lower.clone()), || {
                format!(
                    "`{text}` matches domains of strangers, because anybody can register a name under `{domain}`; \
                     write a domain that you own after `*.`, or set allow_unsafe_wildcard"
                )
            });
        }
        unless_unsafe(allow_unsafe_wildcard, Self::Unsafe(lower.clone()), || {
            format!(
                "`{text}` may match hosts of strangers; a `*` must be the whole beginning of the host, before the domain, \
                 as in `{scheme}://*.example.com`; list the origins, or set allow_unsafe_wildcard"
            )
        })
    }

    fn matches(&self, origin: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Exact(allowed) => allowed == origin,
            Self::Subdomains(pattern) => SubdomainPattern::split(pattern).is_some_and(|it| it.matches(origin)),
            Self::Unsafe(pattern) => is_origin(origin) && matches(pattern.as_bytes(), origin.as_bytes()),
        }
    }
}

fn unless_unsafe(allowed: bool, pattern: Pattern, refusal: impl FnOnce() -> String) -> Result<Pattern, String> {
    if allowed { Ok(pattern) } else { Err(refusal()) }
}

/// Creates the pattern of one origin. Browsers leave out the default port, so a pattern that contains it never matches.
fn exact(text: &str, lower: String) -> Result<Pattern, String> {
    let Ok(url) = Url::parse(&lower) else { return Err(format!("`{text}` is not an origin")) };
    let canonical = url.origin().ascii_serialization();
    // The URL standard serialises the origins of most schemes, such as `capacitor:`, as `null`. Such origins are
    // compared as text.
    if canonical != "null" && canonical != lower {
        return Err(format!("`{text}` never matches: browsers send `{canonical}`"));
    }
    if has_wrong_host(&url) {
        return Err(format!("`{text}` never matches: a host consists of names of letters, digits and `-`"));
    }
    if url.port() == Some(0) {
        return Err(format!("`{text}` never matches: no server has port 0"));
    }
    Ok(Pattern::Exact(lower))
}

/// Returns whether the text consists only of scheme, host and port, so that `*` cannot match a user name, a path or a
/// query.
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '\\', '@', '?', '#']))
}

/// Returns whether the text matches the pattern: `*` matches any bytes, `?` one byte. After a mismatch, only the
/// nearest preceding `*` is tried again, so the time is at most proportional to the length of the pattern times the
/// length of the text.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(byte) if *byte == b'?' || text.get(seen) == Some(byte) => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star_at, star_seen)) = star else { return false };
                star = Some((star_at, star_seen + 1));
                at = star_at + 1;
                seen = star_seen + 1;
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(pattern: &str, allow_unsafe_wildcard: bool) -> CorsRules {
        CorsRules::new(&Cors { allowed_origins: vec![pattern.to_owned()], allow_unsafe_wildcard })
    }

    fn allows(pattern: &str, origin: &str) -> bool {
        rules(pattern, false).allows(origin)
    }

    #[test]
    fn origins_match_exactly() {
        assert!(allows("https://example.com", "https://example.com"));
        assert!(allows("https://Example.com", "https://example.com"));
        assert!(allows("capacitor://localhost", "capacitor://localhost"));
        assert!(allows("http://[::1]:8080", "http://[::1]:8080"));
        assert!(!allows("https://example.com", "https://example.com.evil.com"));
        assert!(!allows("https://example.com", "http://example.com"));
    }

    #[test]
    fn wildcard_matches_whole_leftmost_labels() {
        assert!(allows("https://*.example.com", "https://app.example.com"));
        assert!(allows("https://*.example.com", "https://a.b.example.com"));
        assert!(allows("https://*.app.example.co.uk:8443", "https://a.app.example.co.uk:8443"));
        assert!(allows("http://*.localhost:3000", "http://shop.localhost:3000"));
        for origin in [
            "https://example.com",
            "https://.example.com",
            "https://evilexample.com",
            "https://a.example.com:8443",
            "http://a.example.com",
            "https://evil.com/.example.com",
            "https://evil.com?.example.com",
            "https://evil.com:1.example.com",
            "https://user@a.example.com",
            "null",
        ] {
            assert!(!allows("https://*.example.com", origin), "{origin}");
        }
    }

    #[test]
    fn patterns_that_match_foreign_domains_need_the_unsafe_setting() {
        for (pattern, stranger) in [
            ("*", "https://evil.com"),
            ("https://*", "https://evil.com"),
            ("https://*example.com", "https://evilexample.com"),
            ("https://*.co.uk", "https://evil.co.uk"),
            ("https://*.com", "https://evil.com"),
            ("https://*.github.io", "https://evil.github.io"),
            ("https://*a*", "https://evila.com"),
            ("https://example.*", "https://example.evil"),
            ("https://*.*.example.com", "https://a.b.example.com"),
            ("https://*.0.0.1", "https://10.0.0.1"),
            ("https://*.intranet", "https://a.intranet"),
            ("http://localhost:808?", "http://localhost:8081"),
            ("https://a?c.com", "https://abc.com"),
        ] {
            assert!(check(pattern, false).is_err(), "{pattern}");
            assert!(!rules(pattern, false).allows(stranger), "{pattern}");
            assert_eq!(check(pattern, true), Ok(()), "{pattern}");
            assert!(rules(pattern, true).allows(stranger), "{pattern}");
        }
        assert!(!rules("https://*", true).allows("null"));
    }

    #[test]
    fn origins_that_never_match_are_refused() {
        for (pattern, correction) in [
            ("https://example.com:443", "`https://example.com`"),
            ("https://*.example.com:443", "`https://example.com`"),
            ("https://ex%61mple.com", "`https://example.com`"),
            ("https://a..example.com", "letters"),
            ("https://{tenant}.example.com", "letters"),
            ("https://example.com:0", "port 0"),
            ("https://example.com/", "write `https://example.com`"),
        ] {
            let problem = check(pattern, true).expect_err(pattern);
            assert!(problem.contains(correction), "{problem}");
        }
    }
}
