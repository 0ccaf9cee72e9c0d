//! One request and its answer.

use bytes::{Bytes, BytesMut};
use doorward_shared::{AuditId, ErrorBody, page::Page};
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, LINK},
};
use serde::{Serialize, de::DeserializeOwned};
use url::{Url, form_urlencoded};

use super::{ANSWER_TIMEOUT, Api, ApiError};

/// The most bytes of an answer that is read whole. A page of 200 rows takes a hundredth of it.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;
/// The most bytes of a refusal that are read.
const LARGEST_REFUSAL: usize = 256 * 1024;

/// A request in the making.
pub(super) struct Call<'a> {
    api: &'a Api,
    method: Method,
    url: Url,
    body: Option<Vec<u8>>,
    unaddressable: Option<String>,
}

impl Api {
    /// A request to the path of these segments, each of which may hold any characters.
    pub(super) fn call(&self, method: Method, segments: &[&str]) -> Call<'_> {
        let mut url = self.0.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        // Whatever encodes a dot segment, an address loses it (RFC 3986 §5.2.4): the request would go elsewhere.
        let lost = segments.iter().find(|segment| ["", ".", ".."].contains(*segment));
        Call { api: self, method, url, body: None, unaddressable: lost.map(|segment| (*segment).to_owned()) }
    }

    pub(super) fn read(&self, segments: &[&str]) -> Call<'_> {
        self.call(Method::GET, segments)
    }

    pub(super) fn delete(&self, segments: &[&str]) -> Call<'_> {
        self.call(Method::DELETE, segments)
    }
}

impl Call<'_> {
    /// Adds a parameter.
    pub(super) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.url.query_pairs_mut().append_pair(name, &value.to_string());
        self
    }

    /// Adds a parameter that may be absent.
    pub(super) fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds a JSON body.
    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self, ApiError> {
        let bytes = serde_json::to_vec(body);
        let failed = |error: serde_json::Error| ApiError::unexpected(&self.api.0.url, None, error.to_string());
        self.body = Some(bytes.map_err(failed)?);
        Ok(self)
    }

    /// Sends it, and reads the answer as JSON.
    pub(super) async fn answer<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        let url = self.api.0.url.clone();
        let (bytes, _) = self.whole().await?;
        decode(&url, &bytes)
    }

    /// Sends it, and reads the answer as a page whose total stands in `X-Total-Count`.
    pub(super) async fn page<T: DeserializeOwned>(self) -> Result<Page<T>, ApiError> {
        let url = self.api.0.url.clone();
        let (bytes, headers) = self.whole().await?;
        let total = total(&headers).ok_or_else(|| ApiError::unexpected(&url, None, "a page without X-Total-Count"))?;
        Ok(Page { items: decode(&url, &bytes)?, total })
    }

    /// Sends it, and reads the response as rows, and the cursor of its link to the next rows.
    pub(super) async fn slice<T: DeserializeOwned>(self, cursor: &str) -> Result<(T, Option<AuditId>), ApiError> {
        let url = self.api.0.url.clone();
        let (bytes, headers) = self.whole().await?;
        Ok((decode(&url, &bytes)?, next(&headers, cursor)))
    }

    /// Sends it, and reads the answer as text.
    pub(super) async fn text(self) -> Result<String, ApiError> {
        let url = self.api.0.url.clone();
        let (bytes, _) = self.whole().await?;
        String::from_utf8(bytes.into()).map_err(|_| ApiError::unexpected(&url, None, "a text that is not UTF-8"))
    }

    /// Sends it; the answer says no more than that it was done.
    pub(super) async fn done(self) -> Result<(), ApiError> {
        self.whole().await.map(|_| ())
    }

    /// Sends it, and answers once the head of a good answer is there. The body may take as long as it goes on coming.
    pub(super) async fn stream(self) -> Result<Response, ApiError> {
        self.send(false).await
    }

    async fn whole(self) -> Result<(Bytes, HeaderMap), ApiError> {
        let url = self.api.0.url.clone();
        let mut response = self.send(true).await?;
        let headers = std::mem::take(response.headers_mut());
        Ok((read(&url, response, LARGEST_ANSWER).await?, headers))
    }

    async fn send(self, limited: bool) -> Result<Response, ApiError> {
        let base = &self.api.0.url;
        if let Some(segment) = self.unaddressable {
            return Err(ApiError::Unaddressable(segment));
        }
        let token = self.api.0.token.header().map_err(|error| ApiError::unexpected(base, None, error.to_string()))?;
        let mut request = self.api.0.client.request(self.method, self.url).header(AUTHORIZATION, token);
        request = request.header(ACCEPT, "application/json, */*");
        if let Some(body) = self.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        if limited {
            request = request.timeout(ANSWER_TIMEOUT);
        }
        let response = request.send().await.map_err(|error| ApiError::from_client(base, &error))?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(base, response).await) }
    }
}

/// Returns a parameter of the link to the next rows (RFC 8288).
fn next(headers: &HeaderMap, parameter: &str) -> Option<AuditId> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let link = links.split(',').find(|link| link.ends_with("rel=\"next\""))?;
    let (_, query) = link.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.split('>').next()?.as_bytes());
    pairs.find(|(name, _)| name == parameter)?.1.parse().ok()
}

async fn refusal(url: &Url, response: Response) -> ApiError {
    let status = response.status();
    if status == StatusCode::UNAUTHORIZED {
        return ApiError::Unauthorized { url: super::error::shown(url) };
    }
    let bytes = match read(url, response, LARGEST_REFUSAL).await {
        Ok(bytes) => bytes,
        Err(error) => return error,
    };
    match serde_json::from_slice::<ErrorBody>(&bytes) {
        Ok(body) if status == StatusCode::FORBIDDEN => ApiError::Forbidden(body),
        Ok(body) => ApiError::Refused(body),
        Err(_) if status.is_redirection() => ApiError::unexpected(
            url,
            Some(status.as_u16()),
            format!("{status}: it points elsewhere, and the token stays"),
        ),
        Err(_) => ApiError::unexpected(
            url,
            Some(status.as_u16()),
            format!("{status}, without Doorward's words; is this the admin API?"),
        ),
    }
}

async fn read(url: &Url, mut response: Response, most: usize) -> Result<Bytes, ApiError> {
    let status = Some(response.status().as_u16());
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| ApiError::from_client(url, &error))? {
        if bytes.len() + chunk.len() > most {
            return Err(ApiError::unexpected(url, status, format!("more than {most} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn decode<T: DeserializeOwned>(url: &Url, bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        ApiError::unexpected(
            url,
            None,
            format!("{error}; is this the admin API, of a version not newer than this one?"),
        )
    })
}

/// `X-Total-Count`.
pub(super) fn total(headers: &HeaderMap) -> Option<u64> {
    headers.get("x-total-count")?.to_str().ok()?.parse().ok()
}
