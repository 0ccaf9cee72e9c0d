//! Verifies assertions with webauthn-rs, whose verification does not depend on Doorward's code.
//!
//! Tests compare Doorward's results with those of this module, and the `mfa` benchmark compares the CPU time.

use std::time::Duration;

use doorward_authenticator::base64url;
use serde_json::json;
use url::Url;
use webauthn_rs_core::{
    WebauthnCore,
    error::WebauthnError,
    proto::{
        AttestationFormat, AuthenticationState, COSEKey, Credential, ParsedAttestation, PublicKeyCredential,
        RegisteredExtensions, UserVerificationPolicy,
    },
};

#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub rp_id: &'a str,
    pub origin: &'a str,
    pub challenge: &'a [u8],
    pub user_verification: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct StoredCredential<'a> {
    pub public_key: &'a [u8],
    pub sign_count: u32,
}

/// Returns whether webauthn-rs verifies signatures of this COSE key: ES256, ES384, and RS256 with 2048 bits.
pub fn supports(public_key: &[u8]) -> bool {
    use serde_cbor_2::Value;
    let Ok(Value::Map(members)) = serde_cbor_2::from_slice(public_key) else { return false };
    match members.get(&Value::Integer(3)) {
        Some(Value::Integer(-7 | -35)) => true,
        Some(Value::Integer(-257)) => {
            matches!(members.get(&Value::Integer(-1)), Some(Value::Bytes(modulus)) if modulus.len() == 256)
        }
        _ => false,
    }
}

/// Verifies the result of `navigator.credentials.get()`.
///
/// # Errors
/// Returns the reason if the assertion is rejected.
pub fn verify(expected: Expected<'_>, stored: StoredCredential<'_>, body: &[u8]) -> Result<(), WebauthnError> {
    let response: PublicKeyCredential = serde_json::from_slice(body).map_err(WebauthnError::ParseJSONFailure)?;
    let key: serde_cbor_2::Value =
        serde_cbor_2::from_slice(stored.public_key).map_err(|_| WebauthnError::COSEKeyInvalidCBORValue)?;
    let authenticator_data: &[u8] = response.response.authenticator_data.as_ref();
    let credential = Credential {
        cred_id: response.raw_id.clone(),
        cred: COSEKey::try_from(&key)?,
        counter: stored.sign_count,
        transports: None,
        // With `true`, webauthn-rs would require user verification even if the policy only prefers it.
        user_verified: false,
        registration_policy: UserVerificationPolicy::Discouraged_DO_NOT_USE,
        // This flag is copied from the assertion, because webauthn-rs and Doorward have different rules for changes of
        // the flag.
        backup_eligible: authenticator_data.get(32).is_some_and(|flags| flags & 0x08 != 0),
        backup_state: false,
        extensions: RegisteredExtensions::none(),
        attestation: ParsedAttestation::default(),
        attestation_format: AttestationFormat::None,
    };
    // `AuthenticationState` has no public constructor, so the state is parsed from JSON.
    let state: AuthenticationState = serde_json::from_value(json!({
        "credentials": [], "policy": if expected.user_verification { "required" } else { "preferred" },
        "challenge": base64url(expected.challenge), "appid": null, "allow_backup_eligible_upgrade": false,
    }))
    .map_err(WebauthnError::ParseJSONFailure)?;
    let origin = Url::parse(expected.origin).map_err(|_| WebauthnError::InvalidRPOrigin)?;
    WebauthnCore::new_unsafe_experts_only("", expected.rp_id, vec![origin], Duration::ZERO, Some(false), Some(false))
        .authenticate_single_credential(&response, &state, &credential)
        .map(|_| ())
}
