//! Finding tenants by name.

use doorward_shared::{ErrorBody, ErrorCode, TenantId, admin::TenantItem};

use super::{client::Api, endpoints::TenantSummaryQuery, error::ApiError};
use crate::sanitize::sanitize;

/// Maximum number of tenants that are compared with a name.
const MAX_FOUND: usize = 10_000;
const MAX_PAGE_SIZE: u32 = 200;
/// Maximum number of tenants that a message names.
const MAX_NAMED: usize = 5;

/// Result of a search for a tenant by its id or name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundTenant {
    Id(TenantId),
    /// No tenant has the name. Holds the tenants whose name, RP ID or id contains the name as a substring.
    Unknown(Vec<TenantItem>),
    /// These tenants have the same name.
    Ambiguous(Vec<TenantItem>),
    /// Too many tenants match the name as a substring, so their names were not compared.
    TooMany,
}

impl Api {
    /// Returns the tenant with this id or exact name. A text with the form of an id is returned without a request.
    pub async fn find_tenant(&self, id_or_name: &str) -> Result<FoundTenant, ApiError> {
        if let Ok(id) = id_or_name.parse() {
            return Ok(FoundTenant::Id(id));
        }
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let query = TenantSummaryQuery {
                text: Some(id_or_name.to_owned()),
                after,
                limit: Some(MAX_PAGE_SIZE),
                ..TenantSummaryQuery::default()
            };
            let page = self.tenant_summaries(&query).await?;
            found.extend(page.items.into_iter().map(|summary| summary.tenant));
            if found.len() >= MAX_FOUND {
                return Ok(FoundTenant::TooMany);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let (exact, similar): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| it.display_name == id_or_name);
        Ok(match exact.as_slice() {
            [] => FoundTenant::Unknown(similar),
            [tenant] => FoundTenant::Id(tenant.id),
            _ => FoundTenant::Ambiguous(exact),
        })
    }

    /// Returns the ids of the tenants with these ids or exact names. Fails with `tenant_not_found` or
    /// `validation_failed` if one of the texts does not identify exactly one tenant.
    pub(crate) async fn tenant_ids(&self, ids_or_names: &[String]) -> Result<Vec<TenantId>, ApiError> {
        let mut ids = Vec::new();
        for text in ids_or_names {
            let found = self.find_tenant(text).await?;
            match found {
                FoundTenant::Id(id) => ids.push(id),
                other => return Err(other.refusal(text)),
            }
        }
        Ok(ids)
    }
}

impl FoundTenant {
    /// Says why `text` does not identify one tenant, and lists the candidate tenants, each after `separator`.
    pub(crate) fn problem(&self, text: &str, separator: &str) -> String {
        let list = |tenants: &[TenantItem]| -> String {
            let tenant = |it: &TenantItem| format!("{separator}{}  {}", it.id, sanitize(&it.display_name));
            tenants.iter().take(MAX_NAMED).map(tenant).collect()
        };
        match self {
            Self::Id(_) => String::new(),
            Self::Unknown(similar) if similar.is_empty() => format!("no tenant has the id or name {text:?}"),
            Self::Unknown(similar) => format!("no tenant has the name {text:?}; similar names:{}", list(similar)),
            Self::Ambiguous(tenants) => {
                format!("{} tenants have the name {text:?}; use an id:{}", tenants.len(), list(tenants))
            }
            Self::TooMany => format!("too many tenants have {text:?} in their name; use an id"),
        }
    }

    fn refusal(&self, text: &str) -> ApiError {
        let (code, status, hint) = match self {
            Self::Unknown(_) => (ErrorCode::TenantNotFound, 404, "; if its name contains a comma, enter its id"),
            _ => (ErrorCode::ValidationFailed, 400, ""),
        };
        let title = self.problem(text, " ") + hint;
        ApiError::Refused(ErrorBody { title, details: String::new(), status, code })
    }
}
