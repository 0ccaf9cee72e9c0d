//! State that a node keeps about one of its sessions on PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{cached_sql::Bind, columns_sql::ColumnsSql, error::DbError};

/// State of a session: what its open transaction will add to counters, and which statements the session has prepared.
#[derive(Debug, Default)]
pub struct SessionState {
    /// Amounts to add to counters, keyed by statement and counter key. Amounts for the same counter are summed. Just
    /// before the commit, each statement is executed once for all its counters. It locks their rows in the order of the
    /// keys, so that two transactions do not deadlock. Because of the late execution, transactions that change the same
    /// counters wait for each other only during the commit.
    additions: BTreeMap<&'static str, BTreeMap<Vec<Bind<'static>>, i64>>,
    /// Statements that the session has prepared, identified by their text or by the name of their type
    /// (`AnyStatement::name`).
    prepared: BTreeSet<&'static str>,
    /// Number of the counter shard to which the session adds.
    shard: i16,
    /// `true` if a connection pooler without support for prepared statements makes the session forget them.
    forgets_statements: bool,
}

impl SessionState {
    pub(super) fn new(shard: i16, keeps_statements: bool) -> Self {
        Self { shard, forgets_statements: !keeps_statements, ..Self::default() }
    }

    pub(in crate::db) const fn shard(&self) -> i16 {
        self.shard
    }

    /// Records an addition to a counter. The columns of the statement `sql` are the counter's key and the amount.
    pub(in crate::db) fn add(&mut self, sql: &'static str, key: Vec<Bind<'static>>, amount: i64) {
        *self.additions.entry(sql).or_default().entry(key).or_default() += amount;
    }

    /// Discards the additions after a rollback. Also forgets the prepared statements, because the transaction may have
    /// failed before the session prepared all of them.
    pub(in crate::db) fn roll_back(&mut self) {
        self.additions.clear();
        self.prepared.clear();
    }

    /// Returns whether the session has already prepared a statement, and records it as prepared. An unprepared
    /// statement is executed one round trip after it was sent, so COMMIT must not be sent in the meantime.
    pub(super) fn was_prepared(&mut self, statement: &'static str) -> bool {
        !self.forgets_statements && !self.prepared.insert(statement)
    }

    /// Removes the additions and returns their statements. Also returns whether the session has prepared all of them.
    pub(super) fn take_additions(&mut self) -> Result<(Vec<ColumnsSql>, bool), DbError> {
        let mut all_prepared = true;
        let mut statements = Vec::with_capacity(self.additions.len());
        for (sql, counters) in std::mem::take(&mut self.additions) {
            all_prepared &= self.was_prepared(sql);
            let rows: Vec<_> = counters.into_iter().map(|(key, amount)| with_amount(key, amount)).collect();
            statements.push(ColumnsSql::new(sql, rows.into_iter())?);
        }
        Ok((statements, all_prepared))
    }
}

fn with_amount(mut key: Vec<Bind<'static>>, amount: i64) -> Vec<Bind<'static>> {
    key.push(amount.into());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additions_to_one_counter_are_combined_and_sorted_by_key() {
        let mut state = SessionState::default();
        for key in ["b", "a", "b"] {
            state.add("UPDATE counter", vec![key.into()], 1);
        }
        let (statements, all_prepared) = state.take_additions().expect("statements");
        let rows = vec![vec![Bind::from("a"), Bind::BigInt(1)], vec![Bind::from("b"), Bind::BigInt(2)]];
        assert_eq!(statements, [ColumnsSql::<()>::new("UPDATE counter", rows.into_iter()).expect("a statement")]);
        assert!(!all_prepared);
        state.add("UPDATE counter", vec!["a".into()], 1);
        assert!(state.take_additions().expect("statements").1, "a session prepares a statement once");
    }

    #[test]
    fn session_that_forgets_its_statements_counts_none_as_prepared() {
        let mut state = SessionState::new(0, false);
        for _ in 0..2 {
            assert!(!state.was_prepared("SELECT 1"));
            state.add("UPDATE counter", vec!["a".into()], 1);
            assert!(!state.take_additions().expect("statements").1);
        }
    }

    #[test]
    fn rollback_discards_additions_and_prepared_statements() {
        let mut state = SessionState::default();
        state.add("UPDATE counter", vec!["a".into()], 1);
        let _ = state.take_additions().expect("statements");
        state.add("UPDATE counter", vec!["a".into()], 1);
        state.roll_back();
        assert!(state.take_additions().expect("statements").0.is_empty());
        state.add("UPDATE counter", vec!["a".into()], 1);
        assert!(!state.take_additions().expect("statements").1);
    }
}
