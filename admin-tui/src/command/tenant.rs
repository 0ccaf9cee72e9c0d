//! Which tenant a command is about: by id, or by a name that only one has.

use doorward_shared::{TenantId, admin::TenantItem, page::PageRequest};

use super::Failed;
use crate::{
    api::{Api, TenantQuery},
    escape::visible,
};

/// The most tenants that are looked through for a name.
const MOST_PAGES: u32 = 20;

/// Tenants of exactly this name, and others whose name or id contains it.
async fn search(api: &Api, text: &str) -> Result<(Vec<TenantItem>, Vec<TenantItem>), Failed> {
    let mut all = Vec::new();
    for page in 1..=MOST_PAGES {
        let page = PageRequest { page, per_page: PageRequest::MAX_PER_PAGE };
        let tenants = api.tenants(&TenantQuery { text: Some(text.to_owned()), page }).await?;
        all.extend(tenants.items);
        if u64::from(page.page) * u64::from(page.per_page) >= tenants.total {
            return Ok(all.into_iter().partition(|tenant| tenant.display_name == text));
        }
    }
    Err(Failed::usage(format!("so many tenants have {text:?} in their names that an id is needed")))
}

/// The tenant's id.
pub(super) async fn find(api: &Api, text: &str) -> Result<TenantId, Failed> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let (found, near) = search(api, text).await?;
    let listed = |tenants: &[TenantItem]| {
        let line = |tenant: &TenantItem| format!("\n  {}  {}", tenant.id, visible(&tenant.display_name));
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
