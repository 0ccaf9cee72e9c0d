//! Metadata of authenticator models. It belongs to the installation, not to a tenant.

use diesel::prelude::*;

use super::{
    Connection, DbError, installation, on_engine, row_convert,
    schema::{metadata_entries, metadata_roots},
};
use crate::domain::metadata::{MetadataImport, MetadataRecords, ModelId, ModelRecord};

/// Name under which the number of the newest imported BLOB is stored.
const NUMBER: &str = "metadata_number";
/// Name under which the description of the newest import is stored, in JSON.
const IMPORT: &str = "metadata_import";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = metadata_entries, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
    id: String,
    description: String,
    reports: String,
    roots: String,
}

impl TryFrom<Row> for ModelRecord {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            id: ModelId::parse(&row.id).ok_or_else(|| row_convert::corrupt(&"the id of a metadata entry"))?,
            description: row.description,
            reports: row_convert::from_json(&row.reports)?,
            roots: row_convert::from_json(&row.roots)?,
        })
    }
}

/// Returns the number of the imported BLOB; 0 if nothing was imported.
pub fn number(conn: &mut Connection) -> Result<u64, DbError> {
    row_convert::parse_some(installation::get(conn, NUMBER)?.as_deref()).map(Option::unwrap_or_default)
}

/// Returns the description of the newest import; `None` if nothing was imported.
pub fn newest_import(conn: &mut Connection) -> Result<Option<MetadataImport>, DbError> {
    installation::get(conn, IMPORT)?.map(|json| row_convert::from_json(&json)).transpose()
}

/// Reads all entries: up to about a thousand rows of 300 bytes, and 300 certificates.
pub fn load(conn: &mut Connection) -> Result<MetadataRecords, DbError> {
    let rows: Vec<Row> = on_engine!(conn, c, _Db => metadata_entries::table.select(Row::as_select()).load::<Row>(c))?;
    let roots: Vec<(String, Vec<u8>)> = on_engine!(conn, c, _Db => metadata_roots::table.load::<(String, Vec<u8>)>(c))?;
    Ok(MetadataRecords { entries: row_convert::all(rows)?, roots: roots.into_iter().collect() })
}

/// Replaces the metadata. Returns `false`, and changes nothing, if a BLOB with the same or a larger number is already
/// imported, even by a concurrent transaction.
pub fn replace(conn: &mut Connection, import: &MetadataImport, records: &MetadataRecords) -> Result<bool, DbError> {
    let number = i64::try_from(import.number).map_err(|error| row_convert::corrupt(&error))?;
    if !installation::raise(conn, NUMBER, number)? {
        return Ok(false);
    }
    installation::put(conn, IMPORT, &row_convert::to_json(import)?)?;
    on_engine!(conn, c, _Db => diesel::delete(metadata_entries::table).execute(c))?;
    on_engine!(conn, c, _Db => diesel::delete(metadata_roots::table).execute(c))?;
    for record in &records.entries {
        let row = Row {
            id: record.id.to_string(),
            description: record.description.clone(),
            reports: row_convert::to_json(&record.reports)?,
            roots: row_convert::to_json(&record.roots)?,
        };
        on_engine!(conn, c, _Db => diesel::insert_into(metadata_entries::table).values(&row).execute(c))?;
    }
    for (fingerprint, certificate) in &records.roots {
        let values = (metadata_roots::fingerprint.eq(fingerprint), metadata_roots::certificate.eq(certificate));
        on_engine!(conn, c, _Db => diesel::insert_into(metadata_roots::table).values(values).execute(c))?;
    }
    Ok(true)
}
