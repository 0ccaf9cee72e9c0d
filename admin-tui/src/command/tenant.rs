//! Finds a tenant by its id or unique name.

use doorward_shared::{TenantId, admin::TenantItem, page::PageRequest};

use super::error::CommandError;
use crate::{
    api::{Api, TenantQuery},
    sanitize::sanitize,
};

const MAX_PAGES: u32 = 20;

/// Returns the id of the tenant. A text that is not an id must be the exact name of one tenant.
pub(super) async fn find(api: &Api, id_or_name: &str) -> Result<TenantId, CommandError> {
    if let Ok(id) = id_or_name.parse() {
        return Ok(id);
    }
    let (exact, similar) = search(api, id_or_name).await?;
    match (exact.as_slice(), similar.as_slice()) {
        ([tenant], _) => Ok(tenant.id),
        ([], []) => Err(CommandError::failed(format!("no tenant has the id or name {id_or_name:?}"))),
        ([], similar) => Err(CommandError::failed(format!(
            "no tenant has the name {id_or_name:?}; similar names:{}",
            lines(similar)
        ))),
        (several, _) => Err(CommandError::usage(format!(
            "{} tenants have the name {id_or_name:?}; use an id:{}",
            several.len(),
            lines(several)
        ))),
    }
}

/// Returns the tenants with exactly this name, and the others whose name or id contains it.
async fn search(api: &Api, text: &str) -> Result<(Vec<TenantItem>, Vec<TenantItem>), CommandError> {
    let mut all = Vec::new();
    for page in 1..=MAX_PAGES {
        let page = PageRequest { page, per_page: PageRequest::MAX_PER_PAGE };
        let tenants = api.tenants(&TenantQuery { text: Some(text.to_owned()), page }).await?;
        all.extend(tenants.items);
        if u64::from(page.page) * u64::from(page.per_page) >= tenants.total {
            return Ok(all.into_iter().partition(|tenant| tenant.display_name == text));
        }
    }
    Err(CommandError::usage(format!("too many tenants have {text:?} in their name; use an id")))
}

/// Formats the first tenants, each on a line of its own.
fn lines(tenants: &[TenantItem]) -> String {
    let line = |tenant: &TenantItem| format!("\n  {}  {}", tenant.id, sanitize(&tenant.display_name));
    tenants.iter().take(5).map(line).collect()
}
