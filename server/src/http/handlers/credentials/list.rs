//! Lists credentials.

use actix_web::{HttpRequest, HttpResponse};
use doorward_shared::{ErrorBody, TenantId, public::CredentialItem};

use crate::{
    http::{
        ApiError, Operation,
        extract::{KeyHolder, Query},
        pages,
    },
    service::credentials,
};

/// The credentials of a user, or of all users.
///
/// Answers `X-Total-Count`, and `Link` to the neighbouring pages (RFC 8288).
#[utoipa::path(
    get,
    path = "/{tenant_id}/credentials",
    tag = "Credentials",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("user_id" = Option<String>, Query, description = "the tenant's own id of the user"),
        ("page" = Option<u32>, Query, description = "number of the page, from 1"),
        ("per_page" = Option<u32>, Query, description = "rows on a page, 1 to 100, 20 when absent"),
        ("order" = Option<String>, Query, description = "by registration time: desc (when absent) or asc"),
    ),
    responses(
        (status = 200, description = "a page of credentials", body = [CredentialItem]),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        (status = 401, description = "The api key is invalid", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("apiKey" = [])),
)]
pub async fn list(caller: KeyHolder, request: HttpRequest, query: Query) -> Result<HttpResponse, ApiError> {
    let asked = pages::request(&query).and_then(|page| Ok((page, pages::order(&query, "order")?)));
    let (page, order) = caller.recorded(asked).await?;
    let user_id = query.get("user_id").filter(|text| !text.is_empty()).map(str::to_owned);
    let found = credentials::list(&caller.call, user_id, order, page).await;
    let found = found.map_err(|failure| ApiError::of(Operation::Other, failure))?;
    Ok(pages::answer(request.path(), &query, page, &found))
}
