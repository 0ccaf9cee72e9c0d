//! The commands: each asks the server, and prints a table for people or JSON for scripts.

mod audit;
mod config;
mod confirm;
mod credentials;
mod draft;
mod export;
mod failed;
mod follow;
mod keys;
mod output;
mod overview;
mod signing_keys;
mod status;
mod table;
mod tenant;
mod tenants;
mod tokens;
mod transactions;
mod users;

pub use failed::Failed;

use doorward_shared::Timestamp;

use crate::{
    api::{Api, ClientError},
    args::Command,
    connection::{self, Connection, Environment, Flags},
    escape::visible,
    terminal,
};
use output::Output;

/// How a command was called, besides its arguments.
#[derive(Debug, Clone)]
pub struct Call {
    /// Answer as JSON.
    pub json: bool,
    /// Which server.
    pub flags: Flags,
    /// The variables of the process.
    pub environment: Environment,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// What a command works with.
struct Context {
    api: Api,
    connection: Connection,
    out: Output,
    now: Timestamp,
    /// The command of the editor.
    editor: String,
}

/// Shows the app until it is left.
///
/// # Errors
/// [`Failed`].
pub async fn interactive(call: Call) -> Result<(), Failed> {
    let (connection, api) = connect(&call)?;
    let server = connection.target.url.as_str().trim_end_matches('/').to_owned();
    terminal::show(api, server).await.map_err(|error| Failed::new(error.to_string()))
}

fn connect(call: &Call) -> Result<(Connection, Api), Failed> {
    let connection = connection::resolve(&call.flags, &call.environment)?;
    for warning in &connection.warnings {
        note(&format!("warning: {warning}"));
    }
    let api = Api::new(connection.target.clone())?;
    Ok((connection, api))
}

/// Carries a command out.
///
/// # Errors
/// [`Failed`].
pub async fn run(command: Command, call: Call) -> Result<(), Failed> {
    let out = Output::new(call.json);
    if matches!(command, Command::Version) {
        return status::version(&out);
    }
    let (connection, api) = connect(&call)?;
    let editor = call.environment.get("VISUAL").or_else(|| call.environment.get("EDITOR")).unwrap_or("vi").to_owned();
    let context = Context { api, connection, out, now: (call.now)(), editor };
    let ended = carry_out(&context, command).await;
    ended.map_err(|failed| failed.advised(&context.connection))
}

async fn carry_out(context: &Context, command: Command) -> Result<(), Failed> {
    match command {
        Command::Tenants(command) => tenants::run(context, command).await,
        Command::Keys(command) => keys::run(context, command).await,
        Command::SigningKeys(command) => signing_keys::run(context, command).await,
        Command::Users(command) => users::run(context, command).await,
        Command::Credentials(command) => credentials::run(context, command).await,
        Command::Transactions(command) => transactions::run(context, command).await,
        Command::Tokens(command) => tokens::run(context, command).await,
        Command::Audit(args) => audit::run(context, args).await,
        Command::Overview(args) => overview::run(context, args).await,
        Command::Status => status::run(context).await,
        Command::Me => status::me(context).await,
        Command::Metrics => status::metrics(context).await,
        Command::Version => status::version(&context.out),
    }
}

/// Says something beside the answer, on standard error.
fn note(text: &str) {
    use std::io::Write as _;
    // Without standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "doorward-admin: {}", visible(text));
}

impl From<ClientError> for Failed {
    fn from(error: ClientError) -> Self {
        Self::usage(error.to_string())
    }
}
