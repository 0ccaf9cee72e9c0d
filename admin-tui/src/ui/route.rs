//! Destinations as values: screens and overlays that a screen can open without knowing their types.

use doorward_shared::{AuditId, TenantId};

use super::theme::Tone;
use crate::{
    api::{AuditQuery, UserRef},
    request::BackendRequest,
    secret::Revealed,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Overview,
    Tenants,
    Audit,
    Tokens,
}

impl Section {
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
        /// The name shown on the previous screen; may be outdated.
        name: String,
    },
    /// The configuration of a tenant.
    TenantConfiguration {
        id: TenantId,
        name: String,
    },
    User {
        tenant: TenantId,
        tenant_name: String,
        id: UserRef,
        name: String,
    },
    Audit {
        query: Box<AuditQuery>,
        /// The tenant's name, if this is the log of one tenant.
        tenant_name: Option<String>,
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

/// A form, with the object that it applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormKind {
    CreateTenant,
    /// Renames a tenant (id and current name).
    RenameTenant(TenantId, String),
    /// Creates an API key of a tenant (id and name).
    CreateApiKey(TenantId, String),
    CreateToken,
    RotateSigningKey(TenantId, String),
    Export(Box<AuditQuery>),
    Filter(Box<AuditQuery>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Request {
        call: Box<BackendRequest>,
        done: String,
        /// Whether to leave the screen after success, because the object it shows no longer exists.
        leaves_screen: bool,
    },
    Leave,
    Quit,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub title: String,
    pub verb: &'static str,
    /// Consequences of the action, one per line.
    pub lines: Vec<(Tone, String)>,
    pub destructive: bool,
    /// A name that the user must type to confirm.
    pub typed_name: Option<String>,
    pub action: Action,
}

impl Question {
    pub const fn destructive(title: String, verb: &'static str, lines: Vec<(Tone, String)>, action: Action) -> Self {
        Self { title, verb, lines, destructive: true, typed_name: None, action }
    }

    pub fn destructive_request(
        title: String,
        verb: &'static str,
        lines: Vec<(Tone, String)>,
        call: BackendRequest,
        done: String,
    ) -> Self {
        Self::destructive(title, verb, lines, Action::Request { call: Box::new(call), done, leaves_screen: false })
    }

    /// Leaves the screen after success if `leaves` is true.
    pub fn leaving_screen(mut self, leaves: bool) -> Self {
        if let Action::Request { leaves_screen, .. } = &mut self.action {
            *leaves_screen = leaves;
        }
        self
    }
}
