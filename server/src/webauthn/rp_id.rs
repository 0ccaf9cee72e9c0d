//! Finds the RP ID or AppID whose hash an authenticator has signed. Error messages name it.

use aws_lc_rs::digest;
use doorward_shared::Base64Url;
use url::Url;

/// Maximum number of domains whose hashes are computed for one host: the host itself and its parent domains.
const MAX_DOMAINS: usize = 8;

/// Returns the RP ID or U2F AppID whose SHA-256 hash is `hash`. Tries the hosts of `origins`, the parent domains of
/// these hosts, and the origins themselves, because an AppID can be an origin (WebAuthn §10.1.1). If nothing matches,
/// returns a description that contains `hash` in base64url.
pub(super) fn describe_hash(hash: &[u8], origins: &[String]) -> String {
    let is_hash_of = |text: &str| digest::digest(&digest::SHA256, text.as_bytes()).as_ref() == hash;
    for origin in origins {
        if is_hash_of(origin) {
            return format!("{origin} (a U2F AppID)");
        }
        let host = Url::parse(origin).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let mut domain = host.as_str();
        for _ in 0..MAX_DOMAINS {
            if !domain.is_empty() && is_hash_of(domain) {
                return domain.to_owned();
            }
            let Some((_, parent)) = domain.split_once('.') else { break };
            domain = parent;
        }
    }
    format!("an RP ID with the SHA-256 hash {}", Base64Url::encode(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rp_ids_of_the_origins_are_named() {
        let origins = ["android:apk-key-hash:a", "https://login.shop.example.com:8443"].map(str::to_owned);
        let describe = |text: &str| describe_hash(digest::digest(&digest::SHA256, text.as_bytes()).as_ref(), &origins);
        for domain in ["login.shop.example.com", "shop.example.com", "example.com", "com"] {
            assert_eq!(describe(domain), domain);
        }
        assert_eq!(describe(&origins[1]), "https://login.shop.example.com:8443 (a U2F AppID)");
        let other = describe("example.org");
        assert!(other.starts_with("an RP ID with the SHA-256 hash ") && !other.contains("example"), "{other}");
    }
}
