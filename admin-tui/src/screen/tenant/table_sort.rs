//! A sorted column, and the values by which rows are compared.

use std::cmp::Ordering;

use doorward_shared::{
    Timestamp,
    admin::{SecretItem, SigningKeyItem, UserSummary},
};

use crate::ui::{Keyed, PagedList};

/// A column by which rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TableSort {
    pub(super) column: usize,
    pub(super) is_descending: bool,
}

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

fn time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Missing, |at| Value::Number(at.millis()))
}

/// The values of a row, in the order of the columns of its table.
pub(super) trait Sorted {
    fn values(&self) -> Vec<Value>;
}

impl Sorted for SecretItem {
    fn values(&self) -> Vec<Value> {
        vec![
            text(&self.name),
            text(&self.hint),
            time(Some(self.created_at)),
            time(self.last_used_at),
            time(self.expires_at),
        ]
    }
}

impl Sorted for SigningKeyItem {
    fn values(&self) -> Vec<Value> {
        // The key that signs comes first, then the others by the time at which they ended.
        let state = if self.signing { Value::Missing } else { time(self.withdrawn_at.or(self.retired_at)) };
        vec![text(&self.id.to_string()), text(self.algorithm.as_str()), time(Some(self.created_at)), state]
    }
}

impl Sorted for UserSummary {
    fn values(&self) -> Vec<Value> {
        vec![
            text(&self.user.user_id),
            text(&self.user.name),
            text(&self.user.display_name),
            Value::Number(i64::try_from(self.credentials).unwrap_or(i64::MAX)),
            time(self.last_used_at),
            time(Some(self.user.created_at)),
        ]
    }
}

impl TableSort {
    fn compare(self, a: &impl Sorted, b: &impl Sorted) -> Ordering {
        let value = |row: Vec<Value>| row.into_iter().nth(self.column);
        let order = value(a.values()).cmp(&value(b.values()));
        if self.is_descending { order.reverse() } else { order }
    }

    /// Sorts the rows and keeps the selected one. The row at `offset` is the first visible one, as far as possible.
    pub(super) fn apply<T: Sorted + Keyed>(self, list: &mut PagedList<T>, offset: usize) {
        let selected = list.selected().map(Keyed::key);
        list.rows.sort_by(|a, b| self.compare(a, b));
        if let Some(row) = selected.and_then(|key| list.rows.iter().position(|row| row.key() == key)) {
            list.selection.offset = offset;
            list.selection.select(row, list.rows.len());
        }
    }
}
