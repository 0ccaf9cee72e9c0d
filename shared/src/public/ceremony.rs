//! What starts and ends a ceremony: WebAuthn's options and responses in JSON form (WebAuthn §5.1.8–§5.1.9, §5.4, §5.5).

use serde::{Deserialize, Serialize};

use crate::{
    Base64Url,
    config::{Attachment, AttestationPreference, ResidentKey, UserVerification},
};

/// Starts a registration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistrationInitRequest {
    /// The tenant's own id of the user: 1 to 64 bytes of UTF-8 (WebAuthn's limit of a user handle). Required.
    #[cfg_attr(feature = "openapi", schema(required = true, nullable = false))]
    pub user_id: Option<String>,
    /// The name the user signs in with, at most 128 characters. Required.
    #[cfg_attr(feature = "openapi", schema(required = true, nullable = false))]
    pub username: Option<String>,
    /// The user's name for people, at most 128 characters; `username` when absent or blank.
    pub display_name: Option<String>,
    /// URL of the user's picture.
    pub icon: Option<String>,
}

/// Starts a login. Without `user_id` the login is discoverable, and needs no API key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginInitRequest {
    /// The tenant's own id of the user.
    pub user_id: Option<String>,
}

/// Starts a second-factor login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MfaLoginInitRequest {
    /// The tenant's own id of the user. Required.
    #[cfg_attr(feature = "openapi", schema(required = true, nullable = false))]
    pub user_id: Option<String>,
}

/// Starts the confirmation of a transaction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransactionInitRequest {
    /// The tenant's own id of the user. Required.
    #[cfg_attr(feature = "openapi", schema(required = true, nullable = false))]
    pub user_id: Option<String>,
    /// The tenant's own id of the transaction, at most 128 characters, used once. Required.
    #[cfg_attr(feature = "openapi", schema(required = true, nullable = false))]
    pub transaction_id: Option<String>,
    /// What is being confirmed: any JSON but null. Required.
    #[cfg_attr(feature = "openapi", schema(value_type = Object, required = true, nullable = false))]
    pub transaction_data: Option<serde_json::Value>,
}

/// Options for `navigator.credentials.create()`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreationOptions {
    /// WebAuthn §5.4.
    #[serde(rename = "publicKey")]
    pub public_key: PublicKeyCreationOptions,
}

/// WebAuthn §5.4, `PublicKeyCredentialCreationOptions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublicKeyCreationOptions {
    /// Who asks.
    pub rp: RpEntity,
    /// For whom.
    pub user: UserEntity,
    /// What the authenticator signs; used once.
    pub challenge: Base64Url,
    /// Algorithms the server verifies, the preferred one first.
    pub pub_key_cred_params: Vec<PubKeyCredParam>,
    /// Milliseconds until the challenge expires.
    pub timeout: u32,
    /// Credentials the user already has: their authenticators are not registered again.
    pub exclude_credentials: Vec<CredentialDescriptor>,
    /// Which authenticators are wanted.
    pub authenticator_selection: AuthenticatorSelection,
    /// How much the authenticator should tell about itself.
    pub attestation: AttestationPreference,
}

/// WebAuthn §5.4.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RpEntity {
    /// What people see.
    pub name: String,
    /// RP ID.
    pub id: String,
    /// URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub icon: Option<String>,
}

/// WebAuthn §5.4.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserEntity {
    /// User handle: the UTF-8 bytes of `user_id`.
    pub id: Base64Url,
    /// The name the user signs in with.
    pub name: String,
    /// The user's name for people.
    pub display_name: String,
    /// URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub icon: Option<String>,
}

/// WebAuthn §5.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PubKeyCredParam {
    /// Always `public-key`.
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    /// COSE algorithm identifier: -7 (ES256), -35 (ES384), -257 (RS256).
    pub alg: i64,
}

text_enum! {
    /// WebAuthn §5.8.2: there is one kind of credential.
    pub enum CredentialKind {
        /// A public-key credential.
        PublicKey => "public-key",
    }
}

/// WebAuthn §5.8.3. Transports are left out: they make some platforms pick the wrong authenticator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialDescriptor {
    /// Always `public-key`.
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    /// The credential's id.
    pub id: Base64Url,
}

/// WebAuthn §5.4.4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuthenticatorSelection {
    /// Where the authenticator must be; anywhere when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authenticator_attachment: Option<Attachment>,
    /// Whether `resident_key` is `required`, for WebAuthn Level 1 clients.
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
    /// WebAuthn §5.5.
    #[serde(rename = "publicKey")]
    pub public_key: PublicKeyRequestOptions,
}

/// WebAuthn §5.5, `PublicKeyCredentialRequestOptions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublicKeyRequestOptions {
    /// What the authenticator signs; used once.
    pub challenge: Base64Url,
    /// Milliseconds until the challenge expires.
    pub timeout: u32,
    /// RP ID.
    pub rp_id: String,
    /// Whether the authenticator must verify its user.
    pub user_verification: UserVerification,
    /// The user's credentials; absent in a discoverable login.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub allow_credentials: Option<Vec<CredentialDescriptor>>,
}

/// What `navigator.credentials.create()` answered, in JSON form. Unknown fields are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RegistrationResponse {
    /// The credential's id as text: base64url of `rawId`.
    pub id: String,
    /// The credential's id.
    pub raw_id: Base64Url,
    /// Always `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the authenticator made.
    pub response: AttestationResponse,
    /// How the authenticator can be reached, where older clients put it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transports: Option<Vec<String>>,
    /// Where the authenticator is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authenticator_attachment: Option<String>,
    /// Outputs of client extensions.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub client_extension_results: serde_json::Value,
}

/// WebAuthn §5.2.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttestationResponse {
    /// What the client says it did: JSON, signed over by its hash.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: Base64Url,
    /// The authenticator's CBOR statement.
    #[serde(rename = "attestationObject")]
    pub attestation_object: Base64Url,
    /// How the authenticator can be reached.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transports: Option<Vec<String>>,
}

/// What `navigator.credentials.get()` answered, in JSON form. Unknown fields are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationResponse {
    /// The credential's id as text: base64url of `rawId`.
    pub id: String,
    /// The credential's id.
    pub raw_id: Base64Url,
    /// Always `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the authenticator signed.
    pub response: AssertionResponse,
    /// Where the authenticator is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authenticator_attachment: Option<String>,
    /// Outputs of client extensions.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub client_extension_results: serde_json::Value,
}

/// WebAuthn §5.2.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AssertionResponse {
    /// What the client says it did: JSON, signed over by its hash.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: Base64Url,
    /// RP ID hash, flags, counter, extensions.
    pub authenticator_data: Base64Url,
    /// Over `authenticatorData` and the hash of `clientDataJSON`.
    pub signature: Base64Url,
    /// Whose credential it is, where the authenticator knows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user_handle: Option<Base64Url>,
}

/// The answer of every finalize.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenResponse {
    /// A JWT signed with one of the tenant's keys; verify it with `/.well-known/jwks.json`.
    pub token: String,
}

text_enum! {
    /// Which operation a challenge and a token belong to.
    pub enum CeremonyName {
        /// A credential was registered.
        Registration => "registration",
        /// A user logged in with a passkey.
        Login => "login",
        /// A user proved a second factor.
        Mfa => "mfa",
        /// A user confirmed a transaction.
        Transaction => "transaction",
    }
}

/// The claims of a token (RFC 7519).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenClaims {
    /// The installation's name.
    pub iss: String,
    /// The tenant's own id of the user.
    pub sub: String,
    /// The RP ID.
    pub aud: Vec<String>,
    /// The credential's id, base64url.
    pub cred: String,
    /// When the token was issued, in seconds since the Unix epoch.
    pub iat: i64,
    /// When it expires: 300 seconds later.
    pub exp: i64,
    /// The token's own id.
    pub jti: String,
    /// RFC 8176: how the user authenticated (`hwk` or `swk`, with `user`, `pin` … as far as WebAuthn tells).
    pub amr: Vec<String>,
    /// Which operation this token ends.
    pub ceremony: CeremonyName,
    /// Whether the authenticator verified its user.
    pub uv: bool,
    /// The caller's transaction id, for transactions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trans: Option<String>,
}
