//! Inputs of WebAuthn extensions, in the JSON form of Level 3 (`AuthenticationExtensionsClientInputsJSON`, §5.1.9).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Base64Url;

text_enum! {
    /// A WebAuthn extension that Doorward passes to the browser.
    pub enum Extension {
        /// Credential properties (§10.1.3): whether the credential is discoverable. Doorward stores the output.
        CredProps => "credProps",
        /// Credential protection (CTAP 2.1 §12.1): when the authenticator reveals and uses the credential.
        CredProtect => "credProtect",
        /// Minimum PIN length (CTAP 2.1 §12.4). Security keys report it only to RP IDs that their administrator set.
        MinPinLength => "minPinLength",
        /// Large blob storage (§10.1.5): data that the authenticator stores with the credential.
        LargeBlob => "largeBlob",
        /// Pseudo-random function (§10.1.4): secrets that the authenticator derives, for example encryption keys.
        Prf => "prf",
    }
}

text_enum! {
    /// CTAP 2.1 §12.1: when the authenticator reveals and uses a credential.
    pub enum CredentialProtection {
        /// With and without user verification.
        UvOptional => "userVerificationOptional",
        /// Without user verification only if the credential's id is known.
        UvOptionalWithId => "userVerificationOptionalWithCredentialIDList",
        /// Only with user verification.
        UvRequired => "userVerificationRequired",
    }
}

text_enum! {
    /// WebAuthn §10.1.5: whether the new credential must support large blobs.
    pub enum LargeBlobSupport {
        /// The registration fails without this support.
        Required => "required",
        /// The credential supports large blobs if the authenticator does.
        Preferred => "preferred",
    }
}

/// Extension inputs of a registration. Each registration requests the extensions in the tenant's configuration; an
/// initialize request may add others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RegistrationExtensions {
    /// Ask the client whether the credential is discoverable. The result is stored as `discoverable`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cred_props: Option<bool>,
    /// When the authenticator reveals and uses the credential.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credential_protection_policy: Option<CredentialProtection>,
    /// Whether the client refuses authenticators that do not support the protection policy.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub enforce_credential_protection_policy: Option<bool>,
    /// Ask the authenticator for its minimum PIN length.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub min_pin_length: Option<bool>,
    /// Large blob storage.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub large_blob: Option<LargeBlobCreation>,
    /// Pseudo-random function.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prf: Option<PrfCreation>,
}

/// Large blob storage of a new credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LargeBlobCreation {
    /// Whether the credential must support large blobs. Absent: `preferred`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub support: Option<LargeBlobSupport>,
}

/// Pseudo-random function of a new credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PrfCreation {
    /// Inputs to evaluate during the registration. Absent: only ask whether the credential supports the function.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub eval: Option<PrfInputs>,
}

/// Extension inputs of a login, second-factor login or transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AssertionExtensions {
    /// Large blob storage.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub large_blob: Option<LargeBlobUse>,
    /// Pseudo-random function.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prf: Option<PrfUse>,
}

/// Use of large blob storage: either `read` or `write`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LargeBlobUse {
    /// Whether to read the blob of the credential.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub read: Option<bool>,
    /// The blob to store, at most 4 096 bytes. The client writes it only if exactly one credential is allowed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub write: Option<Base64Url>,
}

/// Use of the pseudo-random function.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PrfUse {
    /// Inputs for credentials without an entry in `evalByCredential`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub eval: Option<PrfInputs>,
    /// Inputs by credential id (base64url). The request must contain `user_id`. Ids that are not in `allowCredentials`
    /// are left out, because browsers refuse them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub eval_by_credential: Option<BTreeMap<String, PrfInputs>>,
}

/// Inputs of the pseudo-random function, of at most 256 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PrfInputs {
    /// The input.
    pub first: Base64Url,
    /// A second input, for example to replace a key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub second: Option<Base64Url>,
}

impl RegistrationExtensions {
    /// Returns the requested extensions.
    #[must_use]
    pub fn requested(&self) -> Vec<Extension> {
        let protection =
            self.credential_protection_policy.is_some() || self.enforce_credential_protection_policy.is_some();
        [
            (Extension::CredProps, self.cred_props.is_some()),
            (Extension::CredProtect, protection),
            (Extension::MinPinLength, self.min_pin_length.is_some()),
            (Extension::LargeBlob, self.large_blob.is_some()),
            (Extension::Prf, self.prf.is_some()),
        ]
        .into_iter()
        .filter_map(|(extension, is_requested)| is_requested.then_some(extension))
        .collect()
    }

    /// Returns the inputs of `self`. Members that are absent in `self` get their values from `others`.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        let others = others.clone();
        Self {
            cred_props: self.cred_props.or(others.cred_props),
            credential_protection_policy: self.credential_protection_policy.or(others.credential_protection_policy),
            enforce_credential_protection_policy: self
                .enforce_credential_protection_policy
                .or(others.enforce_credential_protection_policy),
            min_pin_length: self.min_pin_length.or(others.min_pin_length),
            large_blob: self.large_blob.or(others.large_blob),
            prf: self.prf.or(others.prf),
        }
    }
}

impl AssertionExtensions {
    /// Returns the requested extensions.
    #[must_use]
    pub fn requested(&self) -> Vec<Extension> {
        [(Extension::LargeBlob, self.large_blob.is_some()), (Extension::Prf, self.prf.is_some())]
            .into_iter()
            .filter_map(|(extension, is_requested)| is_requested.then_some(extension))
            .collect()
    }
}
