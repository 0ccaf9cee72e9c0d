//! Reads the columns of the tables from the catalogue of each engine, and builds the statements that copy the rows.
//!
//! A row is copied as a JSON array of its columns, sorted by name. Texts are strings, numbers and booleans are numbers,
//! and bytes are hexadecimal strings. SQL functions of each engine read and write the JSON.

use super::{
    endpoint::{Endpoint, condition},
    statements::Statements,
    tables::{TABLES, Table},
    types::{BATCH, TransferError},
};
use crate::db::Engine;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    /// PostgreSQL only. Its values are copied as numbers.
    Boolean,
    Bytes,
}

/// A column. `key` is its position in the primary key; `None` if the primary key does not contain it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    kind: Kind,
    key: Option<usize>,
}

/// A table and the statements that copy it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) table: Table,
    pub(super) from: Statements,
    pub(super) to: Statements,
    /// Positions of the primary key's columns in a row.
    pub(super) key: Vec<usize>,
}

/// Returns the plans of all tables that are copied row by row, in the order of [`TABLES`].
pub(super) fn plans(source: &mut Endpoint, target: &mut Endpoint) -> Result<Vec<Plan>, TransferError> {
    for endpoint in [&mut *source, &mut *target] {
        if let Some(unknown) = unknown_tables(endpoint)?.first() {
            return Err(TransferError::Schema(format!("table {unknown} does not belong to Doorward")));
        }
    }
    TABLES
        .iter()
        .filter(|table| !matches!(table, Table::Computed { .. }))
        .map(|table| plan(*table, source, target))
        .collect()
}

/// Returns the tables of a database that are not in [`TABLES`].
fn unknown_tables(endpoint: &mut Endpoint) -> Result<Vec<String>, TransferError> {
    let sql = match endpoint.engine() {
        Engine::Sqlite => {
            "SELECT name AS value FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        }
        Engine::Postgres => {
            "SELECT table_name::text AS value FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        }
    };
    let mut names = endpoint.texts(sql, None)?;
    names.retain(|name| name != "__diesel_schema_migrations" && !TABLES.iter().any(|table| table.name() == name));
    Ok(names)
}

fn plan(table: Table, source: &mut Endpoint, target: &mut Endpoint) -> Result<Plan, TransferError> {
    let (from, to) = (columns(source, table)?, columns(target, table)?);
    let plain = |columns: &[Column]| -> Vec<Column> {
        let as_number = |kind| if kind == Kind::Boolean { Kind::Integer } else { kind };
        columns.iter().map(|one| Column { kind: as_number(one.kind), ..one.clone() }).collect()
    };
    if plain(&from) != plain(&to) || from.is_empty() {
        return Err(TransferError::Schema(format!(
            "table {} has different columns in source and target",
            table.name()
        )));
    }
    let mut key: Vec<(usize, usize)> =
        from.iter().enumerate().filter_map(|(index, column)| Some((column.key?, index))).collect();
    key.sort_unstable();
    let key: Vec<usize> = key.into_iter().map(|(_, index)| index).collect();
    if key.is_empty() {
        return Err(TransferError::Schema(format!("table {} has no primary key", table.name())));
    }
    Ok(Plan {
        table,
        from: statements(source.engine(), table, &from, &key),
        to: statements(target.engine(), table, &to, &key),
        key,
    })
}

fn columns(endpoint: &mut Endpoint, table: Table) -> Result<Vec<Column>, TransferError> {
    // The query returns one text per column: its name, its type, and its position in the primary key or -1.
    let sql = match endpoint.engine() {
        Engine::Sqlite => {
            "SELECT name || ' ' || lower(type) || ' ' || (pk - 1) AS value FROM pragma_table_info(?1) ORDER BY name"
        }
        Engine::Postgres => {
            "SELECT a.attname || ' ' || format_type(a.atttypid, NULL) || ' ' || \
                    COALESCE(array_position((i.indkey::smallint[])[0:i.indnkeyatts - 1], a.attnum) - 1, -1) AS value \
             FROM pg_attribute AS a LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary \
             WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname COLLATE \"C\""
        }
    };
    let texts = endpoint.texts(sql, Some(table.name()))?;
    texts
        .iter()
        .map(|text| column(text))
        .collect::<Option<_>>()
        .ok_or_else(|| TransferError::Schema(format!("table {} has a column of an unknown type", table.name())))
}

fn column(text: &str) -> Option<Column> {
    let mut words = text.split(' ');
    let (name, kind, key) = (words.next()?, words.next()?, words.next()?);
    let kind = match kind {
        "text" => Kind::Text,
        "integer" | "bigint" | "smallint" => Kind::Integer,
        "boolean" => Kind::Boolean,
        "blob" | "bytea" => Kind::Bytes,
        _ => return None,
    };
    Some(Column { name: name.to_owned(), kind, key: key.parse().ok() })
}

fn statements(engine: Engine, table: Table, columns: &[Column], key: &[usize]) -> Statements {
    let joined = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
    let name = table.name();
    let named = |column: &Column| format!("\"{}\"", column.name);
    let keys: Vec<&Column> = key.iter().filter_map(|index| columns.get(*index)).collect();
    let order = joined(&mut keys.iter().map(|column| sort_column(engine, name, column)));
    // The key after which a batch begins is a JSON array, like a row.
    let after = joined(&mut keys.iter().enumerate().map(|(index, column)| {
        let parameter = if engine == Engine::Sqlite { "?1" } else { "$1::jsonb" };
        from_json(engine, parameter, index, column.kind)
    }));
    let rows = condition(table);
    let and = if rows.is_empty() { " WHERE" } else { " AND" };
    let row = joined(&mut columns.iter().map(|column| to_json(engine, column)));
    let row = match engine {
        Engine::Sqlite => format!("json_array({row})"),
        Engine::Postgres => format!("json_build_array({row})::text"),
    };
    let select =
        |condition: &str| format!("SELECT {row} AS value FROM {name}{condition} ORDER BY {order} LIMIT {BATCH}");
    let into = joined(&mut columns.iter().map(named));
    let values =
        joined(&mut columns.iter().enumerate().map(|(index, column)| from_json(engine, "value", index, column.kind)));
    let batch = match engine {
        Engine::Sqlite => "json_each(?1) WHERE true",
        Engine::Postgres => "jsonb_array_elements($1::jsonb)",
    };
    Statements {
        first: select(&rows),
        next: select(&format!("{rows}{and} ({order}) > ({after})")),
        insert: format!("INSERT INTO {name} ({into}) SELECT {values} FROM {batch} ON CONFLICT DO NOTHING"),
    }
}

/// Returns the SQL expression of a key column that is compared byte by byte. The column name is qualified with the
/// table name. Otherwise ORDER BY would sort the table `challenges` by the result column `value` instead of the key
/// column `value`.
fn sort_column(engine: Engine, table: &str, column: &Column) -> String {
    let collation = if (engine, column.kind) == (Engine::Postgres, Kind::Text) { " COLLATE \"C\"" } else { "" };
    format!("{table}.\"{}\"{collation}", column.name)
}

fn to_json(engine: Engine, column: &Column) -> String {
    let name = format!("\"{}\"", column.name);
    match (column.kind, engine) {
        (Kind::Text | Kind::Integer, _) | (Kind::Boolean, Engine::Sqlite) => name,
        (Kind::Boolean, Engine::Postgres) => format!("{name}::int"),
        // `hex` returns an empty text for NULL.
        (Kind::Bytes, Engine::Sqlite) => format!("CASE WHEN {name} IS NOT NULL THEN lower(hex({name})) END"),
        (Kind::Bytes, Engine::Postgres) => format!("encode({name}, 'hex')"),
    }
}

fn from_json(engine: Engine, array: &str, index: usize, kind: Kind) -> String {
    match engine {
        Engine::Sqlite => {
            let value = format!("json_extract({array}, '$[{index}]')");
            if kind == Kind::Bytes { format!("unhex({value})") } else { value }
        }
        Engine::Postgres => {
            let value = format!("{array} ->> {index}");
            match kind {
                Kind::Text => format!("({value})"),
                Kind::Integer => format!("({value})::bigint"),
                Kind::Boolean => format!("({value})::int::boolean"),
                Kind::Bytes => format!("decode({value}, 'hex')"),
            }
        }
    }
}
