//! Tenants and their configuration.

use doorward_shared::{
    TenantId,
    admin::{
        ConfigCheck, CreateTenantRequest, CreatedTenant, TenantDetail, TenantItem, TenantOverview, TenantSort,
        TenantSummaryPage, UpdateTenantRequest,
    },
    config::TenantConfig,
    page::{Order, Page, PageRequest},
};
use reqwest::Method;
use serde::Serialize;

use super::{Api, ApiError};

/// Which tenants a list of ids and names shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantQuery {
    /// Part of a name or id.
    pub text: Option<String>,
    /// Which page.
    pub page: PageRequest,
}

/// Which tenants a list of summaries shows, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantSummaryQuery {
    /// Part of a name or id.
    pub text: Option<String>,
    /// By what they are sorted.
    pub sort: Option<TenantSort>,
    /// In which direction.
    pub order: Option<Order>,
    /// `next` of the page before.
    pub after: Option<String>,
    /// Rows on the page, 1 to 200.
    pub limit: Option<u32>,
}

impl Api {
    /// `GET /tenants`: ids and names.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn tenants(&self, query: &TenantQuery) -> Result<Page<TenantItem>, ApiError> {
        self.read(&["tenants"])
            .maybe("q", query.text.as_deref())
            .with("page", query.page.page)
            .with("per_page", query.page.per_page)
            .page()
            .await
    }

    /// `GET /tenant_summaries`: with counts and activity, page by page.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn tenant_summaries(&self, query: &TenantSummaryQuery) -> Result<TenantSummaryPage, ApiError> {
        self.read(&["tenant_summaries"])
            .maybe("q", query.text.as_deref())
            .maybe("sort", query.sort)
            .maybe("order", query.order)
            .maybe("after", query.after.as_deref())
            .maybe("limit", query.limit)
            .answer()
            .await
    }

    /// `GET /tenants/{id}/summary`: a tenant at a glance, with the activity of the last `days` (1 to 90).
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn tenant_overview(&self, id: TenantId, days: u32) -> Result<TenantOverview, ApiError> {
        self.read(&["tenants", &id.to_string(), "summary"]).with("days", days).answer().await
    }

    /// `GET /tenants/{id}`: name and configuration.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn tenant(&self, id: TenantId) -> Result<TenantDetail, ApiError> {
        self.read(&["tenants", &id.to_string()]).answer().await
    }

    /// `POST /tenants`.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn create_tenant(&self, request: &CreateTenantRequest) -> Result<CreatedTenant, ApiError> {
        self.call(Method::POST, &["tenants"]).json(request)?.answer().await
    }

    /// `PUT /tenants/{id}`: gives it another name.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn rename_tenant(&self, id: TenantId, display_name: &str) -> Result<(), ApiError> {
        let request = UpdateTenantRequest { display_name: Some(display_name.to_owned()) };
        self.call(Method::PUT, &["tenants", &id.to_string()]).json(&request)?.done().await
    }

    /// `DELETE /tenants/{id}`: with its users, credentials, keys and audit log.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete_tenant(&self, id: TenantId) -> Result<(), ApiError> {
        self.delete(&["tenants", &id.to_string()]).done().await
    }

    /// `PUT /tenants/{id}/config`: replaces the configuration; without `mfa`, the present values of that part stay.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn configure_tenant(&self, id: TenantId, config: &TenantConfig) -> Result<(), ApiError> {
        self.call(Method::PUT, &["tenants", &id.to_string(), "config"]).json(config)?.done().await
    }

    /// `POST /config/check`: everything that would be refused about a configuration, or about JSON that may be none.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn check_config(&self, config: &impl Serialize) -> Result<ConfigCheck, ApiError> {
        self.call(Method::POST, &["config", "check"]).json(config)?.answer().await
    }
}
