//! Destinations as values: screens and overlays that a screen can open without knowing their types.

use doorward_shared::{AuditId, TenantId};

use super::question::Question;
use crate::{api::AuditQuery, secret::Revealed};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Overview,
    Tenants,
    Audit,
    Tokens,
}

impl Section {
    /// All sections, in the order of the header.
    pub const ALL: [Self; 4] = [Self::Overview, Self::Tenants, Self::Audit, Self::Tokens];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Tenants => "Tenants",
            Self::Audit => "Audit log",
            Self::Tokens => "Admin tokens",
        }
    }

    pub fn route(self) -> Route {
        match self {
            Self::Overview => Route::Overview,
            Self::Tenants => Route::Tenants,
            Self::Audit => Route::audit(AuditQuery::default(), None),
            Self::Tokens => Route::Tokens,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    Overview,
    Tenants,
    Tenant {
        id: TenantId,
        /// Its name, as known where it was opened.
        name: String,
    },
    User {
        tenant: TenantId,
        tenant_name: String,
        /// Doorward's id of the user, or the tenant's own.
        id: String,
        name: String,
    },
    Audit {
        query: Box<AuditQuery>,
        /// The tenant's name, for the log of one tenant.
        tenant_name: Option<String>,
        /// The entry to select.
        entry: Option<AuditId>,
    },
    Tokens,
}

impl Route {
    pub fn audit(query: AuditQuery, tenant_name: Option<String>) -> Self {
        Self::Audit { query: Box::new(query), tenant_name, entry: None }
    }

    pub fn tenant_audit(id: TenantId, name: &str) -> Self {
        Self::audit(AuditQuery { tenant: Some(id), ..AuditQuery::default() }, Some(name.to_owned()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialog {
    Form(FormKind),
    Confirm(Question),
    EventTypes(Box<AuditQuery>),
    /// A new secret, which is shown once.
    Secret {
        /// `API key` or `admin token`.
        kind: &'static str,
        revealed: Revealed,
    },
}

/// A form, with what it applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormKind {
    CreateTenant,
    /// Renames a tenant (id and current name).
    RenameTenant(TenantId, String),
    /// Creates an API key of a tenant (id and name).
    CreateApiKey(TenantId, String),
    CreateToken,
    /// Replaces the signing key of a tenant (id and name).
    RotateSigningKey(TenantId, String),
    Export(Box<AuditQuery>),
    Filter(Box<AuditQuery>),
}
