//! Few entries that a text finds: all of them are read, sorted and counted at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use diesel::prelude::*;
use doorward_shared::{AuditType, TenantId, audit::AuditLogItem};

use super::{
    super::{Connection, DbError, on_engine, row_convert, schema::audit_logs},
    Row,
    parts::{self, Sample},
    walk::{Range, entries},
    words::{Field, OneOf, Way, Word, by_source, containing, ways},
};
use crate::domain::audit::AuditFilter;

/// Up to so many entries are found and sorted here.
const FEW: usize = 2_000;
/// So many words tell whether more of them have many entries.
const SAMPLE: usize = if cfg!(test) { 8 } else { 64 };

/// An entry's place: its id, and whose log it stands in.
pub(super) type Key = (String, String);

/// Words, and how else their entries are to fit.
pub(super) type Place = (Way, Vec<Word>);

/// What a filter finds by its texts.
pub(super) enum Found {
    /// All entries that fit, newest first.
    All(Vec<Key>),
    /// Many entries.
    Many(Known),
}

/// What is known of a filter that finds many entries.
pub(super) enum Known {
    Nothing,
    /// How they are found, with what was looked for already.
    Ways(Vec<Way>),
    /// All words they are found by.
    Words(Vec<Place>),
}

/// What a filter finds in a range of ids. A filter that looks into no text finds many.
pub(super) fn find(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    range: &Range,
) -> Result<Found, DbError> {
    if !filter.looks_into_texts() {
        return Ok(Found::Many(Known::Nothing));
    }
    // The indexes know no types: these are looked at afterwards, and only of few.
    let of_any_type = AuditFilter { kinds: Vec::new(), outcome: None, ..filter.clone() };
    let ways = ways(&of_any_type);
    if tenant.is_none() && some_find_many(conn, &ways, range)? {
        return Ok(Found::Many(Known::Ways(ways)));
    }
    let Some(places) = few_words(conn, tenant, &of_any_type, ways)? else { return Ok(Found::Many(Known::Nothing)) };
    let mut keys = BTreeSet::new();
    for (way, words) in &places {
        let rows = entries_of(conn, tenant, way, words.clone(), range)?;
        if rows.len() > FEW {
            return Ok(Found::Many(Known::Words(places)));
        }
        keys.extend(rows);
    }
    if let Some(kinds) = filter.fitting_kinds() {
        keys = of_types(conn, &keys, &kinds)?;
    }
    Ok(Found::All(keys.into_iter().rev().collect()))
}

/// The words of all ways of a filter; `None` when those of one are many.
fn few_words(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    ways: Vec<Way>,
) -> Result<Option<Vec<Place>>, DbError> {
    let mut places = Vec::new();
    for way in ways {
        // An address that is looked for beside an actor may be rare where the actor is not.
        let other = by_source(filter).filter(|_| filter.text.is_none() && way.by == Field::Actor);
        let mut found = None;
        for way in iter::once(way).chain(other) {
            let words = containing(conn, tenant, &way, FEW + 1)?;
            if words.len() <= FEW {
                found = Some((way, words));
                break;
            }
        }
        match found {
            Some((_, words)) if words.is_empty() => {}
            Some(place) => places.push(place),
            None => return Ok(None),
        }
    }
    Ok(Some(places))
}

/// Whether one of the ways finds more than about [`FEW`] entries of all logs, as far as some words tell. There, each word is
/// written somewhere else, and its entries are as well: all of them would have to be read for nothing.
fn some_find_many(conn: &mut Connection, ways: &[Way], range: &Range) -> Result<bool, DbError> {
    for way in ways {
        if way.rest.looks_into_texts() {
            continue;
        }
        let Some(Sample { words, of, size }) = parts::sample(conn, way, SAMPLE)? else { continue };
        let found = entries_of(conn, None, way, words, range)?.len();
        if found > FEW || found * of > FEW * size {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The places of entries in a range of ids that have one of some words; one more than [`FEW`] at most.
fn entries_of(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    way: &Way,
    words: Vec<Word>,
    range: &Range,
) -> Result<Vec<Key>, DbError> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let column = way.by.column();
    Ok(on_engine!(conn, c, Db => entries!(Db, tenant, &way.rest, range)
        .filter(OneOf { column, words })
        .select((audit_logs::id, audit_logs::tenant_id))
        .limit(FEW as i64 + 1)
        .load(c))?)
}

/// Entries by their places, as a boxed query. Of several logs, it may find others that have the same id.
macro_rules! at {
    ($db:ident, $keys:expr) => {{
        let keys: &BTreeSet<Key> = $keys;
        let tenants: BTreeSet<&String> = keys.iter().map(|(_, tenant)| tenant).collect();
        let ids: Vec<&String> = keys.iter().map(|(id, _)| id).collect();
        let mut rows = audit_logs::table.filter(audit_logs::id.eq_any(ids)).into_boxed::<$db>();
        // With several tenants, SQLite would look for each id in the log of each.
        if let (Some(tenant), 1) = (tenants.first(), tenants.len()) {
            rows = rows.filter(audit_logs::tenant_id.eq((*tenant).clone()));
        }
        rows
    }};
}

/// Those of these entries that are of some types.
fn of_types(conn: &mut Connection, keys: &BTreeSet<Key>, kinds: &[AuditType]) -> Result<BTreeSet<Key>, DbError> {
    let rows: Vec<Key> = on_engine!(conn, c, Db => at!(Db, keys)
        .filter(audit_logs::kind.eq_any(kinds.iter().map(|kind| kind.as_str())))
        .select((audit_logs::id, audit_logs::tenant_id))
        .load(c))?;
    Ok(rows.into_iter().filter(|key| keys.contains(key)).collect())
}

/// Entries by their places, in the order given.
pub(super) fn load(conn: &mut Connection, keys: &[Key]) -> Result<Vec<AuditLogItem>, DbError> {
    row_convert::all(rows(conn, keys)?)
}

/// Rows by their places, in the order given.
pub(super) fn rows(conn: &mut Connection, keys: &[Key]) -> Result<Vec<Row>, DbError> {
    let wanted: BTreeSet<Key> = keys.iter().cloned().collect();
    let rows = on_engine!(conn, c, Db => at!(Db, &wanted).select(Row::as_select()).load::<Row>(c))?;
    let place = |row: Row| ((row.id.clone(), row.tenant_id.clone()), row);
    let mut rows: BTreeMap<Key, Row> = rows.into_iter().map(place).collect();
    Ok(keys.iter().filter_map(|key| rows.remove(key)).collect())
}
