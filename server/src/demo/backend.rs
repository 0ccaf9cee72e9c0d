//! The application's client of Doorward's public API: plain REST with the tenant's key, and a note of every call.

use std::time::{Duration, Instant};

use doorward_shared::TenantId;
use jsonwebtoken::jwk::JwkSet;
use reqwest::{Client, Method, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::reply::DemoError;

/// How long the page waits for Doorward before it tells the person so.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One REST call, as the page shows it beside the action that caused it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Call {
    method: String,
    path: String,
    /// Absent when no answer came.
    status: Option<u16>,
    ms: u64,
    /// The answer's `X-Request-Id`: the same id stands in the audit row.
    request_id: Option<String>,
}

/// The calls made for one request of the page, in order.
#[derive(Debug, Default)]
pub(super) struct Trail(Vec<Call>);

impl Trail {
    pub(super) fn into_calls(self) -> Vec<Call> {
        self.0
    }
}

/// Doorward's error body, read leniently: a proxy in between may answer in words of its own.
#[derive(Debug, Deserialize)]
struct WireError {
    title: String,
    #[serde(default)]
    details: String,
    #[serde(default)]
    code: Option<String>,
}

/// Speaks to one tenant of one Doorward installation.
#[derive(Debug)]
pub(super) struct Backend {
    client: Client,
    base: Url,
    tenant: TenantId,
    api_key: SecretString,
}

impl Backend {
    /// Prepares the client; connects to nothing yet.
    pub(super) fn new(public_url: &str, tenant: TenantId, api_key: SecretString) -> std::io::Result<Self> {
        let base = Url::parse(public_url).map_err(std::io::Error::other)?;
        if base.cannot_be_a_base() {
            return Err(std::io::Error::other("the public API's URL must be http:// or https://"));
        }
        let client = Client::builder()
            .user_agent(concat!("doorward-demo/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // The key must reach Doorward itself, whatever proxy the environment names.
            .no_proxy()
            .build()
            .map_err(std::io::Error::other)?;
        Ok(Self { client, base, tenant, api_key })
    }

    /// `POST` with a JSON body.
    pub(super) async fn post(&self, trail: &mut Trail, path: &[&str], body: &Value) -> Result<Value, DemoError> {
        self.call(trail, Method::POST, path, &[], Some(body)).await
    }

    /// `GET` of a list or an item.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        trail: &mut Trail,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, DemoError> {
        let value = self.call(trail, Method::GET, path, query, None).await?;
        serde_json::from_value(value).map_err(|_| DemoError::unexpected("Doorward's answer has an unknown shape"))
    }

    /// `PATCH` with a JSON body.
    pub(super) async fn patch(&self, trail: &mut Trail, path: &[&str], body: &Value) -> Result<(), DemoError> {
        self.call(trail, Method::PATCH, path, &[], Some(body)).await.map(drop)
    }

    /// `DELETE`.
    pub(super) async fn delete(&self, trail: &mut Trail, path: &[&str]) -> Result<(), DemoError> {
        self.call(trail, Method::DELETE, path, &[], None).await.map(drop)
    }

    /// The keys that the tenant's tokens are verified with (RFC 7517).
    pub(super) async fn jwks(&self, trail: &mut Trail) -> Result<JwkSet, DemoError> {
        self.get(trail, &[".well-known", "jwks.json"], &[]).await
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

    async fn call(
        &self,
        trail: &mut Trail,
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
        let answer = async {
            let answer = request.send().await?;
            let request_id = answer.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
            Ok::<_, reqwest::Error>((answer.status(), request_id, answer.bytes().await?))
        }
        .await;
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let shown = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let (status, request_id) = match &answer {
            Ok((status, request_id, _)) => (Some(status.as_u16()), request_id.clone()),
            Err(_) => (None, None),
        };
        trail.0.push(Call { method: method.to_string(), path: shown, status, ms, request_id });

        let (status, _, bytes) = answer.map_err(|error| {
            tracing::warn!(%error, "the demo cannot reach the public API");
            DemoError::new(502, "doorward_unreachable", "Doorward cannot be reached", "")
        })?;
        if status.is_success() {
            if bytes.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&bytes).map_err(|_| DemoError::unexpected("Doorward's answer is not JSON"));
        }
        Err(match serde_json::from_slice::<WireError>(&bytes) {
            Ok(error) => DemoError::new(
                status.as_u16(),
                error.code.as_deref().unwrap_or("unknown"),
                &error.title,
                &error.details,
            ),
            Err(_) => DemoError::unexpected(&format!("Doorward answered {status}")),
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
    fn paths_are_encoded_and_a_path_prefix_is_kept() {
        let url = backend("http://127.0.0.1:8000").url(&["credentials", "a/b?c"], &[("user_id", "a&b")]);
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:8000/0191f0c0-0000-7000-8000-000000000001/credentials/a%2Fb%3Fc?user_id=a%26b"
        );
        let url = backend("https://example.com/passkeys/").url(&["login", "initialize"], &[]);
        assert_eq!(url.path(), "/passkeys/0191f0c0-0000-7000-8000-000000000001/login/initialize");
    }

    #[test]
    fn the_key_is_not_printed() {
        assert!(!format!("{:?}", backend("http://127.0.0.1:8000")).contains("dw_key"));
    }

    #[test]
    fn an_address_that_is_no_web_address_is_refused() {
        let tenant = "0191f0c0-0000-7000-8000-000000000001".parse().unwrap();
        assert!(Backend::new("mailto:a@example.com", tenant, SecretString::from("k")).is_err());
    }
}
