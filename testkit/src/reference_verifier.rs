//! What webauthn-rs says of an assertion: a whole second implementation, from the body's JSON to the signature.
//!
//! Doorward judges assertions by itself. Tests hold its verdicts against these, and `benches/mfa` its cost.

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

/// What a ceremony asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The relying party's id.
    pub rp_id: &'a str,
    /// Its one origin.
    pub origin: &'a str,
    /// The challenge.
    pub challenge: &'a [u8],
    /// Whether the authenticator must verify its user.
    pub user_verification: bool,
}

/// What is known of the credential.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its COSE key.
    pub public_key: &'a [u8],
    /// Its signature counter.
    pub sign_count: u32,
}

/// Has webauthn-rs judge what `navigator.credentials.get()` answered.
///
/// # Errors
/// Why it refuses.
pub fn of(asked: Asked<'_>, known: Known<'_>, body: &[u8]) -> Result<(), WebauthnError> {
    let response: PublicKeyCredential = serde_json::from_slice(body).map_err(WebauthnError::ParseJSONFailure)?;
    let key: serde_cbor_2::Value =
        serde_cbor_2::from_slice(known.public_key).map_err(|_| WebauthnError::COSEKeyInvalidCBORValue)?;
    let authenticator_data: &[u8] = response.response.authenticator_data.as_ref();
    let credential = Credential {
        cred_id: response.raw_id.clone(),
        cred: COSEKey::try_from(&key)?,
        counter: known.sign_count,
        transports: None,
        // It would want of the credential ever after what the tenant merely preferred once.
        user_verified: false,
        registration_policy: UserVerificationPolicy::Discouraged_DO_NOT_USE,
        // It has rules of its own about how this flag changes: taken as it is sent.
        backup_eligible: authenticator_data.get(32).is_some_and(|flags| flags & 0x08 != 0),
        backup_state: false,
        extensions: RegisteredExtensions::none(),
        attestation: ParsedAttestation::default(),
        attestation_format: AttestationFormat::None,
    };
    // States have no constructor.
    let state: AuthenticationState = serde_json::from_value(json!({
        "credentials": [], "policy": if asked.user_verification { "required" } else { "preferred" },
        "challenge": base64url(asked.challenge), "appid": null, "allow_backup_eligible_upgrade": false,
    }))
    .map_err(WebauthnError::ParseJSONFailure)?;
    let origin = Url::parse(asked.origin).map_err(|_| WebauthnError::InvalidRPOrigin)?;
    WebauthnCore::new_unsafe_experts_only("", asked.rp_id, vec![origin], Duration::ZERO, Some(false), Some(false))
        .authenticate_single_credential(&response, &state, &credential)
        .map(|_| ())
}
