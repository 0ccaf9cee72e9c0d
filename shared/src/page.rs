//! Numbered pages of a list.

use serde::{Deserialize, Serialize};

text_enum! {
    /// The order of a list.
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
    pub page: u32,
    pub per_page: u32,
}

impl PageRequest {
    pub const DEFAULT_PER_PAGE: u32 = 20;
    pub const MAX_PER_PAGE: u32 = 1_000;

    /// Returns the number of rows before this page.
    #[must_use]
    pub const fn offset(self) -> i64 {
        (self.page as i64 - 1) * self.per_page as i64
    }

    /// Selects the rows of this page from all rows.
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
