//! Columns and rows of audit logs.

use doorward_shared::{TenantId, audit::AdminAuditLogItem};

use super::{
    output::{optional, time},
    table::Column,
};

const COLUMNS: [Column; 6] = [
    Column::new("TIME"),
    Column::new("TYPE"),
    Column::text("ACTOR", 8),
    Column::text("ERROR", 7),
    Column::new("IP").hide_order(1),
    Column::text("TENANT", 8).hide_order(2),
];

/// Returns the columns, with the tenant at the end if `with_tenant` is true.
pub(super) fn columns(with_tenant: bool) -> &'static [Column] {
    match COLUMNS.split_last() {
        Some((_, rest)) if !with_tenant => rest,
        _ => &COLUMNS,
    }
}

pub(super) fn row(item: &AdminAuditLogItem, with_tenant: bool) -> Vec<String> {
    let entry = &item.entry;
    let error = entry.error_code.as_deref().or(entry.error.as_deref());
    let tenant = with_tenant.then(|| match (&item.tenant_name, entry.tenant_id) {
        (Some(name), _) => name.clone(),
        (None, TenantId::INSTALLATION) => "(installation)".to_owned(),
        (None, id) => id.to_string(),
    });
    let cells = [
        time(entry.created_at),
        entry.kind.to_string(),
        optional(entry.actor_user_id.as_deref()),
        optional(error),
        entry.meta_source_ip.clone(),
    ];
    cells.into_iter().chain(tenant).collect()
}
