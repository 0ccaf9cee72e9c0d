//! The HTTP client and its settings.

use std::{path::PathBuf, sync::Arc, time::Duration};

use reqwest::{Certificate, Client, redirect::Policy};
use url::{Host, Url};

use super::{
    error::{RESPONSE_TIMEOUT, innermost},
    token::Token,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Address of the admin API, such as `http://127.0.0.1:8001`; it may have a path prefix. `unix:/path` is a Unix
    /// socket.
    pub url: Url,
    pub token: Token,
    /// PEM certificates of the trusted authorities; `None` uses those of the operating system.
    pub ca: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    #[error("cannot read the CA certificates: {0}")]
    Certificates(String),
    /// The HTTP client cannot be created for another reason. For example, the operating system has no CA certificates.
    #[error("cannot create the HTTP client: {0}")]
    Other(String),
}

/// Base URL of requests through a Unix socket.
const SOCKET_HOST: &str = "http://localhost/";

#[derive(Debug, Clone)]
pub struct Api(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) client: Client,
    /// Address of the admin API, for error messages.
    pub(super) url: Url,
    /// Beginning of the URL of each request.
    pub(super) base: Url,
    pub(super) token: Token,
}

impl Api {
    pub fn new(endpoint: Endpoint) -> Result<Self, ClientError> {
        let mut builder = Client::builder()
            .user_agent(concat!("doorward-admin/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(RESPONSE_TIMEOUT)
            // A redirect could send the token to another server.
            .redirect(Policy::none());
        if is_loopback(&endpoint.url) {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &endpoint.ca {
            let invalid = |error: reqwest::Error| ClientError::Certificates(innermost(&error));
            let certificates = Certificate::from_pem_bundle(pem).map_err(invalid)?;
            if certificates.is_empty() {
                return Err(ClientError::Certificates("the file contains no PEM certificate".to_owned()));
            }
            builder = builder.tls_certs_only(certificates);
        } else if endpoint.url.scheme() != "https" {
            // Loads no CA certificates, because plain HTTP must also work on systems without them.
            builder = builder.tls_certs_only([]);
        }
        let base = match socket_path(&endpoint.url) {
            Some(path) => {
                builder = builder.unix_socket(path);
                SOCKET_HOST.parse().map_err(|error: url::ParseError| ClientError::Other(error.to_string()))?
            }
            None => endpoint.url.clone(),
        };
        let client = builder.build().map_err(|error| ClientError::Other(innermost(&error)))?;
        Ok(Self(Arc::new(Inner { client, url: endpoint.url, base, token: endpoint.token })))
    }

    pub fn url(&self) -> &Url {
        &self.0.url
    }
}

/// Returns the path of the Unix socket that a URL like `unix:/run/doorward/admin.sock` names.
pub fn socket_path(url: &Url) -> Option<PathBuf> {
    (url.scheme() == "unix" && url.host().is_none()).then(|| url.to_file_path().ok()).flatten()
}

/// Returns whether the host of a URL is a loopback address or `localhost`, or the URL names a Unix socket.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => socket_path(url).is_some(),
    }
}
