//! Lists on the wire: `page` and `per_page`, answered with `Link` and `X-Total-Count`.

use std::str::FromStr;

use actix_web::{HttpResponse, HttpResponseBuilder, http::header};
use doorward_shared::{
    error::UnknownWord,
    page::{Order, Page, PageRequest},
};
use serde::Serialize;

use super::{ApiError, extract::Query};
use crate::domain::list::{Cursor, SearchCursor, SortKey, TimeQuery};

/// Rows on a page that begins after a row, where the client does not say.
const DEFAULT_LIMIT: u32 = 50;
/// The most rows such a page may have.
const MOST_ROWS: u32 = 200;

/// Reads `page` and `per_page`.
///
/// # Errors
/// As [`number`].
pub fn request(query: &Query) -> Result<PageRequest, ApiError> {
    Ok(PageRequest {
        page: number(query, "page", 1, u32::MAX)?,
        per_page: number(query, "per_page", PageRequest::DEFAULT_PER_PAGE, PageRequest::MAX_PER_PAGE)?,
    })
}

/// Reads a number from 1 on, once nothing in the query string is impossible. Every list asks for one.
///
/// # Errors
/// When it is no number, or outside its range; when any parameter contains U+0000.
pub fn number(query: &Query, name: &str, default: u32, most: u32) -> Result<u32, ApiError> {
    query.check()?;
    match query.get(name).filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => match text.parse() {
            Ok(value) if (1..=most).contains(&value) => Ok(value),
            _ => Err(ApiError::query(format!("{name} must be a number from 1 to {most}"))),
        },
    }
}

/// Reads how many rows a page that begins after a row may have.
///
/// # Errors
/// When it is no number, or outside its range.
pub fn limit(query: &Query) -> Result<u32, ApiError> {
    number(query, "limit", DEFAULT_LIMIT, MOST_ROWS)
}

/// Reads after which row a page begins; `fits` says whether the row is one of this list.
///
/// # Errors
/// When no page of this list ended there.
pub fn after(query: &Query, fits: impl FnOnce(&Cursor) -> bool) -> Result<Option<Cursor>, ApiError> {
    let Some(text) = text(query, "after") else { return Ok(None) };
    let cursor = Cursor::decode(&text).filter(fits);
    cursor.map(Some).ok_or_else(no_such_page)
}

/// Reads which rows of a list by time are asked for: `q`, `after`, `limit`.
///
/// # Errors
/// When one cannot be used.
pub fn by_time(query: &Query) -> Result<TimeQuery, ApiError> {
    let cursor = |text: String| {
        let cursor = SearchCursor::decode(&text).filter(|found| matches!(found.row.key, SortKey::Number(_)));
        cursor.ok_or_else(no_such_page)
    };
    Ok(TimeQuery {
        search: text(query, "q"),
        after: text(query, "after").map(cursor).transpose()?,
        limit: limit(query)?,
    })
}

fn no_such_page() -> ApiError {
    ApiError::query("after must be the `next` of a page of this list")
}

/// Reads a text; an empty one counts as none.
#[must_use]
pub fn text(query: &Query, name: &str) -> Option<String> {
    query.get(name).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Reads a word of a closed list.
///
/// # Errors
/// When it is another word.
pub fn word<T: FromStr<Err = UnknownWord>>(query: &Query, name: &str) -> Result<Option<T>, ApiError> {
    let word = query.get(name).filter(|text| !text.is_empty()).map(T::from_str).transpose();
    word.map_err(|unknown| ApiError::query(format!("{name} must be one of {}", unknown.allowed.join(", "))))
}

/// Reads an order, newest first by default.
///
/// # Errors
/// When it is neither `asc` nor `desc`.
pub fn order(query: &Query, name: &str) -> Result<Order, ApiError> {
    match query.get(name).filter(|text| !text.is_empty()) {
        None => Ok(Order::Descending),
        Some(text) => text.parse().map_err(|_| ApiError::query(format!("{name} must be asc or desc"))),
    }
}

/// The page as JSON, with the way to its neighbours (RFC 8288) and the number of rows in the whole list.
#[must_use]
pub fn answer<T: Serialize>(path: &str, query: &Query, request: PageRequest, page: &Page<T>) -> HttpResponse {
    part(path, query, request, &page.items, Some(page.total))
}

/// The same, of a list whose rows may not be counted: then there is no `X-Total-Count`, the last page is not known, and a full
/// page may be the last one.
#[must_use]
pub fn part<T: Serialize>(
    path: &str,
    query: &Query,
    request: PageRequest,
    items: &[T],
    total: Option<u64>,
) -> HttpResponse {
    let links = links(path, query, request, items.len(), total);
    let mut response = HttpResponse::Ok();
    tell(&mut response, total);
    if !links.is_empty() {
        response.insert_header((header::LINK, links));
    }
    response.json(items)
}

/// Says how many rows there are, where they are counted.
pub fn tell(response: &mut HttpResponseBuilder, total: Option<u64>) {
    if let Some(total) = total {
        response.insert_header(("X-Total-Count", total));
    }
}

fn links(path: &str, query: &Query, request: PageRequest, rows: usize, total: Option<u64>) -> String {
    let pages = |total: u64| u32::try_from(total.div_ceil(u64::from(request.per_page)).max(1)).unwrap_or(u32::MAX);
    let last = total.map(pages);
    let is_full = u32::try_from(rows).is_ok_and(|rows| rows >= request.per_page);
    let others: String = query
        .pairs()
        .iter()
        .filter(|(name, _)| name != "page" && name != "per_page")
        .map(|(name, value)| format!("&{}={}", escape(name), escape(value)))
        .collect();
    let link =
        |page: u32, rel: &str| format!("<{path}?page={page}&per_page={}{others}>; rel=\"{rel}\"", request.per_page);
    let mut links = Vec::new();
    if request.page > 1 {
        links.push(link(1, "first"));
    }
    if let Some(last) = last.filter(|last| request.page < *last) {
        links.push(link(last, "last"));
    }
    if last.map_or(is_full, |last| request.page < last) {
        links.push(link(request.page.saturating_add(1), "next"));
    }
    if request.page > 1 {
        links.push(link((request.page - 1).min(last.unwrap_or(u32::MAX)), "prev"));
    }
    links.join(",")
}

fn escape(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_neighbours_and_keep_the_filter() {
        let query = Query::parse("user_id=a%26b&page=2&per_page=10");
        let links = links("/t/credentials", &query, PageRequest { page: 2, per_page: 10 }, 10, Some(35));
        assert_eq!(
            links,
            "</t/credentials?page=1&per_page=10&user_id=a%26b>; rel=\"first\",\
             </t/credentials?page=4&per_page=10&user_id=a%26b>; rel=\"last\",\
             </t/credentials?page=3&per_page=10&user_id=a%26b>; rel=\"next\",\
             </t/credentials?page=1&per_page=10&user_id=a%26b>; rel=\"prev\""
        );
    }

    #[test]
    fn a_single_page_has_no_links() {
        assert_eq!(links("/t", &Query::parse(""), PageRequest::default(), 3, Some(3)), "");
    }

    #[test]
    fn without_a_total_a_full_page_has_a_next_one_and_no_last_one() {
        let links = |rows| links("/t", &Query::parse(""), PageRequest { page: 2, per_page: 2 }, rows, None);
        let (first, prev) = ("</t?page=1&per_page=2>; rel=\"first\"", "</t?page=1&per_page=2>; rel=\"prev\"");
        assert_eq!(links(2), format!("{first},</t?page=3&per_page=2>; rel=\"next\",{prev}"));
        assert_eq!(links(1), format!("{first},{prev}"));
    }

    #[test]
    fn numbers_outside_their_range_are_refused() {
        assert!(request(&Query::parse("page=0")).is_err());
        assert!(request(&Query::parse("per_page=101")).is_err());
        assert!(request(&Query::parse("page=x")).is_err());
        assert_eq!(request(&Query::parse("")).ok(), Some(PageRequest::default()));
    }
}
