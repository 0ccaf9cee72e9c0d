//! Challenges and the kinds of ceremony to which they belong.

use doorward_shared::{
    AuditType, Base64Url, CoseAlgorithm, TenantId, Timestamp, TransactionRowId, UserId,
    config::{AssuranceLevel, BackupEligibilityChange, CounterPolicy, UserVerification},
    public::CeremonyName,
};
use serde::{Deserialize, Serialize};

use super::{
    CredentialId,
    tenant::{CeremonyPolicy, RelyingPartyPolicy},
};

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

/// The bytes of a challenge: 32 random bytes and, for a transaction, a hash of its data.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChallengeValue(pub Vec<u8>);

impl std::fmt::Display for ChallengeValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Base64Url::encode(&self.0))
    }
}

/// Requirements of a pending ceremony, from the tenant's settings and the initialize request. The initialize request
/// stores them, and the finalize request is checked against them. Unknown members are refused: a node of an older
/// version must not ignore a requirement that a newer node has stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeremonyState {
    pub rp_id: String,
    /// Accepted origins and patterns of subdomains.
    pub origins: Vec<String>,
    /// Origins of the top-level pages that may contain the ceremony in a frame.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub top_origins: Vec<String>,
    pub user_verification: UserVerification,
    /// Whether the credential may become eligible for backup.
    pub backup_eligibility_change: BackupEligibilityChange,
    #[serde(skip_serializing_if = "is_refuse", default)]
    pub counter_policy: CounterPolicy,
    /// Whether the registration is an automatic passkey upgrade, which needs no user presence (WebAuthn §7.1 step 15).
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub conditional: bool,
    /// Logins and transactions: the lowest accepted level of assurance; `None` if every level is accepted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub minimum_level: Option<AssuranceLevel>,
    /// Registrations: the algorithms that the new credential may have.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub algorithms: Vec<CoseAlgorithm>,
    /// Logins and transactions: ids of the allowed credentials; `None` for any credential (discoverable login).
    /// Registrations: ids of the excluded credentials.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credentials: Option<Vec<Base64Url>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_refuse(policy: &CounterPolicy) -> bool {
    *policy == CounterPolicy::Refuse
}

impl CeremonyState {
    /// Returns the state of a ceremony with these credentials; see [`CeremonyState::credentials`].
    pub fn new(rp: &RelyingPartyPolicy, policy: &CeremonyPolicy, credentials: Option<&[CredentialId]>) -> Self {
        let ids = |ids: &[CredentialId]| ids.iter().map(|id| Base64Url(id.as_bytes().to_vec())).collect();
        Self {
            rp_id: rp.id.clone(),
            origins: rp.origins.clone(),
            top_origins: rp.top_origins.clone(),
            user_verification: policy.user_verification,
            backup_eligibility_change: policy.backup_eligibility_change,
            counter_policy: policy.counter_policy,
            conditional: false,
            minimum_level: None,
            algorithms: Vec::new(),
            credentials: credentials.map(ids),
        }
    }
}

/// The challenge of a pending ceremony.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub tenant_id: TenantId,
    /// The bytes of the challenge; unique in the tenant.
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

#[cfg(test)]
mod tests {
    use doorward_shared::config::{AttestationPreference, ResidentKey};

    use super::*;

    #[test]
    fn state_contains_only_what_finalize_checks() {
        let rp = RelyingPartyPolicy {
            id: "example.com".to_owned(),
            name: "Example".to_owned(),
            icon: Some("https://example.com/icon.png".to_owned()),
            origins: vec!["https://example.com".to_owned()],
            top_origins: Vec::new(),
        };
        let policy = CeremonyPolicy {
            user_verification: UserVerification::Required,
            attachment: None,
            attestation: AttestationPreference::Direct,
            resident_key: ResidentKey::Required,
            timeout_ms: 60_000,
            lifetime_ms: 60_000,
            backup_eligibility_change: BackupEligibilityChange::Accept,
            counter_policy: CounterPolicy::Refuse,
        };
        let state = serde_json::to_string(&CeremonyState::new(&rp, &policy, None)).unwrap();
        let expected = r#"{"rp_id":"example.com","origins":["https://example.com"],"user_verification":"required","#;
        assert_eq!(state, format!(r#"{expected}"backup_eligibility_change":"accept"}}"#));
        let newer = state.replacen('{', r#"{"region":"eu","#, 1);
        let error = serde_json::from_str::<CeremonyState>(&newer).unwrap_err().to_string();
        assert!(error.contains("unknown field `region`"), "{error}");
    }
}
