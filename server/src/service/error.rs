//! Errors of operations. The HTTP layer maps them to statuses and titles.

use doorward_shared::{ErrorCode, Timestamp, admin::ConfigProblem, counted, refusal::RefusalDetail};

use crate::{
    clock::NoEntropy,
    crypto::{HashError, SigningKeyError},
    db::DbError,
    webauthn,
};

/// Reason for refusing a valid HTTP request. Clients see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A field is missing or invalid; the message names it.
    Invalid(String),
    /// The body contains an unknown member. The text names this member and the most similar known one.
    UnknownMember(String),
    /// The body is not JSON or does not have the expected structure.
    Malformed(String),
    BodyTooLarge(String),
    /// The body of the request is declared as this media type and not as JSON.
    MediaType(String),
    /// The body did not arrive within the configured time.
    BodyTooSlow(String),
    /// A query parameter is invalid; the message names it.
    Query(String),
    /// A query parameter is unknown. The text names this parameter and the most similar known one.
    UnknownParameter(String),
    /// Too many requests without a valid key. The number is the time in seconds until a retry may succeed.
    TooOften(u64),
    /// The body is JSON, but not a WebAuthn credential.
    MalformedCredential(String),
    UserNotFound,
    /// The id is the internal id of one user and the user id of another user.
    UserAmbiguous,
    /// The user has no credential that the operation accepts.
    NoSuitableCredential,
    /// None of the user's credentials can reach the demanded level of assurance.
    AcrUnreachable {
        /// Names of the accepted levels, lowest first.
        accepted: Vec<String>,
        /// Name of the highest level that the credentials can reach.
        highest: String,
    },
    /// The transaction id was used before.
    TransactionExists,
    /// The challenge is unknown, was used before, or belongs to another tenant or another kind of ceremony.
    ChallengeUnknown,
    ChallengeExpired,
    /// The user handle is missing, unknown, or belongs to a user other than the owner of the credential.
    UserHandle(ErrorCode, &'static str, Box<RefusalDetail>),
    Verification(webauthn::VerificationError),
    CredentialExists,
    /// The user has as many credentials as the tenant allows.
    TooManyCredentials(u32),
    CredentialNotFound(String),
    UserDisabled,
    TenantDisabled,
    TenantNotFound,
    /// A tenant with the requested id exists, or the log of a deleted tenant with this id is still kept.
    TenantExists(&'static str),
    /// The API key, signing key or admin token does not exist.
    SecretNotFound,
    /// The request would remove the only signing key.
    SecretInUse,
    /// The request would revoke the last unexpired and unlimited token with the role admin, and does not contain
    /// `force`.
    LastAdminToken,
    /// The tenant has changed since the client read it. Contains the versions in `If-Match`, and the current version.
    TenantChanged {
        sent: String,
        current: String,
    },
    /// The object has been disabled or enabled since the client read it. Contains the versions in `If-Match`.
    StateChanged(String),
    /// The text is not a token of the tenant; the message says why.
    TokenInvalid(&'static str),
    /// The token expired at this time.
    TokenExpired(Timestamp),
    /// The token with this id (`jti`) was redeemed before.
    TokenRedeemed(String),
    /// The request conflicts with stored data; the message says how.
    Conflict(String),
    /// A tenant's configuration is invalid. Each problem names a setting and a correction.
    Config(Vec<ConfigProblem>),
}

impl Refusal {
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(_) => ErrorCode::ValidationFailed,
            Self::UnknownMember(_) => ErrorCode::MemberUnknown,
            Self::Malformed(_) => ErrorCode::BodyMalformed,
            Self::BodyTooLarge(_) => ErrorCode::BodyTooLarge,
            Self::MediaType(_) => ErrorCode::MediaTypeUnsupported,
            Self::BodyTooSlow(_) => ErrorCode::RequestTimeout,
            Self::Query(_) => ErrorCode::QueryInvalid,
            Self::UnknownParameter(_) => ErrorCode::ParameterUnknown,
            Self::TooOften(_) => ErrorCode::RateLimited,
            Self::MalformedCredential(_) => ErrorCode::CredentialMalformed,
            Self::UserNotFound => ErrorCode::UserNotFound,
            Self::UserAmbiguous => ErrorCode::UserAmbiguous,
            Self::NoSuitableCredential => ErrorCode::NoSuitableCredential,
            Self::AcrUnreachable { .. } => ErrorCode::AcrUnreachable,
            Self::TransactionExists => ErrorCode::TransactionExists,
            Self::ChallengeUnknown => ErrorCode::ChallengeUnknown,
            Self::ChallengeExpired => ErrorCode::ChallengeExpired,
            Self::UserHandle(code, ..) => *code,
            Self::Verification(refusal) => refusal.code,
            Self::TooManyCredentials(_) => ErrorCode::TooManyCredentials,
            Self::CredentialExists => ErrorCode::CredentialExists,
            Self::CredentialNotFound(_) => ErrorCode::CredentialNotFound,
            Self::UserDisabled => ErrorCode::UserDisabled,
            Self::TenantDisabled => ErrorCode::TenantDisabled,
            Self::TenantNotFound => ErrorCode::TenantNotFound,
            Self::TenantExists(_) => ErrorCode::TenantExists,
            Self::SecretNotFound => ErrorCode::SecretNotFound,
            Self::SecretInUse => ErrorCode::SecretInUse,
            Self::LastAdminToken => ErrorCode::LastAdminToken,
            Self::TenantChanged { .. } => ErrorCode::TenantChanged,
            Self::StateChanged(_) => ErrorCode::StateChanged,
            Self::TokenInvalid(_) => ErrorCode::TokenInvalid,
            Self::TokenExpired(_) => ErrorCode::TokenExpired,
            Self::TokenRedeemed(_) => ErrorCode::TokenAlreadyRedeemed,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::Config(_) => ErrorCode::ConfigInvalid,
        }
    }

    pub fn reason(&self) -> String {
        match self {
            Self::Invalid(reason)
            | Self::UnknownMember(reason)
            | Self::Malformed(reason)
            | Self::BodyTooLarge(reason)
            | Self::BodyTooSlow(reason)
            | Self::Query(reason)
            | Self::UnknownParameter(reason)
            | Self::MalformedCredential(reason)
            | Self::Conflict(reason) => reason.clone(),
            Self::MediaType(_) => "a request with a body needs the header `Content-Type: application/json`".to_owned(),
            Self::TooOften(seconds) => format!("too many requests without a valid key; try again in {seconds} s"),
            Self::Config(problems) => {
                let lines: Vec<String> = problems.iter().map(|one| format!("{}: {}", one.field, one.message)).collect();
                lines.join("; ")
            }
            Self::UserNotFound => "user not found".to_owned(),
            Self::UserAmbiguous => "this is Doorward's id of one user and the user id of another; \
                                    send ?by=id or ?by=user_id"
                .to_owned(),
            Self::NoSuitableCredential => "user has no suitable credentials for this operation".to_owned(),
            Self::AcrUnreachable { accepted, highest } => {
                let minimum = accepted.first().map_or("", String::as_str);
                format!("min_acr is {minimum}, but the user's credentials reach at most {highest}")
            }
            Self::TransactionExists => "transaction already exists".to_owned(),
            Self::ChallengeUnknown => "received challenge does not match with any stored one".to_owned(),
            Self::ChallengeExpired => "the challenge has expired".to_owned(),
            Self::UserHandle(_, reason, _) | Self::TenantExists(reason) | Self::TokenInvalid(reason) => {
                (*reason).to_owned()
            }
            Self::TokenExpired(at) => format!("the token expired at {at}"),
            Self::TokenRedeemed(_) => "the token was redeemed before; refuse what it was sent for".to_owned(),
            Self::Verification(refusal) => refusal.reason.clone(),
            Self::CredentialExists => "credential already registered".to_owned(),
            Self::TooManyCredentials(limit) => {
                let limit = counted(limit, "credential");
                format!("the user may have at most {limit}; delete one before you register another")
            }
            Self::CredentialNotFound(id) => format!("credential with id '{id}' not found"),
            Self::UserDisabled => "an administrator disabled the user".to_owned(),
            Self::TenantDisabled => "an administrator disabled the tenant".to_owned(),
            Self::TenantNotFound => "tenant not found".to_owned(),
            Self::SecretNotFound => "no secret has this id".to_owned(),
            Self::LastAdminToken => {
                "this is the last usable admin token with the role admin; without it, only the command \
                 `doorward admin-token create` on the server can create another one. To revoke it, use --force, or ?force=true in the admin API"
                    .to_owned()
            }
            Self::TenantChanged { .. } => "the tenant was changed after its ETag was read; \
                                    read it again and repeat the change"
                .to_owned(),
            Self::StateChanged(_) => {
                "it was disabled or enabled after the response with this ETag; nothing was changed".to_owned()
            }
            Self::SecretInUse => "the tenant's only signing key cannot be removed".to_owned(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The request was refused; the client sees the reason.
    #[error("refused: {}", .0.reason())]
    Refused(Refusal),
    /// The database is unavailable; a retry may succeed.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Any other error. The client sees no details; the log contains the cause.
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
            DbError::Unavailable(reason) | DbError::CommitUnknown(reason) => Self::Unavailable(reason),
            // The tenant or the user was deleted during the request.
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
