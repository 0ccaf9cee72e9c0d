//! Tables of a database with their number of rows, for the manifests of backups.

use std::collections::BTreeMap;

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Text},
};

use super::{Connection, DbError, on_engine};

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Returns the version of the newest migration of a SQLite database.
pub fn schema_version(conn: &mut Connection) -> Result<String, DbError> {
    let newest = "SELECT version AS name FROM __diesel_schema_migrations ORDER BY version DESC LIMIT 1";
    let name: Name = on_engine!(conn, c, _Db => sql_query(newest).get_result(c))?;
    Ok(name.name)
}

/// Returns the number of rows of every table of a SQLite database, except SQLite's own tables and tables whose names
/// begin with an underscore. The latter belong to migrations and to programs that replicate the file.
pub fn row_counts(conn: &mut Connection) -> Result<BTreeMap<String, i64>, DbError> {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                  AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name";
    let tables: Vec<Name> = on_engine!(conn, c, _Db => sql_query(tables).load(c))?;
    let mut counts = BTreeMap::new();
    for Name { name } in tables {
        let query = format!("SELECT COUNT(*) AS count FROM \"{}\"", name.replace('"', "\"\""));
        let row: Count = on_engine!(conn, c, _Db => sql_query(&query).get_result(c))?;
        counts.insert(name, row.count);
    }
    Ok(counts)
}
