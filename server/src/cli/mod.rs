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

use std::{process::ExitCode, time::Duration};

use doorward_shared::command_line::{json_requested, parse_arguments};
use tokio::runtime::Runtime;

pub use self::error::CliError;
use self::{
    args::{
        AdminTokenCommand, ApiKeyCommand, ApiName, Cli, Command, ImportCommand, MasterKeyCommand, MdsCommand,
        SigningKeyCommand, TenantCommand,
    },
    disabling::State,
};
use crate::http::openapi::{self, Api};

/// Maximum time to wait for threads of the runtime after a command has ended.
const MAX_END_TIME: Duration = Duration::from_secs(1);

pub fn main() -> ExitCode {
    let cli: Cli = parse_arguments();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&CliError::new(format!("cannot start threads: {error}"))),
    };
    match run_on(runtime, run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

/// Runs a command. Then waits at most [`MAX_END_TIME`] for threads that still run, such as one that looks up a host
/// name.
fn run_on<T>(runtime: Runtime, command: impl Future<Output = T>) -> T {
    let outcome = runtime.block_on(command);
    runtime.shutdown_timeout(MAX_END_TIME);
    outcome
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
        Command::Openapi(args) => {
            let api = match args.api {
                ApiName::Public => Api::Public,
                ApiName::Admin => Api::Admin,
            };
            output::line(openapi::document(api).trim_end())
        }
        Command::Completions(args) => documentation::completions(args),
        Command::Man(args) => documentation::man(&args),
        Command::Version(args) => check::version(args.json),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn hanging_thread_does_not_prevent_a_command_from_ending() {
        let (end, ended) = mpsc::channel::<()>();
        let (done, is_done) = mpsc::channel();
        let command = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
            run_on(runtime, async { drop(tokio::task::spawn_blocking(move || ended.recv())) });
            done.send(()).unwrap();
        });
        is_done.recv_timeout(Duration::from_secs(20)).expect("the command ends");
        drop(end);
        command.join().unwrap();
    }
}
