//! The admin API as a client sees it: one method per endpoint, with the wire types of `doorward-shared`.
//!
//! [`Api`] is cheap to clone, and dropping a call's future cancels it. Every failure is an [`ApiError`], whose message
//! can be shown to people.

mod audit;
mod error;
mod export;
mod file;
mod installation;
mod request;
mod secrets;
pub mod tail;
mod tenants;
mod token;
mod users;

pub use audit::AuditQuery;
pub use error::ApiError;
pub use export::{ExportFormat, ExportStream, Progress};
pub use file::{ExportError, OnExisting, export_to_file};
pub use tail::Tail;
pub use tenants::{TenantQuery, TenantSummaryQuery};
pub use token::{InvalidToken, Token};
pub use users::UserQuery;

use std::{sync::Arc, time::Duration};

use reqwest::{Client, redirect::Policy};
use url::{Host, Url};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take, and how long a stream may pause.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A server, and who speaks to it.
#[derive(Debug, Clone)]
pub struct Target {
    /// The admin API's address, `http://127.0.0.1:8001` or `https://…`, with any path prefix.
    pub url: Url,
    /// Who asks.
    pub token: Token,
    /// Certificates (PEM) of the authorities that may vouch for the server, in place of the system's.
    pub ca: Option<Vec<u8>>,
}

/// Why no client could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The file of authorities holds no certificate.
    #[error("the certificates of the authorities cannot be read: {0}")]
    Certificates(String),
    /// Another reason, such as a system without trusted authorities.
    #[error("no HTTP client: {0}")]
    Other(String),
}

/// A client of the admin API. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Api(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    url: Url,
    token: Token,
}

impl Api {
    /// A client of a server. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(target: Target) -> Result<Self, ClientError> {
        let mut builder = Client::builder()
            .user_agent(concat!("doorward-admin/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(ANSWER_TIMEOUT)
            // A redirect would carry the token elsewhere.
            .redirect(Policy::none());
        if is_loopback(&target.url) {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &target.ca {
            let unreadable = |error: reqwest::Error| ClientError::Certificates(error::innermost(&error));
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(unreadable)?;
            if certificates.is_empty() {
                return Err(ClientError::Certificates("there is none in the file".to_owned()));
            }
            builder = builder.tls_certs_only(certificates);
        } else if target.url.scheme() == "http" {
            // Without TLS nobody needs to vouch: a system without trusted authorities is good enough.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| ClientError::Other(error::innermost(&error)))?;
        Ok(Self(Arc::new(Inner { client, url: target.url, token: target.token })))
    }

    /// The server's address.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0.url
    }
}

/// Whether an address leads to this machine by definition.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
