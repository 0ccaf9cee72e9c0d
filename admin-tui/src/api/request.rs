//! One HTTP request and its response.

use bytes::{Bytes, BytesMut};
use doorward_shared::ErrorBody;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, IF_MATCH, LINK},
};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use super::{
    client::Api,
    error::{ApiError, RESPONSE_TIMEOUT, without_credentials},
};

/// Maximum size of a response in bytes. A page of 200 rows needs about one percent of this size.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;
const MAX_ERROR_BYTES: usize = 256 * 1024;
/// Characters that are encoded in a path segment: all except the unreserved characters (RFC 3986 §2.3).
const ENCODED_IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) struct ApiRequest<'a> {
    api: &'a Api,
    method: Method,
    url: Url,
    body: Option<Vec<u8>>,
    /// Value of the header `If-Match`.
    if_match: Option<String>,
    invalid_segment: Option<String>,
}

impl Api {
    pub(super) fn request(&self, method: Method, segments: &[&str]) -> ApiRequest<'_> {
        let mut url = self.0.base.clone();
        url.set_path(&encoded_path(url.path(), segments));
        // URL parsers remove dot segments, encoded or not (RFC 3986 §5.2.4), so the request would go to another path.
        let invalid = segments.iter().find(|segment| ["", ".", ".."].contains(*segment));
        let invalid_segment = invalid.map(|segment| (*segment).to_owned());
        ApiRequest { api: self, method, url, body: None, if_match: None, invalid_segment }
    }

    pub(super) fn get(&self, segments: &[&str]) -> ApiRequest<'_> {
        self.request(Method::GET, segments)
    }

    pub(super) fn delete(&self, segments: &[&str]) -> ApiRequest<'_> {
        self.request(Method::DELETE, segments)
    }
}

/// Appends percent-encoded segments to a path. `Url::path_segments_mut` would remove TAB, LF and CR instead of encoding
/// them.
fn encoded_path(base: &str, segments: &[&str]) -> String {
    let mut path = base.trim_end_matches('/').to_owned();
    for segment in segments {
        path.push('/');
        path.extend(utf8_percent_encode(segment, ENCODED_IN_SEGMENT));
    }
    path
}

impl ApiRequest<'_> {
    pub(super) fn param(mut self, name: &str, value: impl ToString) -> Self {
        self.url.query_pairs_mut().append_pair(name, &value.to_string());
        self
    }

    pub(super) fn optional_param(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.param(name, value),
            None => self,
        }
    }

    /// Sets the version that the tenant, or the state of the object, must have (`If-Match`). If the current version
    /// differs, the server refuses the change. `None` allows any version.
    pub(super) fn if_match(self, version: Option<String>) -> Self {
        Self { if_match: version, ..self }
    }

    pub(super) fn body(mut self, body: &impl Serialize) -> Result<Self, ApiError> {
        let bytes = serde_json::to_vec(body);
        let failed = |error: serde_json::Error| ApiError::unexpected(&self.api.0.url, None, error.to_string());
        self.body = Some(bytes.map_err(failed)?);
        Ok(self)
    }

    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        let url = self.api.0.url.clone();
        let (bytes, _) = self.read_all().await?;
        decode(&url, &bytes)
    }

    /// Sends the request and parses the response as JSON. Also returns the header `ETag`.
    pub(super) async fn json_with_version<T: DeserializeOwned>(self) -> Result<(T, Option<String>), ApiError> {
        let url = self.api.0.url.clone();
        let (bytes, headers) = self.read_all().await?;
        Ok((decode(&url, &bytes)?, version(&headers)))
    }

    /// Sends the request, ignores the body of the response and returns the header `ETag`.
    pub(super) async fn new_version(self) -> Result<Option<String>, ApiError> {
        self.read_all().await.map(|(_, headers)| version(&headers))
    }

    /// Sends the request and parses the response as a list. Also returns the cursor of the next page: the parameter
    /// `cursor` of the `Link` header.
    pub(super) async fn cursor_page<T: DeserializeOwned>(
        self,
        cursor: &str,
    ) -> Result<(Vec<T>, Option<String>), ApiError> {
        let url = self.api.0.url.clone();
        let (bytes, headers) = self.read_all().await?;
        Ok((decode(&url, &bytes)?, next_page_param(&url, &headers, cursor)))
    }

    /// Sends the request and returns the headers of the response.
    pub(super) async fn headers(self) -> Result<HeaderMap, ApiError> {
        self.read_all().await.map(|(_, headers)| headers)
    }

    pub(super) async fn text(self) -> Result<String, ApiError> {
        let url = self.api.0.url.clone();
        let (bytes, _) = self.read_all().await?;
        String::from_utf8(bytes.into()).map_err(|_| ApiError::unexpected(&url, None, "the text is not UTF-8"))
    }

    /// Sends the request and ignores the body of a successful response.
    pub(super) async fn no_content(self) -> Result<(), ApiError> {
        self.read_all().await.map(|_| ())
    }

    /// Sends the request and returns once the response headers have arrived. The timeout
    /// limits each pause in the body, not its total duration.
    pub(super) async fn stream(self) -> Result<Response, ApiError> {
        self.send(false).await
    }

    async fn read_all(self) -> Result<(Bytes, HeaderMap), ApiError> {
        let url = self.api.0.url.clone();
        let mut response = self.send(true).await?;
        let headers = std::mem::take(response.headers_mut());
        Ok((read_body(&url, response, MAX_RESPONSE_BYTES).await?, headers))
    }

    async fn send(self, with_timeout: bool) -> Result<Response, ApiError> {
        let base = &self.api.0.url;
        if let Some(segment) = self.invalid_segment {
            return Err(ApiError::InvalidPathSegment(segment));
        }
        let token = self.api.0.token.header().map_err(|error| ApiError::unexpected(base, None, error.to_string()))?;
        let mut request = self.api.0.client.request(self.method, self.url).header(AUTHORIZATION, token);
        request = request.header(ACCEPT, "application/json, */*");
        if let Some(body) = self.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        if let Some(version) = self.if_match {
            request = request.header(IF_MATCH, version);
        }
        if with_timeout {
            request = request.timeout(RESPONSE_TIMEOUT);
        }
        let response = request.send().await.map_err(|error| ApiError::from_client(base, &error))?;
        if response.status().is_success() { Ok(response) } else { Err(error_response(base, response).await) }
    }
}

async fn error_response(url: &Url, response: Response) -> ApiError {
    let status = response.status();
    if status == StatusCode::UNAUTHORIZED {
        return ApiError::Unauthorized { url: without_credentials(url) };
    }
    let bytes = match read_body(url, response, MAX_ERROR_BYTES).await {
        Ok(bytes) => bytes,
        Err(error) => return error,
    };
    match serde_json::from_slice::<ErrorBody>(&bytes) {
        Ok(body) if status == StatusCode::FORBIDDEN => ApiError::Forbidden(body),
        Ok(body) => ApiError::Refused(body),
        Err(_) => {
            let hint = if status.is_redirection() {
                "redirects are not followed, to keep the token secret; use the address that it redirects to"
            } else {
                "the body is not a Doorward error; is this the address of the admin API?"
            };
            ApiError::unexpected(url, Some(status.as_u16()), format!("status {status}: {hint}"))
        }
    }
}

async fn read_body(url: &Url, mut response: Response, max_bytes: usize) -> Result<Bytes, ApiError> {
    let status = Some(response.status().as_u16());
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| ApiError::from_client(url, &error))? {
        if bytes.len() + chunk.len() > max_bytes {
            return Err(ApiError::unexpected(url, status, format!("more than {max_bytes} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn decode<T: DeserializeOwned>(url: &Url, bytes: &[u8]) -> Result<T, ApiError> {
    let hint = "is this the admin API, and is its version not newer than this program?";
    serde_json::from_slice(bytes).map_err(|error| ApiError::unexpected(url, None, format!("{error}; {hint}")))
}

fn version(headers: &HeaderMap) -> Option<String> {
    headers.get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

pub(super) fn total_count(headers: &HeaderMap) -> Option<u64> {
    headers.get("x-total-count")?.to_str().ok()?.parse().ok()
}

/// Returns a query parameter of the link with `rel="next"` (RFC 8288).
fn next_page_param(base: &Url, headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split('<')).find_map(|link| {
        let (target, attributes) = link.split_once('>')?;
        let url = base.join(target).ok().filter(|_| attributes.contains("rel=\"next\""))?;
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_is_read_from_the_next_link() {
        let base = Url::parse("https://admin.example.com/doorward/").unwrap();
        let mut headers = HeaderMap::new();
        let next = |headers: &HeaderMap| next_page_param(&base, headers, "before");
        assert_eq!(next(&headers), None);
        headers
            .append(LINK, "</audit_logs?page=1>; rel=\"first\", </audit_logs?page=9>; rel=\"last\"".parse().unwrap());
        assert_eq!(next(&headers), None);
        headers.append(LINK, "</audit_logs?type=a,b&before=0198c0de%2D1>; rel=\"next\"".parse().unwrap());
        assert_eq!(next(&headers).as_deref(), Some("0198c0de-1"));
    }

    #[test]
    fn path_segments_are_percent_encoded() {
        for (segment, encoded) in [
            ("bob\t", "bob%09"),
            ("b\no\rb", "b%0Ao%0Db"),
            ("\u{0}\u{1b}\u{7f}", "%00%1B%7F"),
            ("alice/1 ?#", "alice%2F1%20%3F%23"),
            ("%2e%2e", "%252e%252e"),
            ("...", "..."),
            ("Zo\u{eb}", "Zo%C3%AB"),
            ("a-b_c.d~e", "a-b_c.d~e"),
        ] {
            let mut url = Url::parse("https://admin.example.com/doorward/").unwrap();
            url.set_path(&encoded_path(url.path(), &["users", segment]));
            let expected = format!("https://admin.example.com/doorward/users/{encoded}");
            assert_eq!(url.as_str(), expected, "{segment:?}");
        }
    }
}
