//! Which tenant a command is about: by id, or by a name that only one has.

use doorward_shared::{TenantId, page::PageRequest};

use super::Failed;
use crate::{
    api::{Api, TenantQuery},
    escape::visible,
};

/// The most tenants that are looked through for a name.
const MOST_PAGES: u32 = 20;

/// The tenant's id.
pub(super) async fn find(api: &Api, text: &str) -> Result<TenantId, Failed> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let mut found = Vec::new();
    let mut near = Vec::new();
    for page in 1..=MOST_PAGES {
        let page = PageRequest { page, per_page: PageRequest::MAX_PER_PAGE };
        let tenants = api.tenants(&TenantQuery { text: Some(text.to_owned()), page }).await?;
        let seen = u64::from(page.page) * u64::from(page.per_page);
        for tenant in tenants.items {
            let exact = tenant.display_name == text;
            if exact { found.push(tenant) } else { near.push(tenant) }
        }
        if seen >= tenants.total {
            break;
        }
    }
    let listed = |tenants: &[doorward_shared::admin::TenantItem]| {
        let line = |tenant: &doorward_shared::admin::TenantItem| {
            format!("\n  {}  {}", tenant.id, visible(&tenant.display_name))
        };
        tenants.iter().take(5).map(line).collect::<String>()
    };
    match (found.as_slice(), near.as_slice()) {
        ([tenant], _) => Ok(tenant.id),
        ([], []) => Err(Failed::new(format!("no tenant has the id or name {text:?}"))),
        ([], near) => Err(Failed::new(format!("no tenant has the name {text:?}; alike are:{}", listed(near)))),
        (several, _) => Err(Failed::usage(format!(
            "{} tenants have the name {text:?}; use an id:{}",
            several.len(),
            listed(several)
        ))),
    }
}
