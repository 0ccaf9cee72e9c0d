//! The OpenAPI documents and Swagger UI, served without network access.

use std::{
    io::{self, Read},
    sync::LazyLock,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, AcceptEncoding, Encoding, Header},
    },
    web,
};
use bytes::Bytes;
use doorward_shared::ErrorCode;
use flate2::read::GzDecoder;

use crate::http::{ApiError, openapi};

/// Content security policy of the Swagger UI page, which needs inline styles, and images that are part of its style
/// sheet.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Files of Swagger UI by name, compressed with gzip by `build.rs`.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/swagger_ui.rs"));

/// The decompressed files, for clients that do not accept gzip. They are decompressed when the first such client
/// requests one.
static DECOMPRESSED: LazyLock<io::Result<Vec<(&str, Bytes)>>> = LazyLock::new(|| {
    let decompressed = FILES.iter().map(|(name, content)| {
        let mut bytes = Vec::new();
        GzDecoder::new(*content).read_to_end(&mut bytes)?;
        Ok((*name, bytes.into()))
    });
    decompressed.collect()
});

pub async fn public_document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi::document(openapi::Api::Public))
}

pub async fn admin_document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi::document(openapi::Api::Admin))
}

/// Returns the Swagger UI page (empty path) or one of its files.
pub async fn page(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let name = if path.is_empty() { "index.html" } else { path.as_str() };
    let compressed = find(FILES, name)?;
    let mut response = HttpResponse::Ok();
    // No page may show the Swagger UI page in a frame.
    response.insert_header((header::CACHE_CONTROL, "max-age=3600")).insert_header((header::X_FRAME_OPTIONS, "DENY"));
    response.insert_header((header::VARY, "accept-encoding")).content_type(content_type(name));
    if name == "index.html" {
        response.insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY));
    }
    if accepts_gzip(&request) {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
        return Ok(response.body(*compressed));
    }
    let files = DECOMPRESSED.as_ref().map_err(ApiError::internal)?;
    Ok(response.body(find(files, name)?.clone()))
}

fn find<'a, T>(files: &'a [(&str, T)], name: &str) -> Result<&'a T, ApiError> {
    let file = files.iter().find(|(file, _)| *file == name);
    let not_found = || ApiError::new(StatusCode::NOT_FOUND, ErrorCode::RouteNotFound, "not found", "");
    file.map(|(_, content)| content).ok_or_else(not_found)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        _ => "image/png",
    }
}

/// Returns whether to send a file in gzip form. This is the case if the client prefers gzip to no encoding, or accepts
/// neither (RFC 9110 §12.5.3).
fn accepts_gzip(request: &HttpRequest) -> bool {
    let supported = [Encoding::gzip(), Encoding::identity()];
    let negotiate = |accepted: AcceptEncoding| accepted.negotiate(supported.iter());
    AcceptEncoding::parse(request).is_ok_and(|accepted| negotiate(accepted) != Some(Encoding::identity()))
}

/// Redirects `/docs` to `/docs/`, so that the page's relative links resolve.
pub async fn redirect() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}
