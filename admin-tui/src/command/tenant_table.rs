//! Columns and rows of tenant summaries.

use doorward_shared::admin::TenantSummary;

use super::{disabling, output::optional_time, table::Column};

pub(super) const COLUMNS: [Column; 10] = [
    Column::new("ID"),
    Column::text("NAME", 10),
    Column::text("RP ID", 10).hide_order(6),
    Column::number("USERS").hide_order(1),
    Column::number("CREDENTIALS").hide_order(4),
    Column::number("KEYS").hide_order(5),
    Column::number("OK 7D").hide_order(3),
    Column::number("REFUSED 7D").hide_order(2),
    Column::new("LAST ACTIVITY").hide_order(3),
    Column::new("STATE"),
];

pub(super) fn row(tenant: &TenantSummary) -> Vec<String> {
    vec![
        tenant.tenant.id.to_string(),
        tenant.tenant.display_name.clone(),
        tenant.rp_id.clone(),
        tenant.users.to_string(),
        tenant.credentials.to_string(),
        tenant.api_keys.to_string(),
        tenant.succeeded.to_string(),
        tenant.refused.to_string(),
        optional_time(tenant.last_activity),
        disabling::word(tenant.tenant.disabled_at),
    ]
}
