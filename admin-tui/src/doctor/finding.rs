//! Findings, and the commands that fix or examine the problems.

use doorward_shared::TenantId;
use serde::Serialize;

use super::{Program, shell};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The problem causes refusals of users or clients.
    Error,
    /// The problem causes refusals in some situations, or will cause refusals later.
    Warning,
    Info,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    /// Stable name of the kind of finding.
    pub name: &'static str,
    /// Description of the problem, with the values that it concerns.
    pub message: String,
    /// Shell command that fixes the problem or shows details of it; `None` if there is no such command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl Finding {
    pub(super) const fn new(severity: Severity, name: &'static str, message: String, command: Option<String>) -> Self {
        Self { severity, name, message, command }
    }
}

/// Returns the command that changes a tenant's configuration with a jq expression.
pub(super) fn change_config(program: &Program, tenant: TenantId, expression: &str) -> String {
    format!("{} | {program} tenant config set {tenant} -", show_config(program, tenant, expression))
}

/// Returns the command that prints the part of a tenant's configuration that a jq expression selects.
pub(super) fn show_config(program: &Program, tenant: TenantId, expression: &str) -> String {
    format!("{program} tenant config get {tenant} | jq {}", shell::quoted(expression))
}
