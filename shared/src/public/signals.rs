//! Arguments of the signal methods of `PublicKeyCredential`, with which a page informs the user's authenticators about
//! changes (WebAuthn §5.1.10).

use serde::{Deserialize, Serialize};

use crate::Base64Url;

/// Signals about a user. Both lists have one entry for each user handle that the user's credentials may have. For each
/// entry, the page must call the method whose arguments the list contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserSignals {
    /// Arguments of `PublicKeyCredential.signalAllAcceptedCredentials()`.
    pub all_accepted_credentials: Vec<AllAcceptedCredentials>,
    /// Arguments of `PublicKeyCredential.signalCurrentUserDetails()`.
    pub current_user_details: Vec<CurrentUserDetails>,
}

/// All credentials of a user. Authenticators may delete or hide the user's other passkeys for this RP ID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AllAcceptedCredentials {
    /// RP ID of the tenant.
    #[cfg_attr(feature = "openapi", schema(example = "example.com"))]
    pub rp_id: String,
    /// User handle, base64url.
    pub user_id: Base64Url,
    /// Ids of the credentials, base64url. Second factors and disabled credentials are included.
    pub all_accepted_credential_ids: Vec<Base64Url>,
}

/// Current names of a user. Authenticators may show them instead of the names that the registration contained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CurrentUserDetails {
    /// RP ID of the tenant.
    #[cfg_attr(feature = "openapi", schema(example = "example.com"))]
    pub rp_id: String,
    /// User handle, base64url.
    pub user_id: Base64Url,
    /// Login name.
    #[cfg_attr(feature = "openapi", schema(example = "alice@example.com"))]
    pub name: String,
    /// Display name.
    #[cfg_attr(feature = "openapi", schema(example = "Alice"))]
    pub display_name: String,
}
