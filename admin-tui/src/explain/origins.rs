//! Compares the origin of a refused ceremony with the accepted origins.

use doorward_shared::origin::SubdomainPattern;
use url::{Host, Url};

/// Describes how a received origin differs from the most similar accepted origin; `None` if no accepted origin is
/// similar.
pub fn origin_difference(received: &str, accepted: &[String]) -> Option<String> {
    if received == "null" {
        return Some(
            "The page has no origin (`null`): it runs in a sandboxed frame, or was opened from a file.".to_owned(),
        );
    }
    if received.starts_with("android:apk-key-hash:") {
        return Some(
            "An Android app that is signed with another key sent the request. Add its origin only if the app is yours."
                .to_owned(),
        );
    }
    if received.contains("-extension://") {
        return Some("A browser extension sent the request. Add its origin only if the extension is yours.".to_owned());
    }
    accepted.iter().filter_map(|accepted| difference(received, accepted)).min().map(|(_, text)| text)
}

/// Returns whether an origin belongs to a page on the user's own computer.
pub fn is_local(origin: &str) -> bool {
    Url::parse(origin).ok().is_some_and(|url| match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}

/// Returns a rank, and a text that says how the received origin differs from an accepted origin. The smaller the rank,
/// the more similar are the origins. `None` if they are not similar.
fn difference(received: &str, accepted: &str) -> Option<(u8, String)> {
    if let Some(pattern) = SubdomainPattern::split(accepted) {
        return difference_to_pattern(received, accepted, pattern);
    }
    let says = |rank: u8, what: &str| Some((rank, format!("The origin differs from {accepted} only by {what}.")));
    if received.trim_end_matches('/') == accepted {
        return says(0, "a trailing slash");
    }
    if received.eq_ignore_ascii_case(accepted) {
        return says(0, "upper and lower case");
    }
    let (sent, wanted) = (Url::parse(received).ok()?, Url::parse(accepted).ok()?);
    let (sent_host, wanted_host) = (sent.host_str()?, wanted.host_str()?);
    let same_host = sent_host == wanted_host;
    let same_port = sent.port_or_known_default() == wanted.port_or_known_default();
    let same_scheme = sent.scheme() == wanted.scheme();
    let default_ports = sent.port().is_none() && wanted.port().is_none();
    match (same_host, same_scheme, same_port) {
        (true, true, true) => return says(0, "the part after the host"),
        (true, false, _) if same_port || default_ports => {
            let what = format!("its scheme: the page was loaded over {}", sent.scheme());
            return says(1, &what);
        }
        (true, true, false) => {
            let port = |url: &Url| url.port_or_known_default().unwrap_or(0);
            return says(1, &format!("its port: {} instead of {}", port(&sent), port(&wanted)));
        }
        (true, false, _) => return says(2, "its scheme and port"),
        (false, ..) => {}
    }
    let (sent_host, wanted_host) = (sent_host.trim_end_matches('.'), wanted_host.trim_end_matches('.'));
    if sent_host == wanted_host {
        return says(2, "a dot after the host");
    }
    if sent_host.strip_prefix("www.") == Some(wanted_host) || wanted_host.strip_prefix("www.") == Some(sent_host) {
        return says(2, "`www.`");
    }
    let below = |one: &str, other: &str| one.strip_suffix(other).is_some_and(|rest| rest.ends_with('.'));
    if below(sent_host, wanted_host) {
        return Some((3, format!("{sent_host} is a subdomain of {wanted_host}; each origin must be listed.")));
    }
    if below(wanted_host, sent_host) {
        return Some((3, format!("{sent_host} is a parent domain of {wanted_host}; each origin must be listed.")));
    }
    let is_name = |url: &Url| matches!(url.host(), Some(Host::Domain(_)));
    if !is_name(&sent) || !is_name(&wanted) {
        return None;
    }
    if let Some(parent) = psl::domain_str(sent_host).filter(|it| psl::domain_str(wanted_host) == Some(it)) {
        return Some((
            4,
            format!("{sent_host} and {wanted_host} are both subdomains of {parent}; each origin must be listed."),
        ));
    }
    if is_similar(sent_host, wanted_host) {
        return Some((5, format!("{sent_host} looks like {wanted_host}: it may be a phishing page.")));
    }
    None
}

/// Returns how the received origin differs from a pattern of subdomains, with a rank.
fn difference_to_pattern(received: &str, accepted: &str, pattern: SubdomainPattern<'_>) -> Option<(u8, String)> {
    let base = pattern.base();
    if received == base {
        return Some((2, format!("{accepted} accepts the subdomains of {}, not the domain itself.", pattern.parent)));
    }
    let (sent, wanted) = (Url::parse(received).ok()?, Url::parse(&base).ok()?);
    if sent.host_str()?.strip_suffix(wanted.host_str()?).is_some_and(|labels| labels.ends_with('.')) {
        return Some((2, format!("The origin differs from the pattern {accepted} by its scheme, port or form.")));
    }
    difference(received, &base)
}

/// Compares the label before the public suffix of two hosts, such as `example` of `www.example.co.uk`. Returns whether
/// one of the labels contains the other, or they differ in at most two characters.
fn is_similar(one: &str, other: &str) -> bool {
    let main = |host| psl::domain_str(host).and_then(|domain| domain.split('.').next()).unwrap_or_default();
    let (one, other) = (main(one), main(other));
    if one.len() < 4 || other.len() < 4 {
        return false;
    }
    one.contains(other) || other.contains(one) || {
        let longest = one.len().max(other.len());
        let same_start = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        let same_end = one.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
        longest.saturating_sub(same_start + same_end) <= 2
    }
}
