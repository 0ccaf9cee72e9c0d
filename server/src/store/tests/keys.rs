//! Requirements of engines that shard PostgreSQL by tenant. Primary, unique and foreign keys must begin with the tenant
//! id, and migrations must not contain constructs that these engines refuse.

use std::{collections::BTreeMap, fs, path::Path};

use diesel::{prelude::*, sql_types::Text};

use super::{harness::TestDatabase, on_every_engine};
use crate::db::{Connection, DbError, Engine, on_engine};

on_every_engine!(every_key_begins_with_the_tenant_id);

/// Tables without a tenant id.
const WITHOUT_TENANT: [&str; 5] =
    ["installation", "admin_tokens", "metadata_entries", "metadata_roots", "__diesel_schema_migrations"];

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    table_name: String,
    /// `p` for a primary key, `u` for a unique key, `f` for a foreign key.
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    first_column: String,
    #[diesel(sql_type = Text)]
    first_target: String,
}

const SQLITE: &str = "
    SELECT t.name AS table_name, CASE i.origin WHEN 'pk' THEN 'p' ELSE 'u' END AS kind, c.name AS first_column,
           '' AS first_target
    FROM pragma_table_list AS t JOIN pragma_index_list(t.name) AS i JOIN pragma_index_info(i.name) AS c ON c.seqno = 0
    WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND i.\"unique\" = 1
    UNION ALL
    SELECT t.name, 'f', f.\"from\", f.\"table\" || '.' || f.\"to\"
    FROM pragma_table_list AS t JOIN pragma_foreign_key_list(t.name) AS f ON f.seq = 0
    WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";

const POSTGRES: &str = "
    SELECT t.relname::text AS table_name, CASE WHEN i.indisprimary THEN 'p' ELSE 'u' END AS kind,
           a.attname::text AS first_column, '' AS first_target
    FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = t.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
    WHERE i.indisunique AND n.nspname = 'public'
    UNION ALL
    SELECT t.relname::text, 'f', a.attname::text, target.relname::text || '.' || b.attname::text
    FROM pg_constraint AS k JOIN pg_class AS t ON t.oid = k.conrelid JOIN pg_class AS target ON target.oid = k.confrelid
    JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.conkey[1]
    JOIN pg_attribute AS b ON b.attrelid = target.oid AND b.attnum = k.confkey[1]
    WHERE k.contype = 'f'";

async fn every_key_begins_with_the_tenant_id(db: TestDatabase) {
    let engine = db.database.engine();
    let keys: Vec<Key> = db
        .read(move |conn: &mut Connection| {
            let sql = if engine == Engine::Sqlite { SQLITE } else { POSTGRES };
            let query = || diesel::sql_query(sql);
            on_engine!(conn, c, _Db => query().load::<Key>(c)).map_err(DbError::from)
        })
        .await;
    let count = |kind: &str| keys.iter().filter(|key| key.kind == kind).count();
    assert!(count("p") >= 10 && count("u") >= 3 && count("f") >= 6, "some keys are missing");
    for Key { table_name, kind, first_column, first_target } in &keys {
        if WITHOUT_TENANT.contains(&table_name.as_str()) {
            assert_ne!(kind, "f", "{table_name} references rows of tenants");
            continue;
        }
        let tenant = if table_name == "tenants" { "id" } else { "tenant_id" };
        assert_eq!(first_column, tenant, "first column of a key ({kind}) of {table_name}");
        if kind == "f" {
            let to_tenant = first_target == "tenants.id" || first_target.ends_with(".tenant_id");
            assert!(to_tenant, "{table_name} references {first_target}");
        }
    }
}

fn migrations() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/postgres");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("a migration").path().join("up.sql"))
        .collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).expect("a migration")).collect()
}

#[test]
fn migrations_contain_nothing_that_a_sharded_engine_refuses() {
    for migration in migrations() {
        assert_eq!(doorward_testkit::sharding::refused(&migration), None);
    }
}

/// Returns every table with the tables that its foreign keys reference.
fn referenced_tables() -> BTreeMap<String, Vec<String>> {
    let mut tables = BTreeMap::new();
    for migration in migrations() {
        for table in migration.split("CREATE TABLE ").skip(1) {
            let body = table.split(';').next().unwrap_or_default();
            let name = |text: &str| text.split([' ', '(']).next().unwrap_or_default().to_owned();
            tables.insert(name(body), body.split("REFERENCES ").skip(1).map(name).collect());
        }
    }
    tables
}

#[test]
fn documented_distribution_lists_every_table_after_the_tables_that_it_references() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scaling.md");
    let document = fs::read_to_string(path).expect("the document");
    let mut missing = referenced_tables();
    for line in document.lines().filter(|line| line.starts_with("SELECT create_")) {
        let arguments: Vec<_> = line.split('\'').skip(1).step_by(2).collect();
        let [table, rest @ ..] = arguments.as_slice() else { panic!("{line}") };
        let references = missing.remove(*table).unwrap_or_else(|| panic!("no such table, or twice: {line}"));
        assert!(references.iter().all(|parent| !missing.contains_key(parent)), "{table} comes too early");
        match (line.contains("create_distributed_table"), *table, rest) {
            (false, "installation" | "admin_tokens" | "metadata_entries" | "metadata_roots", [])
            | (true, "tenants", ["id"]) => {}
            (true, _, ["tenant_id", "tenants"]) if !WITHOUT_TENANT.contains(table) => {}
            _ => panic!("{line}"),
        }
    }
    assert!(missing.is_empty(), "tables without a line: {missing:?}");
}
