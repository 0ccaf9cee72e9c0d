//! The screens. Each folder holds a screen's state and commands (`mod.rs`) and its drawing (`view.rs`).

pub mod audit;
pub mod config;
mod disabling;
pub mod overview;
mod own_tenants;
mod table_sort;
pub mod tenant;
pub mod tenants;
pub mod tokens;
mod transaction_details;
pub mod user;

use crate::ui::{Page, Route};

pub fn build(route: Route) -> Box<dyn Page> {
    match route {
        Route::Overview => Box::new(overview::Overview::default()),
        Route::Tenants => Box::new(tenants::Tenants::default()),
        Route::Tenant { id, name } => Box::new(tenant::Tenant::new(id, name)),
        Route::TenantConfiguration { id, name } => Box::new(tenant::Tenant::at(id, name, tenant::Tab::Configuration)),
        Route::User { tenant, tenant_name, id, name } => Box::new(user::User::new(tenant, tenant_name, id, name)),
        Route::Audit { query, tenant_name, entry } => Box::new(audit::Audit::new(*query, tenant_name, entry)),
        Route::OwnTenants { section, me } => Box::new(own_tenants::OwnTenants::new(section, *me)),
        Route::Tokens => Box::new(tokens::Tokens::default()),
    }
}
