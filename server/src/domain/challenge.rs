//! Challenges and the kinds of ceremony they belong to.

use doorward_shared::{AuditType, Base64Url, TenantId, Timestamp, TransactionRowId, UserId, public::CeremonyName};
use serde::{Deserialize, Serialize};

use super::tenant::{CeremonyPolicy, RelyingPartyPolicy};

/// Kinds of ceremony. A challenge of one kind is not accepted for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ceremony {
    /// Registration of a passkey.
    Registration,
    /// Registration of a second factor.
    MfaRegistration,
    /// Login with a passkey.
    Login,
    /// Login with a second factor.
    MfaLogin,
    /// Confirmation of a transaction.
    Transaction,
}

impl Ceremony {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Registration, Self::MfaRegistration, Self::Login, Self::MfaLogin, Self::Transaction];

    /// Returns the name in the database.
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

    /// Parses the name in the database.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ceremony| ceremony.as_str() == name)
    }

    /// Returns the `ceremony` claim of tokens.
    #[must_use]
    pub const fn claim(self) -> CeremonyName {
        match self {
            Self::Registration | Self::MfaRegistration => CeremonyName::Registration,
            Self::Login => CeremonyName::Login,
            Self::MfaLogin => CeremonyName::Mfa,
            Self::Transaction => CeremonyName::Transaction,
        }
    }

    /// Whether it is a ceremony of second factors.
    #[must_use]
    pub const fn is_mfa(self) -> bool {
        matches!(self, Self::MfaRegistration | Self::MfaLogin)
    }

    /// Returns the audit event of the first step (initialize).
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

    /// Returns the audit event of the second step (finalize).
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

/// The bytes that the authenticator signs: 32 random bytes, followed by a hash of the data for a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChallengeValue(pub Vec<u8>);

impl std::fmt::Display for ChallengeValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Base64Url::encode(&self.0))
    }
}

/// State that finalize needs from initialize.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeremonyState {
    /// The relying party at the start of the ceremony.
    pub relying_party: RelyingPartyPolicy,
    /// The tenant's requirements at the start of the ceremony.
    pub policy: CeremonyPolicy,
    /// Logins and transactions: ids of the allowed credentials; `None` for any credential (discoverable login).
    /// Registrations: ids of the excluded credentials.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credentials: Option<Vec<Base64Url>>,
}

/// A challenge that is not finalized yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The bytes to sign; unique in the tenant.
    pub value: ChallengeValue,
    /// The kind of ceremony.
    pub ceremony: Ceremony,
    /// The user; `None` for a discoverable login.
    pub user_id: Option<UserId>,
    /// The transaction that it confirms.
    pub transaction_id: Option<TransactionRowId>,
    /// State for finalize.
    pub state: CeremonyState,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time from which it is rejected.
    pub expires_at: Timestamp,
}
