//! The commands of the `doorward` binary.

mod admin_call;
mod administer;
pub mod args;
mod check;
mod error;
pub mod expiry;
mod output;
mod probe;
mod quickstart;
mod serve;
mod start;
mod storage;

use std::{io::IsTerminal as _, process::ExitCode};

use clap::Parser as _;
use doorward_shared::Timestamp;

use self::args::{AdminArgs, AdminTokenCommand, ApiKeyCommand, ApiName, Cli, Command, TenantCommand, TenantDeleteArgs};
pub use self::error::CliError;
use crate::{
    http::openapi::{self, Api},
    service::admin::AdminContext,
};

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&CliError::new(format!("cannot start threads: {error}"))),
    };
    match runtime.block_on(run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

fn report(error: &CliError) -> ExitCode {
    if !error.message.is_empty() {
        eprintln!("doorward: {}", error.message);
    }
    ExitCode::from(error.code)
}

async fn run(command: Command) -> Result<(), CliError> {
    match command {
        Command::Serve(args) => serve::run(&start::settings(&args.flags())?).await,
        Command::Quickstart(args) => {
            let demo = quickstart::Demo { addr: args.demo_addr, json: args.json };
            quickstart::run(&start::settings(&args.flags())?, demo).await
        }
        Command::Probe(args) => probe::run(args).await,
        Command::Migrate(args) => check::migrate(&args).await,
        Command::MigrateStorage(args) => storage::migrate(args).await,
        Command::Tenant(command) => tenant(command).await,
        Command::ApiKey(command) => api_key(command).await,
        Command::AdminToken(command) => admin_token(command).await,
        Command::CheckConfig(args) => check::config(&args),
        Command::Openapi(args) => output::line(openapi::document(match args.api {
            ApiName::Public => Api::Public,
            ApiName::Admin => Api::Admin,
        })),
        Command::Version(args) => check::version(args.json),
    }
}

async fn tenant(command: TenantCommand) -> Result<(), CliError> {
    match command {
        TenantCommand::Create(args) => {
            let is_web = |origin: &&String| origin.contains("://");
            let cors_origins = match args.cors_origins.is_empty() {
                true => args.origins.iter().filter(is_web).cloned().collect(),
                false => args.cors_origins,
            };
            let new = administer::NewTenant {
                cors_origins,
                name: args.name,
                rp_id: args.rp_id,
                origins: args.origins,
                api_key: args.api_key,
            };
            administer::create_tenant(&open(&args.admin).await?, new, args.admin.json).await
        }
        TenantCommand::List(args) => administer::list_tenants(&open(&args).await?, args.json).await,
        TenantCommand::Delete(args) => {
            confirm(&args)?;
            administer::delete_tenant(&open(&args.admin).await?, args.tenant, args.admin.json).await
        }
    }
}

/// Asks the user to type the tenant's id, unless `--yes` is given.
fn confirm(args: &TenantDeleteArgs) -> Result<(), CliError> {
    if args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::usage(
            "deleting a tenant also deletes its users and their credentials; add --yes to confirm",
        ));
    }
    eprint!("This deletes the tenant with all its users, credentials and audit entries. Type its id to continue: ");
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(|error| CliError::new(error.to_string()))?;
    if typed.trim() == args.tenant.to_string() { Ok(()) } else { Err(CliError::new("nothing was deleted")) }
}

async fn api_key(command: ApiKeyCommand) -> Result<(), CliError> {
    match command {
        ApiKeyCommand::Create(args) => {
            let call = open(&args.admin).await?;
            let expires = expires(&call, args.expires)?;
            administer::create_api_key(&call, args.tenant, args.name, expires, args.admin.json).await
        }
        ApiKeyCommand::List(args) => {
            administer::list_api_keys(&open(&args.admin).await?, args.tenant, args.admin.json).await
        }
        ApiKeyCommand::Revoke(args) => {
            administer::revoke_api_key(&open(&args.admin).await?, args.tenant, args.key, args.admin.json).await
        }
    }
}

async fn admin_token(command: AdminTokenCommand) -> Result<(), CliError> {
    match command {
        AdminTokenCommand::Create(args) => {
            let call = open(&args.admin).await?;
            let expires = expires(&call, args.expires)?;
            administer::create_admin_token(&call, args.name, args.role, expires, args.admin.json).await
        }
        AdminTokenCommand::List(args) => administer::list_admin_tokens(&open(&args).await?, args.json).await,
        AdminTokenCommand::Revoke(args) => {
            administer::revoke_admin_token(&open(&args.admin).await?, args.token, args.admin.json).await
        }
    }
}

async fn open(args: &AdminArgs) -> Result<AdminContext, CliError> {
    admin_call::open(&start::settings(&args.installation.flags())?).await
}

fn expires(call: &AdminContext, expiry: Option<expiry::Expiry>) -> Result<Option<Timestamp>, CliError> {
    let resolve = |expiry: expiry::Expiry| expiry.resolve(call.app.clock.now());
    expiry.map(resolve).transpose().map_err(|error| CliError::usage(format!("--expires: {error}")))
}
