//! Pages of lists: reads query parameters such as `page` and `per_page`, and adds the headers `Link` and
//! `X-Total-Count`.

use std::str::FromStr;

use actix_web::{HttpResponse, HttpResponseBuilder, http::header};
use doorward_shared::{
    error::UnknownWord,
    page::{Order, PageRequest},
};
use serde::Serialize;

use super::{ApiError, extract::Query};
use crate::domain::{
    audit::{EXAMINED, Total},
    list::{Cursor, NUMBERED_ROWS, NextRows, NumberedPage, PageQuery, SearchCursor, SortKey, TimeQuery},
};

/// Default number of rows on a page of a list with cursors.
const DEFAULT_LIMIT: u32 = 50;
/// Maximum number of characters in a query parameter that [`text`] reads.
const MAX_CHARS: usize = 256;
/// Maximum number of rows on a page of a list with cursors.
const MOST_ROWS: u32 = 200;

/// Reads `page` and `per_page`. Numbers below 1 mean the default. A `per_page` above [`PageRequest::MAX_PER_PAGE`]
/// means this maximum.
pub fn request(query: &Query) -> Result<PageRequest, ApiError> {
    query.check()?;
    let read = |name: &str, default: u32, most: u32| match query.get(name).filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => match text.parse::<i64>() {
            Ok(number) if number < 1 => Ok(default),
            Ok(number) => Ok(u32::try_from(number).unwrap_or(most).min(most)),
            Err(_) => Err(ApiError::query(format!("{name} must be a number from 1 to {most}"))),
        },
    };
    Ok(PageRequest {
        page: read("page", 1, u32::MAX)?,
        per_page: read("per_page", PageRequest::DEFAULT_PER_PAGE, PageRequest::MAX_PER_PAGE)?,
    })
}

/// Returns the page number as the client sent it. [`request`] replaces numbers that are too large with the maximum.
pub fn requested(query: &Query) -> &str {
    query.get("page").filter(|text| !text.is_empty()).unwrap_or("1")
}

/// Reads a number from 1 to `most`; `default` if the parameter is missing or empty. Also calls [`Query::check`], so
/// that callers need not do this.
///
/// # Errors
/// 400 if the parameter is not a number from 1 to `most`, or if any parameter contains U+0000.
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

/// Reads the parameter `limit`, the number of rows on a page of a list with cursors.
pub fn limit(query: &Query) -> Result<u32, ApiError> {
    number(query, "limit", DEFAULT_LIMIT, MOST_ROWS)
}

/// Reads the cursor of a page; `fits` returns whether the cursor belongs to this list.
pub fn after(query: &Query, fits: impl FnOnce(&Cursor) -> bool) -> Result<Option<Cursor>, ApiError> {
    read_after(query, |text| Cursor::decode(text).filter(fits))
}

/// Reads the cursor of a list that can be sorted in several orders. The cursor must come from a page that was sorted in
/// `order`.
pub fn after_in(query: &Query, order: &str, fits: impl FnOnce(&Cursor) -> bool) -> Result<Option<Cursor>, ApiError> {
    read_after(query, |text| Cursor::decode_in(text, order).filter(fits))
}

fn read_after<C>(query: &Query, decode: impl FnOnce(&str) -> Option<C>) -> Result<Option<C>, ApiError> {
    match query.get("after").filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => decode(text).map(Some).ok_or_else(no_such_page),
    }
}

pub fn by_time(query: &Query) -> Result<TimeQuery, ApiError> {
    let cursor = |text: &str| SearchCursor::decode(text).filter(|found| matches!(found.row.key, SortKey::Number(_)));
    Ok(TimeQuery { search: text(query, "q")?, after: read_after(query, cursor)?, limit: limit(query)? })
}

fn no_such_page() -> ApiError {
    ApiError::query("after must be the `next` of a page of this list in the same order")
}

/// Reads a text of at most [`MAX_CHARS`] characters; `None` if it is missing or empty.
pub fn text(query: &Query, name: &str) -> Result<Option<String>, ApiError> {
    match query.get(name).filter(|text| !text.is_empty()) {
        Some(text) if text.chars().nth(MAX_CHARS).is_some() => {
            Err(ApiError::query(format!("{name} must have at most {MAX_CHARS} characters")))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

/// Reads a parameter that must be `true` or `false`; `false` if it is missing or empty.
pub fn flag(query: &Query, name: &str) -> Result<bool, ApiError> {
    match query.get(name).filter(|text| !text.is_empty()) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(ApiError::query(format!("{name} must be true or false"))),
    }
}

pub fn word<T: FromStr<Err = UnknownWord>>(query: &Query, name: &str) -> Result<Option<T>, ApiError> {
    let word = query.get(name).filter(|text| !text.is_empty()).map(T::from_str).transpose();
    word.map_err(|unknown| ApiError::query(format!("{name} must be one of {}", unknown.allowed.join(", "))))
}

/// Reads a sort order. The default is descending.
pub fn order(query: &Query, name: &str) -> Result<Order, ApiError> {
    match query.get(name).filter(|text| !text.is_empty()) {
        None => Ok(Order::Descending),
        Some(text) => text.parse().map_err(|_| ApiError::query(format!("{name} must be asc or desc"))),
    }
}

/// Reads the parameters of a list with numbered pages.
///
/// # Errors
/// 400 for an invalid parameter, and for a page that begins after row [`NUMBERED_ROWS`].
pub fn numbered(query: &Query, order: Order) -> Result<PageQuery, ApiError> {
    let page = request(query)?;
    let after = after(query, |cursor| matches!(cursor.key, SortKey::Number(_)))?;
    let found = PageQuery { order, page, after };
    if found.offset() >= NUMBERED_ROWS {
        return Err(ApiError::query(format!(
            "page {} begins after row {NUMBERED_ROWS}, where numbered pages end; follow the `next` links instead",
            requested(query)
        )));
    }
    Ok(found)
}

/// Returns a page as JSON with `Link` (RFC 8288) and `X-Total-Count`.
pub fn respond<T: Serialize>(path: &str, query: &Query, request: PageRequest, page: &NumberedPage<T>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    let cursor = match &page.next {
        Some(NextRows::After(cursor)) => Some(cursor_link(path, query, "after", &cursor.encode())),
        Some(NextRows::Number) | None => None,
    };
    let links = match page.total {
        Some(total) => {
            add_total(&mut response, total);
            links(path, query, request, total, page.next == Some(NextRows::Number), cursor)
        }
        None => [page_link(path, query, request, 1, "first")].into_iter().chain(cursor).collect::<Vec<_>>().join(","),
    };
    response.insert_header((header::LINK, links)).json(&page.items)
}

/// Adds `X-Total-Count`, the number of rows in the whole list. `X-Total-Count-Relation: gte` marks a lower bound.
pub fn add_total(response: &mut HttpResponseBuilder, total: Total) {
    response.insert_header(("X-Total-Count", total.count()));
    if matches!(total, Total::AtLeast(_)) {
        response.insert_header(("X-Total-Count-Relation", "gte"));
    }
}

/// Returns the value of the header `Link` for a numbered page. There is a link to the last page only if numbered pages
/// reach the last row. `cursor` is the link to the rows that numbered pages do not reach, if there are any.
pub fn links(
    path: &str,
    query: &Query,
    request: PageRequest,
    total: Total,
    has_next: bool,
    cursor: Option<String>,
) -> String {
    let mut links = vec![page_link(path, query, request, 1, "first")];
    let last = match total {
        Total::Exact(total) if total <= EXAMINED as u64 && cursor.is_none() => Some(last_page(total, request.per_page)),
        _ => None,
    };
    if let Some(last) = last.filter(|last| request.page < *last) {
        links.push(page_link(path, query, request, last, "last"));
    }
    if has_next {
        links.push(page_link(path, query, request, request.page.saturating_add(1), "next"));
    }
    links.extend(cursor);
    if request.page > 1 {
        let previous = request.page - 1;
        links.push(page_link(path, query, request, last.map_or(previous, |last| previous.min(last)), "prev"));
    }
    links.join(",")
}

/// Returns the link to the page that follows a cursor. `name` is the query parameter of the cursor, `after` or
/// `before`.
pub fn cursor_link(path: &str, query: &Query, name: &str, cursor: &str) -> String {
    let others = others(query, &["page", "after", "before"]);
    format!("<{path}?{name}={}{others}>; rel=\"next\"", escape(cursor))
}

fn page_link(path: &str, query: &Query, request: PageRequest, page: u32, rel: &str) -> String {
    let others = others(query, &["page", "per_page", "after", "before"]);
    format!("<{path}?page={page}&per_page={}{others}>; rel=\"{rel}\"", request.per_page)
}

fn last_page(total: u64, per_page: u32) -> u32 {
    u32::try_from(total.div_ceil(u64::from(per_page)).max(1)).unwrap_or(u32::MAX)
}

/// Returns the query's parameters except those in `without`, each as text with a leading `&`.
fn others(query: &Query, without: &[&str]) -> String {
    let pairs = query.pairs().iter().filter(|(name, _)| !without.contains(&name.as_str()));
    pairs.map(|(name, value)| format!("&{}={}", escape(name), escape(value))).collect()
}

fn escape(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: PageRequest = PageRequest { page: 2, per_page: 10 };

    #[test]
    fn links_lead_to_the_neighbours_and_keep_the_filter() {
        let query = Query::parse("user_id=a%26b&page=2&per_page=10");
        assert_eq!(
            links("/t/credentials", &query, SECOND, Total::Exact(35), true, None),
            "</t/credentials?page=1&per_page=10&user_id=a%26b>; rel=\"first\",\
             </t/credentials?page=4&per_page=10&user_id=a%26b>; rel=\"last\",\
             </t/credentials?page=3&per_page=10&user_id=a%26b>; rel=\"next\",\
             </t/credentials?page=1&per_page=10&user_id=a%26b>; rel=\"prev\""
        );
    }

    #[test]
    fn every_page_links_to_the_first_one() {
        let first = "</t?page=1&per_page=20>; rel=\"first\"";
        let page = PageRequest::default();
        assert_eq!(links("/t", &Query::parse(""), page, Total::Exact(3), false, None), first);
        let page = PageRequest { page: 9, ..page };
        let previous = format!("{first},</t?page=1&per_page=20>; rel=\"prev\"");
        assert_eq!(links("/t", &Query::parse("page=9"), page, Total::Exact(3), false, None), previous);
    }

    #[test]
    fn without_an_exact_total_no_link_leads_to_the_last_page() {
        let query = Query::parse("");
        let (first, prev) = ("</t?page=1&per_page=10>; rel=\"first\"", "</t?page=1&per_page=10>; rel=\"prev\"");
        let (last, next) = ("</t?page=4&per_page=10>; rel=\"last\"", "</t?page=3&per_page=10>; rel=\"next\"");
        let of = |total, cursor| links("/t", &query, SECOND, total, true, cursor);
        assert_eq!(of(Total::Exact(35), None), format!("{first},{last},{next},{prev}"));
        assert_eq!(of(Total::AtLeast(35), None), format!("{first},{next},{prev}"));
        assert_eq!(of(Total::Exact(10_001), None), format!("{first},{next},{prev}"));
        let cursor = cursor_link("/t", &Query::parse("page=2&per_page=10&after=x&q=a"), "before", "id");
        assert_eq!(cursor, "</t?before=id&per_page=10&q=a>; rel=\"next\"");
        let found = links("/t", &query, SECOND, Total::Exact(35), false, Some(cursor.clone()));
        assert_eq!(found, format!("{first},{cursor},{prev}"));
    }

    #[test]
    fn page_numbers_below_one_mean_the_default_and_large_pages_are_clamped() {
        let read = |text: &str| request(&Query::parse(text)).ok();
        assert_eq!(read(""), Some(PageRequest::default()));
        assert_eq!(read("page=0&per_page=-1"), Some(PageRequest::default()));
        assert_eq!(read("per_page=1001"), Some(PageRequest { page: 1, per_page: 1_000 }));
        assert_eq!(read("page=99999999999"), Some(PageRequest { page: u32::MAX, per_page: 20 }));
        assert_eq!(read("page=x"), None);
    }
}
