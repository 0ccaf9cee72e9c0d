//! The `doorward-admin` binary.

use std::{process::ExitCode, time::Duration};

use doorward_admin::{
    args::Cli,
    clock,
    command::{self, CliContext},
    connection::Environment,
};
use doorward_shared::command_line::parse_arguments;

fn main() -> ExitCode {
    let cli: Cli = parse_arguments();
    let json = cli.json;
    let context =
        CliContext { json: cli.json, flags: cli.connection, environment: Environment::from_process(), now: clock::now };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("doorward-admin: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = match cli.command {
        Some(command) => runtime.block_on(command::run(command, context)),
        None => runtime.block_on(command::interactive(context)),
    };
    // Cancelled tasks remove their temporary files on drop. The timeout is for disks that do not respond.
    runtime.shutdown_timeout(Duration::from_millis(500));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => command::report(&error, json),
    }
}
