//! Reads lists page by page.

use super::error::CommandError;
use crate::api::ApiError;

const MAX_PAGE_SIZE: u32 = 200;

/// Items of a page, and the cursor of the next page if there is one.
pub(super) type CursorPage<T> = (Vec<T>, Option<String>);

/// Reads pages until there are `limit` items or the list ends. `fetch` takes the cursor and the page size.
pub(super) async fn collect<T>(
    limit: Option<usize>,
    mut fetch: impl AsyncFnMut(Option<String>, u32) -> Result<CursorPage<T>, ApiError>,
) -> Result<Vec<T>, CommandError> {
    let limit = limit.unwrap_or(usize::MAX);
    let page_size = u32::try_from(limit).unwrap_or(u32::MAX).clamp(1, MAX_PAGE_SIZE);
    let (mut items, mut cursor) = (Vec::new(), None);
    while items.len() < limit {
        let (page, next) = fetch(cursor, page_size).await?;
        items.extend(page);
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    items.truncate(limit);
    Ok(items)
}
