//! Calls over real sockets, and their answers as tests look at them.

use reqwest::{
    Client, Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;

use crate::openapi;

/// A caller: a base URL and the headers it always sends.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    headers: HeaderMap,
    client: Client,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Http {
    /// Calls paths below a base URL.
    #[must_use]
    pub fn new(base: String) -> Self {
        let client = Client::builder().no_proxy().build().expect("an HTTP client");
        Self { base, headers: HeaderMap::new(), client }
    }

    /// The same caller with another header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// The same caller with another header of any bytes.
    #[must_use]
    pub fn header_bytes(mut self, name: &str, value: &[u8]) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.append(name, HeaderValue::from_bytes(value).expect("a header value"));
        self
    }

    /// The same caller with another base URL.
    #[must_use]
    pub fn at(&self, base: String) -> Self {
        Self { base, ..self.clone() }
    }

    /// The base URL.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string().into_bytes())).await
    }

    /// `POST` with a body of any bytes.
    pub async fn post_bytes(&self, path: &str, body: Vec<u8>) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body.to_string().into_bytes())).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, Some(body.to_string().into_bytes())).await
    }

    /// `POST` to a server that may be gone: `None` when it did not answer whole.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.try_send(Method::POST, path, Some(body.to_string().into_bytes())).await.ok()
    }

    /// Any method, with or without a body. The answer has the shape the OpenAPI document gives it.
    pub async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        self.try_send(method, path, body).await.expect("an answer")
    }

    async fn try_send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> reqwest::Result<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let request = request.build()?;
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let response = self.client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, text: response.text().await? };
        if let Err(why) = openapi::check(&method, &path, status, answer.header("content-type"), &answer.text) {
            panic!("not as documented: {method} {path} {status}: {why}\n{}", answer.text);
        }
        Ok(answer)
    }
}

impl Answer {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON ({}): {}", self.status, self.text))
    }

    /// A field of the body, as text.
    #[must_use]
    pub fn field(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }

    /// A header, as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, once the status is the expected one.
    #[must_use]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The names of the body's members, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        names(&self.json())
    }

    /// Checks everything a refusal says.
    #[track_caller]
    pub fn expect_words(&self, status: u16, code: &str, title: &str, details: &str) {
        self.expect_refusal(status, code);
        assert_eq!((self.field("title").as_str(), self.field("details").as_str()), (title, details), "{}", self.text);
        assert_eq!(self.names(), ["code", "details", "status", "title"]);
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// The request's id, as the answer has it.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.header("x-request-id").expect("every answer has its request's id")
    }

    /// Checks status and machine-readable code of a refusal.
    #[track_caller]
    pub fn expect_refusal(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.field("code").as_str()), (status, code), "{}", self.text);
        assert_eq!(self.json()["status"], status, "{}", self.text);
    }
}

/// The names of an object's members, sorted.
#[must_use]
pub fn names(object: &Value) -> Vec<String> {
    let mut names: Vec<String> = object.as_object().expect("an object").keys().cloned().collect();
    names.sort();
    names
}
