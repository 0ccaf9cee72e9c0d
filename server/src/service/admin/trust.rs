//! Effects of trust policies on a tenant's credentials, and the algorithms in use.

use std::collections::HashMap;

use doorward_shared::{
    CoseAlgorithm, TenantId, UserId,
    admin::{AffectedUser, CryptoRadar, RadarRequirement, ReadyUsers, TrustImpact, TrustPreview},
    config::TrustPolicies,
};

use super::{
    context::{AdminContext, find_tenant},
    users,
};
use crate::{
    domain::{
        User,
        list::{Cursor, SortKey},
        trust::{AffectedPosition, LoginRequirements, TrustRequirements, conflicts},
    },
    service::{Refusal, ServiceError},
    store::{
        trust::{self as table, AffectedRow},
        users as users_table,
    },
};

/// Returns the users who lose credentials if the tenant gets these policies. Only a policy whose mode for logins is
/// `enforce` takes credentials away. Conflicts with other settings are not checked, because the change that sets the
/// policies can also change the other settings.
///
/// # Errors
/// [`Refusal::Config`], [`Refusal::TenantNotFound`], or [`Refusal::Query`] for a cursor of another list.
pub async fn preview(
    context: &AdminContext,
    tenant: TenantId,
    policies: TrustPolicies,
    after: Option<Cursor>,
    limit: u32,
) -> Result<TrustPreview, ServiceError> {
    let problems = conflicts::of_policies(&policies);
    if !problems.is_empty() {
        return Err(Refusal::Config(problems).into());
    }
    let position = after.map(|cursor| position(&cursor)).transpose()?;
    let metadata = context.app.metadata().await?;
    context
        .read(move |connection| {
            let current = find_tenant(connection, tenant)?.config.trust;
            let current = LoginRequirements::new(&current, &metadata);
            let new = LoginRequirements::new(&policies, &metadata);
            let has_effect = new != current && !new.is_empty();
            let rows_limit = limit.saturating_add(1);
            let (impact, mut rows) = match position {
                _ if !has_effect => (position.is_none().then(TrustImpact::default), Vec::new()),
                None => {
                    let (impact, rows) = table::impact(connection, tenant, &current, &new, rows_limit)?;
                    (Some(impact), rows)
                }
                Some(position) => (None, table::affected(connection, tenant, &current, &new, position, rows_limit)?),
            };
            let has_more = rows.len() as u64 > u64::from(limit);
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            let next = rows.last().filter(|_| has_more).map(|row| cursor(row).encode());
            let ids: Vec<UserId> = rows.iter().map(|row| row.user).collect();
            let users = users_table::with_ids(connection, tenant, &ids)?;
            Ok(TrustPreview { impact, items: items(rows, users), next })
        })
        .await
}

fn cursor(row: &AffectedRow) -> Cursor {
    Cursor { key: SortKey::Number(i64::from(row.kept > 0)), id: row.user.to_string() }
}

fn position(cursor: &Cursor) -> Result<AffectedPosition, Refusal> {
    let user = cursor.id.parse().map_err(|_| Refusal::Query("after must be `next` of the previous page".to_owned()))?;
    Ok(AffectedPosition { keeps_some: cursor.key.number() > 0, user })
}

/// Joins the rows with their users. A user who is being deleted is left out.
fn items(rows: Vec<AffectedRow>, users: Vec<User>) -> Vec<AffectedUser> {
    let mut users: HashMap<UserId, User> = users.into_iter().map(|user| (user.id, user)).collect();
    let item = |AffectedRow { user, lost, kept }| {
        let user = users::item(users.remove(&user)?);
        Some(AffectedUser { user, credentials_lost: lost, credentials_kept: kept })
    };
    rows.into_iter().filter_map(item).collect()
}

/// Returns the algorithms in use and the users who are ready for stricter policies.
pub async fn radar(context: &AdminContext, tenant: TenantId) -> Result<CryptoRadar, ServiceError> {
    context
        .read(move |connection| {
            find_tenant(connection, tenant)?;
            let [passkeys, second_factors] = table::algorithms(connection, tenant)?;
            let counts = table::ready(connection, tenant, &RADAR.map(requirements))?;
            let ready = RADAR.into_iter().zip(counts.ready);
            let ready = ready.map(|(requirement, users)| ReadyUsers { requirement, users }).collect();
            Ok(CryptoRadar { passkeys, second_factors, users: counts.users, ready })
        })
        .await
}

const RADAR: [RadarRequirement; table::READY_REQUIREMENTS] = [
    RadarRequirement::DeviceBound,
    RadarRequirement::Attested,
    RadarRequirement::WithoutRs256,
    RadarRequirement::PostQuantum,
];

fn requirements(requirement: RadarRequirement) -> TrustRequirements {
    let algorithms = |accepts: fn(&CoseAlgorithm) -> bool| {
        Some(CoseAlgorithm::ALL.iter().copied().filter(accepts).collect::<Vec<_>>())
    };
    let default = TrustRequirements::default();
    match requirement {
        RadarRequirement::DeviceBound => TrustRequirements { device_bound: true, ..default },
        RadarRequirement::Attested => TrustRequirements { attestation: true, ..default },
        RadarRequirement::WithoutRs256 => {
            TrustRequirements { algorithms: algorithms(|one| *one != CoseAlgorithm::Rs256), ..default }
        }
        RadarRequirement::PostQuantum => {
            TrustRequirements { algorithms: algorithms(|one| one.is_post_quantum()), ..default }
        }
    }
}
