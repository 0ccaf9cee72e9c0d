//! The checks that can fail, and the sections of the specification that require them.

use crate::ErrorCode;

text_enum! {
    /// A check that a refused request failed. The description is the condition that does not hold.
    pub enum Check {
        /// The challenge is stored, and no other request has used it.
        ChallengeKnown => "challenge_known",
        /// The challenge comes from the initialize request of the same ceremony.
        ChallengeCeremony => "challenge_ceremony",
        /// The challenge is not older than its lifetime.
        ChallengeUnexpired => "challenge_unexpired",
        /// The credential is well-formed JSON, CBOR and binary data.
        CredentialForm => "credential_form",
        /// `clientDataJSON.type` is that of the ceremony.
        ClientDataType => "client_data_type",
        /// The origin of the page or app is one of the tenant's origins.
        Origin => "origin",
        /// The ceremony ran in the top-level page, or in a frame of a page that is one of the tenant's top origins.
        TopLevel => "top_level",
        /// The authenticator data contains the hash of the tenant's RP ID.
        RpId => "rp_id",
        /// The authenticator reports user presence (flag UP).
        UserPresence => "user_presence",
        /// The authenticator reports user verification (flag UV).
        UserVerification => "user_verification",
        /// A credential that is backed up (flag BS) is also eligible for backup (flag BE).
        BackupFlags => "backup_flags",
        /// The backup eligibility (flag BE) is the stored one, or changes in a way that the tenant accepts.
        BackupEligibility => "backup_eligibility",
        /// The new credential is not registered in this tenant yet.
        CredentialNew => "credential_new",
        /// The user has fewer credentials than the tenant allows.
        CredentialLimit => "credential_limit",
        /// The credential is registered in this tenant.
        CredentialRegistered => "credential_registered",
        /// The credential is one of `allowCredentials`.
        CredentialListed => "credential_listed",
        /// The credential belongs to the user for whom the ceremony was started.
        CredentialOwner => "credential_owner",
        /// The credential may be used in this ceremony.
        CredentialUse => "credential_use",
        /// The assertion contains a user handle.
        UserHandlePresent => "user_handle_present",
        /// The user handle is that of the credential's owner.
        UserHandleOwner => "user_handle_owner",
        /// The algorithm of the public key is one of those that were offered.
        Algorithm => "algorithm",
        /// The algorithm of the credential is one that the trust policy accepts.
        TrustAlgorithm => "trust_algorithm",
        /// The credential is bound to one device, as the trust policy requires.
        TrustDeviceBound => "trust_device_bound",
        /// The attestation proves the model, as the trust policy requires.
        TrustAttestation => "trust_attestation",
        /// The trust policy does not refuse the model.
        TrustDenied => "trust_denied",
        /// In the FIDO metadata, the model has no status that the trust policy refuses.
        TrustStatus => "trust_status",
        /// The trust policy accepts the model, and the attestation proves it.
        TrustAllowed => "trust_allowed",
        /// The proven model has the certification that the trust policy requires.
        TrustCertification => "trust_certification",
        /// The attestation statement is valid.
        AttestationStatement => "attestation_statement",
        /// The signature is valid for the credential's public key.
        Signature => "signature",
        /// The signature counter increases, or is always zero.
        SignatureCounter => "signature_counter",
        /// The request carries an API key or admin token.
        KeyPresent => "key_present",
        /// The API key or admin token has the right form.
        KeyForm => "key_form",
        /// The API key exists in this tenant, or the admin token exists.
        KeyKnown => "key_known",
        /// The API key or admin token has not expired.
        KeyUnexpired => "key_unexpired",
        /// The secret of the API key or admin token is right.
        KeySecret => "key_secret",
        /// The API key is not disabled.
        KeyEnabled => "key_enabled",
        /// The tenant is not disabled.
        TenantEnabled => "tenant_enabled",
        /// The user is not disabled.
        UserEnabled => "user_enabled",
        /// The credential is not disabled.
        CredentialEnabled => "credential_enabled",
        /// The role and the tenants of the admin token allow the operation.
        Role => "role",
        /// The tenant id in the path is a UUID.
        TenantIdForm => "tenant_id_form",
        /// The header occurs once.
        HeaderOnce => "header_once",
        /// The body is declared as JSON.
        MediaType => "media_type",
        /// The body is not larger than the server accepts.
        BodySize => "body_size",
        /// The body arrives within the time limit.
        BodyTime => "body_time",
        /// The body is a JSON object of the expected structure.
        BodyForm => "body_form",
        /// The endpoint accepts all members of the body.
        Members => "members",
        /// Every field of the body is present and valid.
        Fields => "fields",
        /// Every query parameter is known and valid.
        QueryParameters => "query_parameters",
        /// The configuration is consistent and follows the WebAuthn specification.
        Configuration => "configuration",
        /// The tenant exists.
        TenantExists => "tenant_exists",
        /// No tenant, and no kept audit log, has the requested id.
        TenantIdFree => "tenant_id_free",
        /// The tenant still has the version that the client read.
        TenantVersion => "tenant_version",
        /// Nobody else has disabled or enabled the object since the client read its state.
        StateVersion => "state_version",
        /// The user exists in this tenant.
        UserExists => "user_exists",
        /// The id belongs to one user only.
        UserUnambiguous => "user_unambiguous",
        /// The user has a credential that the ceremony accepts.
        UserCredential => "user_credential",
        /// The user has a credential that can reach the level of `min_acr`.
        CredentialAcr => "credential_acr",
        /// The login or transaction reached the level of `min_acr`.
        Acr => "acr",
        /// The credential exists in this tenant.
        CredentialExists => "credential_exists",
        /// The transaction id was not used before.
        TransactionNew => "transaction_new",
        /// The API key, signing key or admin token exists.
        SecretExists => "secret_exists",
        /// The tenant has another signing key.
        OtherSigningKey => "other_signing_key",
        /// Another usable admin token has the role `admin`.
        OtherAdminToken => "other_admin_token",
        /// The token is a JWT of this installation, signed with one of the tenant's published keys.
        TokenSignature => "token_signature",
        /// The token has not expired.
        TokenUnexpired => "token_unexpired",
        /// The token was not redeemed before.
        TokenUnused => "token_unused",
        /// The request fits the stored data.
        StoredData => "stored_data",
    }
}

impl ErrorCode {
    /// Returns the checks that can fail with this code, the most common one first. If a code has no checks, refusals
    /// with this code are not recorded in the audit log.
    #[must_use]
    pub const fn checks(self) -> &'static [Check] {
        match self {
            Self::ApiKeyMissing => &[Check::KeyPresent],
            Self::ApiKeyInvalid => &[Check::KeyKnown, Check::KeyForm, Check::KeyUnexpired, Check::KeySecret],
            Self::AdminTokenInvalid => {
                &[Check::KeyKnown, Check::KeyPresent, Check::KeyForm, Check::KeyUnexpired, Check::KeySecret]
            }
            Self::ApiKeyDisabled => &[Check::KeyEnabled],
            Self::TenantDisabled => &[Check::TenantEnabled],
            Self::UserDisabled => &[Check::UserEnabled],
            Self::CredentialDisabled => &[Check::CredentialEnabled],
            Self::Forbidden => &[Check::Role],
            Self::TenantIdInvalid => &[Check::TenantIdForm],
            Self::TenantNotFound => &[Check::TenantExists],
            Self::TenantExists => &[Check::TenantIdFree],
            Self::TenantChanged => &[Check::TenantVersion],
            Self::StateChanged => &[Check::StateVersion],
            Self::HeaderRepeated => &[Check::HeaderOnce],
            Self::MediaTypeUnsupported => &[Check::MediaType],
            Self::BodyTooLarge => &[Check::BodySize],
            Self::RequestTimeout => &[Check::BodyTime],
            Self::BodyMalformed => &[Check::BodyForm],
            Self::MemberUnknown => &[Check::Members],
            Self::ValidationFailed => &[Check::Fields],
            Self::QueryInvalid | Self::ParameterUnknown => &[Check::QueryParameters],
            Self::ConfigInvalid => &[Check::Configuration],
            Self::UserNotFound => &[Check::UserExists],
            Self::UserAmbiguous => &[Check::UserUnambiguous],
            Self::NoSuitableCredential => &[Check::UserCredential],
            Self::AcrUnreachable => &[Check::CredentialAcr],
            Self::AcrTooLow => &[Check::Acr],
            Self::CredentialNotFound => &[Check::CredentialExists],
            Self::CredentialExists => &[Check::CredentialNew],
            Self::TooManyCredentials => &[Check::CredentialLimit],
            Self::TransactionExists => &[Check::TransactionNew],
            Self::SecretNotFound => &[Check::SecretExists],
            Self::SecretInUse => &[Check::OtherSigningKey],
            Self::LastAdminToken => &[Check::OtherAdminToken],
            Self::TokenInvalid => &[Check::TokenSignature],
            Self::TokenExpired => &[Check::TokenUnexpired],
            Self::TokenAlreadyRedeemed => &[Check::TokenUnused],
            Self::Conflict => &[Check::StoredData],
            Self::ChallengeUnknown => &[Check::ChallengeKnown, Check::ChallengeCeremony],
            Self::ChallengeExpired => &[Check::ChallengeUnexpired],
            Self::CredentialMalformed => &[Check::CredentialForm],
            Self::ClientDataTypeMismatch => &[Check::ClientDataType],
            Self::OriginMismatch => &[Check::Origin],
            Self::CrossOrigin => &[Check::TopLevel],
            Self::RpIdMismatch => &[Check::RpId],
            Self::UserPresenceMissing => &[Check::UserPresence],
            Self::UserVerificationMissing => &[Check::UserVerification],
            Self::BackupStateInvalid => &[Check::BackupFlags, Check::BackupEligibility],
            Self::SignatureInvalid => &[Check::Signature],
            Self::CounterRegression => &[Check::SignatureCounter],
            Self::CredentialUnknown => &[Check::CredentialRegistered],
            Self::CredentialNotAllowed => &[Check::CredentialListed, Check::CredentialOwner, Check::CredentialUse],
            Self::UserHandleMissing => &[Check::UserHandlePresent],
            Self::UserHandleMismatch => &[Check::UserHandleOwner],
            Self::AttestationInvalid => &[Check::AttestationStatement],
            Self::AlgorithmUnsupported => &[Check::Algorithm],
            Self::TrustPolicy => &[
                Check::TrustAttestation,
                Check::TrustAlgorithm,
                Check::TrustDeviceBound,
                Check::TrustDenied,
                Check::TrustStatus,
                Check::TrustAllowed,
                Check::TrustCertification,
            ],
            Self::RequestMalformed
            | Self::RequestHeadTooLarge
            | Self::RouteNotFound
            | Self::MethodNotAllowed
            | Self::RateLimited
            | Self::Unavailable
            | Self::Internal => &[],
        }
    }
}

impl Check {
    /// Returns the sections of WebAuthn Level 3 that require the check: of §7.1 for registrations, and of §7.2 for all
    /// other ceremonies. `None` if only Doorward requires the check.
    #[must_use]
    pub const fn section(self, is_registration: bool) -> Option<&'static str> {
        let (registration, assertion) = match self {
            Self::ChallengeKnown | Self::ChallengeCeremony => ("§7.1 step 8, §13.4.3", "§7.2 step 11, §13.4.3"),
            Self::ChallengeUnexpired => ("§13.4.3", "§13.4.3"),
            Self::CredentialForm => ("§7.1 steps 5, 6, 13 and 25", "§7.2 steps 7 to 9"),
            Self::ClientDataType => ("§7.1 step 7", "§7.2 step 10"),
            Self::Origin => ("§7.1 step 9", "§7.2 step 12"),
            Self::TopLevel => ("§7.1 steps 10 and 11", "§7.2 steps 13 and 14"),
            Self::RpId => ("§7.1 step 14", "§7.2 step 15"),
            Self::UserPresence => ("§7.1 step 15", "§7.2 step 16"),
            Self::UserVerification => ("§7.1 step 16", "§7.2 step 17"),
            Self::BackupFlags => ("§7.1 step 17", "§7.2 step 18"),
            Self::BackupEligibility => ("§6.1.3", "§7.2 step 19, §6.1.3"),
            Self::CredentialNew => ("§7.1 step 26", "§7.1 step 26"),
            Self::CredentialListed => ("§7.2 step 5", "§7.2 step 5"),
            Self::CredentialRegistered | Self::CredentialOwner | Self::UserHandlePresent | Self::UserHandleOwner => {
                ("§7.2 step 6", "§7.2 step 6")
            }
            Self::Algorithm => ("§7.1 step 20", "§7.2 step 21"),
            Self::AttestationStatement => ("§7.1 step 22, §8", "§7.1 step 22, §8"),
            Self::Signature => ("§7.2 step 21", "§7.2 step 21"),
            Self::SignatureCounter => ("§7.2 step 22, §6.1.1", "§7.2 step 22, §6.1.1"),
            Self::TrustAttestation
            | Self::TrustDenied
            | Self::TrustStatus
            | Self::TrustAllowed
            | Self::TrustCertification => ("§7.1 steps 23 and 24", "§7.1 steps 23 and 24"),
            Self::TrustAlgorithm
            | Self::TrustDeviceBound
            | Self::CredentialLimit
            | Self::CredentialUse
            | Self::KeyPresent
            | Self::KeyForm
            | Self::KeyKnown
            | Self::KeyUnexpired
            | Self::KeySecret
            | Self::KeyEnabled
            | Self::TenantEnabled
            | Self::UserEnabled
            | Self::CredentialEnabled
            | Self::Role
            | Self::TenantIdForm
            | Self::HeaderOnce
            | Self::MediaType
            | Self::BodySize
            | Self::BodyTime
            | Self::BodyForm
            | Self::Members
            | Self::Fields
            | Self::QueryParameters
            | Self::Configuration
            | Self::TenantExists
            | Self::TenantIdFree
            | Self::TenantVersion
            | Self::StateVersion
            | Self::UserExists
            | Self::UserUnambiguous
            | Self::UserCredential
            | Self::CredentialAcr
            | Self::Acr
            | Self::CredentialExists
            | Self::TransactionNew
            | Self::SecretExists
            | Self::OtherSigningKey
            | Self::OtherAdminToken
            | Self::TokenSignature
            | Self::TokenUnexpired
            | Self::TokenUnused
            | Self::StoredData => return None,
        };
        Some(if is_registration { registration } else { assertion })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_belongs_to_a_code() {
        for check in Check::ALL {
            assert!(ErrorCode::ALL.iter().any(|code| code.checks().contains(check)), "{check}");
        }
    }

    #[test]
    fn checks_of_one_step_name_its_section() {
        assert_eq!(Check::Origin.section(false), Some("§7.2 step 12"));
        assert_eq!(Check::Origin.section(true), Some("§7.1 step 9"));
        assert_eq!(Check::Role.section(false), None);
    }
}
