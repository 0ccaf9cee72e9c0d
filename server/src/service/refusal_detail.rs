//! `detail` of a refusal's audit entry: the failed check with the values that it compared.

use doorward_shared::{
    Timestamp, counted,
    refusal::{AuthenticatorState, Check, RefusalDetail, StoredChallenge, StoredCredential},
};

use super::Refusal;
use crate::domain::{Ceremony, Challenge, Credential, credential::id_start};

/// Maximum number of characters of a credential id in the detail.
const ID_CHARS: usize = 16;

impl Refusal {
    /// Returns the failed check and the values that are part of the refusal.
    pub fn detail(&self) -> RefusalDetail {
        let detail =
            self.code().checks().first().map_or_else(RefusalDetail::default, |check| RefusalDetail::new(*check));
        match self {
            Self::Verification(error) => (*error.detail).clone(),
            Self::UserHandle(_, _, known) => (**known).clone(),
            Self::BodyTooLarge(limit) | Self::BodyTooSlow(limit) => detail.expected([limit]),
            Self::Invalid(rule) | Self::Query(rule) => detail.expected([rule]),
            Self::UnknownMember(found)
            | Self::UnknownParameter(found)
            | Self::Malformed(found)
            | Self::MalformedCredential(found)
            | Self::Conflict(found) => detail.received(found),
            Self::MediaType(found) => detail.expected(["application/json"]).received(found),
            Self::TenantChanged { sent, current } => detail.expected([current]).received(sent),
            Self::StateChanged(sent) => detail.received(sent),
            Self::TenantExists(found) => detail.expected(["a new tenant id"]).received(found),
            Self::UserAmbiguous => detail.expected(["an id of one user"]).received("an id of two users"),
            Self::NoSuitableCredential => detail.expected(["a user with a credential that the ceremony accepts"]),
            Self::AcrUnreachable { accepted, highest } => detail.expected(accepted).received(highest),
            Self::TransactionExists => detail.expected(["a new transaction id"]),
            Self::TokenInvalid(found) => detail.expected(["a token of this tenant"]).received(found),
            Self::TokenExpired(at) => detail.expected([format!("a request before {at}")]),
            Self::TokenRedeemed(jti) => detail.expected(["a token that was not redeemed"]).received(jti),
            Self::SecretInUse => detail.expected(["another signing key"]).received("the only signing key"),
            Self::LastAdminToken => {
                detail.expected(["another usable token with the role admin"]).received("the last one")
            }
            Self::TooManyCredentials(limit) => detail
                .expected([format!("fewer than {}", counted(limit, "credential"))])
                .received(format!("{limit} or more")),
            Self::CredentialNotFound(id) => detail.received(id.chars().take(ID_CHARS).collect::<String>()),
            Self::Config(problems) => {
                let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
                detail.received(format!("invalid: {}", fields.join(", ")))
            }
            // The values of these refusals are added later, from the audit entry. `TooOften` writes no entry.
            Self::TooOften(_)
            | Self::UserNotFound
            | Self::ChallengeUnknown
            | Self::ChallengeExpired
            | Self::CredentialExists
            | Self::TenantNotFound
            | Self::TenantDisabled
            | Self::UserDisabled
            | Self::SecretNotFound => detail,
        }
    }
}

/// Data of a refused request that the refusal itself does not contain.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestData {
    /// The ceremony that the endpoint finalizes.
    pub(super) ceremony: Option<Ceremony>,
    pub(super) challenge: Option<StoredChallenge>,
    pub(super) authenticator: Option<AuthenticatorState>,
    pub(super) credential: Option<StoredCredential>,
}

impl RequestData {
    /// Sets the challenge that the finalize request of a ceremony refers to.
    pub(super) fn set_challenge(&mut self, ceremony: Ceremony, stored: Option<&Challenge>, now: Timestamp) {
        self.ceremony = Some(ceremony);
        self.challenge = stored.map(|challenge| StoredChallenge {
            ceremony: challenge.ceremony.as_str().into(),
            age_ms: now.millis().saturating_sub(challenge.created_at.millis()),
            lifetime_ms: challenge.expires_at.millis().saturating_sub(challenge.created_at.millis()),
        });
    }

    pub(super) fn set_credential(&mut self, stored: Option<&Credential>) {
        self.credential = stored.map(|credential| StoredCredential {
            sign_count: credential.sign_count,
            be: credential.backup_eligible,
            is_mfa: credential.is_mfa,
        });
    }

    /// Adds this data to the detail of a refusal.
    pub(super) fn complete(self, detail: RefusalDetail) -> RefusalDetail {
        let detail = match (detail.check, &self.challenge) {
            (Some(Check::ChallengeKnown), Some(challenge)) => match self.ceremony {
                Some(ceremony) if challenge.ceremony != ceremony.as_str() => {
                    let detail = RefusalDetail::new(Check::ChallengeCeremony);
                    detail.expected([ceremony.as_str()]).received(&challenge.ceremony)
                }
                _ => detail.received("a challenge that was used meanwhile, or whose user was deleted"),
            },
            (Some(Check::ChallengeUnexpired), Some(challenge)) => {
                let (age, lifetime) = (challenge.age_ms, challenge.lifetime_ms);
                detail.expected([format!("less than {lifetime} ms")]).received(format!("{age} ms"))
            }
            _ => detail,
        };
        let Self { challenge, authenticator, credential, .. } = self;
        RefusalDetail { challenge, authenticator, credential, ..detail }
    }
}

/// Returns a user handle as text: in UTF-8 if it is valid UTF-8, otherwise its first characters in base64url.
pub(super) fn handle_text(handle: &[u8]) -> String {
    std::str::from_utf8(handle).map_or_else(|_| id_start(handle), str::to_owned)
}

#[cfg(test)]
mod tests;
