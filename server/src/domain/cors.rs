//! Origins of web pages that may call a tenant's public API.

use doorward_shared::config::Cors;

/// Allowed origins of a tenant, in lowercase.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CorsRules {
    patterns: Vec<String>,
}

impl CorsRules {
    /// Creates the rules of a configuration. A bare `*` is ignored without `allow_unsafe_wildcard`.
    pub fn new(cors: &Cors) -> Self {
        let allowed = |pattern: &&String| pattern.as_str() != "*" || cors.allow_unsafe_wildcard;
        Self { patterns: cors.allowed_origins.iter().filter(allowed).map(|pattern| pattern.to_lowercase()).collect() }
    }

    /// Returns whether a page of this origin may call the API. Only a bare `*` matches non-origins such as `null`.
    pub fn allows(&self, origin: &str) -> bool {
        let origin = origin.to_lowercase();
        let is_origin = is_origin(&origin);
        let matches_pattern = |pattern: &String| is_origin && matches(pattern.as_bytes(), origin.as_bytes());
        self.patterns.iter().any(|pattern| pattern == "*" || matches_pattern(pattern))
    }
}

/// Returns whether the text consists only of scheme, host and port, so that `*` cannot match anything but a host.
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '\\', '@', '?', '#']))
}

/// Returns whether the text matches the pattern: `*` matches any bytes, `?` one byte. A mismatch retries only the last
/// `*`, so the time is linear in the text for each `*`.
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

    fn allows(pattern: &str, origin: &str) -> bool {
        let cors = Cors { allowed_origins: vec![pattern.to_owned()], allow_unsafe_wildcard: false };
        CorsRules::new(&cors).allows(origin)
    }

    #[test]
    fn patterns_match_hosts_and_ports() {
        assert!(allows("https://example.com", "https://example.com"));
        assert!(allows("https://*.example.com", "https://app.example.com"));
        assert!(allows("https://*.example.com", "https://a.b.example.com"));
        assert!(allows("http://localhost:808?", "http://localhost:8080"));
        assert!(!allows("https://*.example.com", "https://example.com"));
        assert!(!allows("https://*.example.com", "https://evil.com/.example.com"));
        assert!(!allows("https://*.example.com", "https://evil.com?.example.com"));
        assert!(!allows("https://example.com", "https://example.com.evil.com"));
        assert!(!allows("https://example.com", "http://example.com"));
        assert!(!allows("https://a?c.com", "https://ac.com"));
    }

    #[test]
    fn bare_wildcard_requires_the_unsafe_setting() {
        assert!(!allows("*", "https://example.com"));
        let cors = Cors { allowed_origins: vec!["*".to_owned()], allow_unsafe_wildcard: true };
        assert!(CorsRules::new(&cors).allows("https://example.com"));
    }
}
