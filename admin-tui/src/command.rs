//! The subcommands. Each one sends requests to the server and prints a human-readable table, or JSON for scripts.

mod activity;
mod all_tenants;
mod apply;
mod audit;
mod audit_table;
mod config;
mod confirm;
mod context;
mod disabling;
mod doctor;
mod documentation;
mod draft;
mod error;
mod explain;
mod export;
mod export_tenants;
mod follow;
mod input;
mod output;
mod output_closed;
mod overview;
mod pages;
mod secrets;
mod status;
mod table;
mod tenant_table;
mod tenants;
mod toml_text;
mod trust;
mod trust_impact;
mod users;

pub use context::CliContext;
pub use error::CommandError;

use std::{process::ExitCode, sync::Arc};

use crate::{
    api::Api,
    args::Command,
    connection::{self, Connection},
    request::ConnectedServer,
    terminal::{self, Appearance},
};
use context::{CommandContext, connect};
use output::Output;

pub async fn interactive(cli: CliContext) -> Result<(), CommandError> {
    let (connection, api) = connect(&cli)?;
    let contexts = connection::contexts(&cli.flags, &cli.environment)?;
    let settings = connection::settings(&cli.flags, &cli.environment)?;
    let appearance = Appearance {
        theme: connection::theme(&cli.flags, &cli.environment)?,
        theme_file: cli.environment.theme_file(),
    };
    let switch = |profile: &str| {
        let connection = connection::resolve_context(&cli.flags, &cli.environment, profile);
        let connection = connection.map_err(|error| error.to_string())?;
        let api = Api::new(connection.endpoint.clone()).map_err(|error| error.to_string())?;
        Ok(connected(connection, api))
    };
    let shown = terminal::show(connected(connection, api), contexts, settings, appearance, switch).await;
    shown.map_err(|error| CommandError::failed(error.to_string()))
}

fn connected(connection: Connection, api: Api) -> ConnectedServer<Api> {
    ConnectedServer {
        api: Arc::new(api),
        address: connection.endpoint.url.as_str().trim_end_matches('/').to_owned(),
        profile: connection.label,
        warnings: connection.warnings.iter().map(ToString::to_string).collect(),
    }
}

pub async fn run(command: Command, cli: CliContext) -> Result<(), CommandError> {
    let output = Output::new(cli.json);
    match command {
        Command::Completions(args) => return documentation::completions(output, args),
        Command::Man(args) => return documentation::man(output, &args),
        Command::Version => return status::version(output),
        _ => {}
    }
    let context = CommandContext::new(&cli)?;
    let result = dispatch(&context, command).await;
    result.map_err(|error| error.with_start_hint(&context.connection))
}

/// Prints an error to standard error and returns the exit code.
pub fn report(error: &CommandError, json: bool) -> ExitCode {
    Output::new(json).error(error);
    ExitCode::from(error.exit_code())
}

async fn dispatch(context: &CommandContext, command: Command) -> Result<(), CommandError> {
    match command {
        Command::Tenant(command) => tenants::run(context, command).await,
        Command::ApiKey(command) => secrets::keys(context, command).await,
        Command::SigningKey(command) => secrets::signing_keys(context, command).await,
        Command::User(command) => users::users(context, command).await,
        Command::Credential(command) => users::credentials(context, command).await,
        Command::Transaction(command) => users::transactions(context, command).await,
        Command::Trust(command) => trust::run(context, command).await,
        Command::AdminToken(command) => secrets::tokens(context, command).await,
        Command::Audit(args) => audit::run(context, *args).await,
        Command::Explain(args) => explain::run(context, args).await,
        Command::Doctor(args) => doctor::run(context, args).await,
        Command::Apply(args) => apply::run(context, args).await,
        Command::Export => export_tenants::run(context).await,
        Command::Overview(args) => overview::run(context, args).await,
        Command::Status => status::run(context).await,
        Command::Me => status::me(context).await,
        Command::Metrics => status::metrics(context).await,
        // These commands need no server.
        Command::Completions(args) => documentation::completions(context.output, args),
        Command::Man(args) => documentation::man(context.output, &args),
        Command::Version => status::version(context.output),
    }
}
