use actix_web::{HttpRequest, HttpResponse};
use doorward_shared::{page::Order, public::CredentialItem};

use crate::{
    http::{ApiError, KeyHolder, Query, pages, parameters::PageParams, responses::*},
    service::credentials,
};

/// Lists the credentials of a user, or of all users.
///
/// The response contains the headers `X-Total-Count` and `Link` (RFC 8288). `Link` names the first, previous and next
/// page.
#[utoipa::path(
    get,
    path = "/{tenant_id}/credentials",
    tag = "Credentials",
    params(
        ("user_id" = Option<String>, Query, description = "user id: the application's own id for the user"),
        PageParams,
        ("after" = Option<String>, Query, description = "position from the `next` link of a page; replaces `page`"),
        ("order" = Option<Order>, Query, description = "order by registration time; by default desc"),
    ),
    responses(
        (status = 200, description = "a page of credentials", body = [CredentialItem]),
        InvalidQuery,
        KeyHolderErrors,
        TenantNotFound,
    ),
)]
pub async fn list(caller: KeyHolder, request: HttpRequest, query: Query) -> Result<HttpResponse, ApiError> {
    let page = pages::numbered(&query, pages::order(&query, "order")?)?;
    let found = credentials::list(&caller.context, pages::text(&query, "user_id")?, page.clone()).await?;
    Ok(pages::respond(request.path(), &query, page.page, &found))
}
