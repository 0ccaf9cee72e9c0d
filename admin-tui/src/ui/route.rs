//! Destinations as values: screens and overlays that a screen can open without knowing their types.

use std::collections::VecDeque;

use doorward_shared::{AuditId, ErrorCode, TenantId, admin::Me, audit::AdminAuditLogItem, counted};

use super::{merge::MergeField, theme::Tone};
use crate::{
    api::{AuditQuery, UserRef},
    effect::RequestId,
    request::BackendRequest,
    secret::Revealed,
    settings::Views,
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
    /// List of a limited token's tenants. It replaces the first screen of a section that the token cannot use.
    OwnTenants {
        section: Section,
        me: Box<Me>,
    },
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
    /// Merges the unsaved changes to a configuration with the changes that another administrator saved.
    Merge(Vec<MergeField>),
    EventTypes(Box<AuditQuery>),
    /// Saved views of audit logs, and the search text that can be saved.
    Views {
        views: Views,
        search: String,
    },
    /// Explains a refusal. If there is a request, its response contains the history of API keys for the explanation.
    Explain(Box<AdminAuditLogItem>, Option<RequestId>),
    /// Findings about a tenant, from the response to the request.
    Doctor {
        tenant_name: String,
        request: RequestId,
    },
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
        /// `true` if the request deletes the object on the screen, so that the app leaves the screen after success.
        leaves_screen: bool,
    },
    /// Closes the screens above a depth.
    Leave(usize),
    Quit,
    /// Switches to the server of a profile.
    Connect(String),
}

/// Requests that revert a change, sent one at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// Each request with the name of the object that it changes.
    pub calls: VecDeque<(String, BackendRequest)>,
    /// Notification after success.
    pub done: String,
}

/// Objects of the same kind, each with the request that changes it.
pub type MarkedObjects = Vec<(String, BackendRequest)>;

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
    /// Name of the object that `action` changes.
    pub object: String,
    /// Further objects and their requests, which are sent one at a time after the request of `action`.
    pub more: MarkedObjects,
    /// Notification after the change was undone; `None` if it cannot be undone.
    pub undone: Option<String>,
    /// Error code and follow-up question. If the server refuses the only remaining request and returns this code, the
    /// follow-up question replaces the current one.
    pub if_refused: Option<(ErrorCode, Box<Question>)>,
}

impl Question {
    pub const fn destructive(title: String, verb: &'static str, lines: Vec<(Tone, String)>, action: Action) -> Self {
        Self {
            title,
            verb,
            lines,
            destructive: true,
            typed_name: None,
            action,
            object: String::new(),
            more: Vec::new(),
            undone: None,
            if_refused: None,
        }
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

    /// Creates one question for an action on several objects, which it lists below `lines`. `verb` names the action in
    /// lower case (`revoke`), and `done` is its past tense (`Revoked`). Returns `None` if there are no objects.
    pub fn bulk(
        (verb, done): (&'static str, &str),
        noun: &str,
        mut lines: Vec<(Tone, String)>,
        objects: MarkedObjects,
    ) -> Option<Self> {
        let count = objects.len();
        let objects_text = counted(count, noun);
        lines.extend(objects.iter().map(|(name, _)| (Tone::Plain, format!("  {name}"))));
        let mut objects = objects.into_iter();
        let (object, first) = objects.next()?;
        let title = format!("{verb} {objects_text}?");
        let title = title.get(..1).unwrap_or_default().to_uppercase() + title.get(1..).unwrap_or_default();
        let question = Self::destructive_request(title, verb, lines, first, format!("{done} {objects_text}"));
        Some(Self { object, more: objects.collect(), ..question })
    }

    /// Sets whether the app leaves the screen after success.
    pub fn leaving_screen(mut self, leaves: bool) -> Self {
        if let Action::Request { leaves_screen, .. } = &mut self.action {
            *leaves_screen = leaves;
        }
        self
    }
}
