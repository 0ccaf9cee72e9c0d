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

use super::{client::Api, error::ApiError};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantQuery {
    pub text: Option<String>,
    pub page: PageRequest,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantSummaryQuery {
    pub text: Option<String>,
    pub sort: Option<TenantSort>,
    pub order: Option<Order>,
    /// Cursor: `next` of the previous page.
    pub after: Option<String>,
    /// Page size, 1 to 200.
    pub limit: Option<u32>,
}

impl Api {
    /// `GET /tenants`: ids and names.
    pub async fn tenants(&self, query: &TenantQuery) -> Result<Page<TenantItem>, ApiError> {
        self.get(&["tenants"])
            .optional_param("q", query.text.as_deref())
            .param("page", query.page.page)
            .param("per_page", query.page.per_page)
            .page()
            .await
    }

    /// `GET /tenant_summaries`: a page of tenants with counts and activity.
    pub async fn tenant_summaries(&self, query: &TenantSummaryQuery) -> Result<TenantSummaryPage, ApiError> {
        self.get(&["tenant_summaries"])
            .optional_param("q", query.text.as_deref())
            .optional_param("sort", query.sort)
            .optional_param("order", query.order)
            .optional_param("after", query.after.as_deref())
            .optional_param("limit", query.limit)
            .json()
            .await
    }

    /// `GET /tenants/{id}/summary`: summary of a tenant, with the activity of the last `days` (1 to 90).
    pub async fn tenant_overview(&self, id: TenantId, days: u32) -> Result<TenantOverview, ApiError> {
        self.get(&["tenants", &id.to_string(), "summary"]).param("days", days).json().await
    }

    pub async fn tenant(&self, id: TenantId) -> Result<TenantDetail, ApiError> {
        self.get(&["tenants", &id.to_string()]).json().await
    }

    pub async fn create_tenant(&self, request: &CreateTenantRequest) -> Result<CreatedTenant, ApiError> {
        self.request(Method::POST, &["tenants"]).body(request)?.json().await
    }

    pub async fn rename_tenant(&self, id: TenantId, display_name: &str) -> Result<(), ApiError> {
        let request = UpdateTenantRequest { display_name: Some(display_name.to_owned()) };
        self.request(Method::PUT, &["tenants", &id.to_string()]).body(&request)?.no_content().await
    }

    /// `DELETE /tenants/{id}`: deletes the tenant and all its data.
    pub async fn delete_tenant(&self, id: TenantId) -> Result<(), ApiError> {
        self.delete(&["tenants", &id.to_string()]).no_content().await
    }

    /// `PUT /tenants/{id}/config`: replaces the configuration. Without `mfa`, that part is unchanged.
    pub async fn configure_tenant(&self, id: TenantId, config: &TenantConfig) -> Result<(), ApiError> {
        self.request(Method::PUT, &["tenants", &id.to_string(), "config"]).body(config)?.no_content().await
    }

    /// `POST /config/check`: returns all validation errors of a configuration, which may be any JSON.
    pub async fn check_config(&self, config: &impl Serialize) -> Result<ConfigCheck, ApiError> {
        self.request(Method::POST, &["config", "check"]).body(config)?.json().await
    }
}
