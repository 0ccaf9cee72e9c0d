//! Rules for the relying party: RP ID and origins.

use doorward_shared::{
    Base64Url,
    config::RelyingParty,
    origin::{SubdomainPattern, is_label},
};
use url::{Host, Url};
use uuid::Uuid;

use super::found::{MAX_ORIGINS, Message, Problems, short_origin};
use crate::domain::origin::{ANDROID_APP, has_wrong_host, is_registrable, is_within};

/// Maximum length of an icon's URL in bytes.
const MAX_ICON_BYTES: usize = 2048;

/// Function that checks an origin. Its arguments are the origin and the RP ID.
type Rule = fn(&str, &str) -> Result<(), Message>;

/// Checks the relying party. Returns the refused origins.
pub(super) fn check<'a>(found: &mut Problems, rp: &'a RelyingParty) -> Vec<&'a String> {
    found.add("webauthn.relying_party.id", rp_id(&rp.id));
    if rp.display_name.trim().is_empty() || rp.display_name.chars().count() > 128 {
        found.add("webauthn.relying_party.display_name", Err("must have 1 to 128 characters".to_owned()));
    }
    let is_icon = |icon: &str| icon.is_empty() || (icon.len() <= MAX_ICON_BYTES && Url::parse(icon).is_ok());
    if !rp.icon.as_deref().is_none_or(is_icon) {
        let message = format!("must be an absolute URL of at most {MAX_ICON_BYTES} bytes");
        found.add("webauthn.relying_party.icon", Err(message));
    }
    found.add("webauthn.relying_party.origins", number_of_origins(rp));
    let lists: [(&str, &Vec<String>, Rule); 3] = [
        ("origins", &rp.origins, origin),
        ("related_origins", &rp.related_origins, related_origin),
        ("top_origins", &rp.top_origins, top_origin),
    ];
    let mut refused = Vec::new();
    for (name, list, rule) in lists {
        for (index, text) in list.iter().take(MAX_ORIGINS).enumerate() {
            let checked = short_origin(text).and_then(|()| rule(text, &rp.id));
            if checked.is_err() {
                refused.push(text);
            }
            found.add(format!("webauthn.relying_party.{name}[{index}]"), checked);
        }
    }
    refused
}

/// Checks the number of origins. The limit applies to all lists together, because every challenge contains the origins
/// of all lists.
fn number_of_origins(rp: &RelyingParty) -> Result<(), Message> {
    let others = rp.related_origins.len() + rp.top_origins.len();
    if rp.origins.is_empty() || rp.origins.len() > MAX_ORIGINS {
        return Err(format!("must name 1 to {MAX_ORIGINS} origins, such as https://{}", rp.id));
    }
    if rp.origins.len() + others > MAX_ORIGINS {
        return Err(format!("at most {MAX_ORIGINS} are allowed together with `related_origins` and `top_origins`"));
    }
    Ok(())
}

/// Checks an RP ID: it must be a domain, and not a public suffix (WebAuthn §5.1.3).
fn rp_id(id: &str) -> Result<(), Message> {
    if id.contains("://") || id.contains('/') || id.contains(':') {
        return Err(format!("`{id}` must be a domain without scheme, port or path, such as example.com"));
    }
    match Host::parse(id) {
        Ok(Host::Domain(domain)) if !domain.trim_end_matches('.').split('.').all(is_label) => {
            return Err(format!("`{id}` is not a domain: it consists of names of letters, digits and `-`, and dots"));
        }
        Ok(Host::Domain(domain)) if domain == id && !id.ends_with('.') => {}
        Ok(Host::Domain(domain)) => {
            return Err(format!("`{id}` is not in canonical form; write `{}`", domain.trim_end_matches('.')));
        }
        _ => return Err(format!("`{id}` is not a domain; an IP address cannot be an RP ID")),
    }
    // A name without dots, such as localhost or the name of an intranet host, is itself a registrable domain.
    if id.contains('.') && psl::domain_str(id).is_none() {
        return Err(format!("`{id}` is a public suffix; use the domain you registered under it"));
    }
    if !id.contains('.') && id != "localhost" && psl::suffix(id.as_bytes()).is_some_and(|suffix| suffix.is_known()) {
        return Err(format!("`{id}` is a top-level domain; use the domain you registered under it"));
    }
    Ok(())
}

/// Checks an entry of `origins`. It may be an origin in the RP ID's domain, a pattern of subdomains, or the origin of
/// an Android app or a browser extension.
fn origin(text: &str, rp_id: &str) -> Result<(), Message> {
    if let Some(hash) = text.strip_prefix(ANDROID_APP) {
        return match Base64Url::decode(hash) {
            Ok(bytes) if bytes.0.len() == 32 && !hash.ends_with('=') => Ok(()),
            _ => Err(format!("`{text}` must end with the base64url SHA-256 of the signing certificate")),
        };
    }
    if let Some(checked) = extension(text) {
        return checked;
    }
    let Some(pattern) = SubdomainPattern::split(text) else { return page_of_rp(text, rp_id) };
    page_of_rp(&pattern.base(), rp_id)?;
    if pattern.domain().is_some_and(is_registrable) {
        return Ok(());
    }
    Err(format!("`{text}` may match hosts of strangers; write a domain that you registered after `*.`"))
}

/// Checks the origin of a page whose host is the RP ID or a subdomain of it (WebAuthn §5.1.3).
fn page_of_rp(text: &str, rp_id: &str) -> Result<(), Message> {
    let url = page(text, rp_id)?;
    let host = url.host_str().unwrap_or_default();
    if !is_within(host, rp_id) {
        return Err(format!(
            "host `{host}` must be the RP ID `{rp_id}` or a subdomain of it; browsers accept other domains only as \
             `related_origins`"
        ));
    }
    secure(text, &url)
}

/// Checks a related origin: the host is neither the RP ID nor a subdomain of the RP ID, but pages of the origin may use
/// the RP ID (WebAuthn §5.11).
fn related_origin(text: &str, rp_id: &str) -> Result<(), Message> {
    let url = page(text, rp_id)?;
    if url.scheme() != "https" {
        return Err(format!("`{text}` must use https: browsers accept no other related origins"));
    }
    match url.host() {
        Some(Host::Domain(domain)) if is_within(domain, rp_id) => {
            Err(format!("`{text}` belongs to the RP ID `{rp_id}`; list it in `origins`"))
        }
        Some(Host::Domain(domain)) if psl::domain_str(domain).is_some() => Ok(()),
        _ => Err(format!("`{text}` never matches: browsers accept related origins only in registered domains")),
    }
}

/// Checks a top origin: the origin of a page that may contain ceremonies in a frame.
fn top_origin(text: &str, rp_id: &str) -> Result<(), Message> {
    extension(text).unwrap_or_else(|| secure(text, &page(text, rp_id)?))
}

/// Checks the origin of a browser extension. Returns `None` if the text is not such an origin.
fn extension(text: &str) -> Option<Result<(), Message>> {
    let (scheme, id) = text.split_once("://")?;
    let has_letters = |number: usize| id.len() == number && id.bytes().all(|byte| matches!(byte, b'a'..=b'p'));
    let is_uuid = id.len() == 36 && Uuid::try_parse(id).is_ok();
    let (is_valid, form) = match scheme {
        "chrome-extension" => (has_letters(32), "the id of the extension: 32 letters from a to p"),
        "moz-extension" => (has_letters(64) || is_uuid, "the hash of the extension's id: 64 letters from a to p"),
        "safari-web-extension" => (is_uuid, "a UUID"),
        _ => return None,
    };
    Some(if is_valid { Ok(()) } else { Err(format!("`{text}` must end with {form}")) })
}

/// Checks that a text is the origin of a web page as browsers send it.
fn page(text: &str, rp_id: &str) -> Result<Url, Message> {
    if let Some(symbol) = text.chars().find(|symbol| matches!(symbol, '*' | '?' | '{' | '}' | '%')) {
        return Err(format!(
            "`{text}` contains `{symbol}`; list each origin, such as https://{rp_id}, or in `origins` all subdomains of a \
             domain, such as https://*.{rp_id}"
        ));
    }
    let url = Url::parse(text)
        .map_err(|_| format!("`{text}` is not an origin; write scheme and host, such as https://{rp_id}"))?;
    if has_wrong_host(&url) {
        return Err(format!(
            "`{text}` never matches; write each origin as the browser sends it, such as https://{rp_id}"
        ));
    }
    if url.port() == Some(0) {
        return Err(format!("`{text}` never matches: no server has port 0; write the port of the web server"));
    }
    let canonical = url.origin().ascii_serialization();
    if !matches!(url.scheme(), "https" | "http") {
        return Err(format!(
            "`{text}` must start with https://, or in `origins` be the origin of an app (android:apk-key-hash:…) or an \
             extension (such as chrome-extension://…)"
        ));
    }
    if text != canonical {
        return Err(format!("`{text}` must be only scheme, host and port; write `{canonical}`"));
    }
    Ok(url)
}

fn secure(text: &str, url: &Url) -> Result<(), Message> {
    let host = url.host_str().unwrap_or_default();
    if url.scheme() == "http" && !is_within(host, "localhost") {
        return Err(format!("`{text}` must use https: browsers offer WebAuthn on http only for localhost"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "chrome-extension://mabekielmoibbmlepeohhncklpnjmcpk";
    const FIREFOX: &str = "moz-extension://ngpncaopklanhjklijieoihgbhbgknjjdklmlpagjoaobbpmknfgmhgghbadgoai";
    const UUID: &str = "7f3a2c1e-0000-4000-8000-000000000001";

    fn fields(change: impl FnOnce(&mut RelyingParty)) -> Vec<String> {
        let origins = vec!["https://example.com".to_owned()];
        let mut rp = RelyingParty::new("example.com".to_owned(), "Example".to_owned(), origins);
        change(&mut rp);
        let mut found = Problems::default();
        let refused = check(&mut found, &rp).len();
        let fields: Vec<String> = found.0.into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields.iter().filter(|field| field.ends_with(']')).count(), refused);
        fields
    }

    fn origin_is_accepted(rp_id: &str, text: &str) -> bool {
        origin(text, rp_id).is_ok()
    }

    #[test]
    fn patterns_match_only_subdomains_of_a_registered_domain() {
        for (rp_id, pattern) in [
            ("example.com", "https://*.example.com"),
            ("example.com", "https://*.apps.example.com:8443"),
            ("example.co.uk", "https://*.example.co.uk"),
            ("localhost", "http://*.localhost:3000"),
        ] {
            assert!(origin_is_accepted(rp_id, pattern), "{pattern}");
        }
        for (rp_id, pattern) in [
            ("example.com", "https://*"),
            ("example.com", "*"),
            ("example.com", "https://*example.com"),
            ("example.com", "https://*.*.example.com"),
            ("example.com", "https://a.*.example.com"),
            ("example.com", "https://?.example.com"),
            ("example.com", "https://*.com"),
            ("example.com", "https://*.example.org"),
            ("login.example.com", "https://*.example.com"),
            ("example.com", "http://*.example.com"),
            ("example.com", "https://*.example.com/"),
            ("example.com", "https://*.example.com:443"),
            ("example.com", "https://*.EXAMPLE.com"),
            ("example.com", "https://*.example.com:0"),
            ("example.com", "https://user@*.example.com"),
            ("intranet", "https://*.intranet"),
            ("github.io", "https://*.github.io"),
            ("example.com", "android:apk-key-hash:*"),
            ("example.com", "chrome-extension://*"),
        ] {
            assert!(!origin_is_accepted(rp_id, pattern), "{pattern}");
        }
    }

    #[test]
    fn origins_of_extensions_have_the_form_of_their_browser() {
        let moz_uuid = format!("moz-extension://{UUID}");
        let safari = format!("safari-web-extension://{}", UUID.to_uppercase());
        for text in [CHROME, FIREFOX, &moz_uuid, &safari] {
            assert_eq!(origin(text, "example.com"), Ok(()));
            assert_eq!(top_origin(text, "example.com"), Ok(()));
            assert!(related_origin(text, "example.com").is_err());
            assert!(origin(&format!("{text}/"), "example.com").is_err());
            assert!(origin(&text[..text.len() - 1], "example.com").is_err());
        }
        for text in [
            &CHROME.replace("mabek", "zabek"),
            &CHROME.replace("mabek", "MABEK"),
            &format!("chrome-extension://{UUID}"),
            "edge-extension://mabekielmoibbmlepeohhncklpnjmcpk",
            "moz-extension://mabekielmoibbmlepeohhncklpnjmcpk",
        ] {
            assert!(origin(text, "example.com").is_err(), "{text}");
        }
    }

    #[test]
    fn related_origins_are_pages_of_other_registered_domains() {
        for text in ["https://example.net", "https://shop.example.co.uk", "https://example.net:8443"] {
            assert_eq!(related_origin(text, "example.com"), Ok(()), "{text}");
        }
        for text in [
            "https://example.com",
            "https://shop.example.com",
            "http://example.net",
            "http://localhost:3000",
            "https://localhost",
            "https://intranet",
            "https://co.uk",
            "https://192.0.2.7",
            "https://[::1]",
            "https://*.example.net",
            "https://example.net/",
            "https://example.net:443",
            "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(related_origin(text, "example.com").is_err(), "{text}");
        }
    }

    #[test]
    fn top_origins_are_pages_of_any_domain() {
        for text in ["https://partner.example", "https://www.example.com", "http://localhost:3000", "https://192.0.2.7"]
        {
            assert_eq!(top_origin(text, "example.com"), Ok(()), "{text}");
        }
        for text in ["http://partner.example", "https://*.partner.example", "https://partner.example/shop", "null", "*"]
        {
            assert!(top_origin(text, "example.com").is_err(), "{text}");
        }
    }

    #[test]
    fn problems_name_the_list_and_the_index() {
        let wrong = |list: &mut Vec<String>| list.extend(["https://example.net", "nonsense"].map(str::to_owned));
        assert_eq!(fields(|rp| wrong(&mut rp.related_origins)), ["webauthn.relying_party.related_origins[1]"]);
        assert_eq!(fields(|rp| wrong(&mut rp.top_origins)), ["webauthn.relying_party.top_origins[1]"]);
        let texts = |number: usize| vec!["https://example.net".to_owned(); number];
        assert_eq!(fields(|rp| (rp.related_origins, rp.top_origins) = (texts(15), texts(16))), [""; 0]);
        let too_many = fields(|rp| (rp.related_origins, rp.top_origins) = (texts(16), texts(16)));
        assert_eq!(too_many, ["webauthn.relying_party.origins"]);
    }
}
