//! Context of a subcommand: server, output, current time and editor.

use doorward_shared::{ErrorCode, TenantId, Timestamp};

use super::{error::CommandError, output::Output};
use crate::{
    api::{Api, FoundTenant},
    connection::{self, Connection, Environment, Flags},
};

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

    /// Returns the id of the tenant. A text that is not an id must be the exact name of one tenant.
    pub(super) async fn tenant(&self, id_or_name: &str) -> Result<TenantId, CommandError> {
        let found = self.api.find_tenant(id_or_name).await?;
        let problem = found.problem(id_or_name, "\n  ");
        match found {
            FoundTenant::Id(id) => Ok(id),
            FoundTenant::Unknown(_) => Err(CommandError::with_code(ErrorCode::TenantNotFound, problem)),
            FoundTenant::Ambiguous(_) | FoundTenant::TooMany => Err(CommandError::usage(problem)),
        }
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
