//! Credentials of users.

pub mod import;

use std::collections::BTreeMap;

use diesel::{
    prelude::*,
    sql_types::{BigInt, Text},
};
use doorward_shared::{TenantId, Timestamp, UserId, page::Order};
use uuid::Uuid;

use super::{
    Connection, DbError,
    bounded_search::{in_order, newest_first},
    on_engine, row_convert,
    schema::{credentials, users},
    state::{StateChange, set_state},
    tenant_summaries::{self, Count},
    users::{self as users_table, Row as UserRow},
};
use crate::{
    db::cached_sql::{Bind, CachedSql},
    domain::{
        CertificateKeyId, Credential, CredentialId, User,
        audit::Total,
        list::{Cursor, NUMBERED_ROWS, NumberedPage, PageQuery, SortKey},
    },
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = credentials, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
pub(super) struct Row {
    tenant_id: String,
    id: String,
    user_id: String,
    name: String,
    public_key: Vec<u8>,
    algorithm: String,
    attestation_format: String,
    attestation_trust: String,
    attestation_key_id: Option<String>,
    aaguid: String,
    sign_count: i64,
    transports: String,
    backup_eligible: bool,
    backup_state: bool,
    is_mfa: bool,
    user_verified: bool,
    discoverable: Option<bool>,
    last_used_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
    disabled_at: Option<i64>,
}

impl TryFrom<Row> for Credential {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            tenant_id: row_convert::parse(&row.tenant_id)?,
            id: CredentialId::parse(&row.id).ok_or_else(|| row_convert::corrupt(&"a credential's id"))?,
            user_id: row_convert::parse(&row.user_id)?,
            name: row.name,
            public_key: row.public_key,
            algorithm: row_convert::parse(&row.algorithm)?,
            attestation_format: row.attestation_format,
            attestation_trust: row_convert::parse(&row.attestation_trust)?,
            attestation_key_id: row.attestation_key_id.map(|id| key_id(&id)).transpose()?,
            aaguid: row_convert::parse(&row.aaguid)?,
            sign_count: u32::try_from(row.sign_count).map_err(|error| row_convert::corrupt(&error))?,
            transports: row_convert::from_json(&row.transports)?,
            backup_eligible: row.backup_eligible,
            backup_state: row.backup_state,
            is_mfa: row.is_mfa,
            user_verified: row.user_verified,
            discoverable: row.discoverable,
            last_used_at: row_convert::time(row.last_used_at),
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            disabled_at: row_convert::time(row.disabled_at),
        })
    }
}

fn key_id(text: &str) -> Result<CertificateKeyId, DbError> {
    CertificateKeyId::parse(text).ok_or_else(|| row_convert::corrupt(&"the key identifier of a certificate"))
}

/// Values that a successful ceremony changes in a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialUse {
    pub sign_count: u32,
    pub backup_state: bool,
    pub backup_eligible: bool,
    pub at: Timestamp,
}

/// Adds a credential.
///
/// # Errors
/// [`DbError::Duplicate`] if the tenant has a credential with this id, [`DbError::Orphan`] if the user does not exist.
pub fn insert(conn: &mut Connection, credential: &Credential) -> Result<(), DbError> {
    insert_row(conn, credential)?;
    tenant_summaries::add(conn, credential.tenant_id, Count::Credentials, 1)
}

/// Like [`insert`], but leaves the count of credentials unchanged.
fn insert_row(conn: &mut Connection, credential: &Credential) -> Result<(), DbError> {
    users_table::hold(conn, credential.tenant_id, credential.user_id)?;
    let row = Row {
        tenant_id: credential.tenant_id.to_string(),
        id: credential.id.to_string(),
        user_id: credential.user_id.to_string(),
        name: credential.name.clone(),
        public_key: credential.public_key.clone(),
        algorithm: credential.algorithm.to_string(),
        attestation_format: credential.attestation_format.clone(),
        attestation_trust: credential.attestation_trust.to_string(),
        attestation_key_id: credential.attestation_key_id.as_ref().map(ToString::to_string),
        aaguid: credential.aaguid.to_string(),
        sign_count: credential.sign_count.into(),
        transports: row_convert::to_json(&credential.transports)?,
        backup_eligible: credential.backup_eligible,
        backup_state: credential.backup_state,
        is_mfa: credential.is_mfa,
        user_verified: credential.user_verified,
        discoverable: credential.discoverable,
        last_used_at: row_convert::millis(credential.last_used_at),
        created_at: credential.created_at.millis(),
        updated_at: credential.updated_at.millis(),
        disabled_at: row_convert::millis(credential.disabled_at),
    };
    let rows = on_engine!(conn, c, _Db => diesel::insert_into(credentials::table)
        .values(&row).on_conflict_do_nothing().execute(c))?;
    row_convert::inserted(rows, "credentials")
}

pub fn find(conn: &mut Connection, tenant: TenantId, id: &CredentialId) -> Result<Option<Credential>, DbError> {
    let query = || credentials::table.find((tenant.to_string(), id.to_string()));
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Finds a credential and its user in one query.
pub fn find_with_owner(
    conn: &mut Connection,
    tenant: TenantId,
    id: &CredentialId,
) -> Result<Option<(Credential, User)>, DbError> {
    let query = || {
        credentials::table
            .inner_join(
                users::table.on(users::tenant_id.eq(credentials::tenant_id).and(users::id.eq(credentials::user_id))),
            )
            .filter(credentials::tenant_id.eq(tenant.to_string()))
            .filter(credentials::id.eq(id.to_string()))
            .filter(users::deleted_at.is_null())
    };
    on_engine!(conn, c, _Db => query().select((Row::as_select(), UserRow::as_select())).get_result::<(Row, UserRow)>(c).optional())?
        .map(|(credential, user)| Ok((credential.try_into()?, user.try_into()?)))
        .transpose()
}

/// Returns a user's credentials, newest first.
pub fn for_user(conn: &mut Connection, tenant: TenantId, user: UserId) -> Result<Vec<Credential>, DbError> {
    let query = || {
        credentials::table
            .filter(credentials::tenant_id.eq(tenant.to_string()))
            .filter(credentials::user_id.eq(user.to_string()))
            .order((credentials::created_at.desc(), credentials::id.desc()))
    };
    row_convert::all(on_engine!(conn, c, _Db => query().select(Row::as_select()).load(c))?)
}

/// Returns the number of a user's credentials.
pub fn count(conn: &mut Connection, tenant: TenantId, user: UserId) -> Result<u64, DbError> {
    let (tenant, user) = (tenant.to_string(), user.to_string());
    let of_user =
        || credentials::table.filter(credentials::tenant_id.eq(&tenant)).filter(credentials::user_id.eq(&user)).count();
    Ok(row_convert::total(on_engine!(conn, c, _Db => of_user().get_result(c))?))
}

/// Returns, for each user, the number of credentials and the latest time at which any of them was used. The result does
/// not contain users without a credential.
pub fn of_users(
    conn: &mut Connection,
    tenant: TenantId,
    ids: &[UserId],
) -> Result<BTreeMap<UserId, (u64, Option<Timestamp>)>, DbError> {
    let keys: Vec<String> = ids.iter().map(UserId::to_string).collect();
    let query = || {
        credentials::table
            .filter(credentials::tenant_id.eq(tenant.to_string()))
            .filter(credentials::user_id.eq_any(&keys))
            .group_by(credentials::user_id)
            .select((credentials::user_id, diesel::dsl::count_star(), diesel::dsl::max(credentials::last_used_at)))
    };
    let rows: Vec<(String, i64, Option<i64>)> = on_engine!(conn, c, _Db => query().load(c))?;
    rows.into_iter()
        .map(|(id, count, used)| Ok((row_convert::parse(&id)?, (row_convert::total(count), row_convert::time(used)))))
        .collect()
}

/// Returns a page of the credentials of one user, or of all users of the tenant, by creation time. Each credential
/// comes with its user id.
pub fn page(
    conn: &mut Connection,
    tenant: TenantId,
    user: Option<UserId>,
    query: &PageQuery,
) -> Result<NumberedPage<(Credential, String)>, DbError> {
    let key = tenant.to_string();
    let total = match user {
        None => Total::Exact(tenant_summaries::counts(conn, tenant)?.credentials),
        Some(user) => {
            let of_user = || {
                credentials::table
                    .filter(credentials::tenant_id.eq(&key))
                    .filter(credentials::user_id.eq(user.to_string()))
                    .select(credentials::id)
                    .limit(NUMBERED_ROWS + 1)
            };
            let counted: Vec<String> = on_engine!(conn, c, _Db => of_user().load(c))?;
            let most = usize::try_from(NUMBERED_ROWS).unwrap_or(usize::MAX);
            if counted.len() > most { Total::AtLeast(most as u64) } else { Total::Exact(counted.len() as u64) }
        }
    };
    let rows: Vec<(Row, String)> = on_engine!(conn, c, Db => {
        let mut rows = credentials::table
            .inner_join(
                users::table.on(users::tenant_id.eq(credentials::tenant_id).and(users::id.eq(credentials::user_id))),
            )
            .filter(credentials::tenant_id.eq(&key))
            .select((Row::as_select(), users::external_id))
            .into_boxed::<Db>();
        if let Some(user) = user {
            rows = rows.filter(credentials::user_id.eq(user.to_string()));
        }
        in_order!(rows, credentials, query.order, query.after.as_ref())
            .limit(i64::from(query.page.per_page) + 1)
            .offset(query.offset())
            .load(c)
    })?;
    let cursor = |(row, _): &(Row, String)| Cursor { key: SortKey::Number(row.created_at), id: row.id.clone() };
    let item = |(row, external_id): (Row, String)| Ok((row.try_into()?, external_id));
    NumberedPage::new(rows, query, total, None, cursor).try_map(item)
}

/// Counts the newest `examined` credentials of a tenant by AAGUID, most frequent first.
pub fn models(conn: &mut Connection, tenant: TenantId, examined: u32) -> Result<Vec<(Uuid, u64)>, DbError> {
    let counts = "SELECT aaguid, COUNT(*) FROM (SELECT aaguid FROM credentials WHERE tenant_id = ? \
                  ORDER BY created_at DESC, id DESC LIMIT ?) AS newest GROUP BY aaguid ORDER BY COUNT(*) DESC, aaguid";
    let tenant = tenant.to_string();
    let query = CachedSql::<(Text, BigInt)>::new(counts).bind(&tenant).bind(i64::from(examined));
    let rows: Vec<(String, i64)> = on_engine!(conn, c, _Db => query.load(c))?;
    rows.into_iter().map(|(aaguid, count)| Ok((row_convert::parse(&aaguid)?, row_convert::total(count)))).collect()
}

/// Renames a credential. Returns `false` if it does not exist.
pub fn rename(
    conn: &mut Connection,
    tenant: TenantId,
    id: &CredentialId,
    name: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let target = || credentials::table.find((tenant.to_string(), id.to_string()));
    let rows = on_engine!(conn, c, _Db => diesel::update(target())
        .set((credentials::name.eq(name), credentials::updated_at.eq(now.millis())))
        .execute(c))?;
    Ok(rows == 1)
}

/// Disables or enables a credential of a user. Returns the new version of the state; `None` if nothing changed.
pub fn set_disabled(
    conn: &mut Connection,
    tenant: TenantId,
    user: UserId,
    id: &CredentialId,
    change: &StateChange,
) -> Result<Option<i64>, DbError> {
    let owner = user.to_string();
    let target = || {
        let credential = credentials::table.find((tenant.to_string(), id.to_string()));
        credential.filter(credentials::user_id.eq(&owner))
    };
    Ok(set_state!(conn, credentials, target, change))
}

/// Deletes a credential. Returns `false` if it does not exist.
pub fn delete(conn: &mut Connection, tenant: TenantId, id: &CredentialId) -> Result<bool, DbError> {
    let target = || credentials::table.find((tenant.to_string(), id.to_string()));
    if on_engine!(conn, c, _Db => diesel::delete(target()).execute(c))? == 0 {
        return Ok(false);
    }
    tenant_summaries::add(conn, tenant, Count::Credentials, -1)?;
    Ok(true)
}

/// The statement of [`record_use`], with the binds [`use_binds`]. It is raw SQL, because every successful ceremony runs
/// it and diesel does not cache the updates that it builds. It does not set the backup eligibility, because SQLite
/// would then rewrite an index entry each time.
pub(super) const RECORD_USE: &str = "UPDATE credentials SET sign_count = ?, backup_state = ?, last_used_at = ? \
    WHERE tenant_id = ? AND id = ? AND user_id = ? AND created_at = ? AND backup_eligible = ? \
    AND sign_count = ? AND attestation_trust = ? AND disabled_at IS NULL AND user_disabled_at IS NULL";
const RECORD_USE_AND_ELIGIBILITY: &str = "UPDATE credentials SET sign_count = ?, backup_state = ?, last_used_at = ?, \
    backup_eligible = NOT backup_eligible WHERE tenant_id = ? AND id = ? AND user_id = ? AND created_at = ? \
    AND backup_eligible = ? AND sign_count = ? AND attestation_trust = ? AND disabled_at IS NULL \
    AND user_disabled_at IS NULL";

pub(super) fn use_binds(observed: &Credential, usage: &CredentialUse) -> [Bind<'static>; 10] {
    [
        i64::from(usage.sign_count).into(),
        usage.backup_state.into(),
        usage.at.millis().into(),
        observed.tenant_id.to_string().into(),
        observed.id.to_string().into(),
        observed.user_id.to_string().into(),
        observed.created_at.millis().into(),
        observed.backup_eligible.into(),
        i64::from(observed.sign_count).into(),
        observed.attestation_trust.as_str().into(),
    ]
}

/// Stores the use of a credential. `observed` is the row with which the assertion was verified. Returns `false` and
/// stores nothing if the row has changed since it was read: the credential was deleted or registered again, another
/// ceremony changed its signature counter or backup eligibility, its attestation was judged again with another result,
/// or the credential or its user was disabled.
pub fn record_use(conn: &mut Connection, observed: &Credential, usage: &CredentialUse) -> Result<bool, DbError> {
    let is_same = usage.backup_eligible == observed.backup_eligible;
    let update = if is_same { RECORD_USE } else { RECORD_USE_AND_ELIGIBILITY };
    let statement = CachedSql::<()>::new(update).bind_all(use_binds(observed, usage));
    Ok(on_engine!(conn, c, _Db => statement.execute(c))? == 1)
}
