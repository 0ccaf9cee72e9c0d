//! Lists of tenants and audit logs, with their filters.

use super::*;

pub(super) fn tenants(world: &World, query: &TenantSummaryQuery) -> TenantSummaryPage {
    let text = query.text.clone().unwrap_or_default().to_lowercase();
    let mut found: Vec<_> = world
        .tenants
        .iter()
        .map(|it| it.summary.clone())
        .filter(|it| world.own_tenants.as_ref().is_none_or(|own| own.contains(&it.tenant.id)))
        .filter(|it| it.tenant.display_name.to_lowercase().contains(&text) || it.rp_id.contains(&text))
        .collect();
    match query.sort.unwrap_or(TenantSort::Name) {
        TenantSort::Name => found.sort_by(|a, b| a.tenant.display_name.cmp(&b.tenant.display_name)),
        TenantSort::RpId => found.sort_by(|a, b| a.rp_id.cmp(&b.rp_id)),
        TenantSort::Created => found.sort_by_key(|it| it.created_at),
        TenantSort::Activity => found.sort_by_key(|it| it.last_activity),
        TenantSort::Users => found.sort_by_key(|it| it.users),
        TenantSort::ApiKeys => found.sort_by_key(|it| it.api_keys),
        TenantSort::Succeeded => found.sort_by_key(|it| it.succeeded),
        TenantSort::Refused => found.sort_by_key(|it| it.refused),
    }
    if query.order == Some(Order::Descending) {
        found.reverse();
    }
    let total = u64::try_from(found.len()).unwrap();
    let (items, next) = page(found, query.after.as_deref(), query.limit);
    TenantSummaryPage { items, total, next }
}

/// Returns the page after a cursor, and the cursor of the next page. A cursor is the number of rows before the page.
pub(super) fn page<T>(rows: Vec<T>, after: Option<&str>, limit: Option<u32>) -> (Vec<T>, Option<String>) {
    let from: usize = after.map_or(0, |after| after.parse().unwrap());
    let limit = usize::try_from(limit.unwrap_or(50)).unwrap();
    let next = (from + limit < rows.len()).then(|| (from + limit).to_string());
    (rows.into_iter().skip(from).take(limit).collect(), next)
}

pub(super) fn matches(query: &AuditQuery, row: &AdminAuditLogItem) -> bool {
    let entry = &row.entry;
    let part = |wanted: &Option<String>, text: &str| wanted.as_ref().is_none_or(|wanted| text.contains(wanted));
    let actor = entry.actor_user_id.as_deref().unwrap_or_default();
    query.tenant.is_none_or(|id| id == entry.tenant_id)
        && (query.kinds.is_empty() || query.kinds.contains(&entry.kind))
        && query.outcome.is_none_or(|outcome| (outcome == AuditOutcome::Failed) == entry.kind.is_failure())
        && part(&query.actor, actor)
        && part(&query.source_ip, &entry.meta_source_ip)
        && (part(&query.text, actor) || part(&query.text, &entry.meta_source_ip))
        && query.start.is_none_or(|start| entry.created_at >= start)
        && query.end.is_none_or(|end| entry.created_at < end)
        && matches_exact(query, entry)
}

/// Returns whether an entry passes all exact filters: for each, it has one of the accepted values and no excluded one.
fn matches_exact(query: &AuditQuery, entry: &AuditLogItem) -> bool {
    let has = |name: &str, value: &str| match name {
        "actor" => entry.actor_user_id.as_deref() == Some(value),
        "source_ip" => entry.meta_source_ip == value,
        "error_code" => entry.error_code.as_deref() == Some(value),
        "request_id" => entry.meta_http_request_id == value,
        "credential_id" => entry.credential_id.as_deref() == Some(value),
        "transaction_id" => entry.transaction_id.as_deref() == Some(value),
        "api_key_id" => entry.api_key_id.is_some_and(|id| id.to_string() == value),
        "type" => entry.kind.as_str() == value,
        "outcome" => (value == "failed") == entry.kind.is_failure(),
        _ => panic!("unknown filter {name}"),
    };
    query.exact.iter().all(|(name, value)| match name.strip_prefix("not_") {
        Some(name) => !has(name, value),
        None => query.exact.iter().any(|(other, value)| other == name && has(name, value)),
    })
}

/// Returns a page of audit entries. A request with filters examines at most [`EXAMINED`] entries.
pub(super) fn audit(world: &World, query: &AuditQuery, at: AuditPosition) -> AuditPage {
    let log = world.audit.iter().filter(|row| query.tenant.is_none_or(|id| id == row.entry.tenant_id));
    let mut range: Vec<_> = match at {
        AuditPosition::Newest => log.rev().collect(),
        AuditPosition::Before(id) => log.rev().filter(|row| row.entry.id < id).collect(),
        AuditPosition::After(id) => log.filter(|row| row.entry.id > id).collect(),
    };
    let mut next = None;
    if !query.is_everything() && range.len() > EXAMINED {
        range.truncate(EXAMINED);
        next = range.last().map(|row| row.entry.id);
    }
    let mut entries: Vec<_> = range.into_iter().filter(|row| matches(query, row)).take(101).cloned().collect();
    if entries.len() > 100 {
        entries.truncate(100);
        next = entries.last().map(|row| row.entry.id);
    }
    AuditPage { entries, next }
}
