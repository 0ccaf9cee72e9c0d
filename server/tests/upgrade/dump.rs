//! Reads schemas and databases as text.

use std::fs;

use doorward_testkit::database::texts;

use crate::migrations;

/// Statement that creates the table in which diesel_migrations stores the applied versions on PostgreSQL.
const POSTGRES_VERSIONS: &str = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
    run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);\n";

/// Name of the file with the PostgreSQL schema in a fixture.
pub(crate) const POSTGRES_FILE: &str = "postgres.sql";

/// Queries for columns, constraints and indexes of a PostgreSQL database, except those of the table of migrations.
const POSTGRES_SCHEMA: [&str; 3] = [
    "SELECT concat_ws(' ', table_name, column_name, data_type, collation_name, is_nullable, column_default) AS value \
     FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%' ORDER BY 1",
    "SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS value FROM pg_constraint \
     WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '\\_\\_diesel%' ORDER BY 1",
    "SELECT indexdef AS value FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_diesel%' ORDER BY 1",
];

/// Returns a description of the schema without the table of migrations. On SQLite, it consists of the
/// statements that create the schema.
pub(crate) async fn schema(url: &str) -> Vec<String> {
    if url.starts_with("postgres") {
        let mut lines = Vec::new();
        for query in POSTGRES_SCHEMA {
            let found = texts(url, query).await;
            assert!(!found.is_empty(), "{query}");
            lines.extend(found);
        }
        return lines;
    }
    let own = "sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '__diesel%'";
    texts(url, &format!("SELECT sql AS value FROM sqlite_schema WHERE {own} ORDER BY name")).await
}

/// Returns statements that create the PostgreSQL schema of this version and record the versions of its migrations.
pub(crate) fn postgres_schema() -> String {
    let folder = migrations::folder().join("postgres");
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    let mut sql = POSTGRES_VERSIONS.to_owned();
    for name in names {
        sql += &fs::read_to_string(folder.join(&name).join("up.sql")).unwrap();
        let version = name.split('_').next().unwrap();
        sql += &format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}');\n");
    }
    sql
}

/// Returns statements that create a copy of the SQLite database with all its rows.
pub(crate) async fn statements(url: &str) -> String {
    let mut lines = vec!["PRAGMA foreign_keys = OFF".to_owned(), "BEGIN".to_owned()];
    for pragma in ["application_id", "user_version"] {
        let query = format!("SELECT CAST({pragma} AS TEXT) AS value FROM pragma_{pragma}");
        lines.extend(texts(url, &query).await.iter().map(|value| format!("PRAGMA {pragma} = {value}")));
    }
    let own = "FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'";
    lines.extend(texts(url, &format!("SELECT sql AS value {own} ORDER BY rowid")).await);
    for table in texts(url, &format!("SELECT name AS value {own} AND type = 'table' ORDER BY name")).await {
        let columns = texts(url, &format!("SELECT name AS value FROM pragma_table_info('{table}') ORDER BY cid")).await;
        let values: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
        let row = format!("'INSERT INTO {table} VALUES (' || {} || ')'", values.join(" || ', ' || "));
        lines.extend(texts(url, &format!("SELECT {row} AS value FROM {table} ORDER BY 1")).await);
    }
    lines.push("COMMIT".to_owned());
    lines.iter().map(|line| format!("{line};\n")).collect()
}
