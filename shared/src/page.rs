//! Pages of a list: numbered ones, as existing clients ask for them, and cursors, which stay cheap at any depth.

use serde::{Deserialize, Serialize};

text_enum! {
    /// Which end of a list comes first.
    pub enum Order {
        /// Oldest first.
        Ascending => "asc",
        /// Newest first.
        Descending => "desc",
    }
}

/// A numbered page: `page` from 1, `per_page` from 1 to [`PageRequest::MAX_PER_PAGE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest {
    /// Number of the page, from 1.
    pub page: u32,
    /// Rows on a page.
    pub per_page: u32,
}

impl PageRequest {
    /// Rows on a page where the client does not say.
    pub const DEFAULT_PER_PAGE: u32 = 20;
    /// The most rows a page may have.
    pub const MAX_PER_PAGE: u32 = 100;

    /// Rows that come before this page.
    #[must_use]
    pub const fn offset(self) -> i64 {
        (self.page as i64 - 1) * self.per_page as i64
    }

    /// Those of all rows that are on this page.
    pub fn of<T>(self, rows: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        rows.into_iter().skip(number(self.offset())).take(number(self.per_page.into()))
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { page: 1, per_page: Self::DEFAULT_PER_PAGE }
    }
}

/// A page of rows with the number of rows in the whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in the order asked for.
    pub items: Vec<T>,
    /// Rows on all pages together.
    pub total: u64,
}
