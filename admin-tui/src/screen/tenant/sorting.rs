//! Order of the rows on the tabs with keys and users. The server returns keys at once, and users newest first in pages,
//! so users are sorted among the loaded ones.

use super::{Tab, Tenant, table_sort::TableSort};
use crate::ui::Tone;

impl Tab {
    /// Number of columns by which the tab can be sorted.
    const fn sortable_columns(self) -> usize {
        match self {
            Self::ApiKeys => 5,
            Self::SigningKeys => 4,
            Self::Users => 6,
            Self::Activity | Self::Transactions | Self::Configuration => 0,
        }
    }
}

impl Tenant {
    /// Returns the order of the tab's rows; `None` for the server's order.
    pub(super) fn sort(&self) -> Option<TableSort> {
        self.sorts.iter().find(|(tab, _)| *tab == self.tab).map(|(_, sort)| *sort)
    }

    pub(super) fn is_sortable(&self) -> bool {
        self.tab.sortable_columns() > 0
    }

    fn set_sort(&mut self, sort: Option<TableSort>) {
        self.sorts.retain(|(tab, _)| *tab != self.tab);
        self.sorts.extend(sort.map(|sort| (self.tab, sort)));
        self.sort_rows(self.offsets());
    }

    /// Sorts by a column, or reverses the order if the rows are already sorted by it.
    pub(super) fn sort_by(&mut self, column: usize) {
        if column < self.tab.sortable_columns() {
            let is_descending = self.sort().is_some_and(|sort| sort.column == column && !sort.is_descending);
            self.set_sort(Some(TableSort { column, is_descending }));
        }
    }

    pub(super) fn sort_by_next_column(&mut self) {
        let next = self.sort().map_or(0, |sort| sort.column + 1);
        if next < self.tab.sortable_columns() {
            self.set_sort(Some(TableSort { column: next, is_descending: false }));
        } else if self.is_sortable() {
            self.set_sort(Some(TableSort { column: 0, is_descending: false }));
        }
    }

    pub(super) fn reverse_sort(&mut self) {
        let sort = self.sort().map(|sort| TableSort { is_descending: !sort.is_descending, ..sort });
        if sort.is_some() {
            self.set_sort(sort);
        }
    }

    /// Returns the first visible rows of the lists that can be sorted.
    pub(super) const fn offsets(&self) -> [usize; 3] {
        [self.api_keys.selection.offset, self.signing_keys.selection.offset, self.users.selection.offset]
    }

    /// Sorts the rows of all tabs, after they have been loaded. `offsets` are those before that.
    pub(super) fn sort_rows(&mut self, offsets: [usize; 3]) {
        let [api_keys, signing_keys, users] = offsets;
        for (tab, sort) in self.sorts.clone() {
            match tab {
                Tab::ApiKeys => sort.apply(&mut self.api_keys, api_keys),
                Tab::SigningKeys => sort.apply(&mut self.signing_keys, signing_keys),
                Tab::Users => sort.apply(&mut self.users, users),
                Tab::Activity | Tab::Transactions | Tab::Configuration => {}
            }
        }
    }

    /// Returns the title of a column, with an arrow if the rows are sorted by it.
    pub(super) fn column_title(&self, column: usize, title: &'static str) -> String {
        match self.sort().filter(|sort| sort.column == column) {
            None => title.to_owned(),
            Some(TableSort { is_descending: false, .. }) => format!("{title} ↑"),
            Some(_) => format!("{title} ↓"),
        }
    }

    /// Returns a note if the order does not cover all users.
    pub(super) fn sort_note(&self) -> Option<(String, Tone)> {
        let loaded = self.users.rows.len();
        let total = self.users.total.filter(|total| u64::try_from(loaded).is_ok_and(|loaded| loaded < *total))?;
        (self.tab == Tab::Users && self.sort().is_some())
            .then(|| (format!("sorted among the {loaded} loaded of {total} users"), Tone::Warn))
    }
}
