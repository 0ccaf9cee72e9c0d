//! Order of the rows on the tabs of a tenant. The server returns all keys in one response, but users and transactions
//! in pages, newest first. For users and transactions, only the loaded rows are sorted.

use doorward_shared::{
    admin::{SecretItem, SigningKeyItem, TransactionSummary, UserSummary},
    counted,
};

use super::{Tab, Tenant};
use crate::{
    screen::table_sort::{Sorted, TableSort},
    ui::{Command, Tone},
};

impl Tab {
    /// Number of columns by which the tab can be sorted.
    const fn sortable_columns(self) -> usize {
        match self {
            Self::ApiKeys => SecretItem::COLUMNS,
            Self::SigningKeys => SigningKeyItem::COLUMNS,
            Self::Users => UserSummary::COLUMNS,
            Self::Transactions => TransactionSummary::COLUMNS,
            Self::Activity | Self::Trust | Self::Configuration => 0,
        }
    }
}

impl Tenant {
    /// Returns the order of the tab's rows.
    pub(super) fn sort(&self) -> TableSort {
        self.sorts.iter().find(|(tab, _)| *tab == self.tab).map(|(_, sort)| *sort).unwrap_or_default()
    }

    pub(super) const fn is_sortable(&self) -> bool {
        self.tab.sortable_columns() > 0
    }

    fn set_sort(&mut self, sort: TableSort) {
        self.sorts.retain(|(tab, _)| *tab != self.tab);
        self.sorts.push((self.tab, sort));
        self.sort_rows(self.offsets());
    }

    /// Sorts by a column, or reverses the order if the rows are already sorted by it.
    pub(super) fn sort_by(&mut self, column: usize) {
        if column < self.tab.sortable_columns() {
            self.set_sort(self.sort().by(column));
        }
    }

    pub(super) fn change_sort(&mut self, command: Command) {
        if self.is_sortable() {
            self.set_sort(self.sort().after(command, self.tab.sortable_columns()));
        }
    }

    /// Returns the index of the first visible row of each list that can be sorted.
    pub(super) const fn offsets(&self) -> [usize; 4] {
        let (users, transactions) = (&self.users.selection, &self.transactions.selection);
        let keys = (&self.api_keys.selection, &self.signing_keys.selection);
        [keys.0.offset, keys.1.offset, users.offset, transactions.offset]
    }

    /// Sorts the rows of all tabs, after they have been loaded. `offsets` is the result of [`Self::offsets`] before the
    /// rows were loaded.
    pub(super) fn sort_rows(&mut self, offsets: [usize; 4]) {
        let [api_keys, signing_keys, users, transactions] = offsets;
        for (tab, sort) in self.sorts.clone() {
            match tab {
                Tab::ApiKeys => sort.apply(&mut self.api_keys, api_keys),
                Tab::SigningKeys => sort.apply(&mut self.signing_keys, signing_keys),
                Tab::Users => sort.apply(&mut self.users, users),
                Tab::Transactions => sort.apply(&mut self.transactions, transactions),
                Tab::Activity | Tab::Trust | Tab::Configuration => {}
            }
        }
    }

    /// Returns the title of a column, with an arrow if the rows are sorted by it.
    pub(super) fn column_title(&self, column: usize, title: &str) -> String {
        self.sort().title(column, title)
    }

    /// Returns a note if the order does not cover all rows.
    pub(super) fn sort_note(&self) -> Option<(String, Tone)> {
        let text = match self.tab {
            Tab::Users if self.users.has_more() => {
                let total = self.users.total.map_or_else(String::new, |total| format!(" of {total}"));
                format!("sorted among the {} loaded{total} users", self.users.rows.len())
            }
            Tab::Transactions if self.transactions.has_more() => {
                format!("sorted among the newest {}", counted(self.transactions.rows.len(), "transaction"))
            }
            _ => return None,
        };
        self.sort().is_set().then_some((text, Tone::Warn))
    }
}
