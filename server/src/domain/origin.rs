//! Origins of web pages, apps and browser extensions.

use doorward_shared::origin::{SubdomainPattern, is_label};
use url::Url;

/// Prefix of the origins of Android apps.
pub const ANDROID_APP: &str = "android:apk-key-hash:";

/// Returns whether a list of origins and patterns accepts an origin. Web origins must be canonical. Origins are
/// compared byte for byte; a pattern accepts the subdomains of its parent domain.
pub fn accepts(listed: &[String], origin: &str) -> bool {
    is_canonical(origin)
        && listed.iter().any(|listed| match SubdomainPattern::split(listed) {
            Some(pattern) => pattern.matches(origin),
            None => listed == origin,
        })
}

/// Returns whether a text is an origin as browsers serialise it. Origins of apps and extensions have no canonical form;
/// for these, returns `true`.
fn is_canonical(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let origin = url.origin();
        !origin.is_tuple() || origin.ascii_serialization() == text
    })
}

/// Returns whether a URL's host cannot occur in an origin, because it contains an empty label or an invalid character.
pub fn has_wrong_host(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(domain)) => !domain.split('.').all(is_label),
        _ => false,
    }
}

/// Returns whether all subdomains of a domain have the same owner. Returns `false` for public suffixes such as `co.uk`.
pub fn is_registrable(domain: &str) -> bool {
    let is_address = domain.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    domain == "localhost" || domain.ends_with(".localhost") || (!is_address && psl::domain_str(domain).is_some())
}

/// Returns whether a host is the domain or a subdomain of it.
pub fn is_within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(listed: &str, origin: &str) -> bool {
        accepts(&[listed.to_owned()], origin)
    }

    #[test]
    fn pattern_accepts_only_whole_labels_in_canonical_form() {
        let pattern = "https://*.example.com";
        assert!(accepted(pattern, "https://app.example.com"));
        assert!(accepted(pattern, "https://a.b.example.com"));
        assert!(accepted("https://*.example.com:8443", "https://app.example.com:8443"));
        assert!(accepted("http://*.localhost:3000", "http://app.localhost:3000"));
        for origin in [
            "https://example.com",
            "https://.example.com",
            "https://*.example.com",
            "https://badexample.com",
            "https://APP.example.com",
            "https://app.example.com:443",
            "https://app.example.com:8443",
            "https://app.example.com.",
            "https://app.example.com/",
            "http://app.example.com",
            "https://evil.test/.example.com",
            "https://evil.test#.example.com",
            "https://evil.test:1.example.com",
            "https://user@app.example.com",
            "https://app.example.com.evil.test",
            "https://ap%70.example.com",
            "https:// app.example.com",
            "null",
            "",
        ] {
            assert!(!accepted(pattern, origin), "{origin:?}");
        }
    }

    #[test]
    fn other_origins_are_compared_byte_for_byte() {
        let app = "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck";
        let chrome = "chrome-extension://mabekielmoibbmlepeohhncklpnjmcpk";
        for origin in ["https://example.com", app, chrome] {
            assert!(accepted(origin, origin));
            assert!(!accepted(origin, &origin.to_uppercase()));
            assert!(!accepted(origin, &format!("{origin}/")));
        }
    }
}
