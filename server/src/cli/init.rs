//! `doorward init`: creates an installation.

use serde_json::json;

use super::{CliError, args::AdminArgs, output, start};
use crate::installation::{ADMIN_TOKEN_FILE, Purpose};

/// Creates an installation. Does nothing if the database already contains an installation that uses the configured
/// master key.
pub(super) async fn run(args: &AdminArgs) -> Result<(), CliError> {
    let settings = start::settings(&args.installation.flags())?;
    let _log = start::log(&settings)?;
    let installation = start::open(&settings, Purpose::Create).await?;
    let engine = installation.app.db.engine().as_str();
    installation.app.db.close().await;
    let token = settings.data.dir.join(ADMIN_TOKEN_FILE);
    if args.json {
        return output::change_json(
            installation.created,
            &json!({ "created": installation.created, "engine": engine }),
        );
    }
    output::line(&match installation.created {
        true => format!("created an installation in a {engine} database; its admin token is in {}", token.display()),
        false => format!("the {engine} database already contains this installation; nothing was changed"),
    })
}
