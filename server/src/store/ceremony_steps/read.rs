//! Statements that read.

use std::cmp::Reverse;

use diesel::{SqliteConnection, prelude::*};
use doorward_shared::TenantId;

use super::super::{
    DbError, challenges, credentials as credentials_table, row_convert,
    schema::{challenges as challenge, credentials, tenants, transactions as transaction, users},
    transactions,
    users::Row as UserRow,
};
use crate::{
    db::statement::{Pipeline, Query, Response, Statement, respond_each},
    domain::{Challenge, ChallengeValue, Credential, CredentialId, Transaction, User},
};

/// Finds a user by the user id. Also returns the user's credentials, newest first.
#[derive(Debug)]
pub struct FindUser {
    tenant: String,
    external_id: String,
}

impl FindUser {
    pub fn new(tenant: TenantId, external_id: &str) -> Self {
        Self { tenant: tenant.to_string(), external_id: external_id.to_owned() }
    }
}

type UserRows = (UserRow, Option<credentials_table::Row>);

macro_rules! user_query {
    ($find:expr) => {
        users::table
            .left_join(
                credentials::table
                    .on(credentials::tenant_id.eq(users::tenant_id).and(credentials::user_id.eq(users::id))),
            )
            .filter(users::tenant_id.eq(&$find.tenant))
            .filter(users::external_id.eq(&$find.external_id))
            .filter(users::deleted_at.is_null())
            .select((UserRow::as_select(), Option::<credentials_table::Row>::as_select()))
    };
}

fn to_user(rows: Vec<UserRows>) -> Result<Option<(User, Vec<Credential>)>, DbError> {
    let mut user = None;
    let mut credentials: Vec<Credential> = Vec::new();
    for (owner, credential) in rows {
        user = Some(owner);
        credentials.extend(credential.map(Credential::try_from).transpose()?);
    }
    // A user has few credentials, so they are sorted here. For PostgreSQL, preparing a sort would cost more than
    // reading these rows.
    credentials.sort_by_cached_key(|credential| Reverse((credential.created_at, credential.id.to_string())));
    user.map(|user| Ok((user.try_into()?, credentials))).transpose()
}

impl Statement for FindUser {
    type Output = Option<(User, Vec<Credential>)>;

    fn on_postgres<'c>(finds: Vec<&'c Self>, pipeline: Pipeline<'c>) -> Response<'c, Vec<Self::Output>> {
        respond_each!(finds, pipeline, |find| user_query!(find) => UserRows, to_user)
    }
}

impl Query for FindUser {
    fn on_sqlite(&self, conn: &mut SqliteConnection) -> Result<Self::Output, DbError> {
        to_user(user_query!(self).load(conn)?)
    }
}

/// Finds the stored rows that an assertion refers to.
#[derive(Debug)]
pub struct FindAssertion {
    tenant: String,
    challenge: String,
    credential: String,
}

impl FindAssertion {
    pub fn new(tenant: TenantId, challenge: &ChallengeValue, credential: &CredentialId) -> Self {
        Self { tenant: tenant.to_string(), challenge: challenge.to_string(), credential: credential.to_string() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundAssertion {
    pub challenge: Option<Challenge>,
    /// The transaction of the challenge.
    pub transaction: Option<Transaction>,
    /// The credential with its user.
    pub credential: Option<(Credential, User)>,
}

type AssertionRows =
    (Option<challenges::Row>, Option<transactions::Row>, Option<credentials_table::Row>, Option<UserRow>);

macro_rules! assertion_query {
    ($find:expr) => {
        tenants::table
            .left_join(
                challenge::table.on(challenge::tenant_id
                    .eq($find.tenant.clone())
                    .and(challenge::value.eq($find.challenge.clone()))),
            )
            .left_join(
                transaction::table.on(transaction::tenant_id
                    .eq($find.tenant.clone())
                    .and(transaction::id.nullable().eq(challenge::transaction_id.nullable()))),
            )
            .left_join(
                credentials::table.on(credentials::tenant_id
                    .eq($find.tenant.clone())
                    .and(credentials::id.eq($find.credential.clone()))),
            )
            .left_join(
                users::table.on(users::tenant_id
                    .eq($find.tenant.clone())
                    .and(users::id.nullable().eq(credentials::user_id.nullable()))
                    .and(users::deleted_at.is_null())),
            )
            .filter(tenants::id.eq($find.tenant.clone()))
            .select((
                Option::<challenges::Row>::as_select(),
                Option::<transactions::Row>::as_select(),
                Option::<credentials_table::Row>::as_select(),
                Option::<UserRow>::as_select(),
            ))
    };
}

/// Converts the only row. There is no row if the tenant was deleted.
fn to_assertion(rows: Vec<AssertionRows>) -> Result<FoundAssertion, DbError> {
    let Some((challenge, transaction, credential, user)) = rows.into_iter().next() else {
        return Ok(FoundAssertion::default());
    };
    Ok(FoundAssertion {
        challenge: row_convert::one(challenge)?,
        transaction: row_convert::one(transaction)?,
        credential: row_convert::one(credential)?.zip(row_convert::one(user)?),
    })
}

impl Statement for FindAssertion {
    type Output = FoundAssertion;

    fn on_postgres<'c>(finds: Vec<&'c Self>, pipeline: Pipeline<'c>) -> Response<'c, Vec<Self::Output>> {
        respond_each!(finds, pipeline, |find| assertion_query!(find) => AssertionRows, to_assertion)
    }
}

impl Query for FindAssertion {
    fn on_sqlite(&self, conn: &mut SqliteConnection) -> Result<Self::Output, DbError> {
        to_assertion(assertion_query!(self).load(conn)?)
    }
}
