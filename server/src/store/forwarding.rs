//! Positions of audit forwarding, stored as one text value per target; see `service::forwarding`.

use diesel::prelude::*;

use super::{Connection, DbError, installation, on_engine, schema::installation as named_values};

/// Prefix of names in `installation`. The rest of each name is the digest of a target.
const PREFIX: &str = "audit_forward/";

pub fn position(conn: &mut Connection, target: &str) -> Result<Option<String>, DbError> {
    installation::get(conn, &format!("{PREFIX}{target}"))
}

/// Returns the targets that have a position, each with its position. On PostgreSQL, also locks the rows.
pub fn positions(conn: &mut Connection) -> Result<Vec<(String, String)>, DbError> {
    let query = || named_values::table.filter(named_values::name.like(format!("{PREFIX}%"))).order(named_values::name);
    let rows: Vec<(String, String)> = match conn {
        Connection::Postgres(c, _) => query().for_update().load(c)?,
        Connection::Sqlite(c) => query().load(c)?,
    };
    Ok(rows.into_iter().filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value))).collect())
}

/// Replaces the position of a target if the stored position is still `old` (`None`: nothing is stored). Returns whether
/// it was replaced.
pub fn replace_position(conn: &mut Connection, target: &str, old: Option<&str>, new: &str) -> Result<bool, DbError> {
    let name = format!("{PREFIX}{target}");
    let Some(old) = old else {
        return Ok(installation::put_if_absent(conn, &name, new)? == new);
    };
    let update = || {
        let row = named_values::table.find(&name).filter(named_values::value.eq(old));
        diesel::update(row).set(named_values::value.eq(new))
    };
    Ok(on_engine!(conn, c, _Db => update().execute(c))? == 1)
}
