//! Likely causes of a refusal, derived from the recorded values.

use doorward_shared::{
    AuditType, ErrorCode, Timestamp,
    audit::{AdminAuditLogItem, AuditLogItem},
    refusal::{Check, RefusalDetail},
};

use super::{
    duration::seconds,
    origins::{is_local, origin_difference},
};
use crate::time_format;

/// Longest lifetime of a challenge in milliseconds: a longer `timeout` does not extend it.
const MAX_LIFETIME_MS: i64 = 600_000;

/// Returns the likely causes, the most likely first.
pub(super) fn likely(
    entry: &AuditLogItem,
    code: Option<ErrorCode>,
    check: Option<Check>,
    detail: &RefusalDetail,
    key_history: &[AdminAuditLogItem],
) -> Vec<String> {
    let Some(check) = check else {
        return code.map(possible).unwrap_or_default();
    };
    let received = detail.received.as_deref();
    match check {
        Check::Origin => origin(detail),
        Check::RpId => rp_id(detail),
        Check::ChallengeKnown if detail.challenge.is_none() => texts(&[
            "The same response was sent twice, for example by a double click or a repeated request.",
            "The challenge had expired and was already deleted.",
            "Initialize and finalize went to different tenants or servers.",
        ]),
        Check::ChallengeKnown => texts(&["Two finalize requests used the challenge at the same time."]),
        Check::ChallengeCeremony => vec![match (detail.expected.first(), received) {
            (Some(expected), Some(received)) => {
                format!("The page started the ceremony `{received}` and called the finalize endpoint of `{expected}`.")
            }
            _ => "The page called the finalize endpoint of another ceremony.".to_owned(),
        }],
        Check::ChallengeUnexpired => expired(detail),
        Check::SignatureCounter => counter(detail),
        Check::UserVerification => texts(&[
            "The authenticator has no PIN and no biometrics, or its user did not use them.",
            "The page changed `userVerification` in the options.",
        ]),
        Check::UserPresence => {
            texts(&["The authenticator signed without a gesture of its user, as automated test authenticators do."])
        }
        Check::TopLevel => top_origin(detail),
        Check::ClientDataType => texts(&[match received {
            Some("webauthn.create") => "The page sent the result of `navigator.credentials.create()` to a login.",
            Some("webauthn.get") => "The page sent the result of `navigator.credentials.get()` to a registration.",
            _ => "The client data does not come from a browser's WebAuthn API.",
        }]),
        Check::BackupEligibility if received == Some("BE = 1") => {
            texts(&["A password manager imported the credential, and the tenant refuses such a change."])
        }
        Check::BackupEligibility => texts(&[
            "The authenticator reports a different backup eligibility from that at registration, which WebAuthn does not allow.",
        ]),
        Check::CredentialRegistered => texts(&[
            "The passkey was deleted in Doorward, but the user's device still offers it.",
            "The passkey was registered with another tenant that has the same RP ID.",
        ]),
        Check::CredentialListed => texts(&[
            "The page changed `allowCredentials`, or the credential was registered after the login was started.",
        ]),
        Check::CredentialOwner => {
            texts(&["The device contains credentials of several users, and another one was used."])
        }
        Check::CredentialUse => texts(&["The user registered this credential as a second factor only."]),
        Check::UserHandlePresent => {
            texts(&["The credential is not discoverable, or the page removed `userHandle` from the response."])
        }
        Check::UserHandleOwner => texts(&["The authenticator returned the passkey of another account."]),
        Check::Acr => texts(&[
            "The authenticator did not verify its user, for example because the page changed `userVerification`.",
            "The level needs a device-bound authenticator with a verified attestation of a certified model.",
        ]),
        Check::CredentialAcr => texts(&[
            "The user has only synced credentials, or credentials whose attestation does not prove a certified model.",
        ]),
        Check::TokenSignature => texts(&[
            "The token belongs to another tenant or installation, or it was changed.",
            "The key that signed the token was withdrawn, or retired more than six minutes ago.",
        ]),
        Check::TokenUnexpired => texts(&["The application redeemed the token more than 300 seconds after finalize."]),
        Check::TokenUnused => texts(&[
            "The application sent the same token twice, for example after a timeout.",
            "Somebody copied the token and uses it again.",
        ]),
        Check::Signature => texts(&[
            "The response was changed on its way, for example by another encoding.",
            "The credential with this id has a key that differs from the stored one.",
        ]),
        Check::TrustAttestation | Check::TrustAllowed | Check::TrustCertification => unproven(detail),
        Check::TrustAlgorithm => texts(&[
            "The credential was registered before the tenant's trust policy excluded its algorithm, or the page changed `pubKeyCredParams`.",
        ]),
        Check::TrustDeviceBound => texts(&[
            "The credential belongs to a passkey provider that synchronises it, such as a password manager or a phone.",
        ]),
        Check::TrustDenied => texts(&["An administrator put the model on the deny list of the trust policy."]),
        Check::TrustStatus => {
            texts(&["The FIDO metadata reports a problem of this model, and the trust policy refuses such models."])
        }
        Check::KeyKnown => key_unknown(entry, detail, key_history),
        Check::KeyForm => vec![match received {
            Some("an admin token") => "The header `apiKey` contains an admin token.".to_owned(),
            Some("an API key") => "The request to the admin API contains an API key of a tenant.".to_owned(),
            Some("a value that begins with `Bearer `") => {
                "The header contains `Bearer ` before the key. The header `apiKey` contains only the key.".to_owned()
            }
            Some(form) => format!("The request contains {form}: it was cut, changed, or belongs to another system."),
            None => "The key was cut, changed, or belongs to another system.".to_owned(),
        }],
        Check::KeyPresent => texts(&["The caller has no key configured, or a proxy removed the header."]),
        Check::KeyUnexpired => key_expired(entry, detail),
        Check::KeySecret => {
            texts(&["The secret was changed when the key was copied. Many such entries mean that secrets are guessed."])
        }
        _ => Vec::new(),
    }
}

/// Returns why a trust policy did not accept the model of the authenticator.
fn unproven(detail: &RefusalDetail) -> Vec<String> {
    let received = detail.received.as_deref().unwrap_or_default();
    let states = |trust: &str| received == trust || received.contains(&format!("attestation: {trust}"));
    texts(&[if states("none") {
        "The browser or the authenticator sent no attestation. Passkey providers such as password managers send none."
    } else if states("self") {
        "The credential signed its own attestation, so the authenticator's model is only a claim."
    } else if states("unknown_issuer") {
        "The FIDO metadata of the model is not imported or does not contain the issuer, or the authenticator is forged."
    } else {
        "The model is proven, but the trust policy does not list it or requires a higher certification."
    }])
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Returns the checks that may have failed, for entries that do not record the failed check.
fn possible(code: ErrorCode) -> Vec<String> {
    code.checks().iter().map(|check| format!("This condition may not hold: {}", check.description())).collect()
}

fn origin(detail: &RefusalDetail) -> Vec<String> {
    let Some(received) = detail.received.as_deref() else { return Vec::new() };
    let mut causes: Vec<String> = origin_difference(received, &detail.expected).into_iter().collect();
    if is_local(received) {
        causes.push("The page runs on a developer's own computer.".to_owned());
    }
    if causes.is_empty() {
        causes.push(
            "No configured origin is similar: a new page is not configured, or it is a phishing page.".to_owned(),
        );
    }
    causes
}

fn top_origin(detail: &RefusalDetail) -> Vec<String> {
    match detail.received.as_deref() {
        Some(received) if received.contains("://") => vec![
            origin_difference(received, &detail.expected)
                .unwrap_or_else(|| format!("{received} contains the page in a frame and is not configured for this.")),
            "The site can cover the frame and deceive its users (clickjacking), unless it is yours.".to_owned(),
        ],
        _ => texts(&["The page that runs the ceremony is embedded in a frame of another site."]),
    }
}

fn rp_id(detail: &RefusalDetail) -> Vec<String> {
    match (detail.received.as_deref(), detail.expected.first()) {
        (Some(received), _) if received.ends_with("(a U2F AppID)") => {
            texts(&["The credential was registered with the older U2F API and is bound to an AppID."])
        }
        (Some(received), Some(expected)) if !received.starts_with("an RP ID with") => vec![format!(
            "The page passed the RP ID {received} to the browser, or the tenant's RP ID was {received} before it became {expected}."
        )],
        _ => texts(&[
            "The tenant's RP ID was changed after the credential was registered.",
            "The page passed another RP ID to the browser, or the response belongs to another site.",
        ]),
    }
}

fn expired(detail: &RefusalDetail) -> Vec<String> {
    let Some(challenge) = &detail.challenge else { return Vec::new() };
    let late = challenge.age_ms.saturating_sub(challenge.lifetime_ms);
    let mut causes = vec![format!(
        "The response came {} too late: {} after initialize, with a lifetime of {}.",
        seconds(late),
        seconds(challenge.age_ms),
        seconds(challenge.lifetime_ms)
    )];
    causes.push(if challenge.age_ms >= challenge.lifetime_ms.saturating_mul(10) {
        "The page was left open, or an old response was sent again.".to_owned()
    } else if challenge.lifetime_ms >= MAX_LIFETIME_MS {
        "The lifetime is already the maximum. The page should start the ceremony again.".to_owned()
    } else {
        "The user needed more time than the tenant's `challenge_lifetime` allows, which is by default its `timeout`."
            .to_owned()
    });
    causes
}

fn counter(detail: &RefusalDetail) -> Vec<String> {
    let (Some(credential), Some(sent)) = (detail.credential, detail.authenticator) else { return Vec::new() };
    let (stored, sent) = (credential.sign_count, sent.sign_count);
    let mut causes = match stored.checked_sub(sent) {
        Some(0) => {
            texts(&["The counter is the same as at the last login: the response or the authenticator was copied."])
        }
        Some(_) if sent == 0 => {
            texts(&["The credential no longer has a counter: it was moved to a password manager, or copied."])
        }
        Some(back) => {
            vec![format!("The counter went back by {back}: the authenticator was copied, or restored from a backup.")]
        }
        None => texts(&["A concurrent login used a higher counter."]),
    };
    if credential.be {
        causes.push(
            "The credential is synced, and its copies may have separate counters. The tenant setting \
             `webauthn.counter_policy`: `record` accepts and records such logins."
                .to_owned(),
        );
    }
    causes
}

fn key_expired(entry: &AuditLogItem, detail: &RefusalDetail) -> Vec<String> {
    let expiry: Option<Timestamp> =
        detail.expected.first().and_then(|text| text.strip_prefix("a request before ")?.parse().ok());
    let late = expiry.map(|at| entry.created_at.millis().saturating_sub(at.millis()));
    let late = late.map(|late| if late < 60_000 { seconds(late) } else { time_format::duration(late) });
    late.map(|late| format!("The key expired {late} before the request.")).into_iter().collect()
}

/// Returns why the key or token of a refused request is unknown. Uses `history`, the entries about API keys.
fn key_unknown(entry: &AuditLogItem, detail: &RefusalDetail, history: &[AdminAuditLogItem]) -> Vec<String> {
    let Some(id) = detail.key_id.map(|id| id.to_string()) else { return Vec::new() };
    if entry.kind != AuditType::ApiKeyRejected {
        return texts(&["The admin token was revoked, or belongs to another server."]);
    }
    let of_key =
        |row: &&AdminAuditLogItem| row.entry.detail.as_ref().and_then(|it| it.get("id")?.as_str()) == Some(&id);
    let Some(row) = history.iter().find(of_key) else {
        return texts(&["The key was revoked, or belongs to another tenant or server."]);
    };
    let owner = row.tenant_name.clone().unwrap_or_else(|| row.entry.tenant_id.to_string());
    let by = row.entry.actor_user_id.as_deref().unwrap_or("an administrator");
    let time = time_format::date_time(row.entry.created_at);
    let is_own = row.entry.tenant_id == entry.tenant_id;
    vec![match (row.entry.kind, is_own) {
        (AuditType::ApiKeyRevoked, true) => format!("{by} revoked the key at {time}."),
        (AuditType::ApiKeyRevoked, false) => {
            format!("It is a key of the tenant {owner}, which {by} revoked at {time}.")
        }
        (_, true) => format!("The key was created at {time}. It was revoked later, or the request came earlier."),
        (_, false) => format!("It is a key of another tenant: {owner}."),
    }]
}
