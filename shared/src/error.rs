//! Error body of both APIs, and the closed list of its machine-readable codes.

use serde::{Deserialize, Serialize};

mod help;

pub use help::ErrorHelp;

/// Body of every error response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// Title: a fixed text for each kind of failure. Clients of this API rely on this text.
    #[cfg_attr(feature = "openapi", schema(example = "failed to validate assertion"))]
    pub title: String,
    /// Human-readable reason. Empty if details would help an attacker.
    pub details: String,
    /// HTTP status code.
    #[cfg_attr(feature = "openapi", schema(minimum = 400, maximum = 599, example = 401))]
    pub status: u16,
    /// Machine-readable reason. Codes do not change between versions.
    pub code: ErrorCode,
}

/// Error for text that is not a value of a `text_enum` type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownWord {
    /// Kind of the expected value, as words or as the name of a Rust type. A type name is displayed as separate words.
    pub kind: &'static str,
    pub allowed: &'static [&'static str],
}

impl std::fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("unknown ")?;
        for (index, symbol) in self.kind.chars().enumerate() {
            let begins_word = symbol.is_uppercase() && index > 0;
            write!(f, "{}{}", if begins_word { " " } else { "" }, symbol.to_lowercase())?;
        }
        write!(f, ": expected one of {}", self.allowed.join(", "))
    }
}

impl std::error::Error for UnknownWord {}

text_enum! {
    /// Stable error codes.
    pub enum ErrorCode {
        /// The tenant id in the path is not a UUID.
        TenantIdInvalid => "tenant_id_invalid",
        /// No tenant has this id.
        TenantNotFound => "tenant_not_found",
        /// An administrator disabled the tenant.
        TenantDisabled => "tenant_disabled",
        /// A tenant with the requested id exists, or the audit log of a deleted tenant with this id is still kept.
        TenantExists => "tenant_exists",
        /// The operation requires an API key and the request has none.
        ApiKeyMissing => "api_key_missing",
        /// The API key is unknown, wrong, expired, revoked, or another tenant's.
        ApiKeyInvalid => "api_key_invalid",
        /// An administrator disabled the API key.
        ApiKeyDisabled => "api_key_disabled",
        /// The admin token is missing, unknown, wrong, expired or revoked.
        AdminTokenInvalid => "admin_token_invalid",
        /// The admin token's role does not allow this operation.
        Forbidden => "forbidden",
        /// The bytes are not an HTTP/1.1 request.
        RequestMalformed => "request_malformed",
        /// The request line and the headers are larger than the server accepts.
        RequestHeadTooLarge => "request_head_too_large",
        /// The body is not the JSON that this endpoint accepts.
        BodyMalformed => "body_malformed",
        /// The body is larger than the server accepts.
        BodyTooLarge => "body_too_large",
        /// The body is not declared as `application/json`.
        MediaTypeUnsupported => "media_type_unsupported",
        /// A header that may occur only once occurs several times.
        HeaderRepeated => "header_repeated",
        /// A field is missing or invalid.
        ValidationFailed => "validation_failed",
        /// A query parameter is missing or invalid.
        QueryInvalid => "query_invalid",
        /// A request to the admin API contains an unknown query parameter.
        ParameterUnknown => "parameter_unknown",
        /// A body of the admin API contains an unknown member.
        MemberUnknown => "member_unknown",
        /// A tenant's configuration contradicts itself or the WebAuthn specification.
        ConfigInvalid => "config_invalid",
        /// The API has no such endpoint.
        RouteNotFound => "route_not_found",
        /// The endpoint exists, but not with this method.
        MethodNotAllowed => "method_not_allowed",
        /// Too many requests from this address or for this tenant.
        RateLimited => "rate_limited",
        /// The request took longer than the server allows.
        RequestTimeout => "request_timeout",
        /// The tenant has no such user.
        UserNotFound => "user_not_found",
        /// An administrator disabled the user.
        UserDisabled => "user_disabled",
        /// The user has no credential that this operation accepts.
        NoSuitableCredential => "no_suitable_credential",
        /// The tenant has no such credential.
        CredentialNotFound => "credential_not_found",
        /// The credential id is already registered in this tenant.
        CredentialExists => "credential_exists",
        /// The user has as many credentials as the tenant allows.
        TooManyCredentials => "too_many_credentials",
        /// None of the user's credentials can reach the level that `min_acr` demands.
        AcrUnreachable => "acr_unreachable",
        /// The login or transaction has a lower level than `min_acr` demands.
        AcrTooLow => "acr_too_low",
        /// The transaction id was used before in this tenant.
        TransactionExists => "transaction_exists",
        /// No such secret (API key, signing key or admin token).
        SecretNotFound => "secret_not_found",
        /// The secret cannot be removed: it is the last one in use.
        SecretInUse => "secret_in_use",
        /// The request would revoke the last usable admin token with the role `admin`; this requires `force=true`.
        LastAdminToken => "last_admin_token",
        /// The challenge is unknown, was used, or belongs to another tenant or ceremony.
        ChallengeUnknown => "challenge_unknown",
        /// The challenge has expired.
        ChallengeExpired => "challenge_expired",
        /// The JSON, CBOR or binary structure of the credential is invalid.
        CredentialMalformed => "credential_malformed",
        /// `clientDataJSON.type` is that of another operation.
        ClientDataTypeMismatch => "client_data_type_mismatch",
        /// The origin is not one of the tenant's origins.
        OriginMismatch => "origin_mismatch",
        /// The ceremony ran in a frame of a page whose origin is not one of the tenant's top origins.
        CrossOrigin => "cross_origin",
        /// The authenticator signed for another relying party.
        RpIdMismatch => "rp_id_mismatch",
        /// The authenticator did not report user presence.
        UserPresenceMissing => "user_presence_missing",
        /// The tenant requires user verification and the authenticator did not perform it.
        UserVerificationMissing => "user_verification_missing",
        /// The backup flags contradict each other or the registration.
        BackupStateInvalid => "backup_state_invalid",
        /// The signature is not valid.
        SignatureInvalid => "signature_invalid",
        /// The signature counter did not increase: the authenticator may have been cloned.
        CounterRegression => "counter_regression",
        /// The tenant has no such credential. The page may call `PublicKeyCredential.signalUnknownCredential()`.
        CredentialUnknown => "credential_unknown",
        /// The credential exists, but this ceremony does not accept it.
        CredentialNotAllowed => "credential_not_allowed",
        /// An administrator disabled the credential.
        CredentialDisabled => "credential_disabled",
        /// The user handle is missing although it is required.
        UserHandleMissing => "user_handle_missing",
        /// The user handle belongs to another user.
        UserHandleMismatch => "user_handle_mismatch",
        /// The attestation statement is not valid.
        AttestationInvalid => "attestation_invalid",
        /// The credential's algorithm was not offered, or cannot be verified.
        AlgorithmUnsupported => "algorithm_unsupported",
        /// The token is not a token of this tenant, or its signature is not valid.
        TokenInvalid => "token_invalid",
        /// The token has expired.
        TokenExpired => "token_expired",
        /// The token was redeemed before.
        TokenAlreadyRedeemed => "token_already_redeemed",
        /// The tenant's trust policy does not accept the authenticator.
        TrustPolicy => "trust_policy",
        /// The request conflicts with stored data.
        Conflict => "conflict",
        /// The id is the internal id of one user and the user id of another user: send `by`.
        UserAmbiguous => "user_ambiguous",
        /// The tenant was changed since it was read: its `ETag` differs from `If-Match`.
        TenantChanged => "tenant_changed",
        /// The object was disabled or enabled in the meantime: its `ETag` differs from `If-Match`.
        StateChanged => "state_changed",
        /// The server is overloaded or its database cannot be reached; try again.
        Unavailable => "unavailable",
        /// Internal error. The server logs the cause with the request id.
        Internal => "internal_error",
    }
}
