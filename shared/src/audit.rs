//! Audit entries: their types and their wire form.

use serde::{Deserialize, Serialize};

use crate::{ApiKeyId, AuditId, TenantId, Timestamp};

text_enum! {
    /// Type of an audit entry. Each ceremony step, refusal and administrative change leaves exactly one entry.
    pub enum AuditType ("type of audit entry") {
        /// A passkey registration was started.
        WebauthnRegistrationInitSucceeded => "webauthn_registration_init_succeeded",
        /// A passkey registration could not be started.
        WebauthnRegistrationInitFailed => "webauthn_registration_init_failed",
        /// A passkey was registered.
        WebauthnRegistrationFinalSucceeded => "webauthn_registration_final_succeeded",
        /// A passkey registration was refused.
        WebauthnRegistrationFinalFailed => "webauthn_registration_final_failed",
        /// A passkey login was started.
        WebauthnAuthenticationInitSucceeded => "webauthn_authentication_init_succeeded",
        /// A passkey login could not be started.
        WebauthnAuthenticationInitFailed => "webauthn_authentication_init_failed",
        /// A user logged in with a passkey.
        WebauthnAuthenticationFinalSucceeded => "webauthn_authentication_final_succeeded",
        /// A passkey login was refused.
        WebauthnAuthenticationFinalFailed => "webauthn_authentication_final_failed",
        /// A transaction was started.
        WebauthnTransactionInitSucceeded => "webauthn_transaction_init_succeeded",
        /// A transaction could not be started.
        WebauthnTransactionInitFailed => "webauthn_transaction_init_failed",
        /// A user confirmed a transaction.
        WebauthnTransactionFinalSucceeded => "webauthn_transaction_final_succeeded",
        /// A transaction's confirmation was refused.
        WebauthnTransactionFinalFailed => "webauthn_transaction_final_failed",
        /// A second-factor registration was started.
        MfaRegistrationInitSucceeded => "mfa_registration_init_succeeded",
        /// A second-factor registration could not be started.
        MfaRegistrationInitFailed => "mfa_registration_init_failed",
        /// A second factor was registered.
        MfaRegistrationFinalSucceeded => "mfa_registration_final_succeeded",
        /// A second-factor registration was refused.
        MfaRegistrationFinalFailed => "mfa_registration_final_failed",
        /// A second-factor login was started.
        MfaAuthenticationInitSucceeded => "mfa_authentication_init_succeeded",
        /// A second-factor login could not be started.
        MfaAuthenticationInitFailed => "mfa_authentication_init_failed",
        /// A user proved a second factor.
        MfaAuthenticationFinalSucceeded => "mfa_authentication_final_succeeded",
        /// A second-factor login was refused.
        MfaAuthenticationFinalFailed => "mfa_authentication_final_failed",
        /// A credential was renamed.
        WebauthnCredentialUpdated => "webauthn_credential_updated",
        /// The tenant's backend deleted a credential.
        WebauthnCredentialDeleted => "webauthn_credential_deleted",
        /// A credential was not renamed: it does not exist, or the name is invalid.
        WebauthnCredentialUpdateFailed => "webauthn_credential_update_failed",
        /// A credential was not deleted: it does not exist.
        WebauthnCredentialDeleteFailed => "webauthn_credential_delete_failed",
        /// The tenant's backend deleted a user with all credentials.
        WebauthnUserDeleted => "webauthn_user_deleted",
        /// A user was not deleted: it does not exist.
        WebauthnUserDeleteFailed => "webauthn_user_delete_failed",
        /// The tenant's backend redeemed a token.
        TokenRedeemed => "token_redeemed",
        /// A token was not redeemed: it is invalid, expired or already redeemed.
        TokenRedeemFailed => "token_redeem_failed",
        /// A request was refused because its tenant is disabled. Or a request with a valid API key was refused because
        /// the request is invalid or its target does not exist.
        RequestRejected => "request_rejected",
        /// A request had a wrong, expired, revoked or disabled API key, or the API key of another tenant.
        ApiKeyRejected => "api_key_rejected",
        /// A request had a wrong, expired or revoked admin token, or an admin token whose role does not allow the
        /// request.
        AdminTokenRejected => "admin_token_rejected",
        /// An administrator's change was refused: its target does not exist, or the request is invalid.
        AdminRequestRejected => "admin_request_rejected",
        /// An administrator created a tenant.
        TenantCreated => "tenant_created",
        /// An administrator renamed a tenant.
        TenantUpdated => "tenant_updated",
        /// An administrator replaced a tenant's configuration.
        TenantConfigUpdated => "tenant_config_updated",
        /// An administrator deleted a tenant.
        TenantDeleted => "tenant_deleted",
        /// An administrator disabled a tenant.
        TenantDisabled => "tenant_disabled",
        /// An administrator enabled a disabled tenant.
        TenantEnabled => "tenant_enabled",
        /// An administrator created an API key.
        ApiKeyCreated => "api_key_created",
        /// An administrator revoked an API key.
        ApiKeyRevoked => "api_key_revoked",
        /// An administrator disabled an API key.
        ApiKeyDisabled => "api_key_disabled",
        /// An administrator enabled a disabled API key.
        ApiKeyEnabled => "api_key_enabled",
        /// A signing key was created.
        SigningKeyCreated => "signing_key_created",
        /// A signing key was retired.
        SigningKeyRetired => "signing_key_retired",
        /// A signing key was removed from the JWKS.
        SigningKeyWithdrawn => "signing_key_withdrawn",
        /// An administrator deleted a credential of a user.
        CredentialDeletedByAdmin => "credential_deleted_by_admin",
        /// An administrator deleted a user with all credentials.
        UserDeleted => "user_deleted",
        /// An administrator disabled a credential of a user.
        CredentialDisabled => "credential_disabled",
        /// An administrator enabled a disabled credential.
        CredentialEnabled => "credential_enabled",
        /// An administrator disabled a user.
        UserDisabled => "user_disabled",
        /// An administrator enabled a disabled user.
        UserEnabled => "user_enabled",
        /// An audit log was exported.
        AuditExported => "audit_exported",
        /// An administrator created an admin token.
        AdminTokenCreated => "admin_token_created",
        /// An administrator revoked an admin token.
        AdminTokenRevoked => "admin_token_revoked",
        /// An operator replaced the master key.
        MasterKeyRotated => "master_key_rotated",
        /// An operator imported the FIDO metadata.
        MetadataImported => "metadata_imported",
        /// An event that this version does not know. During an upgrade, newer nodes can write such entries.
        Unknown => "unknown",
    }
}

impl AuditType {
    /// Returns the type with this text, or [`AuditType::Unknown`].
    #[must_use]
    pub fn known(text: &str) -> Self {
        text.parse().unwrap_or(Self::Unknown)
    }

    /// Returns whether the entry records a refusal.
    #[must_use]
    pub fn is_failure(self) -> bool {
        let word = self.as_str();
        word.ends_with("_failed") || word.ends_with("_rejected")
    }

    /// Returns whether the entry records a successful change by an administrator or operator.
    #[must_use]
    pub fn is_administrative(self) -> bool {
        let word = self.as_str();
        let of_application = ["webauthn_", "mfa_", "token_"].iter().any(|prefix| word.starts_with(prefix));
        !(self.is_failure() || self == Self::Unknown || of_application)
    }

    /// Returns whether the entry records a ceremony that succeeded.
    #[must_use]
    pub fn ends_ceremony(self) -> bool {
        self.as_str().ends_with("_final_succeeded")
    }
}

text_enum! {
    /// Outcome of the operation that an entry records.
    pub enum AuditOutcome ("outcome") {
        /// The operation succeeded.
        Succeeded => "succeeded",
        /// The operation was refused.
        Failed => "failed",
    }
}

/// One entry of the audit log, as both APIs return it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditLogItem {
    /// Id of the entry. Entries are committed in the order of their ids.
    pub id: AuditId,
    /// What happened.
    #[serde(rename = "type", deserialize_with = "known_type")]
    pub kind: AuditType,
    /// Human-readable reason of a refusal. The entry of a successful operation also has a reason if a trust policy in
    /// the mode `monitor` would have refused the operation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// Machine-readable reason: an error code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error_code: Option<String>,
    /// Id of the request that caused the entry.
    pub meta_http_request_id: String,
    /// The address from which the request came.
    pub meta_source_ip: String,
    /// The client's `User-Agent`.
    pub meta_user_agent: String,
    /// Actor: the user id of a ceremony, or the name of the admin token or command of an administrative change.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actor_user_id: Option<String>,
    /// The credential that the entry concerns.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credential_id: Option<String>,
    /// The API key of the request. If the key is disabled, the entry contains its id only if the secret was correct.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub api_key_id: Option<ApiKeyId>,
    /// JSON. In the entry of a change: the values before and after the change. In the entry of a refusal: the failed
    /// check (`check`) and, where known, the accepted values (`expected`) and the refused value (`received`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub detail: Option<serde_json::Value>,
    /// Time of the event.
    pub created_at: Timestamp,
    /// Always equal to `created_at`, because entries are never changed.
    pub updated_at: Timestamp,
    /// The tenant whose log contains the entry.
    pub tenant_id: TenantId,
    /// The application's own id for the transaction. Null in entries that concern no transaction.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub transaction_id: Option<String>,
}

impl AuditLogItem {
    /// Returns whether the entry has a reason: the operation was refused, or a trust policy in the mode `monitor` would
    /// have refused it.
    #[must_use]
    pub fn has_reason(&self) -> bool {
        self.kind.is_failure() || self.error_code.is_some()
    }
}

fn known_type<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<AuditType, D::Error> {
    String::deserialize(deserializer).map(|text| AuditType::known(&text))
}

/// An entry as the admin API returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminAuditLogItem {
    /// The entry.
    #[serde(flatten)]
    pub entry: AuditLogItem,
    /// The tenant's name; absent for the installation's own log and for deleted tenants.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant_name: Option<String>,
}
