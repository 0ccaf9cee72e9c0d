//! `doorward-admin audit`

use doorward_shared::{TenantId, audit::AdminAuditLogItem};

use super::{audit_table, context::CommandContext, error::CommandError, export, follow};
use crate::{
    api::{AUDIT_PAGE_SIZE, AuditQuery},
    args::audit::AuditArgs,
};

const DEFAULT_LIMIT: usize = 20;

pub(super) async fn run(context: &CommandContext, args: AuditArgs) -> Result<(), CommandError> {
    let query = query(context, &args).await?;
    if let Some(path) = args.export {
        let destination = export::Destination { path, format: args.format, force: args.force };
        return export::run(context, &query, destination).await;
    }
    if args.follow {
        return follow::run(context, query, args.limit).await;
    }
    let entries = newest(context, &query, args.limit.unwrap_or(DEFAULT_LIMIT)).await?;
    let with_tenant = query.tenant.is_none();
    context.output.list(audit_table::columns(with_tenant), &entries, |entry| audit_table::row(entry, with_tenant))
}

async fn query(context: &CommandContext, args: &AuditArgs) -> Result<AuditQuery, CommandError> {
    Ok(AuditQuery {
        tenant: log(context, args.tenant.as_deref()).await?,
        kinds: args.kinds.clone(),
        outcome: args.outcome,
        actor: args.user.clone(),
        source_ip: args.ip.clone(),
        start: args.since.map(|time| time.in_past(context.now)),
        end: args.until.map(|time| time.in_past(context.now)),
        text: args.text.clone(),
        exact: args.exact.params(),
    })
}

/// Returns the id that selects a log: of the tenant with this id or name, or of the installation. `None` selects all
/// logs.
pub(super) async fn log(context: &CommandContext, name: Option<&str>) -> Result<Option<TenantId>, CommandError> {
    Ok(match name {
        None => None,
        Some("installation") => Some(TenantId::INSTALLATION),
        Some(text) => Some(context.tenant(text).await?),
    })
}

/// Returns the newest `limit` matching entries, oldest first.
async fn newest(
    context: &CommandContext,
    query: &AuditQuery,
    limit: usize,
) -> Result<Vec<AdminAuditLogItem>, CommandError> {
    let mut entries: Vec<AdminAuditLogItem> = Vec::new();
    while entries.len() < limit {
        let page_size = u32::try_from(limit - entries.len()).unwrap_or(u32::MAX).min(AUDIT_PAGE_SIZE);
        let page = match entries.last() {
            Some(last) => context.api.audit_before(query, last.entry.id, page_size).await?,
            None => context.api.audit_newest(query, page_size).await?,
        };
        let is_last = page.len() < usize::try_from(page_size).unwrap_or(usize::MAX);
        entries.extend(page);
        if is_last {
            break;
        }
    }
    entries.reverse();
    Ok(entries)
}
