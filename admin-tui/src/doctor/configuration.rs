//! Findings about the configuration: browsers' rules, and settings that exclude users.

use doorward_shared::config::{Attachment, AttestationPreference, ResidentKey, TenantConfig, UserVerification};
use url::{Host, Url};

use super::{
    finding::{Finding, Severity, change_config},
    shell,
};
use crate::{api::TenantReport, explain::is_local, time_format};

/// Minimum timeout without a finding, in milliseconds: shorter ones exclude users who must fetch their authenticator.
const SHORT_TIMEOUT_MS: u32 = 30_000;

pub(super) fn examine(report: &TenantReport) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(at) = report.tenant.disabled_at {
        let message = format!("The tenant was disabled on {}: all its requests are refused.", time_format::date(at));
        let enable = format!("doorward-admin tenant enable {}", report.tenant.id);
        findings.push(Finding::new(Severity::Error, "tenant_disabled", message, Some(enable)));
    }
    relying_party(report, &mut findings);
    cors(report, &mut findings);
    passkeys(report, &mut findings);
    second_factors(report, &mut findings);
    findings
}

/// Returns whether pages with this host may use the RP ID (WebAuthn §5.1.3).
pub(super) fn is_within(host: &str, rp_id: &str) -> bool {
    host == rp_id || host.strip_suffix(rp_id).is_some_and(|rest| rest.ends_with('.'))
}

fn relying_party(report: &TenantReport, findings: &mut Vec<Finding>) {
    let rp = &report.tenant.config.webauthn.relying_party;
    let mut add = |severity, name, message| findings.push(Finding::new(severity, name, message, None));
    if rp.id == "localhost" {
        let message = "The RP ID is localhost: passkeys work only in browsers on the same computer as the page.";
        add(Severity::Warning, "rp_id_localhost", message.to_owned());
    }
    for origin in rp.origins.iter().filter(|origin| !origin.starts_with("android:")) {
        let Ok(url) = Url::parse(origin) else {
            add(Severity::Error, "origin_invalid", format!("The origin {origin} is not a URL."));
            continue;
        };
        if url.scheme() != "https" && !is_local(origin) {
            let message = format!("The origin {origin} is not https: browsers offer no passkeys there.");
            add(Severity::Error, "origin_not_https", message);
        }
        match url.host() {
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => {
                let message = format!("The origin {origin} has an IP address: browsers require a domain.");
                add(Severity::Error, "origin_ip_address", message);
            }
            _ if !is_within(url.host_str().unwrap_or_default(), &rp.id) => {
                let message = format!("The RP ID {} is neither the host of {origin} nor a parent domain of it.", rp.id);
                add(Severity::Error, "rp_id_no_suffix", message);
            }
            _ => {}
        }
    }
}

fn cors(report: &TenantReport, findings: &mut Vec<Finding>) {
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
    for origin in config.webauthn.relying_party.origins.iter().filter(|origin| origin.starts_with("http")) {
        if !has_cors(config, origin) {
            let add = shell::json_string(origin)
                .map(|origin| change_config(id, &format!(".cors.allowed_origins += [{origin}]")));
            findings.push(Finding::new(
                Severity::Warning,
                "cors_missing",
                format!("Browsers do not let the page {origin} call the public API: it is not a CORS origin."),
                add,
            ));
        }
    }
}

/// Returns whether the page with this origin may call the public API.
pub(super) fn has_cors(config: &TenantConfig, origin: &str) -> bool {
    config.cors.allowed_origins.iter().any(|pattern| matches(pattern, origin))
}

/// Returns whether a CORS pattern accepts an origin. `*` stands for any characters and `?` for one. Case is ignored.
fn matches(pattern: &str, origin: &str) -> bool {
    let symbols: Vec<char> = origin.to_lowercase().chars().collect();
    // For each beginning of the origin, the empty one first: whether the pattern so far accepts it.
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

fn passkeys(report: &TenantReport, findings: &mut Vec<Finding>) {
    let (id, webauthn) = (report.tenant.id, &report.tenant.config.webauthn);
    let mut add = |severity, name, message: &str, expression: &str| {
        let command = (!expression.is_empty()).then(|| change_config(id, expression));
        findings.push(Finding::new(severity, name, message.to_owned(), command));
    };
    if webauthn.timeout < SHORT_TIMEOUT_MS {
        let message =
            format!("The timeout of passkeys is {} ms: too short for users who need a PIN.", webauthn.timeout);
        add(Severity::Warning, "timeout_short", &message, ".webauthn.timeout = 60000");
    }
    if webauthn.attachment == Some(Attachment::CrossPlatform) {
        let message = "Passkeys must be on security keys or phones: passkeys on the device itself are excluded.";
        add(Severity::Warning, "attachment_excludes_devices", message, "del(.webauthn.attachment)");
    }
    if webauthn.attachment == Some(Attachment::Platform) {
        let message = "Passkeys must be on the device itself: security keys and phones are excluded.";
        add(Severity::Info, "attachment_excludes_keys", message, "del(.webauthn.attachment)");
    }
    if webauthn.user_verification == UserVerification::Discouraged {
        let message = "Passkeys need no user verification: anyone with the device can log in.";
        let expression = ".webauthn.user_verification = \"required\"";
        add(Severity::Warning, "verification_discouraged", message, expression);
    }
    if webauthn.resident_key_requirement == ResidentKey::Discouraged {
        let message = "Passkeys are not discoverable: logins without a user_id fail.";
        let expression = ".webauthn.resident_key_requirement = \"required\"";
        add(Severity::Warning, "not_discoverable", message, expression);
    }
    match webauthn.attestation_preference {
        AttestationPreference::Enterprise => {
            let message = "Attestation `enterprise` works only in browsers whose enterprise policy permits it.";
            add(Severity::Warning, "attestation_enterprise", message, ".webauthn.attestation_preference = \"none\"");
        }
        AttestationPreference::Direct | AttestationPreference::Indirect => {
            let message = "Attestation makes some browsers ask the user for consent. \
                           Use `none` unless you need the models of authenticators.";
            add(Severity::Info, "attestation_requested", message, ".webauthn.attestation_preference = \"none\"");
        }
        AttestationPreference::None => {}
    }
}

fn second_factors(report: &TenantReport, findings: &mut Vec<Finding>) {
    let (id, config) = (report.tenant.id, &report.tenant.config);
    let mfa = &config.mfa;
    let mut add = |severity, name, message: &str, expression: &str| {
        findings.push(Finding::new(severity, name, message.to_owned(), Some(change_config(id, expression))));
    };
    if let Some(timeout) = mfa.timeout.filter(|timeout| *timeout < SHORT_TIMEOUT_MS) {
        let message = format!("The timeout of second factors is {timeout} ms: too short to fetch a security key.");
        add(Severity::Warning, "mfa_timeout_short", &message, ".mfa.timeout = 60000");
    }
    match mfa.attachment {
        Some(Attachment::CrossPlatform) => {
            let message = "Second factors must be security keys or phones. \
                           Users cannot register Windows Hello or Touch ID as a second factor.";
            add(Severity::Info, "mfa_attachment", message, ".mfa.attachment = null");
        }
        Some(Attachment::Platform) => {
            let message = "Second factors must be on the device itself: users cannot register security keys.";
            add(Severity::Warning, "mfa_attachment", message, ".mfa.attachment = null");
        }
        None => {}
    }
    if mfa.user_verification == UserVerification::Required && mfa.attachment == Some(Attachment::CrossPlatform) {
        let message = "Second factors require user verification: security keys without a PIN are refused.";
        add(Severity::Info, "mfa_verification", message, ".mfa.user_verification = \"preferred\"");
    }
    if mfa.resident_key_requirement == ResidentKey::Required {
        let message =
            "Second factors must be discoverable: each one uses one of the few storage slots of a security key.";
        add(Severity::Info, "mfa_discoverable", message, ".mfa.resident_key_requirement = \"discouraged\"");
    }
}
