//! Findings about the configuration: settings that exclude users.

use doorward_shared::config::{Attachment, AttestationPreference, ResidentKey, UserVerification};

use super::{
    Program,
    finding::{Finding, Severity, change_config},
};
use crate::{api::TenantReport, time_format};

/// Shortest timeout without a finding, in milliseconds. A shorter timeout excludes users who must first fetch their
/// authenticator.
const SHORT_TIMEOUT_MS: u32 = 30_000;

pub(super) fn examine(report: &TenantReport, program: &Program) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(at) = report.tenant.disabled_at {
        let message = format!("The tenant was disabled on {}: all its requests are refused.", time_format::date(at));
        let enable = format!("{program} tenant enable {}", report.tenant.id);
        findings.push(Finding::new(Severity::Error, "tenant_disabled", message, Some(enable)));
    }
    passkeys(report, program, &mut findings);
    second_factors(report, program, &mut findings);
    findings
}

fn passkeys(report: &TenantReport, program: &Program, findings: &mut Vec<Finding>) {
    let (id, webauthn) = (report.tenant.id, &report.tenant.config.webauthn);
    let mut add = |severity, name, message: &str, expression: &str| {
        let command = (!expression.is_empty()).then(|| change_config(program, id, expression));
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
        _ if report.tenant.config.trust.passkeys.needs_attestation() => {}
        AttestationPreference::Direct | AttestationPreference::Indirect => {
            let message = "Attestation makes some browsers ask the user for consent. \
                           Use `none` unless you need the models of authenticators.";
            add(Severity::Info, "attestation_requested", message, ".webauthn.attestation_preference = \"none\"");
        }
        AttestationPreference::None => {}
    }
}

fn second_factors(report: &TenantReport, program: &Program, findings: &mut Vec<Finding>) {
    let (id, config) = (report.tenant.id, &report.tenant.config);
    let mfa = &config.mfa;
    let mut add = |severity, name, message: &str, expression: &str| {
        findings.push(Finding::new(severity, name, message.to_owned(), Some(change_config(program, id, expression))));
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
