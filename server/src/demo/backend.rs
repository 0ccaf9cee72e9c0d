//! The application's client for Doorward's public API: plain REST with the tenant's API key. Records every request.

use std::time::{Duration, Instant};

use doorward_shared::TenantId;
use jsonwebtoken::jwk::JwkSet;
use reqwest::{Client, Method, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{
    reply::DemoError,
    request_log::{RecordedRequest, RequestLog},
};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Body of an error response from Doorward. Most fields are optional, because a proxy may send its own errors.
#[derive(Debug, Deserialize)]
struct WireError {
    title: String,
    #[serde(default)]
    details: String,
    #[serde(default)]
    code: Option<String>,
}

/// Client for the public API of one tenant.
#[derive(Debug)]
pub(super) struct Backend {
    client: Client,
    base: Url,
    tenant: TenantId,
    api_key: SecretString,
}

impl Backend {
    /// Creates the client. Does not connect yet.
    pub(super) fn new(public_url: &str, tenant: TenantId, api_key: SecretString) -> std::io::Result<Self> {
        let base = Url::parse(public_url).map_err(std::io::Error::other)?;
        if base.cannot_be_a_base() {
            return Err(std::io::Error::other("the URL of the public API must begin with http:// or https://"));
        }
        let client = Client::builder()
            .user_agent(concat!("doorward-demo/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // The API key must be sent only to Doorward, not to a proxy that the environment configures.
            .no_proxy()
            .build()
            .map_err(std::io::Error::other)?;
        Ok(Self { client, base, tenant, api_key })
    }

    pub(super) async fn post(&self, log: &mut RequestLog, path: &[&str], body: &Value) -> Result<Value, DemoError> {
        self.send(log, Method::POST, path, &[], Some(body)).await
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        log: &mut RequestLog,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, DemoError> {
        let value = self.send(log, Method::GET, path, query, None).await?;
        serde_json::from_value(value).map_err(|_| DemoError::unexpected("Doorward's response has an unknown structure"))
    }

    pub(super) async fn patch(&self, log: &mut RequestLog, path: &[&str], body: &Value) -> Result<(), DemoError> {
        self.send(log, Method::PATCH, path, &[], Some(body)).await.map(drop)
    }

    pub(super) async fn delete(&self, log: &mut RequestLog, path: &[&str]) -> Result<(), DemoError> {
        self.send(log, Method::DELETE, path, &[], None).await.map(drop)
    }

    /// Fetches the keys that verify the tenant's tokens (RFC 7517).
    pub(super) async fn jwks(&self, log: &mut RequestLog) -> Result<JwkSet, DemoError> {
        self.get(log, &[".well-known", "jwks.json"], &[]).await
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(&self.tenant.to_string()).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn send(
        &self,
        log: &mut RequestLog,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, DemoError> {
        let url = self.url(path, query);
        let mut request = self.client.request(method.clone(), url.clone());
        request = request.header("apiKey", self.api_key.expose_secret());
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }

        let started = Instant::now();
        let response = async {
            let response = request.send().await?;
            let request_id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
            Ok::<_, reqwest::Error>((response.status(), request_id, response.bytes().await?))
        }
        .await;
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let shown = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let (status, request_id) = match &response {
            Ok((status, request_id, _)) => (Some(status.as_u16()), request_id.clone()),
            Err(_) => (None, None),
        };
        log.push(RecordedRequest { method: method.to_string(), path: shown, status, ms, request_id });

        let (status, _, bytes) = response.map_err(|error| {
            tracing::warn!(%error, "the demo cannot reach the public API");
            DemoError::new(502, "doorward_unreachable", "Doorward cannot be reached", "")
        })?;
        if status.is_success() {
            if bytes.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&bytes)
                .map_err(|_| DemoError::unexpected("Doorward's response is not JSON"));
        }
        Err(match serde_json::from_slice::<WireError>(&bytes) {
            Ok(error) => DemoError::new(
                status.as_u16(),
                error.code.as_deref().unwrap_or("unknown"),
                &error.title,
                &error.details,
            ),
            Err(_) => DemoError::unexpected(&format!("Doorward returned {status}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(base: &str) -> Backend {
        let tenant = "0191f0c0-0000-7000-8000-000000000001".parse().unwrap();
        Backend::new(base, tenant, SecretString::from("dw_key")).unwrap()
    }

    #[test]
    fn paths_are_encoded_below_the_prefix_of_the_base_url() {
        let url = backend("http://127.0.0.1:8000").url(&["credentials", "a/b?c"], &[("user_id", "a&b")]);
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:8000/0191f0c0-0000-7000-8000-000000000001/credentials/a%2Fb%3Fc?user_id=a%26b"
        );
        let url = backend("https://example.com/passkeys/").url(&["login", "initialize"], &[]);
        assert_eq!(url.path(), "/passkeys/0191f0c0-0000-7000-8000-000000000001/login/initialize");
    }

    #[test]
    fn debug_output_omits_the_api_key() {
        assert!(!format!("{:?}", backend("http://127.0.0.1:8000")).contains("dw_key"));
    }

    #[test]
    fn non_http_urls_are_rejected() {
        let tenant = "0191f0c0-0000-7000-8000-000000000001".parse().unwrap();
        assert!(Backend::new("mailto:a@example.com", tenant, SecretString::from("k")).is_err());
    }
}
