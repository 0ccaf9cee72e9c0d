use actix_web::{HttpRequest, HttpResponse};
use doorward_shared::public::CredentialItem;

use crate::{
    http::{ApiError, KeyHolder, Query, pages, responses::*},
    service::credentials,
};

/// Lists the credentials of a user, or of all users.
///
/// The response contains `X-Total-Count`, and a `Link` to the first and the neighbouring pages (RFC 8288).
#[utoipa::path(
    get,
    path = "/{tenant_id}/credentials",
    tag = "Credentials",
    params(
        ("user_id" = Option<String>, Query, description = "the tenant's own id of the user"),
        ("page" = Option<u32>, Query, description = "page number, from 1; pages end at row 10 000"),
        ("after" = Option<String>, Query, description = "position from the `next` link of a page; replaces `page`"),
        ("per_page" = Option<u32>, Query, description = "items per page: 20 by default, at most 1 000"),
        ("order" = Option<String>, Query, description = "order by registration time: desc (default) or asc"),
    ),
    responses(
        (status = 200, description = "a page of credentials", body = [CredentialItem]),
        InvalidQuery,
        KeyHolderErrors,
        TenantNotFound,
    ),
)]
pub async fn list(caller: KeyHolder, request: HttpRequest, query: Query) -> Result<HttpResponse, ApiError> {
    let page = pages::numbered(&query, "order")?;
    let found = credentials::list(&caller.context, pages::text(&query, "user_id"), page.clone()).await?;
    Ok(pages::respond(request.path(), &query, page.page, &found))
}
