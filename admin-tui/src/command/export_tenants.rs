//! `doorward-admin export`: all tenants in the format that `apply` reads.

use doorward_shared::admin::TenantDetail;
use serde_json::{Map, Value};

use super::{all_tenants, context::CommandContext, error::CommandError, toml_text};

const HEADER: &str =
    "# Tenants of a Doorward installation, without secrets. `doorward-admin apply -f FILE` reads this file.\n";

/// Prints all tenants, sorted by id.
pub(super) async fn run(context: &CommandContext) -> Result<(), CommandError> {
    let mut ids: Vec<_> = all_tenants::list(context).await?.iter().map(|summary| summary.tenant.id).collect();
    ids.sort_unstable();
    let tenants = all_tenants::details(context, ids).await?;
    let tenants: Vec<_> = tenants.iter().map(|tenant| document(&tenant.tenant)).collect::<Result<_, _>>()?;
    if context.output.json {
        return context.output.json(&serde_json::json!({ "tenant": tenants }));
    }
    let text =
        tenants.iter().fold(HEADER.to_owned(), |text, tenant| text + "\n" + &toml_text::array_item("tenant", tenant));
    context.output.bytes(text.as_bytes())?;
    context.output.flush()
}

/// Returns the content of a tenant's `[[tenant]]` table in the TOML output, or of its object in the JSON output.
fn document(tenant: &TenantDetail) -> Result<Map<String, Value>, CommandError> {
    let mut members = Map::new();
    members.insert("id".to_owned(), tenant.id.to_string().into());
    members.insert("display_name".to_owned(), tenant.display_name.clone().into());
    if tenant.disabled_at.is_some() {
        members.insert("disabled".to_owned(), true.into());
    }
    members.insert("config".to_owned(), serde_json::to_value(&tenant.config)?);
    Ok(members)
}
