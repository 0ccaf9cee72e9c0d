//! Finds statements that a PostgreSQL-compatible engine refuses if it distributes rows to shards by `tenant_id`.
//!
//! Every test with a [`crate::TestServer`] on PostgreSQL checks all statements that the server executes.

use std::sync::{Mutex, Once, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// Constructs that a sharded engine does not accept in any statement.
const REFUSED: [&str; 17] = [
    "CREATE TRIGGER",
    "CREATE CONSTRAINT TRIGGER",
    "REFERENCING NEW TABLE",
    "REFERENCING OLD TABLE",
    "CREATE RULE",
    "EXCLUDE USING",
    "CREATE SEQUENCE",
    "SERIAL",
    "BIGSERIAL",
    "AS IDENTITY",
    "LOCK TABLE",
    "WITH RECURSIVE",
    "MERGE INTO",
    "TABLESAMPLE",
    "GROUPING SETS",
    "ISOLATION LEVEL SERIALIZABLE",
    "CTID",
];
const ROW_LOCKS: [&str; 4] = ["FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE", "FOR KEY SHARE"];
/// Tables without a tenant id, which a sharded engine keeps on one machine or copies to all machines.
const UNSHARDED: [&str; 5] =
    ["INSTALLATION", "ADMIN_TOKENS", "METADATA_ENTRIES", "METADATA_ROOTS", "__DIESEL_SCHEMA_MIGRATIONS"];

static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());
static INSTALL: Once = Once::new();

/// Returns the first refused construct in a statement; `None` if a sharded engine accepts the statement.
pub fn refused(sql: &str) -> Option<String> {
    let sql = normalized(sql);
    if let Some(construct) = REFUSED.iter().find(|construct| contains(&sql, construct)) {
        return Some((*construct).to_owned());
    }
    if UNSHARDED
        .iter()
        .any(|table| contains(&sql, &format!("FROM {table}")) || contains(&sql, &format!("INTO {table}")))
    {
        return None;
    }
    if let Some(lock) = ROW_LOCKS.iter().find(|lock| contains(&sql, lock))
        && !names_tenant(&sql)
    {
        return Some(format!("{lock} across tenants"));
    }
    if contains(&sql, "SET TENANT_ID =") {
        return Some("a row that moves to another tenant".to_owned());
    }
    let target = sql.split_once("ON CONFLICT (").map(|(_, rest)| rest);
    if target.is_some_and(|target| !target.starts_with("TENANT_ID") && !contains(&sql, "INTO TENANTS")) {
        return Some("ON CONFLICT without the tenant".to_owned());
    }
    None
}

/// Returns whether the statement selects rows by tenant id and therefore reads only one shard.
fn names_tenant(sql: &str) -> bool {
    contains(sql, "TENANT_ID =") || (contains(sql, "FROM TENANTS") && contains(sql, "TENANTS.ID ="))
}

/// Returns the statement in upper case, without quotes, comments and values, and with single spaces.
fn normalized(sql: &str) -> String {
    let code: String =
        sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    // After the split, texts in single quotes are at the odd positions. Function bodies are not in single quotes.
    let code: Vec<_> = code.split('\'').step_by(2).collect();
    let code = code.join("''").replace(['"', '`'], "").replace("( ", "(").to_uppercase();
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns whether the statement contains the text as whole words.
fn contains(sql: &str, words: &str) -> bool {
    let is_word = |symbol: Option<char>| symbol.is_some_and(|symbol| symbol.is_alphanumeric() || symbol == '_');
    sql.match_indices(words).any(|(at, _)| {
        let before = sql.get(..at).and_then(|text| text.chars().next_back());
        let after = sql.get(at + words.len()..).and_then(|text| text.chars().next());
        !(is_word(before) || is_word(words.chars().next_back()) && is_word(after))
    })
}

/// Checks all statements on the connections that this process opens. On drop, panics if a sharded engine would refuse
/// one of the statements.
#[derive(Debug)]
pub(crate) struct StatementCheck(());

impl StatementCheck {
    pub(crate) fn start() -> Self {
        INSTALL.call_once(|| {
            let _ = set_default_instrumentation(|| Some(Box::new(Check)));
        });
        Self(())
    }
}

impl Drop for StatementCheck {
    fn drop(&mut self) {
        let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(found.is_empty() || std::thread::panicking(), "a sharded engine refuses: {found:#?}");
    }
}

struct Check;

impl Instrumentation for Check {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event
            && let sql = query.to_string()
            && let Some(construct) = refused(&sql)
        {
            FOUND.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{construct}: {sql}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_constructs_are_found() {
        for (sql, expected) in [
            ("create trigger counts after insert on users", "CREATE TRIGGER"),
            ("CREATE FUNCTION f()\n  REFERENCING  NEW TABLE AS added", "REFERENCING NEW TABLE"),
            ("CREATE TABLE users (id BIGSERIAL)", "BIGSERIAL"),
            ("CREATE TABLE users (id SERIAL PRIMARY KEY)", "SERIAL"),
            (
                r#"SELECT "users"."id" FROM "users" WHERE "users"."deleted_at" IS NOT NULL FOR UPDATE SKIP LOCKED"#,
                "FOR UPDATE across tenants",
            ),
            (r#"SELECT "users"."id" FROM "users" WHERE ("users"."tenant_id" = $1) FOR NO KEY UPDATE"#, ""),
            (r#"SELECT "tenants"."id" FROM "tenants" WHERE ("tenants"."id" = $1) FOR UPDATE"#, ""),
            (
                r#"SELECT "tenants"."id" FROM "tenants" WHERE "tenants"."deleted_at" IS NOT NULL FOR UPDATE"#,
                "FOR UPDATE across tenants",
            ),
            (r#"SELECT "admin_tokens"."id" FROM "admin_tokens" FOR UPDATE"#, ""),
            ("UPDATE users SET tenant_id = $1", "a row that moves to another tenant"),
            ("INSERT INTO users (id) VALUES ($1) ON CONFLICT (id) DO NOTHING", "ON CONFLICT without the tenant"),
            (r#"INSERT INTO "users" ("id") VALUES ($1) ON CONFLICT ("tenant_id", "id") DO NOTHING"#, ""),
            ("INSERT INTO installation (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", ""),
            ("SELECT 1 WHERE name = 'lock table' -- LOCK TABLE", ""),
        ] {
            assert_eq!(refused(sql).unwrap_or_default(), expected, "{sql}");
        }
    }
}
