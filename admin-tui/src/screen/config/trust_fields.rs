//! The fields of the trust policies in the configuration form.

use doorward_shared::{AuthenticatorStatus, CertificationLevel, config::TrustMode};

use super::config_field::{ConfigField, FIELDS, Group, Kind, algorithms, field};

/// Returns all fields of the form, in the order of the form.
pub(super) fn all_fields() -> impl Iterator<Item = &'static ConfigField> {
    FIELDS.iter().chain(TRUST_FIELDS.iter())
}

fn modes() -> Vec<&'static str> {
    TrustMode::ALL.iter().map(|it| it.as_str()).collect()
}

fn statuses() -> Vec<&'static str> {
    AuthenticatorStatus::ALL.iter().map(|it| it.as_str()).collect()
}

fn levels() -> Vec<&'static str> {
    CertificationLevel::ALL.iter().map(|it| it.as_str()).collect()
}

const REGISTRATION: &str = "for new credentials; monitor accepts and records what enforce would refuse";
const LOGIN: &str = "for logins and transactions with registered credentials; saving shows who is locked out";
const ATTESTED: &str = "yes: the attestation must prove the model; passkey providers send none";
const ALLOWED: &str = "AAGUID of an accepted model, which must be proven; empty: all models";
const DENIED: &str = "AAGUID of a refused model, proven or not; an empty value is removed";
const STATUS: &str = "refused status in the FIDO metadata, such as REVOKED or USER_KEY_REMOTE_COMPROMISE";
const LEVEL: &str = "lowest certification of a proven model in the FIDO metadata";
const BOUND: &str = "yes refuses credentials that can be backed up or synchronised";
const ALGORITHM: &str = "accepted algorithm; empty: all";

/// Fields of the policies, in the order of the form.
static TRUST_FIELDS: [ConfigField; 18] = {
    use Group::{PasskeyTrust, SecondFactorTrust};
    use Kind::{Choice, ListOf, Models, OptionalChoice, OptionalListOf, OptionalModels, YesNo};
    [
        field(PasskeyTrust, "trust.passkeys.registration", "Registrations", REGISTRATION, Choice(modes)),
        field(PasskeyTrust, "trust.passkeys.login", "Logins", LOGIN, Choice(modes)),
        field(PasskeyTrust, "trust.passkeys.attestation_required", "Proven model", ATTESTED, YesNo),
        field(PasskeyTrust, "trust.passkeys.allow_aaguids", "Accepted model", ALLOWED, OptionalModels),
        field(PasskeyTrust, "trust.passkeys.deny_aaguids", "Refused model", DENIED, Models),
        field(PasskeyTrust, "trust.passkeys.deny_statuses", "Refused status", STATUS, ListOf(statuses)),
        field(PasskeyTrust, "trust.passkeys.min_certification", "Certification", LEVEL, OptionalChoice(levels)),
        field(PasskeyTrust, "trust.passkeys.device_bound_only", "Device-bound only", BOUND, YesNo),
        field(PasskeyTrust, "trust.passkeys.algorithms", "Accepted algorithm", ALGORITHM, OptionalListOf(algorithms)),
        field(SecondFactorTrust, "trust.second_factors.registration", "Registrations", REGISTRATION, Choice(modes)),
        field(SecondFactorTrust, "trust.second_factors.login", "Logins", LOGIN, Choice(modes)),
        field(SecondFactorTrust, "trust.second_factors.attestation_required", "Proven model", ATTESTED, YesNo),
        field(SecondFactorTrust, "trust.second_factors.allow_aaguids", "Accepted model", ALLOWED, OptionalModels),
        field(SecondFactorTrust, "trust.second_factors.deny_aaguids", "Refused model", DENIED, Models),
        field(SecondFactorTrust, "trust.second_factors.deny_statuses", "Refused status", STATUS, ListOf(statuses)),
        field(
            SecondFactorTrust,
            "trust.second_factors.min_certification",
            "Certification",
            LEVEL,
            OptionalChoice(levels),
        ),
        field(SecondFactorTrust, "trust.second_factors.device_bound_only", "Device-bound only", BOUND, YesNo),
        field(
            SecondFactorTrust,
            "trust.second_factors.algorithms",
            "Accepted algorithm",
            ALGORITHM,
            OptionalListOf(algorithms),
        ),
    ]
};
