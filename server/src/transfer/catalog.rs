//! What columns a table has, as each engine's own catalogue tells, and the statements that follow from them.
//!
//! A row travels as a JSON array of its columns in the order of their names: texts as they are, numbers and truth values as
//! numbers, bytes in hexadecimal. Both engines make and read it themselves, so no column is named in this program.

use super::{
    BATCH, TransferError,
    endpoint::{Endpoint, where_rows},
    tables::{TABLES, Table},
};
use crate::db::Engine;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    /// A truth value where the engine has them; it travels as a number.
    Boolean,
    Bytes,
}

/// A column, and its place in the primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    kind: Kind,
    key: Option<usize>,
}

/// A table, and how it is read and written on both sides.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) table: Table,
    pub(super) from: Statements,
    pub(super) to: Statements,
    /// Where the key's columns stand in a row.
    pub(super) key: Vec<usize>,
}

/// The statements of one side.
#[derive(Debug)]
pub(super) struct Statements {
    /// The first batch.
    pub(super) first: String,
    /// The batch after a key.
    pub(super) next: String,
    /// Writes a batch; rows that are there already stay.
    pub(super) insert: String,
}

/// The plans of all tables that are moved row by row, in the order of the list.
pub(super) fn plans(source: &mut Endpoint, target: &mut Endpoint) -> Result<Vec<Plan>, TransferError> {
    for side in [&mut *source, &mut *target] {
        if let Some(unknown) = unknown_tables(side)?.first() {
            return Err(TransferError::Schema(format!("this program does not know how to move table {unknown}")));
        }
    }
    TABLES.iter().filter(|table| !table.is_derived()).map(|table| plan(*table, source, target)).collect()
}

/// Tables that the list does not have.
pub(super) fn unknown_tables(side: &mut Endpoint) -> Result<Vec<String>, TransferError> {
    let sql = match side.engine() {
        Engine::Sqlite => {
            "SELECT name AS value FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        }
        Engine::Postgres => {
            "SELECT table_name::text AS value FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        }
    };
    let mut names = side.texts(sql, None)?;
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
        return Err(TransferError::Schema(format!("table {} has other columns on one side", table.name())));
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

fn columns(side: &mut Endpoint, table: Table) -> Result<Vec<Column>, TransferError> {
    // One text per column: name, type, place in the primary key or -1.
    let sql = match side.engine() {
        Engine::Sqlite => {
            "SELECT name || ' ' || lower(type) || ' ' || (pk - 1) AS value FROM pragma_table_info(?1) ORDER BY name"
        }
        Engine::Postgres => {
            "SELECT a.attname || ' ' || format_type(a.atttypid, NULL) || ' ' || \
                    COALESCE((SELECT p FROM array_position(i.indkey::smallint[], a.attnum) AS p \
                              WHERE p < i.indnkeyatts), -1) AS value \
             FROM pg_attribute AS a LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary \
             WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname COLLATE \"C\""
        }
    };
    let texts = side.texts(sql, Some(table.name()))?;
    texts.iter().map(|text| column(text)).collect::<Option<_>>().ok_or_else(|| {
        TransferError::Schema(format!("table {} has a column of a type that is not known here", table.name()))
    })
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
    let order = joined(&mut keys.iter().map(|column| in_order(engine, column)));
    // The key arrives as a JSON array, too.
    let after = joined(&mut keys.iter().enumerate().map(|(place, column)| {
        let parameter = if engine == Engine::Sqlite { "?1" } else { "$1::jsonb" };
        from_json(engine, parameter, place, column.kind)
    }));
    let rows = where_rows(table);
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
        joined(&mut columns.iter().enumerate().map(|(place, column)| from_json(engine, "value", place, column.kind)));
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

/// A key's column, compared byte by byte.
fn in_order(engine: Engine, column: &Column) -> String {
    match (engine, column.kind) {
        (Engine::Postgres, Kind::Text) => format!("\"{}\" COLLATE \"C\"", column.name),
        _ => format!("\"{}\"", column.name),
    }
}

fn to_json(engine: Engine, column: &Column) -> String {
    let name = format!("\"{}\"", column.name);
    match (column.kind, engine) {
        (Kind::Text | Kind::Integer, _) | (Kind::Boolean, Engine::Sqlite) => name,
        (Kind::Boolean, Engine::Postgres) => format!("{name}::int"),
        // Of no bytes, too, the digits are a text; of null they are not.
        (Kind::Bytes, Engine::Sqlite) => format!("CASE WHEN {name} IS NOT NULL THEN lower(hex({name})) END"),
        (Kind::Bytes, Engine::Postgres) => format!("encode({name}, 'hex')"),
    }
}

fn from_json(engine: Engine, array: &str, place: usize, kind: Kind) -> String {
    match engine {
        Engine::Sqlite => {
            let value = format!("json_extract({array}, '$[{place}]')");
            if kind == Kind::Bytes { format!("unhex({value})") } else { value }
        }
        Engine::Postgres => {
            let value = format!("{array} ->> {place}");
            match kind {
                Kind::Text => format!("({value})"),
                Kind::Integer => format!("({value})::bigint"),
                Kind::Boolean => format!("({value})::int::boolean"),
                Kind::Bytes => format!("decode({value}, 'hex')"),
            }
        }
    }
}
