//! Findings about origins: browsers' rules, related origins, frames and CORS.

use doorward_shared::{config::TenantConfig, origin::SubdomainPattern};
use url::{Host, Url};

use super::{
    Program,
    finding::{Finding, Severity, change_config, show_config},
    shell,
};
use crate::{api::TenantReport, explain::is_local};

/// Maximum number of different labels in the list of related origins. Every browser accepts this number:
/// WebAuthn §5.11.1 requires support for at least five.
const MAX_LABELS: usize = 5;

pub(super) fn examine(report: &TenantReport, program: &Program) -> Vec<Finding> {
    let mut findings = Vec::new();
    relying_party(report, &mut findings);
    related_origins(report, program, &mut findings);
    frames(report, &mut findings);
    cors(report, program, &mut findings);
    findings
}

/// Returns whether pages on `host` may use the RP ID: `host` is the RP ID or a subdomain of it (WebAuthn §5.1.3).
pub(super) fn is_within(host: &str, rp_id: &str) -> bool {
    host == rp_id || host.strip_suffix(rp_id).is_some_and(|rest| rest.ends_with('.'))
}

/// Returns whether a tenant accepts ceremonies from an origin.
pub(super) fn is_accepted(config: &TenantConfig, origin: &str) -> bool {
    let rp = &config.webauthn.relying_party;
    rp.origins.iter().chain(&rp.related_origins).any(|listed| {
        listed == origin || SubdomainPattern::split(listed).is_some_and(|pattern| pattern.matches(origin))
    })
}

fn relying_party(report: &TenantReport, findings: &mut Vec<Finding>) {
    let rp = &report.tenant.config.webauthn.relying_party;
    let mut add = |severity, name, message| findings.push(Finding::new(severity, name, message, None));
    if rp.id == "localhost" {
        let message = "The RP ID is localhost: passkeys work only in browsers on the same computer as the page.";
        add(Severity::Warning, "rp_id_localhost", message.to_owned());
    }
    for origin in rp.origins.iter().filter(|origin| !origin.starts_with("android:")) {
        if let Some((browser, id)) = origin.split_once("-extension://") {
            if id.contains('-') {
                let hash = match browser {
                    "moz" => " Firefox 150 and later send moz-extension:// and a hash of the extension's id instead.",
                    _ => "",
                };
                let message = format!("The id in {origin} differs in each installation of the extension.{hash}");
                add(Severity::Warning, "extension_id_random", message);
            }
            continue;
        }
        let pattern = SubdomainPattern::split(origin);
        let Ok(url) = Url::parse(&pattern.map_or_else(|| origin.clone(), SubdomainPattern::base)) else {
            add(Severity::Error, "origin_invalid", format!("The origin {origin} is not a URL."));
            continue;
        };
        if let Some(SubdomainPattern { parent, .. }) = pattern {
            let message = format!(
                "The pattern {origin} accepts ceremonies from every subdomain of {parent}. Passkeys can be phished on a \
                 subdomain that others control: list the origins if possible."
            );
            add(Severity::Info, "origin_pattern", message);
        }
        if let Some((name, message)) = rejected_by_browsers(origin, &url) {
            add(Severity::Error, name, message);
        } else if !is_within(url.host_str().unwrap_or_default(), &rp.id) {
            let message = format!(
                "The RP ID {} is neither the host of {origin} nor a parent domain of it. Pages of other domains must be \
                 `related_origins`.",
                rp.id
            );
            add(Severity::Error, "rp_id_no_suffix", message);
        }
    }
}

/// Returns the name and the text of the finding about a page on which browsers offer no passkeys.
fn rejected_by_browsers(origin: &str, url: &Url) -> Option<(&'static str, String)> {
    if let Some(Host::Ipv4(_) | Host::Ipv6(_)) = url.host() {
        return Some((
            "origin_ip_address",
            format!("The origin {origin} has an IP address: browsers require a domain."),
        ));
    }
    (url.scheme() != "https" && !is_local(url.as_str()))
        .then(|| ("origin_not_https", format!("The origin {origin} is not https: browsers offer no passkeys there.")))
}

fn related_origins(report: &TenantReport, program: &Program, findings: &mut Vec<Finding>) {
    let rp = &report.tenant.config.webauthn.relying_party;
    if rp.related_origins.is_empty() {
        return;
    }
    let (mut labels, mut ignored) = (Vec::new(), Vec::new());
    for origin in &rp.related_origins {
        let url = Url::parse(origin).ok();
        if let Some((name, message)) = url.as_ref().and_then(|url| rejected_by_browsers(origin, url)) {
            findings.push(Finding::new(Severity::Error, name, message, None));
        }
        // The label before the public suffix, such as `example` of `www.example.co.uk`.
        let domain = url.as_ref().and_then(Url::host_str).and_then(psl::domain_str);
        let Some(label) = domain.and_then(|domain| domain.split('.').next()).map(str::to_owned) else { continue };
        if !labels.contains(&label) {
            if labels.len() >= MAX_LABELS {
                ignored.push(origin.as_str());
                continue;
            }
            labels.push(label);
        }
    }
    if !ignored.is_empty() {
        let message = format!(
            "Browsers ignore the related origins {}: they accept only {MAX_LABELS} different names before the public \
             suffix, here {}.",
            ignored.join(", "),
            labels.join(", ")
        );
        findings.push(Finding::new(Severity::Error, "related_origin_labels", message, None));
    }
    let message = format!(
        "Browsers accept the related origins only if https://{}/.well-known/webauthn returns this document with the type \
         application/json. Publish a copy, or redirect or forward the path to /{}/.well-known/webauthn of the public API.",
        rp.id, report.tenant.id
    );
    let show = show_config(program, report.tenant.id, "{origins: .webauthn.relying_party.related_origins}");
    findings.push(Finding::new(Severity::Info, "related_origins_document", message, Some(show)));
}

fn frames(report: &TenantReport, findings: &mut Vec<Finding>) {
    let top_origins = &report.tenant.config.webauthn.relying_party.top_origins;
    if top_origins.is_empty() {
        return;
    }
    let message = format!(
        "Ceremonies in frames are accepted. Older browsers do not report which page contains the frame, so the framed page \
         must send the header `Content-Security-Policy: frame-ancestors 'self' {}`.",
        top_origins.join(" ")
    );
    findings.push(Finding::new(Severity::Info, "frames_accepted", message, None));
}

fn cors(report: &TenantReport, program: &Program, findings: &mut Vec<Finding>) {
    let (id, config) = (report.tenant.id, &report.tenant.config);
    if config.cors.allow_unsafe_wildcard {
        let unsafe_origins = config.cors.allowed_origins.iter().filter(|it| it.contains(['*', '?']));
        let list: Vec<&str> = unsafe_origins.map(String::as_str).collect();
        if !list.is_empty() {
            findings.push(Finding::new(
                Severity::Warning,
                "cors_unsafe_wildcard",
                format!("The CORS origins {} may match pages that other people control.", list.join(", ")),
                None,
            ));
        }
    }
    let rp = &config.webauthn.relying_party;
    for origin in rp.origins.iter().chain(&rp.related_origins).filter(|origin| origin.starts_with("http")) {
        if !has_cors(config, origin) {
            let add = shell::json_string(origin)
                .map(|origin| change_config(program, id, &format!(".cors.allowed_origins += [{origin}]")));
            findings.push(Finding::new(
                Severity::Warning,
                "cors_missing",
                format!("Browsers do not let the page {origin} call the public API: it is not a CORS origin."),
                add,
            ));
        }
    }
}

/// Returns whether pages with this origin may call the public API.
pub(super) fn has_cors(config: &TenantConfig, origin: &str) -> bool {
    config.cors.allowed_origins.iter().any(|pattern| matches(pattern, origin))
}

/// Returns whether a CORS pattern accepts an origin. `*` stands for any characters and `?` for one. Case is ignored.
fn matches(pattern: &str, origin: &str) -> bool {
    let symbols: Vec<char> = origin.to_lowercase().chars().collect();
    // One value for each prefix of the origin, starting with the empty prefix: `true` if the part of the pattern that
    // has been read so far accepts the prefix.
    let mut accepted: Vec<bool> = std::iter::once(true).chain(symbols.iter().map(|_| false)).collect();
    for wanted in pattern.to_lowercase().chars() {
        if wanted == '*' {
            let shortest = accepted.iter().position(|is_accepted| *is_accepted).unwrap_or(accepted.len());
            accepted.iter_mut().skip(shortest).for_each(|is_accepted| *is_accepted = true);
            continue;
        }
        let is_same = |found: &char| wanted == '?' || wanted == *found;
        let longer = accepted.iter().zip(&symbols).map(|(before, found)| *before && is_same(found));
        accepted = std::iter::once(false).chain(longer).collect();
    }
    accepted.last() == Some(&true)
}
