//! HTTP client for tests. Every response is checked against the OpenAPI documents.

use reqwest::{
    Client, Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;

use crate::openapi;

/// A client with a base URL and default headers.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    headers: HeaderMap,
    client: Client,
}

#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Http {
    /// Creates a client for paths below a base URL. A base URL such as `unix:/path.sock/prefix` selects a Unix socket.
    pub fn new(base: String) -> Self {
        let mut builder = Client::builder().no_proxy();
        let socket = base.strip_prefix("unix:").and_then(|rest| rest.split_once(".sock"));
        let base = match socket {
            Some((path, rest)) => {
                builder = builder.unix_socket(format!("{path}.sock"));
                format!("http://localhost{rest}")
            }
            None => base,
        };
        let client = builder.build().expect("an HTTP client");
        Self { base, headers: HeaderMap::new(), client }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// Adds a default header whose value may be any bytes.
    pub fn header_bytes(mut self, name: &str, value: &[u8]) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.append(name, HeaderValue::from_bytes(value).expect("a header value"));
        self
    }

    /// Returns a client with the same headers and another base URL.
    pub fn at(&self, base: String) -> Self {
        Self { base, ..self.clone() }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, None).await
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends a `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.send(Method::POST, path, Some(body.to_string().into_bytes())).await
    }

    /// Sends a `POST` with arbitrary bytes as body.
    pub async fn post_bytes(&self, path: &str, body: Vec<u8>) -> Response {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Sends a `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Response {
        self.send(Method::PUT, path, Some(body.to_string().into_bytes())).await
    }

    /// Sends a `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Response {
        self.send(Method::PATCH, path, Some(body.to_string().into_bytes())).await
    }

    /// Sends a `POST` to a server that may have stopped. Returns `None` if no complete response arrives.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Response> {
        self.try_send(Method::POST, path, Some(body.to_string().into_bytes())).await.ok()
    }

    /// Sends a request. Panics if no response arrives, or if the response does not match the OpenAPI documents.
    pub async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Response {
        self.try_send(method, path, body).await.expect("a response")
    }

    async fn try_send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> reqwest::Result<Response> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let request = request.build()?;
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let response = self.client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let response = Response { status, headers, text: response.text().await? };
        if let Err(why) = openapi::check(&method, &path, status, response.header("content-type"), &response.text) {
            panic!("response does not match the OpenAPI document: {method} {path} {status}: {why}\n{}", response.text);
        }
        Ok(response)
    }
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON ({}): {}", self.status, self.text))
    }

    /// Returns a string member of the JSON body, or an empty string if the member is missing.
    pub fn field(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Checks the status and returns the response.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Returns the member names of the JSON body in sorted order.
    pub fn member_names(&self) -> Vec<String> {
        member_names(&self.json())
    }

    /// Checks the complete body of a refusal.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str, title: &str, details: &str) {
        self.expect_refusal(status, code);
        assert_eq!((self.field("title").as_str(), self.field("details").as_str()), (title, details), "{}", self.text);
        assert_eq!(self.member_names(), ["code", "details", "status", "title"]);
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    pub fn request_id(&self) -> &str {
        self.header("x-request-id").expect("a request id")
    }

    /// Checks status and code of a refusal.
    #[track_caller]
    pub fn expect_refusal(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.field("code").as_str()), (status, code), "{}", self.text);
        assert_eq!(self.json()["status"], status, "{}", self.text);
    }
}

/// Returns the member names of a JSON object in sorted order.
pub fn member_names(object: &Value) -> Vec<String> {
    let mut names: Vec<String> = object.as_object().expect("an object").keys().cloned().collect();
    names.sort();
    names
}
