use actix_web::{HttpRequest, HttpResponse, http::header, web::Path};
use doorward_shared::public::TransactionItem;

use crate::{
    domain::list::SortKey,
    http::{ApiError, KeyHolder, Query, pages, responses::*},
    service::transactions,
};

/// Lists a user's transactions, newest first.
///
/// `user_id` is the application's own id for the user; Doorward's internal id (a UUID) is accepted too. A response
/// contains at most 1 000 transactions with at most 1 MiB of data. If there are more, it has a `Link` to the next page
/// (RFC 8288).
#[utoipa::path(
    get,
    path = "/{tenant_id}/transaction/{user_id}",
    tag = "Transactions",
    params(("after" = Option<String>, Query, description = "cursor from the `Link` of the previous page")),
    responses(
        (status = 200, description = "the transactions", body = [TransactionItem]),
        InvalidQuery,
        KeyHolderErrors,
        UserNotFound,
    ),
)]
pub async fn list(
    caller: KeyHolder,
    path: Path<(String, String)>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let (_, user_id) = path.into_inner();
    let after = query.check().and_then(|()| pages::after(&query, |after| matches!(after.key, SortKey::Number(_))));
    let after = caller.recorded(after).await?;
    let found = transactions::for_user(&caller.context, &user_id, after).await;
    let (transactions, next) = caller.recorded(found.map_err(ApiError::from)).await?;
    let mut response = HttpResponse::Ok();
    if let Some(next) = next {
        response.insert_header((header::LINK, pages::cursor_link(request.path(), &query, "after", &next.encode())));
    }
    Ok(response.json(transactions))
}
