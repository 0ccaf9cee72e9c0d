//! Context of a subcommand: server, output, current time and editor.

use doorward_shared::{ErrorCode, TenantId, Timestamp, admin::TenantItem};

use super::{error::CommandError, output::Output, pages};
use crate::{
    api::{Api, TenantSummaryQuery},
    connection::{self, Connection, Environment, Flags},
    sanitize::sanitize,
};

/// Maximum number of tenants whose names contain the text of a search.
const MAX_FOUND: usize = 10_000;

#[derive(Debug, Clone)]
pub struct CliContext {
    pub json: bool,
    pub flags: Flags,
    pub environment: Environment,
    pub now: fn() -> Timestamp,
}

pub(super) struct CommandContext {
    pub(super) api: Api,
    pub(super) connection: Connection,
    pub(super) output: Output,
    pub(super) now: Timestamp,
    /// Shell command that starts the user's editor.
    pub(super) editor: String,
}

impl CommandContext {
    pub(super) fn new(cli: &CliContext) -> Result<Self, CommandError> {
        let (connection, api) = connect(cli)?;
        let editor = cli.environment.get("VISUAL").or_else(|| cli.environment.get("EDITOR")).unwrap_or("vi").to_owned();
        Ok(Self { api, connection, output: Output::new(cli.json), now: (cli.now)(), editor })
    }

    pub(super) async fn tenant(&self, id_or_name: &str) -> Result<TenantId, CommandError> {
        find_tenant(&self.api, id_or_name).await
    }
}

/// Resolves the server, prints security warnings and creates the client.
pub(super) fn connect(cli: &CliContext) -> Result<(Connection, Api), CommandError> {
    let connection = connection::resolve(&cli.flags, &cli.environment)?;
    for warning in &connection.warnings {
        Output::new(cli.json).notice(&format!("warning: {warning}"));
    }
    let api = Api::new(connection.endpoint.clone())?;
    Ok((connection, api))
}

/// Returns the id of the tenant. A text that is not an id must be the exact name of one tenant.
async fn find_tenant(api: &Api, id_or_name: &str) -> Result<TenantId, CommandError> {
    if let Ok(id) = id_or_name.parse() {
        return Ok(id);
    }
    let (exact, similar) = search(api, id_or_name).await?;
    match (exact.as_slice(), similar.as_slice()) {
        ([tenant], _) => Ok(tenant.id),
        ([], []) => Err(not_found(format!("no tenant has the id or name {id_or_name:?}"))),
        ([], similar) => {
            Err(not_found(format!("no tenant has the name {id_or_name:?}; similar names:{}", lines(similar))))
        }
        (several, _) => Err(CommandError::usage(format!(
            "{} tenants have the name {id_or_name:?}; use an id:{}",
            several.len(),
            lines(several)
        ))),
    }
}

fn not_found(message: String) -> CommandError {
    CommandError::with_code(ErrorCode::TenantNotFound, message)
}

/// Returns the tenants with exactly this name, and the other tenants whose name or id contains it.
async fn search(api: &Api, text: &str) -> Result<(Vec<TenantItem>, Vec<TenantItem>), CommandError> {
    let found = pages::collect(Some(MAX_FOUND), async |after, limit| {
        let query = TenantSummaryQuery {
            text: Some(text.to_owned()),
            after,
            limit: Some(limit),
            ..TenantSummaryQuery::default()
        };
        let page = api.tenant_summaries(&query).await?;
        Ok((page.items.into_iter().map(|summary| summary.tenant).collect(), page.next))
    })
    .await?;
    if found.len() == MAX_FOUND {
        return Err(CommandError::usage(format!("too many tenants have {text:?} in their name; use an id")));
    }
    Ok(found.into_iter().partition(|tenant: &TenantItem| tenant.display_name == text))
}

fn lines(tenants: &[TenantItem]) -> String {
    let line = |tenant: &TenantItem| format!("\n  {}  {}", tenant.id, sanitize(&tenant.display_name));
    tenants.iter().take(5).map(line).collect()
}
