//! Effects of trust policies on the credentials of a tenant. The queries scan the index `credentials_of_user`, which
//! contains every column that policies examine.
//!
//! The values in the texts of the queries need no escaping: they are UUIDs, numbers, hexadecimal key identifiers and
//! names of enum variants.

use diesel::{
    QueryableByName, RunQueryDsl as _, sql_query,
    sql_types::{BigInt, Bool, Nullable, Text},
};
use doorward_shared::{
    AttestationTrust, CoseAlgorithm, TenantId, UserId,
    admin::{AlgorithmCount, TrustImpact},
};
use uuid::Uuid;

use super::{Connection, DbError, on_engine, row_convert};
use crate::domain::{
    CertificateKeyId,
    metadata::ModelId,
    trust::{AffectedPosition, LoginRequirements, TrustRequirements},
};

/// The FROM and WHERE clauses for credentials that are enabled and belong to an enabled user.
fn usable(tenant: TenantId) -> String {
    format!("FROM credentials WHERE tenant_id = '{tenant}' AND disabled_at IS NULL AND user_disabled_at IS NULL")
}

/// Condition: the column has one of the values. The condition is false for an empty list.
fn one_of<T: std::fmt::Display>(column: &str, values: &[T]) -> String {
    let listed: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
    if listed.is_empty() { "1 = 0".to_owned() } else { format!("{column} IN ({})", listed.join(", ")) }
}

/// Returns the AAGUIDs and the key identifiers of models.
fn by_kind(models: &[ModelId]) -> (Vec<Uuid>, Vec<CertificateKeyId>) {
    let (mut aaguids, mut key_ids) = (Vec::new(), Vec::new());
    for model in models {
        match model {
            ModelId::Aaguid(aaguid) => aaguids.push(*aaguid),
            ModelId::KeyId(id) => key_ids.push(*id),
        }
    }
    (aaguids, key_ids)
}

/// Condition: the credential states one of these models. The condition is never NULL.
fn states(models: &[ModelId]) -> String {
    let (aaguids, key_ids) = by_kind(models);
    let (aaguid, key_id) = (one_of("aaguid", &aaguids), one_of("attestation_key_id", &key_ids));
    format!("({aaguid} OR (attestation_key_id IS NOT NULL AND {key_id}))")
}

/// Condition: the credential's attestation proves one of these models. The condition is never NULL.
fn proves(models: &[ModelId]) -> String {
    let (aaguids, key_ids) = by_kind(models);
    let (aaguid, key_id) = (one_of("aaguid", &aaguids), one_of("attestation_key_id", &key_ids));
    let model = format!("CASE WHEN attestation_key_id IS NULL THEN {aaguid} ELSE {key_id} END");
    format!("(attestation_trust = '{}' AND {model})", AttestationTrust::Chain)
}

/// Condition: the requirements accept the credential.
fn accepts(requirements: &TrustRequirements) -> String {
    let TrustRequirements { attestation, device_bound, algorithms, allowed, certified, refused } = requirements;
    let mut conditions = Vec::new();
    conditions.extend(attestation.then(|| format!("attestation_trust = '{}'", AttestationTrust::Chain)));
    conditions.extend(device_bound.then(|| "NOT backup_eligible".to_owned()));
    conditions.extend(algorithms.as_ref().map(|algorithms| one_of("algorithm", algorithms)));
    let models = |aaguids: &Vec<Uuid>| aaguids.iter().copied().map(ModelId::Aaguid).collect::<Vec<_>>();
    conditions.extend(allowed.as_ref().map(|allowed| proves(&models(allowed))));
    conditions.extend(certified.as_ref().map(|certified| proves(certified)));
    conditions.extend((!refused.is_empty()).then(|| format!("NOT {}", states(refused))));
    if conditions.is_empty() { "1 = 1".to_owned() } else { format!("({})", conditions.join(" AND ")) }
}

/// Condition: the requirements accept a login with the credential.
fn accepts_login(requirements: &LoginRequirements) -> String {
    let (passkeys, second_factors) = (accepts(&requirements.passkeys), accepts(&requirements.second_factors));
    format!("CASE WHEN is_mfa THEN {second_factors} ELSE {passkeys} END")
}

/// SQL expressions for the numbers of credentials that a user loses and keeps.
struct Counts {
    lost: String,
    kept: String,
}

impl Counts {
    fn new(before: &LoginRequirements, after: &LoginRequirements) -> Self {
        let kept = format!("COUNT(*) FILTER (WHERE {})", accepts_login(after));
        let lost = if before.is_empty() {
            format!("(COUNT(*) - {kept})")
        } else {
            format!("COUNT(*) FILTER (WHERE {} AND NOT ({}))", accepts_login(before), accepts_login(after))
        };
        Self { lost, kept }
    }
}

/// Number of users whose credentials one query of [`impact`] counts. It is small, so that few users are read again for
/// the list.
const USERS_PER_QUERY: i64 = 2_000;

/// A range of users, in the order of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct UserRange {
    /// The last user before the range; `None` if the range begins with the tenant's first user.
    pub(super) after: Option<UserId>,
    /// The last user of the range; `None` if the range ends with the tenant's last user.
    pub(super) to: Option<UserId>,
}

impl UserRange {
    fn condition(self) -> String {
        let after = self.after.map(|user| format!("AND user_id > '{user}'"));
        let to = self.to.map(|user| format!("AND user_id <= '{user}'"));
        [after, to].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// Query for the users in a range, with the numbers of credentials that each user loses and keeps.
pub(super) fn by_user(
    tenant: TenantId,
    before: &LoginRequirements,
    after: &LoginRequirements,
    users: UserRange,
    limit: i64,
) -> String {
    let Counts { lost, kept } = Counts::new(before, after);
    format!(
        "SELECT user_id, {lost} AS lost, {kept} AS kept {} {} GROUP BY user_id ORDER BY user_id LIMIT {limit}",
        usable(tenant),
        users.condition()
    )
}

#[derive(QueryableByName)]
struct ImpactRow {
    #[diesel(sql_type = BigInt)]
    users: i64,
    #[diesel(sql_type = Nullable<Text>)]
    last: Option<String>,
    #[diesel(sql_type = BigInt)]
    losing_all: i64,
    #[diesel(sql_type = BigInt)]
    losing_some: i64,
    #[diesel(sql_type = BigInt)]
    lost: i64,
}

/// A user who loses credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AffectedRow {
    pub user: UserId,
    pub lost: u64,
    pub kept: u64,
}

#[derive(QueryableByName)]
struct UserRow {
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = BigInt)]
    lost: i64,
    #[diesel(sql_type = BigInt)]
    kept: i64,
}

/// Counts the users and credentials that are affected if the requirements change. Also returns the first `limit` of
/// these users, in the order of [`affected`].
///
/// The users are counted in batches, and only batches with affected users are read again for the list. A separate scan
/// for the list would read all users again if fewer than `limit` are affected.
pub fn impact(
    conn: &mut Connection,
    tenant: TenantId,
    before: &LoginRequirements,
    after: &LoginRequirements,
    limit: u32,
) -> Result<(TrustImpact, Vec<AffectedRow>), DbError> {
    let mut impact = TrustImpact::default();
    let (mut losing_all, mut losing_some) = (Vec::new(), Vec::new());
    let mut users = UserRange::default();
    let missing = |found: &Vec<AffectedRow>| limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
    loop {
        // When the list is full, one query counts the remaining users.
        let number = if missing(&losing_all) > 0 { USERS_PER_QUERY } else { i64::MAX };
        let query = format!(
            "SELECT COUNT(*) AS users, MAX(user_id) AS last, \
             COUNT(*) FILTER (WHERE lost > 0 AND kept = 0) AS losing_all, \
             COUNT(*) FILTER (WHERE lost > 0 AND kept > 0) AS losing_some, \
             CAST(COALESCE(SUM(lost), 0) AS BIGINT) AS lost FROM ({}) AS by_user",
            by_user(tenant, before, after, users, number)
        );
        let part: ImpactRow = on_engine!(conn, c, _Db => sql_query(query).get_result(c))?;
        impact.users_losing_all += row_convert::total(part.losing_all);
        impact.users_losing_some += row_convert::total(part.losing_some);
        impact.credentials_lost += row_convert::total(part.lost);
        users.to = row_convert::parse_some(part.last.as_deref())?;
        for (keeps_some, found, affected) in
            [(false, &mut losing_all, part.losing_all), (true, &mut losing_some, part.losing_some)]
        {
            if affected > 0 && missing(found) > 0 {
                let rows = load(conn, group(tenant, before, after, keeps_some, users, missing(found)))?;
                found.extend(rows);
            }
        }
        if part.users < number {
            break;
        }
        users = UserRange { after: users.to, to: None };
    }
    losing_all.extend(losing_some);
    losing_all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok((impact, losing_all))
}

/// Returns at most `limit` of the affected users after a position: first those who lose all credentials, then the
/// others, each group in the order of their ids. The scan ends when the page is full.
pub fn affected(
    conn: &mut Connection,
    tenant: TenantId,
    before: &LoginRequirements,
    after: &LoginRequirements,
    position: AffectedPosition,
    limit: u32,
) -> Result<Vec<AffectedRow>, DbError> {
    let users = UserRange { after: Some(position.user), to: None };
    let mut found = load(conn, group(tenant, before, after, position.keeps_some, users, limit))?;
    let missing = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
    if missing > 0 && !position.keeps_some {
        found.extend(load(conn, group(tenant, before, after, true, UserRange::default(), missing))?);
    }
    Ok(found)
}

fn load(conn: &mut Connection, query: String) -> Result<Vec<AffectedRow>, DbError> {
    let rows: Vec<UserRow> = on_engine!(conn, c, _Db => sql_query(query).load(c))?;
    let row = |row: UserRow| {
        let (lost, kept) = (row_convert::total(row.lost), row_convert::total(row.kept));
        Ok(AffectedRow { user: row_convert::parse(&row.user_id)?, lost, kept })
    };
    rows.into_iter().map(row).collect()
}

/// Query for the affected users who keep some credentials (`keeps_some`), or for those who keep none.
pub(super) fn group(
    tenant: TenantId,
    before: &LoginRequirements,
    after: &LoginRequirements,
    keeps_some: bool,
    users: UserRange,
    limit: u32,
) -> String {
    let Counts { lost, kept } = Counts::new(before, after);
    let keeps = if keeps_some { ">" } else { "=" };
    format!(
        "SELECT user_id, {lost} AS lost, {kept} AS kept {} {} GROUP BY user_id HAVING {lost} > 0 AND {kept} {keeps} 0 \
         ORDER BY user_id LIMIT {limit}",
        usable(tenant),
        users.condition()
    )
}

#[derive(QueryableByName)]
struct AlgorithmRow {
    #[diesel(sql_type = Bool)]
    is_mfa: bool,
    #[diesel(sql_type = Text)]
    algorithm: String,
    #[diesel(sql_type = BigInt)]
    credentials: i64,
}

/// Counts the credentials by algorithm: first the passkeys, then the credentials that are only second factors.
pub fn algorithms(conn: &mut Connection, tenant: TenantId) -> Result<[Vec<AlgorithmCount>; 2], DbError> {
    let query = format!(
        "SELECT is_mfa, algorithm, COUNT(*) AS credentials {} GROUP BY is_mfa, algorithm ORDER BY COUNT(*) DESC, algorithm",
        usable(tenant)
    );
    let rows: Vec<AlgorithmRow> = on_engine!(conn, c, _Db => sql_query(query).load(c))?;
    let mut counts = [Vec::new(), Vec::new()];
    for AlgorithmRow { is_mfa, algorithm, credentials } in rows {
        let algorithm: CoseAlgorithm = row_convert::parse(&algorithm)?;
        let [passkeys, second_factors] = &mut counts;
        let list = if is_mfa { second_factors } else { passkeys };
        list.push(AlgorithmCount { algorithm, credentials: row_convert::total(credentials) });
    }
    Ok(counts)
}

/// Number of requirements for which one query counts users.
pub const READY_REQUIREMENTS: usize = 4;

/// Numbers of users whose credentials meet certain requirements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadyCounts {
    /// Users with a credential.
    pub users: u64,
    /// For each requirement, the number of users with a credential that meets it.
    pub ready: [u64; READY_REQUIREMENTS],
}

#[derive(QueryableByName)]
struct ReadyRow {
    #[diesel(sql_type = BigInt)]
    users: i64,
    #[diesel(sql_type = BigInt)]
    ready_0: i64,
    #[diesel(sql_type = BigInt)]
    ready_1: i64,
    #[diesel(sql_type = BigInt)]
    ready_2: i64,
    #[diesel(sql_type = BigInt)]
    ready_3: i64,
}

/// Counts, for each requirement, the users who have a credential that meets it.
pub fn ready(
    conn: &mut Connection,
    tenant: TenantId,
    requirements: &[TrustRequirements; READY_REQUIREMENTS],
) -> Result<ReadyCounts, DbError> {
    let columns = |column: &dyn Fn(usize, &TrustRequirements) -> String| {
        let columns: Vec<String> = requirements.iter().enumerate().map(|(index, one)| column(index, one)).collect();
        columns.join(", ")
    };
    let query = format!(
        "SELECT COUNT(*) AS users, {} FROM (SELECT {} {} GROUP BY user_id) AS by_user",
        columns(&|index, _| format!("COUNT(*) FILTER (WHERE meets_{index} > 0) AS ready_{index}")),
        columns(&|index, one| format!("COUNT(*) FILTER (WHERE {}) AS meets_{index}", accepts(one))),
        usable(tenant)
    );
    let row: ReadyRow = on_engine!(conn, c, _Db => sql_query(query).get_result(c))?;
    let ready = [row.ready_0, row.ready_1, row.ready_2, row.ready_3].map(row_convert::total);
    Ok(ReadyCounts { users: row_convert::total(row.users), ready })
}
