//! Queries, cursors and pages of lists. A page is selected by its number, or by a cursor that names the row before it.

use doorward_shared::{
    Base64Url,
    admin::TenantSort,
    page::{Order, PageRequest},
};

use super::audit::Total;

/// Maximum number of rows that numbered pages can reach, and that one page of a search examines. Pages by cursor reach
/// every row.
pub const NUMBERED_ROWS: i64 = 10_000;

/// Value of the column by which a list is sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// A time or a number.
    Number(i64),
    Text(String),
}

impl SortKey {
    /// Returns the number; zero for a text.
    pub const fn number(&self) -> i64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(_) => 0,
        }
    }

    /// Returns the text; empty for a number.
    pub fn text(&self) -> &str {
        match self {
            Self::Number(_) => "",
            Self::Text(text) => text,
        }
    }
}

/// Position of a row in a sorted list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Value of the sort column.
    pub key: SortKey,
    /// Id of the row. Rows with equal keys are ordered by it.
    pub id: String,
}

impl Cursor {
    /// Returns the cursor as an opaque text for clients.
    pub fn encode(&self) -> String {
        let key = match &self.key {
            SortKey::Number(number) => format!("n{number}"),
            SortKey::Text(text) => format!("t{text}"),
        };
        Base64Url::encode(format!("{}\n{key}", self.id).as_bytes())
    }

    /// Parses the text of [`Self::encode`]; `None` for any other text.
    pub fn decode(text: &str) -> Option<Self> {
        let text = String::from_utf8(Base64Url::decode(text).ok()?.0).ok()?;
        let (id, key) = text.split_once('\n')?;
        let key = match key.split_at_checked(1)? {
            ("n", number) => SortKey::Number(number.parse().ok()?),
            ("t", text) if !text.contains('\0') => SortKey::Text(text.to_owned()),
            _ => return None,
        };
        (!id.contains('\0')).then(|| Self { key, id: id.to_owned() })
    }

    /// Like [`Self::encode`], for a list with several sort orders. The text begins with `order`, the name of the sort
    /// order.
    pub fn encode_in(&self, order: &str) -> String {
        format!("{order}.{}", self.encode())
    }

    /// Parses the text of [`Self::encode_in`]; `None` for the cursor of another sort order.
    pub fn decode_in(text: &str, order: &str) -> Option<Self> {
        Self::decode(text.strip_prefix(order)?.strip_prefix('.')?)
    }
}

/// The part of the search results to which a page belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchStage {
    /// Rows in which a searched column starts with the search text.
    Prefixes,
    /// Rows in which a searched column contains the search text, but no searched column starts with it.
    Others,
    /// All rows in which a searched column contains the search text. Used if too many rows are in the stage `Prefixes`.
    All,
}

/// Position in the results of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchCursor {
    pub stage: SearchStage,
    /// The last row that was examined.
    pub row: Cursor,
    /// Number of matches up to this row.
    pub matches: u64,
}

impl SearchCursor {
    pub fn encode(&self) -> String {
        let stage = match self.stage {
            SearchStage::Prefixes => 'b',
            SearchStage::Others => 'r',
            SearchStage::All => 'a',
        };
        format!("{stage}{}.{}", self.matches, self.row.encode())
    }

    pub fn decode(text: &str) -> Option<Self> {
        let (head, row) = text.split_once('.')?;
        let (stage, matches) = head.split_at_checked(1)?;
        let stage = match stage {
            "b" => SearchStage::Prefixes,
            "r" => SearchStage::Others,
            "a" => SearchStage::All,
            _ => return None,
        };
        // Numbers above `u32::MAX` are rejected: they occur only in forged cursors, and later additions could overflow.
        let matches: u32 = matches.parse().ok()?;
        Some(Self { stage, row: Cursor::decode(row)?, matches: matches.into() })
    }
}

/// Query of a list that is sorted by time, newest row first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeQuery {
    /// Text that a name or an id of each row must contain.
    pub search: Option<String>,
    /// Position at the end of the previous page; `None` for the first page.
    pub after: Option<SearchCursor>,
    pub limit: u32,
}

/// Query of a list that has numbered pages and is sorted by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageQuery {
    pub order: Order,
    pub page: PageRequest,
    /// Last row of the previous page. If it is set, the page starts after this row, and the page number is ignored.
    pub after: Option<Cursor>,
}

/// A page of a list that has numbered pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedPage<T> {
    pub items: Vec<T>,
    /// Number of rows on all pages together; `None` for a page that a cursor selects.
    pub total: Option<Total>,
    /// The next page; `None` on the last page.
    pub next: Option<NextRows>,
}

/// How to request the rows after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextRows {
    Number,
    After(Cursor),
}

impl PageQuery {
    /// Creates the query of a numbered page.
    pub const fn numbered(order: Order, page: PageRequest) -> Self {
        Self { order, page, after: None }
    }

    /// Returns the number of rows to skip.
    pub const fn offset(&self) -> i64 {
        if self.after.is_some() { 0 } else { self.page.offset() }
    }
}

impl<T> NumberedPage<T> {
    /// Creates a page. `rows` are the rows of the page and, if the list has more, the next row. `end` is the last
    /// examined row; `None` if no rows follow it.
    pub fn new(
        mut rows: Vec<T>,
        query: &PageQuery,
        total: Total,
        end: Option<Cursor>,
        cursor: impl FnOnce(&T) -> Cursor,
    ) -> Self {
        let per_page = usize::try_from(query.page.per_page).unwrap_or(usize::MAX);
        let has_more = rows.len() > per_page;
        rows.truncate(per_page);
        let has_number = query.after.is_none() && query.offset() + i64::from(query.page.per_page) < NUMBERED_ROWS;
        let next = match (has_more, has_number) {
            (true, true) => Some(NextRows::Number),
            (true, false) => rows.last().map(|row| NextRows::After(cursor(row))),
            (false, _) => end.map(NextRows::After),
        };
        Self { items: rows, total: query.after.is_none().then_some(total), next }
    }

    /// Converts the rows.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> NumberedPage<U> {
        let Self { items, total, next } = self;
        NumberedPage { items: items.into_iter().map(convert).collect(), total, next }
    }

    /// Converts the rows. Returns the first error.
    pub fn try_map<U, E>(self, convert: impl FnMut(T) -> Result<U, E>) -> Result<NumberedPage<U>, E> {
        let Self { items, total, next } = self;
        Ok(NumberedPage { items: items.into_iter().map(convert).collect::<Result<_, E>>()?, total, next })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantQuery {
    /// Text that the tenant's name, RP ID or id must contain.
    pub search: Option<String>,
    pub sort: TenantSort,
    pub order: Order,
    /// Last row of the previous page; `None` for the first page.
    pub after: Option<Cursor>,
    pub limit: u32,
}

impl TenantQuery {
    /// Returns the name of a sort order, for [`Cursor::encode_in`]. A cursor of one order has no meaning in another
    /// order.
    pub fn order_name(sort: TenantSort, order: Order) -> String {
        format!("{sort}-{order}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_encoding_and_other_texts_are_rejected() {
        for key in [SortKey::Number(-1), SortKey::Number(i64::MAX), SortKey::Text("a\nb, \u{202e}".to_owned())] {
            let row = Cursor { key, id: "0190".to_owned() };
            assert_eq!(Cursor::decode(&row.encode()), Some(row.clone()));
            for stage in [SearchStage::Prefixes, SearchStage::Others, SearchStage::All] {
                let search = SearchCursor { stage, row: row.clone(), matches: 7 };
                assert_eq!(SearchCursor::decode(&search.encode()), Some(search));
            }
        }
        for text in ["", "!", "AAAA", "YQ", &Base64Url::encode(b"id\nx1"), &Base64Url::encode(b"id\nnx")] {
            assert_eq!(Cursor::decode(text), None, "{text}");
        }
    }
}
