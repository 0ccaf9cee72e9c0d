//! Error responses: status, title, details, code.

use std::{borrow::Cow, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header};
use doorward_shared::{ErrorBody, ErrorCode, refusal::RefusalDetail};

use crate::service::{Refusal, ServiceError};

/// Value of `Retry-After` in 503 responses, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;

#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    title: Cow<'static, str>,
    details: Cow<'static, str>,
    code: ErrorCode,
    header: Option<Box<(header::HeaderName, header::HeaderValue)>>,
    /// Cause of the error. It is logged, but not sent.
    cause: Option<Box<str>>,
    /// Failed check, for the audit entry. It is not sent.
    detail: Option<Box<RefusalDetail>>,
}

/// The operation that failed. For some operations, the public API defines another status or title for the same
/// error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    RegistrationFinalize,
    LoginFinalize,
    TransactionInitialize,
    TransactionFinalize,
    Other,
}

impl ApiError {
    /// Creates an error. `details` are left out if they repeat the title.
    pub fn new(
        status: StatusCode,
        code: ErrorCode,
        title: impl Into<Cow<'static, str>>,
        details: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (title, details) = (title.into(), details.into());
        let details = if details == title { "".into() } else { details };
        Self { status, title, details, code, header: None, cause: None, detail: None }
    }

    #[must_use]
    pub fn with_header(self, name: header::HeaderName, value: impl Into<header::HeaderValue>) -> Self {
        Self { header: Some(Box::new((name, value.into()))), ..self }
    }

    /// Creates a 500 error without details. The cause is logged with the request id, but not sent.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string().into()),
            ..Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                ErrorCode::Internal,
                "internal server error",
                "the server's log has the cause under this request's id",
            )
        }
    }

    /// Creates a 503 error with `Retry-After`. The cause is logged, but not sent.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string().into()),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::Unavailable,
                "service unavailable",
                "the server cannot serve this request now; try again",
            )
            .with_header(header::RETRY_AFTER, RETRY_AFTER_SECONDS)
        }
    }

    /// Creates the 503 error that the readiness check returns after a stop signal.
    pub fn stopping() -> Self {
        let details = "the server is stopping";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, "service unavailable", details)
            .with_header(header::RETRY_AFTER, RETRY_AFTER_SECONDS)
    }

    /// Creates a 429 error. `seconds` is the value of `Retry-After`; 0 is replaced with 1.
    pub fn rate_limited(seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::RateLimited,
            "too many requests",
            "requests without a valid key are rate-limited; try again later",
        )
        .with_header(header::RETRY_AFTER, seconds.max(1))
    }

    /// Creates the 401 error for a missing or wrong API key.
    pub fn api_key_invalid() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::ApiKeyInvalid, "The api key is invalid", "")
    }

    /// Creates the 401 error for a disabled API key.
    pub fn api_key_disabled() -> Self {
        let details = "an administrator disabled this key";
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::ApiKeyDisabled, "The api key is disabled", details)
    }

    /// Creates the 400 error for an invalid query parameter.
    pub fn query(details: impl Into<String>) -> Self {
        Refusal::Query(details.into()).into()
    }

    pub fn of(operation: Operation, error: ServiceError) -> Self {
        match error {
            ServiceError::Unavailable(cause) => Self::unavailable(cause),
            ServiceError::Internal(cause) => Self::internal(cause),
            ServiceError::Refused(Refusal::TooOften(seconds)) => Self::rate_limited(seconds),
            ServiceError::Refused(refusal) => {
                let (status, title) = status_and_title(operation, &refusal);
                Self {
                    detail: Some(Box::new(refusal.detail())),
                    ..Self::new(status, refusal.code(), title, details(operation, &refusal))
                }
            }
        }
    }

    /// Returns the cause, which is logged but not sent to the client.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// Returns the failed check, for the audit entry. If the error has none, returns the first check of its code.
    pub fn detail(&self) -> RefusalDetail {
        let usual =
            || self.code.checks().first().map_or_else(RefusalDetail::default, |check| RefusalDetail::new(*check));
        self.detail.as_deref().cloned().unwrap_or_else(usual)
    }

    /// Returns the details, or the title if there are none.
    pub fn reason(&self) -> &str {
        if self.details.is_empty() { &self.title } else { &self.details }
    }

    pub const fn status(&self) -> StatusCode {
        self.status
    }

    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            title: self.title.to_string(),
            details: self.details.to_string(),
            status: self.status.as_u16(),
            code: self.code,
        }
    }
}

/// Returns the status and title that the public API defines for a refusal in an operation.
fn status_and_title(operation: Operation, refusal: &Refusal) -> (StatusCode, Cow<'static, str>) {
    use Operation as On;
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    const DENIED: StatusCode = StatusCode::UNAUTHORIZED;
    let (status, title) = match (refusal, operation) {
        (Refusal::Invalid(_) | Refusal::Query(_) | Refusal::UnknownMember(_) | Refusal::UnknownParameter(_), _) => {
            (BAD, "unable to validate request")
        }
        (Refusal::BodyTooLarge(_), _) => (StatusCode::PAYLOAD_TOO_LARGE, "unable to process request"),
        (Refusal::MediaType(_), _) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unable to process request"),
        (Refusal::BodyTooSlow(_), _) => (StatusCode::REQUEST_TIMEOUT, "unable to process request"),
        (Refusal::TooOften(_), _) => (StatusCode::TOO_MANY_REQUESTS, "too many requests"),
        (Refusal::Malformed(_) | Refusal::MalformedCredential(_), On::RegistrationFinalize) => {
            (BAD, "unable to parse credential creation response")
        }
        (Refusal::Malformed(_) | Refusal::MalformedCredential(_), On::LoginFinalize) => (BAD, "unable to finish login"),
        (Refusal::Malformed(_) | Refusal::MalformedCredential(_), On::TransactionFinalize) => {
            (BAD, "unable to finish transaction")
        }
        (Refusal::Malformed(_) | Refusal::MalformedCredential(_), _) => (BAD, "unable to process request"),
        (Refusal::ChallengeUnknown, On::RegistrationFinalize) => {
            (BAD, "received challenge does not match with any stored one")
        }
        (Refusal::ChallengeExpired, On::RegistrationFinalize) => (BAD, "failed to validate attestation"),
        (Refusal::ChallengeUnknown | Refusal::ChallengeExpired, _) => (DENIED, "failed to get session data"),
        (Refusal::UserHandle(..), _) => (DENIED, "failed to get user handle"),
        (Refusal::Verification(error), On::RegistrationFinalize) => match error.code {
            ErrorCode::UserVerificationMissing => {
                let title = format!("failed to validate attestation: {}", error.reason);
                return (StatusCode::UNPROCESSABLE_ENTITY, title.into());
            }
            ErrorCode::CredentialExists => (StatusCode::CONFLICT, "credential already registered"),
            _ => (BAD, "failed to validate attestation"),
        },
        (Refusal::Verification(_), _) => (DENIED, "failed to validate assertion"),
        (Refusal::CredentialExists, _) => (StatusCode::CONFLICT, "credential already registered"),
        (Refusal::TooManyCredentials(_), _) => (StatusCode::CONFLICT, "too many credentials"),
        (Refusal::UserNotFound, On::TransactionInitialize) => (StatusCode::NOT_FOUND, "unable to find user"),
        (Refusal::UserAmbiguous, _) => (StatusCode::CONFLICT, "user is ambiguous"),
        (Refusal::UserNotFound, _) => (StatusCode::NOT_FOUND, "user not found"),
        (Refusal::NoSuitableCredential | Refusal::AcrUnreachable { .. }, _) => {
            (BAD, "user has no suitable credentials for this operation")
        }
        (Refusal::TransactionExists, _) => (StatusCode::CONFLICT, "transaction already exists"),
        (Refusal::CredentialNotFound(_), _) => return (StatusCode::NOT_FOUND, refusal.reason().into()),
        (Refusal::UserDisabled, _) => (StatusCode::FORBIDDEN, "user is disabled"),
        (Refusal::TenantDisabled, _) => (StatusCode::FORBIDDEN, "tenant is disabled"),
        (Refusal::TenantNotFound, _) => (StatusCode::NOT_FOUND, "tenant not found"),
        (Refusal::TenantExists(_), _) => (StatusCode::CONFLICT, "tenant already exists"),
        (Refusal::SecretNotFound, _) => (StatusCode::NOT_FOUND, "secret not found"),
        (Refusal::LastAdminToken, _) => (StatusCode::CONFLICT, "last admin token"),
        (Refusal::SecretInUse, _) => (StatusCode::CONFLICT, "secret is in use"),
        (Refusal::TenantChanged { .. }, _) => (StatusCode::PRECONDITION_FAILED, "tenant was changed"),
        (Refusal::StateChanged(_), _) => (StatusCode::PRECONDITION_FAILED, "state was changed"),
        (Refusal::TokenInvalid(_), _) => (DENIED, "token is invalid"),
        (Refusal::TokenExpired(_), _) => (DENIED, "token has expired"),
        (Refusal::TokenRedeemed(_), _) => (StatusCode::CONFLICT, "token already redeemed"),
        (Refusal::Conflict(_), _) => (StatusCode::CONFLICT, "conflict"),
        (Refusal::Config(_), _) => (BAD, "unable to validate request"),
    };
    (status, title.into())
}

fn details(operation: Operation, refusal: &Refusal) -> Cow<'static, str> {
    match (refusal, operation) {
        (Refusal::ChallengeUnknown, Operation::TransactionFinalize) => "no transaction found for this challenge".into(),
        // In the following cases, the title already states the problem, so the details explain it.
        (Refusal::ChallengeUnknown, Operation::RegistrationFinalize) => {
            "it was used, has expired, or belongs to another tenant or ceremony; start a new registration".into()
        }
        (Refusal::UserNotFound, Operation::Other) => "the tenant has no user with this id".into(),
        (Refusal::NoSuitableCredential, _) => "register a credential of the required kind for this user first".into(),
        (Refusal::TransactionExists, _) => "the transaction_id was used before; send another one".into(),
        (Refusal::TenantNotFound, _) => "no tenant has this id".into(),
        (Refusal::CredentialNotFound(_), _) => "the tenant has no such credential, or it was deleted".into(),
        (Refusal::CredentialExists, _) => "a credential can be registered only once; use another authenticator".into(),
        _ => refusal.reason().into(),
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        Self::of(Operation::Other, error)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        ServiceError::from(refusal).into()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.title)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(pair) = &self.header {
            response.insert_header((pair.0.clone(), pair.1.clone()));
        }
        response.json(self.body())
    }
}
