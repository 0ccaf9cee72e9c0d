//! Settings that keep their current value when a change of a tenant's configuration omits them.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::TenantConfig;

/// Paths of the settings that a change may omit to keep their current value. `null` means the default. A change
/// replaces all other settings, because existing clients expect this. In the list, a section precedes its settings.
pub const KEPT: &[&str] = &[
    "mfa",
    "acr",
    "acr.aal1",
    "acr.aal2",
    "acr.aal3",
    "limits",
    "limits.credentials_per_user",
    "limits.transaction_data_bytes",
    "webauthn.relying_party.related_origins",
    "webauthn.relying_party.top_origins",
    "webauthn.token_audience",
    "webauthn.backup_eligibility_change",
    "webauthn.algorithms",
    "webauthn.keep_attestation",
    "webauthn.challenge_lifetime",
    "webauthn.hints",
    "webauthn.attestation_formats",
    "webauthn.exclude_credentials",
    "webauthn.extensions",
    "webauthn.allowed_extensions",
    "webauthn.counter_policy",
    "mfa.challenge_lifetime",
    "mfa.hints",
    "trust",
    "trust.passkeys",
    "trust.second_factors",
    "trust.passkeys.registration",
    "trust.passkeys.login",
    "trust.passkeys.attestation_required",
    "trust.passkeys.allow_aaguids",
    "trust.passkeys.deny_aaguids",
    "trust.passkeys.deny_statuses",
    "trust.passkeys.min_certification",
    "trust.passkeys.device_bound_only",
    "trust.passkeys.algorithms",
    "trust.second_factors.registration",
    "trust.second_factors.login",
    "trust.second_factors.attestation_required",
    "trust.second_factors.allow_aaguids",
    "trust.second_factors.deny_aaguids",
    "trust.second_factors.deny_statuses",
    "trust.second_factors.min_certification",
    "trust.second_factors.device_bound_only",
    "trust.second_factors.algorithms",
];

/// Parses a change as a configuration. Settings of [`KEPT`] that the change omits keep their values from `current`.
///
/// # Errors
/// Returns an error if the change is not a configuration.
pub fn with_omitted(mut change: Value, current: Option<&TenantConfig>) -> serde_json::Result<TenantConfig> {
    if let Some(current) = current {
        let current = serde_json::to_value(current)?;
        for path in KEPT {
            keep(&mut change, &current, path);
        }
    }
    serde_json::from_value(change)
}

/// Returns a configuration as a change that contains every setting of [`KEPT`]. Settings without a value become null,
/// so that the server does not keep their current values.
///
/// # Errors
/// Never, because every configuration can be serialized.
pub fn as_complete_change(config: &TenantConfig) -> serde_json::Result<Value> {
    let mut change = serde_json::to_value(config)?;
    for path in KEPT {
        let (pointer, name) = place(path);
        if let Some(members) = change.pointer_mut(&pointer).and_then(Value::as_object_mut) {
            members.entry(name).or_insert(Value::Null);
        }
    }
    Ok(change)
}

/// Returns the JSON pointer of a setting's section, and the name of the setting.
fn place(path: &str) -> (String, &str) {
    match path.rsplit_once('.') {
        Some((section, name)) => (format!("/{}", section.replace('.', "/")), name),
        None => (String::new(), path),
    }
}

/// Copies a setting from `current` if `change` contains its section, but not the setting.
fn keep(change: &mut Value, current: &Value, path: &str) {
    let (pointer, name) = place(path);
    let Some(members) = change.pointer_mut(&pointer).and_then(Value::as_object_mut) else { return };
    if let Some(value) = current.pointer(&pointer).and_then(|section| section.get(name)) {
        members.entry(name).or_insert_with(|| value.clone());
    }
}

/// Reads `null` as the default of the type.
pub(super) fn null_as_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    reader: D,
) -> Result<T, D::Error> {
    null_as(reader, T::default())
}

/// Reads `null` as the given value.
pub(super) fn null_as<'de, T: Deserialize<'de>, D: Deserializer<'de>>(reader: D, default: T) -> Result<T, D::Error> {
    Ok(Option::deserialize(reader)?.unwrap_or(default))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::RelyingParty;

    /// Returns a configuration in which the value of every kept setting differs from its default.
    fn current() -> TenantConfig {
        let trust = json!({
            "registration": "enforce",
            "login": "monitor",
            "attestation_required": true,
            "allow_aaguids": ["00000000-0000-0000-0000-000000000001"],
            "deny_aaguids": ["00000000-0000-0000-0000-000000000002"],
            "deny_statuses": ["REVOKED"],
            "min_certification": "L2",
            "device_bound_only": true,
            "algorithms": ["ES256"],
        });
        let config = json!({
            "webauthn": {
                "relying_party": {
                    "id": "localhost",
                    "display_name": "a",
                    "origins": ["http://localhost"],
                    "related_origins": ["https://example.net"],
                    "top_origins": ["https://partner.example"],
                },
                "token_audience": "ceremony",
                "backup_eligibility_change": "refuse",
                "algorithms": ["ML-DSA-65"],
                "keep_attestation": false,
                "challenge_lifetime": 300_000,
                "hints": ["hybrid"],
                "attestation_formats": ["tpm"],
                "exclude_credentials": false,
                "extensions": { "credProps": true },
                "allowed_extensions": ["prf"],
                "counter_policy": "record",
            },
            "mfa": { "user_verification": "discouraged", "challenge_lifetime": 90_000, "hints": ["security-key"] },
            "acr": { "aal1": "a", "aal2": "b", "aal3": "c" },
            "limits": { "credentials_per_user": 5, "transaction_data_bytes": 100 },
            "trust": { "passkeys": trust, "second_factors": trust },
        });
        serde_json::from_value(config).unwrap()
    }

    fn pointer(path: &str) -> String {
        format!("/{}", path.replace('.', "/"))
    }

    #[test]
    fn omitted_settings_keep_their_value_and_null_means_the_default() {
        let current = current();
        let all = json!(current);
        for path in KEPT {
            let (section, name) = path.rsplit_once('.').map_or((String::new(), *path), |(a, b)| (pointer(a), b));
            let mut omitted = all.clone();
            omitted.pointer_mut(&section).unwrap().as_object_mut().unwrap().remove(name).unwrap();
            assert_eq!(with_omitted(omitted.clone(), Some(&current)).unwrap(), current, "{path}");
            let default = json!(with_omitted(omitted, None).unwrap());
            assert_ne!(default, all, "{path} has its default in the test");
            let mut null = all.clone();
            *null.pointer_mut(&pointer(path)).unwrap() = Value::Null;
            assert_eq!(json!(with_omitted(null, Some(&current)).unwrap()), default, "{path}");
        }
    }

    #[test]
    fn complete_change_keeps_no_current_value() {
        let origins = vec!["https://example.com".to_owned()];
        let relying_party = RelyingParty::new("example.com".to_owned(), "Example".to_owned(), origins);
        let wanted = TenantConfig::for_relying_party(relying_party);
        assert_eq!(with_omitted(as_complete_change(&wanted).unwrap(), Some(&current())).unwrap(), wanted);
    }

    #[test]
    fn omitted_section_keeps_all_its_settings() {
        let current = current();
        let mut change = json!(current);
        change.as_object_mut().unwrap().remove("limits");
        assert_eq!(with_omitted(change, Some(&current)).unwrap().limits, current.limits);
    }
}
