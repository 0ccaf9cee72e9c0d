//! Findings about API keys and signing keys.

use doorward_shared::{Timestamp, admin::SecretItem};

use super::{
    Program,
    finding::{Finding, Severity},
};
use crate::{api::TenantReport, time_format};

const DAY_MS: i64 = 86_400_000;
/// Time before the expiry of an API key, in milliseconds, from which a successor is recommended.
const EXPIRES_SOON_MS: i64 = 14 * DAY_MS;
/// Time since the last use, in milliseconds, after which an API key is reported as unused.
const UNUSED_MS: i64 = 90 * DAY_MS;
/// Age in milliseconds from which an API key that was never used is reported as unused.
const NEVER_USED_MS: i64 = 30 * DAY_MS;
const OLD_SIGNING_KEY_MS: i64 = 365 * DAY_MS;

pub(super) fn examine(report: &TenantReport, program: &Program, now: Timestamp) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        report.api_keys.iter().filter_map(|key| api_key(report, program, key, now)).collect();
    let create = format!("{program} api-key create --tenant {} --name backend", report.tenant.id);
    let is_valid = |key: &SecretItem| key.disabled_at.is_none() && key.expires_at.is_none_or(|at| at > now);
    let no_key = match report.api_keys.len() {
        0 => Some("The tenant has no API key: its backend cannot call the API.".to_owned()),
        _ if !report.api_keys.iter().any(is_valid) => {
            Some("All API keys of the tenant have expired or are disabled.".to_owned())
        }
        _ => None,
    };
    findings.extend(no_key.map(|message| Finding::new(Severity::Error, "no_api_key", message, Some(create))));
    findings.extend(signing_key(report, program, now));
    findings
}

fn api_key(report: &TenantReport, program: &Program, key: &SecretItem, now: Timestamp) -> Option<Finding> {
    let tenant = report.tenant.id;
    let title = format!("The API key {} ({})", key.name, key.hint);
    let revoke = || Some(format!("{program} api-key revoke --tenant {tenant} {}", key.id));
    let since = |at: Timestamp| now.millis().saturating_sub(at.millis());
    match (key.expires_at, key.last_used_at) {
        (Some(expiry), _) if expiry <= now => {
            let message = format!("{title} expired {}.", time_format::past(now, expiry));
            Some(Finding::new(Severity::Info, "api_key_expired", message, revoke()))
        }
        // A disabled key is refused already. It needs no successor.
        (Some(expiry), _)
            if key.disabled_at.is_none() && expiry.millis().saturating_sub(now.millis()) <= EXPIRES_SOON_MS =>
        {
            let create = format!("{program} api-key create --tenant {tenant} --name backend");
            let message = format!("{title} expires {}. Create its successor now.", time_format::ago(now, expiry));
            Some(Finding::new(Severity::Warning, "api_key_expires_soon", message, Some(create)))
        }
        (_, Some(used)) if since(used) >= UNUSED_MS => {
            let message = format!("{title} was last used {}.", time_format::past(now, used));
            Some(Finding::new(Severity::Info, "api_key_unused", message, revoke()))
        }
        (_, None) if since(key.created_at) >= NEVER_USED_MS => {
            let message = format!("{title} was created on {} and never used.", time_format::date(key.created_at));
            Some(Finding::new(Severity::Info, "api_key_unused", message, revoke()))
        }
        _ => None,
    }
}

fn signing_key(report: &TenantReport, program: &Program, now: Timestamp) -> Option<Finding> {
    let rotate = format!("{program} signing-key rotate --tenant {}", report.tenant.id);
    let Some(key) = report.signing_keys.iter().find(|key| key.signing) else {
        let message = "No signing key signs tokens now.".to_owned();
        return Some(Finding::new(Severity::Error, "no_signing_key", message, Some(rotate)));
    };
    let age = now.millis().saturating_sub(key.signs_from.millis());
    let has_successor = report.signing_keys.iter().any(|other| other.signs_from > now);
    let overdue = report.signing_keys.iter().filter_map(|key| key.rotates_at).find(|at| at.plus_millis(DAY_MS) <= now);
    if let Some(at) = overdue {
        let message = format!(
            "The signing key {} should have been replaced on {} (token.rotate_every). The job `rotation of signing keys` \
             has failed or does not run.",
            key.id,
            time_format::date(at)
        );
        return Some(Finding::new(Severity::Warning, "signing_key_overdue", message, Some(rotate)));
    }
    (age >= OLD_SIGNING_KEY_MS && !has_successor).then(|| {
        let message =
            format!("The signing key {} has been in use since {}.", key.id, time_format::date(key.signs_from));
        Finding::new(Severity::Warning, "signing_key_old", message, Some(rotate))
    })
}
