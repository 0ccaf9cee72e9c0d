//! Findings from recent refusals.

use std::collections::{BTreeMap, BTreeSet};

use doorward_shared::{
    AuditType, ErrorCode,
    audit::AuditLogItem,
    config::UserVerification,
    refusal::{Check, RefusalDetail},
};
use url::Url;

use super::{
    Program,
    finding::{Finding, Severity, change_config},
    origins::{has_cors, is_accepted, is_within},
    shell,
};
use crate::{
    api::{REPORT_DAYS, TenantReport},
    explain::{is_local, origin_difference},
};

/// Minimum number of refusals with the same error code for most kinds of findings.
const MANY: usize = 5;
/// Percentage of ceremonies with an expired challenge from which a finding is reported.
const EXPIRED_PERCENT: u64 = 2;
/// Longest useful timeout in milliseconds: the maximum lifetime of a challenge.
const MAX_TIMEOUT_MS: i64 = 600_000;
/// Maximum number of unknown origins that are reported.
const MAX_ORIGINS: usize = 10;

struct Refusals<'a> {
    report: &'a TenantReport,
    program: &'a Program,
    /// All refusals that have a known code, each with the code and the detail.
    all: Vec<(&'a AuditLogItem, ErrorCode, RefusalDetail)>,
}

pub(super) fn examine(report: &TenantReport, program: &Program) -> Vec<Finding> {
    let parsed = report.refusals.iter().filter_map(|row| {
        let code = row.entry.error_code.as_deref()?.parse().ok()?;
        Some((&row.entry, code, RefusalDetail::of(row.entry.detail.as_ref()).unwrap_or_default()))
    });
    let refusals = Refusals { report, program, all: parsed.collect() };
    let mut findings = refusals.unknown_origins();
    findings.extend(refusals.user_verification());
    findings.extend(refusals.expired_challenges());
    findings.extend(refusals.expired_keys());
    findings.extend(refusals.patterns());
    if report.is_partial {
        let message = format!(
            "The tenant has more refusals in the last {REPORT_DAYS} days than the {} that were examined.",
            report.refusals.len()
        );
        findings.push(Finding::new(Severity::Info, "refusals_partly_examined", message, None));
    }
    findings
}

impl Refusals<'_> {
    fn of(&self, code: ErrorCode) -> impl Iterator<Item = (&AuditLogItem, &RefusalDetail)> {
        self.all.iter().filter(move |(_, other, _)| *other == code).map(|(entry, _, detail)| (*entry, detail))
    }

    /// Describes a number of refusals: `3 requests in the last 7 days`.
    fn times(count: usize) -> String {
        let noun = if count == 1 { "request" } else { "requests" };
        format!("{count} {noun} in the last {REPORT_DAYS} days")
    }

    fn change(&self, expression: &str) -> String {
        change_config(self.program, self.report.tenant.id, expression)
    }

    /// Returns a finding for each origin that was refused and is not configured.
    fn unknown_origins(&self) -> Vec<Finding> {
        let config = &self.report.tenant.config;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, detail) in self.of(ErrorCode::OriginMismatch) {
            // The origin may have been configured after the refusal.
            if let Some(origin) = detail.received.as_deref().filter(|origin| !is_accepted(config, origin)) {
                *counts.entry(origin).or_default() += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.into_iter().take(MAX_ORIGINS).map(|(origin, count)| self.unknown_origin(origin, count)).collect()
    }

    fn unknown_origin(&self, origin: &str, count: usize) -> Finding {
        let rp = &self.report.tenant.config.webauthn.relying_party;
        let url = Url::parse(origin).ok().filter(|url| url.origin().ascii_serialization() == origin);
        let is_own = url.as_ref().and_then(Url::host_str).is_some_and(|host| is_within(host, &rp.id));
        let is_secure = origin.starts_with("https://") || is_local(origin);
        // No command is proposed for the origin of an Android app. Such an origin contains no domain, so it does not
        // show whether the app belongs to the tenant.
        let command = shell::json_string(origin).filter(|_| is_own && is_secure).map(|json| {
            let mut expression = format!(".webauthn.relying_party.origins += [{json}]");
            if !has_cors(&self.report.tenant.config, origin) {
                expression.push_str(&format!(" | .cors.allowed_origins += [{json}]"));
            }
            self.change(&expression)
        });
        let difference = origin_difference(origin, &rp.origins).unwrap_or_else(|| {
            format!(
                "It does not belong to the RP ID {}: it may be a phishing page, another tenant's page, or a page of yours \
                 that must be one of the `related_origins`.",
                rp.id
            )
        });
        let severity = if is_own { Severity::Error } else { Severity::Warning };
        let message =
            format!("{} came from the origin {origin}, which is not configured. {difference}", Self::times(count));
        Finding::new(severity, "origin_unknown", message, command)
    }

    fn user_verification(&self) -> Option<Finding> {
        let count = self.of(ErrorCode::UserVerificationMissing).count();
        let config = &self.report.tenant.config;
        let (mut settings, mut expressions) = (Vec::new(), Vec::new());
        let is_mfa = |entry: &AuditLogItem| entry.kind.as_str().starts_with("mfa_");
        let mut part = |name: &'static str, policy: UserVerification, mfa: bool| {
            let is_refused = self.of(ErrorCode::UserVerificationMissing).any(|(entry, _)| is_mfa(entry) == mfa);
            if is_refused && policy == UserVerification::Required {
                settings.push(format!("{name}.user_verification"));
                expressions.push(format!(".{name}.user_verification = \"preferred\""));
            }
        };
        part("webauthn", config.webauthn.user_verification, false);
        part("mfa", config.mfa.user_verification, true);
        (count >= MANY && !settings.is_empty()).then(|| {
            let message = format!(
                "{} failed because {} is `required` and the authenticator did not verify its user.",
                Self::times(count),
                settings.join(" and ")
            );
            let command = self.change(&expressions.join(" | "));
            Finding::new(Severity::Warning, "verification_missing", message, Some(command))
        })
    }

    fn expired_challenges(&self) -> Option<Finding> {
        let mut ages: Vec<i64> = Vec::new();
        for (_, detail) in self.of(ErrorCode::ChallengeExpired) {
            // A response that arrives long after its challenge expired comes from a page that was left open. A longer
            // timeout would not help this user.
            let challenge = detail.challenge.as_ref();
            ages.extend(challenge.filter(|it| it.age_ms < it.lifetime_ms.saturating_mul(10)).map(|it| it.age_ms));
        }
        let count = self.of(ErrorCode::ChallengeExpired).count();
        let ceremonies = self.report.succeeded + u64::try_from(self.all.len()).unwrap_or(u64::MAX);
        let percent = u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(100) / ceremonies.max(1);
        if count < MANY || percent < EXPIRED_PERCENT {
            return None;
        }
        ages.sort_unstable();
        let slow = ages.get(ages.len() * 9 / 10).copied();
        let config = &self.report.tenant.config;
        let (setting, lifetime) = match config.webauthn.challenge_lifetime {
            Some(lifetime) => ("challenge_lifetime", i64::from(lifetime)),
            None => ("timeout", i64::from(config.webauthn.timeout)),
        };
        // Rounds up to the next multiple of 30 seconds.
        let longer = slow.map(|age| (age / 30_000 + 1) * 30_000).map(|longer| longer.min(MAX_TIMEOUT_MS));
        let mfa = match config.mfa.challenge_lifetime {
            Some(lifetime) => Some(("challenge_lifetime", lifetime)),
            // Without a separate lifetime, challenges of second factors live at least as long as those of passkeys.
            None if setting == "challenge_lifetime" => None,
            None => config.mfa.timeout.map(|timeout| ("timeout", timeout)),
        };
        let command = longer.filter(|longer| *longer > lifetime).map(|longer| {
            let shorter = mfa.filter(|(_, lifetime)| i64::from(*lifetime) < longer);
            let mfa = shorter.map_or_else(String::new, |(setting, _)| format!(" | .mfa.{setting} = {longer}"));
            self.change(&format!(".webauthn.{setting} = {longer}{mfa}"))
        });
        let message = format!(
            "{} ({percent} % of all ceremonies) came after the challenge had expired; the {setting} is {lifetime} ms.",
            Self::times(count)
        );
        Some(Finding::new(Severity::Warning, "challenges_expire", message, command))
    }

    /// Returns a finding for each expired API key that clients still use.
    fn expired_keys(&self) -> Vec<Finding> {
        let keys = self.report.api_keys.iter().filter_map(|key| {
            let is_used = |entry: &AuditLogItem, detail: &RefusalDetail| {
                entry.kind == AuditType::ApiKeyRejected
                    && detail.key_id == Some(key.id)
                    // A request with a wrong secret does not prove that a client still uses the key, because anyone can
                    // send the id of the key.
                    && detail.check == Some(Check::KeyUnexpired)
            };
            let count = self.of(ErrorCode::ApiKeyInvalid).filter(|(entry, detail)| is_used(entry, detail)).count();
            (count > 0 && key.expires_at.is_some()).then_some((key, count))
        });
        keys.map(|(key, count)| {
            let message =
                format!("{} used the API key {} ({}), which has expired.", Self::times(count), key.name, key.hint);
            let (program, tenant) = (self.program, self.report.tenant.id);
            let create = format!("{program} api-key create --tenant {tenant} --name backend");
            Finding::new(Severity::Error, "rejected_key_in_use", message, Some(create))
        })
        .collect()
    }

    /// Returns a finding for each error code in `patterns` that has at least the number of refusals given there.
    fn patterns(&self) -> Vec<Finding> {
        let (program, tenant) = (self.program, self.report.tenant.id);
        let patterns = [
            (
                ErrorCode::RpIdMismatch,
                1,
                Severity::Error,
                "failed because the authenticator signed for another RP ID: it was changed, or the page passes another one",
            ),
            (
                ErrorCode::CounterRegression,
                1,
                Severity::Warning,
                "failed because a signature counter went back: authenticators may have been copied",
            ),
            (
                ErrorCode::CrossOrigin,
                1,
                Severity::Warning,
                "came from a frame of another origin: the page that runs the ceremony is embedded in a site that is not one of \
                 the tenant's `top_origins`",
            ),
            (
                ErrorCode::ChallengeUnknown,
                MANY,
                Severity::Warning,
                "used an unknown challenge: the page sends responses twice, or to another tenant",
            ),
            (
                ErrorCode::CredentialUnknown,
                MANY,
                Severity::Info,
                "used a passkey that this tenant does not have (deleted, or never registered): the page should call \
                 `signalUnknownCredential()` after this error",
            ),
            (
                ErrorCode::CredentialMalformed,
                MANY,
                Severity::Warning,
                "were not valid WebAuthn responses: the page should send the result of `toJSON()` without changes",
            ),
            (
                ErrorCode::TrustPolicy,
                MANY,
                Severity::Warning,
                "used authenticators that the tenant's trust policy refuses: `doorward-admin trust preview` lists the users \
                 who lose credentials",
            ),
            (
                ErrorCode::AcrTooLow,
                MANY,
                Severity::Warning,
                "did not reach the level of assurance that the backend demanded with `min_acr`",
            ),
            (
                ErrorCode::AcrUnreachable,
                MANY,
                Severity::Warning,
                "demanded with `min_acr` a level of assurance that no credential of the user can reach",
            ),
            (
                ErrorCode::AlgorithmUnsupported,
                MANY,
                Severity::Warning,
                "used an algorithm that the tenant does not offer, or that a page took out of `pubKeyCredParams`",
            ),
            (
                ErrorCode::TokenInvalid,
                MANY,
                Severity::Warning,
                "redeemed tokens that are not tokens of this tenant, or are signed with a withdrawn key",
            ),
            (
                ErrorCode::ApiKeyMissing,
                MANY,
                Severity::Warning,
                "had no API key: a client is not configured, or a proxy removes the header `apiKey`",
            ),
        ];
        let found = patterns.into_iter().filter_map(|(code, least, severity, what)| {
            let users: BTreeSet<&str> = self.of(code).filter_map(|(entry, _)| entry.actor_user_id.as_deref()).collect();
            let count = self.of(code).count();
            (count >= least).then(|| {
                let of_users = match users.len() {
                    0 => String::new(),
                    1 => " of 1 user".to_owned(),
                    number => format!(" of {number} users"),
                };
                let show = format!("{program} audit --tenant {tenant} --error-code {code} --since {REPORT_DAYS}d");
                let message = format!("{}{of_users} {what}.", Self::times(count));
                Finding::new(severity, code.as_str(), message, Some(show))
            })
        });
        found.collect()
    }
}
