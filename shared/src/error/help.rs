//! Status and fix of each error code. docs/errors.md shows them.

use super::ErrorCode;

/// What a client can do about an error. [`ErrorCode::description`] states the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorHelp {
    /// HTTP status codes of responses with this code.
    pub statuses: &'static [u16],
    /// What to do.
    pub fix: &'static str,
}

impl ErrorCode {
    /// Returns the status codes and the fix of this error.
    #[must_use]
    pub const fn help(self) -> ErrorHelp {
        let (statuses, fix): (&'static [u16], _) = match self {
            Self::TenantIdInvalid => (&[400], "Put the tenant's id, which `doorward tenant list` prints, in the path."),
            Self::TenantNotFound => (&[404], "Check the tenant's id and the server's address."),
            Self::TenantExists => (&[409], "Use another id, or erase the audit log of the deleted tenant."),
            Self::ApiKeyMissing => (
                &[400, 401],
                "Send a valid key of this tenant in the header `apiKey`. `login/initialize` needs the key if the body contains `user_id` or `min_acr`. Without the key, the status is 401, or 400 if the body contains `min_acr` but no `user_id`.",
            ),
            Self::ApiKeyInvalid => (
                &[401],
                "Send a valid key of this tenant in the header `apiKey`. Create one if it expired or was revoked.",
            ),
            Self::TenantDisabled => {
                (&[403], "Enable the tenant: `doorward tenant enable`, or `DELETE /tenants/{tenant_id}/disabled`.")
            }
            Self::ApiKeyDisabled => (&[401], "Use another key of the tenant, or enable this one."),
            Self::UserDisabled => (&[403], "Ask an administrator to enable the user."),
            Self::CredentialDisabled => (&[401], "Use another credential, or ask an administrator to enable this one."),
            Self::AdminTokenInvalid => (&[401], "Send a valid admin token as `Authorization: Bearer <token>`."),
            Self::Forbidden => (&[403], "Use an admin token with the role that the operation requires."),
            Self::RequestMalformed => (
                &[400, 408],
                "Send HTTP/1.1, with TLS if and only if the server has `tls.certificate`. HTTP/2 is the task of a reverse proxy.",
            ),
            Self::RequestHeadTooLarge => (&[431], "Send fewer or shorter headers, or a shorter URL."),
            Self::MediaTypeUnsupported => (&[415], "Send `Content-Type: application/json`."),
            Self::HeaderRepeated => (&[400], "Send the header once."),
            Self::BodyMalformed => (&[400], "Send a JSON object with the members that the OpenAPI document lists."),
            Self::BodyTooLarge => (&[413], "Send less, or raise `limits.body_bytes`."),
            Self::MemberUnknown => (&[400], "Correct the member that `details` names."),
            Self::ValidationFailed => (&[400], "Correct the field that `details` names."),
            Self::QueryInvalid => (&[400], "Correct the query parameter that `details` names."),
            Self::ParameterUnknown => (&[400], "Correct the name of the query parameter that `details` names."),
            Self::ConfigInvalid => {
                (&[400], "Correct the settings that `details` names. `POST /config/check` lists all problems.")
            }
            Self::RouteNotFound => (&[404], "Check the path. The admin API has its own port."),
            Self::MethodNotAllowed => (&[405], "Use a method that the header `Allow` lists."),
            Self::RateLimited => (
                &[429],
                "Wait for the time in `Retry-After`. Send the API key, or raise `limits.keyless_per_address` or `limits.keyless_per_tenant`.",
            ),
            Self::RequestTimeout => (&[408], "Send the body faster, or raise `limits.body_timeout`."),
            Self::UserNotFound => (
                &[401, 404],
                "Register a credential first. With 401, remove the passkey from the device: its user was deleted.",
            ),
            Self::NoSuitableCredential => (
                &[400],
                "Register a credential, or enable a disabled one. Logins without a second factor and transactions \
                     require a passkey.",
            ),
            Self::AcrUnreachable => {
                (&[400], "Register an authenticator that reaches the level, or send a lower `min_acr`.")
            }
            Self::AcrTooLow => (
                &[401],
                "Start again with an authenticator that reaches the level, and let it verify its user. Do not change `userVerification`.",
            ),
            Self::CredentialNotFound => {
                (&[404], "Read the ids again with `GET /credentials`. The credential may have been deleted.")
            }
            Self::CredentialExists => (&[409], "Nothing to do: this authenticator is already registered."),
            Self::TransactionExists => (&[409], "Use a new `transaction_id` for each transaction."),
            Self::SecretNotFound => (&[404], "Read the ids again. The key or token may have been revoked."),
            Self::SecretInUse => (&[409], "Create another signing key first."),
            Self::LastAdminToken => (&[409], "Create another admin token first, or send `force=true`."),
            Self::TooManyCredentials => (&[409], "Delete a credential, or raise `limits.credentials_per_user`."),
            Self::CredentialUnknown => {
                (&[401], "Register a credential. The page may call `signalUnknownCredential()` to remove the passkey.")
            }
            Self::UserAmbiguous => (&[409], "Send `?by=id` or `?by=user_id`."),
            Self::TenantChanged => (&[412], "Read the tenant again and repeat the change."),
            Self::StateChanged => (&[412], "Read `disabled_at` again and decide again. Nothing was changed."),
            Self::ChallengeUnknown => {
                (&[400, 401], "Start the ceremony again. Call the finalize endpoint of the same ceremony, once.")
            }
            Self::ChallengeExpired => {
                (&[400, 401], "Start the ceremony again, or raise the tenant's `timeout` or `challenge_lifetime`.")
            }
            Self::CredentialMalformed => {
                (&[400, 401], "Send the result of `toJSON()` or of @simplewebauthn/browser without changes.")
            }
            Self::ClientDataTypeMismatch => {
                (&[400, 401], "Send results of `create()` to registrations and those of `get()` to logins.")
            }
            Self::OriginMismatch => (
                &[400, 401],
                "Add the page's origin to `webauthn.relying_party.origins`, or to `related_origins` if its domain is not that \
                 of the RP ID. An unknown origin can be a phishing page.",
            ),
            Self::CrossOrigin => (
                &[400, 401],
                "Run the ceremony in the top-level page, or add the origin of the page that contains the frame to \
                 `webauthn.relying_party.top_origins`. An unknown page can deceive the user about the frame's content.",
            ),
            Self::RpIdMismatch => (&[400, 401], "Do not change `rp.id` or `rpId` of the options."),
            Self::UserPresenceMissing => (&[400, 401], "Use an authenticator that asks its user for a gesture."),
            Self::UserVerificationMissing => {
                (&[401, 422], "Set a PIN or use biometrics, or set the tenant's `user_verification` to `preferred`.")
            }
            Self::BackupStateInvalid => (&[400, 401], "Delete the credential and register it again."),
            Self::SignatureInvalid => {
                (&[401], "Start the ceremony again. If it fails again, delete the credential and register a new one.")
            }
            Self::CounterRegression => (
                &[401],
                "Ask the user whether the authenticator was copied. If not, delete the credential and register it again. For synced credentials, see the setting `webauthn.counter_policy`.",
            ),
            Self::CredentialNotAllowed => (
                &[401],
                "Use a credential from `allowCredentials`. Second factors do not complete logins or transactions.",
            ),
            Self::UserHandleMissing => (&[401], "Use a discoverable credential, or start the login with `user_id`."),
            Self::UserHandleMismatch => (&[401], "Start the login for the user to whom the credential belongs."),
            Self::AttestationInvalid => {
                (&[400], "Use another authenticator, or set `attestation_preference` to `none`.")
            }
            Self::AlgorithmUnsupported => {
                (&[400, 401], "Use an authenticator that supports an algorithm of `pubKeyCredParams`.")
            }
            Self::TokenInvalid => (
                &[401],
                "Send a token of this tenant, as finalize returned it. A key that was withdrawn verifies no token.",
            ),
            Self::TokenExpired => (&[401], "Start the ceremony again. Redeem a token within 300 s."),
            Self::TokenAlreadyRedeemed => (
                &[409],
                "Refuse the request that contained it, and start the ceremony again: a token is accepted once.",
            ),
            Self::TrustPolicy => (
                &[400, 401],
                "Use another authenticator, or change the tenant's `trust` policy. `details` names the requirement.",
            ),
            Self::Conflict => (&[409], "Read the current state and decide again; `details` names the conflict."),
            Self::Unavailable => (&[503], "Send the request again after the time in `Retry-After`."),
            Self::Internal => (&[500], "Search the server's log for the `X-Request-Id` of the response."),
        };
        ErrorHelp { statuses, fix }
    }
}
