//! Requests and responses of ceremonies in WebAuthn's JSON forms (WebAuthn §5.1.8–§5.1.9, §5.4, §5.5).

use serde::{Deserialize, Serialize};

use crate::{
    Base64Url,
    config::{Attachment, AttestationFormat, AttestationPreference, Hint, ResidentKey, UserVerification},
    extensions::{AssertionExtensions, RegistrationExtensions},
};

text_enum! {
    /// Mediation of a registration (WebAuthn §5.1.3).
    pub enum Mediation {
        /// The password manager creates the passkey without a dialog, after a login with a password (automatic passkey
        /// upgrade). The new credential may lack user presence and user verification.
        Conditional => "conditional",
    }
}

/// Starts a registration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistrationInitRequest {
    /// User id: the application's own id for the user, 1 to 64 bytes of UTF-8 (WebAuthn's limit for a user handle).
    /// Required.
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, nullable = false, min_length = 1, max_length = 64, example = "42")
    )]
    pub user_id: Option<String>,
    /// Name with which the user signs in, at most 128 characters. Required.
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, nullable = false, min_length = 1, max_length = 128, example = "alice@example.com")
    )]
    pub username: Option<String>,
    /// Display name of the user, at most 128 characters. Default if absent or blank: `username`.
    #[cfg_attr(feature = "openapi", schema(max_length = 128, example = "Alice Smith"))]
    pub display_name: Option<String>,
    /// URL of the user's picture.
    #[cfg_attr(feature = "openapi", schema(max_length = 2048, format = "uri"))]
    pub icon: Option<String>,
    /// `conditional` starts an automatic passkey upgrade. Second factors do not support it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mediation: Option<Mediation>,
    /// Kinds of authenticators that the user probably has, most probable first. Default: the hints in the tenant's
    /// configuration.
    #[cfg_attr(feature = "openapi", schema(max_items = 3, example = json!(["client-device"])))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hints: Option<Vec<Hint>>,
    /// Extensions to request in addition to those of the tenant.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RegistrationExtensions>))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extensions: Option<serde_json::Value>,
}

/// Starts a login. Without `user_id`, the login is discoverable and requires no API key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginInitRequest {
    /// User id: the application's own id for the user.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "42"))]
    pub user_id: Option<String>,
    /// Kinds of authenticators that the user probably has, most probable first. Default: the hints in the tenant's
    /// configuration.
    #[cfg_attr(feature = "openapi", schema(max_items = 3, example = json!(["client-device"])))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hints: Option<Vec<Hint>>,
    /// Extensions to request.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<AssertionExtensions>))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extensions: Option<serde_json::Value>,
    /// Lowest accepted level of assurance: one of the names in the tenant's setting `acr`. Requires the API key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "aal2"))]
    pub min_acr: Option<String>,
}

/// Starts a second-factor login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MfaLoginInitRequest {
    /// User id: the application's own id for the user. Required.
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, nullable = false, min_length = 1, max_length = 64, example = "42")
    )]
    pub user_id: Option<String>,
    /// Kinds of authenticators that the user probably has, most probable first. Default: the hints in the tenant's
    /// configuration.
    #[cfg_attr(feature = "openapi", schema(max_items = 3, example = json!(["client-device"])))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hints: Option<Vec<Hint>>,
    /// Extensions to request.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<AssertionExtensions>))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extensions: Option<serde_json::Value>,
    /// Lowest accepted level of assurance: one of the names in the tenant's setting `acr`. Requires the API key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "aal2"))]
    pub min_acr: Option<String>,
}

/// Starts the confirmation of a transaction.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransactionInitRequest {
    /// User id: the application's own id for the user. Required.
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, nullable = false, min_length = 1, max_length = 64, example = "42")
    )]
    pub user_id: Option<String>,
    /// The application's own id for the transaction, at most 128 characters, unique in the tenant. Required.
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, nullable = false, min_length = 1, max_length = 128, example = "payment-7")
    )]
    pub transaction_id: Option<String>,
    /// Data to confirm: any JSON value except null. Its size without whitespace is limited by the tenant's setting
    /// `limits.transaction_data_bytes` (default: 8 192 bytes). An object must not repeat a member. Numbers and strings
    /// are kept as they are written. Required.
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = Value, required = true, example = json!({ "amount": "12.50", "currency": "EUR" }))
    )]
    pub transaction_data: Option<Box<serde_json::value::RawValue>>,
    /// Kinds of authenticators that the user probably has, most probable first. Default: the hints in the tenant's
    /// configuration.
    #[cfg_attr(feature = "openapi", schema(max_items = 3, example = json!(["client-device"])))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hints: Option<Vec<Hint>>,
    /// Extensions to request.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<AssertionExtensions>))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extensions: Option<serde_json::Value>,
    /// Lowest accepted level of assurance: one of the names in the tenant's setting `acr`. Requires the API key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "aal2"))]
    pub min_acr: Option<String>,
}

/// Options for `navigator.credentials.create()`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreationOptions {
    /// The options (WebAuthn §5.4).
    #[serde(rename = "publicKey")]
    pub public_key: PublicKeyCreationOptions,
    /// Mediation to pass to the browser together with `publicKey`. Absent if the initialize request contained none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mediation: Option<Mediation>,
}

/// `PublicKeyCredentialCreationOptions` (WebAuthn §5.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublicKeyCreationOptions {
    /// Relying party.
    pub rp: RpEntity,
    /// User for whom the credential is created.
    pub user: UserEntity,
    /// Challenge that the authenticator signs. The server accepts it only once.
    pub challenge: Base64Url,
    /// Algorithms that the server verifies, in order of preference.
    pub pub_key_cred_params: Vec<PubKeyCredParam>,
    /// Milliseconds that the browser should wait for the user. The challenge may be valid for longer.
    #[cfg_attr(feature = "openapi", schema(minimum = 1000, maximum = 3600000, example = 60000))]
    pub timeout: u32,
    /// Existing credentials of the user. Authenticators that contain one of them must not create another credential.
    pub exclude_credentials: Vec<CredentialDescriptor>,
    /// Requirements for the authenticator.
    pub authenticator_selection: AuthenticatorSelection,
    /// Attestation that the authenticator should send.
    pub attestation: AttestationPreference,
    /// Preferred formats of the attestation statement, best first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attestation_formats: Vec<AttestationFormat>,
    /// Kinds of authenticators that the user probably has, most probable first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub hints: Vec<Hint>,
    /// Requested extensions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extensions: Option<RegistrationExtensions>,
}

/// `PublicKeyCredentialRpEntity` (WebAuthn §5.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RpEntity {
    /// Display name.
    #[cfg_attr(feature = "openapi", schema(example = "Example"))]
    pub name: String,
    /// RP ID.
    #[cfg_attr(feature = "openapi", schema(example = "example.com"))]
    pub id: String,
    /// URL of an icon.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub icon: Option<String>,
}

/// `PublicKeyCredentialUserEntity` (WebAuthn §5.4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserEntity {
    /// User handle: the UTF-8 bytes of `user_id`.
    pub id: Base64Url,
    /// Name with which the user signs in.
    pub name: String,
    /// Display name of the user.
    pub display_name: String,
    /// URL of an icon.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub icon: Option<String>,
}

/// `PublicKeyCredentialParameters` (WebAuthn §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PubKeyCredParam {
    /// Always `public-key`.
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    /// COSE algorithm identifier, such as -7 (ES256) or -8 (EdDSA).
    #[cfg_attr(feature = "openapi", schema(example = -7))]
    pub alg: i64,
}

text_enum! {
    /// WebAuthn §5.8.2: the only type of credential.
    pub enum CredentialKind {
        /// A public-key credential.
        PublicKey => "public-key",
    }
}

/// `PublicKeyCredentialDescriptor` (WebAuthn §5.8.3), without transports, because transports make some platforms select
/// the wrong authenticator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialDescriptor {
    /// Always `public-key`.
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    /// Id of the credential.
    pub id: Base64Url,
}

/// `AuthenticatorSelectionCriteria` (WebAuthn §5.4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuthenticatorSelection {
    /// Required attachment of the authenticator. Absent: any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authenticator_attachment: Option<Attachment>,
    /// `true` if `resident_key` is `required`, for clients of WebAuthn Level 1.
    pub require_resident_key: bool,
    /// Whether the credential must be discoverable.
    pub resident_key: ResidentKey,
    /// Whether the authenticator must verify its user.
    pub user_verification: UserVerification,
}

/// Options for `navigator.credentials.get()`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestOptions {
    /// The options (WebAuthn §5.5).
    #[serde(rename = "publicKey")]
    pub public_key: PublicKeyRequestOptions,
}

/// `PublicKeyCredentialRequestOptions` (WebAuthn §5.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublicKeyRequestOptions {
    /// Challenge that the authenticator signs. The server accepts it only once.
    pub challenge: Base64Url,
    /// Milliseconds that the browser should wait for the user. The challenge may be valid for longer.
    #[cfg_attr(feature = "openapi", schema(minimum = 1000, maximum = 3600000, example = 60000))]
    pub timeout: u32,
    /// RP ID.
    #[cfg_attr(feature = "openapi", schema(example = "example.com"))]
    pub rp_id: String,
    /// Whether the authenticator must verify its user.
    pub user_verification: UserVerification,
    /// Credentials of the user. Absent in a discoverable login.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub allow_credentials: Option<Vec<CredentialDescriptor>>,
    /// Kinds of authenticators that the user probably has, most probable first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub hints: Vec<Hint>,
    /// Requested extensions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extensions: Option<AssertionExtensions>,
}

/// Result of `navigator.credentials.create()` as JSON. Unknown fields are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RegistrationResponse {
    /// Id of the credential: base64url of `rawId`.
    #[cfg_attr(feature = "openapi", schema(value_type = Base64Url))]
    pub id: String,
    /// Id of the credential.
    pub raw_id: Base64Url,
    /// Always `public-key`.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(value_type = CredentialKind))]
    pub kind: String,
    /// Response of the authenticator.
    pub response: AttestationResponse,
    /// Transports of the authenticator. Only older clients send them here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transports: Option<Vec<String>>,
    /// Attachment of the authenticator.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authenticator_attachment: Option<String>,
    /// Outputs of client extensions.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub client_extension_results: serde_json::Value,
}

/// `AuthenticatorAttestationResponse` (WebAuthn §5.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttestationResponse {
    /// Client data: JSON whose hash is signed.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: Base64Url,
    /// Attestation object in CBOR.
    #[serde(rename = "attestationObject")]
    pub attestation_object: Base64Url,
    /// Transports of the authenticator.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transports: Option<Vec<String>>,
}

/// Result of `navigator.credentials.get()` as JSON. Unknown fields are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationResponse {
    /// Id of the credential: base64url of `rawId`.
    #[cfg_attr(feature = "openapi", schema(value_type = Base64Url))]
    pub id: String,
    /// Id of the credential.
    pub raw_id: Base64Url,
    /// Always `public-key`.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(value_type = CredentialKind))]
    pub kind: String,
    /// Response of the authenticator.
    pub response: AssertionResponse,
    /// Attachment of the authenticator.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authenticator_attachment: Option<String>,
    /// Outputs of client extensions.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub client_extension_results: serde_json::Value,
}

/// `AuthenticatorAssertionResponse` (WebAuthn §5.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AssertionResponse {
    /// Client data: JSON whose hash is signed.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: Base64Url,
    /// Authenticator data: RP ID hash, flags, counter, extensions.
    pub authenticator_data: Base64Url,
    /// Signature over `authenticatorData` and the hash of `clientDataJSON`.
    pub signature: Base64Url,
    /// User handle of the credential, if the authenticator stores it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user_handle: Option<Base64Url>,
}

/// Response of every finalize request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenResponse {
    /// JWT signed with one of the tenant's keys. Verify it with `/.well-known/jwks.json`.
    #[cfg_attr(feature = "openapi", schema(example = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl"))]
    pub token: String,
}

text_enum! {
    /// Ceremony to which a challenge or a token belongs.
    pub enum CeremonyName ("ceremony") {
        /// Registration of a credential.
        Registration => "registration",
        /// Login with a passkey.
        Login => "login",
        /// Login with a second factor.
        Mfa => "mfa",
        /// Confirmation of a transaction.
        Transaction => "transaction",
    }
}
