//! The commands of the `doorward` binary.

mod admin_call;
mod administer;
pub mod args;
mod backup;
mod certificates;
mod check;
mod connection_limit;
mod demo_file;
mod disabling;
mod documentation;
mod error;
pub mod expiry;
mod export;
mod import;
mod init;
mod master_key;
mod mds;
mod output;
mod probe;
mod probe_plan;
mod process_user;
mod quickstart;
mod serve;
mod signing_key;
mod start;
mod storage;

use std::process::ExitCode;

use doorward_shared::command_line::{json_requested, parse_arguments};

pub use self::error::CliError;
use self::{
    args::{
        AdminTokenCommand, ApiKeyCommand, ApiName, Cli, Command, ImportCommand, MasterKeyCommand, MdsCommand,
        SigningKeyCommand, TenantCommand,
    },
    disabling::State,
};
use crate::http::openapi::{self, Api};

pub fn main() -> ExitCode {
    let cli: Cli = parse_arguments();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&CliError::new(format!("cannot start threads: {error}"))),
    };
    match runtime.block_on(run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

/// Prints an error on standard error and returns its exit code.
fn report(error: &CliError) -> ExitCode {
    if !error.message.is_empty() {
        output::message(&if json_requested() { error.to_json() } else { format!("doorward: {}", error.message) });
    }
    ExitCode::from(error.exit.code())
}

async fn run(command: Command) -> Result<(), CliError> {
    match command {
        Command::Serve(args) => serve::run(&start::settings(&args.flags())?).await,
        Command::Quickstart(args) => {
            let demo = quickstart::Demo { addr: args.demo_addr, json: args.json };
            quickstart::run(&start::settings(&args.flags())?, demo).await
        }
        Command::Probe(args) => probe::run(args).await,
        Command::Init(args) => init::run(&args).await,
        Command::Migrate(args) => check::migrate(&args).await,
        Command::MigrateStorage(args) => storage::migrate(args).await,
        Command::Export(args) => export::run(args).await,
        Command::Import(ImportCommand::Hanko(args)) => import::hanko(args).await,
        Command::Import(ImportCommand::Tenant(args)) => import::tenant(args).await,
        Command::Backup(args) => backup::back_up(args).await,
        Command::Restore(args) => backup::restore(args).await,
        Command::Tenant(TenantCommand::Create(args)) => administer::create_tenant(*args).await,
        Command::Tenant(TenantCommand::List(args)) => administer::list_tenants(args).await,
        Command::Tenant(TenantCommand::Disable(args)) => disabling::set_tenant(args, State::Disabled).await,
        Command::Tenant(TenantCommand::Enable(args)) => disabling::set_tenant(args, State::Enabled).await,
        Command::Tenant(TenantCommand::Delete(args)) => administer::delete_tenant(args).await,
        Command::ApiKey(ApiKeyCommand::Create(args)) => administer::create_api_key(args).await,
        Command::ApiKey(ApiKeyCommand::List(args)) => administer::list_api_keys(args).await,
        Command::ApiKey(ApiKeyCommand::Disable(args)) => disabling::set_api_key(args, State::Disabled).await,
        Command::ApiKey(ApiKeyCommand::Enable(args)) => disabling::set_api_key(args, State::Enabled).await,
        Command::ApiKey(ApiKeyCommand::Revoke(args)) => administer::revoke_api_key(args).await,
        Command::AdminToken(AdminTokenCommand::Create(args)) => administer::create_admin_token(args).await,
        Command::AdminToken(AdminTokenCommand::List(args)) => administer::list_admin_tokens(args).await,
        Command::AdminToken(AdminTokenCommand::Revoke(args)) => administer::revoke_admin_token(args).await,
        Command::SigningKey(SigningKeyCommand::Reset(args)) => signing_key::reset(args).await,
        Command::MasterKey(MasterKeyCommand::Rotate(args)) => master_key::rotate(args).await,
        Command::Mds(MdsCommand::Import(args)) => mds::import(args).await,
        Command::Mds(MdsCommand::Status(args)) => mds::status(args).await,
        Command::CheckConfig(args) => check::config(&args),
        Command::Openapi(args) => output::line(openapi::document(match args.api {
            ApiName::Public => Api::Public,
            ApiName::Admin => Api::Admin,
        })),
        Command::Completions(args) => documentation::completions(args),
        Command::Man(args) => documentation::man(&args),
        Command::Version(args) => check::version(args.json),
    }
}
