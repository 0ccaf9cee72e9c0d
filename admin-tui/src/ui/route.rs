//! Destinations as values: screens and overlays that a screen can open without knowing their types.

use doorward_shared::{AuditId, TenantId};

use super::question::Question;
use crate::{api::AuditQuery, secret::Revealed};

/// A top-level section of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Summary of the installation.
    Overview,
    /// The tenants.
    Tenants,
    /// The audit log of all tenants.
    Audit,
    /// The admin tokens.
    Tokens,
}

impl Section {
    /// All sections, in the order of the header.
    pub const ALL: [Self; 4] = [Self::Overview, Self::Tenants, Self::Audit, Self::Tokens];

    /// Returns the name that the header shows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Tenants => "Tenants",
            Self::Audit => "Audit log",
            Self::Tokens => "Admin tokens",
        }
    }

    /// Returns the section's first screen.
    pub fn route(self) -> Route {
        match self {
            Self::Overview => Route::Overview,
            Self::Tenants => Route::Tenants,
            Self::Audit => Route::audit(AuditQuery::default(), None),
            Self::Tokens => Route::Tokens,
        }
    }
}

/// A screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Summary of the installation.
    Overview,
    /// List of tenants.
    Tenants,
    /// A tenant.
    Tenant {
        /// Its id.
        id: TenantId,
        /// Its name, as known where it was opened.
        name: String,
    },
    /// A user.
    User {
        /// The user's tenant.
        tenant: TenantId,
        /// The tenant's name.
        tenant_name: String,
        /// Doorward's id of the user, or the tenant's own.
        id: String,
        /// The user's name, for the path in the header.
        name: String,
    },
    /// An audit log.
    Audit {
        /// The filters.
        query: Box<AuditQuery>,
        /// The tenant's name, for the log of one tenant.
        tenant_name: Option<String>,
        /// The entry to select.
        entry: Option<AuditId>,
    },
    /// List of admin tokens.
    Tokens,
}

impl Route {
    /// An audit log with filters.
    pub fn audit(query: AuditQuery, tenant_name: Option<String>) -> Self {
        Self::Audit { query: Box::new(query), tenant_name, entry: None }
    }

    /// The audit log of a tenant.
    pub fn tenant_audit(id: TenantId, name: &str) -> Self {
        Self::audit(AuditQuery { tenant: Some(id), ..AuditQuery::default() }, Some(name.to_owned()))
    }
}

/// An overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialog {
    /// A form.
    Form(FormKind),
    /// A question before an important action.
    Confirm(Question),
    /// Choice of audit event types to filter by.
    EventTypes(Box<AuditQuery>),
    /// A new secret, which is shown once.
    Secret {
        /// `API key` or `admin token`.
        kind: &'static str,
        /// The secret.
        revealed: Revealed,
    },
}

/// A form, with what it applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormKind {
    /// Creates a tenant.
    CreateTenant,
    /// Renames a tenant (id and current name).
    RenameTenant(TenantId, String),
    /// Creates an API key of a tenant (id and name).
    CreateApiKey(TenantId, String),
    /// Creates an admin token.
    CreateToken,
    /// Replaces the signing key of a tenant (id and name).
    RotateSigningKey(TenantId, String),
    /// Exports the audit entries that match a query.
    Export(Box<AuditQuery>),
    /// Edits the filters of an audit log.
    Filter(Box<AuditQuery>),
}
