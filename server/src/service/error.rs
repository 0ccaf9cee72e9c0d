//! Why an operation did not happen. The HTTP layer turns these into statuses and titles.

use doorward_shared::{ErrorCode, admin::ConfigProblem};

use crate::{
    clock::NoEntropy,
    crypto::{HashError, SigningKeyError},
    db::DbError,
    webauthn,
};

/// A client's request that was understood and refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A field is missing or has a value it must not have; says which.
    Invalid(String),
    /// The body is no JSON, or not the structure the operation takes.
    Malformed(String),
    /// The body is larger than the operator allows.
    BodyTooLarge(String),
    /// The body took longer to arrive than the operator waits.
    BodyTooSlow(String),
    /// A query parameter cannot be used; says which.
    Query(String),
    /// The caller has shown no good key too often; says after how many seconds to come again.
    TooOften(u64),
    /// The body is JSON, but no credential's response as WebAuthn has it.
    MalformedCredential(String),
    /// No such user.
    UserNotFound,
    /// The user has no credential that the operation accepts.
    NoSuitableCredential,
    /// The transaction id was used before.
    TransactionExists,
    /// The challenge is unknown, used, or belongs to another tenant or ceremony.
    ChallengeUnknown,
    /// The challenge's time is over.
    ChallengeExpired,
    /// The user handle is missing, or names nobody, or somebody else.
    UserHandle(ErrorCode, &'static str),
    /// The credential was verified and found wanting.
    Verification(webauthn::VerificationError),
    /// The credential id is taken.
    CredentialExists,
    /// No such credential.
    CredentialNotFound(String),
    /// No such tenant.
    TenantNotFound,
    /// No such API key, signing key or admin token.
    SecretNotFound,
    /// The only signing key cannot be removed.
    SecretInUse,
    /// The request contradicts what is stored; says how.
    Conflict(String),
    /// A tenant's configuration is refused; says what, where, and how to mend it.
    Config(Vec<ConfigProblem>),
}

impl Refusal {
    /// The stable reason.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(_) => ErrorCode::ValidationFailed,
            Self::Malformed(_) => ErrorCode::BodyMalformed,
            Self::BodyTooLarge(_) => ErrorCode::BodyTooLarge,
            Self::BodyTooSlow(_) => ErrorCode::RequestTimeout,
            Self::Query(_) => ErrorCode::QueryInvalid,
            Self::TooOften(_) => ErrorCode::RateLimited,
            Self::MalformedCredential(_) => ErrorCode::CredentialMalformed,
            Self::UserNotFound => ErrorCode::UserNotFound,
            Self::NoSuitableCredential => ErrorCode::NoSuitableCredential,
            Self::TransactionExists => ErrorCode::TransactionExists,
            Self::ChallengeUnknown => ErrorCode::ChallengeUnknown,
            Self::ChallengeExpired => ErrorCode::ChallengeExpired,
            Self::UserHandle(code, _) => *code,
            Self::Verification(refusal) => refusal.code,
            Self::CredentialExists => ErrorCode::CredentialExists,
            Self::CredentialNotFound(_) => ErrorCode::CredentialNotFound,
            Self::TenantNotFound => ErrorCode::TenantNotFound,
            Self::SecretNotFound => ErrorCode::SecretNotFound,
            Self::SecretInUse => ErrorCode::SecretInUse,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::Config(_) => ErrorCode::ConfigInvalid,
        }
    }

    /// The reason for a person.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Invalid(reason)
            | Self::Malformed(reason)
            | Self::BodyTooLarge(reason)
            | Self::BodyTooSlow(reason)
            | Self::Query(reason)
            | Self::MalformedCredential(reason)
            | Self::Conflict(reason) => reason.clone(),
            Self::TooOften(seconds) => format!("too many requests without a good key; try again in {seconds} s"),
            Self::Config(problems) => {
                let told: Vec<String> = problems.iter().map(|one| format!("{}: {}", one.field, one.message)).collect();
                told.join("; ")
            }
            Self::UserNotFound => "user not found".to_owned(),
            Self::NoSuitableCredential => "user has no suitable credentials for this operation".to_owned(),
            Self::TransactionExists => "transaction already exists".to_owned(),
            Self::ChallengeUnknown => "received challenge does not match with any stored one".to_owned(),
            Self::ChallengeExpired => "the challenge has expired".to_owned(),
            Self::UserHandle(_, reason) => (*reason).to_owned(),
            Self::Verification(refusal) => refusal.reason.clone(),
            Self::CredentialExists => "credential already registered".to_owned(),
            Self::CredentialNotFound(id) => format!("credential with id '{id}' not found"),
            Self::TenantNotFound => "tenant not found".to_owned(),
            Self::SecretNotFound => "no secret has this id".to_owned(),
            Self::SecretInUse => "the tenant's only signing key cannot be removed".to_owned(),
        }
    }
}

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The request was understood and refused; the client is told why.
    #[error("refused: {}", .0.reason())]
    Refused(Refusal),
    /// The database cannot serve now; the client may try again.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Anything else: opaque to the client, complete in the log.
    #[error("{0}")]
    Internal(String),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<DbError> for ServiceError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(reason) => Self::Unavailable(reason),
            // An administrator deleted the tenant, or the user, while the request was under way.
            DbError::Orphan => Refusal::Conflict("the tenant or the user was deleted meanwhile".to_owned()).into(),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<NoEntropy> for ServiceError {
    fn from(error: NoEntropy) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<HashError> for ServiceError {
    fn from(error: HashError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<SigningKeyError> for ServiceError {
    fn from(error: SigningKeyError) -> Self {
        Self::Internal(error.to_string())
    }
}
