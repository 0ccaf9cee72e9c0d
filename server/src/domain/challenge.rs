//! Challenges and the kinds of ceremony to which they belong.

use doorward_shared::{AuditType, Base64Url, TenantId, Timestamp, TransactionRowId, UserId, public::CeremonyName};
use serde::{Deserialize, Serialize};

use super::tenant::{CeremonyPolicy, RelyingPartyPolicy};

/// Kinds of ceremony. A challenge of one kind is not accepted for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ceremony {
    Registration,
    MfaRegistration,
    Login,
    MfaLogin,
    Transaction,
}

impl Ceremony {
    pub const ALL: [Self; 5] =
        [Self::Registration, Self::MfaRegistration, Self::Login, Self::MfaLogin, Self::Transaction];

    /// Returns the name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::MfaRegistration => "mfa_registration",
            Self::Login => "login",
            Self::MfaLogin => "mfa_login",
            Self::Transaction => "transaction",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ceremony| ceremony.as_str() == name)
    }

    /// Returns the `ceremony` claim of tokens.
    pub const fn claim(self) -> CeremonyName {
        match self {
            Self::Registration | Self::MfaRegistration => CeremonyName::Registration,
            Self::Login => CeremonyName::Login,
            Self::MfaLogin => CeremonyName::Mfa,
            Self::Transaction => CeremonyName::Transaction,
        }
    }

    pub const fn is_mfa(self) -> bool {
        matches!(self, Self::MfaRegistration | Self::MfaLogin)
    }

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

/// The bytes that the authenticator signs: 32 random bytes and, for a transaction, a hash of its data.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChallengeValue(pub Vec<u8>);

impl std::fmt::Display for ChallengeValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Base64Url::encode(&self.0))
    }
}

/// State that the initialize request stores for the finalize request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeremonyState {
    pub relying_party: RelyingPartyPolicy,
    pub policy: CeremonyPolicy,
    /// Logins and transactions: ids of the allowed credentials; `None` for any credential (discoverable login).
    /// Registrations: ids of the excluded credentials.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credentials: Option<Vec<Base64Url>>,
}

/// A challenge that is not finalized yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub tenant_id: TenantId,
    /// The bytes to sign; unique in the tenant.
    pub value: ChallengeValue,
    pub ceremony: Ceremony,
    /// The user; `None` for a discoverable login.
    pub user_id: Option<UserId>,
    pub transaction_id: Option<TransactionRowId>,
    pub state: CeremonyState,
    pub created_at: Timestamp,
    /// Time from which the challenge is rejected.
    pub expires_at: Timestamp,
}
