//! Data that the tests share: a relying party and request bodies.

use doorward_shared::{
    Base64Url, CoseAlgorithm, TenantId, Timestamp, UserId,
    config::{AttestationPreference, BackupEligibilityChange, CounterPolicy, ResidentKey, UserVerification},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    domain::{CeremonyPolicy, CeremonyState, Credential, RelyingPartyPolicy, User},
    webauthn::VerifiedRegistration,
};

pub(super) const RP_ID: &str = "example.org";
pub(super) const ORIGIN: &str = "https://example.org";

pub(super) fn b64(bytes: &[u8]) -> String {
    Base64Url::encode(bytes)
}

pub(super) fn relying_party() -> RelyingPartyPolicy {
    RelyingPartyPolicy {
        id: RP_ID.to_owned(),
        name: "Example".to_owned(),
        icon: None,
        origins: vec![ORIGIN.to_owned()],
        top_origins: Vec::new(),
    }
}

pub(super) const fn policy(user_verification: UserVerification) -> CeremonyPolicy {
    CeremonyPolicy {
        user_verification,
        attachment: None,
        attestation: AttestationPreference::Direct,
        resident_key: ResidentKey::Required,
        timeout_ms: 60_000,
        lifetime_ms: 60_000,
        backup_eligibility_change: BackupEligibilityChange::Accept,
        counter_policy: CounterPolicy::Refuse,
    }
}

pub(super) fn state(user_verification: UserVerification) -> CeremonyState {
    CeremonyState {
        minimum_level: None,
        algorithms: CoseAlgorithm::DEFAULT.to_vec(),
        ..CeremonyState::new(&relying_party(), &policy(user_verification), None)
    }
}

pub(super) fn user(external_id: &str) -> User {
    User {
        tenant_id: TenantId::new(Uuid::nil()),
        id: UserId::new(Uuid::nil()),
        external_id: external_id.to_owned(),
        name: "alice@example.org".to_owned(),
        display_name: "Alice".to_owned(),
        icon: String::new(),
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
        disabled_at: None,
    }
}

/// Returns the credential that is stored after a registration.
pub(super) fn stored(registration: VerifiedRegistration) -> Credential {
    Credential {
        tenant_id: TenantId::new(Uuid::nil()),
        id: registration.credential_id,
        user_id: UserId::new(Uuid::nil()),
        name: String::new(),
        algorithm: registration.algorithm,
        public_key: registration.public_key,
        attestation_format: registration.attestation_format,
        attestation_trust: registration.attestation_trust,
        attestation_key_id: registration.attestation_key_id,
        aaguid: registration.aaguid,
        sign_count: registration.sign_count,
        transports: registration.transports,
        backup_eligible: registration.backup_eligible,
        backup_state: registration.backup_state,
        is_mfa: false,
        user_verified: registration.user_verified,
        discoverable: registration.discoverable,
        last_used_at: None,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
        disabled_at: None,
    }
}

pub(super) fn registration_body(id: &[u8], client_data_json: &[u8], attestation_object: &[u8]) -> Value {
    json!({
        "id": b64(id), "rawId": b64(id), "type": "public-key",
        "response": {
            "clientDataJSON": b64(client_data_json),
            "attestationObject": b64(attestation_object),
            "transports": ["internal", "hybrid"],
        },
        "clientExtensionResults": {},
    })
}

pub(super) fn assertion_body(id: &[u8], client_data_json: &[u8], auth_data: &[u8], signature: &[u8]) -> Value {
    json!({
        "id": b64(id), "rawId": b64(id), "type": "public-key",
        "response": {
            "clientDataJSON": b64(client_data_json),
            "authenticatorData": b64(auth_data),
            "signature": b64(signature),
            "userHandle": null,
        },
        "clientExtensionResults": {},
    })
}
