//! Challenges: what an authenticator must sign, for which ceremony, until when.

use doorward_shared::{AuditType, Base64Url, TenantId, Timestamp, TransactionRowId, UserId, public::CeremonyName};
use serde::{Deserialize, Serialize};

use super::tenant::{CeremonyPolicy, RelyingPartyPolicy};

/// The kinds of ceremony. A challenge of one kind never ends another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ceremony {
    /// A passkey is registered.
    Registration,
    /// A second factor is registered.
    MfaRegistration,
    /// A user logs in with a passkey.
    Login,
    /// A user proves a second factor.
    MfaLogin,
    /// A user confirms a transaction.
    Transaction,
}

impl Ceremony {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Registration, Self::MfaRegistration, Self::Login, Self::MfaLogin, Self::Transaction];

    /// The word that stands for the kind in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::MfaRegistration => "mfa_registration",
            Self::Login => "login",
            Self::MfaLogin => "mfa_login",
            Self::Transaction => "transaction",
        }
    }

    /// The kind a word stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ceremony| ceremony.as_str() == word)
    }

    /// What tokens of this kind say in their `ceremony` claim.
    #[must_use]
    pub const fn claim(self) -> CeremonyName {
        match self {
            Self::Registration | Self::MfaRegistration => CeremonyName::Registration,
            Self::Login => CeremonyName::Login,
            Self::MfaLogin => CeremonyName::Mfa,
            Self::Transaction => CeremonyName::Transaction,
        }
    }

    /// Whether the ceremony concerns second factors.
    #[must_use]
    pub const fn is_mfa(self) -> bool {
        matches!(self, Self::MfaRegistration | Self::MfaLogin)
    }

    /// The audit event of the first step.
    #[must_use]
    pub const fn init_event(self, succeeded: bool) -> AuditType {
        match (self, succeeded) {
            (Self::Registration, true) => AuditType::WebauthnRegistrationInitSucceeded,
            (Self::Registration, false) => AuditType::WebauthnRegistrationInitFailed,
            (Self::MfaRegistration, true) => AuditType::MfaRegistrationInitSucceeded,
            (Self::MfaRegistration, false) => AuditType::MfaRegistrationInitFailed,
            (Self::Login, true) => AuditType::WebauthnAuthenticationInitSucceeded,
            (Self::Login, false) => AuditType::WebauthnAuthenticationInitFailed,
            (Self::MfaLogin, true) => AuditType::MfaAuthenticationInitSucceeded,
            (Self::MfaLogin, false) => AuditType::MfaAuthenticationInitFailed,
            (Self::Transaction, true) => AuditType::WebauthnTransactionInitSucceeded,
            (Self::Transaction, false) => AuditType::WebauthnTransactionInitFailed,
        }
    }

    /// The audit event of the second step.
    #[must_use]
    pub const fn final_event(self, succeeded: bool) -> AuditType {
        match (self, succeeded) {
            (Self::Registration, true) => AuditType::WebauthnRegistrationFinalSucceeded,
            (Self::Registration, false) => AuditType::WebauthnRegistrationFinalFailed,
            (Self::MfaRegistration, true) => AuditType::MfaRegistrationFinalSucceeded,
            (Self::MfaRegistration, false) => AuditType::MfaRegistrationFinalFailed,
            (Self::Login, true) => AuditType::WebauthnAuthenticationFinalSucceeded,
            (Self::Login, false) => AuditType::WebauthnAuthenticationFinalFailed,
            (Self::MfaLogin, true) => AuditType::MfaAuthenticationFinalSucceeded,
            (Self::MfaLogin, false) => AuditType::MfaAuthenticationFinalFailed,
            (Self::Transaction, true) => AuditType::WebauthnTransactionFinalSucceeded,
            (Self::Transaction, false) => AuditType::WebauthnTransactionFinalFailed,
        }
    }
}

/// The bytes an authenticator must sign: 32 random ones, followed by a hash of the data in a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChallengeValue(pub Vec<u8>);

impl std::fmt::Display for ChallengeValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Base64Url::encode(&self.0))
    }
}

/// What the second step needs to know of the first: the tenant's policy of that moment, and whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeremonyState {
    /// The relying party when the ceremony began.
    pub relying_party: RelyingPartyPolicy,
    /// What was asked for when the ceremony began.
    pub policy: CeremonyPolicy,
    /// Credentials that may end the ceremony, base64url. `None`: any of the tenant's (discoverable login).
    /// In registrations: credentials that were excluded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credentials: Option<Vec<Base64Url>>,
}

/// A challenge that waits for its finalize.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// What must be signed; unique in the tenant.
    pub value: ChallengeValue,
    /// Which operation it ends.
    pub ceremony: Ceremony,
    /// Whom it concerns, when known.
    pub user_id: Option<UserId>,
    /// Which transaction it confirms.
    pub transaction_id: Option<TransactionRowId>,
    /// What the second step needs to know.
    pub state: CeremonyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}
