//! Order of the rows of a table, by one of its columns.

use std::cmp::Ordering;

use doorward_shared::{
    Timestamp,
    admin::{AdminTokenItem, SecretItem, SigningKeyItem, TransactionSummary, UserSummary},
    public::CredentialItem,
};

use crate::ui::{Binding, Command, Key, Keyed, PagedList, bind};

pub(super) const SORT_KEYS: [Binding; 2] = [
    bind(&[Key::Char('s')], Command::Sort, "sort", "sort by the next column"),
    bind(&[Key::Char('S')], Command::Reverse, "", "reverse the order"),
];

/// The column by which rows are sorted, and `true` for descending order. `None` keeps the server's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TableSort(Option<(usize, bool)>);

/// Value of a cell. Missing values sort first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Missing,
    Number(i64),
    Text(String),
}

fn text(text: &str) -> Value {
    Value::Text(text.to_lowercase())
}

fn optional_text(value: Option<&str>) -> Value {
    value.map_or(Value::Missing, text)
}

fn time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Missing, |at| Value::Number(at.millis()))
}

/// A row of a table that the user can sort.
pub(super) trait Sorted {
    /// Number of columns by which the table can be sorted.
    const COLUMNS: usize;

    /// Returns the value of a column; `None` if the rows cannot be sorted by it.
    fn value(&self, column: usize) -> Option<Value>;
}

impl Sorted for SecretItem {
    const COLUMNS: usize = 5;

    fn value(&self, column: usize) -> Option<Value> {
        Some(match column {
            0 => text(&self.name),
            1 => text(&self.hint),
            2 => time(Some(self.created_at)),
            3 => time(self.last_used_at),
            4 => time(self.expires_at),
            _ => return None,
        })
    }
}

impl Sorted for AdminTokenItem {
    const COLUMNS: usize = 7;

    fn value(&self, column: usize) -> Option<Value> {
        match column {
            0 => self.secret.value(0),
            1 => Some(text(self.role.as_str())),
            // Tokens for all tenants come first.
            2 => Some(optional_text(self.tenant_names.as_ref().map(|names| names.join(", ")).as_deref())),
            _ => self.secret.value(column - 2),
        }
    }
}

impl Sorted for SigningKeyItem {
    const COLUMNS: usize = 4;

    fn value(&self, column: usize) -> Option<Value> {
        Some(match column {
            0 => text(&self.id.to_string()),
            1 => text(self.algorithm.as_str()),
            2 => time(Some(self.created_at)),
            // The key that signs comes first, then the others by the time at which they stopped signing.
            3 if self.signing => Value::Missing,
            3 => time(self.withdrawn_at.or(self.retired_at)),
            _ => return None,
        })
    }
}

impl Sorted for UserSummary {
    const COLUMNS: usize = 6;

    fn value(&self, column: usize) -> Option<Value> {
        Some(match column {
            0 => text(&self.user.user_id),
            1 => text(&self.user.name),
            2 => text(&self.user.display_name),
            3 => Value::Number(i64::try_from(self.credentials).unwrap_or(i64::MAX)),
            4 => time(self.last_used_at),
            5 => time(Some(self.user.created_at)),
            _ => return None,
        })
    }
}

impl Sorted for TransactionSummary {
    const COLUMNS: usize = 4;

    fn value(&self, column: usize) -> Option<Value> {
        Some(match column {
            0 => text(&self.transaction.identifier),
            1 => text(&self.user_id),
            2 => Value::Number(i64::from(self.confirmed)),
            3 => time(Some(self.transaction.created_at)),
            _ => return None,
        })
    }
}

impl Sorted for CredentialItem {
    const COLUMNS: usize = 8;

    fn value(&self, column: usize) -> Option<Value> {
        Some(match column {
            0 => optional_text(self.name.as_deref()),
            1 => Value::Number(i64::from(self.is_mfa)),
            2 => optional_text(self.model.as_deref()),
            3 => Value::Number(i64::from(self.attested)),
            4 => Value::Number(i64::from(self.sign_count)),
            5 => Value::Number(i64::from(self.backup_eligible) + i64::from(self.backup_state)),
            6 => time(Some(self.created_at)),
            7 => time(self.last_used_at),
            _ => return None,
        })
    }
}

impl TableSort {
    pub(super) const fn is_set(self) -> bool {
        self.0.is_some()
    }

    /// Returns the order by a column: descending if the rows are already in ascending order by it, otherwise ascending.
    pub(super) fn by(self, column: usize) -> Self {
        Self(Some((column, self.0 == Some((column, false)))))
    }

    /// Returns the order after a command: [`Command::Sort`] sorts by the next column, and [`Command::Reverse`] reverses
    /// the order. `columns` is the number of columns.
    pub(super) fn after(self, command: Command, columns: usize) -> Self {
        match (command, self.0) {
            (Command::Sort, None) => Self(Some((0, false))),
            (Command::Sort, Some((column, _))) => Self(Some(((column + 1) % columns.max(1), false))),
            (Command::Reverse, Some((column, is_descending))) => Self(Some((column, !is_descending))),
            _ => self,
        }
    }

    /// Returns the title of a column, with an arrow if the rows are sorted by it.
    pub(super) fn title(self, column: usize, title: &str) -> String {
        match self.0.filter(|(sorted, _)| *sorted == column) {
            None => title.to_owned(),
            Some((_, false)) => format!("{title} ↑"),
            Some((_, true)) => format!("{title} ↓"),
        }
    }

    fn compare(self, a: &impl Sorted, b: &impl Sorted) -> Ordering {
        let Some((column, is_descending)) = self.0 else { return Ordering::Equal };
        let order = a.value(column).cmp(&b.value(column));
        if is_descending { order.reverse() } else { order }
    }

    /// Sorts rows. Equal rows keep their order.
    pub(super) fn sort<T: Sorted>(self, rows: &mut [T]) {
        rows.sort_by(|a, b| self.compare(a, b));
    }

    /// Sorts the rows of a list and keeps the selected one. If possible, the row at `offset` is the first visible row.
    pub(super) fn apply<T: Sorted + Keyed>(self, list: &mut PagedList<T>, offset: usize) {
        let selected = list.selected().map(Keyed::key).filter(|_| self.is_set());
        self.sort(&mut list.rows);
        if let Some(row) = selected.and_then(|key| list.rows.iter().position(|row| row.key() == key)) {
            list.selection.offset = offset;
            list.selection.select(row, list.rows.len());
        }
    }
}
