//! Overviews for the terminal app: the installation, one tenant, and the list of tenants.

use std::collections::BTreeMap;

use doorward_shared::{
    TenantId, Timestamp,
    admin::{ActivityPoint, Overview, TenantOverview, TenantSummaryPage},
    audit::AuditOutcome,
};

use super::context::{AdminContext, find_tenant};
use crate::{
    db::DbError,
    domain::{
        audit::{AuditCursor, AuditFilter},
        list::TenantQuery,
    },
    service::{ServiceError, audit_logs::Log},
    store::{
        audit::{self, Activity, Days},
        audit_counts, installation, tenant_summaries,
    },
};

/// Number of days over which tenant summaries count ceremonies and refusals.
pub(super) const WEEK: u32 = 7;
const BUSIEST_TENANTS: u32 = 10;
const LATEST_REFUSALS: u32 = 20;

/// Returns the last `count` days in UTC, including today.
pub(super) fn last_days(now: Timestamp, count: u32) -> Days {
    Days { first: now.day() - i64::from(count) + 1, last: now.day() }
}

/// Returns one point for each day, with zeros for days without entries.
fn points(days: Days, found: &BTreeMap<i64, Activity>) -> Vec<ActivityPoint> {
    let point = |day: i64| {
        let Activity { succeeded, refused, .. } = found.get(&day).copied().unwrap_or_default();
        ActivityPoint { at: Timestamp::of_day(day), succeeded, refused }
    };
    (days.first..=days.last).map(point).collect()
}

/// Returns the overview of the installation with the activity of the last `days` days.
pub async fn installation(context: &AdminContext, days: u32) -> Result<Overview, ServiceError> {
    let app = &context.app;
    let now = app.clock.now();
    let (days, week) = (last_days(now, days), last_days(now, WEEK));
    let (activity, counted_at) = app.daily_counts.get(&app.db, app.settings.audit_retention_days, now, days).await?;
    let (engine, uptime) = (app.db.engine(), app.stopwatch.elapsed(app.started));
    context
        .read(move |connection| {
            let totals = tenant_summaries::totals(connection)?;
            let busiest: Vec<_> = audit::busiest(connection, BUSIEST_TENANTS)?.into_iter().map(|(id, _)| id).collect();
            let failed = AuditFilter { outcome: Some(AuditOutcome::Failed), ..AuditFilter::default() };
            let refusals = audit::slice(connection, None, &failed, None, AuditCursor::NEWEST, LATEST_REFUSALS)?.items;
            Ok(Overview {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                engine: engine.as_str().to_owned(),
                database_bytes: installation::database_size(connection)?,
                uptime_seconds: uptime.as_secs(),
                now,
                tenants: totals.tenants,
                users: totals.users,
                credentials: totals.credentials,
                activity: points(days, &activity),
                counted_at,
                busiest: tenant_summaries::of(connection, &busiest, week)?,
                latest_refusals: Log::All.named(connection, refusals)?,
            })
        })
        .await
}

pub async fn tenants(context: &AdminContext, query: TenantQuery) -> Result<TenantSummaryPage, ServiceError> {
    let week = last_days(context.app.clock.now(), WEEK);
    let scope = context.scope.clone();
    context
        .read(move |connection| {
            let page = tenant_summaries::page(connection, &query, scope.as_deref(), week)?;
            let items = tenant_summaries::of(connection, &page.ids, week)?;
            let order = TenantQuery::order_name(query.sort, query.order);
            let next = page.next.map(|cursor| cursor.encode_in(&order));
            Ok(TenantSummaryPage { items, total: page.total, next })
        })
        .await
}

/// Returns a tenant's summary with the activity of the last `days` days.
pub async fn tenant(context: &AdminContext, id: TenantId, days: u32) -> Result<TenantOverview, ServiceError> {
    let now = context.app.clock.now();
    let (days, week) = (last_days(now, days), last_days(now, WEEK));
    context
        .read(move |connection| {
            find_tenant(connection, id)?;
            let activity = points(days, &audit_counts::activity_by_day(connection, id, days)?);
            let summary = tenant_summaries::of(connection, &[id], week)?.pop();
            let summary = summary.ok_or_else(|| DbError::Corrupt("a tenant has no summary".to_owned()))?;
            Ok(TenantOverview { summary, activity })
        })
        .await
}
