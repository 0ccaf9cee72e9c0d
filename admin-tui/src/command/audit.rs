//! `doorward-admin audit`

use doorward_shared::{TenantId, audit::AdminAuditLogItem};

use super::{
    Context, Failed, export, follow,
    output::{maybe, time},
    table::{Column, Table},
    tenant,
};
use crate::{api::AuditQuery, args::audit::AuditArgs};

/// Rows of one answer.
const SLICE: usize = 100;
/// Rows that are shown when nobody says how many.
const USUAL: usize = 20;

pub(super) async fn run(context: &Context, args: AuditArgs) -> Result<(), Failed> {
    let query = query(context, &args).await?;
    if let Some(path) = args.export {
        return export::run(context, &query, export::Wanted { path, format: args.format, force: args.force }).await;
    }
    if args.follow {
        return follow::run(context, query, args.limit).await;
    }
    let rows = newest(context, &query, args.limit.unwrap_or(USUAL)).await?;
    if context.out.json {
        return context.out.value(&rows);
    }
    let one_tenant = query.tenant.is_some();
    let cells: Vec<_> = rows.iter().map(|item| row(item, !one_tenant)).collect();
    context.out.table(&columns(!one_tenant), &cells)
}

async fn query(context: &Context, args: &AuditArgs) -> Result<AuditQuery, Failed> {
    let tenant = match args.tenant.as_deref() {
        None => None,
        Some("installation") => Some(TenantId::INSTALLATION),
        Some(text) => Some(tenant::find(&context.api, text).await?),
    };
    Ok(AuditQuery {
        tenant,
        kinds: args.kinds.clone(),
        outcome: args.outcome,
        actor: args.user.clone(),
        source_ip: args.ip.clone(),
        start: args.since.map(|moment| moment.past(context.now)),
        end: args.until.map(|moment| moment.past(context.now)),
        text: args.text.clone(),
    })
}

/// The newest entries that match, oldest first.
async fn newest(context: &Context, query: &AuditQuery, limit: usize) -> Result<Vec<AdminAuditLogItem>, Failed> {
    let mut rows: Vec<AdminAuditLogItem> = Vec::new();
    while rows.len() < limit {
        let size = (limit - rows.len()).min(SLICE);
        let wanted = u32::try_from(size).unwrap_or(1);
        let found = match rows.last() {
            Some(last) => context.api.audit_before(query, last.entry.id, wanted).await?,
            None => context.api.audit_newest(query, wanted).await?,
        };
        let whole = found.len() >= size;
        rows.extend(found);
        if !whole {
            break;
        }
    }
    rows.reverse();
    Ok(rows)
}

/// The columns of a log; `tenants` when it is not known whose it is.
pub(super) fn columns(tenants: bool) -> Table {
    let (time, kind) = (Column::new("TIME"), Column::new("TYPE"));
    let (actor, ip) = (Column::text("ACTOR", 8), Column::new("IP").spare(1));
    let (error, tenant) = (Column::text("ERROR", 7), Column::text("TENANT", 8).spare(2));
    if tenants {
        Table::new(&[time, kind, actor, error, ip, tenant])
    } else {
        Table::new(&[time, kind, actor, error, ip])
    }
}

/// An entry's cells, with its tenant at the end if that is wanted.
pub(super) fn row(item: &AdminAuditLogItem, tenants: bool) -> Vec<String> {
    let entry = &item.entry;
    let error = entry.error_code.as_deref().or(entry.error.as_deref());
    let tenant = tenants.then(|| match (&item.tenant_name, entry.tenant_id) {
        (Some(name), _) => name.clone(),
        (None, TenantId::INSTALLATION) => "(installation)".to_owned(),
        (None, id) => id.to_string(),
    });
    let cells = [
        time(entry.created_at),
        entry.kind.to_string(),
        maybe(entry.actor_user_id.as_deref()),
        maybe(error),
        entry.meta_source_ip.clone(),
    ];
    cells.into_iter().chain(tenant).collect()
}
